"""From DOT to a picture: with the system's Graphviz, else with `graphviz-pure`; and Mermaid."""

from __future__ import annotations

import shutil
import subprocess
from importlib.metadata import PackageNotFoundError, files
from pathlib import Path
from typing import Any

import graphviz
from graphviz.backend import dot_command

from tinygrad_reg.drawing.files import write
from tinygrad_reg.drawing.picture import Picture
from tinygrad_reg.drawing.writing.mermaid import mermaid_of
from tinygrad_reg.drawing.writing.svg import finished

__all__ = ["Drawing", "NoRendererError"]

MERMAID = ("mermaid", "mmd")
SUFFIXES = {"mermaid": "mmd"}
OF_DOTS = ("png", "jpg", "jpeg", "jpe", "gif", "bmp", "tif", "tiff", "webp")
DOTS_PER_INCH = "144"  # twice those of a point: sharp on a slide


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

    picture: Picture = Picture()
    detail: str = "shape"
    theme: str = "light"

    def shows(self, picture: Picture, detail: str, theme: str) -> None:
        """Say what is drawn, and how."""
        self.picture, self.detail, self.theme = picture, detail, theme

    @property
    def mermaid(self) -> str:
        """The picture as Mermaid text, which GitHub draws in a ```mermaid block."""
        return mermaid_of(self.picture, self.detail, self.theme)

    def copy(self) -> Drawing:
        """An independent copy."""
        copied: Drawing = super().copy()
        copied.shows(self.picture, self.detail, self.theme)
        return copied

    def pipe(self, format: str | None = None, **options: Any) -> Any:
        """The picture as bytes, or as text if `encoding` is given."""
        wanted = (format or self.format).lower()
        encoding = options.pop("encoding", None)
        if wanted in MERMAID:
            return self.mermaid if encoding else self.mermaid.encode()
        check(wanted)
        drawing = super().copy()
        if wanted in OF_DOTS:  # only there: an SVG would grow
            drawing.graph_attr.setdefault("dpi", DOTS_PER_INCH)
        result = graphviz.Digraph.pipe(drawing, wanted, **{"quiet": True} | options)
        if wanted == "svg":
            result = finished(result.decode(), self.picture).encode()
        return result.decode(encoding) if encoding else result

    def render(
        self,
        filename: Any = None,
        directory: Any = None,
        *,
        outfile: Any = None,
        format: str | None = None,
        cleanup: bool = False,
        view: bool = False,
        raise_if_result_exists: bool = False,
        **options: Any,
    ) -> str:
        """Write the picture and its DOT text to files, and return the picture's path.

        `outfile` is the picture's path, with the format at its end, and the DOT text stands next
        to it; `filename` is that of the DOT text. `cleanup` leaves the DOT text away.
        """
        folder = Path(directory or self.directory or "")
        if outfile is not None:
            path = folder / outfile
            wanted = format or path.suffix[1:]
            source = folder / filename if filename is not None else path.with_suffix(".gv")
        else:
            source = folder / (filename or self.filename)
            wanted = format or self.format
            path = source.with_name(f"{source.name}.{SUFFIXES.get(wanted, wanted)}")
        if raise_if_result_exists and path.exists():
            raise graphviz.FileExistsError(f"output file exists: {str(path)!r}")
        shown = options.pop("quiet_view", False) or view
        options.pop("overwrite_source", None)
        contents = {path: self.pipe(wanted, **options)}
        if not cleanup and source != path:
            contents[source] = self.source.encode()
        for file, content in contents.items():
            write(file, content, "the drawing")
        if shown:
            self._view(path, format=path.suffix[1:], quiet=True)
        return str(path)


def check(format: str) -> None:
    """Find a renderer, and raise unless it draws the format."""
    choose_renderer()
    answer = subprocess.run(
        [dot_command.DOT_BINARY, "-T?"], capture_output=True, text=True, check=False
    )
    formats = answer.stderr.partition("one of:")[2].split()
    if formats and format not in formats:
        raise ValueError(
            f"a drawing was asked for in the format {format!r}: expected one of "
            f"{', '.join(sorted([*formats, *MERMAID]))}"
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
