"""The page: sections as one HTML file that needs nothing else."""

from __future__ import annotations

import re
from collections.abc import Sequence
from html import escape
from string import Template

from tinygrad_reg.tour.blocks import (
    Block,
    Embedded,
    Figure,
    Finding,
    Formula,
    Listing,
    Prose,
    Section,
    Table,
)

__all__ = ["page"]

STYLE = """
:root {
  color-scheme: light dark;
  --paper: #fbfaf7; --ink: #1d2329; --quiet: #5b6670; --line: #d9d6ce;
  --card: #ffffff; --accent: #0b5f94; --mark: #e3f1ea; --finding: #eaf2f8;
}
@media (prefers-color-scheme: dark) {
  :root {
    --paper: #14181c; --ink: #e4e7ea; --quiet: #9aa6b0; --line: #363e46;
    --card: #1c2228; --accent: #6db7e8; --mark: #1d3a2e; --finding: #182c3b;
  }
}
* { box-sizing: border-box; }
html { scroll-behavior: smooth; -webkit-text-size-adjust: 100%; }
body {
  margin: 0 auto; padding: 2.5rem 1.25rem 5rem; max-width: 50rem;
  background: var(--paper); color: var(--ink);
  font: 1.0625rem/1.6 Charter, "Bitstream Charter", "Sitka Text", Cambria, Georgia, serif;
}
h1, h2, nav, table, figcaption, .caption, summary, .facts, .finding {
  font-family: system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif;
}
h1 { margin: 0 0 .5rem; font-size: 2.1rem; line-height: 1.2; letter-spacing: -.015em; }
h2 {
  margin: 3.5rem 0 1rem; padding-top: 1.25rem; border-top: 1px solid var(--line);
  font-size: 1.5rem; line-height: 1.25;
}
a { color: var(--accent); }
nav {
  margin: 1.75rem 0; padding: .9rem 1.2rem; background: var(--card);
  border: 1px solid var(--line); border-radius: .6rem; font-size: .95rem;
}
nav ul { margin: 0; padding: 0; list-style: none; columns: 2 16rem; }
nav a { display: block; padding: .2rem 0; text-decoration: none; }
nav a:hover { text-decoration: underline; }
code { font: .88em ui-monospace, "SF Mono", Menlo, Consolas, "DejaVu Sans Mono", monospace; }
td code { white-space: pre-wrap; }
table.code { min-width: 34rem; }
table.code td { padding: .12rem .6rem; border-bottom: 0; vertical-align: top; }
pre {
  padding: .8rem 1.1rem; background: var(--card); border: 1px solid var(--line);
  border-radius: .5rem; font-size: .92rem; line-height: 1.45;
}
p code { padding: .1em .3em; background: var(--card); border-radius: .25em; }
.formula { margin: 1.1rem 0; overflow-x: auto; overflow-y: hidden; font-size: 1.12rem; }
.finding {
  margin: 1.5rem 0; padding: .8rem 1.1rem; background: var(--finding);
  border-left: .3rem solid var(--accent); border-radius: 0 .5rem .5rem 0; font-size: 1rem;
}
.table { margin: 1.75rem 0; }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; font-size: .88rem; line-height: 1.4; }
.caption { margin: 0 0 .4rem; color: var(--quiet); font-size: .9rem; line-height: 1.5; }
th, td { padding: .4rem .6rem; border-bottom: 1px solid var(--line); text-align: right; }
th { vertical-align: bottom; border-bottom: 2px solid var(--quiet); font-weight: 600; }
td { white-space: nowrap; font-variant-numeric: tabular-nums; }
th.words, td.words { text-align: left; white-space: normal; }
tr.marked td { background: var(--mark); font-weight: 600; }
details { margin: 1.5rem 0; }
summary { cursor: pointer; color: var(--accent); font-size: .95rem; }
details .scroll { margin-top: .75rem; }
figure { margin: 1.75rem 0; }
figure .card {
  padding: .75rem; overflow-x: auto; background: #ffffff;
  border: 1px solid var(--line); border-radius: .6rem;
}
figure svg { display: block; width: 100%; min-width: var(--smallest); height: auto; }
figure.wide { width: min(72rem, 100vw - 2.5rem); margin-left: 50%; transform: translateX(-50%); }
figure iframe {
  display: block; width: 100%; height: min(46rem, 88vh);
  border: 1px solid var(--line); border-radius: .6rem;
}
figcaption { margin-top: .6rem; color: var(--quiet); font-size: .9rem; line-height: 1.5; }
.facts { color: var(--quiet); font-size: .9rem; }
@media (max-width: 40rem) {
  body { padding-top: 1.5rem; font-size: 1rem; }
  h1 { font-size: 1.65rem; }
  figure .card { padding: .4rem; }
}
@media print {
  body { max-width: none; padding: 0; background: #fff; color: #000; }
  h2, figure, table { break-inside: avoid; }
}
"""

