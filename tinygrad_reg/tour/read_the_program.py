"""Part 6: the program that the engine derived from the cost, beside the lesson's own lines."""

from __future__ import annotations

import ast
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Any

import numpy as np

import tinygrad_reg as tg
from tinygrad_reg.tour.blocks import Figure, Finding, Listing, Prose, Section, Table
from tinygrad_reg.tour.data import breast_cancer
from tinygrad_reg.tour.settings import Settings, Track

__all__ = ["COST", "LESSON", "LIMIT", "ReadTheProgram", "aligned", "measure", "section"]

LIMIT = 1e-12
LAMBD = 10.0
CALLS = 20

# The cost of part 1, with everything it depends on as an argument: what a learner writes.
COST = """\
import numpy as np
import tinygrad_reg as tg


def cost(parameters, X, Y, lambd):
    m = X.shape[1]
    Z = parameters["W"] @ X + parameters["b"]
    losses = tg.binary_cross_entropy(Z, Y)
    J = np.sum(losses) / m + tg.l2(parameters["W"], lambd, m)
    return J
"""

# The lesson's implementation of L2-regularized logistic regression, with its w on its side.
LESSON = """\
import numpy as np


def by_hand(parameters, X, Y, lambd):
    W = parameters["W"]
    b = parameters["b"]
    m = X.shape[1]

    # forward
    Z = W @ X + b
    A = 1 / (1 + np.exp(-Z))
    losses = -(Y * np.log(A) + (1 - Y) * np.log(1 - A))
    J = 1 / m * np.sum(losses) + lambd / (2 * m) * np.sum(W**2)

    # backward
    dZ = A - Y
    db = 1 / m * np.sum(dZ, axis=1, keepdims=True)
    dW = 1 / m * (dZ @ X.T) + lambd / m * W
    return J, {"W": dW, "b": db}
"""


@dataclass(frozen=True)
class Times:
    """Seconds of a call in every round: the lesson's lines in NumPy, the engine, the program."""

    by_hand: tuple[float, ...]
    engine: tuple[float, ...]
    program: tuple[float, ...]

    def quartiles(self, name: str) -> tuple[float, float, float]:
        """Of the ratios to the lesson's lines, round by round: lower quartile, median, upper."""
        ratios = [a / b for a, b in zip(getattr(self, name), self.by_hand, strict=True)]
        low, middle, high = statistics.quantiles(ratios, n=4)
        return low, middle, high


@dataclass(frozen=True)
class ReadTheProgram:
    """What part 6 measured: the program, how far gradients are apart, and times.

    `difference` is between the engine's gradient and the program's, `difference_by_hand` between
    the engine's and the lesson's; `writing` is the seconds that tracing and writing took.
    """

    source: str
    picture: str
    difference: float
    difference_by_hand: float
    writing: float
    times: Times


def measure(settings: Settings, track: Track) -> ReadTheProgram:
    """Write the program of value and gradient, compare gradients, and take times in turn."""
    split = breast_cancer(settings.seed)
    n_x = split.X.shape[0]
    W = settings.rng().standard_normal((1, n_x)) / np.sqrt(n_x)
    arguments = {"W": W, "b": np.zeros((1, 1))}, split.X, split.Y, LAMBD
    engine = tg.value_and_grad(defined_in(COST, "cost"))
    program = tg.compile(engine)
    begin = time.perf_counter()
    program.trace(*arguments)
    source = program.source
    writing = time.perf_counter() - begin
    by_hand = defined_in(LESSON, "by_hand")
    read = defined_in(source, "cost")
    gradient = engine(*arguments)[1]
    apart = [difference(gradient, f(*arguments)[1]) for f in (program, read, by_hand)]
    rounds = settings.steps(full=100, quick=50)
    seconds = [
        [seconds_of(f, arguments) for f in (by_hand, engine, program)]
        for _ in track(range(rounds), "timing the program")
    ]
    return ReadTheProgram(
        source,
        picture(program),
        max(apart[:2]),
        apart[2],
        writing,
        Times(*map(tuple, zip(*seconds, strict=True))),
    )


def defined_in(source: str, name: str) -> Callable[..., Any]:
    """A function out of the text of a module."""
    module: dict[str, Any] = {}
    exec(compile(source, f"<{name}>", "exec"), module)
    function: Callable[..., Any] = module[name]
    return function


def difference(gradient: dict[str, Any], other: dict[str, Any]) -> float:
    """The largest difference between the entries of two gradients."""
    return max(float(np.max(np.abs(gradient[name] - other[name]))) for name in gradient)


def seconds_of(f: Callable[..., Any], arguments: Any) -> float:
    """Seconds of a call, the median of some."""
    seconds = []
    for _ in range(CALLS):
        begin = time.perf_counter()
        f(*arguments)
        seconds.append(time.perf_counter() - begin)
    return statistics.median(seconds)


def picture(program: Any) -> str:
    """The graph of the program as SVG."""
    svg: str = tg.draw(program).pipe(format="svg", encoding="utf-8")
    return svg[svg.index("<svg") :]


# -- two programs line by line ---------------------------------------------------------------------


