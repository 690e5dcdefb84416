import numpy as np


def momentum(w, v, X, alpha, beta):
    # backward
    dw = (w @ X - 1) @ X.T           # (1, 3)

    # update
    v1 = beta * v + (1 - beta) * dw  # (1, 3)
    w = w - alpha * v1               # (1, 3)
    return w, v1
