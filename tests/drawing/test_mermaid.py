"""Mermaid text: every box and edge once, in lines of a few known forms, with names as text."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.drawing.test_writing import HOSTILE, any_pictures
from tinygrad_reg.drawing.picture import Edge, Group, Node, Picture
from tinygrad_reg.drawing.writing.dot import DETAILS
from tinygrad_reg.drawing.writing.looks import ROLES, THEMES
from tinygrad_reg.drawing.writing.mermaid import escaped, mermaid_of

TEXT = r'"((?:[^"#;<>&`%{}\[\]|\\$:\x00-\x1f]|#\d+;|<br/>)*)"'
BOX = re.compile(rf"^ +(n\d+)(?:\[{TEXT}\]|\[/{TEXT}/\]|\({TEXT}\)|\(\[{TEXT}\]\)|"
                 rf"\{{\{{{TEXT}\}}\}}|\[\[{TEXT}\]\])$")  # fmt: skip
EDGE = re.compile(rf"^ +(n\d+) -->(?:\|{TEXT}\|)? (n\d+)$")
OPEN, CLOSE = re.compile(rf"^ +subgraph (s\d+)\[{TEXT}\]$"), re.compile("^ +end$")
COLOURS = r"(?:,?(?:fill|stroke|color):#[0-9a-f]{6}|,stroke-width:2px|,stroke-dasharray:5 3)+"
LOOKS = [
    re.compile(rf"^ +style s\d+ {COLOURS}$"),
    re.compile(rf"^ +linkStyle \d+(?:,\d+)* {COLOURS}$"),
    re.compile(rf"^ +classDef [a-z]+ {COLOURS}$"),
    re.compile(r"^ +class n\d+(?:,n\d+)* [a-z]+$"),
]


def read(text):
    """What a text says: its boxes, edges and subgraphs; fails on a line of an unknown form."""
    lines = text.splitlines()
    if lines[0].startswith("%%"):
        assert lines.pop(0) == "%%{init: {'theme': 'dark'}}%%"
    assert lines.pop(0) == "flowchart LR"
    boxes, edges, frames, depth = {}, [], {}, 0
    for line in lines:
        if match := BOX.match(line):
            assert match[1] not in boxes
            boxes[match[1]] = next(x for x in match.groups()[1:] if x is not None)
        elif match := EDGE.match(line):
            edges.append((match[1], match[3]))
        elif match := OPEN.match(line):
            assert match[1] not in frames
            frames[match[1]] = match[2]
            depth += 1
        elif CLOSE.match(line):
            depth -= 1
        else:
            assert any(look.match(line) for look in LOOKS), line
        assert depth >= 0
    assert depth == 0
    return boxes, edges, frames


def decoded(text):
    """What a reader sees."""
    return re.sub(r"#(\d+);", lambda match: chr(int(match[1])), text).replace("\u200b", "")


@given(any_pictures(), st.sampled_from(DETAILS), st.sampled_from(sorted(THEMES)))
def test_every_box_and_every_edge_is_there_once_in_lines_of_known_forms(picture, detail, theme):
    boxes, edges, frames = read(mermaid_of(picture, detail, theme))
    keys = dict(zip((node.key for node in picture.nodes), sorted(boxes, key=numbered), strict=True))
    assert edges == [(keys[edge.tail], keys[edge.head]) for edge in picture.edges]
    assert len(frames) == len(picture.groups)


def numbered(identifier):
    """The number of an identifier."""
    return int(identifier[1:])


@given(st.text())
def test_any_text_is_read_as_the_text_itself(text):
    printable = "".join(c for c in text if c.isprintable())[:40]
    assert decoded(escaped(printable)) == printable
    assert re.fullmatch(TEXT, f'"{escaped(text)}"')


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_names_stand_in_quotes_and_make_no_identifiers(text):
    node = Node("0", "parameter", name=text, group="g0")
    group = Group("g0", text, "penalty", formula=text)
    written = mermaid_of(Picture([node], [Edge("0", "0", text, text)], [group]), "gradients")
    boxes, _, frames = read(written)
    assert (list(boxes), list(frames)) == (["n0"], ["s0"])
    assert "<img" not in written
    assert "\n\n" not in written


def test_role_has_its_shape_and_colours_and_a_penalty_its_own_arrows():
    nodes = [Node(str(i), role, "+", name="x") for i, role in enumerate(ROLES)]
    penalty = str(ROLES.index("penalty"))
    text = mermaid_of(Picture(nodes, [Edge("0", "1"), Edge("0", penalty)]))
    for role in ROLES:
        assert f"classDef {role} fill:{THEMES['light'].fills[role]}" in text
    assert "linkStyle 1 stroke:" in text
    assert f'n{penalty}{{{{"#43;<br/>x ()"}}}}' in text


def test_text_at_an_edge_is_the_place_and_in_full_detail_the_local_derivative():
    picture = Picture([Node("0", "data"), Node("1", "output", "@")], [Edge("0", "1", "2", "Xᵀ")])
    assert 'n0 -->|"2"| n1' in mermaid_of(picture, "shape")
    assert 'n0 -->|"(2) Xᵀ"| n1' in mermaid_of(picture, "gradients")


def test_same_picture_gives_same_text():
    picture = Picture([Node("0", "data", name="x"), Node("1", "output", "exp")], [Edge("0", "1")])
    assert mermaid_of(picture) == mermaid_of(picture)


def test_unknown_theme_lists_what_there_is():
    with pytest.raises(ValueError, match="expected one of 'light', 'dark'"):
        mermaid_of(Picture(), theme="bold")
