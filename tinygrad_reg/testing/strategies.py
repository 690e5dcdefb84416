"""Hypothesis strategies: arrays at and away from kinks, and whole random programs.

An array is described by what matters to a derivative: its shape and dtype, how large its entries
are, their sign, and whether they lie on a kink. A program is a few lines of NumPy over the
derivative table, with arrays to call it with.
"""

from __future__ import annotations

import linecache
import string
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import count
from math import prod
from typing import Any

import numpy as np
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

import tinygrad_reg.derivatives.losses
import tinygrad_reg.derivatives.networks
import tinygrad_reg.derivatives.penalties

__all__ = ["Program", "arrays", "broadcastable", "programs", "shapes"]

Shape = tuple[int, ...]


def shapes(min_dims: int = 0, max_dims: int = 3, min_side: int = 1, max_side: int = 3) -> Any:
    """Small shapes, from a single number to three axes.

    Parameters
    ----------
    min_dims, max_dims : int
        The least and the largest number of axes; 0 axes are a single number.
    min_side, max_side : int
        The least and the largest length of an axis; 0 makes empty arrays.

    Returns
    -------
    strategy
        Of tuples of int.

    See Also
    --------
    arrays : Arrays of such shapes.

    Examples
    --------
    >>> from hypothesis import given
    >>> from tinygrad_reg.testing import strategies
    >>> @given(strategies.shapes(max_dims=2))
    ... def test(shape):
    ...     assert len(shape) <= 2
    >>> test()
    """
    return hnp.array_shapes(
        min_dims=min_dims, max_dims=max_dims, min_side=min_side, max_side=max_side
    )


@st.composite
def arrays(
    draw: Any,
    shape: Any = None,
    dtype: Any = np.float64,
    magnitude: tuple[float, float] = (0.05, 2.0),
    sign: str = "any",
    kinks: Sequence[float] = (),
    at: str = "away",
) -> Any:
    """Arrays of real numbers under control.

    Parameters
    ----------
    shape : tuple of int or strategy, optional
        By default one of `shapes()`.
    dtype : dtype or strategy
        A floating dtype.
    magnitude : (least, largest)
        Bounds for the absolute value of every entry that is not put on a kink; `largest` is far
        below the overflow of the dtype.
    sign : "any", "positive" or "negative"
        The sign of these entries.
    kinks : sequence of float
        Where the function under test has kinks, 0 for example.
    at : "away", "on" or "any"
        `"away"`: all entries differ from each other, and from every kink, by a hundredth of the
        range. `"on"`: at least one entry is a kink exactly, and entries may be equal. `"any"`:
        either.

    Returns
    -------
    strategy
        Of arrays.

    Raises
    ------
    ValueError
        When an example is drawn, if the arguments contradict each other.

    See Also
    --------
    broadcastable : Several that broadcast together.

    Examples
    --------
    >>> import numpy as np
    >>> from hypothesis import given
    >>> from tinygrad_reg.testing import check_gradients, strategies
    >>> @given(strategies.arrays(kinks=[0.0], at="on"))
    ... def test_absolute_value_at_its_kink(w):
    ...     assert (w == 0).any()
    ...     check_gradients(np.abs, w, order=1)
    >>> test_absolute_value_at_its_kink()
    """
    least, largest = magnitude
    if not 0 <= least < largest:
        raise ValueError(f"magnitude={magnitude!r}: expected 0 <= least < largest")
    if sign not in ("any", "positive", "negative"):
        raise ValueError(f"sign={sign!r}: expected 'any', 'positive' or 'negative'")
    if at not in ("away", "on", "any"):
        raise ValueError(f"at={at!r}: expected 'away', 'on' or 'any'")
    if at == "on" and not kinks:
        raise ValueError("at='on' needs kinks=[...], the values to lie on")
    shape = value_of(draw, shape, shapes())
    dtype = np.dtype(value_of(draw, dtype, None))
    if at == "any":
        at = draw(st.sampled_from(["away", "on"] if kinks else ["away"]))
    size = prod(shape)
    random = np.random.default_rng(draw(st.integers(0, 2**16)))
    values = least + (largest - least) * apart(size, random)
    signs = {"any": random.choice([-1, 1], size), "positive": 1, "negative": -1}[sign]
    values = values * signs
    gap = (largest - least) / 100
    for kink in kinks:
        near = np.abs(values - kink) < gap
        values = np.where(near, np.where(values < kink, kink - gap, kink + gap), values)
    if at == "on" and size:
        chosen = draw(st.lists(st.integers(0, size - 1), min_size=1, max_size=size, unique=True))
        places = draw(
            st.lists(st.sampled_from(list(kinks)), min_size=len(chosen), max_size=len(chosen))
        )
        values[chosen] = places
    return values.reshape(shape).astype(dtype)


