import numpy as np


def batch_norm(Z, gamma, beta):
    # forward
    mu = np.mean(Z, axis=1, keepdims=True)                         # (2, 1)
    sigma = np.sqrt(np.var(Z, axis=1, keepdims=True) + 1e-08)      # (2, 1)
    normalized = (Z - mu) / sigma                                  # (2, 4)
    t1 = np.tanh(gamma * normalized + beta)                        # (2, 4)

    # backward
    dt1 = 2 * t1                                                   # (2, 4)
    d1 = dt1 * (1 - t1**2)                                         # (2, 4)
    dbeta = np.sum(d1, axis=1, keepdims=True)                      # (2, 1)
    dgamma = np.sum(normalized * d1, axis=1, keepdims=True)        # (2, 1)
    dnormalized = gamma * d1                                       # (2, 4)
    d2 = dnormalized / sigma                                       # (2, 4)
    dsigma = np.sum(dnormalized * (-normalized / sigma), axis=1, keepdims=True)  # (2, 1)
    dmu = -np.sum(d2, axis=1, keepdims=True)                       # (2, 1)
    dZ = d2 + dmu / 4 + dsigma * (0.5 / sigma) * (0.5 * (Z - mu))  # (2, 4)
    return dZ, dgamma, dbeta
