"""What Graphviz leaves to be done in an SVG: fonts to fall back to, and titles that speak."""

from __future__ import annotations

import re
from html import escape, unescape

from tinygrad_reg.drawing.picture import Picture
from tinygrad_reg.drawing.symbols import spelled
from tinygrad_reg.drawing.writing.labels import title_of
from tinygrad_reg.drawing.writing.looks import FONT, FONTS

__all__ = ["finished"]

TITLE = re.compile(r'(<g id="\w+" class="(?:node|edge|cluster)">\s*<title>)([^<]*)(</title>)')
ARROW = "->"


def finished(svg: str, picture: Picture) -> str:
    """An SVG whose titles, which browsers show and screen readers say, are names and not keys."""
    names = {node.key: spelled(title_of(node)) for node in picture.nodes}
    names |= {f"cluster_{group.key}": spelled(group.counted_title) for group in picture.groups}

    def named(match: re.Match[str]) -> str:
        """An element with the title that a person understands."""
        before, title, after = match.groups()
        ends = [names.get(key, key) for key in unescape(title).split(ARROW)]
        return before + escape(" → ".join(ends)) + after

    return TITLE.sub(named, svg).replace(f'font-family="{FONT}"', f'font-family="{FONTS}"')
