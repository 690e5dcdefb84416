"""Functions that turn a function into its derivatives: arrays in, arrays out.

Each runs the function once on fresh leaves, then walks the graph that this has left behind. Given
tensors instead of arrays, as inside a function that is itself being differentiated, the results
are tensors, and can be differentiated again.
"""

from __future__ import annotations

import gc
import threading
from collections.abc import Callable, Sequence
from functools import wraps
from typing import Any

import numpy as np

from tinygrad_reg.modes import switched, thread
from tinygrad_reg.sweeps import ancestors, direction_for, forward, owned, reverse, scalar_seed
from tinygrad_reg.tensor import Tensor, alias_of, leaf, next_number, own_array

__all__ = ["grad", "hessian", "hvp", "jacobian", "jvp", "value_and_grad", "vjp"]

Function = Callable[..., Any]


class Trace:
    """One run of a function on fresh leaves: the graph between `leaves` and `outputs`.

    `trees` holds the nesting of each chosen argument. Tensors numbered up to `since` were there
    before. `inner` says whether an argument carried gradients of its own.
    """

    def __init__(
        self,
        what: str,
        f: Function,
        args: Sequence[Any],
        kwargs: dict[str, Any],
        chosen: Sequence[int],
    ) -> None:
        self.transform = what
        self.function = f
        self.leaves: list[Tensor] = []
        self.trees: list[Any] = []
        self.inner = False
        self.since = next_number()
        recording = thread.recording
        given = list(args)
        for position in chosen:
            if not -len(given) <= position < len(given):
                raise TypeError(
                    f"{self.what}: there is no argument {position} among the {len(given)} given"
                )
            arrays, tree = flatten(given[position])
            leaves = [
                self.new_leaf(array, position, i, tree, recording) for i, array in enumerate(arrays)
            ]
            given[position] = unflatten(tree, leaves)
            self.trees.append(tree)
            self.leaves += leaves
        if not self.leaves:
            raise TypeError(
                f"{self.what}: there are no arrays in what it is to be differentiated by"
            )
        self.last = next_number()
        with young_generation:
            if recording:
                result = f(*given, **kwargs)
            else:
                with switched(recording=True):
                    result = f(*given, **kwargs)
        self.outputs, self.output_tree = flatten(result)
        for output in self.outputs or [None]:
            if type(output) is not Tensor:
                raise TypeError(self.without_graph(result))

    @property
    def what(self) -> str:
        """The transform and its function, for messages."""
        return f"{self.transform} of {getattr(self.function, '__name__', 'a function')}"

    def new_leaf(self, array: Any, position: int, i: int, tree: Any, recording: bool) -> Tensor:
        """A leaf for one of the arrays that were given: the i-th of an argument."""
        if type(array) is Tensor:
            if array.number and recording:
                self.inner = True
                return alias_of(array)
            array = array.current()
        if type(array) is np.ndarray and array.dtype.kind == "f":
            return leaf(array.copy(), next_number())
        path = "".join(f"[{key!r}]" for key in tree.paths()[i]) if tree else ""
        owner = f"{self.what}: argument {position}{path}"
        return leaf(own_array(array, True, owner), next_number())

    def without_graph(self, result: Any) -> str:
        """What is wrong with a result that is not made of tensors."""
        kinds = {type(output).__name__ for output in self.outputs if type(output) is not Tensor}
        kind = " and ".join(sorted(kinds)) or type(result).__name__
        return (
            f"{self.what}: it returned a plain {kind}, through which no gradient can flow. Return "
            "what the operations on the arguments give, without float(), .item() or .data; a "
            "missing return gives None"
        )

    def only_output(self) -> Tensor:
        """The output of a function that has to return one tensor."""
        if len(self.outputs) != 1:
            raise ValueError(
                f"{self.what}: it returned {len(self.outputs)} tensors, expected a single number"
            )
        return self.outputs[0]  # type: ignore[no-any-return]

    def directions(
        self, given: Sequence[Any], trees: list[Any], like: list[Tensor], what: str
    ) -> list[Any]:
        """Cotangents or tangents, one for each of some tensors, checked against them."""
        if len(given) != len(trees):
            raise TypeError(f"{self.what}: {len(given)} {what}s were given, expected {len(trees)}")
        leaves: list[Any] = []
        for part, tree in zip(given, trees, strict=True):
            arrays, found = flatten(part)
            if found != tree:
                raise TypeError(f"{self.what}: a {what} has the structure {found}, expected {tree}")
            leaves += arrays
        return [
            direction_for(tensor, leaf, f"{self.what} was given a {what}")
            for tensor, leaf in zip(like, leaves, strict=True)
        ]

    def pull(self, seeds: list[tuple[Tensor, Any]]) -> list[Any]:
        """The cotangent of every leaf."""
        seeds = [(tensor, cotangent) for tensor, cotangent in seeds if tensor.number > self.since]
        found = reverse(seeds, self.since, self.last, self.inner)
        return self.finished([found.get(x) for x in self.leaves], self.leaves)

    def push(self, tangents: list[Any]) -> list[Any]:
        """The tangent of every output."""
        seeds = list(zip(self.leaves, tangents, strict=True))
        pushed = forward(self.outputs, seeds, self.since, self.inner)
        return self.finished(pushed, self.outputs)

    def blocks(self) -> list[list[Any]]:
        """The Jacobian: for each output, a block of derivatives for each leaf."""
        inputs, outputs = self.leaves, self.outputs
        by_input = sum(x.size for x in inputs) < sum(y.size for y in outputs)
        varied, others = (inputs, outputs) if by_input else (outputs, inputs)
        zeros = [np.zeros(x.shape, x.dtype) for x in varied]
        blocks = []
        for which, x in enumerate(varied):
            sweeps = []
            for entry in np.ndindex(x.shape):
                unit = zeros[which].copy()
                unit[entry] = 1
                directions = [*zeros[:which], unit, *zeros[which + 1 :]]
                if by_input:
                    sweeps.append(self.push(directions))
                else:
                    sweeps.append(self.pull([(x, unit)]))
            block = []
            for i, other in enumerate(others):
                if by_input:
                    columns = [np.reshape(sweep[i], (other.size,)) for sweep in sweeps]
                    shape = (*other.shape, *x.shape)
                    entries = np.stack(columns, axis=1) if columns else np.zeros(shape)
                else:
                    shape = (*x.shape, *other.shape)
                    rows = [sweep[i] for sweep in sweeps]
                    entries = np.stack(rows) if rows else np.zeros(shape)
                block.append(np.reshape(entries, shape))
            blocks.append(block)
        return [list(row) for row in zip(*blocks, strict=True)] if by_input else blocks

    def finished(self, results: list[Any], like: list[Tensor]) -> list[Any]:
        """Derivatives as they are handed out; None stands for zero."""
        for i, result in enumerate(results):
            if result is None:
                result = results[i] = np.zeros(like[i].shape, like[i].dtype)
            if self.inner:
                results[i] = result if type(result) is Tensor else leaf(result)
            elif type(result) is Tensor and not result.number:
                results[i] = result.value
        return results if self.inner else owned(results)

    def values(self, hangs_outside: bool) -> Any:
        """The outputs as they are handed out: tensors, if someone may differentiate them."""
        if self.inner or hangs_outside:
            return unflatten(self.output_tree, self.outputs)
        values = [x.value.copy() if type(x.value) is np.ndarray else x.value for x in self.outputs]
        return unflatten(self.output_tree, values)

    def by_argument(self, results: list[Any]) -> tuple[Any, ...]:
        """Results for the leaves, as one tree for each chosen argument."""
        trees, start = [], 0
        for tree in self.trees:
            end = start + (1 if tree is None else tree.num_leaves)
            trees.append(unflatten(tree, results[start:end]))
            start = end
        return tuple(trees)


