"""What is noted while a function runs to be drawn: whose code is running, and which sweep.

The observer takes the place that the compiler's tracer takes, and runs everything as the engine
would. It keeps a diary: whenever something starts or ends it writes down the number that the next
tensor will have. Tensors are numbered in the order they were made, so the diary tells of each what
was going on when it was made.
"""

from __future__ import annotations

import sys
import sysconfig
from bisect import bisect_right
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from inspect import CO_ASYNC_GENERATOR, CO_COROUTINE, CO_GENERATOR
from os import sep
from types import CodeType, FrameType, FunctionType
from typing import Any, NamedTuple

import numpy as np

from tinygrad_reg.derivatives import losses, networks
from tinygrad_reg.modes import NUMPY, PACKAGE, AnomalyError, Scope, next_serial, switched, thread
from tinygrad_reg.sweeps import push_with_care
from tinygrad_reg.tensor import ALIAS, Rule, Tensor, next_number
from tinygrad_reg.transforms import Trace

__all__ = ["Call", "Moment", "Observer", "Sweep", "watched"]

INSTALLED = sorted({sysconfig.get_paths()[kind] + sep for kind in ("platlib", "purelib", "stdlib")})
NOT_THE_USERS = (PACKAGE, NUMPY, "<frozen", "<__array_function__", *INSTALLED)
ENGINE = (PACKAGE + "tensor.py", PACKAGE + "derivatives" + sep, NUMPY, __file__)
COMPOSITES: dict[CodeType, str] = {
    function.__code__: name
    for module in (losses, networks)
    for name in module.__all__
    if isinstance(function := getattr(module, name), FunctionType)
    and function.__code__.co_filename == module.__file__
}  # functions of this package that are recorded as several operations
PAUSES = CO_GENERATOR | CO_COROUTINE | CO_ASYNC_GENERATOR

Variables = Mapping[str, Any]


class Call(NamedTuple):
    """A call of one of the user's functions, and how many `tg.scope` blocks were around it."""

    scope: Scope
    depth: int


class Sweep:
    """One sweep of the engine: `kind` is "backward" or "tangent".

    `arrived` holds each tensor that it came to, with its cotangent or tangent.
    """

    __slots__ = ("arrived", "kind")

    def __init__(self, kind: str) -> None:
        self.kind = kind
        self.arrived: list[tuple[Tensor, Any]] = []

    def derived(self) -> list[Tensor]:
        """What is differentiated: of what it came to, the tensors that no other was made from."""
        used = {id(x) for tensor, _ in self.arrived for x in tensor.args}
        return [x for x, _ in self.arrived if id(x) not in used and x.rule not in (None, ALIAS)]


class Moment:
    """What is going on: in a sweep, `node` is the tensor whose rule runs or has just run.

    `in_rule` tells what the rule itself makes from sums of contributions.
    """

    __slots__ = ("calls", "in_rule", "node", "sweep")

    def __init__(
        self,
        sweep: Sweep | None = None,
        node: Tensor | None = None,
        in_rule: bool = False,
        calls: tuple[Call, ...] = (),
    ) -> None:
        self.sweep = sweep
        self.node = node
        self.in_rule = in_rule
        self.calls = calls


