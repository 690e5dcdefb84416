"""From DOT to a picture: with the system's Graphviz, else with `graphviz-pure`; and Mermaid."""

from __future__ import annotations

import shutil
import subprocess
from importlib.metadata import PackageNotFoundError, files
from pathlib import Path
from typing import Any

import graphviz
from graphviz.backend import dot_command

from tinygrad_reg.drawing.picture import Picture
from tinygrad_reg.drawing.writing.mermaid import mermaid_of
from tinygrad_reg.drawing.writing.svg import finished
from tinygrad_reg.files import write

__all__ = ["Drawing", "NoRendererError"]

MERMAID = ("mermaid", "mmd")
SUFFIXES = {"mermaid": "mmd"}
OF_DOTS = ("png", "jpg", "jpeg", "jpe", "gif", "bmp", "tif", "tiff", "webp")
DOTS_PER_INCH = "144"  # twice those of a point: sharp on a slide


class NoRendererError(RuntimeError):
    """There is no Graphviz on this machine; the message says how to install one.

    See Also
    --------
    tinygrad_reg.drawing.Drawing : Whose `source` and `mermaid` need none.
    """


class Drawing(graphviz.Digraph):  # type: ignore[misc]
    r"""A `graphviz.Digraph` that finds its renderer when a picture is asked for. Made by `draw`.

    Everything that the class of the package graphviz can do, it can do as well: `node`, `edge`,
    `save` and the rest add to the picture or write it.

    Raises
    ------
    NoRendererError
        When rendered where there is no Graphviz. `source` works all the same.
    ValueError
        When rendered in a format that there is not.
    OSError
        When rendered to a path that cannot be written.

    See Also
    --------
    tinygrad_reg.draw : What makes it.

    Examples
    --------
    >>> from tinygrad_reg.drawing import Drawing
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

    def __repr__(self) -> str:
        """What a terminal shows, which cannot show pictures."""
        boxes = f"{len(self.picture.nodes)} boxes"
        return f"Drawing({boxes}; .render(outfile='graph.svg', cleanup=True) writes the picture)"

    @property
    def mermaid(self) -> str:
        """The picture as Mermaid text, which GitHub draws in a block of code marked `mermaid`."""
        return mermaid_of(self.picture, self.detail, self.theme)

    def copy(self) -> Drawing:
        """An independent copy.

        Returns
        -------
        Drawing
            To which nodes and edges can be added without a change here.

        Examples
        --------
        >>> import tinygrad_reg as tg
        >>> drawing = tg.draw(tg.Tensor([1.0], name="x"))
        >>> copied = drawing.copy()
        >>> copied.node("another")
        >>> copied.source == drawing.source
        False
        """
        copied: Drawing = super().copy()
        copied.shows(self.picture, self.detail, self.theme)
        return copied

    def pipe(self, format: str | None = None, **options: Any) -> Any:
        """The picture as bytes, or as text if `encoding` is given.

        Parameters
        ----------
        format : str, optional
            "svg", "png", "pdf", "mermaid" or another that Graphviz knows; the drawing's own by
            default.
        **options
            Those of `graphviz.Digraph.pipe`: `encoding="utf-8"` for text.

        Returns
        -------
        bytes or str
            The file's content; pictures of dots at 144 dots an inch.

        Raises
        ------
        NoRendererError
            If there is no Graphviz; "mermaid" needs none.
        ValueError
            If there is no such format.

        Examples
        --------
        >>> import tinygrad_reg as tg
        >>> drawing = tg.draw(tg.Tensor([1.0], name="x"))
        >>> print(drawing.pipe("mermaid", encoding="utf-8").splitlines()[0])
        flowchart LR
        """
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

        Parameters
        ----------
        filename : path-like, optional
            Path of the DOT text; the picture's has the format added to its end.
        directory : path-like, optional
            Folder for both; it has to be there.
        outfile : path-like, optional
            Path of the picture, whose end is the format; the DOT text stands next to it.
        format : str, optional
            "svg", "png", "pdf", "mermaid" or another that Graphviz knows.
        cleanup : bool
            Whether to leave the DOT text away.
        view : bool
            Whether to open the picture.
        raise_if_result_exists : bool
            Whether to raise where the picture is already there.
        **options
            Those of `graphviz.Digraph.render`.

        Returns
        -------
        str
            Path of the picture.

        Raises
        ------
        NoRendererError
            If there is no Graphviz; "mermaid" needs none.
        ValueError
            If there is no such format.
        OSError
            If a file cannot be written; what was there before is left as it was. With
            `raise_if_result_exists`, `graphviz.FileExistsError`.

        Examples
        --------
        >>> import tempfile, tinygrad_reg as tg
        >>> drawing = tg.draw(tg.Tensor([1.0], name="x"))
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     path = drawing.render(directory=folder, outfile="graph.mmd", cleanup=True)
        >>> path.endswith("graph.mmd")
        True
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
