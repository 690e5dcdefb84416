"""A tensor: an array that remembers the operation that made it.

Data flows one way. An operation on tensors is *recorded* (`record`): its value is computed by
NumPy at once, and the result keeps the rule of the operation and its arguments. That is the
whole graph: tensors pointing at the tensors they were made from. `sweeps.py` walks it.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterator
from itertools import count
from math import inf
from typing import TYPE_CHECKING, Any, NoReturn

import numpy as np

from tinygrad_reg import wording
from tinygrad_reg.modes import Place, switches, thread, users_line, users_place, watch_value

__all__ = ["Rule", "Tensor", "record"]

next_number = count(1).__next__
new_object = object.__new__
FLOAT64 = np.dtype(np.float64)
ARRAYS = (np.ndarray, np.generic)
SEQUENCES = (list, tuple)
NO_KEYWORDS: dict[str, Any] = {}

# The C library gives memory of large arrays back to the system the moment they are freed, and the
# next step of a training loop waits for it to be mapped anew, until one of nearly 32 MB has been
# freed once: from then on it recycles. This one is never touched, so it takes neither.
np.empty(2**25 - 2**16, np.uint8)


class Rule:
    """How one operation is computed and differentiated: its line in the derivative table.

    Attributes
    ----------
    op : callable
        The operation on plain arrays.
    entries : sequence
        One for each differentiable argument. Where `is_local`, the local derivative
        `(y, *args) -> ∂y/∂arg`, or an int where that is constant; else the pullback
        `(cotangent, y, *args) -> cotangent of arg`. None stands for "has no derivative".
    is_linear : bool
        Whether the pullbacks are sums of products of the cotangent and other arguments.
    keeps_axes : bool
        Whether `y` and the cotangent go into `entries` with the reduced axes at length 1.
    push : callable or None
        Forward mode, where it does not follow from local derivatives:
        `(tangents, y, args, kwargs) -> tangent of y`.
    add_into : callable or None
        `(total, cotangent, *args)` adds what the pullback would give to an array, in place, where
        that is mostly zeros.
    domain : tuple of (low, high)
        The open intervals in which it has derivatives: one for each argument, or one for all.
    kinks : dict
        Where it has none, and the subgradient chosen there, in words: `{"x = 0": "0"}`.
    """

    __slots__ = (
        "add_into",
        "arity",
        "domain",
        "entries",
        "is_linear",
        "is_local",
        "keeps_axes",
        "kinks",
        "name",
        "op",
        "push",
    )

    def __init__(
        self,
        op: Callable[..., Any],
        entries: Any,
        *,
        is_local: bool,
        is_linear: bool = False,
        keeps_axes: bool = False,
        push: Callable[..., Any] | None = None,
    ) -> None:
        self.op = op
        self.name: str = getattr(op, "__name__", repr(op)).rstrip("_")
        self.entries = entries
        self.arity = len(entries)
        self.is_local = is_local
        self.is_linear = is_linear
        self.keeps_axes = keeps_axes
        self.push = push
        self.add_into: Callable[..., None] | None = None
        self.domain: tuple[tuple[float, float], ...] = ((-inf, inf),)
        self.kinks: dict[str, str] = {}

    def dtype_for(self, i: int, dtype: Any) -> Any:
        """What a constant argument is brought to: the result's dtype, if derivatives use it."""
        operand = self.is_local and i < self.arity and self.entries[i] is not None
        return dtype if operand else None

    def __repr__(self) -> str:
        return f"<rule of {self.name}>"


# The derivative table: what is recorded as it is, what goes through a function of ours first, and
# what carries no gradient. `derivatives/table.py` fills it; every dispatch below looks here.
rules: dict[Callable[..., Any], Rule] = {}
functions: dict[Callable[..., Any], Callable[..., Any]] = {}
without_gradient: set[Callable[..., Any]] = set()
in_place: dict[Callable[..., Any], str] = {}  # what writes into an array -> what to write instead

ALIAS = Rule(operator.pos, (1,), is_local=True)  # a private copy of a leaf

Method = Callable[..., "Tensor"]


def binary(op: Callable[..., Any]) -> tuple[Method, Method]:
    """The two methods behind an infix operator: tensor on the left, tensor on the right."""

    def method(self: Tensor, other: Any) -> Tensor:
        return record(rules[op], (self, other))

    def reflected(self: Tensor, other: Any) -> Tensor:
        return record(rules[op], (other, self))

    return method, reflected


def comparison(op: Callable[..., Any]) -> Callable[..., Any]:
    """The method behind a comparison of values."""
    return lambda self, other: op(self.current(), plain(other))


