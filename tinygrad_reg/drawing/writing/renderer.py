"""From DOT to a picture: with the system's Graphviz, else with `graphviz-pure`."""

from __future__ import annotations

import shutil
import subprocess
from importlib.metadata import PackageNotFoundError, files
from pathlib import Path
from typing import Any

import graphviz
from graphviz.backend import dot_command

__all__ = ["Drawing", "NoRendererError"]


class NoRendererError(RuntimeError):
    """There is no Graphviz on this machine."""


class Drawing(graphviz.Digraph):  # type: ignore[misc]
    r"""A `graphviz.Digraph` that finds its renderer when a picture is asked for.

    Raises
    ------
    NoRendererError
        When rendered where there is no Graphviz. `source` works all the same.
    ValueError
        When rendered in a format that there is not.
    OSError
        When rendered to a path that cannot be written.

    Examples
    --------
    >>> drawing = Drawing()
    >>> drawing.edge("W", "loss")
    >>> print(drawing.source.replace("\t", "    "))
    digraph {
        W -> loss
    }
    <BLANKLINE>
    """

    def pipe(self, format: str | None = None, **options: Any) -> Any:
        """The picture as bytes, or as text if `encoding` is given."""
        check(format or self.format)
        return super().pipe(format, **{"quiet": True} | options)

    def render(self, filename: Any = None, directory: Any = None, **options: Any) -> Any:
        """Write the picture to a file, and return its path."""
        outfile = options.get("outfile")
        suffix = Path(outfile).suffix[1:] if outfile else None
        check(options.get("format") or suffix or self.format)
        try:
            return super().render(filename, directory=directory, **{"quiet": True} | options)
        except (OSError, graphviz.CalledProcessError) as error:
            said = getattr(error, "stderr", b"").decode(errors="replace")
            reasons = [line for line in said.splitlines() if not line.startswith("Warning")]
            raise OSError(
                f"the drawing was to be written to {outfile or filename or self.filepath!r}: "
                f"{' '.join(reasons) or error}. Expected a path that can be written"
            ) from error


def check(format: str) -> None:
    """Find a renderer, and raise unless it draws the format."""
    choose_renderer()
    answer = subprocess.run(
        [dot_command.DOT_BINARY, "-T?"], capture_output=True, text=True, check=False
    )
    formats = answer.stderr.partition("one of:")[2].split()
    if formats and format.lower() not in formats:
        raise ValueError(
            f"a drawing was asked for in the format {format!r}: expected one of "
            f"{', '.join(formats)}"
        )


def choose_renderer() -> None:
    """Point the `graphviz` package at an executable that there is."""
    if shutil.which(dot_command.DOT_BINARY):
        return
    found = shutil.which("graphviz-pure") or installed_renderer()
    if found is None:
        raise NoRendererError(
            "a drawing was to be rendered, but there is no Graphviz: expected the command dot on "
            "the PATH, or the package graphviz-pure. Install it with\n"
            "    python -m pip install 'tinygrad-reg[dot]'\n"
            "The attribute .source holds the DOT text without it"
        )
    dot_command.DOT_BINARY = Path(found)


def installed_renderer() -> str | None:
    """The executable of `graphviz-pure`, also where its folder is not on the PATH."""
    try:
        paths = files("graphviz-pure") or []
    except PackageNotFoundError:
        return None
    return next((str(path.locate()) for path in paths if path.stem == "graphviz-pure"), None)
