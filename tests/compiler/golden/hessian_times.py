import numpy as np


def hessian_times(w, v):
    # forward
    A = np.tanh(w @ X)                        # (2, 4)

    # backward
    d1 = 1 - A**2                             # (2, 4)

    # tangents
    A_dot = d1 * (v @ X)                      # (2, 4)
    d1_dot = -2 * (A * A_dot)                 # (2, 4)
    dw_dot = (A * d1_dot + A_dot * d1) @ X.T  # (2, 3)
    return dw_dot


X = np.array([[0.13, -0.13, 0.64, 0.1],
              [-0.54, 0.36, 1.3, 0.95],
              [-0.7, -1.27, -0.62, 0.04]])
