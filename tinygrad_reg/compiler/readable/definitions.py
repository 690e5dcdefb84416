"""What the functions that a program calls are called there: NumPy's by name, others defined.

A function of this package, or of the learner's, is written into the program together with what it
uses, as long as that is plain NumPy. Where it is not, the program imports it, and says so.
"""

from __future__ import annotations

import builtins
import inspect
import sys
from importlib import import_module
from types import FunctionType, ModuleType
from typing import Any

import numpy as np

from tinygrad_reg import tensor
from tinygrad_reg.compiler.readable.names import Namespace, identifier
from tinygrad_reg.compiler.readable.sources import NotPlainError, Source, namespace_of, value_text

__all__ = ["Definitions", "UnreadableError", "library_name"]

NUMPY_MODULES = ((np, "np"), (np.linalg, "np.linalg"), (np.fft, "np.fft"))
NUMPY = "import numpy as np"


class UnreadableError(TypeError):
    """A program does something that cannot be written down in a module of its own."""


def library_name(function: Any) -> tuple[str, str] | None:
    """A function of a library: the import it needs, and what it is called then."""
    owner, name = getattr(function, "__self__", None), getattr(function, "__name__", "")
    if isinstance(owner, np.ufunc):
        whose = library_name(owner)
        return None if whose is None else (whose[0], f"{whose[1]}.{name}")
    if function is np.absolute:
        name = "abs"
    for module, text in NUMPY_MODULES:
        if getattr(module, name, None) is function:
            return NUMPY, f"{text}.{name}"
    home = getattr(function, "__module__", None)
    if isinstance(function, np.ufunc) and home in (None, "builtins", "numpy"):
        home = "scipy.special._ufuncs"
    return by_path(function, (home or "").lstrip("_"), name)


def by_path(function: Any, home: str, name: str) -> tuple[str, str] | None:
    """The same for a function that is looked for in modules, public ones first."""
    parts = home.split(".")
    public = [part for part in parts if not part.startswith("_")]
    if parts[0] not in ("numpy", "scipy") and parts[0] not in sys.stdlib_module_names:
        return None
    for path in [public[:n] for n in range(len(public), 0, -1)] + [parts]:
        try:
            module = import_module(".".join(path))
        except ImportError:
            continue
        found = getattr(module, name, None)
        if found is function or (found is not None and of_scipy(function)):
            if path[0] == "numpy":
                return NUMPY, ".".join(["np", *path[1:], name])
            if len(path) == 1:
                return f"import {path[0]}", f"{path[0]}.{name}"
            return f"from {'.'.join(path[:-1])} import {path[-1]}", f"{path[-1]}.{name}"
    return None


def of_scipy(function: Any) -> bool:
    """Whether SciPy has written a function, which the engine may have made a copy of."""
    home = getattr(function, "__globals__", {}).get("__name__", "")
    return str(home).startswith("scipy.")


