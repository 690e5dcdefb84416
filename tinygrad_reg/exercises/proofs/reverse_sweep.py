"""The reverse sweep over a tape, against tangents that are pushed forward from every step."""

from collections.abc import Callable, Iterable
from typing import Any

import numpy as np
from hypothesis import strategies as st

from tinygrad_reg.exercises.questions import Mistake, Question, examples, number

__all__ = ["QUESTIONS"]

Tape = list[list[tuple[int, float]]]


def edges_to(place: int) -> st.SearchStrategy[list[tuple[int, float]]]:
    """What the step at some place uses."""
    if place == 0:
        return st.just([])
    pair = st.tuples(st.integers(0, place - 1), number(1.0, 2.0, 3.0, -1.0, 0.5))
    return st.lists(pair, max_size=2)


tapes = st.integers(1, 5).flatmap(lambda n: st.tuples(*map(edges_to, range(n))).map(list))


def expected(tape: Tape) -> list[float]:
    """How much J moves if one step is moved by 1, for every step."""
    moved = np.zeros(len(tape))
    for i in range(len(tape)):
        tangents = np.zeros(len(tape))
        tangents[i] = 1
        for k in range(i + 1, len(tape)):
            tangents[k] = sum(local * tangents[j] for j, local in tape[k])
        moved[i] = tangents[-1]
    return moved.tolist()


def sweep(
    order: Callable[[Iterable[int]], Iterable[int]] = lambda steps: reversed(list(steps)),
    seed: float = 1.0,
    elsewhere: float = 0.0,
    arrive: Callable[[float, float, float], float] = lambda there, sent, local: (
        there + sent * local
    ),
    edges: slice = slice(None),
) -> Callable[..., Any]:
    """A sweep in which one thing is done in another way."""

    def swept(tape: Tape) -> list[float]:
        cotangents = [elsewhere] * len(tape)
        cotangents[-1] = seed
        for i in order(range(len(tape))):
            for j, local in tape[i][edges]:
                cotangents[j] = arrive(cotangents[j], cotangents[i], local)
        return cotangents

    return swept


QUESTIONS = (
    Question(
        call="reverse_sweep(tape)",
        examples=examples(tape=tapes),
        expected=expected,
        source="pushing a tangent forward from each step",
        mistakes=(
            Mistake(
                "What arrives second overwrites what arrived first. A step that is used twice "
                "adds: += in place of =.",
                sweep(arrive=lambda there, sent, local: sent * local),
            ),
            Mistake(
                "The walk goes from the first step to the last. A step may send its cotangent on "
                "only when everything has arrived there, so the last step comes first.",
                sweep(order=iter),
            ),
            Mistake(
                "Nothing sets out: the cotangent of the last step, dJ/dJ, is 1.",
                sweep(seed=0.0),
            ),
            Mistake(
                "Only the last step begins with 1; all others begin with 0, and wait for what "
                "arrives.",
                sweep(elsewhere=1.0),
            ),
            Mistake(
                "A step sends its local derivative alone. The chain rule sends it multiplied with "
                "the step's own cotangent.",
                sweep(arrive=lambda there, sent, local: there + local),
            ),
            Mistake(
                "A step sends its cotangent as it is. The chain rule sends it multiplied with the "
                "local derivative of the edge.",
                sweep(arrive=lambda there, sent, local: there + sent),
            ),
            Mistake(
                "A minus stands where a plus belongs: what arrives is added, +=.",
                sweep(arrive=lambda there, sent, local: there - sent * local),
            ),
            Mistake(
                "The last step sends nothing: the walk begins at it, at len(tape) - 1.",
                sweep(order=lambda steps: list(steps)[-2::-1]),
            ),
            Mistake(
                "Each step sends something along its first edge only: loop over all of tape[i].",
                sweep(edges=slice(1)),
            ),
            Mistake(
                "The list is in the order of the walk. It should be in the order of the steps, "
                "with the 1 of J at its end.",
                lambda tape: sweep()(tape)[::-1],
            ),
        ),
        pointer="Draw the steps of the tape given, write 1.0 beside the last, and walk back along "
        "each edge with a pencil.",
    ),
)
