"""The proof of one line of the derivative table: every property, on samples from its own domain.

What the lines of NumPy and of this package are called with is written down in `samples`. For a
user's operation it is found by `trying`.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterable
from functools import partial, wraps
from typing import Any

import numpy as np
import optree
from hypothesis import Phase, assume, given, reject, settings
from hypothesis import strategies as st

from tinygrad_reg.tensor import Tensor, functions, rules
from tinygrad_reg.testing.gradients import check_gradients, weights_like
from tinygrad_reg.testing.samples import CASES, Case, examples, on_lattice
from tinygrad_reg.testing.trying import found_by_trying, from_sample
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
        What to call it with, each a tuple of arguments, which may end with a dict of keyword
        arguments; arrays of floats among them stand for their shape and range, everything else is
        passed on as it is. By default what the operation accepts is found by trying: shapes of up
        to three axes, numbers between -2 and 3, and for options with a default other whole and
        floating numbers and truth values, but no other texts.
    tries : int
        How many random examples each property gets, at least 1.

    Raises
    ------
    GradientMismatch
        If a derivative is wrong, with the worst entry and the most likely mistake.
    AssertionError
        If another property does not hold.
    TypeError
        If the operation has no line, or nothing is found that it can be called with.
    ValueError
        If `samples` is empty.

    See Also
    --------
    check_gradients : One function at one point.
    tinygrad_reg.elementwise, tinygrad_reg.linear, tinygrad_reg.derivative : What enter a line.

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


def demand(holds: bool, message: str) -> None:
    """Raise if something does not hold; an `assert` would be silent under `python -O`."""
    if not holds:
        raise AssertionError(message)


# The properties. Each draws an example of a case and raises if something is wrong with it.


def value_is_that_of_the_operation(case: Case, data: Any) -> None:
    """Value, dtype and shape on tensors, tracked or not, are those on arrays."""
    arrays, keywords = data.draw(examples(case, smallest=data.draw(st.sampled_from([0, 1]))))
    arrays = [x.astype(data.draw(FLOATS)) for x in arrays]
    before = [x.copy() for x in arrays]
    with np.errstate(all="ignore"):
        try:
            expected = case.call(*arrays, **keywords)
            again = case.call(*arrays, **keywords)
        except Exception as refusal:  # such as the largest of no entries
            try:
                case.call(*[Tensor(x, requires_grad=True) for x in arrays], **keywords)
            except (type(refusal), ValueError, TypeError):
                return
            raise AssertionError(f"{case}: tensors are accepted where {refusal!r}") from refusal
        for x, copy in zip(arrays, before, strict=True):
            unchanged = np.array_equal(x, copy, equal_nan=True)
            demand(unchanged, f"{case} writes into its argument")
        for one, other in zip(leaves(expected), leaves(again), strict=True):
            same = np.array_equal(one, other, equal_nan=True)
            demand(same, f"{case} gives something else when it is called again: is it random?")
        for tracked in (True, False):
            found = case.call(*[Tensor(x, requires_grad=tracked) for x in arrays], **keywords)
            same = optree.tree_structure(found) == optree.tree_structure(expected)
            demand(same, f"{case} of tensors gave another structure")
            for tensor, y in zip(leaves(found), leaves(expected), strict=True):
                kind = type(tensor)
                demand(kind is Tensor, f"{case} of tensors gave {kind.__name__}")
                given, meant = (tensor.shape, tensor.dtype), (np.shape(y), np.asarray(y).dtype)
                demand(given == meant, f"{case} of tensors gave {given} where {meant} is meant")
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
            same = part.dtype == value.dtype
            demand(same, f"{case}: {part.dtype} where {value.dtype} is meant")
    gradients = gradient(*rounded)
    second = jvp(gradient, rounded, tangents)[1]
    for found in (gradients, second):
        same = [part.dtype for part in found] == dtypes
        demand(same, f"{case} of {dtypes}: gradients {found}")
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
    same = [g.shape for g in gradients] == [x.shape for x in arrays]
    demand(same, f"{case} of no entries has gradients {gradients}")
    same = optree.tree_map(np.shape, tangent) == optree.tree_map(np.shape, value)
    demand(same, f"{case} of no entries has the tangent {tangent}")


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
            f"check_rule was given {name}, which has no derivative in the table: enter it with "
            "tg.elementwise, tg.linear or tg.derivative, and pass what that returns"
        )
    if samples is not None:
        given = [from_sample(op, name, sample) for sample in samples]
        if not given:
            raise ValueError(f"check_rule of {name} was given no samples: expected at least one")
        return given
    if listed or rule is None:
        return listed
    return [found_by_trying(op, name, rule)]