class Definitions:
    """The functions that a program needs.

    Parameters
    ----------
    namespace : Namespace
        With the names that are taken.
    program : str
        What the program's own function is called.

    Attributes
    ----------
    imports : list of str
        Lines that import them.
    texts : list of str
        Their definitions, each after those it uses.
    """

    def __init__(self, namespace: Namespace, program: str) -> None:
        self.namespace = namespace
        self.program = program
        self.names: dict[int, tuple[Any, str]] = {}  # by id, with the function to keep it alive
        self.values: dict[tuple[str, str], str] = {}
        self.imports = [NUMPY]
        self.texts: list[str] = []

    def name_of(self, function: Any) -> str:
        """What a function is called in the program, which defines it from now on."""
        known = self.names.get(id(function))
        if known is not None:
            return known[1]
        library = library_name(function)
        if library is not None:
            return self.keep(function, self.name_in_library(library))
        before = (
            dict(self.names), dict(self.values), list(self.imports), list(self.texts),
            set(self.namespace.taken),
        )  # fmt: skip
        try:
            return self.defined(function)
        except NotPlainError:
            self.names, self.values, self.imports, self.texts, self.namespace.taken = before
        return self.keep(function, self.imported(function))

    def keep(self, function: Any, name: str) -> str:
        """Remember what a function is called."""
        self.names[id(function)] = (function, name)
        return name

    def import_line(self, line: str) -> None:
        """Add an import."""
        if line not in self.imports:
            self.imports.append(line)

    def name_in_library(self, library: tuple[str, str]) -> str:
        """What a function of a library is called, which is imported from now on."""
        line, name = library
        if name.split(".")[0] == self.program:  # which would hide the module
            raise NotPlainError
        self.import_line(line)
        self.namespace.taken.add(name.split(".")[0])
        return name

    # -- definitions ------------------------------------------------------------------------------

    def defined(self, function: Any) -> str:
        """Write a function down with all that it uses."""
        known = self.names.get(id(function))
        if known is not None:
            return known[1]
        if function is tensor.plain:
            return self.identity(function)
        original = inspect.unwrap(function)
        source = Source(original)
        wanted = "function" if "<" in original.__name__ else identifier(original.__name__)
        name = self.keep(function, self.namespace.claim(wanted))
        outside = namespace_of(original)
        for node in source.outside_names():
            source.rename(node, self.name_of_outside(node.id, outside))
        self.texts.append(source.named(name))
        return name

    def identity(self, function: Any) -> str:
        """What takes the graph off a tensor does nothing to an array."""
        name = self.keep(function, self.namespace.claim("plain"))
        self.texts.append(f"def {name}(x):\n    return x")
        return name

    def name_of_outside(self, name: str, namespace: dict[str, Any]) -> str:
        """What is called in the program what a function's source reads by a name."""
        if name not in namespace:
            if name == self.program or not hasattr(builtins, name):
                raise NotPlainError  # the program's own function hides one of Python's
            return name
        x = namespace[name]
        if isinstance(x, ModuleType):
            return self.name_of_module(x)
        library = library_name(x) if callable(x) else None
        if library is not None and library[0] != "import builtins":
            return self.name_in_library(library)
        if isinstance(x, FunctionType):
            return self.defined(x)
        text = value_text(x)
        if text is None:
            raise NotPlainError
        if callable(x):
            return text  # float, np.float32
        if (name, text) not in self.values:
            self.values[name, text] = self.namespace.claim(identifier(name))
            self.texts.append(f"{self.values[name, text]} = {text}")
        return self.values[name, text]

    def name_of_module(self, module: ModuleType) -> str:
        """What a module is called in the program."""
        if module is np:
            return "np"
        parts = module.__name__.split(".")
        if parts[0] not in ("numpy", "scipy") and parts[0] not in sys.stdlib_module_names:
            raise NotPlainError
        if parts[0] == "numpy":
            return ".".join(["np", *parts[1:]])
        if len(parts) == 1:
            return self.name_in_library((f"import {parts[0]}", parts[0]))
        return self.name_in_library((f"from {'.'.join(parts[:-1])} import {parts[-1]}", parts[-1]))

    # -- imports from the engine ------------------------------------------------------------------

    def imported(self, function: Any) -> str:
        """Import a function that cannot be written down."""
        original = inspect.unwrap(function)
        module, name = getattr(original, "__module__", None), getattr(original, "__name__", "")
        found = getattr(sys.modules.get(module or ""), name, None)
        alike = found is not None and inspect.unwrap(found) is original
        if not alike or module == "__main__" or not name.isidentifier():
            raise UnreadableError(
                f"the program calls {getattr(function, '__qualname__', function)}, which can "
                "neither be written into a module of its own nor imported: let it be a function of "
                "a module that computes with NumPy alone"
            )
        own = self.namespace.claim(identifier(name))
        renamed = "" if own == name else f" as {own}"
        self.import_line(f"from {module} import {name}{renamed}  # not plain NumPy")
        return own
