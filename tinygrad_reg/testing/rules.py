"""The proof of one line of the derivative table: every property, on samples from its own domain.

What the lines of NumPy and of this package are called with is written down in `samples`. For a
user's operation it is found by trying: which shapes, numbers and intervals the operation accepts.
"""

from __future__ import annotations

import inspect
import warnings
from collections.abc import Callable, Iterable, Iterator
from functools import partial, wraps
from itertools import product as every
from math import inf, isinf
from typing import Any

import numpy as np
import optree
from hypothesis import Phase, assume, given, reject, settings
from hypothesis import strategies as st

from tinygrad_reg.derivatives.table import Each, parameters_of
from tinygrad_reg.tensor import Rule, Tensor, functions, rules
from tinygrad_reg.testing.gradients import check_gradients, weights_like
from tinygrad_reg.testing.samples import CASES, Case, entries, examples, on_lattice
from tinygrad_reg.testing.samples.layouts import fixed, over_axes, together
from tinygrad_reg.transforms import jvp, vjp

__all__ = ["PROPERTIES", "cases_of", "check_rule"]

Operation = Callable[..., Any]


def check_rule(op: Operation, samples: Iterable[Any] | None = None, tries: int = 20) -> None:
    """Raise unless an operation's line in the derivative table is right in every respect.

    On random arrays from the line's domain: value, dtype and shape of the operation on tensors
    are those on arrays; derivatives in both modes and to second order agree with differences and
    with each other; at zeros, ties and whole numbers, where kinks are, the derivative lies between
    the slopes on either side; float32 stays float32; empty arrays have empty gradients.

    Parameters
    ----------
    op : callable
        A function of NumPy or of this package, or a user's operation as it was returned by
        `tg.elementwise`, `tg.linear` or `tg.derivative`.
    samples : iterable of tuples, optional
        What to call it with, each a tuple of arguments; arrays of floats among them stand for their
        shape and range, everything else is passed on as it is. By default what the operation
        accepts is found by trying.
    tries : int
        How many random examples each property gets.

    Raises
    ------
    GradientMismatch
        If a derivative is wrong, with the worst entry and the most likely mistake.
    AssertionError
        If another property does not hold.
    TypeError
        If the operation has no line, or nothing is found that it can be called with.

    Examples
    --------
    >>> import numpy as np, tinygrad_reg as tg
    >>> from tinygrad_reg.testing import check_rule
    >>> check_rule(np.tanh)
    >>> def cubed(x):
    ...     return x**3
    >>> check_rule(tg.elementwise(cubed, lambda y, x: 3 * x**2))
    >>> def halved(x):
    ...     return x / 2
    >>> check_rule(tg.elementwise(halved, lambda y, x: 2))
    Traceback (most recent call last):
    GradientMismatch: ...
    """
    for case in cases_of(op, samples):
        for check in PROPERTIES:
            run(check, case, tries)


def run(check: Callable[..., None], case: Case, tries: int) -> None:
    """Try a property of a case on random examples."""

    # The first examples are small already; shrinking would run the diagnosis hundreds of times.
    @settings(max_examples=tries, database=None, deadline=None, phases=[Phase.generate])
    @given(data=st.data())
    def on_examples(data: st.DataObject) -> None:
        check(case, data)

    try:
        on_examples()
    except Exception as error:
        error.add_note(f"found by check_rule, in {check.__name__} of {case}")
        raise


# The properties. Each draws an example of a case and raises if something is wrong with it.


def value_is_that_of_the_operation(case: Case, data: Any) -> None:
    """Value, dtype and shape on tensors, tracked or not, are those on arrays."""
    arrays, keywords = data.draw(examples(case, smallest=data.draw(st.sampled_from([0, 1]))))
    arrays = [x.astype(data.draw(FLOATS)) for x in arrays]
    with np.errstate(all="ignore"):
        try:
            expected = case.call(*arrays, **keywords)
        except Exception as refusal:  # such as the largest of no entries
            try:
                case.call(*[Tensor(x, requires_grad=True) for x in arrays], **keywords)
            except (type(refusal), ValueError, TypeError):
                return
            raise AssertionError(f"{case}: tensors are accepted where {refusal!r}") from refusal
        for tracked in (True, False):
            found = case.call(*[Tensor(x, requires_grad=tracked) for x in arrays], **keywords)
            same = optree.tree_structure(found) == optree.tree_structure(expected)
            assert same, f"{case} of tensors gave another structure"
            for tensor, y in zip(leaves(found), leaves(expected), strict=True):
                assert type(tensor) is Tensor, f"{case} of tensors gave {type(tensor).__name__}"
                assert (tensor.shape, tensor.dtype) == (np.shape(y), np.asarray(y).dtype)
                np.testing.assert_array_equal(tensor.data, y)