class Tensor:
    """An array that remembers how it was made, so that it can be differentiated.

    NumPy's functions and operators take it like an array, and give tensors.

    Parameters
    ----------
    array : array_like
        The values, of any shape, copied. Python numbers become float64.
    requires_grad : bool
        Whether derivatives with respect to this tensor will be asked for. Needs a floating
        dtype.
    name : str, optional
        The learner's name for it, shown in pictures and messages.

    Attributes
    ----------
    grad : array or None
        Of a leaf, the sum of the gradients that `backward` has brought, of the shape and dtype of
        the tensor; None before the first.
    name : str or None
        As it was given; may be set.

    Raises
    ------
    TypeError
        If `requires_grad` is set for an integer, boolean or complex array, the array is one of
        objects, or a tensor that carries gradients.

    See Also
    --------
    tinygrad_reg.grad : Derivatives of functions, without a tensor in sight.

    Examples
    --------
    >>> import numpy as np, tinygrad_reg as tg
    >>> w = tg.Tensor([1.0, -2.0], requires_grad=True, name="w")
    >>> loss = np.sum(w**2)
    >>> loss.backward()
    >>> w.grad
    array([ 2., -4.])
    """

    # value   what the graph reads; never an array that user code can write to
    # source  the user's own array where `value` is a private copy of one
    # shared  whether user code holds `source`, so that every use must copy it first
    # number  position in the order of creation; 0 where no gradient is needed
    # rule, args, kwargs   the operation that made it; `rule` is None for a leaf
    # place   where it was called; set only inside `scope`, and while a function is drawn
    __slots__ = (
        "__weakref__",
        "args",
        "grad",
        "kwargs",
        "name",
        "number",
        "place",
        "rule",
        "shared",
        "source",
        "value",
    )

    value: Any
    rule: Rule | None
    args: tuple[Any, ...]
    kwargs: dict[str, Any]
    number: int
    grad: Any
    name: str | None
    place: Place
    shared: bool
    source: Any

    def __init__(self, array: Any, requires_grad: bool = False, name: str | None = None) -> None:
        if type(array) is Tensor:
            if array.number:
                raise wording.made_twice(array)
            array = array.current()
        self.value = own_array(array, requires_grad, name or "Tensor(...)")
        self.rule = None
        self.args = ()
        self.kwargs = NO_KEYWORDS
        self.number = next_number() if requires_grad else 0
        self.shared = False
        self.source = self.grad = None
        self.name = name

    # -- what NumPy users expect an array to have ------------------------------------------

    @property
    def shape(self) -> tuple[int, ...]:
        """Lengths of the axes."""
        return self.value.shape  # type: ignore[no-any-return]

    @property
    def dtype(self) -> np.dtype[Any]:
        """NumPy's type of the entries."""
        return self.value.dtype  # type: ignore[no-any-return]

    @property
    def ndim(self) -> int:
        """Number of axes."""
        return self.value.ndim  # type: ignore[no-any-return]

    @property
    def size(self) -> int:
        """Number of entries."""
        return self.value.size  # type: ignore[no-any-return]

    @property
    def T(self) -> Tensor:
        """The transpose: all axes in reverse order."""
        return self.transpose()

    @property
    def requires_grad(self) -> bool:
        """Whether operations on this tensor are recorded."""
        return self.number != 0

    @property
    def is_leaf(self) -> bool:
        """Whether it was made by the user and not by an operation."""
        return self.rule is None

    @property
    def data(self) -> Any:
        """The array of values.

        A leaf hands out an array that may be written to (`W.data -= alpha * W.grad`); graphs
        recorded before or after are not disturbed, because they hold copies. The result of an
        operation hands out a read-only view.
        """
        if switches.active and thread.tracer is not None:
            thread.tracer.check_read(self)
        if self.rule is None:
            if not self.shared:
                self.source = self.value.copy()
                self.shared = True
            return self.source
        if type(self.value) is not np.ndarray:
            return self.value
        view = self.value.view()
        view.flags.writeable = False
        return view

    @data.setter
    def data(self, array: Any) -> None:
        if self.rule is not None:
            raise wording.no_new_data(self)
        array = np.asarray(array, dtype=self.dtype)
        if array.shape != self.shape:
            raise wording.another_shape(self, array)
        self.source = array
        self.shared = True

    def current(self) -> Any:
        """The values as they are now; not to be written to."""
        return self.source if self.shared else self.value

    def item(self, *index: Any) -> Any:
        """The only entry, or the one at an index, as a Python number outside of the graph.

        Parameters
        ----------
        *index : int
            Where the entry is, one number for each axis. Not needed for a single entry.

        Returns
        -------
        float, int or bool
            The number.

        Raises
        ------
        ValueError
            If there is no index, and not exactly one entry.
        IndexError
            If there is no such entry.

        Examples
        --------
        >>> import tinygrad_reg as tg
        >>> tg.Tensor([1.0, 2.0]).item(1)
        2.0
        """
        return self.current().item(*index)

    def detach(self) -> Tensor:
        """A new leaf of the same values that carries no gradient.

        Returns
        -------
        Tensor
            Of the same shape and dtype, without a name.

        See Also
        --------
        tinygrad_reg.no_grad : For a block of code.

        Examples
        --------
        >>> import tinygrad_reg as tg
        >>> w = tg.Tensor(3.0, requires_grad=True)
        >>> (w * w.detach()).backward()
        >>> float(w.grad)  # not 6: the second factor is a constant
        3.0
        """
        return Tensor(self.current())

    def zero_grad(self) -> None:
        """Forget the gradient accumulated so far.

        Examples
        --------
        >>> import tinygrad_reg as tg
        >>> w = tg.Tensor(3.0, requires_grad=True)
        >>> (w * w).backward()
        >>> w.zero_grad()
        >>> w.grad is None
        True
        """
        self.grad = None

    # -- operators go straight to the table, without the detour through NumPy's dispatch ------

    __add__, __radd__ = binary(np.add)
    __sub__, __rsub__ = binary(np.subtract)
    __mul__, __rmul__ = binary(np.multiply)
    __truediv__, __rtruediv__ = binary(np.divide)
    __matmul__, __rmatmul__ = binary(np.matmul)
    __pow__, __rpow__ = binary(operator.pow)

    # NumPy's dispatch answers these: a plain array for //, a tensor for %, one of each for divmod.
    def __floordiv__(self, other: Any) -> Any:
        return np.floor_divide(self, other)

    def __rfloordiv__(self, other: Any) -> Any:
        return np.floor_divide(other, self)

    def __mod__(self, other: Any) -> Any:
        return np.remainder(self, other)

    def __rmod__(self, other: Any) -> Any:
        return np.remainder(other, self)

    def __divmod__(self, other: Any) -> Any:
        return np.divmod(self, other)

    def __rdivmod__(self, other: Any) -> Any:
        return np.divmod(other, self)

    def __neg__(self) -> Tensor:
        return record(rules[np.negative], (self,))

    def __pos__(self) -> Tensor:
        return self

    def __abs__(self) -> Tensor:
        return record(rules[np.absolute], (self,))

    def __getitem__(self, index: Any) -> Tensor:
        return functions[operator.getitem](self, index)  # type: ignore[no-any-return]

    # Comparisons give plain arrays: they are constant almost everywhere.
    __lt__ = comparison(operator.lt)
    __le__ = comparison(operator.le)
    __gt__ = comparison(operator.gt)
    __ge__ = comparison(operator.ge)
    __eq__ = comparison(operator.eq)
    __ne__ = comparison(operator.ne)
    __hash__ = object.__hash__

    if TYPE_CHECKING:
        # NumPy's methods, attached by `derivatives/methods.py`; backward, by `sweeps.py`.
        sum: Method
        mean: Method
        var: Method
        std: Method
        prod: Method
        max: Method
        min: Method
        reshape: Method
        ravel: Method
        flatten: Method
        transpose: Method
        swapaxes: Method
        squeeze: Method
        dot: Method
        clip: Method
        copy: Method
        astype: Method
        argmax: Callable[..., Any]
        argmin: Callable[..., Any]
        backward: Callable[..., None]
        _repr_svg_: Callable[..., str | None]  # attached by the package itself

    # -- leaving the graph: on purpose, or with an error -------------------------------------

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> Any:
        if self.number:
            raise wording.becomes_array(self)
        return np.array(self.current(), dtype=dtype, copy=True if copy is None else copy)

    def __float__(self) -> float:
        if self.number:
            raise wording.becomes_float(self)
        return float(self.current())

    def __int__(self) -> int:
        return int(self.current())

    def __bool__(self) -> bool:
        return bool(self.current())

    def __len__(self) -> int:
        return len(self.value)

    def __iter__(self) -> Iterator[Any]:
        if self.ndim == 0:
            raise TypeError(f"{wording.describe(self)} has no axis to iterate over")
        return (self[i] for i in range(len(self)))

    def __setitem__(self, index: Any, new: Any) -> NoReturn:
        raise wording.no_assignment(self)

    def __format__(self, specification: str) -> str:
        return format(self.item(), specification) if specification else repr(self)

    def __repr__(self) -> str:
        values = np.array2string(np.asarray(self.current()), separator=", ", prefix="Tensor(")
        parts = [values]
        if self.dtype != FLOAT64:
            parts.append(f"dtype={self.dtype}")
        if self.rule is not None:
            parts.append(f"from {self.rule.name}")
        elif self.number:
            parts.append("requires_grad=True")
        if self.name is not None:
            parts.append(f"name={self.name!r}")
        return f"Tensor({', '.join(parts)})"

    # -- NumPy's dispatch: np.something(tensor) arrives here ----------------------------------

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, **kwargs: Any) -> Any:
        rule = rules.get(ufunc) if method == "__call__" else None
        if rule is not None and not kwargs:
            return record(rule, inputs)
        name = ufunc.__name__
        name = f"np.{name}" if getattr(np, name, None) is ufunc else name  # or another library's
        if "out" in kwargs or method == "at":
            raise wording.no_writing(name, "a = a + t")
        if method == "__call__":
            if ufunc.signature is not None and ufunc in functions:  # np.vecdot with axis=
                return functions[ufunc](*inputs, **kwargs)
            several = functions.get(ufunc) if ufunc.nout > 1 else None  # results, as of np.modf
            if several is not None and not kwargs:
                return several(*inputs)
            if ufunc in without_gradient:
                return ufunc(*map(plain, inputs), **kwargs)
            if rule is not None or several is not None:
                raise wording.no_such_argument(name, kwargs)
        elif (known := functions.get(getattr(ufunc, method))) is not None:  # np.add.reduce
            return known(*inputs, **{"axis": 0} | kwargs)
        elif ufunc in without_gradient:
            return getattr(ufunc, method)(*map(plain, inputs), **kwargs)
        if method != "__call__":
            name = f"{name}.{method}"
        return without_rule(name, getattr(ufunc, method), inputs, kwargs)

    def __array_function__(self, function: Any, types: Any, args: Any, kwargs: Any) -> Any:
        if kwargs.pop("out", None) is not None or function in in_place:
            name = f"np.{function.__name__}"
            raise wording.no_writing(name, in_place.get(function, f"a = {name}(...)"))
        known = functions.get(function)
        if known is not None:
            return known(*args, **kwargs)
        if function in without_gradient:
            return function(*map(plain, args), **{key: plain(x) for key, x in kwargs.items()})
        name = f"{function.__module__}.{function.__name__}".replace("numpy", "np", 1)
        return without_rule(name, function, args, kwargs)


