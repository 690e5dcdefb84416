import numpy as np


def gaussian(S, y):
    # forward
    sign, logabsdet = np.linalg.slogdet(S)
    u = np.linalg.solve(S, y)                                    # (3, 1)
    gaussian = sign * logabsdet + np.sum(y * u)

    # backward
    d1 = np.linalg.solve(S.T, y)                                 # (3, 1)
    dy = u + d1                                                  # (3, 1)
    dS = -d1 @ u.T + sign[..., None, None] * np.linalg.inv(S).T  # (3, 3)
    return gaussian, (dS, dy)