def flatten(nested: Any) -> tuple[list[Any], Any]:
    """The arrays in nested dicts, lists and tuples, and their nesting: None for a single array."""
    if type(nested) is np.ndarray or type(nested) is Tensor:
        return [nested], None
    import optree  # here, because it takes longer to load than everything else of ours

    arrays, tree = optree.tree_flatten(nested)
    return arrays, None if tree.is_leaf() else tree


def unflatten(tree: Any, arrays: list[Any]) -> Any:
    """The inverse of `flatten`."""
    return arrays[0] if tree is None else tree.unflatten(arrays)


class YoungGeneration:
    """Makes Python's garbage collector look less often while a function runs.

    Everything that is being recorded is alive; without this, collections start every 700
    tensors, walk the growing graph again and again, and find nothing.
    """

    size = 100_000

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.depth = 0
        self.before = gc.get_threshold()

    def __enter__(self) -> None:
        with self.lock:
            if self.depth == 0:
                self.before = gc.get_threshold()
                if 0 < self.before[0] < self.size:
                    gc.set_threshold(self.size, *self.before[1:])
            self.depth += 1

    def __exit__(self, *exception: object) -> None:
        with self.lock:
            self.depth -= 1
            if self.depth == 0:
                gc.set_threshold(*self.before)


young_generation = YoungGeneration()


