"""What is looked at while a function runs: the learner's variables, and random draws."""

from __future__ import annotations

import os
import pickle
import random
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from types import FrameType, FunctionType, ModuleType
from typing import Any, NoReturn

import numpy as np

from tinygrad_reg.compiler.places import is_learners, learners_line, line_at
from tinygrad_reg.compiler.tracing.known import Known
from tinygrad_reg.compiler.tracing.traced import Traced
from tinygrad_reg.compiler.tracing.tracer import Tracer
from tinygrad_reg.modes import TracingError
from tinygrad_reg.tensor import Tensor

__all__ = ["watched"]


@contextmanager
def watched(tracer: Tracer) -> Iterator[None]:
    """Find the learner's names, and random draws, while a function runs.

    Where a profiler is running it is left alone, and Python's own random numbers go unnoticed.
    """
    watch = Watch(tracer)
    before = sys.gettrace(), sys.getprofile()
    sys.settrace(watch.enter)
    try:
        yield
        watch.check_generators(watch.left_to_check(), None)
    finally:
        sys.settrace(before[0])
        if before[1] is None:
            sys.setprofile(None)


class Watch:
    """What is looked at while a function runs: variables after every line, and generators.

    Generators of NumPy are looked at as well, since Python does not report calls of their methods:
    one that has moved on has drawn.
    """

    def __init__(self, tracer: Tracer) -> None:
        self.tracer = tracer
        self.states: dict[int, tuple[Any, Any]] = {}  # id of a generator -> it, its state before
        self.remember(np.random.mtrand._rand)
        self.remember(random._inst)

    def called(self, frame: FrameType, event: str, function: Any) -> None:
        """Refuse Python's own random numbers, and fresh ones from the operating system."""
        if event == "c_call":
            owner = getattr(function, "__self__", None)
            drawn = isinstance(owner, random.Random) and function.__name__ in DRAWING
            if drawn or function is os.urandom:
                self.refuse(learners_line())

    def enter(self, frame: FrameType, event: str, argument: Any) -> Any:
        """Follow a frame of the learner's code."""
        if not is_learners(frame.f_code.co_filename):
            return None
        visible = Visible(frame)
        for x in frame.f_code.co_consts:
            if type(x) is int:
                self.tracer.numbers[x] = x  # written in the code: not what a variable holds
        for x in visible.reachable():
            x = getattr(x, "__self__", x)  # a method of a generator
            if isinstance(x, np.random.Generator | np.random.RandomState):
                self.remember(x)
                visible.generators.append(id(x))
            if sys.getprofile() is None and may_draw(x):
                sys.setprofile(self.called)
        if "random" in frame.f_code.co_names:
            visible.generators.append(id(np.random.mtrand._rand))
            if sys.getprofile() is None:
                sys.setprofile(self.called)
        return partial(self.look, visible)

    def look(self, visible: Visible, frame: FrameType, event: str, argument: Any) -> Any:
        """Name what the variables hold now."""
        if event in ("line", "return"):
            if visible.generators:
                self.check_generators(visible.generators, (visible.path, visible.line))
            visible.line = frame.f_lineno
            for name, x in frame.f_locals.items():
                self.see(name, x)
                if type(x) is np.random.Generator and id(x) not in self.states:
                    self.remember(x)
                    visible.generators.append(id(x))
                if event == "return" and type(x) is dict:
                    for key, entry in list(x.items()):
                        if isinstance(key, str):
                            self.see(key, entry)
        if event == "return":
            for name, x in visible.globals_of(frame):
                self.see(name, x)
        return partial(self.look, visible)

    def see(self, name: str, x: Any) -> None:
        """A variable holds a value: if that is part of the trace, it goes by this name."""
        if type(x) is Tensor:
            name, x = x.name or name, x.value
        if type(x) is Traced or isinstance(x, Known):
            node = x.node
        elif type(x) is np.ndarray and id(x) in self.tracer.copied:
            node = self.tracer.copied[id(x)][1]
        else:
            if type(x) is float or (type(x) is int and abs(x) > 2):
                numbers = self.tracer.numbers
                # A variable that holds several numbers, as that of a loop, names none of them.
                numbers[name] = x if numbers.get(name, x) is x else None
            return
        if node.kind != "number" and name not in node.names:
            node.names.append(name)

    def left_to_check(self) -> list[int]:
        """The generators to look at in the end; those of everyone only if nobody else is there."""
        shared = {id(np.random.mtrand._rand), id(random._inst)}
        alone = threading.active_count() == 1
        return [key for key in self.states if alone or key not in shared]

    def remember(self, generator: Any) -> None:
        """Note where a generator stands."""
        if id(generator) not in self.states:
            self.states[id(generator)] = (generator, state_of(generator))

    def check_generators(self, which: list[int], place: tuple[str, int] | None) -> None:
        """Put generators that have moved back, and raise."""
        for generator, state in [self.states[key] for key in which]:
            if state_of(generator) != state:
                put_back(generator, state)
                self.refuse(line_at(place) or "one of the functions called in it")

    def refuse(self, line: str) -> NoReturn:
        """Raise for a random draw; the tracer remembers it, in case somebody catches it."""
        self.tracer.refusal = TracingError(
            f"{line}: it draws random numbers, which the program would repeat in every call. Draw "
            "them outside and pass them as an argument"
        )
        raise self.tracer.refusal