PAGE = Template("""<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>$title</title>
<style>$style</style>
</head>
<body>
<header>
<h1>$title</h1>
<p>$introduction</p>
<p class="facts">$facts</p>
</header>
<nav aria-label="Contents"><ul>$contents</ul></nav>
<main>
$sections
</main>
</body>
</html>
""")


def page(title: str, introduction: str, facts: str, sections: Sequence[Section]) -> str:
    """A complete HTML page.

    Parameters
    ----------
    title, introduction, facts : str
        What stands above the table of contents; `facts` in small print.
    sections : sequence of Section
        In order.

    Returns
    -------
    str
        HTML with its style and pictures inside: nothing is fetched.
    """
    return PAGE.substitute(
        title=escape(title),
        style=STYLE,
        introduction=marked_up(introduction),
        facts=marked_up(facts),
        contents="".join(
            f'<li><a href="#{escape(section.anchor)}">{escape(section.title)}</a></li>'
            for section in sections
        ),
        sections="\n".join(map(html_of_section, sections)),
    )


def marked_up(text: str) -> str:
    """Text, escaped, with `backticks` as code."""
    return re.sub(r"`([^`]+)`", r"<code>\1</code>", escape(text))


def html_of_section(section: Section) -> str:
    """A section with its heading; its pictures get names of their own."""
    blocks = "\n".join(
        html_of_block(block, f"{section.anchor}-{i}") for i, block in enumerate(section.blocks)
    )
    return (
        f'<section id="{escape(section.anchor)}">\n<h2>{escape(section.title)}</h2>\n'
        f"{blocks}\n</section>"
    )


def html_of_block(block: Block, anchor: str) -> str:
    """Any block."""
    match block:
        case Prose(text):
            return f"<p>{marked_up(text)}</p>"
        case Finding(text):
            return f'<p class="finding">{marked_up(text)}</p>'
        case Formula(mathml, text):
            return f'<div class="formula" role="math" aria-label="{escape(text)}">{mathml}</div>'
        case Table():
            return html_of_table(block)
        case Figure(svg, caption, description, smallest):
            return (
                f'<figure style="--smallest: {smallest}em">'
                f'<div class="card" role="img" aria-label="{escape(description)}">'
                f"{with_own_names(svg, anchor)}</div><figcaption>{marked_up(caption)}</figcaption>"
                "</figure>"
            )
        case Embedded(inner, caption, title):
            return (
                f'<figure class="wide"><iframe title="{escape(title)}" sandbox="allow-scripts" '
                f'loading="lazy" srcdoc="{escape(inner)}"></iframe>'
                f"<figcaption>{marked_up(caption)}</figcaption></figure>"
            )
        case Listing(caption, source, folded):
            code = f'<pre class="scroll" tabindex="0"><code>{escape(source)}</code></pre>'
            if folded:
                return f"<details><summary>{escape(caption)}</summary>{code}</details>"
            return f'<div class="table"><p class="caption">{escape(caption)}</p>{code}</div>'


def html_of_table(table: Table) -> str:
    """A table in a box that scrolls sideways, behind a click if it is folded."""

    def cells(tag: str, texts: Sequence[str]) -> str:
        return "".join(
            f"<{tag}{' class=words' if i in table.left else ''}>{cell(tag, text)}</{tag}>"
            for i, text in enumerate(texts)
        )

    def cell(tag: str, text: str) -> str:
        return f"<code>{escape(text)}</code>" if table.code and tag == "td" else escape(text)

    rows = "".join(
        f"<tr{' class=marked' if i == table.marked else ''}>{cells('td', row)}</tr>"
        for i, row in enumerate(table.rows)
    )
    box = (
        f'<div class="scroll" tabindex="0"><table{" class=code" if table.code else ""} '
        f'aria-label="{escape(table.caption)}">'
        f"<thead><tr>{cells('th', table.headers)}</tr></thead><tbody>{rows}</tbody></table></div>"
    )
    if not table.folded:
        return f'<div class="table"><p class="caption">{escape(table.caption)}</p>{box}</div>'
    return f"<details><summary>{escape(table.caption)}</summary>{box}</details>"


def with_own_names(svg: str, prefix: str) -> str:
    """SVG text whose ids begin with `prefix`, so that pictures on one page do not share any."""
    svg = re.sub(r'\bid="([^"]*)"', rf'id="{prefix}-\1"', svg)
    svg = re.sub(r'href="#([^"]*)"', rf'href="#{prefix}-\1"', svg)
    return re.sub(r"url\(#([^)]*)\)", rf"url(#{prefix}-\1)", svg)
