"""The source of a function as text that stands in another module: without types, names replaced."""

from __future__ import annotations

import ast
import inspect
import textwrap
from collections.abc import Iterator
from functools import lru_cache
from types import CodeType, FunctionType
from typing import Any

from tinygrad_reg.compiler.readable.literals import static_text

__all__ = ["NotPlainError", "Source", "namespace_of", "value_text"]


class NotPlainError(Exception):
    """A function cannot be written down in a module of its own."""


def value_text(x: Any) -> str | None:
    """A value as code: numbers, text, and tuples or lists of them; else None."""
    if type(x) in (tuple, list):
        entries = [value_text(entry) for entry in x]
        if None in entries:
            return None
        inner = ", ".join(map(str, entries))
        return f"[{inner}]" if type(x) is list else f"({inner}{',' * (len(x) == 1)})"
    return static_text(x)


def namespace_of(function: FunctionType) -> dict[str, Any]:
    """What the names mean that a function reads from outside of it."""
    found = dict(function.__globals__)
    for name, cell in zip(function.__code__.co_freevars, function.__closure__ or (), strict=True):
        try:
            found[name] = cell.cell_contents
        except ValueError:
            raise NotPlainError from None
    return found


class Source:
    """The text of a function, with places in it that can be replaced.

    Raises
    ------
    NotPlainError
        If there is none, or it does more than compute.
    """

    def __init__(self, function: Any) -> None:
        if not isinstance(function, FunctionType):
            raise NotPlainError
        self.function = function
        self.text, self.tree = text_of(function)
        self.edits: list[tuple[int, int, str]] = []
        lines = self.text.encode().splitlines(keepends=True)
        self.starts = [0]
        for line in lines:
            self.starts.append(self.starts[-1] + len(line))
        self.data = b"".join(lines)
        for node in ast.walk(self.tree):
            if isinstance(node, ast.Global | ast.Nonlocal | ast.Import | ast.ImportFrom):
                raise NotPlainError
        self.skipped = self.without_types()
        self.with_defaults()

    # -- places -----------------------------------------------------------------------------------

    def begin(self, node: Any) -> int:
        """Where a node of the tree begins, in bytes."""
        return int(self.starts[node.lineno - 1] + node.col_offset)

    def end(self, node: Any) -> int:
        """Where a node of the tree ends, in bytes."""
        return int(self.starts[node.end_lineno - 1] + node.end_col_offset)

    def replace(self, node: Any, text: str) -> None:
        """Put a text in the place of a node."""
        self.edits.append((self.begin(node), self.end(node), text))

    # -- what is left out -------------------------------------------------------------------------

    def without_types(self) -> set[int]:
        """Leave out types, decorators and all but the first line of docstrings; ids of nodes."""
        left_out: list[ast.expr] = []
        for node in ast.walk(self.tree):
            if isinstance(node, ast.FunctionDef):
                left_out += node.decorator_list
                self.shorten_docstring(node)
                if node.returns is not None:
                    left_out.append(node.returns)
                    arrow = self.data.rindex(b"->", 0, self.begin(node.returns))
                    start = len(self.data[:arrow].rstrip())
                    self.edits.append((start, self.end(node.returns), ""))
            elif isinstance(node, ast.AnnAssign):
                left_out.append(node.annotation)
                self.edits.append((self.end(node.target), self.end(node.annotation), ""))
            elif isinstance(node, ast.arguments):
                for parameter, default in with_default(node):
                    if parameter.annotation is not None:
                        left_out.append(parameter.annotation)
                        start = self.begin(parameter) + len(parameter.arg.encode())
                        end = self.end(parameter.annotation)
                        if default is not None:
                            self.edits.append((start, self.begin(default), "="))
                        else:
                            self.edits.append((start, end, ""))
        return {id(node) for part in left_out for node in ast.walk(part)}

    def shorten_docstring(self, node: ast.FunctionDef) -> None:
        """Keep the first line of a docstring."""
        first = node.body[0]
        text = ast.get_docstring(node)
        if text is not None:
            line = (text.splitlines() or [""])[0]
            if '"' in line or "\\" in line or not line.isprintable():
                line = "..."
            self.replace(first, f'"""{line}"""')

    def with_defaults(self) -> None:
        """Write down the defaults of parameters as the values that they have."""
        function = self.function
        values = list((function.__defaults__ or ())[::-1])
        named = function.__kwdefaults__ or {}
        arguments = self.tree.args
        pairs: list[tuple[ast.expr, Any]] = list(zip(arguments.defaults[::-1], values, strict=True))
        for parameter, default in zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True):
            if default is not None:
                pairs.append((default, named[parameter.arg]))
        for default, value in pairs:
            if isinstance(default, ast.Constant):
                continue
            text = value_text(value)
            if text is None:
                raise NotPlainError
            self.skipped |= {id(node) for node in ast.walk(default)}
            self.replace(default, text)

    # -- names ------------------------------------------------------------------------------------

    def outside_names(self) -> Iterator[ast.Name]:
        """The places that read a name from outside of the function."""
        local = set(local_names(self.function.__code__)) - set(self.function.__code__.co_freevars)
        for node in ast.walk(self.tree):
            if isinstance(node, ast.Name) and not (node.id in local or id(node) in self.skipped):
                yield node

    def rename(self, node: ast.Name, name: str) -> None:
        """Replace a name that is read from outside."""
        if node.id != name:
            if any(isinstance(x, ast.JoinedStr) for x in ast.walk(self.tree)):
                raise NotPlainError  # Python 3.11 does not know where names in them stand
            self.replace(node, name)

    def named(self, name: str) -> str:
        """The text of the function under a name, with all that was replaced."""
        start = self.starts[self.tree.lineno - 1] + self.tree.col_offset + len("def ")
        edits = [*self.edits, (start, start + len(self.tree.name.encode()), name)]
        data = self.data
        for begin, end, text in sorted(edits, reverse=True):
            data = data[:begin] + text.encode() + data[end:]
        return data[self.starts[self.tree.lineno - 1] :].decode().rstrip()


