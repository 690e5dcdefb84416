"""The lines of a program in their order, in sections, with shapes as comments."""

from __future__ import annotations

import heapq
import io
import tokenize
from collections.abc import Iterator

from tinygrad_reg.compiler.readable.folding import Line

__all__ = ["aligned", "ordered", "section_lines", "statement"]

WIDTH = 88
COMMENT = 64  # lines longer than this do not move the comments of the others
INDENT = "    "
HEADINGS = {
    "forward": "# forward",
    "backward": "# backward",
    "tangent": "# tangents",
    "penalty": "# penalty gradient",
    "update": "# update",
}
LAST = ("penalty", "update")


def sections_of(lines: list[Line]) -> dict[int, str]:
    """The section of each line, by its `id`.

    What contains the derivative of a penalty has one of its own, unless another section goes on
    with it.
    """
    by_node = {id(node): line for line in lines for node in (line.node, *line.defines)}
    section = {
        id(line): "penalty" if line.penalty and line.phase != "forward" else line.phase
        for line in lines
    }
    for line in lines:
        if line.renews:
            section[id(line)] = "update"
    todo = [line for line in lines if section[id(line)] not in ("penalty", "update")]
    while todo:
        line = todo.pop()
        for x in line.reads:
            other = by_node.get(x)
            if other is None or section[id(other)] != "penalty" or line.phase != other.phase:
                continue
            section[id(other)] = other.phase
            todo.append(other)
    return section


def ordered(lines: list[Line]) -> list[tuple[str, list[Line]]]:
    """Lines in an order in which each comes after what it reads, section by section.

    A section goes on for as long as there is a line for it; those of penalties and updates wait
    until nothing else can be written.
    """
    section = sections_of(lines)
    by_node = {id(node): line for line in lines for node in (line.node, *line.defines)}
    readers: dict[int, list[Line]] = {}
    missing: dict[int, int] = {}
    for line in lines:
        needed = {id(by_node[x]) for x in line.reads if x in by_node and by_node[x] is not line}
        missing[id(line)] = len(needed)
        for x in needed:
            readers.setdefault(x, []).append(line)
    ready: dict[str, list[tuple[int, int, Line]]] = {}
    count = 0

    def add(line: Line) -> None:
        nonlocal count
        count += 1
        heapq.heappush(ready.setdefault(section[id(line)], []), (line.node.number, count, line))

    for line in lines:
        if not missing[id(line)]:
            add(line)
    found: list[tuple[str, list[Line]]] = []
    while any(ready.values()):
        names = [name for name, heap in ready.items() if heap]
        name = min(names, key=lambda x: (x in LAST and LAST.index(x) + 1, ready[x][0][0]))
        current: list[Line] = []
        while ready[name]:
            line = heapq.heappop(ready[name])[2]
            current.append(line)
            for reader in readers.get(id(line), ()):
                missing[id(reader)] -= 1
                if not missing[id(reader)]:
                    add(reader)
        found.append((name, current))
    return found


def section_lines(sections: list[tuple[str, list[Line]]]) -> list[str]:
    """The text of all sections, with a heading each if there is more than the forward pass."""
    column = column_of([pair for _, lines in sections for pair in map(statement, lines)])
    headed = any(name != "forward" for name, _ in sections)
    found: list[str] = []
    for i, (name, lines) in enumerate(sections):
        if i:
            found.append("")
        if headed:
            found.append(HEADINGS[name])
        found += aligned([statement(line) for line in lines], column)
    return found


def statement(line: Line) -> tuple[str, tuple[int, ...]]:
    """A line as text, and the shape of what it computes."""
    if not line.target:
        return line.text, ()
    return f"{line.target} = {line.text}", line.node.shape if line.node.dtype != object else ()


def column_of(statements: list[tuple[str, tuple[int, ...]]]) -> int:
    """Where the comments of some lines begin; very long lines have no say in it."""
    lengths = [len(text) for text, shape in statements if shape and len(text) <= COMMENT]
    return max(lengths, default=0)