class Observer:
    """Looks on while a function runs, and changes nothing.

    Attributes
    ----------
    sweeps : list of Sweep
        All sweeps that recorded anything, in the order in which they began.
    scopes : list of dict
        The variables of functions that have returned, the last one last.
    ours : set of int
        The serial numbers of the calls of this package's own functions.
    contributions : dict
        By the `id` of an array that a pullback has made: the array, and the tensor pulled back.
    local_derivatives : dict
        By the `id` of an array that is a local derivative: it, the tensor, the entry of its rule.
    """

    def __init__(self) -> None:
        self.sweeps: list[Sweep] = []
        self.scopes: list[Variables] = []
        self.ours: set[int] = set()
        self.contributions: dict[int, tuple[Any, Tensor]] = {}
        self.local_derivatives: dict[int, tuple[Any, Tensor, Any]] = {}
        self.numbers: list[int] = []  # the diary: from this number on
        self.moments: list[Moment] = []  # this is going on
        self.now = Moment()
        self.unclaimed: list[Moment] = []  # of a tangent that has not arrived yet
        self.running = 0  # sweeps that run inside of each other
        self.recording = False
        self.quick = True
        self.frames: list[tuple[FrameType, tuple[Call, ...]]] = []
        self.titles: dict[CodeType, str | None] = {}
        self.bindings: dict[int, Bindings] = {}  # by the `id` of a frame that runs
        self.turn()

    def __bool__(self) -> bool:
        """False: the sweeps need not take anything apart for it, as they do for a program."""
        return False

    # -- the diary --------------------------------------------------------------------------------

    def turn(self, **changes: Any) -> None:
        """Open a new page: from here on, something else is going on."""
        before = self.now
        self.now = Moment(before.sweep, before.node, before.in_rule, before.calls)
        for name, x in changes.items():
            setattr(self.now, name, x)
        number = next_number()
        if self.numbers and self.numbers[-1] == number - 1:  # nothing stands on the last page
            self.numbers[-1] = number
            self.moments[-1] = self.now
        else:
            self.numbers.append(number)
            self.moments.append(self.now)
        if self.now.sweep is not None and self.now.sweep.kind == "tangent":
            self.unclaimed.append(self.now)

    def moment_of(self, tensor: Tensor) -> Moment | None:
        """What was going on when a tensor was recorded; None if it was before."""
        i = bisect_right(self.numbers, tensor.number)
        return self.moments[i - 1] if i else None

    # -- called by the engine ---------------------------------------------------------------------

    def call(self, rule: Rule | None, function: Any, args: Any, kwargs: dict[str, Any]) -> Any:
        """Run an operation."""
        if self.sweeps and not self.running:
            # What is put together from the results of sweeps belongs to the last one.
            sweep = self.sweeps[-1] if asked_by_transform() else None
            if self.now.sweep is not sweep:
                self.turn(sweep=sweep, node=None)
        return function(*args, **kwargs) if kwargs else function(*args)

    def sweep(self, sweep: Any, recording: bool, outside: type[Exception]) -> Any:
        """Run a sweep, and once more with care where that is needed, as `sweeps.carefully` does."""
        before, unclaimed = self.now, self.unclaimed
        flags = self.recording, self.quick
        self.running += 1
        self.quick = True
        self.recording = recording
        try:
            while True:
                begun = len(self.sweeps)
                try:
                    with np.errstate(all="ignore", invalid="raise" if self.quick else "ignore"):
                        return sweep(self.recording, self.quick)
                except outside:
                    self.recording = True
                except FloatingPointError as error:
                    if not self.quick or isinstance(error, AnomalyError):
                        raise
                    self.quick = False
                del self.sweeps[begun:]
        finally:
            self.running -= 1
            self.recording, self.quick = flags
            self.unclaimed = unclaimed
            self.turn(sweep=before.sweep, node=before.node, in_rule=before.in_rule)

    def begin(self, kind: str, seeds: list[tuple[Tensor, Any]]) -> list[tuple[Tensor, Any]]:
        """Told by a sweep that it starts."""
        self.unclaimed = []
        if self.recording:
            self.sweeps.append(Sweep(kind))
            self.turn(sweep=self.sweeps[-1], node=None, in_rule=False)
            if kind == "tangent":
                self.sweeps[-1].arrived += seeds
        return seeds

    def arrived(self, tensor: Tensor, relation: str, derivative: Any) -> None:
        """Told by a sweep: this is the cotangent (or tangent) of that tensor.

        The cotangent arrives before the rule runs, the tangent after.
        """
        if not self.recording or self.now.sweep is None:
            return
        self.now.sweep.arrived.append((tensor, derivative))
        if relation == "tangent":
            for moment in self.unclaimed:
                moment.node = tensor
            self.unclaimed = []
            self.turn(node=None)
        else:
            self.turn(node=tensor)

    def rule(self, rule: Rule, entry: Any) -> Any:
        """A rule that runs as it is, between two pages of the diary."""
        node = self.now.node

        def noted(*args: Any, **kwargs: Any) -> Any:
            result = self.inside(entry, args, kwargs)
            if node is not None and type(result) is not Tensor:
                if rule.is_local:
                    self.local_derivatives[id(result)] = (result, node, entry)
                else:
                    self.contributions[id(result)] = (result, node)
            return result

        return noted if self.recording else entry

    def push(self, rule: Rule, given: Any, y: Any, xs: Any, kwargs: dict[str, Any]) -> Any:
        """Run a pushforward."""
        if self.quick or not rule.is_linear:
            return self.inside(rule.push, (given, y, xs, kwargs), {})
        return self.inside(push_with_care, (rule, given, y, xs, kwargs), {})

    def inside(self, function: Any, args: Any, kwargs: dict[str, Any]) -> Any:
        """Run a rule."""
        before = self.now.in_rule
        self.turn(in_rule=True)
        try:
            return function(*args, **kwargs)
        finally:
            self.turn(in_rule=before)

    def check_read(self, tensor: Tensor) -> None:
        """Told where `.data` of a tensor is read: that is allowed."""

    # -- called by Python -------------------------------------------------------------------------

    def look(self, frame: FrameType, event: str, _: Any) -> None:
        """A function is called, or returns."""
        if event == "call":
            self.enter(frame)
        elif event == "return":
            self.leave(frame)

    def enter(self, frame: FrameType) -> None:
        """A function is called: one of the user's own opens a group, except for the outermost.

        So does one of this package that takes several operations, unless another such calls it.
        """
        title = self.title_of(frame)
        is_ours = frame.f_code in COMPOSITES
        if title is None or (is_ours and self.frames and self.frames[-1][0].f_code in COMPOSITES):
            return
        before = self.now.calls
        is_outermost = not self.frames
        self.frames.append((frame, before))
        if title and not is_outermost and not self.running:
            call = Call(Scope(title, next_serial(), is_call=True), len(thread.scopes or ()))
            if is_ours:
                self.ours.add(call.scope.serial)
            self.turn(calls=(*before, call))

    def leave(self, frame: FrameType) -> None:
        """A function returns, pauses or fails: what its variables hold goes by their names."""
        if self.frames and self.frames[-1][0] is frame:
            bindings = self.bindings.pop(id(frame), None)
            if not self.running and frame.f_code not in COMPOSITES:
                variables = dict(frame.f_locals)
                if bindings is not None:
                    bindings.look(variables)
                    variables = bindings.numbered(variables)
                self.scopes += (frame.f_globals, variables)
            _, before = self.frames.pop()
            if before is not self.now.calls:
                self.turn(calls=before)

    def follow(self, frame: FrameType, event: str, _: Any) -> Any:
        """A function is called: of the user's own, every line is followed."""
        code = frame.f_code
        if self.running or code in COMPOSITES or code.co_flags & PAUSES:
            return None
        if self.title_of(frame) is None:
            return None
        bindings = self.bindings[id(frame)] = Bindings()

        def line(frame: FrameType, event: str, _: Any) -> Any:
            if event == "line":
                bindings.look(frame.f_locals)
            return line

        return line

    def title_of(self, frame: FrameType) -> str | None:
        """What a call of a function is called: None if it is not the user's, empty if it has no
        name of its own or pauses.
        """
        code = frame.f_code
        if code not in self.titles:
            self.titles[code] = COMPOSITES.get(code)
            made_by_python = frame.f_globals.get("__name__", "").startswith("namedtuple_")
            if not code.co_filename.startswith(NOT_THE_USERS) and not made_by_python:
                has_no_name = code.co_name.startswith("<") or code.co_flags & PAUSES
                self.titles[code] = "" if has_no_name else readable(code.co_qualname)
        return self.titles[code]