def aligned(left: str, right: str) -> list[tuple[str, str]]:
    """The statements of two functions, those that compute the same variable in one row."""
    first, second = statements(left), statements(right)
    matcher = SequenceMatcher(None, [x for x, _ in first], [x for x, _ in second], autojunk=False)
    rows: list[tuple[str, str]] = []
    for tag, a, b, c, d in matcher.get_opcodes():
        if tag == "equal":
            rows += [(x, y) for (_, x), (_, y) in zip(first[a:b], second[c:d], strict=True)]
        else:
            rows += [(x, "") for _, x in first[a:b]] + [("", y) for _, y in second[c:d]]
    return rows


def statements(source: str) -> list[tuple[str, str]]:
    """The statements and headings of a module's last function: what each computes, its text."""
    function = [x for x in ast.parse(source).body if isinstance(x, ast.FunctionDef)][-1]
    found = {}
    for i, line in enumerate(source.splitlines(), 1):
        if line.strip().startswith("#") and i > function.lineno:
            found[i] = line.strip(), line.strip()
    for statement in function.body:
        text = " ".join((ast.get_source_segment(source, statement) or "").split())
        target = text.split(" = ")[0] if isinstance(statement, ast.Assign) else text.split()[0]
        found[statement.lineno] = target, text
    return [found[i] for i in sorted(found)]


# -- what is told ----------------------------------------------------------------------------------


def section(measured: ReadTheProgram) -> Section:
    """Part 6 as it is told."""
    return Section(
        "read-the-program",
        "6. Read what the engine derived",
        (
            Prose(
                "Backpropagation is a program: the forward pass, and then the chain rule, line by "
                "line backward. The engine can write it down. It is given the cost of part 1 and "
                "nothing else:"
            ),
            Listing("What the engine is given", COST, folded=False),
            Prose(
                "`tg.compile(tg.value_and_grad(cost))` runs this once, keeps every NumPy operation "
                "of both passes, and simplifies them as a person would. Below, left is what the "
                "lesson programs by hand, right what the engine has derived."
            ),
            Table(
                "The lesson's lines and the engine's, with what computes the same in one row",
                ("by hand, after the lesson", "derived by the engine"),
                aligned(LESSON, measured.source),
                left=(0, 1),
                code=True,
            ),
            Prose(
                "Look for the penalty: it adds `lambd / m * W` to the gradient of W, and nothing "
                "to the gradient of b. The rest of dW and db is what they would be without it. "
                "The engine's dZ has the factor 1/m in it already, because it is the derivative "
                "of J, where the lesson's is the derivative of a single loss."
            ),
            Finding(agreement(measured)),
            Figure(
                measured.picture,
                "The same program as a graph: forward from left to right, backward under it from "
                "right to left, with the gradient of each quantity under the quantity.",
                "A graph in two parts. The forward part goes from W, b and X over Z and the "
                "losses to J, with the penalty beside it. The backward part goes from dZ to db "
                "and dW; the penalty's gradient is added to dW alone.",
                smallest=43,
            ),
            Prose(
                "The program is also fast. It needs no recording and no search for rules, because "
                "that was done when it was written; and the version of it that runs keeps its "
                "memory from call to call. The times below are for the value and the gradient "
                "together."
            ),
            Finding(speed(measured)),
            Table(
                f"One cost and its gradient, in turn, medians of {len(measured.times.program)} "
                f"rounds of {CALLS} calls",
                ("", "time (µs)", "ratio to by hand", "middle half of the rounds"),
                tuple(times_of(measured.times)),
            ),
            Prose(
                "A computer does other things as well, so no two rounds take the same time. The "
                "three take turns within each round, so that what slows the machine slows all of "
                "them; the ratio of each round is taken first, then its median. The last column "
                "says how far ratios vary: half of the rounds lie in it. Smaller differences than "
                "that are noise, and another machine has other ratios."
            ),
            Listing("The whole program: a module that needs NumPy alone", measured.source),
        ),
    )


def agreement(measured: ReadTheProgram) -> str:
    """Whether the program's gradient is the engine's."""
    apart = f"{measured.difference:.1e}"
    if not measured.difference <= LIMIT:
        return f"The program's gradient is {apart} away from the engine's: above {LIMIT:.0e}."
    return (
        f"The program's gradient is the engine's: the largest difference of an entry is {apart} "
        f"(limit {LIMIT:.0e}). From the lesson's formulas it is "
        f"{measured.difference_by_hand:.1e}. Writing the program took "
        f"{1e3 * measured.writing:.0f} ms, once."
    )


def speed(measured: ReadTheProgram) -> str:
    """What the program costs beside the lesson's lines and beside the engine."""
    ratio, eager = (measured.times.quartiles(name)[1] for name in ("program", "engine"))
    return (
        f"The program takes {ratio:.2f} times as long as the lesson's lines in NumPy, the engine "
        f"{eager:.1f} times as long, in this run on this machine."
    )


def times_of(times: Times) -> list[tuple[str, ...]]:
    """Rows of the table of times."""
    names = {"by_hand": "by hand, in NumPy", "engine": "engine", "program": "program"}
    rows: list[tuple[str, ...]] = []
    for name, text in names.items():
        low, middle, high = times.quartiles(name)
        spread = "" if name == "by_hand" else f"{low:.2f} to {high:.2f}"
        median = 1e6 * statistics.median(getattr(times, name))
        rows.append((text, f"{median:.1f}", f"{middle:.2f}", spread))
    return rows