def with_default(arguments: ast.arguments) -> Iterator[tuple[ast.arg, ast.expr | None]]:
    """The parameters of a function, each with the expression of its default."""
    positional = [*arguments.posonlyargs, *arguments.args]
    missing = [None] * (len(positional) - len(arguments.defaults))
    yield from zip(positional, [*missing, *arguments.defaults], strict=True)
    yield from zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True)
    for parameter in (arguments.vararg, arguments.kwarg):
        if parameter is not None:
            yield parameter, None


def local_names(code: CodeType) -> Iterator[str]:
    """The variables of a function and of those inside it."""
    yield from code.co_varnames
    yield from code.co_cellvars
    for inner in code.co_consts:
        if isinstance(inner, CodeType):
            yield from local_names(inner)


# -- finding it ------------------------------------------------------------------------------------


def text_of(function: FunctionType) -> tuple[str, ast.FunctionDef]:
    """The text of a function, from its decorators on, and its tree."""
    try:
        if function.__code__.co_name == "<lambda>":
            text = text_of_lambda(function)
        else:
            text = textwrap.dedent(inspect.getsource(function))
        tree = ast.parse(text).body[0]
    except (OSError, TypeError, SyntaxError, IndexError):
        raise NotPlainError from None
    if not isinstance(tree, ast.FunctionDef):
        raise NotPlainError
    if function.__code__.co_name not in (tree.name, "<lambda>"):
        raise NotPlainError
    return text, tree


def text_of_lambda(function: FunctionType) -> str:
    """A lambda as the function that it is."""
    code = function.__code__
    lines, _ = inspect.findsource(function)
    places = [
        (line, column)
        for line, _, column, _ in code.co_positions()
        if line is not None and column is not None and (line, column) != (code.co_firstlineno, 0)
    ]
    found = [
        node
        for node in lambdas_in("".join(lines))
        if node.lineno == code.co_firstlineno and all(contains(node.body, x) for x in places)
    ]
    if not found or not places:
        raise NotPlainError
    node = max(found, key=lambda node: (node.body.lineno, node.body.col_offset))  # the innermost
    return f"def function({ast.unparse(node.args)}):\n    return {ast.unparse(node.body)}\n"


@lru_cache(maxsize=32)
def lambdas_in(text: str) -> list[ast.Lambda]:
    """The lambdas in a module."""
    return [node for node in ast.walk(ast.parse(text)) if isinstance(node, ast.Lambda)]


def contains(node: Any, place: tuple[int, int]) -> bool:
    """Whether a line and column are inside of a node."""
    return bool((node.lineno, node.col_offset) <= place < (node.end_lineno, node.end_col_offset))
