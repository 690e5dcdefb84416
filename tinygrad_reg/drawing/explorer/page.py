"""The explorer as one file: its template filled with style, scripts and data."""

from __future__ import annotations

import base64
import hashlib
import html
import json
from pathlib import Path
from string import Template
from typing import Any

__all__ = ["SCRIPTS", "page"]

# Each may use what those before it define.
SCRIPTS = (
    "elements.js",
    "data.js",
    "mathematics.js",
    "arrays.js",
    "layout.js",
    "arrows.js",
    "labels.js",
    "scene.js",
    "view.js",
    "steps.js",
    "panel.js",
    "strengths.js",
    "search.js",
    "main.js",
)
ASSETS = Path(__file__).parent / "assets"
LIBRARY = "vendor/panzoom.min.js"
LICENCE = "vendor/panzoom-LICENSE.txt"


def page(data: dict[str, Any]) -> str:
    """The page that explores `data`; it fetches nothing and runs nothing but its own scripts."""
    style = _asset("page.css")
    library = f"/*\n{_asset(LICENCE)}*/\n{_asset(LIBRARY)}"
    script = '"use strict";\n' + "\n".join(_asset(name) for name in SCRIPTS)
    return Template(_asset("page.html")).substitute(
        title=html.escape(_writable(data["title"])),
        policy=_policy(style, library, script),
        style=style,
        library=library,
        script=script,
        data=_escaped(data),
    )


def _asset(name: str) -> str:
    """The text of a file beside this one, with plain line ends on every system."""
    return (ASSETS / name).read_text(encoding="utf-8").replace("\r\n", "\n")


def _policy(style: str, *scripts: str) -> str:
    """The Content-Security-Policy under which these texts are all that may run."""
    allowed = " ".join(_source(script) for script in scripts)
    return (
        f"default-src 'none'; script-src {allowed}; style-src {_source(style)}; "
        "base-uri 'none'; form-action 'none'"
    )


def _source(text: str) -> str:
    """The name that a policy has for an inline text: its hash."""
    digest = hashlib.sha256(text.encode("utf-8")).digest()
    return f"'sha256-{base64.b64encode(digest).decode('ascii')}'"


def _escaped(data: dict[str, Any]) -> str:
    """The data as JSON in which no character can end or begin an element."""
    text = json.dumps(data, ensure_ascii=True, allow_nan=False, separators=(",", ":"))
    for character in "<>&":
        text = text.replace(character, f"\\u{ord(character):04x}")
    return text


def _writable(text: str) -> str:
    """A text that a file in UTF-8 can hold: half characters become question marks."""
    return text.encode("utf-8", "replace").decode("utf-8")
