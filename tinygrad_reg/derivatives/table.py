"""How a line of the derivative table is entered.

One line states how an operation is differentiated, in one of three forms:

- `elementwise`, `reduction`: the local derivative ∂y/∂x of entries that do not mix. The sweeps
  multiply it with the cotangent (reverse mode) or with the tangent (forward mode).
- `linear`: the adjoint of an operation that is linear in an argument. Forward mode is the
  operation itself, applied to the tangent.
- `derivative`: pullbacks and pushforwards in full, for everything else.

A rule is an ordinary NumPy expression. Given arrays it runs as NumPy; given tensors it is recorded
like any other computation, and so can be differentiated again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import cache, wraps
from itertools import count
from sys import maxsize
from typing import Any

import numpy as np

from tinygrad_reg.derivatives.arity import check_arity, name_of, parameters_of
from tinygrad_reg.modes import switches, thread
from tinygrad_reg.tensor import (
    Rule,
    Tensor,
    functions,
    plain,
    record,
    rules,
    without_gradient,
)

__all__ = ["composition", "constant", "derivative", "elementwise", "linear"]

Operation = Callable[..., Any]


class Each:
    """Entries of an operation on any number of tensors: `entry_of(i)` for argument i."""

    def __init__(self, entry_of: Callable[[int], Any]) -> None:
        self.entry_of = cache(entry_of)

    def __getitem__(self, i: int) -> Any:
        return self.entry_of(i)

    def __iter__(self) -> Iterator[Any]:
        return map(self.entry_of, count())

    def __len__(self) -> int:
        return maxsize


def elementwise(
    op: Operation,
    *local_derivatives: Any,
    each: Callable[[int], Any] | None = None,
    domain: Any = None,
    kinks: dict[str, str] | None = None,
) -> Operation:
    """Enter an operation by its local derivatives, one for each argument.

    Parameters
    ----------
    op : callable
        A ufunc, or a function of arrays that treats entries alike and apart (with broadcasting).
        Also right for an operation whose result is a single number.
    *local_derivatives : callable, int or None
        `(y, *args) -> ∂y/∂arg`, where `y` is the result, broadcastable against the arguments; an
        int where the derivative is constant; `None` for an argument that has none.
    each : callable, optional
        In place of `local_derivatives` for an operation on any number of tensors: `each(i)` is
        the local derivative for argument i.
    domain : (low, high), or a list of one for each argument, optional
        The open interval in which it has derivatives, where that is not every real number. Tests
        draw from it.
    kinks : dict, optional
        Where it has none, and the subgradient chosen there, in words: `{"x = 0": "0"}`.

    Returns
    -------
    callable
        The operation, recorded from now on when it is called with tensors. Of a ufunc, the ufunc
        itself.

    Raises
    ------
    TypeError
        If `op` is not a function, or there is no local derivative, or more than it has arguments.

    See Also
    --------
    linear : For operations that mix entries, but are linear.
    derivative : For everything else.
    tinygrad_reg.testing.check_rule : The proof of what was entered.

    Examples
    --------
    >>> import numpy as np, tinygrad_reg as tg
    >>> def swish(x):
    ...     return x / (1 + np.exp(-x))
    >>> swish = tg.elementwise(swish, lambda y, x: y + tg.sigmoid(x) * (1 - y))
    >>> float(tg.grad(swish)(2.0).round(6))
    1.090784
    """
    rule = Rule(op, Each(each) if each else local_derivatives, is_local=True)
    return enter(op, about(rule, domain, kinks))


def linear(
    op: Operation,
    *adjoints: Any,
    each: Callable[[int], Any] | None = None,
    jointly: bool = False,
) -> Operation:
    """Enter an operation that is linear in arguments, by its adjoint in each of them.

    Parameters
    ----------
    op : callable
        A function of arrays that is linear in every argument that has an adjoint while the
        others are held fixed, such as a matrix product; or linear in all of them together
        (`jointly`), such as a concatenation.
    *adjoints : callable or None
        `(cotangent, y, *args, **kwargs) -> cotangent of the argument`, of its shape; `None` for an
        argument that has none.
    each : callable, optional
        In place of `adjoints` for an operation on any number of tensors: `each(i)` is the adjoint
        in argument i.
    jointly : bool
        Which of the two kinds of linear it is.

    Returns
    -------
    callable
        The operation, recorded from now on when it is called with tensors.

    Raises
    ------
    TypeError
        If `op` is not a function, or there is no adjoint, or more than it has arguments.

    See Also
    --------
    elementwise : For operations that treat entries apart.
    derivative : For everything else.

    Examples
    --------
    >>> import numpy as np, tinygrad_reg as tg
    >>> def mirror(x):
    ...     return x[::-1]
    >>> mirror = tg.linear(mirror, lambda cotangent, y, x: cotangent[::-1])
    >>> tg.grad(lambda x: np.sum(mirror(x) * [1.0, 2.0]))(np.zeros(2))
    array([2., 1.])
    """
    entries = Each(each) if each else adjoints

    def push(tangents: Sequence[Any], y: Any, args: Sequence[Any], kwargs: dict[str, Any]) -> Any:
        if jointly:
            moved = [
                x
                if i >= len(entries) or entries[i] is None
                else np.zeros_like(plain(x))
                if t is None
                else t
                for i, (x, t) in enumerate(zip(args, tangents, strict=True))
            ]
            return call(*moved, **kwargs)
        return total(
            call(*args[:i], tangent, *args[i + 1 :], **kwargs)
            for i, tangent in enumerate(tangents)
            if tangent is not None
        )

    call = enter(op, Rule(op, entries, is_local=False, is_linear=True, push=push))
    return call


def derivative(
    op: Operation,
    *,
    pullbacks: Any,
    pushforwards: Any,
    domain: Any = None,
    kinks: dict[str, str] | None = None,
) -> Operation:
    """Enter any other operation, by its pullbacks and pushforwards.

    Parameters
    ----------
    op : callable
        A function of arrays.
    pullbacks : sequence of callables or None
        For each argument `(cotangent, y, *args, **kwargs) -> cotangent of the argument`, of its
        shape.
    pushforwards : sequence of callables or None
        For each argument `(tangent, y, *args, **kwargs) -> its part of the result's tangent`.
    domain : (low, high), or a list of one for each argument, optional
        As for `elementwise`.
    kinks : dict, optional
        As for `elementwise`.

    Returns
    -------
    callable
        The operation, recorded from now on when it is called with tensors.

    Raises
    ------
    TypeError
        If the two are not of the same length, there is none or more than `op` has arguments, or
        `op` is not a function.

    See Also
    --------
    elementwise, linear : One line, where they fit.

    Examples
    --------
    >>> import numpy as np, tinygrad_reg as tg
    >>> def normalize(x):
    ...     return x / np.sum(x)
    >>> def pull(cotangent, y, x):
    ...     return (cotangent - np.sum(cotangent * y)) / np.sum(x)
    >>> def push(tangent, y, x):
    ...     return (tangent - y * np.sum(tangent)) / np.sum(x)
    >>> normalize = tg.derivative(normalize, pullbacks=[pull], pushforwards=[push])
    >>> tg.grad(lambda x: normalize(x)[0])(np.array([1.0, 3.0]))
    array([ 0.1875, -0.0625])
    """
    if len(pullbacks) != len(pushforwards):
        raise TypeError(
            f"{name_of(op)} was given {len(pullbacks)} pullbacks and {len(pushforwards)} "
            "pushforwards: expected one of each for every argument"
        )

    def push(tangents: Sequence[Any], y: Any, args: Sequence[Any], kwargs: dict[str, Any]) -> Any:
        return total(
            pushforward(tangent, y, *args, **kwargs)
            for pushforward, tangent in zip(pushforwards, tangents, strict=False)
            if tangent is not None
        )

    rule = Rule(op, tuple(pullbacks), is_local=False, push=push)
    return enter(op, about(rule, domain, kinks))


def composition(*ops: Operation) -> Callable[[Operation], Operation]:
    """Say that calls of `ops` with tensors run a function made of other operations."""

    def decorate(function: Operation) -> Operation:
        for op in ops:
            functions[op] = function
        return function

    return decorate


def constant(*ops: Operation) -> None:
    """Say that `ops` carry no gradient: with tensors they give plain arrays."""
    without_gradient.update(ops)


def enter(op: Operation, rule: Rule, call: Operation | None = None) -> Operation:
    """Put a rule into the table, and return the function that records calls with tensors."""
    check_arity(op, rule)
    rules[op] = rule
    if isinstance(op, np.ufunc):
        return op

    arity = len(rule.entries)
    of_numpy = (op.__module__ or "").split(".")[0] in ("numpy", "_operator")

    def recorded(*args: Any, **kwargs: Any) -> Any:
        for name in parameters_of(op)[len(args) : arity] if kwargs else ():
            if name not in kwargs:
                break
            args += (kwargs.pop(name),)
        if of_numpy and len(args) > arity:
            args = (*args[:arity], *map(static, args[arity:]))
        return record(rule, args, kwargs)

    functions[op] = call or recorded
    if of_numpy:
        return op  # NumPy's own dispatch, or a method of Tensor, brings calls with tensors here

    @wraps(op)
    def dispatched(*args: Any, **kwargs: Any) -> Any:
        for x in (*args, *kwargs.values()) if kwargs else args:
            if type(x) is Tensor:
                return functions[op](*args, **kwargs)
        if switches.active and thread.tracer is not None:
            return thread.tracer.call(rule, op, args, kwargs)
        return op(*args, **kwargs)

    rules[dispatched] = rule
    return dispatched


def about(rule: Rule, domain: Any, kinks: dict[str, str] | None) -> Rule:
    """The rule, with what a reader and a test want to know of its operation."""
    if domain is not None:
        intervals = tuple(domain)
        rule.domain = intervals if np.ndim(intervals) == 2 else (intervals,)
    rule.kinks = kinks or {}
    return rule


def static(x: Any) -> Any:
    """An argument of NumPy's that is a shape, axes or the like, as something that cannot change."""
    if type(x) is np.ndarray:
        x = x.tolist()
    return tuple(x) if type(x) is list else x


def total(parts: Iterable[Any]) -> Any:
    """The sum of one or more parts, without a zero to start from."""
    parts = iter(parts)
    result = next(parts)
    for part in parts:
        result = result + part
    return result
