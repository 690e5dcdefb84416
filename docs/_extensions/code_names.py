"""What stands in single backticks in a docstring: code, and a link where it is a public name."""

from docutils import nodes
from docutils.parsers.rst.states import Inliner
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxRole

import tinygrad_reg
from tinygrad_reg import testing, training

__all__ = ["setup"]

MODULES = {"tinygrad_reg": tinygrad_reg, "tinygrad_reg.testing": testing}
MODULES["tinygrad_reg.training"] = training


class CodeRole(SphinxRole):
    """Code, and a link to the page of a public name."""

    inliner: Inliner

    def run(self) -> tuple[list[nodes.Node], list[nodes.system_message]]:
        """The text in code letters, linked if it is a name that has a page."""
        target = full_name(self.text)
        linked = self.env.domains.python_domain.role("obj")
        if target is None or linked is None:
            return [nodes.literal(self.text, self.text)], []
        text = f"{self.text} <{target}>"
        return linked("py:obj", f":py:obj:`{text}`", text, self.lineno, self.inliner, {}, [])


def full_name(text: str) -> str | None:
    """`grad` and `tg.grad` as "tinygrad_reg.grad"; None for what is no public name."""
    module, _, name = text.replace("tg.", "tinygrad_reg.", 1).rpartition(".")
    for known in MODULES:
        if module in ("", known) and name in PUBLIC[known]:
            return f"{known}.{name}"
    return None


PUBLIC = {known: {*holder.__all__} for known, holder in MODULES.items()}
PUBLIC["tinygrad_reg.testing"] |= {"check_rule"}


def setup(app: Sphinx) -> dict[str, bool]:
    """Enter the role."""
    app.add_role("code_name", CodeRole())
    return {"parallel_read_safe": True, "parallel_write_safe": True}
