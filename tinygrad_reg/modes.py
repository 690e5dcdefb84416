"""Switches for a block of code: record nothing (`no_grad`), find a NaN (`detect_anomaly`), group
operations (`scope`).
"""

from __future__ import annotations

import linecache
import os
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from types import FrameType
from typing import Any, NamedTuple

import numpy as np

__all__ = ["AnomalyError", "Place", "Scope", "TracingError", "detect_anomaly", "no_grad", "scope"]

PACKAGE = os.path.dirname(os.path.abspath(__file__)) + os.sep
NUMPY = os.path.dirname(os.path.abspath(np.__file__)) + os.sep


class AnomalyError(FloatingPointError):
    """The first NaN or infinity inside `detect_anomaly`, with the operation that made it.

    See Also
    --------
    detect_anomaly : The block that raises it.

    Examples
    --------
    >>> import numpy as np
    >>> import tinygrad_reg as tg
    >>> x = tg.Tensor([1.0, 0.0], requires_grad=True, name="x")
    >>> with np.errstate(divide="ignore"), tg.detect_anomaly():
    ...     np.log(x)
    Traceback (most recent call last):
    tinygrad_reg.modes.AnomalyError: log made -inf at entry (1,) of its result ...
    """


class TracingError(TypeError):
    """A function that is compiled does something that a program could not repeat.

    The message names the line, and says how to write it instead.

    See Also
    --------
    compile : Whose first call raises it.

    Examples
    --------
    >>> import numpy as np
    >>> import tinygrad_reg as tg
    >>> def f(x):
    ...     return x if x > 0 else -x
    >>> tg.compile(f)(np.array(1.0))
    Traceback (most recent call last):
    tinygrad_reg.modes.TracingError: ...
    """


class Scope(NamedTuple):
    """A group that operations belong to: a `scope` block, or a call of a function.

    `serial` tells apart two of one name.
    """

    name: str
    serial: int
    is_call: bool = False


class Place(NamedTuple):
    """Where an operation was called: the groups around it, outermost first, and the line."""

    scopes: tuple[Scope, ...]
    path: str
    line: int


next_serial = count(1).__next__


class Thread(threading.local):
    """The switches as the running thread has set them."""

    recording = True
    watching = False
    scopes: tuple[Scope, ...] | None = None  # None: operations do not note where they were called
    tracer: Any = None  # what operations and rules are called through while a function is compiled

    def __init__(self) -> None:
        self.blocks: list[dict[str, Any]] = []  # what each block that is open has set
        self.lines: dict[int, str] = {}  # number of a watched tensor -> the line that made it


class Switches:
    """How many blocks are active in all threads: 0 spares every operation a look at the thread."""

    active = 0
    lock = threading.Lock()


thread = Thread()
switches = Switches()


@contextmanager
def switched(**settings: Any) -> Iterator[None]:
    """Set switches of this thread for the time of a block.

    What counts is the block entered last among those that have not ended: blocks inside of
    generators may end in another order than they began.
    """
    with switches.lock:
        switches.active += 1
    thread.blocks.append(settings)
    vars(thread).update(settings)
    try:
        yield
    finally:
        thread.blocks[:] = [block for block in thread.blocks if block is not settings]
        for name in settings:
            others = [block[name] for block in thread.blocks if name in block]
            setattr(thread, name, others[-1] if others else getattr(Thread, name))
        with switches.lock:
            switches.active -= 1


def no_grad() -> Any:
    """Record nothing inside the block: results carry no gradient and keep no parents.

    For this thread only. Derivatives that are asked for inside, by `grad` and the like, are
    computed all the same.

    Returns
    -------
    context manager
        To be used as `with tg.no_grad(): ...`.

    See Also
    --------
    Tensor.detach : For one tensor.

    Examples
    --------
    >>> import tinygrad_reg as tg
    >>> w = tg.Tensor(2.0, requires_grad=True)
    >>> with tg.no_grad():
    ...     y = w * w
    >>> y.requires_grad
    False
    """
    return switched(recording=False)


