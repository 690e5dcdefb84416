"""How a program takes its arguments apart, and puts its result together."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import optree

from tinygrad_reg.compiler.graph import Node
from tinygrad_reg.compiler.readable.definitions import UnreadableError
from tinygrad_reg.compiler.readable.literals import quoted, static_text
from tinygrad_reg.compiler.readable.names import identifier, usable
from tinygrad_reg.compiler.readable.spelling import key_text

__all__ = ["Results", "children", "is_container", "labels_in", "static_lines", "taken_apart"]

WIDTH = 84


def is_named_tuple(x: Any) -> bool:
    """Whether something is a tuple with names for its entries."""
    return isinstance(x, tuple) and hasattr(x, "_fields")


def children(nested: Any, path: str) -> Iterator[tuple[Any, str, Any]]:
    """What a dict, list or tuple holds: the key of each entry, its path, and itself."""
    if isinstance(nested, dict):
        for key, x in nested.items():
            yield key, f"{path}[{key_text(key)}]", x
    elif is_named_tuple(nested):
        for name, x in zip(nested._fields, nested, strict=True):
            yield name, f"{path}.{name}", x
    elif isinstance(nested, list | tuple | deque):
        for i, x in enumerate(nested):
            yield i, f"{path}[{i}]", x
    elif optree.tree_leaves(nested) != [nested] and nested is not None:
        raise UnreadableError(
            f"an argument holds an object of type {type(nested).__name__}, which the program "
            "cannot take apart: use dicts, lists and tuples"
        )


def leaves(nested: Any, path: str) -> Iterator[tuple[str, Any]]:
    """Every entry that holds no others, and its path."""
    if isinstance(nested, Node) or not is_container(nested):
        list(children(nested, path)) if not isinstance(nested, Node) else None
        yield path, nested
    else:
        for _, where, x in children(nested, path):
            yield from leaves(x, where)


def is_container(x: Any) -> bool:
    """Whether something is taken apart."""
    return isinstance(x, dict | list | tuple | deque)


def labels_in(nested: Any, name: str) -> dict[int, str]:
    """What each input inside of an argument should be called, by its `id`.

    By its key; in a list or tuple, by the variable that the learner put it in, or else by the name
    of the list without its s.
    """
    found: dict[int, str] = {}

    def visit(nested: Any, key: Any, named: str) -> None:
        if isinstance(nested, Node):
            own = usable(nested.names)
            label = key if isinstance(key, str) else own[0] if own else named
            found[id(nested)] = identifier(label)
        elif is_container(nested):
            for key, _, x in children(nested, ""):
                below = key if isinstance(key, str) else named
                visit(x, key, below[:-1] if is_plural(below) and key != below else below)

    visit(nested, None, name)
    return found


def is_plural(name: str) -> bool:
    """Whether a name is that of several things: `Ws`, `layers`."""
    return len(name) > 1 and name.endswith("s") and not name.endswith("ss")


Named = Callable[[Node], str]


Statement = tuple[str, tuple[int, ...]]


def taken_apart(nested: Any, path: str, name: Named, used: set[int]) -> list[Statement]:
    """The lines that give names to what is inside of an argument, each with a shape."""
    if isinstance(nested, Node) or not any(id(x) in used for x in every_node(nested)):
        return []
    entries = list(children(nested, path))
    if isinstance(nested, list | tuple) and not is_named_tuple(nested) and len(entries) > 1:
        pattern = unpacking(nested, name)
        if pattern is not None and len(pattern) + len(path) + 3 <= WIDTH:
            return [(f"{pattern} = {path}", ())]
    lines: list[Statement] = []
    for _, where, x in entries:
        if isinstance(x, Node):
            if id(x) in used:
                lines.append((f"{name(x)} = {where}", x.shape))
        else:
            lines += taken_apart(x, where, name, used)
    return lines


def every_node(nested: Any) -> Iterator[Node]:
    """The inputs inside of an argument."""
    if isinstance(nested, Node):
        yield nested
    elif is_container(nested):
        for _, _, x in children(nested, ""):
            yield from every_node(x)


def unpacking(nested: Any, name: Named, inside: bool = False) -> str | None:
    """The target of an assignment that takes lists and tuples apart: `(W1, b1), (W2, b2)`."""
    if isinstance(nested, Node):
        return name(nested)
    if not isinstance(nested, list | tuple) or is_named_tuple(nested) or not nested:
        return None
    parts = [unpacking(x, name, True) for x in nested]
    if any(part is None for part in parts):
        return None
    text = ", ".join(part for part in parts if part is not None)
    if len(parts) == 1:
        text += ","
    return f"({text})" if inside else text


def static_lines(nested: Any, path: str) -> list[Statement]:
    """What says that the program is for these values of arguments that are no arrays."""
    lines: list[Statement] = []
    for where, x in leaves(nested, path):
        if isinstance(x, Node):
            continue
        text = static_text(x)
        if text is None or x != x:
            lines.append((f"# {where} has to be what the program was written for", ()))
        elif x is None or isinstance(x, bool):
            lines.append((f"assert {where} is {text}", ()))
        else:
            lines.append((f"assert {where} == {text}", ()))
    return lines


# -- the result ------------------------------------------------------------------------------------


@dataclass
class Written:
    """A result as text: brackets, and what is between them, each entry after its label."""

    opening: str
    entries: list[tuple[str, Written | str]]
    closing: str

    def text(self) -> str:
        """The result on one line."""
        inner = [label + (x if isinstance(x, str) else x.text()) for label, x in self.entries]
        comma = "," if self.opening == "(" and len(inner) == 1 else ""
        return self.opening + ", ".join(inner) + comma + self.closing

    def lines(self, before: str, after: str) -> list[str]:
        """The result with a line for each entry, where it is too long for one."""
        text = before + self.text() + after
        if len(text) <= WIDTH or not self.entries:
            return [text]
        found = [before + self.opening]
        for label, x in self.entries:
            inner = [label + x + ","] if isinstance(x, str) else x.lines(label, ",")
            found += [f"    {line}" for line in inner]
        return [*found, self.closing + after]


class Results:
    """Writes the nesting of a result.

    Parameters
    ----------
    of : callable
        The text of an output; called once for each, in their order.
    claim : callable
        A name that nothing else has.
    """

    def __init__(self, of: Callable[[Node], str], claim: Callable[[str], str]) -> None:
        self.of = of
        self.claim = claim
        self.named_tuples: dict[type, str] = {}
        self.definitions: list[str] = []

    def returned(self, nested: Any) -> list[str]:
        """The return statement."""
        written = self.written(nested)
        if isinstance(written, str):
            return [f"return {written}"]
        text = written.text()
        if type(nested) is tuple and len(nested) > 1:
            text = text[1:-1]
        return [f"return {text}"] if len(text) + 7 <= WIDTH else written.lines("return ", "")

    def written(self, nested: Any) -> Written | str:
        """A part of the result as text."""
        if isinstance(nested, Node):
            return self.of(nested)
        if not is_container(nested):
            return self.static(nested)
        entries = [(key, self.written(x)) for key, _, x in children(nested, "")]
        if isinstance(nested, dict):
            pairs = [(f"{key_text(key)}: ", x) for key, x in entries]
            return Written("{", pairs, "}")
        values = [("", x) for _, x in entries]
        if is_named_tuple(nested):
            return Written(f"{self.name_of_type(type(nested))}(", values, ")")
        return Written("[", values, "]") if isinstance(nested, list) else Written("(", values, ")")

    def name_of_type(self, kind: Any) -> str:
        """What a class of named tuples is called, which is defined from now on."""
        if kind not in self.named_tuples:
            name = self.named_tuples[kind] = self.claim(identifier(kind.__name__, "Result"))
            fields = ", ".join(quoted(x) for x in kind._fields)
            self.definitions.append(f"{name} = namedtuple({quoted(name)}, [{fields}])")
        return self.named_tuples[kind]

    def static(self, x: Any) -> str:
        """What is returned beside arrays."""
        text = static_text(x)
        if text is None:
            raise UnreadableError(
                f"the function returns an object of type {type(x).__name__} beside arrays, which "
                "cannot be written down: return dicts, lists and tuples of arrays"
            )
        return text
