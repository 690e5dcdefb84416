"""The two walks over a graph: cotangents pulled back from the output, tangents pushed on from the
inputs.

Tensors are numbered in the order they were made, and are made after their arguments, so going by
falling numbers visits a tensor after everything that was made from it, and going by rising numbers
after everything it was made from. Neither walk recurses.

A sweep runs the rules on plain arrays (fast, nothing recorded) or on the tensors themselves, and
then the derivative is a graph like any other. It has to be the second where the walked graph hangs
on tensors from outside of it, with respect to which someone may differentiate later.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial
from heapq import heapify, heappop, heappush
from typing import Any, NoReturn

import numpy as np

from tinygrad_reg.modes import AnomalyError, TracingError, switches, thread, watch_cotangent
from tinygrad_reg.tensor import Rule, Tensor, own_copy, plain
from tinygrad_reg.wording import describe, no_derivative
from tinygrad_reg.zeros import check_for_nan, zero_stays_zero, zero_stays_zero_in


class OutsideTensorError(Exception):
    """A sweep on plain arrays has met a tensor from outside of its graph."""


def reverse(
    seeds: list[tuple[Tensor, Any]], since: int = 0, last: int = 0, recording: bool = False
) -> dict[Tensor, Any]:
    """Pull cotangents back from some tensors to the leaves that they were made from.

    Parameters
    ----------
    seeds : list of (tensor, cotangent)
        Where to start. Each cotangent has the tensor's shape and dtype.
    since : int
        Tensors numbered up to here are outside: the sweep does not enter them.
    last : int
        Tensors numbered up to here are where the sweep ends, as does every leaf.
    recording : bool
        Whether the cotangents have to be tensors in any case.

    Returns
    -------
    dict
        The cotangent of every tensor where the sweep ended: plain arrays, or tensors where the
        graph hangs on tensors from outside.
    """
    recording = recording or Tensor in [type(cotangent) for _, cotangent in seeds]
    return carefully(partial(pull_all, seeds, since, last), recording)  # type: ignore[no-any-return]


def forward(
    outputs: list[Tensor], seeds: list[tuple[Tensor, Any]], since: int, recording: bool
) -> list[Any]:
    """Push the tangents of some leaves on to the outputs made from them.

    Parameters
    ----------
    outputs : list of Tensor
        Whose tangents are asked for.
    seeds : list of (tensor, tangent)
        Where to start. Each tangent has the tensor's shape and dtype.
    since : int
        Tensors numbered up to here are outside: the sweep does not enter them.
    recording : bool
        Whether the tangents have to be tensors in any case.

    Returns
    -------
    list
        The tangent of each output, None where it is zero because nothing leads there: plain
        arrays, or tensors where the graph hangs on tensors from outside.
    """
    nodes, hangs_outside = ancestors(outputs, since)
    recording = recording or hangs_outside or any(type(t) is Tensor for _, t in seeds)

    def sweep(recording: bool, quick: bool) -> list[Any]:
        tangents = push_all(nodes, seeds, recording, quick)
        found = [tangents.get(output.number) for output in outputs]
        if quick:
            check_for_nan(found)
        return found

    return carefully(sweep, recording)  # type: ignore[no-any-return]


def carefully(sweep: Callable[[bool, bool], Any], recording: bool) -> Any:
    """Run a sweep the quick way, and once more with care where that turns out to be needed.

    An entry of a cotangent (or tangent) that is exactly zero contributes exactly zero, even
    through a local derivative that is infinite: it comes from a branch that was not chosen. IEEE
    arithmetic makes 0·∞ a NaN, but also raises the `invalid` flag, so that the usual sweep, where
    that never happens, need not look for it.
    """
    quick = True
    if switches.active and thread.tracer is not None:
        return thread.tracer.sweep(sweep, recording, OutsideTensorError)
    while True:
        try:
            with np.errstate(all="ignore", invalid="raise" if quick else "ignore"):
                return sweep(recording, quick)
        except OutsideTensorError:
            recording = True
        except FloatingPointError as error:
            if not quick or isinstance(error, AnomalyError):
                raise
            quick = False


def pull_all(
    seeds: list[tuple[Tensor, Any]], since: int, last: int, recording: bool, quick: bool
) -> dict[Tensor, Any]:
    """The reverse sweep: by falling number, hand every argument its contribution."""
    tracer = thread.tracer if switches.active else None
    if tracer is not None:
        seeds = tracer.begin("backward", seeds)
    found: dict[Tensor, Any] = {}
    pending: dict[int, tuple[Tensor, Any]] = {}  # number -> tensor, sum of contributions so far
    for tensor, cotangent in seeds:
        earlier = pending.get(tensor.number)
        pending[tensor.number] = (tensor, earlier[1] + cotangent if earlier else cotangent)
    own: dict[int, Any] = {}  # number -> sum of contributions in an array of this sweep's own
    queue = [-number for number in pending]
    heapify(queue)
    watching = switches.active and thread.watching
    while queue:
        number = -heappop(queue)
        node, cotangent = pending.pop(number)
        if tracer is not None:
            tracer.arrived(node, "cotangent", cotangent)
        rule = node.rule
        if rule is None or number <= last:
            found[node] = cotangent
            continue
        args = node.args
        kwargs = node.kwargs
        y: Any = node if recording else node.value
        xs: Any = args if recording else None
        if rule.keeps_axes and kwargs:
            y, cotangent = with_axes(y, args[0], kwargs), with_axes(cotangent, args[0], kwargs)
        for entry, x in zip(rule.entries, args):  # noqa: B905 (there may be more arguments)
            if type(x) is not Tensor:
                continue
            number = x.number
            if number <= since:
                if number and not recording:
                    raise OutsideTensorError
                continue
            if rule.add_into is not None and not (recording or watching or tracer):
                if number not in pending:
                    pending[number] = (x, np.zeros(x.shape, x.dtype))
                    own[number] = pending[number][1]
                    heappush(queue, -number)
                elif own.get(number) is not pending[number][1]:
                    own[number] = np.array(pending[number][1])
                    pending[number] = (x, own[number])
                rule.add_into(own[number], cotangent, *args[1:])
                continue
            try:
                if entry.__class__ is int:
                    contribution = cotangent if entry == 1 else cotangent * entry
                elif entry is None:
                    raise no_derivative(rule.name, position(x, args), x)
                else:
                    if xs is None:
                        xs = [x.value if type(x) is Tensor else x for x in args]
                    if tracer is not None:
                        entry = tracer.rule(rule, entry)
                    if not rule.is_local:
                        pullback = partial(entry, **kwargs) if kwargs else entry
                        contribution = pullback(cotangent, y, *xs)
                        if not quick and rule.is_linear:
                            contribution = zero_stays_zero_in(
                                pullback, cotangent, y, xs, contribution
                            )
                    elif quick:
                        # In this order, NumPy writes the product over a large derivative.
                        contribution = entry(y, *xs, **kwargs) * cotangent
                    else:
                        contribution = zero_stays_zero(cotangent, entry(y, *xs, **kwargs))
            except (FloatingPointError, OutsideTensorError, TracingError):
                raise
            except Exception as error:
                complain(error, rule, position(x, args))
            value = x.value
            if (
                getattr(contribution, "shape", None) != value.shape
                or contribution.dtype is not value.dtype
            ):
                contribution = fit(contribution, value, rule)
            if watching:
                watch_cotangent(rule.name, node.number, position(x, args), plain(contribution))
            if number in pending:
                pending[number] = (x, pending[number][1] + contribution)
            else:
                pending[number] = (x, contribution)
                heappush(queue, -number)
    if quick:
        check_for_nan(found.values())
    return found


def push_all(
    nodes: list[Tensor], seeds: list[tuple[Tensor, Any]], recording: bool, quick: bool
) -> dict[int, Any]:
    """The forward sweep: by rising number, make every tangent from those of the arguments."""
    tracer = thread.tracer if switches.active else None
    if tracer is not None:
        seeds = tracer.begin("tangent", seeds)
    tangents: dict[int, Any] = {tensor.number: tangent for tensor, tangent in seeds}
    for node in nodes:
        rule = node.rule
        if rule is None or node.number in tangents:
            continue
        args = node.args
        given = [tangents.get(x.number) if type(x) is Tensor else None for x in args]
        if all(tangent is None for tangent in given):
            continue
        kwargs = node.kwargs
        y: Any = node if recording else node.value
        xs = args if recording else [x.value if type(x) is Tensor else x for x in args]
        if rule.push is not None:
            try:
                if tracer is not None:
                    tangent = tracer.push(rule, given, y, xs, kwargs)
                elif quick or not rule.is_linear:
                    tangent = rule.push(given, y, xs, kwargs)
                else:
                    tangent = push_with_care(rule, given, y, xs, kwargs)
            except (FloatingPointError, TracingError):
                raise
            except Exception as error:
                complain(error, rule)
            tangents[node.number] = fit(tangent, node.value, rule)
            if tracer is not None:
                tracer.arrived(node, "tangent", tangents[node.number])
            continue
        kept = with_axes(y, args[0], kwargs) if rule.keeps_axes else y
        result: Any = None
        for entry, tangent, x in zip(rule.entries, given, args):  # noqa: B905
            if tangent is None:
                continue
            if entry is None:
                raise no_derivative(rule.name, position(x, args), x)
            if isinstance(entry, int):
                tangent = tangent if entry == 1 else tangent * entry
            else:
                try:
                    if tracer is not None:
                        entry = tracer.rule(rule, entry)
                    local = entry(kept, *xs, **kwargs)
                    tangent = local * tangent if quick else zero_stays_zero(tangent, local)
                except (FloatingPointError, TracingError):
                    raise
                except Exception as error:
                    complain(error, rule, position(x, args))
            part = fit(tangent, kept, rule)
            result = part if result is None else result + part
        tangents[node.number] = result if kept is y else result.reshape(node.shape)
        if tracer is not None:
            tracer.arrived(node, "tangent", tangents[node.number])
    return tangents


def push_with_care(rule: Rule, given: list[Any], y: Any, args: Any, kwargs: Any) -> Any:
    """The tangent of an operation that is linear in its arguments, with 0 · ∞ = 0 inside sums."""
    result: Any = None
    for i, tangent in enumerate(given):
        if tangent is None:
            continue

        def part_of(direction: Any, y: Any, *args: Any, i: int = i) -> Any:
            alone = [direction if j == i else None for j in range(len(args))]
            return rule.push(alone, y, args, kwargs)  # type: ignore[misc]

        part = zero_stays_zero_in(part_of, tangent, y, args, part_of(tangent, y, *args))
        result = part if result is None else result + part
    return result


def ancestors(outputs: Iterable[Tensor], since: int) -> tuple[list[Tensor], bool]:
    """Everything that some tensors were made from, oldest first, and whether any of it is outside.

    Outside are tensors numbered up to `since`; they are not part of the list.
    """
    found = {output.number: output for output in outputs if output.number > since}
    todo = list(found.values())
    hangs_outside = any(0 < output.number <= since for output in outputs)
    while todo:
        for x in todo.pop().args:
            if type(x) is Tensor and x.number not in found:
                if x.number > since:
                    found[x.number] = x
                    todo.append(x)
                elif x.number:
                    hangs_outside = True
    return [found[number] for number in sorted(found)], hangs_outside


def with_axes(array: Any, x: Any, kwargs: dict[str, Any]) -> Any:
    """The result of a reduction of `x`, with the reduced axes back in place at length 1."""
    axis = kwargs.get("axis")
    if axis is None or array.ndim == x.ndim:
        return array
    shape = list(x.shape)
    for i in axis if isinstance(axis, tuple) else (axis,):
        shape[i] = 1
    return array.reshape(shape)


def fit(contribution: Any, value: Any, rule: Rule) -> Any:
    """Bring a cotangent or tangent to the shape and dtype of the value it belongs to.

    Axes along which the value was broadcast are summed over (the adjoint of broadcasting), axes
    that a reduction took away are spread out again (the adjoint of summing).
    """
    if not hasattr(contribution, "shape"):
        raise TypeError(
            f"the rule of {rule.name} gave {type(contribution).__name__} where an array of shape "
            f"{value.shape} was expected: mend its line in the derivative table"
        )
    have, want = contribution.shape, value.shape
    if have != want:
        extra = len(have) - len(want)
        axes = tuple(
            [i for i, n in enumerate(have) if i < extra or (n != 1 and want[i - extra] == 1)]
        )
        if axes:
            reduce = np.add.reduce if type(contribution) is np.ndarray else np.sum
            contribution = reduce(contribution, axis=axes, keepdims=True)
        if extra > 0:
            contribution = contribution.reshape(contribution.shape[extra:])
        if contribution.shape != want:
            contribution = spread(contribution, want, rule)
    if contribution.dtype != value.dtype:
        if contribution.dtype.kind != "f":
            raise TypeError(
                f"the rule of {rule.name} gave a derivative of dtype {contribution.dtype} where "
                f"{value.dtype} was expected: mend its line in the derivative table"
            )
        contribution = contribution.astype(value.dtype)
    return contribution


def spread(contribution: Any, shape: tuple[int, ...], rule: Rule) -> Any:
    """The same entries again and again, up to a shape, without taking memory for them."""
    if isinstance(contribution, np.generic):
        return np.ndarray(shape, contribution.dtype, contribution, 0, (0,) * len(shape))
    try:
        return np.broadcast_to(contribution, shape)
    except ValueError:
        raise ValueError(
            f"the rule of {rule.name} gave a derivative of shape {contribution.shape} where one "
            f"of shape {shape} was expected: mend its line in the derivative table"
        ) from None


def complain(error: Exception, rule: Rule, argument: int | None = None) -> NoReturn:
    """Raise an error of a rule again, as one that names the operation."""
    where = f"the rule of {rule.name}" + ("" if argument is None else f" for argument {argument}")
    for kind in (np.linalg.LinAlgError, ValueError, TypeError):
        if isinstance(error, kind):
            raise kind(f"{where}: {error}") from error
    error.add_note(f"raised by {where}")
    raise error


def position(x: Tensor, args: tuple[Any, ...]) -> int:
    """Which argument a tensor is; by identity, since == compares entries."""
    return next(i for i, arg in enumerate(args) if arg is x)


def owned(results: list[Any]) -> list[Any]:
    """Results as arrays that share no memory with each other or with the graph."""
    seen: set[int] = set()
    for i, result in enumerate(results):
        if isinstance(result, np.generic):
            results[i] = np.asarray(result)
        elif type(result) is not np.ndarray:
            continue  # a tensor, or an array of another library
        elif result.base is not None or id(result) in seen:
            results[i] = result.copy()
        else:
            seen.add(id(result))
    return results


def scalar_seed(tensor: Tensor, what: str) -> Any:
    """The cotangent 1 to start from, if the tensor is a single number."""
    if tensor.size != 1:
        raise ValueError(
            f"{what} starts from {describe(tensor)}, which is not a single number: expected a "
            "scalar such as a loss (take np.sum or np.mean), or a cotangent of that shape"
        )
    return np.ones(tensor.shape, tensor.dtype)[()]


def direction_for(tensor: Tensor, direction: Any, what: str) -> Any:
    """A cotangent or tangent of the tensor's shape and dtype, or an error."""
    if type(direction) is not Tensor and not hasattr(direction, "__array_function__"):
        direction = np.array(direction)
    direction = own_copy(direction)
    if direction.shape != tensor.shape:
        raise ValueError(
            f"{what} of shape {direction.shape} for {describe(tensor)}: expected shape "
            f"{tensor.shape}"
        )
    if direction.dtype.kind not in "fiub":
        raise TypeError(f"{what} of dtype {direction.dtype}: expected real numbers")
    return direction if direction.dtype == tensor.dtype else direction.astype(tensor.dtype)


