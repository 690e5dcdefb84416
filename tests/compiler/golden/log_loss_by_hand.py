import numpy as np


def sigmoid(Z):
    """1 / (1 + e^-Z)."""
    return 1 / (1 + np.exp(-Z))


def log_loss_by_hand(w, b, X, Y, lambd):
    m = X.shape[1]

    # forward
    t1 = w @ X + b                                       # (1, 4)
    A = sigmoid(t1)                                      # (1, 4)
    losses = -(Y * np.log(A) + (1 - Y) * np.log(1 - A))  # (1, 4)
    log_loss_by_hand = 1 / m * np.sum(losses) + lambd / (2 * m) * np.sum(np.square(w))

    # backward
    dA = ((1 - Y) / (1 - A) - Y / A) / m                 # (1, 4)
    dt1 = dA * (A * sigmoid(-t1))                        # (1, 4)
    db = np.sum(dt1, axis=1, keepdims=True)              # (1, 1)
    dw = dt1 @ X.T + lambd / m * w                       # (1, 3)
    return log_loss_by_hand, (dw, db)
