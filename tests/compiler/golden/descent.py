import numpy as np


def descent(w, X, alpha):
    # backward
    dw = (w @ X - 1) @ X.T    # (1, 3)

    # update
    w1 = w - alpha * dw       # (1, 3)

    # backward
    dw1 = (w1 @ X - 1) @ X.T  # (1, 3)

    # update
    w2 = w1 - alpha * dw1     # (1, 3)
    return w2
