"""The soft threshold, against a search for the smallest cost."""

import numpy as np

from tinygrad_reg.exercises.questions import (
    Array,
    Mistake,
    Question,
    array_of,
    examples,
    number,
    shapes,
)

__all__ = ["QUESTIONS"]


def cost(w: Array, v: Array, threshold: float) -> Array:
    """What the soft threshold makes smallest, for each entry."""
    return 0.5 * (w - v) ** 2 + threshold * np.abs(w)


def expected(v: Array, threshold: float) -> Array:
    """The w of smallest cost, by a ternary search from 0 to v, and 0 if it is as good."""
    low, high = np.minimum(v, 0), np.maximum(v, 0)
    for _ in range(100):
        third = (high - low) / 3
        goes_left = cost(low + third, v, threshold) < cost(high - third, v, threshold)
        low, high = np.where(goes_left, low, low + third), np.where(goes_left, high - third, high)
    found = (low + high) / 2
    at_zero = cost(np.zeros_like(v), v, threshold) <= cost(found, v, threshold) + 1e-12
    return np.where(at_zero, 0.0, found)


LARGEST = (
    "np.max(a, 0) is the largest entry along axis 0. The larger one of two, entry by entry, is "
    "np.maximum(a, 0)."
)

QUESTIONS = (
    Question(
        call="soft_threshold(v, threshold)",
        examples=examples(v=shapes().flatmap(array_of), threshold=number(1.0, 0.0, 2.0, 0.5, 2.5)),
        expected=expected,
        source="a search for the w of smallest cost",
        mistakes=(
            Mistake(
                "This is the hard threshold: it keeps large entries as they are. The soft one also "
                "moves them towards 0, by the threshold.",
                lambda v, threshold: np.where(np.abs(v) > threshold, v, 0),
            ),
            Mistake(
                "This is the hard threshold: it keeps large entries as they are. The soft one also "
                "moves them towards 0, by the threshold.",
                lambda v, threshold: np.where(np.abs(v) >= threshold, v, 0),
            ),
            Mistake(
                "Negative entries are moved away from 0. The threshold moves each towards 0: for "
                "a negative v it is added.",
                lambda v, threshold: np.where(np.abs(v) > threshold, v - threshold, 0),
            ),
            Mistake(
                "Entries within the threshold stay as they are. For them w = 0 is the best.",
                lambda v, threshold: np.where(
                    np.abs(v) > threshold, np.sign(v) * (np.abs(v) - threshold), v
                ),
            ),
            Mistake(
                LARGEST,
                lambda v, threshold: np.sign(v) * np.max(np.abs(v) - threshold, 0),
            ),
            Mistake(
                "Small entries cross 0 and come out on the other side. They must stop there: see "
                "that |v| - threshold does not become negative.",
                lambda v, threshold: np.sign(v) * (np.abs(v) - threshold),
            ),
            Mistake(
                "This is the part that is cut away, v limited to the threshold. What is asked for "
                "is what is left of v.",
                lambda v, threshold: np.clip(v, -threshold, threshold),
            ),
            Mistake(
                "Negative entries all become 0. They have a soft threshold too, from their side: "
                "work with |v|, and give the sign back at the end.",
                lambda v, threshold: np.maximum(v - threshold, 0),
            ),
            Mistake(
                "The sign is lost: np.maximum(np.abs(v) - threshold, 0) is how long the result is, "
                "and a negative v must stay negative.",
                lambda v, threshold: np.maximum(np.abs(v) - threshold, 0),
            ),
            Mistake(
                "This is the step for L2, which makes every weight smaller by a factor and none "
                "exactly 0. The threshold is subtracted.",
                lambda v, threshold: v / (1 + threshold),
            ),
            Mistake(
                "Every entry is made smaller, the negative ones away from 0. The threshold must "
                "move each towards 0.",
                lambda v, threshold: v - threshold,
            ),
            Mistake(
                "Entries are moved away from 0. The penalty pulls them towards 0.",
                lambda v, threshold: np.sign(v) * (np.abs(v) + threshold),
            ),
        ),
        pointer="Take one number: draw (w - v)**2 / 2 + threshold * |w| over w for v = 3 and for "
        "v = 0.5, with threshold = 1, and look where it is smallest.",
        tolerance=1e-5,
    ),
)
