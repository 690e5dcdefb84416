import numpy as np


def softmax_cross_entropy(Z, Y, axis=0):
    """-ΣY·log softmax(Z) along an axis, from the logits."""
    Z = Z - np.max(Z, axis=axis, keepdims=True)
    return np.sum(Y, axis=axis) * np.log(np.sum(np.exp(Z), axis=axis)) - np.sum(Y * Z, axis=axis)


def softmax(Z, axis=-1):
    """e^Z / Σe^Z along an axis."""
    powers = np.exp(Z - np.max(Z, axis=axis, keepdims=True))
    return powers / np.sum(powers, axis=axis, keepdims=True)


def softmax_classifier(layers, X, classes, lambd, alpha):
    (W1, b1), (W2, b2) = layers
    assert 0 <= alpha <= 1
    assert 0 <= lambd < np.inf

    # forward
    t1 = W1 @ X + b1                          # (2, 4)
    H = np.maximum(t1, 0)                     # (2, 4)
    Z = W2 @ H + b2                           # (3, 4)
    softmax_classifier = (
        np.mean(softmax_cross_entropy(Z, classes))
        + lambd * alpha / X.shape[1] * (np.sum(np.abs(W1)) + np.sum(np.abs(W2)))
        + lambd * (1 - alpha) / (2 * X.shape[1]) * (np.sum(W1**2) + np.sum(W2**2))
    )

    # backward
    dZ = (np.sum(classes, axis=0, keepdims=True) * softmax(Z, axis=0) - classes) / 4  # (3, 4)
    db2 = np.sum(dZ, axis=1, keepdims=True)   # (3, 1)
    dH = W2.T @ dZ                            # (2, 4)
    dt1 = dH * (t1 > 0)                       # (2, 4)
    db1 = np.sum(dt1, axis=1, keepdims=True)  # (2, 1)

    # penalty gradient
    dW2 = dZ @ H.T + lambd / X.shape[1] * (alpha * np.sign(W2) + (1 - alpha) * W2)  # (3, 2)
    dW1 = dt1 @ X.T + lambd / X.shape[1] * (alpha * np.sign(W1) + (1 - alpha) * W1)  # (2, 3)
    return softmax_classifier, [(dW1, db1), (dW2, db2)]