def value_and_grad(f: Function, argnums: int | Sequence[int] = 0) -> Function:
    """A function that returns `f(*args)` and its gradient, from one run of `f`.

    Parameters
    ----------
    f : callable
        Returns a single number, computed with NumPy functions and operators.
    argnums : int or sequence of int
        The arguments to differentiate with respect to, negative ones counted from the end. Each may
        be an array or any nesting of dicts, lists and tuples of arrays, of any shapes; Python
        numbers become float64.

    Returns
    -------
    callable
        Called like `f`. Returns `(value, gradient)`; the gradient has the structure, shapes and
        dtypes of the argument, and is a tuple of such where `argnums` is a sequence.

    Raises
    ------
    TypeError
        When called: if `f` returns something that is not a tensor, an argument is not made of
        floating arrays, or there is no such argument.
    ValueError
        When called: if `f` returns more than a single number.

    See Also
    --------
    grad : The gradient alone.
    jacobian : For functions that return arrays.

    References
    ----------
    Griewank and Walther, *Evaluating Derivatives*, 2nd edition, SIAM 2008: reverse mode.

    Examples
    --------
    >>> import numpy as np, tinygrad_reg as tg
    >>> def J(parameters):
    ...     return tg.l2(parameters["W"], lambd=1.0, m=2) + parameters["b"]
    >>> value, gradient = tg.value_and_grad(J)({"W": np.array([2.0, 4.0]), "b": 1.0})
    >>> float(value), gradient["W"], float(gradient["b"])
    (6.0, array([1., 2.]), 1.0)
    """
    chosen, single = positions(argnums)

    @wraps(f)
    def value_and_gradient(*args: Any, **kwargs: Any) -> tuple[Any, Any]:
        trace = Trace("grad", f, args, kwargs, chosen)
        output = trace.only_output()
        seed = output.dtype.type(1) if output.shape == () else scalar_seed(output, trace.what)
        gradients = trace.pull([(output, seed)])
        value = output if trace.inner or Tensor in map(type, gradients) else output.value
        by_argument = trace.by_argument(gradients)
        return value, by_argument[0] if single else by_argument

    return value_and_gradient


def grad(f: Function, argnums: int | Sequence[int] = 0) -> Function:
    """A function that returns the gradient of `f` at its arguments.

    Can be nested: `grad(grad(f))` is the second derivative.

    Parameters
    ----------
    f : callable
        Returns a single number, computed with NumPy functions and operators.
    argnums : int or sequence of int
        The arguments to differentiate with respect to, as in `value_and_grad`.

    Returns
    -------
    callable
        Called like `f`. Returns the gradient, of the structure, shapes and dtypes of the argument;
        a tuple of such where `argnums` is a sequence.

    Raises
    ------
    TypeError, ValueError
        When called: what `value_and_grad` raises.

    See Also
    --------
    value_and_grad : The value as well, for the price of the gradient.
    vjp : For functions that return arrays.
    hessian : All second derivatives.

    References
    ----------
    Griewank and Walther, *Evaluating Derivatives*, 2nd edition, SIAM 2008: reverse mode.

    Examples
    --------
    >>> import numpy as np, tinygrad_reg as tg
    >>> tg.grad(lambda w: np.sum(np.abs(w)))(np.array([-3.0, 0.0, 2.0]))
    array([-1.,  0.,  1.])
    >>> third = tg.grad(tg.grad(tg.grad(np.tanh)))
    >>> float(third(0.0))
    -2.0
    """
    both = value_and_grad(f, argnums)

    @wraps(f)
    def gradient(*args: Any, **kwargs: Any) -> Any:
        return both(*args, **kwargs)[1]

    return gradient