def backward(self: Tensor, cotangent: Any = None) -> None:
    """Pull a cotangent back from this tensor, and add to the `.grad` of every leaf.

    Parameters
    ----------
    cotangent : array_like, optional
        ∂(what is differentiated)/∂(this tensor), of this tensor's shape. Not needed for a single
        number, where it is 1.

    Raises
    ------
    ValueError
        If the tensor is not a single number and no cotangent is given, or one of another shape.
    TypeError
        If the tensor has no graph.

    See Also
    --------
    tinygrad_reg.vjp : The same for a function, without anything that accumulates.

    Examples
    --------
    >>> import tinygrad_reg as tg
    >>> W = tg.Tensor([[3.0, 4.0]], requires_grad=True)
    >>> tg.l2(W, lambd=0.5, m=1).backward()
    >>> W.grad
    array([[1.5, 2. ]])
    """
    if not self.number:
        raise TypeError(
            f"backward() was called on {describe(self)}, which has no graph: nothing that it was "
            "made from has requires_grad=True, or it was made inside no_grad()"
        )
    if cotangent is None:
        seed = scalar_seed(self, "backward()")
    else:
        seed = direction_for(self, plain(cotangent), "backward() was given a cotangent")
    found = reverse([(self, seed)])
    for leaf, gradient in zip(found, owned([*found.values()]), strict=True):
        leaf.grad = gradient if leaf.grad is None else np.asarray(leaf.grad + gradient)


Tensor.backward = backward
