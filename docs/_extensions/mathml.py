"""Formulas as MathML, which browsers draw by themselves: no script, and no network."""

from typing import Any

from docutils import nodes
from math_core import LatexError, LatexToMathML
from sphinx.application import Sphinx
from sphinx.util import logging

__all__ = ["setup"]

logger = logging.getLogger(__name__)
converter = LatexToMathML()


def drawn(node: nodes.Element, *, block: bool) -> str:
    """A formula as MathML, with a warning where it cannot be read."""
    formula = node.astext()
    try:
        return converter.convert_with_local_state(formula, displaystyle=block)
    except LatexError as problem:
        logger.warning("formula %r cannot be read: %s", formula, problem, location=node)
        return ""


def visit_inline(translator: Any, node: nodes.math) -> None:
    """A formula within a sentence."""
    translator.body.append(drawn(node, block=False))
    raise nodes.SkipNode


def visit_block(translator: Any, node: nodes.math_block) -> None:
    """A formula on a line of its own, with its number where it has a label."""
    translator.body.append(translator.starttag(node, "div", CLASS="math"))
    if node["number"]:
        translator.body.append(f'<span class="eqno">({node["number"]})</span>')
    translator.body.append(drawn(node, block=True) + "</div>")
    raise nodes.SkipNode


def setup(app: Sphinx) -> dict[str, bool]:
    """Enter the renderer under the name "mathml"."""
    app.add_html_math_renderer("mathml", (visit_inline, None), (visit_block, None))
    return {"parallel_read_safe": True, "parallel_write_safe": True}
