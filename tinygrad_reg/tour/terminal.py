"""The tour in the terminal: findings and tables as they are measured, with progress bars."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import TypeVar

from rich.console import Console
from rich.markup import escape
from rich.padding import Padding
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.syntax import Syntax
from rich.table import Table as RichTable
from rich.text import Text

from tinygrad_reg.tour.blocks import Finding, Listing, Section, Table
from tinygrad_reg.tour.settings import Track

__all__ = ["progress_bars", "show"]

T = TypeVar("T")


@contextmanager
def progress_bars(console: Console) -> Iterator[Track]:
    """Bars on `console` that vanish when their loop is done."""
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=console, transient=True) as progress:

        def track(loop: Iterable[T], what: str) -> Iterable[T]:
            return progress.track(loop, description=what)

        yield track


def show(section: Section, console: Console) -> None:
    """Print a section's title, findings and tables."""
    console.print()
    console.rule(f"[bold]{escape(section.title)}", align="left")
    for block in section.blocks:
        if isinstance(block, Finding):
            console.print(Padding(escape(block.text.replace("`", "")), (0, 0, 1, 0)), style="bold")
        elif isinstance(block, Table) and not block.folded:
            console.print(Padding(rich_table(block), (0, 0, 1, 0)))
        elif isinstance(block, Listing) and not block.folded:
            console.print(f"[italic]{escape(block.caption)}[/]")
            console.print(Padding(python(block.source), (0, 0, 1, 2)))


def rich_table(table: Table) -> RichTable:
    """A table as rich prints it."""
    shown = RichTable(title=escape(table.caption), title_justify="left", title_style="italic")
    for i, header in enumerate(table.headers):
        shown.add_column(escape(header), justify="left" if i in table.left else "right")
    for i, row in enumerate(table.rows):
        cells = map(python, row) if table.code else map(escape, row)
        shown.add_row(*cells, style="bold green" if i == table.marked else None)
    return shown


def python(code: str) -> Text:
    """Python in colours."""
    text = Syntax("", "python", theme="ansi_dark").highlight(code)
    text.rstrip()
    text.no_wrap, text.overflow = False, "fold"
    return text