@st.composite
def broadcastable(draw: Any, /, number: int = 2, max_dims: int = 3, **settings: Any) -> Any:
    """A tuple of arrays that broadcast together.

    Parameters
    ----------
    number : int
        How many arrays.
    max_dims : int
        The largest number of axes.
    **settings
        Those of `arrays`, except the shape.

    Returns
    -------
    strategy
        Of tuples of arrays.

    Raises
    ------
    ValueError
        When an example is drawn, if the settings contradict each other.

    See Also
    --------
    arrays : A single one.

    Examples
    --------
    >>> import numpy as np
    >>> from hypothesis import given
    >>> from tinygrad_reg.testing import check_gradients, strategies
    >>> @given(strategies.broadcastable(2))
    ... def test_product(pair):
    ...     check_gradients(np.multiply, *pair)
    >>> test_product()
    """
    found = draw(
        hnp.mutually_broadcastable_shapes(num_shapes=number, max_dims=max_dims, max_side=3)
    )
    return tuple(draw(arrays(shape, **settings)) for shape in found.input_shapes)


def value_of(draw: Any, given: Any, default: Any) -> Any:
    """A value, drawn if it was given as a strategy; `default` is a strategy for None."""
    if given is None:
        given = default
    return draw(given) if isinstance(given, st.SearchStrategy) else given


def apart(size: int, random: np.random.Generator) -> Any:
    """Numbers between 0 and 1 in random order, no two of them close."""
    places = random.permutation(size) + 0.5 + random.uniform(-0.2, 0.2, size)
    return places / max(size, 1)


# Programs


@dataclass
class Program:
    r"""A function of a few lines of NumPy, with arrays to call it with.

    Called like the function. Printed, it is a script that repeats the check.

    Parameters
    ----------
    source : str
        The function, as text: `def program(x): ...`, in which `np` and `tg` are known.
    arguments : tuple of arrays
        What to call it with.

    Attributes
    ----------
    function : callable
        The function itself.

    See Also
    --------
    programs : What draws them.

    Examples
    --------
    >>> import numpy as np
    >>> from tinygrad_reg.testing import strategies
    >>> program = strategies.Program("def program(x):\n    return np.sin(x)\n", (np.zeros(2),))
    >>> program(*program.arguments)
    array([0., 0.])
    """

    source: str
    arguments: tuple[Any, ...]
    function: Callable[..., Any] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        path = f"<program {next(numbers)}>"
        linecache.cache[path] = (len(self.source), None, self.source.splitlines(True), path)
        namespace: dict[str, Any] = {"np": np, "tg": Public}
        exec(compile(self.source, path, "exec"), namespace)
        self.function = namespace["program"]

    def __call__(self, *arguments: Any) -> Any:
        """What the program computes from its arguments."""
        return self.function(*arguments)

    def __repr__(self) -> str:
        names = self.function.__code__.co_varnames[: len(self.arguments)]
        given = [
            f"{name} = np.array({np.array2string(x, separator=', ', prefix=f'{name} = np.array(')})"
            for name, x in zip(names, self.arguments, strict=True)
        ]
        return "\n".join(
            [
                "",
                "import numpy as np",
                "import tinygrad_reg as tg",
                "from tinygrad_reg.testing import check_gradients",
                "",
                self.source,
                *given,
                f"check_gradients(program, {', '.join(names)})",
                "",
            ]
        )

    def _repr_pretty_(self, printer: Any, cycle: bool) -> None:
        """What Hypothesis and notebooks print."""
        printer.text(repr(self))


numbers = count(1)


class Public:
    """The package's operations under the name that users call them by."""


for module in (
    tinygrad_reg.derivatives.losses,
    tinygrad_reg.derivatives.networks,
    tinygrad_reg.derivatives.penalties,
):
    for name in getattr(module, "__all__", ()):
        setattr(Public, name, staticmethod(getattr(module, name)))


@dataclass(frozen=True)
class Template:
    """One line of a program: text with places for operands, and which shapes it takes."""

    text: str
    fits: Callable[..., bool]

    @property
    def arity(self) -> int:
        """How many operands there are."""
        return self.fits.__code__.co_argcount


def anything(a: Shape) -> bool:
    """Any array."""
    return True