def aligned(statements: list[tuple[str, tuple[int, ...]]], column: int | None = None) -> list[str]:
    """Lines with shapes as comments, one below the other."""
    column = column_of(statements) if column is None else column
    found: list[str] = []
    for text, shape in statements:
        comment = f"# ({', '.join(map(str, shape))}{',' * (len(shape) == 1)})" if shape else ""
        if len(text) <= WIDTH - len(INDENT) or text.startswith("#"):
            found.append(f"{text:<{column}}  {comment}".rstrip() if comment else text)
        else:
            first, *rest = wrapped(text)
            found += [f"{first}  {comment}".rstrip(), *rest]
    return found


def wrapped(text: str) -> list[str]:
    """A statement on several lines, broken where brackets are open."""
    head, inner, close = opened(text)
    terms = list(breakable(inner, deep=False))
    if head.endswith(" (") and len(terms) <= FEW:
        lines = [line for term in terms for line in filled([term.strip()])]
    else:
        lines = filled(terms)
    return [head, *lines, close] if close else [head, *lines]


def opened(text: str) -> tuple[str, str, str]:
    """A statement as what stands before the first line break, after it, and on the last line.

    A sum is put into parentheses; otherwise the line ends after the first bracket.
    """
    depth, start, bracket, last = 0, text.find(" ") + 1, None, None
    for token in tokens_of(text):
        if token.string in OPENING:
            depth += 1
            bracket = bracket or token.end[1]
        elif token.string in CLOSING:
            depth -= 1
            if not depth:
                last = last or token.start[1]  # where the first bracket is closed
        elif token.string == "=" and not depth:
            start, bracket, last = token.end[1] + 1, None, None
    inner = text[start:]
    if bracket is None or len(list(breakable(inner, deep=False))) > 1:
        return text[:start] + "(", inner, ")"
    if last == len(text) - 1:
        return text[:bracket], text[bracket:last], text[last]
    return text[:bracket], text[bracket:], ""


def filled(parts: list[str]) -> list[str]:
    """Parts of an expression on as few lines as they need; a part that is too long on several."""
    lines, current = [], INDENT
    for part in parts:
        small = list(breakable(part, deep=True)) if len(part) > WIDTH - 2 * len(INDENT) else [part]
        for x in small:
            if current.strip() and len(current) + len(x.rstrip()) > WIDTH - len(INDENT):
                lines.append(current.rstrip())
                current = INDENT
            current += x if current.strip() else x.lstrip()
    return [*lines, current.rstrip()]


OPENING, CLOSING = ("(", "[", "{"), (")", "]", "}")
FEW = 4  # so many terms of a sum have a line each


def tokens_of(text: str) -> Iterator[tokenize.TokenInfo]:
    """The tokens of an expression, also of one with a bracket that was opened before it."""
    try:
        for token in tokenize.generate_tokens(io.StringIO(text).readline):
            if token.type == tokenize.OP or token.string:
                yield token
    except (tokenize.TokenError, IndentationError, SyntaxError):
        return


def breakable(text: str, deep: bool) -> Iterator[str]:
    """An expression in parts between which a line may end: before + and -, and after commas.

    Only outside of brackets, unless it is `deep`.
    """
    start, before, depth = 0, "(", 0
    for token in tokens_of(text):
        column = token.start[1]
        if token.string in OPENING:
            depth += 1
        elif token.string in CLOSING:
            depth -= 1
        elif deep and token.string == ",":
            yield text[start : column + 1]
            start = column + 1
        elif token.string in ("+", "-") and (deep or depth == 0) and before not in SIGNED:
            yield text[start:column]
            start = column
        before = token.string
    yield text[start:]


# After these, a + or - is the sign of what follows.
SIGNED = {
    *OPENING, *",=*/@%<>&|^~+-:", "//", "**", "<=", ">=", "==", "!=", "return", "assert", "not",
}  # fmt: skip
