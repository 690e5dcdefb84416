"""The package's source as pages of the site, with a link to every line.

``{source}`tinygrad_reg/sweeps.py#fit` `` in a page links to the line where `fit` is defined, and
the API pages link to the lines of what they describe.
"""

import ast
from collections.abc import Iterator
from functools import cache
from importlib import import_module
from inspect import getsourcefile, unwrap
from pathlib import Path
from typing import Any

from docutils import nodes
from docutils.parsers.rst.states import Inliner
from pygments import highlight
from pygments.formatters import HtmlFormatter
from pygments.lexers import PythonLexer
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxRole
from sphinx.util.osutil import relative_uri

import tinygrad_reg

__all__ = ["address_of_object", "setup"]

PACKAGE = Path(tinygrad_reg.__file__).parent
ROOT = PACKAGE.parent


def files() -> list[Path]:
    """Every module of the package."""
    return sorted(PACKAGE.rglob("*.py"))


@cache
def lines_of(path: Path) -> dict[str, int]:
    """The line of every function, class, method and constant of a file."""
    found: dict[str, int] = {}

    def enter(body: list[ast.stmt], prefix: str) -> None:
        for statement in body:
            if isinstance(statement, ast.FunctionDef | ast.ClassDef):
                first = min([d.lineno for d in statement.decorator_list] + [statement.lineno])
                found.setdefault(prefix + statement.name, first)
                if isinstance(statement, ast.ClassDef):
                    enter(statement.body, f"{prefix}{statement.name}.")
            elif isinstance(statement, ast.Assign | ast.AnnAssign):
                targets = getattr(statement, "targets", None) or [statement.target]  # type: ignore[union-attr]
                for target in targets:
                    if isinstance(target, ast.Name):
                        found.setdefault(prefix + target.id, statement.lineno)

    enter(ast.parse(path.read_text(encoding="utf-8")).body, "")
    return found


def page_of(path: Path) -> str:
    """The name of the page of a file."""
    return "source/" + path.relative_to(ROOT).with_suffix("").as_posix()


class SourceRole(SphinxRole):
    """A link to a file of the package, or to the definition of a name in it."""

    inliner: Inliner

    def run(self) -> tuple[list[nodes.Node], list[nodes.system_message]]:
        """The link, as text in code letters."""
        text, target = self.text, self.text
        if target.endswith(">") and " <" in target:
            text, target = target[:-1].split(" <", 1)
        name, _, definition = target.partition("#")
        if text is target:
            text = definition or name
        path = ROOT / name
        line = lines_of(path).get(definition) if path.is_file() else None
        if not path.is_file() or (definition and line is None):
            message = self.inliner.reporter.warning(
                f"there is no {target!r} in the package", line=self.lineno
            )
            return [self.inliner.problematic(self.rawtext, self.rawtext, message)], [message]
        address = relative_uri(self.env.docname, page_of(path)) + ".html"
        address += f"#line-{line}" if line else ""
        link = nodes.reference("", "", nodes.literal(text, text), refuri=address, internal=True)
        return [link], []


def address_of_object(module: str, name: str) -> str | None:
    """The address of a public object's source, from a page in reference/generated/."""
    holder: Any = import_module(module)
    for part in name.split("."):
        holder = getattr(holder, part, None)
    found = unwrap(getattr(holder, "fget", None) or holder) if holder is not None else None
    try:
        path, name = Path(getsourcefile(found) or ""), getattr(found, "__qualname__", name)
    except TypeError:
        return None
    if not path.is_relative_to(PACKAGE):  # a strategy, which Hypothesis has wrapped
        path = Path(import_module(module).__file__ or "")
    line = lines_of(path).get(name, 1)
    return f"../../{page_of(path)}.html#line-{line}"


def pages(app: Sphinx) -> Iterator[tuple[str, dict[str, Any], str]]:
    """A page for every file, its lines numbered and with an anchor each."""
    if app.builder.format != "html":
        return
    formatter = HtmlFormatter(linenos="inline", lineanchors="line", anchorlinenos=True)
    for path in files():
        title = path.relative_to(ROOT).as_posix()
        code = highlight(path.read_text(encoding="utf-8"), PythonLexer(), formatter)
        body = f'<div class="source-page"><h1>{title}</h1>\n{code}</div>'
        yield page_of(path), {"title": title, "body": body}, "page.html"


def setup(app: Sphinx) -> dict[str, bool]:
    """Enter the role and the pages."""
    app.add_role("source", SourceRole())
    app.connect("html-collect-pages", pages)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