DEEPEST, MOST = 4, 1000  # how far generators are looked for


class Visible:
    """What a frame of the learner's can reach."""

    def __init__(self, frame: FrameType) -> None:
        self.frame_globals = frame.f_globals
        self.names = frame.f_code.co_names
        self.values = list(frame.f_locals.values())
        self.path = frame.f_code.co_filename
        self.line = frame.f_lineno
        self.generators: list[int] = []

    def globals_of(self, frame: FrameType) -> Iterator[tuple[str, Any]]:
        """The global variables that the code of a frame mentions."""
        for name in self.names:
            if name in self.frame_globals:
                yield name, self.frame_globals[name]

    def reachable(self) -> Iterator[Any]:
        """Values of variables, entries of dicts and lists, and attributes of objects in them."""
        level = [*self.values, *(self.frame_globals.get(name) for name in self.names)]
        for _ in range(DEEPEST):
            following: list[Any] = []
            for x in level:
                yield x
                if isinstance(x, dict):
                    following += list(x.values())
                elif isinstance(x, list | tuple):
                    following += x
                elif isinstance(x, partial):
                    following += [x.func, *x.args]
                elif hasattr(x, "__dict__") and not isinstance(x, type | ModuleType | FunctionType):
                    following += list(vars(x).values())
            level = following[:MOST]


def may_draw(x: Any) -> bool:
    """Whether a value is a source of random numbers outside of NumPy's generators."""
    if x is random or isinstance(x, random.Random):
        return True
    if not callable(x):
        return False
    owner, module = getattr(x, "__self__", None), getattr(x, "__module__", None) or ""
    return isinstance(owner, random.Random) or module.startswith(("numpy.random", "secrets"))


DRAWING = {"random", "getrandbits", "randbytes"}


def state_of(generator: Any) -> bytes:
    """Where a generator stands, as something to compare."""
    if isinstance(generator, random.Random):
        return pickle.dumps(generator.getstate())
    if isinstance(generator, np.random.RandomState):
        return pickle.dumps(generator.get_state(legacy=False))
    return pickle.dumps(generator.bit_generator.state)


def put_back(generator: Any, state: bytes) -> None:
    """Let a generator stand where it stood."""
    if isinstance(generator, random.Random):
        generator.setstate(pickle.loads(state))
    elif isinstance(generator, np.random.RandomState):
        generator.set_state(pickle.loads(state))
    else:
        generator.bit_generator.state = pickle.loads(state)