def record(rule: Rule, args: tuple[Any, ...], kwargs: dict[str, Any] = NO_KEYWORDS) -> Tensor:
    """Compute an operation now, and remember it where one of its arguments needs a gradient.

    Arrays that user code could still write to are copied into the graph, so that a gradient is
    always that of the values that were computed with.
    """
    tracked = foreign = False
    values: list[Any] = []
    for x in args:
        if type(x) is Tensor:
            if x.shared:
                return record(rule, tuple(map(held, args)), kwargs)
            if x.number:
                tracked = True
            else:
                foreign = True
            values.append(x.value)
        elif type(x) is float or type(x) is int:
            values.append(x)
        elif isinstance(x, ARRAYS):
            foreign = True
            values.append(x)
        elif isinstance(x, SEQUENCES) and len(values) < rule.arity:
            operands = [np.array(x) if isinstance(x, SEQUENCES) else x for x in args]
            return record(rule, (*operands[: rule.arity], *args[rule.arity :]), kwargs)
        else:
            values.append(x)
    try:
        if switches.active and thread.tracer is not None:
            value = thread.tracer.call(rule, rule.op, values, kwargs)
        else:
            value = rule.op(*values, **kwargs) if kwargs else rule.op(*values)
    except ValueError as error:
        shapes = ", ".join(str(np.shape(x)) for x in values)
        kind = np.linalg.LinAlgError if isinstance(error, np.linalg.LinAlgError) else ValueError
        raise kind(f"{rule.name} of arguments of shapes {shapes}: {error}") from error
    try:
        dtype = value.dtype
    except AttributeError:
        value = as_result(rule, value)
        dtype = value.dtype
    watching = False
    scopes = None
    if switches.active:
        tracked = tracked and thread.recording
        watching = thread.watching
        scopes = thread.scopes
        if watching:
            watch_value(rule.name, values, value)
    node = new_object(Tensor)
    node.value = value
    node.shared = False
    node.source = node.grad = node.name = None
    if tracked:
        if dtype is not FLOAT64 or kwargs or len(args) > rule.arity:
            check_recordable(rule, args, kwargs, value)
        node.rule = rule
        if foreign:
            args = tuple([held(x, rule.dtype_for(i, dtype)) for i, x in enumerate(args)])
        node.args = args
        node.kwargs = kwargs
        node.number = next_number()
        if watching:
            thread.lines[node.number] = users_line()
        if scopes is not None:
            node.place = users_place(scopes)
    else:
        node.rule = None
        node.args = ()
        node.kwargs = NO_KEYWORDS
        node.number = 0
    return node