def has_axis(a: Shape) -> bool:
    """An array with an axis."""
    return len(a) >= 1


def is_matrix(a: Shape) -> bool:
    """A matrix."""
    return len(a) == 2


def is_square(a: Shape) -> bool:
    """A square matrix."""
    return len(a) == 2 and a[0] == a[1]


def broadcast(a: Shape, b: Shape) -> bool:
    """Shapes that broadcast."""
    return all(m == n or 1 in (m, n) for m, n in zip(a[::-1], b[::-1], strict=False))


def alike(a: Shape, b: Shape) -> bool:
    """Equal shapes, with an axis."""
    return a == b and len(a) >= 1


def multiply(a: Shape, b: Shape) -> bool:
    """Shapes of a matrix product."""
    return len(a) >= 1 and 1 <= len(b) <= 2 and len(a) <= 2 and a[-1] == b[max(-2, -len(b))]


def rows_meet(a: Shape, b: Shape) -> bool:
    """Matrices with rows of one length."""
    return len(a) == len(b) == 2 and a[1] == b[1]


def solvable(a: Shape, b: Shape) -> bool:
    """A square matrix, and a matrix with as many rows."""
    return is_square(a) and len(b) == 2 and b[0] == a[0]


TEMPLATES = [
    *[
        Template(text, anything)
        for text in (
            "-{a}", "{a} ** 2", "{a} ** 3", "2 * {a} - 1", "np.tanh({a})", "np.sin({a})",
            "np.cos({a})", "np.arctan({a})", "np.exp(-({a} ** 2))", "np.expm1({a} / 4)",
            "np.sqrt(1 + {a} ** 2)", "np.log1p({a} ** 2)", "np.log(2 + np.cos({a}))",
            "1 / (2 + np.sin({a}))", "np.abs({a})", "np.square({a})", "np.sinc({a})",
            "np.cbrt(3 + np.tanh({a}))", "np.clip({a}, -1, 1)", "np.where({a} > 1, {a}, 2 - {a})",
            "tg.sigmoid({a})", "tg.relu({a})", "tg.softplus({a})", "tg.logsumexp({a})",
            "np.sum({a})", "np.mean({a})", "np.max({a})", "np.ravel({a})", "{a}.T", "{a}[None]",
            "{a}[..., None]", "np.stack([{a}, {a}])", "tg.l1({a}, 0.7, 4)", "tg.l2({a}, 0.7, 4)",
            "tg.elastic_net({a}, 0.7, 4, 0.5)",
        )
    ],
    *[
        Template(text, has_axis)
        for text in (
            "np.sum({a}, axis=0)", "np.mean({a}, axis=-1, keepdims=True)", "np.max({a}, axis=0)",
            "np.min({a}, axis=-1)", "np.prod({a}, axis=0)", "np.var({a}, axis=0)",
            "np.cumsum({a}, axis=0)", "np.cumprod({a}, axis=-1)", "np.sort({a}, axis=-1)",
            "np.flip({a}, axis=0)", "np.roll({a}, 1, axis=0)", "np.diff({a}, axis=0, prepend=0)",
            "{a}[0]", "{a}[-1:]", "{a}[..., ::-1]", "{a}[[0, 0, -1]]", "tg.softmax({a})",
            "tg.logsumexp({a}, axis=0)", "np.linalg.norm({a}, axis=-1)",
            "np.concatenate([{a}, {a}])",
            "np.repeat({a}, 2, axis=0)", "np.tile({a}, 2)", "np.swapaxes({a}, 0, -1)",
            "tg.group_lasso({a}, 0.7, 4, axis=0)", "np.median({a}, axis=0)",
        )
    ],
    *[
        Template(text, is_matrix)
        for text in (
            "np.einsum('ij->j', {a})", "{a} @ {a}.T", "np.tril({a})", "np.trace({a})",
            "np.diagonal({a})",
        )
    ],
    Template("np.linalg.inv({a} @ {a}.T + 3 * np.eye(len({a})))", is_matrix),
    Template("np.linalg.det({a} + 3 * np.eye(len({a})))", is_square),
    *[
        Template(text, broadcast)
        for text in (
            "{a} + {b}", "{a} - {b}", "{a} * {b}", "{a} / (1 + {b} ** 2)", "np.maximum({a}, {b})",
            "np.minimum({a}, {b})", "np.hypot({a}, {b})", "np.logaddexp({a}, {b})",
            "np.where({a} > {b}, {a}, 2 * {b} - {a})", "(2 + np.sin({a})) ** {b}",
        )
    ],
    *[
        Template(text, alike)
        for text in (
            "np.concatenate([{a}, {b}])", "np.stack([{a}, {b}], axis=-1)", "np.vdot({a}, {b})",
            "tg.binary_cross_entropy({a}, tg.sigmoid({b}))",
            "tg.softmax_cross_entropy({a}, tg.softmax({b}, axis=0))",
        )
    ],
    Template("{a} @ {b}", multiply),
    Template("np.einsum('ij,kj->ik', {a}, {b})", rows_meet),
    Template("np.linalg.solve({a} + 4 * np.eye(len({a})), {b})", solvable),
]  # fmt: skip