def derivatives_agree_with_differences(case: Case, data: Any) -> None:
    """Both modes and all their nestings, to second order, away from kinks."""
    arrays, keywords = data.draw(examples(case))
    f = partial(case.call, **keywords)
    assume(all(np.isfinite(y).all() for y in leaves(f(*arrays))))  # not a mean of nothing
    check_gradients(f, *arrays)


def subgradients_lie_between_the_slopes(case: Case, data: Any) -> None:
    """Both modes where entries are zeros and halves, and many of them equal."""
    if not case.ties:
        return
    shapes, keywords = data.draw(case.layout(1))
    arrays = on_lattice(shapes, case.domains, data.draw(st.integers(0, 2**16)))
    f = partial(case.call, **keywords)
    with np.errstate(all="ignore"):
        try:
            f(*arrays)
        except ValueError:  # such as targets that are none
            reject()
    try:
        check_gradients(f, *arrays, order=1)
    except ValueError as error:  # a jump or a pole: no derivative, and nothing to compare with
        assume("no finite derivative" not in str(error))
        raise


def dtypes_are_kept(case: Case, data: Any) -> None:
    """A gradient has the dtype of its argument, a tangent that of the result, to second order."""
    arrays, keywords = data.draw(examples(case))
    f = partial(case.call, **keywords)
    dtypes = [data.draw(FLOATS) for _ in arrays]
    rounded = [x.astype(dtype) for x, dtype in zip(arrays, dtypes, strict=True)]
    tangents = [np.ones_like(x) for x in rounded]
    expected = leaves(f(*rounded))
    weights = weights_like(f(*rounded), np.random.default_rng(0))
    weights = optree.tree_map(lambda w, y: w.astype(y.dtype), weights, f(*rounded))

    def gradient(*xs: Any) -> Any:
        return vjp(f, *xs)[1](weights)

    y, tangent = jvp(f, rounded, tangents)
    for found in (y, tangent):
        for part, value in zip(leaves(found), expected, strict=True):
            assert part.dtype == value.dtype, f"{case}: {part.dtype} where {value.dtype} is meant"
    gradients = gradient(*rounded)
    second = jvp(gradient, rounded, tangents)[1]
    for found in (gradients, second):
        assert [part.dtype for part in found] == dtypes, f"{case} of {dtypes}: gradients {found}"
    exact = vjp(f, *arrays)[1](optree.tree_map(lambda u: u.astype(float), weights))
    for found, right in zip(gradients, exact, strict=True):
        size = np.max(np.abs(right), initial=0.01)
        np.testing.assert_allclose(found, right, rtol=2e-4, atol=2e-4 * size)


def empty_arrays_have_empty_gradients(case: Case, data: Any) -> None:
    """Where the operation takes arrays without entries, so do both modes."""
    arrays, keywords = data.draw(examples(case, smallest=0))
    f = partial(case.call, **keywords)
    with np.errstate(all="ignore"):
        try:
            value = f(*arrays)
        except Exception:  # the operation itself refuses
            return
        weights = optree.tree_map(lambda y: np.asarray(y) * 0 + 1, value)
        gradients = vjp(f, *arrays)[1](weights)
        tangent = jvp(f, arrays, arrays)[1]
    assert [g.shape for g in gradients] == [x.shape for x in arrays]
    assert optree.tree_map(np.shape, tangent) == optree.tree_map(np.shape, value)


def quiet(check: Callable[..., None]) -> Callable[..., None]:
    """A property without NumPy's warnings of overflow, means of nothing and the like."""

    @wraps(check)
    def checked(case: Case, data: Any) -> None:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", RuntimeWarning)
            check(case, data)

    return checked


PROPERTIES = (
    quiet(value_is_that_of_the_operation),
    quiet(derivatives_agree_with_differences),
    quiet(subgradients_lie_between_the_slopes),
    quiet(dtypes_are_kept),
    quiet(empty_arrays_have_empty_gradients),
)
FLOATS = st.sampled_from([np.float32, np.float64])
leaves = optree.tree_leaves


# What an operation is called with


def cases_of(op: Operation, samples: Iterable[Any] | None = None) -> list[Case]:
    """The cases by which an operation is tested: listed, given by the user, or found by trying."""
    rule = rules.get(op)
    name = getattr(op, "__name__", repr(op))
    listed = [c for c in CASES if c.operation is op or (rule and rules.get(c.operation) is rule)]
    if rule is None and op not in functions and not listed:
        raise TypeError(
            f"check_rule was given {name}, which has no line in the derivative table: enter it "
            "with tg.elementwise, tg.linear or tg.derivative, and pass what that returns"
        )
    if samples is not None:
        return [from_sample(op, name, tuple(sample)) for sample in samples]
    if listed or rule is None:
        return listed
    return [found_by_trying(op, name, rule)]


