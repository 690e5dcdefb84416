import numpy as np


def many_layers(Ws, bs, X):
    W1, W2, W3, W4, W5, W6 = Ws
    b1, b2, b3, b4, b5, b6 = bs

    # forward
    Z1 = W1 @ X + b1                                    # (3, 4)
    A1 = np.tanh(Z1)                                    # (3, 4)
    Z2 = W2 @ A1 + b2                                   # (3, 4)
    A2 = np.tanh(Z2)                                    # (3, 4)
    Z3 = W3 @ A2 + b3                                   # (3, 4)
    A3 = np.tanh(Z3)                                    # (3, 4)
    Z4 = W4 @ A3 + b4                                   # (3, 4)
    A4 = np.tanh(Z4)                                    # (3, 4)
    Z5 = W5 @ A4 + b5                                   # (3, 4)
    A5 = np.tanh(Z5)                                    # (3, 4)
    Z6 = W6 @ A5 + b6                                   # (3, 4)
    A6 = np.tanh(Z6)                                    # (3, 4)
    total = (
        np.sum(np.abs(W1)) + np.sum(np.abs(W2)) + np.sum(np.abs(W3))
        + np.sum(np.abs(W4)) + np.sum(np.abs(W5)) + np.sum(np.abs(W6))
    )
    many_layers = np.mean((A6 - 1) ** 2) + 0.01 / X.shape[1] * total

    # backward
    dZ6 = 2 / 12 * (A6 - 1) * (1 - A6**2)               # (3, 4)
    db6 = np.sum(dZ6, axis=1, keepdims=True)            # (3, 1)
    dA5 = W6.T @ dZ6                                    # (3, 4)
    dZ5 = dA5 * (1 - A5**2)                             # (3, 4)
    db5 = np.sum(dZ5, axis=1, keepdims=True)            # (3, 1)
    dA4 = W5.T @ dZ5                                    # (3, 4)
    dZ4 = dA4 * (1 - A4**2)                             # (3, 4)
    db4 = np.sum(dZ4, axis=1, keepdims=True)            # (3, 1)
    dA3 = W4.T @ dZ4                                    # (3, 4)
    dZ3 = dA3 * (1 - A3**2)                             # (3, 4)
    db3 = np.sum(dZ3, axis=1, keepdims=True)            # (3, 1)
    dA2 = W3.T @ dZ3                                    # (3, 4)
    dZ2 = dA2 * (1 - A2**2)                             # (3, 4)
    db2 = np.sum(dZ2, axis=1, keepdims=True)            # (3, 1)
    dA1 = W2.T @ dZ2                                    # (3, 4)
    dZ1 = dA1 * (1 - A1**2)                             # (3, 4)
    db1 = np.sum(dZ1, axis=1, keepdims=True)            # (3, 1)

    # penalty gradient
    dW6 = dZ6 @ A5.T + 0.01 / X.shape[1] * np.sign(W6)  # (3, 3)
    dW5 = dZ5 @ A4.T + 0.01 / X.shape[1] * np.sign(W5)  # (3, 3)
    dW4 = dZ4 @ A3.T + 0.01 / X.shape[1] * np.sign(W4)  # (3, 3)
    dW3 = dZ3 @ A2.T + 0.01 / X.shape[1] * np.sign(W3)  # (3, 3)
    dW2 = dZ2 @ A1.T + 0.01 / X.shape[1] * np.sign(W2)  # (3, 3)
    dW1 = dZ1 @ X.T + 0.01 / X.shape[1] * np.sign(W1)   # (3, 3)
    return many_layers, ([dW1, dW2, dW3, dW4, dW5, dW6], [db1, db2, db3, db4, db5, db6])
