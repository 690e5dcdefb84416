"""`compile`: a function as NumPy programs, one for each nesting, shapes and dtypes of arguments."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Sequence
from contextvars import Context, copy_context
from functools import cached_property, update_wrapper
from inspect import Parameter, signature
from types import MethodType
from typing import Any, NamedTuple

import numpy as np

from tinygrad_reg.compiler.calling import caller_of
from tinygrad_reg.compiler.fast import fast
from tinygrad_reg.compiler.graph import Graph, Interface
from tinygrad_reg.compiler.readable import readable
from tinygrad_reg.compiler.simplify import simplify
from tinygrad_reg.compiler.tracing import Traced, name_of, trace
from tinygrad_reg.modes import switches, thread
from tinygrad_reg.tensor import Tensor
from tinygrad_reg.transforms import flatten, young_generation

__all__ = ["CacheInfo", "Program", "compile"]

Function = Callable[..., Any]


class CacheInfo(NamedTuple):
    """How often a program was called with arguments it knew, and what it keeps.

    Attributes
    ----------
    hits : int
        Calls with a nesting, shapes and dtypes that were known.
    misses : int
        Calls with new ones, for which the function was traced.
    maxsize : int
        How many programs are kept at most.
    currsize : int
        How many there are now.
    """

    hits: int
    misses: int
    maxsize: int
    currsize: int


class Static:
    """The place of an argument in a nesting that the program holds for this value of."""

    def __init__(self, value: Any) -> None:
        self.value = value


class Version:
    """The program for one nesting, shapes and dtypes of the arguments."""

    def __init__(self, program: Program, args: Any, kwargs: Any) -> None:
        leaves, tree = flatten((args, kwargs))
        static = [program.is_static(path, x) for path, x in zip(tree.paths(), leaves, strict=True)]
        values = [plain_leaf(x) for x, fixed in zip(leaves, static, strict=True) if not fixed]

        def given(arrays: Sequence[Any]) -> Any:
            rest = iter(arrays)
            return tree.unflatten(
                [x if fixed else next(rest) for x, fixed in zip(leaves, static, strict=True)]
            )

        raw, output_tree = trace(program.function, given, values)
        self.raw = raw
        nested_args, nested_kwargs = given(raw.inputs)
        result = raw.outputs[0] if output_tree is None else output_tree.unflatten(raw.outputs)
        self.call = caller_of(nested_args, nested_kwargs, raw.inputs, result, output_tree)
        self.output_tree = output_tree
        self.name = name_of(program.function)
        self.parameters = program.named(nested_args, nested_kwargs)
        self.pool: list[tuple[Context, Function]] = []

    @cached_property
    def graph(self) -> Graph:
        """What it computes, as a reader wants it."""
        return simplify(self.raw, reading=True)

    @cached_property
    def readable(self) -> Any:
        """The program for readers."""
        outputs, tree = self.graph.outputs, self.output_tree
        result = outputs[0] if tree is None else tree.unflatten(outputs)
        with young_generation:
            return readable(self.graph, Interface(self.name, self.parameters, result))

    @cached_property
    def fast(self) -> Any:
        """The program with its buffers."""
        with young_generation:
            return fast(simplify(self.raw, reading=False))

    def workspace(self) -> tuple[Context, Function]:
        """A program with buffers of its own, and the floating-point settings that it runs with."""
        context = copy_context()
        context.run(np.seterr, all="ignore")
        return context, self.fast.make()

    def run(self, leaves: Sequence[Any]) -> Any:
        """The results for some leaves; None where the engine has to look after them.

        A workspace serves one call at a time: another thread, or a call inside of this one, takes
        another.
        """
        try:
            workspace = self.pool.pop()
        except IndexError:
            workspace = self.workspace()
        try:
            return workspace[0].run(workspace[1], *leaves)
        except ArithmeticError:
            return None
        finally:
            self.pool.append(workspace)


class Program:
    """A function written down as NumPy: called like the function, read as `source`.

    Made by `tinygrad_reg.compile`, one for every nesting, shapes and dtypes of the arguments.
    Several threads may call it at once.

    See Also
    --------
    tinygrad_reg.compile : What makes it, and when it raises.
    tinygrad_reg.draw : The picture of it.

    Examples
    --------
    >>> import numpy as np, tinygrad_reg as tg
    >>> program = tg.compile(tg.grad(lambda w: np.sum(np.sin(w))))
    >>> program(np.zeros(2))
    array([1., 1.])
    >>> "np.cos(w)" in program.source
    True
    """

    def __init__(self, function: Function, static: Sequence[int | str], cache_size: int) -> None:
        self.function = function
        self.static = tuple(static)
        self.versions: OrderedDict[Any, Version] = OrderedDict()
        self.latest: Version | None = None
        self.cache_size = cache_size
        self.hits = self.misses = 0
        self.lock = threading.RLock()
        self.parameters = parameters_of(function)
        self.check_static()
        update_wrapper(self, function, updated=())

    def __call__(self, /, *args: Any, **kwargs: Any) -> Any:
        """What the function returns for these arguments, computed by the program for them.

        Parameters
        ----------
        *args : array or nested arrays
            As the function takes them.
        **kwargs : array or nested arrays
            Arguments by name.

        Returns
        -------
        array or nested arrays
            As the function returns them; new arrays with every call.

        Raises
        ------
        TracingError
            In the first call for these shapes, if the function does what a program cannot repeat.
        TypeError
            If an argument is neither an array of real numbers, nor hashable.
        """
        version = self.latest
        if version is not None and not switches.active:
            leaves = version.call.leaves(args, kwargs)
            if leaves is not None:
                self.hits += 1
                results = version.run(leaves)
                if results is None:
                    return self.function(*args, **kwargs)
                return version.call.result(results)
        return self.look_up(args, kwargs)

    def __get__(self, instance: Any, owner: Any = None) -> Any:
        """A compiled method; the object that it belongs to is static."""
        return self if instance is None else MethodType(self, instance)

    def look_up(self, args: Any, kwargs: Any) -> Any:
        """The call of a version that is not the latest, or is still to be made."""
        leaves, _ = flatten((args, kwargs))
        if any(map(belongs_to_the_engine, leaves)) or (switches.active and thread.watching):
            return self.function(*args, **kwargs)
        version = self.version(args, kwargs)
        found = version.call.leaves(args, kwargs)
        results = None if found is None else version.run(found)
        return self.function(*args, **kwargs) if results is None else version.call.result(results)

    def version(self, args: Any, kwargs: Any) -> Version:
        """The version for some arguments, traced now if it is not known."""
        key = self.key(args, kwargs)
        with self.lock:
            version = self.versions.pop(key, None)
            if version is None:
                self.misses += 1
                version = Version(self, args, kwargs)
            else:
                self.hits += 1
            self.versions[key] = version
            self.latest = version
            while len(self.versions) > self.cache_size:
                self.versions.popitem(last=False)
        return version

    def trace(self, /, *args: Any, **kwargs: Any) -> Program:
        """Write the program for these arguments without running it; returns the program itself.

        Parameters
        ----------
        *args : array or nested arrays
            As the function takes them. Only shapes, dtypes and nesting count.
        **kwargs : array or nested arrays
            Arguments by name.

        Returns
        -------
        Program
            This one, whose `source` now belongs to these arguments.

        Raises
        ------
        TracingError
            If the function does what a program cannot repeat.
        TypeError
            If an argument is neither an array of real numbers, nor hashable.

        Examples
        --------
        >>> import numpy as np, tinygrad_reg as tg
        >>> program = tg.compile(tg.grad(lambda w: np.sum(w**2))).trace(np.ones(3))
        >>> "2 * w" in program.source
        True
        """
        self.version(args, kwargs)
        return self

    def key(self, args: Any, kwargs: Any) -> Any:
        """What a version depends on: nesting, shapes, dtypes, and the values of what is static."""
        leaves, tree = flatten((args, kwargs))
        kinds = []
        for path, x in zip(tree.paths(), leaves, strict=True):
            if not self.is_static(path, x):
                x = plain_leaf(x)
                kinds.append(type(x) if type(x) in (int, float) else (x.shape, x.dtype))
                continue
            try:
                hash(x)
            except TypeError:
                raise TypeError(
                    f"{name_of(self.function)} was given {described(path)} of type "
                    f"{type(x).__name__}, which is neither an array nor hashable: expected arrays, "
                    "numbers, strings, or nested dicts, lists and tuples of them"
                ) from None
            kinds.append((type(x), x))
        return tree, tuple(kinds)

    def is_static(self, path: tuple[Any, ...], x: Any) -> bool:
        """Whether a leaf of the arguments belongs to the key and not to the inputs."""
        in_kwargs, argument = path[0], path[1]
        if argument in self.static:
            return True
        names = [p.name for p in self.parameters]
        if in_kwargs:
            also = names.index(argument) if argument in names else None
        else:
            also = names[argument] if argument < len(names) else None
        if also in self.static:
            return True
        if type(x) in (int, float):
            return False
        return not isinstance(x, np.ndarray | np.generic | Tensor)

    def check_static(self) -> None:
        """Raise where `static` names an argument that there is not."""
        names = [p.name for p in self.parameters]
        any_name = any(p.kind is Parameter.VAR_KEYWORD for p in self.parameters)
        any_number = any(p.kind is Parameter.VAR_POSITIONAL for p in self.parameters)
        for which in self.static:
            known = (
                which in names or any_name
                if isinstance(which, str)
                else (any_number or 0 <= which < len(names))
            )
            if not known and names:
                raise TypeError(
                    f"compile of {name_of(self.function)} was given static={which!r}: expected "
                    f"names or positions of its arguments, which are {', '.join(names)}"
                )

    def named(self, args: Any, kwargs: Any) -> list[tuple[str, Any]]:
        """The arguments by the names of the function's parameters."""
        positional = [
            p.name
            for p in self.parameters
            if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)
        ]
        names = positional[: len(args)]
        names += [f"argument{i}" for i in range(len(names), len(args))]
        return [*zip(names, args, strict=True), *kwargs.items()]

    # -- what there is to read --------------------------------------------------------------------

    def shown(self) -> Version:
        """The version that was called last."""
        if self.latest is None:
            raise ValueError(
                f"the program of {name_of(self.function)} is not written yet, since it depends on "
                "the shapes of the arguments: call it once, or program.trace(*example_arguments)"
            )
        return self.latest

    @property
    def source(self) -> str:
        """The program as a person would write it: a module that runs with NumPy alone.

        A text that belongs to the arguments of the last call; reading it before any call, or
        `trace`, raises ValueError.
        """
        return self.shown().readable.source  # type: ignore[no-any-return]

    @property
    def constants(self) -> dict[str, Any]:
        """Arrays too large to be written out in `source`, whose function takes them by name.

        A dict of arrays; raises as `source` does.
        """
        return dict(self.shown().readable.constants)

    @property
    def fast_source(self) -> str:
        """The program that is run: the same operations with buffers.

        A text; raises as `source` does.
        """
        return self.shown().fast.source  # type: ignore[no-any-return]

    @property
    def graph(self) -> Graph:
        """Forward and backward as one graph, which `tinygrad_reg.draw` draws.

        Raises as `source` does.
        """
        return self.shown().graph

    def cache_info(self) -> CacheInfo:
        """Calls with known and with new nestings, shapes and dtypes; how many are kept.

        Returns
        -------
        CacheInfo
            A tuple of whole numbers: hits, misses, maxsize, currsize.

        Examples
        --------
        >>> import numpy as np, tinygrad_reg as tg
        >>> program = tg.compile(np.square)
        >>> for n in (2, 3, 2):
        ...     y = program(np.ones(n))
        >>> program.cache_info()
        CacheInfo(hits=1, misses=2, maxsize=64, currsize=2)
        """
        return CacheInfo(self.hits, self.misses, self.cache_size, len(self.versions))

    def cache_clear(self) -> None:
        """Forget all versions, and count calls from 0.

        Examples
        --------
        >>> import numpy as np, tinygrad_reg as tg
        >>> program = tg.compile(np.square).trace(np.ones(2))
        >>> program.cache_clear()
        >>> program.cache_info().currsize
        0
        """
        with self.lock:
            self.versions.clear()
            self.latest = None
            self.hits = self.misses = 0

    def __repr__(self) -> str:
        return f"<program of {name_of(self.function)}, {len(self.versions)} traced>"