def from_sample(op: Operation, name: str, sample: tuple[Any, ...]) -> Case:
    """A case around one tuple of arguments: arrays of its shapes, with entries in their range."""
    varied = [i for i, x in enumerate(sample) if is_floating(x)]
    if not varied:
        raise TypeError(f"check_rule of {name}: there is no array of floats in a sample: {sample}")
    domains = []
    for i in varied:
        low, high = float(np.min(sample[i])), float(np.max(sample[i]))
        domains.append((low, high) if high > low else (low - abs(low) / 8, low + abs(low) / 8))

    def call(*arrays: Any) -> Any:
        args = list(sample)
        for i, x in zip(varied, arrays, strict=True):
            args[i] = x
        return op(*args)

    shapes = tuple(np.shape(sample[i]) for i in varied)
    return Case(name, call, fixed((shapes, {})), tuple(domains), op)


def is_floating(x: Any) -> bool:
    """Whether an argument is a float, or an array of floats."""
    return isinstance(x, float) or (hasattr(x, "dtype") and x.dtype.kind == "f")


def found_by_trying(op: Operation, name: str, rule: Rule) -> Case:
    """A case for a user's operation: shapes, intervals and further arguments that it accepts."""
    arity = 2 if isinstance(rule.entries, Each) else rule.arity
    for further in further_arguments(op, arity):
        found = [
            (domains, list(accepted_shapes(op, arity, domains, further)))
            for domains in domains_of(rule, arity)
        ]
        domains, accepted = max(found, key=lambda pair: len(pair[1]))
        if not accepted:
            continue
        numbers = [shapes for shapes in accepted if gives_number(op, shapes, domains, further)]
        if rule.is_local and rule.keeps_axes:
            layout: Any = over_axes(arity)
        elif rule.is_local and not numbers:
            layout = together(arity)
        else:
            layout = fixed(*[(shapes, {}) for shapes in numbers or accepted])
        return Case(name, with_further(op, further), layout, domains, op)
    raise TypeError(
        f"check_rule of {name} found no arrays that it can be called with (of up to three axes, "
        "with entries between -2 and 3): pass samples=[(argument, ...), ...]"
    )


def with_further(op: Operation, further: tuple[Any, ...]) -> Operation:
    """An operation on arrays, with its further arguments filled in."""
    if not further:
        return op

    @wraps(op)
    def called(*arrays: Any) -> Any:
        return op(*arrays, *further)

    return called


SHAPES: tuple[tuple[int, ...], ...] = ((2, 3), (3, 2), (3, 3), (3,), (), (2, 2, 3))
INTERVALS = ((-2.1, 2.0), (0.3, 2.5), (-0.9, 0.85), (1.3, 3.0), (0.05, 0.95))


def further_arguments(op: Operation, arity: int) -> Iterator[tuple[Any, ...]]:
    """Values for arguments that have no rule and no default: such as an axis, a shape or a mask."""
    try:
        parameters = list(inspect.signature(op).parameters.values())[arity:]
    except ValueError:
        parameters = []
    needed = [p for p in parameters if p.default is p.empty and p.name in parameters_of(op)]
    return every(*[(0, 1, 2.0, (0,), (1, 0), True, None)] * len(needed))


def domains_of(rule: Rule, arity: int) -> Iterator[tuple[tuple[float, float], ...]]:
    """Bounds to draw entries from: those of the line where it states a domain, else some to try."""
    stated = rule.domain if len(rule.domain) > 1 else rule.domain * arity
    choices = [
        INTERVALS if (low, high) == (-inf, inf) else (inside(low, high),) for low, high in stated
    ]
    alike = min(map(len, choices)) > 1
    return iter([(interval,) * arity for interval in INTERVALS]) if alike else every(*choices)


def inside(low: float, high: float) -> tuple[float, float]:
    """Bounds within an open interval, away from its ends."""
    if isinf(low):
        return (high - 2.5, high - 0.3)
    return (
        (low + 0.3, low + 2.5)
        if isinf(high)
        else (low + 0.06 * (high - low), high - 0.08 * (high - low))
    )


def accepted_shapes(
    op: Operation, arity: int, domains: Any, further: tuple[Any, ...]
) -> Iterator[tuple[tuple[int, ...], ...]]:
    """Shapes of arguments for which an operation gives finite numbers."""
    for shapes in every(SHAPES, repeat=arity):
        result = attempt(op, shapes, domains, further)
        if result is not None:
            yield shapes


def attempt(op: Operation, shapes: Any, domains: Any, further: tuple[Any, ...]) -> Any:
    """What an operation gives for some shapes, or None where that is no array of finite numbers."""
    with np.errstate(all="ignore"):
        try:
            result = np.asarray(op(*entries(shapes, domains), *further))
        except Exception:
            return None
    finite = result.dtype.kind == "f" and np.isfinite(result).all()
    return result if finite else None


def gives_number(op: Operation, shapes: Any, domains: Any, further: tuple[Any, ...]) -> bool:
    """Whether the result is a single number, made from more than that."""
    return any(shapes) and np.shape(attempt(op, shapes, domains, further)) == ()