class Bindings:
    """Which tensors the variables of a function have held while it ran."""

    def __init__(self) -> None:
        self.held: dict[str, Tensor] = {}  # now
        self.first: dict[int, tuple[str, Tensor]] = {}  # by `id`: the first variable that held it

    def look(self, variables: Variables) -> None:
        """Note what variables hold now."""
        for name, x in variables.items():
            if type(x) is Tensor and self.held.get(name) is not x:
                self.held[name] = x
                self.first.setdefault(id(x), (name, x))

    def numbered(self, variables: dict[str, Any]) -> dict[str, Any]:
        """The variables, with Z1, Z2, … for a Z that has held several tensors.

        Those that have a name of their own, or are kept in a dict, go by that.
        """
        kept = {
            id(x): key
            for entries in variables.values()
            if type(entries) is dict
            for key, x in entries.items()
            if type(x) is Tensor and isinstance(key, str)
        }
        of_name: dict[str, list[Tensor]] = {}
        for key, (name, x) in self.first.items():
            if key not in kept and (x.name or name) == name:
                of_name.setdefault(name, []).append(x)
        taken = {*variables, *kept.values()}
        for name, tensors in of_name.items():
            if len(tensors) == 1 and variables.get(name, tensors[0]) is tensors[0]:
                variables[name] = tensors[0]
                continue
            numbers = range(1, len(tensors) + 1)
            mark = "_" if any(f"{name}{i}" in taken for i in numbers) else ""
            if type(variables.get(name)) is Tensor:
                del variables[name]
            variables |= {f"{name}{mark}{i}": x for i, x in zip(numbers, tensors, strict=True)}
        return variables


def readable(qualified: str) -> str:
    """The name of a function: with its class, of a method; the class alone, of `__call__`."""
    *_, name = qualified.split("<locals>.")
    return name.removesuffix(".__call__")


def asked_by_transform() -> bool:
    """Whether an operation is run by one of the transforms itself, to put results together."""
    frame: FrameType | None = sys._getframe(1)
    while frame is not None and frame.f_code.co_filename.startswith(ENGINE):
        frame = frame.f_back
    if frame is None or frame.f_globals.get("__name__") != Trace.__module__:
        return False
    return frame.f_code is not Trace.__init__.__code__  # where the user's function is run


@contextmanager
def watched() -> Iterator[Observer]:
    """Look on while the block runs, and record everything in it.

    Where a profiler is running it is left alone, and neither names nor calls are noted. Where a
    debugger is, a variable that holds several tensors names only the last one.
    """
    observer = Observer()
    with switched(recording=True, scopes=(), tracer=observer):
        if sys.getprofile() is not None:
            yield observer
            return
        follow = observer.follow if sys.gettrace() is None else None
        look = observer.look
        sys.setprofile(look)
        if follow is not None:
            sys.settrace(follow)
        try:
            yield observer
        finally:
            if sys.getprofile() == look:
                sys.setprofile(None)
            if follow is not None and sys.gettrace() is follow:
                sys.settrace(None)