def vjp(f: Function, *primals: Any) -> tuple[Any, Function]:
    """The value of `f`, and the pullback that takes a cotangent of it to those of the primals.

    The pullback is multiplication by the transposed Jacobian, `cotangent -> Jᵀ·cotangent`: reverse
    mode, without the Jacobian.

    Parameters
    ----------
    f : callable
        Returns an array, or nested dicts, lists and tuples of arrays.
    *primals : array or nested arrays
        Where to differentiate: at least one, of any shapes.

    Returns
    -------
    y : array or nested arrays
        `f(*primals)`.
    pullback : callable
        Takes a cotangent of the structure and shapes of `y`, returns a tuple with one cotangent
        for each primal. May be called any number of times.

    Raises
    ------
    TypeError
        If `f` returns something that is not a tensor, or a primal is not made of floating arrays;
        from the pullback, if the cotangent has another structure than `y`.
    ValueError
        From the pullback, if a cotangent has another shape than its array in `y`.

    See Also
    --------
    jvp : The product with the Jacobian itself, in forward mode.
    jacobian : The whole matrix.

    References
    ----------
    Griewank and Walther, *Evaluating Derivatives*, 2nd edition, SIAM 2008: reverse mode.

    Examples
    --------
    >>> import numpy as np, tinygrad_reg as tg
    >>> W, X = np.array([[1.0, 2.0]]), np.array([[3.0], [4.0]])
    >>> y, pullback = tg.vjp(np.matmul, W, X)
    >>> pullback(np.ones((1, 1)))[0]
    array([[3., 4.]])
    """
    trace = Trace("vjp", f, primals, {}, range(len(primals)))

    def pullback(cotangent: Any) -> tuple[Any, ...]:
        directions = trace.directions([cotangent], [trace.output_tree], trace.outputs, "cotangent")
        return trace.by_argument(trace.pull(list(zip(trace.outputs, directions, strict=True))))

    return trace.values(ancestors(trace.outputs, trace.since)[1]), pullback


def jvp(f: Function, primals: Sequence[Any], tangents: Sequence[Any]) -> tuple[Any, Any]:
    """The value of `f`, and its derivative in the direction of some tangents (forward mode).

    The derivative is the Jacobian times the tangents, `J·tangent`, without the Jacobian.

    Parameters
    ----------
    f : callable
        Returns an array, or nested dicts, lists and tuples of arrays.
    primals : tuple or list
        The arguments of `f`: arrays or nested arrays, of any shapes.
    tangents : tuple or list
        One for each primal, of the same structure and shapes.

    Returns
    -------
    y : array or nested arrays
        `f(*primals)`.
    tangent : array or nested arrays
        Its derivative, of the structure and shapes of `y`.

    Raises
    ------
    TypeError
        If `primals` or `tangents` is neither a tuple nor a list, they differ in length or
        structure, `f` returns something that is not a tensor, or a primal is not made of floating
        arrays.
    ValueError
        If a tangent has another shape than its primal.

    See Also
    --------
    vjp : The product with the transposed Jacobian, in reverse mode.
    hvp : The derivative of the gradient in a direction.

    References
    ----------
    Griewank and Walther, *Evaluating Derivatives*, 2nd edition, SIAM 2008: forward mode.

    Examples
    --------
    >>> import numpy as np, tinygrad_reg as tg
    >>> y, tangent = tg.jvp(np.sin, (0.0,), (2.0,))
    >>> float(y), float(tangent)
    (0.0, 2.0)
    """
    check_tuples("jvp", primals=primals, tangents=tangents)
    trace = Trace("jvp", f, primals, {}, range(len(primals)))
    pushed = trace.push(trace.directions(tangents, trace.trees, trace.leaves, "tangent"))
    hangs_outside = any(type(tangent) is Tensor for tangent in pushed)
    return trace.values(hangs_outside), unflatten(trace.output_tree, pushed)