def compile(  # noqa: A001 (the name is the one people know)
    f: Function, static: int | str | Sequence[int | str] = (), cache_size: int = 64
) -> Program:
    """Write a function down as a straight-line NumPy program, which is then called in its place.

    The function runs once for each nesting, shapes and dtypes of arguments, and every NumPy
    operation in it is remembered: those of derivatives as well, so that the program of
    `value_and_grad(cost)` is forward and backward pass.

    Parameters
    ----------
    f : callable
        Made of NumPy functions and the operations of this package. Derivatives may be taken inside
        or outside, in any nesting: `grad`, `value_and_grad`, `vjp`, `jvp`, `hvp`. Arguments and
        results are arrays and numbers, also nested in dicts, lists and tuples.
    static : names or positions of arguments
        Those that the program is written for: numbers in them may decide a branch or the length
        of a loop, and each value has its own program. Strings, booleans, None and functions
        always are; other Python numbers are inputs, so that a new value needs no new program.
    cache_size : int
        How many programs are kept, at least 1; the one that was not used for longest goes first.

    Returns
    -------
    Program
        Called like `f`. `program.source` is the program to read, `program.fast_source` the one
        that runs, `program.graph` can be drawn.

    Raises
    ------
    TypeError
        If `f` is not a function, or `static` names an argument that there is not; when called, if
        an argument is neither an array of real numbers nor hashable.
    ValueError
        If `cache_size` is less than 1.
    TracingError
        In the first call, if the function does what a program cannot repeat: branch on a value,
        take one out of the trace (`float`, `.item()`, `.data`), draw random numbers, write to a
        variable outside. The message names the line and what to write instead.

    Notes
    -----
    Arrays that the function closes over are copied when it is traced: the program does not see
    later changes. Pass what changes as an argument. Where a result is NaN, or code of the engine
    would take another branch, the function itself is called, whose derivatives are computed with
    more care (0·∞ = 0). Warnings of NumPy about overflow and the like are not given.

    Examples
    --------
    >>> import numpy as np, tinygrad_reg as tg
    >>> def J(w, X, Y, lambd):
    ...     m = X.shape[1]
    ...     E = w @ X - Y
    ...     return np.sum(E**2) / (2 * m) + tg.l2(w, lambd, m)
    >>> program = tg.compile(tg.grad(J))
    >>> X, Y = np.array([[1.0, 2.0]]), np.array([[1.0, 0.0]])
    >>> program(np.array([[2.0]]), X, Y, 1.0)
    array([[5.5]])
    >>> "lambd / m * w" in program.source
    True
    """
    if not callable(f):
        raise TypeError(f"compile was given {type(f).__name__}: expected a function")
    if isinstance(f, Program):
        return f
    if cache_size < 1:
        raise ValueError(f"compile was given cache_size={cache_size}: expected at least 1")
    return Program(f, (static,) if isinstance(static, int | str) else static, cache_size)


def parameters_of(f: Function) -> list[Parameter]:
    """The parameters of a function, as far as Python knows them."""
    try:
        return list(signature(f).parameters.values())
    except (TypeError, ValueError):
        return []


def belongs_to_the_engine(x: Any) -> bool:
    """Whether an argument is being differentiated or traced, or of another array library."""
    if type(x) is Tensor:
        return x.number != 0 or type(x.value) is Traced
    return not isinstance(x, np.ndarray | np.generic) and hasattr(x, "__array_function__")


def plain_leaf(x: Any) -> Any:
    """An argument as an array or number."""
    if type(x) is Tensor:
        x = x.current()
    if isinstance(x, np.ndarray | np.generic) and x.dtype.kind not in "biuf":
        raise TypeError(
            f"a program was given an array of dtype {x.dtype}: expected real numbers. Pass "
            "anything else as a static argument, or convert it"
        )
    return x


def described(path: tuple[Any, ...]) -> str:
    """Where a leaf stands among the arguments."""
    where = f"argument {path[1]!r}" if path[0] else f"argument {path[1]}"
    return where + "".join(f"[{key!r}]" for key in path[2:])
