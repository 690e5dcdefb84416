"""Run the code of one page of the documentation as a reader would: top to bottom, as typed.

    python tests/docs/run_page.py docs/chapters/01-a-number-that-remembers.md

Cells (fences of `{code-cell}` or `python`) share one namespace, as in a notebook. What stands on
the last line of a cell is shown: printed, or, where it is a picture, drawn. A cell with the tag
`raises-exception` has to raise.
"""

import ast
import linecache
import re
import sys
import warnings
from pathlib import Path
from typing import Any, NamedTuple

import matplotlib

__all__ = ["Cell", "cells_of", "run"]

FENCE = re.compile(
    r"^(?P<fence>`{3,}|:{3,})(?P<language>\{code-cell\}|python)[^\n]*\n(?P<text>.*?)^(?P=fence)\s*$",
    re.MULTILINE | re.DOTALL,
)
PICTURES = ("_repr_html_", "_repr_svg_", "_repr_mimebundle_")


class Cell(NamedTuple):
    """The code of a fence, the line of the page on which it begins, and its tags."""

    code: str
    line: int
    tags: str


def cells_of(text: str) -> list[Cell]:
    """The cells of a page, in order."""
    found = []
    for match in FENCE.finditer(text):
        lines = match["text"].splitlines()
        options = 0
        while options < len(lines) and lines[options].startswith(":"):
            options += 1
        line = text[: match.start("text")].count("\n") + 1 + options
        found.append(Cell("\n".join(lines[options:]), line, " ".join(lines[:options])))
    return found


def show(value: Any) -> None:
    """Print a value, or draw it, as a notebook would."""
    for name in PICTURES:
        if (draw := getattr(value, name, None)) is not None and not isinstance(value, type):
            drawn = draw()
            if drawn is not None:
                print(f"<{type(value).__name__}, {len(str(drawn))} characters>")
                return
    if value is not None:
        print(repr(value))


def run_cell(cell: Cell, name: str, namespace: dict[str, Any]) -> None:
    """Run the statements of a cell, and show the value of its last line."""
    filename = f"<{name}:{cell.line}>"  # inspect and the compiler read functions from here
    linecache.cache[filename] = (len(cell.code), None, cell.code.splitlines(True), filename)
    tree = ast.parse(cell.code, filename)
    ends_in_expression = bool(tree.body) and isinstance(tree.body[-1], ast.Expr)
    last = tree.body.pop() if ends_in_expression else None
    exec(compile(tree, filename, "exec"), namespace)
    if last is not None:
        show(eval(compile(ast.Expression(last.value), filename, "eval"), namespace))


def run(path: Path) -> None:
    """Run all cells of a page."""
    matplotlib.use("Agg")
    namespace: dict[str, Any] = {"__name__": "__main__"}
    for cell in cells_of(path.read_text(encoding="utf-8")):
        must_raise = "raises-exception" in cell.tags
        try:
            run_cell(cell, path.name, namespace)
        except Exception as error:
            if not must_raise:
                error.add_note(f"in the cell at line {cell.line} of {path}")
                raise
            print(f"{type(error).__name__}: {error}")
        else:
            if must_raise:
                raise AssertionError(f"the cell at line {cell.line} of {path} did not raise")


if __name__ == "__main__":
    warnings.simplefilter("error")
    run(Path(sys.argv[1]).resolve())