@contextmanager
def scope(name: str) -> Iterator[None]:
    """Group the operations recorded inside the block, under a name that pictures show.

    Blocks may stand inside of each other. Two blocks of one name are two groups. Operations inside
    remember the line that called them.

    Parameters
    ----------
    name : str
        What the group is called.

    Raises
    ------
    TypeError
        If the name is not a string.

    See Also
    --------
    draw : The picture.

    Examples
    --------
    >>> import numpy as np, tinygrad_reg as tg
    >>> W = tg.Tensor([[1.0, 2.0]], requires_grad=True, name="W")
    >>> with tg.scope("layer 1"):
    ...     A = np.tanh(W @ [[1.0], [0.5]])
    >>> "layer 1" in tg.draw(A).source
    True
    """
    if not isinstance(name, str):
        raise TypeError(
            f"scope was given {name!r} of type {type(name).__name__}: expected a name, such as "
            "'layer 1'"
        )
    with switched(scopes=(*(thread.scopes or ()), Scope(name, next_serial()))):
        yield


@contextmanager
def detect_anomaly() -> Iterator[None]:
    """Raise at the first NaN or infinity, naming its operation and the line that made it.

    Looks at every value computed inside the block, and at every cotangent where the reverse sweep
    is inside it as well. Costs one more pass over every array.

    Raises
    ------
    AnomalyError
        With the operation, the shapes, the line of the user's code, and whether the operation
        made the NaN or was given it.

    See Also
    --------
    numpy.errstate : NumPy's own warnings, which tell of values but not of cotangents.

    Examples
    --------
    >>> import numpy as np, tinygrad_reg as tg
    >>> x = tg.Tensor([1.0, 0.0], requires_grad=True, name="x")
    >>> with np.errstate(all="ignore"), tg.detect_anomaly():
    ...     y = np.log(x)  # doctest: +IGNORE_EXCEPTION_DETAIL
    Traceback (most recent call last):
    AnomalyError: log made -inf at entry (1,) ...
    """
    with switched(watching=True):
        try:
            yield
        finally:
            thread.lines.clear()


def first_anomaly(array: Any) -> str | None:
    """The first NaN or infinity of an array in words, or None."""
    array = np.asarray(array)
    if array.dtype.kind not in "fc":
        return None
    wrong = ~np.isfinite(array)
    if not wrong.any():
        return None
    entry = tuple(int(i) for i in np.argwhere(wrong)[0])
    return f"{array[entry]}" + (f" at entry {entry}" if entry else "")


def watch_value(name: str, values: list[Any], value: Any) -> None:
    """Raise if an operation was given, or has made, a value that is not finite."""
    line = users_line()
    for position, given in enumerate(values):
        if type(given) is np.ndarray and (found := first_anomaly(given)):
            raise AnomalyError(
                f"{name} was given {found} of its argument {position} (of shape {given.shape}), "
                f"at {line}. It comes from the data or a parameter: look for it there"
            )
    if found := first_anomaly(value):
        given_shapes = ", ".join(str(np.shape(x)) for x in values)
        raise AnomalyError(
            f"{name} made {found} of its result, from arguments of shapes {given_shapes}, at {line}"
        )


def watch_cotangent(name: str, number: int, argument: int, cotangent: Any) -> None:
    """Raise if the rule of an operation has made a cotangent that is not finite."""
    if found := first_anomaly(cotangent):
        line = thread.lines.get(number, "a line outside of the detect_anomaly block")
        raise AnomalyError(
            f"the reverse sweep made {found} of the cotangent of argument {argument} of {name}, "
            f"whose value was computed at {line}"
        )


def users_frame() -> FrameType:
    """The innermost frame of code outside of this package and NumPy that is running now."""
    frame = sys._getframe(1)
    while frame.f_back and frame.f_code.co_filename.startswith((PACKAGE, NUMPY)):
        frame = frame.f_back
    return frame


def users_line() -> str:
    """The line of the user's code that is running now, in words."""
    frame = users_frame()
    path, line = frame.f_code.co_filename, frame.f_lineno
    text = linecache.getline(path, line).strip()
    return f"{path}, line {line}" + (f": {text}" if text else "")


def users_place(scopes: tuple[Scope, ...]) -> Place:
    """The line of the user's code that is running now, with the groups around it."""
    frame = users_frame()
    return Place(scopes, frame.f_code.co_filename, frame.f_lineno)
