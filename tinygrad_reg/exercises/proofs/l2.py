"""The gradient of a cost with the L2 penalty, against differences of the penalty."""

from typing import Any

import numpy as np
from hypothesis import strategies as st

from tinygrad_reg.exercises.questions import (
    Array,
    Examples,
    Mistake,
    Question,
    array_of,
    examples,
    lengths,
    number,
)
from tinygrad_reg.testing import numerical_gradient

__all__ = ["QUESTIONS"]


def layers(drawn: tuple[int, int, float, int]) -> Examples:
    """A layer, and the gradient of its data cost."""
    n, k, lambd, m = drawn
    return examples(
        dW=array_of((n, k), most=2),
        db=array_of((n, 1), most=2),
        W=array_of((n, k), most=2),
        b=array_of((n, 1), most=2),
        lambd=st.just(lambd),
        m=st.just(m),
    )


numbers = st.tuples(lengths(2), lengths(2), number(1.0, 0.0, 2.0, 0.5), st.integers(1, 5))


def expected(dW: Array, db: Array, W: Array, b: Array, lambd: float, m: int) -> tuple[Any, Any]:
    """Differences of a cost that is linear in W and b, with the slopes given, and the penalty."""

    def J(W: Any, b: Any) -> Any:
        return np.sum(dW * W) + np.sum(db * b) + lambd / (2 * m) * np.sum(W**2)

    return numerical_gradient(J, W, b, argnums=(0, 1))  # type: ignore[no-any-return]


QUESTIONS = (
    Question(
        call="regularized_gradient(dW, db, W, b, lambd, m)",
        examples=numbers.flatmap(layers),
        expected=expected,
        source="differences of J",
        parts=("dW", "db"),
        mistakes=(
            Mistake(
                "lambd / (2 * m) is the factor of the penalty. In its gradient the 2 of the slope "
                "2 * w takes that 2 away: lambd / m.",
                lambda dW, db, W, b, lambd, m: (dW + lambd / (2 * m) * W, db),
            ),
            Mistake(
                "The penalty is divided by the number of examples, and so is its gradient: "
                "lambd / m.",
                lambda dW, db, W, b, lambd, m: (dW + lambd * W, db),
            ),
            Mistake(
                "Twice as much penalty as there should be: the 2 of the slope 2 * w is taken away "
                "by the 2 in lambd / (2 * m).",
                lambda dW, db, W, b, lambd, m: (dW + 2 * lambd / m * W, db),
            ),
            Mistake(
                "The penalty's gradient is subtracted. A step downhill subtracts it later; the "
                "gradient itself is a sum.",
                lambda dW, db, W, b, lambd, m: (dW - lambd / m * W, db),
            ),
            Mistake(
                "This is the penalty's gradient alone: the data cost has its part too, dW.",
                lambda dW, db, W, b, lambd, m: (lambd / m * W, db),
            ),
            Mistake(
                "The penalty's gradient is missing: dW comes out as it went in.",
                lambda dW, db, W, b, lambd, m: (dW, db),
            ),
            Mistake(
                "The penalty itself was added, one number for all weights. Its gradient has an "
                "entry for each weight.",
                lambda dW, db, W, b, lambd, m: (dW + lambd / (2 * m) * np.sum(W**2), db),
            ),
            Mistake(
                "This is b itself. The gradient of J with respect to b is db, as it was.",
                lambda dW, db, W, b, lambd, m: (None, b),
            ),
            Mistake(
                "sign(W) belongs to L1. The slope of w**2 grows with w.",
                lambda dW, db, W, b, lambd, m: (dW + lambd / m * np.sign(W), db),
            ),
            Mistake(
                "The bias was penalized as well. J has W in its penalty and not b, so that db "
                "stays what it was.",
                lambda dW, db, W, b, lambd, m: (None, db + lambd / m * b),
            ),
            Mistake(
                "The bias was penalized as well. J has W in its penalty and not b, so that db "
                "stays what it was.",
                lambda dW, db, W, b, lambd, m: (None, db + lambd / (2 * m) * b),
            ),
        ),
        pointer="Take one weight: the slope of lambd / (2 * m) * w**2 is lambd / m * w. "
        "b has no part in the penalty.",
    ),
)