def check_recordable(rule: Rule, args: tuple[Any, ...], kwargs: dict[str, Any], value: Any) -> None:
    """Raise where recording an operation would lose a gradient without a word."""
    if value.dtype.kind != "f":
        raise wording.not_real(rule.name, value.dtype)
    for name, x in [*enumerate(args[rule.arity :], rule.arity), *kwargs.items()]:
        if type(x) is Tensor and x.number:
            raise wording.no_derivative(rule.name, name, x)


def leaf(value: Any, number: int = 0, name: str | None = None) -> Tensor:
    """A tensor around an array that nobody else can reach, without checks or copies."""
    node = new_object(Tensor)
    node.value = value
    node.rule = None
    node.args = ()
    node.kwargs = NO_KEYWORDS
    node.number = number
    node.shared = False
    node.source = node.grad = None
    node.name = name
    return node


def alias_of(tensor: Tensor) -> Tensor:
    """A copy of a tensor as it is now, through which gradients flow on to it."""
    copy = leaf(own_copy(tensor.current()), name=tensor.name)
    copy.source = tensor
    if tensor.number and (not switches.active or thread.recording):
        copy.rule = ALIAS
        copy.args = (tensor,)
        copy.number = next_number()
    return copy


def held(x: Any, dtype: Any = None) -> Any:
    """What the graph keeps of an argument: a copy of whatever user code could still change.

    A constant is brought to the given dtype, that of the result: a local derivative computed in
    small integers would wrap around.
    """
    if type(x) is Tensor:
        x = alias_of(x) if x.shared else x
        if x.number or dtype is None or x.dtype == dtype:
            return x
        copy = leaf(x.value.astype(dtype), name=x.name)
        copy.source = x
        return copy
    if isinstance(x, ARRAYS):
        copy = leaf(np.array(x, dtype))
        copy.source = x
        return copy
    return x