def jacobian(f: Function, argnums: int | Sequence[int] = 0) -> Function:
    """A function that returns all partial derivatives of the entries of `f`.

    Parameters
    ----------
    f : callable
        Returns an array, or nested dicts, lists and tuples of arrays.
    argnums : int or sequence of int
        The arguments to differentiate with respect to, as in `value_and_grad`.

    Returns
    -------
    callable
        Called like `f`. Returns an array of shape `y.shape + x.shape` for an argument `x` and a
        result `y` that are arrays; where one of them is nested, the nesting of `y` with the
        nesting of `x` inside. Runs `f` once, then one forward sweep for each entry of the
        argument or one reverse sweep for each entry of the result, whichever are fewer.

    Raises
    ------
    TypeError
        When called: if `f` returns something that is not a tensor, an argument is not made of
        floating arrays, or there is no such argument.

    See Also
    --------
    grad : For functions that return a single number.
    vjp, jvp : Products with the Jacobian, without it.

    References
    ----------
    Griewank and Walther, *Evaluating Derivatives*, 2nd edition, SIAM 2008.

    Examples
    --------
    >>> import numpy as np, tinygrad_reg as tg
    >>> tg.jacobian(lambda x: x**2)(np.array([1.0, 3.0]))
    array([[2., 0.],
           [0., 6.]])
    """
    chosen, single = positions(argnums)

    @wraps(f)
    def all_partial_derivatives(*args: Any, **kwargs: Any) -> Any:
        trace = Trace("jacobian", f, args, kwargs, chosen)
        rows = []
        for by_leaf in trace.blocks():
            by_argument = trace.by_argument(by_leaf)
            rows.append(by_argument[0] if single else by_argument)
        return unflatten(trace.output_tree, rows)

    return all_partial_derivatives


def hessian(f: Function, argnums: int | Sequence[int] = 0) -> Function:
    """A function that returns the second derivatives of `f`, which returns a single number.

    Parameters
    ----------
    f : callable
        Returns a single number.
    argnums : int or sequence of int
        The arguments to differentiate with respect to, as in `value_and_grad`.

    Returns
    -------
    callable
        Called like `f`. Returns an array of shape `x.shape + x.shape` for an argument `x`; nested
        arguments, and several, give blocks, nested as `jacobian` says. It is `jacobian(grad(f))`.

    Raises
    ------
    TypeError, ValueError
        When called: what `grad` raises.

    See Also
    --------
    hvp : The Hessian times a vector, for the price of a few gradients.

    References
    ----------
    Griewank and Walther, *Evaluating Derivatives*, 2nd edition, SIAM 2008.

    Examples
    --------
    >>> import numpy as np, tinygrad_reg as tg
    >>> tg.hessian(lambda w: tg.l2(w, lambd=3.0, m=1))(np.ones(2))
    array([[3., 0.],
           [0., 3.]])
    """
    return jacobian(grad(f, argnums), argnums)


def hvp(f: Function, primals: Sequence[Any], tangents: Sequence[Any]) -> Any:
    """The Hessian of `f` times a vector, without the Hessian: forward mode over reverse mode.

    Parameters
    ----------
    f : callable
        Returns a single number.
    primals : tuple or list
        The arguments of `f`: arrays or nested arrays, of any shapes.
    tangents : tuple or list
        The vector: one part for each primal, of the same structure and shapes.

    Returns
    -------
    array or nested arrays
        The product, shaped like the primal; a tuple of such where there are several primals.

    Raises
    ------
    TypeError
        If primals and tangents differ in length or structure, `f` returns something that is not a
        tensor, or a primal is not made of floating arrays.
    ValueError
        If a tangent has another shape than its primal, or `f` returns more than a single number.

    See Also
    --------
    hessian : The whole matrix.
    jvp : The same for the function in place of its gradient.

    References
    ----------
    Pearlmutter, "Fast exact multiplication by the Hessian", *Neural Computation* 6, 1994.

    Examples
    --------
    >>> import numpy as np, tinygrad_reg as tg
    >>> tg.hvp(lambda x: np.sum(x**3), (np.array([1.0, 2.0]),), (np.array([1.0, 0.0]),))
    array([6., 0.])
    """
    check_tuples("hvp", primals=primals, tangents=tangents)
    _, product = jvp(grad(f, range(len(primals))), primals, tangents)
    return product[0] if len(primals) == 1 else product


def check_tuples(asked_for: str, **given: Any) -> None:
    """Raise if primals or tangents do not come as one entry for each argument."""
    for what, entries in given.items():
        if not isinstance(entries, tuple | list):
            raise TypeError(
                f"{asked_for} was given {what} of type {type(entries).__name__}: expected a tuple "
                "with one entry for each argument of the function, such as (x,)"
            )


def positions(argnums: int | Sequence[int]) -> tuple[tuple[int, ...], bool]:
    """`argnums` as a tuple, and whether it was a single number."""
    if isinstance(argnums, int):
        return (argnums,), True
    return tuple(argnums), False
