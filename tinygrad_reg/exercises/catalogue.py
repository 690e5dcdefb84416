"""The exercises in their order: a new one is a line here and three files of its name."""

from __future__ import annotations

from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path

__all__ = ["EXERCISES", "Exercise", "NoSuchExercise", "find"]

HERE = Path(__file__).parent


class NoSuchExercise(LookupError):  # noqa: N818 (it says what is wrong with what was typed)
    """What was typed names no exercise."""


@dataclass(frozen=True)
class Exercise:
    """One exercise: what it is called, what it teaches, and the chapter it belongs to.

    Examples
    --------
    >>> from tinygrad_reg.exercises import find
    >>> exercise = find("matmul")
    >>> exercise.chapter
    '04-arrays'
    >>> exercise.task.startswith('\"\"\"')
    True
    """

    name: str
    teaches: str
    chapter: str

    @property
    def number(self) -> int:
        """Its place in the list, from 1."""
        return EXERCISES.index(self) + 1

    @property
    def chapter_number(self) -> int:
        """The number of its chapter in the textbook."""
        return int(self.chapter[:2])

    @property
    def task(self) -> str:
        """The learner's file as it is before they begin."""
        return (HERE / "tasks" / f"{self.name}.py.txt").read_text(encoding="utf-8")

    @property
    def solution(self) -> str:
        """A file that passes; its first sentences say why."""
        return (HERE / "solutions" / f"{self.name}.py.txt").read_text(encoding="utf-8")


EXERCISES = (
    Exercise(
        "tanh",
        "a local derivative, from the value that is there already",
        "02-the-chain-rule-as-a-walk",
    ),
    Exercise(
        "reverse_sweep",
        "the chain rule as a walk back over a list of steps",
        "02-the-chain-rule-as-a-walk",
    ),
    Exercise("fan_out", "cotangents add where a value is used twice", "03-gradients-add"),
    Exercise("unbroadcast", "the adjoint of broadcasting is a sum", "04-arrays"),
    Exercise("matmul", "the adjoint of a matrix product, in both factors", "04-arrays"),
    Exercise("mean", "the pullback of a mean along an axis", "04-arrays"),
    Exercise(
        "stable_loss",
        "a loss as one operation of its logits, which cannot overflow",
        "05-one-line-per-operation",
    ),
    Exercise("dual_numbers", "forward mode: a tangent beside every value", "06-forward-mode"),
    Exercise(
        "hvp",
        "a Hessian-vector product without the Hessian",
        "07-derivatives-of-derivatives",
    ),
    Exercise("l2", "the gradient of the L2 penalty, and why b has no part", "08-penalties"),
    Exercise("l1", "a subgradient, and 0 at the kink", "09-the-kink"),
    Exercise("soft_threshold", "the proximal operator that makes exact zeros", "09-the-kink"),
    Exercise("weight_decay", "a step on the L2 penalty is a shrinking of W", "10-weight-decay"),
    Exercise("differences", "finite differences with a step that fits", "12-trust"),
    Exercise("planted_bug", "finding the wrong line of a backward pass", "12-trust"),
    Exercise(
        "new_operation",
        "an operation of your own, with all its proofs",
        "14-reading-the-engine",
    ),
)


def find(name: str) -> Exercise:
    """The exercise of a name, a number, or the name of its file.

    Raises
    ------
    NoSuchExercise
        If there is none, with the name that comes closest.

    Examples
    --------
    >>> from tinygrad_reg.exercises import find
    >>> find("soft-threshold").name, find("1").name
    ('soft_threshold', 'tanh')
    >>> find("softtreshold")
    Traceback (most recent call last):
    NoSuchExercise: there is no exercise 'softtreshold': did you mean soft_threshold? ...
    """
    wanted = Path(name).name.removesuffix(".py").lower().replace("-", "_")
    for exercise in EXERCISES:
        if wanted in (exercise.name, str(exercise.number)):
            return exercise
    close = get_close_matches(wanted, [exercise.name for exercise in EXERCISES], n=1, cutoff=0.5)
    nearest = f": did you mean {close[0]}?" if close else "."
    if wanted.isdigit():
        nearest = f": they have the numbers 1 to {len(EXERCISES)}."
    raise NoSuchExercise(
        f"there is no exercise {name!r}{nearest} "
        "All of them are listed by: python -m tinygrad_reg exercises"
    )
