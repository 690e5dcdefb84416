import numpy as np


def recurrent(Wh, Wx, xs):
    # forward
    h1 = np.tanh(Wh @ np.zeros((2, 1)) + Wx @ xs[0])     # (2, 1)
    h2 = np.tanh(Wh @ h1 + Wx @ xs[1])                   # (2, 1)
    h3 = np.tanh(Wh @ h2 + Wx @ xs[2])                   # (2, 1)
    recurrent = np.sum(h3**2)

    # backward
    dh3 = 2 * h3                                         # (2, 1)
    d1 = dh3 * (1 - h3**2)                               # (2, 1)
    dh2 = Wh.T @ d1                                      # (2, 1)
    d2 = dh2 * (1 - h2**2)                               # (2, 1)
    dh1 = Wh.T @ d2                                      # (2, 1)
    d3 = dh1 * (1 - h1**2)                               # (2, 1)
    dWx = d1 @ xs[2].T + d2 @ xs[1].T + d3 @ xs[0].T     # (2, 3)
    dWh = d1 @ h2.T + d2 @ h1.T + d3 @ np.zeros((1, 2))  # (2, 2)
    return recurrent, (dWh, dWx)
