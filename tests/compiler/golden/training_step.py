import numpy as np


def binary_cross_entropy(Z, Y):
    """-Y·log σ(Z) - (1 - Y)·log(1 - σ(Z)), from the logits."""
    return np.maximum(Z, 0) - Z * Y + np.log1p(np.exp(-np.abs(Z)))


def sigmoid(Z):
    """1 / (1 + e^-Z)."""
    return 1 / (1 + np.exp(-Z))


def training_step(parameters, X, Y, lambd, alpha):
    W1 = parameters["W1"]  # (2, 3)
    b1 = parameters["b1"]  # (2, 1)
    W2 = parameters["W2"]  # (1, 2)
    b2 = parameters["b2"]  # (1, 1)
    m = X.shape[1]
    assert 0 <= lambd < np.inf

    # forward
    Z1 = W1 @ X + b1                          # (2, 4)
    A = np.maximum(Z1, 0)                     # (2, 4)
    Z2 = W2 @ A + b2                          # (1, 4)
    losses = binary_cross_entropy(Z2, Y)      # (1, 4)
    J = np.sum(losses) / m + lambd / (2 * m) * (np.sum(W1**2) + np.sum(W2**2))

    # backward
    dZ2 = (sigmoid(Z2) - Y) / m               # (1, 4)
    db2 = np.sum(dZ2, axis=1, keepdims=True)  # (1, 1)
    dA = W2.T @ dZ2                           # (2, 4)
    dZ1 = dA * (Z1 > 0)                       # (2, 4)
    db1 = np.sum(dZ1, axis=1, keepdims=True)  # (2, 1)

    # penalty gradient
    dW2 = dZ2 @ A.T + lambd / m * W2          # (1, 2)
    dW1 = dZ1 @ X.T + lambd / m * W1          # (2, 3)

    # update
    W1 = W1 - alpha * dW1                     # (2, 3)
    b1 = b1 - alpha * db1                     # (2, 1)
    W2 = W2 - alpha * dW2                     # (1, 2)
    b2 = b2 - alpha * db2                     # (1, 1)
    return J, {"W1": W1, "b1": b1, "W2": W2, "b2": b2}
