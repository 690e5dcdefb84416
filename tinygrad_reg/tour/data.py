"""Real data that comes with scikit-learn, in the lesson's orientation: examples are columns."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from sklearn.datasets import load_breast_cancer, load_digits

__all__ = ["Split", "breast_cancer", "digits"]


@dataclass(frozen=True)
class Split:
    """A training set and a dev set.

    `X` is `(n_x, m)`, `Y` is `(n_y, m)`: 0 or 1 for two classes, one-hot for more.
    """

    X: Any
    Y: Any
    X_dev: Any
    Y_dev: Any
    features: tuple[str, ...]

    @property
    def m(self) -> int:
        """Number of training examples."""
        return int(self.X.shape[1])

    @property
    def m_dev(self) -> int:
        """Number of dev examples."""
        return int(self.X_dev.shape[1])


def breast_cancer(seed: int, m: int = 400) -> Split:
    """Breast tumours: 30 measurements, standardized by the training set; Y = 1 is benign."""
    bunch = load_breast_cancer()
    X, Y = bunch.data.T, bunch.target[np.newaxis].astype(float)
    order = np.random.default_rng(seed).permutation(X.shape[1])
    train, dev = order[:m], order[m:]
    mean = np.mean(X[:, train], axis=1, keepdims=True)
    spread = np.std(X[:, train], axis=1, keepdims=True)
    X = (X - mean) / spread
    return Split(X[:, train], Y[:, train], X[:, dev], Y[:, dev], tuple(bunch.feature_names))


def digits(seed: int, m: int, wrong_labels: int) -> Split:
    """Handwritten digits, 64 pixels from 0 to 1; some training labels are replaced by wrong ones.

    Parameters
    ----------
    seed : int
        Decides which examples are for training, and which of them are labelled wrongly.
    m : int
        Number of training examples; all others are the dev set.
    wrong_labels : int
        How many training labels are moved to another class. Dev labels stay right.
    """
    bunch = load_digits()
    X, labels = bunch.data.T / 16, bunch.target.copy()
    rng = np.random.default_rng(seed)
    order = rng.permutation(X.shape[1])
    train, dev = order[:m], order[m:]
    wrong = train[:wrong_labels]
    labels[wrong] = (labels[wrong] + rng.integers(1, 10, wrong_labels)) % 10
    Y = np.eye(10)[labels].T
    return Split(X[:, train], Y[:, train], X[:, dev], Y[:, dev], tuple(bunch.feature_names))
