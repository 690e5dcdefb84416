import numpy as np

m = 4


def binary_cross_entropy(Z, Y):
    """-Y·log σ(Z) - (1 - Y)·log(1 - σ(Z)), from the logits."""
    return np.maximum(Z, 0) - Z * Y + np.log1p(np.exp(-np.abs(Z)))


def sigmoid(Z):
    """1 / (1 + e^-Z)."""
    return 1 / (1 + np.exp(-Z))


def logistic_regression(w, b, lambd):
    assert 0 <= lambd < np.inf

    # forward
    Z = w @ X + b                           # (1, 4)
    losses = binary_cross_entropy(Z, Y)     # (1, 4)
    J = np.sum(losses) / m + lambd / (2 * m) * np.sum(w**2)

    # backward
    dZ = (sigmoid(Z) - Y) / m               # (1, 4)
    db = np.sum(dZ, axis=1, keepdims=True)  # (1, 1)

    # penalty gradient
    dw = dZ @ X.T + lambd / m * w           # (1, 3)
    return J, (dw, db)


X = np.array([[0.13, -0.13, 0.64, 0.1],
              [-0.54, 0.36, 1.3, 0.95],
              [-0.7, -1.27, -0.62, 0.04]])
Y = np.array([[1.0, 0.0, 1.0, 1.0]])