def as_result(rule: Rule, value: Any) -> Any:
    """What a user's operation returned, as an array, or an error."""
    array = np.asarray(value)
    if array.dtype.kind not in "fiub":
        raise TypeError(
            f"{rule.name} returned {type(value).__name__}: expected an array of real numbers"
        )
    return array[()]


def own_copy(x: Any) -> Any:
    """A copy of an array that user code can write to; those of other libraries as they are."""
    return np.array(x) if isinstance(x, ARRAYS) else x


def own_array(array: Any, requires_grad: bool, owner: str) -> Any:
    """A copy of `array` that only the graph can reach, of a dtype that suits."""
    if hasattr(array, "__array_function__") and not isinstance(array, ARRAYS):
        # Another array library's speaks NumPy's protocols, and stays as it is.
        return array.as_leaf() if hasattr(array, "as_leaf") else array
    given = np.array(array)
    if isinstance(array, ARRAYS) or given.dtype.kind not in "iu":
        copy = given
    else:
        copy = given.astype(np.float64)  # Python's integers
    if copy.dtype.kind == "O":
        raise TypeError(f"{owner} was given an object array: expected numbers of one shape")
    if requires_grad and copy.dtype.kind != "f":
        raise TypeError(
            f"{owner} was given an array of dtype {copy.dtype}, which has no derivatives: "
            "convert it with array.astype(float) if it is a quantity, or leave it out of what is "
            "differentiated if it is an index, a count or a label"
        )
    return copy


def plain(x: Any) -> Any:
    """An argument without its graph; lists and tuples of tensors as well."""
    if type(x) is Tensor:
        return x.current()
    if type(x) is list or type(x) is tuple:
        return type(x)(map(plain, x))
    return x


def as_plain(x: Any) -> Any:
    """Anything without its graph, as an array; arrays of other libraries as they are."""
    x = plain(x)
    return x if hasattr(x, "__array_function__") else np.asarray(x)


def without_rule(name: str, function: Any, args: Any, kwargs: dict[str, Any]) -> Any:
    """Call a function that is not in the table: on plain values, if no gradient gets lost."""
    given = [*args, *kwargs.values()]
    given += [x for group in given if isinstance(group, list | tuple) for x in group]
    for x in given:
        if type(x) is Tensor and x.number:
            raise wording.no_line(name, x)
    return function(*map(plain, args), **{key: plain(x) for key, x in kwargs.items()})
