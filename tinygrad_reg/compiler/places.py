"""Whose code is running: the learner's, the engine's, or a library's."""

from __future__ import annotations

import linecache
import os
import sys
import sysconfig
from functools import lru_cache
from types import FrameType

from tinygrad_reg.modes import NUMPY, PACKAGE

__all__ = [
    "asked_by_engine",
    "in_engine",
    "is_learners",
    "learners_line",
    "learners_place",
    "line_at",
]

ENGINE = tuple(
    PACKAGE + part
    for part in (
        "derivatives", "tensor.py", "sweeps.py", "transforms.py", "zeros.py", "modes.py",
        "wording.py", "compiler", "testing",
    )
)  # fmt: skip
INSTALLED = {sysconfig.get_paths()[kind] + os.sep for kind in ("platlib", "purelib")}
LIBRARIES = (
    NUMPY,
    *[folder + name + os.sep for folder in INSTALLED for name in ("numpy", "scipy", "optree")],
    "<frozen",
)
PYTHON = sysconfig.get_paths()["stdlib"] + os.sep
COMPILER = PACKAGE + "compiler"
# Functions of the engine that take a value for whoever calls them.
TENSOR = PACKAGE + "tensor.py"
INDEXING, METHODS = (
    PACKAGE + os.path.join("derivatives", f"{name}.py") for name in ("indexing", "methods")
)
DOORS = {
    (TENSOR, name)
    for name in ("__bool__", "__float__", "__int__", "__format__", "__getitem__", "item")
} | {(INDEXING, name) for name in ("getitem", "part_of_index", "<listcomp>")}


@lru_cache(maxsize=10_000)
def is_learners(path: str) -> bool:
    """Whether a file is one that the learner has written, or installed."""
    if path.startswith((*ENGINE, *LIBRARIES)):
        return False
    return not path.startswith(PYTHON) or path.startswith(tuple(INSTALLED))


def in_engine(depth: int, *others: str) -> bool:
    """Whether the frame at a depth is the engine's own code, or in one of some other folders.

    A method of Tensor that takes a value, or an index, counts as the code that calls it.
    """
    frame: FrameType | None = sys._getframe(depth + 1)
    while frame is not None:
        path = frame.f_code.co_filename
        if path == METHODS or (path, frame.f_code.co_name) in DOORS:
            frame = frame.f_back
            continue
        return path.startswith((*ENGINE, *others))
    return False


def asked_by_engine() -> bool:
    """Whether the code that uses a traced array right now is the engine's own."""
    frame: FrameType | None = sys._getframe(1)
    while frame is not None:
        path = frame.f_code.co_filename
        passed_on = path == METHODS or (path, frame.f_code.co_name) in DOORS
        if not passed_on and not path.startswith(COMPILER):
            if path.startswith(ENGINE):
                return True
            if is_learners(path):
                return False
        frame = frame.f_back
    return False


def learners_place() -> tuple[str, int]:
    """The file and line of the learner's innermost code that is running now."""
    frame: FrameType = sys._getframe(1)
    while frame.f_back is not None and not is_learners(frame.f_code.co_filename):
        frame = frame.f_back
    return frame.f_code.co_filename, frame.f_lineno


def learners_line() -> str:
    """The same in words."""
    return line_at(learners_place())


def line_at(place: tuple[str, int] | None) -> str:
    """A file and line in words, with what is written there."""
    if place is None:
        return ""
    text = linecache.getline(*place).strip().removesuffix(":")  # sentences go on with a colon
    return f"{place[0]}, line {place[1]}" + (f": {text}" if text else "")
