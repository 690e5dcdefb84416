import numpy as np

m = 4
lambd = 0.7


def binary_cross_entropy(Z, Y):
    """-Y·log σ(Z) - (1 - Y)·log(1 - σ(Z)), from the logits."""
    return np.maximum(Z, 0) - Z * Y + np.log1p(np.exp(-np.abs(Z)))


def sigmoid(Z):
    """1 / (1 + e^-Z)."""
    return 1 / (1 + np.exp(-Z))


def two_layers(W1, b1, W2, b2):
    # forward
    Z1 = W1 @ X + b1                          # (2, 4)
    A1 = np.tanh(Z1)                          # (2, 4)
    Z2 = W2 @ A1 + b2                         # (1, 4)
    losses = binary_cross_entropy(Z2, Y)      # (1, 4)
    two_layers = np.sum(losses) / m + lambd / (2 * m) * (np.sum(W1**2) + np.sum(W2**2))

    # backward
    dZ2 = (sigmoid(Z2) - Y) / m               # (1, 4)
    db2 = np.sum(dZ2, axis=1, keepdims=True)  # (1, 1)
    dA1 = W2.T @ dZ2                          # (2, 4)
    dZ1 = dA1 * (1 - A1**2)                   # (2, 4)
    db1 = np.sum(dZ1, axis=1, keepdims=True)  # (2, 1)

    # penalty gradient
    dW2 = dZ2 @ A1.T + lambd / m * W2         # (1, 2)
    dW1 = dZ1 @ X.T + lambd / m * W1          # (2, 3)
    return two_layers, (dW1, db1, dW2, db2)


X = np.array([[0.13, -0.13, 0.64, 0.1],
              [-0.54, 0.36, 1.3, 0.95],
              [-0.7, -1.27, -0.62, 0.04]])
Y = np.array([[1.0, 0.0, 1.0, 1.0]])
