import numpy as np


def add_into(total, entries, index):
    """Add entries to an array, in place, where the index says."""
    if any(isinstance(part, np.ndarray) and part.dtype != bool for part in index):
        np.add.at(total, index, entries)
    else:
        total[index] += entries


def scatter(entries, index, shape):
    """Zeros of a shape, with entries added at an index; repeated places add up."""
    result = np.zeros(shape, entries.dtype)
    add_into(result, entries, index)
    return result


def embedding(E, W):
    # forward
    words = E[[0, 2, 2]]                                        # (3, 2)
    scores = words @ W.T                                        # (3, 4)

    # backward
    dscores = scatter(2 * scores[:, 1:], np.s_[:, 1:], (3, 4))  # (3, 4)
    dwords = dscores @ W                                        # (3, 2)
    dW = dscores.T @ words                                      # (4, 2)
    dE = scatter(dwords, (constant1,), (3, 2))                  # (3, 2)
    return dE, dW


constant1 = np.array([0, 2, 2])
