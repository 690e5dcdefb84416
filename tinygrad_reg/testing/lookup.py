"""A function named on the command line, and arrays to call it with."""

from __future__ import annotations

import inspect
import sys
from collections.abc import Callable, Sequence
from importlib import import_module
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from typing import Any

import numpy as np
import optree

__all__ = ["LookupProblem", "arguments_for", "differentiable", "find_function"]


class LookupProblem(Exception):  # noqa: N818 (it says what is wrong with what was typed)
    """What was typed names no function, or not what to call it with."""


def find_function(named: str) -> Callable[..., Any]:
    """The function behind `module:function` or `path/to/file.py:function`.

    Raises
    ------
    LookupProblem
        If there is no such module or function, or importing it fails.

    Examples
    --------
    >>> from tinygrad_reg.testing.lookup import find_function
    >>> find_function("numpy:tanh")
    <ufunc 'tanh'>
    """
    where, colon, name = named.rpartition(":")
    if not (where and colon and name):
        raise LookupProblem(
            f"{named!r} names no function: expected module:function, such as model:cost, or "
            "path/to/model.py:cost"
        )
    module = module_at(Path(where)) if where.endswith(".py") else module_called(where)
    found: Any = module
    for part in name.split("."):
        if not hasattr(found, part):
            known = [key for key, value in vars(module).items() if inspect.isfunction(value)]
            raise LookupProblem(
                f"{where} has no {name!r}. Its functions: {', '.join(known) or 'none'}"
            )
        found = getattr(found, part)
    if not callable(found):
        raise LookupProblem(f"{named} is a {type(found).__name__}: expected a function")
    return found  # type: ignore[no-any-return]


def module_called(name: str) -> Any:
    """A module by its name; the current folder counts as a place to look."""
    if "" not in sys.path and str(Path.cwd()) not in sys.path:
        sys.path.insert(0, str(Path.cwd()))
    try:
        return import_module(name)
    except ModuleNotFoundError as error:
        if error.name is not None and name.startswith(error.name):
            raise LookupProblem(
                f"there is no module {name!r} here or among what is installed"
            ) from error
        raise LookupProblem(f"importing {name} failed: {error!r}") from error
    except Exception as error:
        raise LookupProblem(f"importing {name} failed: {error!r}") from error


def module_at(path: Path) -> Any:
    """A module by the file that it is in."""
    if not path.is_file():
        raise LookupProblem(f"there is no file {path}")
    spec = spec_from_file_location(path.stem, path)
    if spec is None or spec.loader is None:
        raise LookupProblem(f"{path} is no Python file")
    module = module_from_spec(spec)
    sys.modules.setdefault(path.stem, module)
    try:
        spec.loader.exec_module(module)
    except Exception as error:
        raise LookupProblem(f"running {path} failed: {error!r}") from error
    return module


def arguments_for(
    function: Callable[..., Any],
    shapes: Sequence[str] = (),
    values: Sequence[str] = (),
    seed: int = 0,
) -> dict[str, Any]:
    """What to call a function with, by the names of its parameters.

    Each parameter takes, in this order: a value given as `name=expression`, random numbers of a
    shape given as `name=2,3`, a variable of the same name in the function's module, its default.

    Raises
    ------
    LookupProblem
        If a parameter is left without a value, or one is given for no parameter.

    Examples
    --------
    >>> from tinygrad_reg.testing.lookup import arguments_for
    >>> def cost(W, lambd, m=3): ...
    >>> given = arguments_for(cost, shapes=["W=2,3"], values=["lambd=0.7"])
    >>> given["W"].shape, given["lambd"], given["m"]
    ((2, 3), 0.7, 3)
    """
    try:
        parameters = inspect.signature(function).parameters
    except ValueError as error:
        raise LookupProblem(
            f"Python knows no parameters of {function!r}: wrap it in a def"
        ) from error
    random = np.random.default_rng(seed)
    given: dict[str, Any] = {}
    for text in values:
        name, expression = named_part(text, "--value", parameters)
        try:
            given[name] = eval(expression, {"np": np})
        except Exception as error:
            raise LookupProblem(f"--value {text}: {error!r}") from error
    for text in shapes:
        name, shape = named_part(text, "--shape", parameters)
        try:
            lengths = [int(n) for n in shape.strip("()").split(",") if n.strip()]
        except ValueError:
            raise LookupProblem(f"--shape {text}: expected lengths, such as {name}=2,3") from None
        given[name] = random.normal(size=lengths)
    around = getattr(function, "__globals__", {})
    missing = []
    for name, parameter in parameters.items():
        if parameter.kind in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD) or name in given:
            continue
        if name in around and not inspect.ismodule(around[name]):
            given[name] = around[name]
        elif parameter.default is not parameter.empty:
            given[name] = parameter.default
        else:
            missing.append(name)
    if missing:
        raise LookupProblem(
            f"{getattr(function, '__name__', 'the function')} needs {', '.join(missing)}: give "
            f"random numbers with --shape {missing[0]}=2,3, a value with --value "
            f"'{missing[0]}=np.ones(3)', or a variable {missing[0]} in its module"
        )
    return {name: given[name] for name in parameters if name in given}


def differentiable(
    function: Callable[..., Any], given: dict[str, Any]
) -> tuple[Callable[..., Any], dict[str, Any]]:
    """The function of those arguments alone that can be differentiated by, and these arguments.

    Examples
    --------
    >>> from tinygrad_reg.testing.lookup import differentiable
    >>> f, chosen = differentiable(lambda w, m: w / m, {"w": 6.0, "m": 3})
    >>> chosen, f(9.0)
    ({'w': 6.0}, 3.0)
    """
    chosen = {name: x for name, x in given.items() if is_floating(x)}
    if not chosen:
        raise LookupProblem(
            "none of the arguments is made of floats, by which one could differentiate: "
            + ", ".join(f"{name} is {type(x).__name__}" for name, x in given.items())
        )

    def of_chosen(*arrays: Any) -> Any:
        return function(**{**given, **dict(zip(chosen, arrays, strict=True))})

    of_chosen.__name__ = getattr(function, "__name__", "function")
    signature = [
        inspect.Parameter(name, inspect.Parameter.POSITIONAL_OR_KEYWORD) for name in chosen
    ]
    of_chosen.__signature__ = inspect.Signature(signature)  # type: ignore[attr-defined]
    return of_chosen, chosen


def is_floating(x: Any) -> bool:
    """Whether something is a float, an array of floats, or made of such alone."""
    return all(np.asarray(leaf).dtype.kind == "f" for leaf in optree.tree_leaves(x)) and bool(
        optree.tree_leaves(x)
    )


def named_part(text: str, option: str, parameters: Any) -> tuple[str, str]:
    """The two sides of `name=rest`, if it is the name of a parameter."""
    name, equals, rest = text.partition("=")
    name = name.strip()
    if not equals or name not in parameters:
        raise LookupProblem(
            f"{option} {text}: expected name=..., with one of the parameters "
            f"{', '.join(parameters)}"
        )
    return name, rest