INPUTS = "xyzuvw"
STEPS = string.ascii_lowercase[:18]
LARGEST = 30.0


@st.composite
def programs(draw: Any, max_inputs: int = 3, max_lines: int = 8, at: str = "away") -> Program:
    """Random programs over the derivative table, with arrays to call them with.

    They share subexpressions, broadcast, reduce, index, multiply matrices, and contain losses and
    penalties. A program that fails shrinks to a few lines, and is printed ready to paste.

    Parameters
    ----------
    max_inputs : int
        The largest number of arguments, from 1 to 6.
    max_lines : int
        The largest number of lines, from 1 to 18.
    at : "away" or "on"
        Whether entries of the arguments stay away from 0 and from each other, or some of them are
        0 and others equal, so that kinks are met.

    Returns
    -------
    strategy
        Of `Program`.

    Raises
    ------
    ValueError
        When an example is drawn, if `at` is something else.

    See Also
    --------
    Program : What is drawn.

    Examples
    --------
    >>> from hypothesis import given, settings
    >>> from tinygrad_reg.testing import check_gradients, strategies
    >>> @settings(max_examples=3, database=None)
    ... @given(strategies.programs())
    ... def test_gradients(program):
    ...     check_gradients(program, *program.arguments, order=1)
    >>> test_gradients()
    """
    sides = st.integers(1, 3)
    shape = st.lists(sides, max_size=2).map(tuple)
    names = INPUTS[: draw(st.sampled_from(range(1, max_inputs + 1)))]
    shapes = [draw(shape) for _ in names]
    ends = np.cumsum([prod(of) for of in shapes])
    # Entries of one array, so that those of different inputs stay away from each other, too.
    entries = draw(arrays((int(ends[-1]),), kinks=(0.0,) if at == "on" else (), at=at))
    parts = np.split(np.round(entries, 3), ends[:-1])
    values: dict[str, Any] = {
        name: np.reshape(part, of) for name, part, of in zip(names, parts, shapes, strict=True)
    }
    inputs = dict(values)
    lines: dict[str, tuple[str, tuple[str, ...]]] = {}
    for _ in range(draw(st.sampled_from(range(1, max_lines + 1)))):
        line = draw(next_line(values))
        if line is None:
            continue
        name = STEPS[len(lines)]
        text, operands, value = line
        values[name] = value
        lines[name] = (text, operands)
    met = {name for _, operands in lines.values() for name in operands}
    used = [name for name in inputs if name in met] or [next(iter(inputs))]
    results = [name for name in lines if name not in met] or used
    body = [f"    {name} = {text}" for name, (text, _) in lines.items()]
    if lines and len(results) == 1:
        body[-1] = f"    return {lines[results[0]][0]}"
    else:
        body.append(f"    return {', '.join(results)}")
    source = "\n".join([f"def program({', '.join(used)}):", *body, ""])
    return Program(source, tuple(inputs[name] for name in used))


@st.composite
def next_line(draw: Any, values: dict[str, Any]) -> Any:
    """A line that fits the variables so far: its text, operands and value; None if it overflows."""
    names = list(values)[::-1]
    a = draw(st.sampled_from([names[0], names[0], *names]))  # the newest, as often as not
    b = draw(st.sampled_from(names[::-1]))
    of = {"a": np.shape(values[a]), "b": np.shape(values[b])}
    fitting = [
        template
        for template in TEMPLATES
        if (template.fits(of["a"]) if template.arity == 1 else template.fits(of["a"], of["b"]))
    ]
    template = draw(st.sampled_from(fitting))
    operands = (a,) if template.arity == 1 else (a, b)
    text = template.text.format(a=a, b=b)
    with np.errstate(all="ignore"):
        value = eval(text, {"np": np, "tg": Public}, {name: values[name] for name in operands})
    value = np.asarray(value)
    if value.size > 40 or not np.all(np.abs(value) < LARGEST):
        return None
    return text, operands, value
