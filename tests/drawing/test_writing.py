"""What is written of a picture: every box and edge once, names as text, room for every line."""

import io
import os
import re
import xml.etree.ElementTree as ElementTree
from collections import Counter
from html import unescape
from pathlib import Path

import graphviz
import numpy as np
import pytest
from graphviz.backend import dot_command
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.drawing.random_pictures import boxes_in, chain_of, pictures
from tinygrad_reg.drawing.picture import Edge, Group, Node, Picture
from tinygrad_reg.drawing.symbols import number, spelled
from tinygrad_reg.drawing.writing import renderer
from tinygrad_reg.drawing.writing.dot import DETAILS, drawing_of
from tinygrad_reg.drawing.writing.looks import ROLES, SHAPES, THEMES
from tinygrad_reg.drawing.writing.markup import Grid
from tinygrad_reg.drawing.writing.mermaid import mermaid_of
from tinygrad_reg.drawing.writing.summaries import number_lines
from tinygrad_reg.drawing.writing.widths import width_of

SVG = "{http://www.w3.org/2000/svg}"
NODE = re.compile(r'^\t+(\w+) \[label=(<.*?>|"") ', re.MULTILINE)
EDGE = re.compile(r"^\t(\w+) -> (\w+)( \[.*\])?$", re.MULTILINE)
FRAME = re.compile(r"subgraph cluster_(\w+) \{")
HOSTILE = [
    "<img src=x onerror=alert(1)>", '"; }', "back\\slash \\N \\G \\", "two\nlines",
    "</TABLE>>]; x [", "&lt;&#92;", "]]>", "-->", "🎉 株価", "\u202eright to left", "a" * 10_000,
    "\0\ud800", "\\", "<", "digraph", 'font-family="Arial"', "->", "",
]  # fmt: skip
texts = st.one_of(st.sampled_from(HOSTILE), st.text(max_size=50))
floats = st.floats(-1e300, 1e300) | st.sampled_from([np.nan, np.inf, -np.inf, 0.0])


@st.composite
def any_pictures(draw):
    """Random pictures with random and hostile texts everywhere, values and gradients, all roles."""
    picture = draw(pictures(most=12))
    for node in picture.nodes:
        node.name, node.symbol = draw(st.none() | texts), draw(texts)
        node.options = (draw(texts),)
        node.role = draw(st.sampled_from(ROLES))
        if draw(st.booleans()):
            entries = draw(st.lists(floats, min_size=1, max_size=8))
            node.value = node.gradient = np.array(entries)
    for group in picture.groups:
        group.title, group.formula = draw(texts), draw(texts)
    for edge in picture.edges:
        edge.place, edge.local = draw(texts), draw(texts)
    picture.turns_back = draw(st.booleans())
    return picture


def shown(drawing):
    """Every text of the rendered SVG, as an XML parser reads it."""
    root = ElementTree.parse(io.BytesIO(drawing.pipe("svg"))).getroot()
    found = [text.text.replace("\xa0", " ") for text in root.iter(f"{SVG}text")]
    return [text for text in found if text.strip()]


def lines_of(value=None, gradient=None):
    """What is said of a value and a gradient, each line as one text."""
    value = None if value is None else np.asarray(value)
    gradient = None if gradient is None else np.asarray(gradient)
    return [
        " ".join(span.text for span in row if span.text)
        for line in number_lines(value, gradient)
        for row in (line.rows if isinstance(line, Grid) else [line])
    ]


# -- every picture ---------------------------------------------------------------------------------


@given(any_pictures(), st.sampled_from(DETAILS), st.sampled_from(sorted(THEMES)))
def test_every_box_every_edge_and_every_frame_is_written_exactly_once(picture, detail, theme):
    source = drawing_of(picture, detail, theme).source
    nodes = [key for key, _ in NODE.findall(source) if key not in ("above", "below")]
    assert sorted(nodes) == sorted(node.key for node in picture.nodes)
    edges = Counter()
    for tail, head, options in EDGE.findall(source):
        if "invis" not in options:
            edges[(head, tail) if "dir=back" in options else (tail, head)] += 1
    assert edges == Counter((edge.tail, edge.head) for edge in picture.edges)
    assert sorted(FRAME.findall(source)) == sorted(group.key for group in picture.groups)


@settings(max_examples=25)
@given(any_pictures(), st.sampled_from(DETAILS), st.sampled_from(sorted(THEMES)))
def test_any_picture_renders_to_well_formed_svg_with_every_box_edge_and_frame(
    picture, detail, theme
):
    root = ElementTree.fromstring(drawing_of(picture, detail, theme).pipe("svg"))
    elements = [group.get("id") for group in root.iter(f"{SVG}g")]
    assert len(elements) == len(set(elements)), "no identifier clashes"
    kinds = Counter(group.get("class") for group in root.iter(f"{SVG}g"))
    assert kinds["node"] == len(picture.nodes)
    assert kinds["edge"] == len(picture.edges)
    assert kinds["cluster"] == len(picture.groups)


@settings(max_examples=10)
@given(any_pictures(), st.sampled_from(DETAILS))
def test_same_picture_gives_same_bytes(picture, detail):
    first, second = drawing_of(picture, detail), drawing_of(picture, detail)
    assert first.source == second.source
    assert first.pipe("svg") == second.pipe("svg")
    assert first.mermaid == second.mermaid


@given(pictures())
def test_boxes_stand_in_the_frames_of_their_groups(picture):
    where, found = [None], {None: []}
    for line in drawing_of(picture, "shape").source.splitlines():
        if match := FRAME.search(line):
            found.setdefault(where[-1], []).append(match[1])
            where.append(match[1])
            found[where[-1]] = []
        elif line.strip() == "}" and len(where) > 1:
            where.pop()
        elif (match := NODE.match(line)) and match[1] not in ("above", "below"):
            found[where[-1]].append(match[1])
    assert {key: sorted(keys) for key, keys in found.items()} == {
        key: sorted(keys) for key, keys in boxes_in(picture).items()
    }


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_text_is_shown_as_text_wherever_it_comes_from(text):
    nodes = [
        Node("0", "parameter", name=text),
        Node("1", "operation", text, (text,), text, group="g0"),
        Node("2", "group", text, (text,), text),
        Node("3", "penalty", text, (text,), text),
    ]
    edges = [Edge("0", "1", text, text), Edge("1", "2"), Edge("2", "3")]
    groups = [Group("g0", text, "scope", formula=text)]
    drawing = drawing_of(Picture(nodes, edges, groups), "gradients")
    svg = drawing.pipe("svg", encoding="utf-8")
    for markup in ("<img", "<script", "onerror=alert(1)>"):
        assert markup not in svg.replace("&gt;", "›")
    if text.strip() and "\n" not in text:
        seen = shown(drawing)
        wanted = spelled(text)
        assert seen.count(wanted) >= 8 - 2 * (len(wanted) > 24), "only a formula may be wrapped"


def test_text_without_glyphs_is_spelled_out_and_long_text_is_shortened():
    assert spelled("two\nlines\0\ud800\u202e") == r"two\nlines\x00\ud800\u202e"
    assert spelled("a" * 10_000) == "a" * 39 + "…"
    assert len(spelled("\u202e" * 40)) == 40


def test_dot_text_grows_linearly():
    def length(count):
        picture = chain_of(["exp"], count)
        for i, node in enumerate(picture.nodes):
            node.group = f"g{i // 10}"
        picture.groups = [Group(f"g{i}", "block", "block") for i in range(count // 10 + 1)]
        return len(drawing_of(picture).source)

    assert length(2000) < 10.5 * length(200)


def test_frames_nested_a_thousand_deep_need_no_recursion():
    groups = [Group(f"g{i}", "", "scope", f"g{i - 1}" if i else None) for i in range(1000)]
    picture = Picture([Node("0", "data", group="g999")], [], groups)
    assert len(FRAME.findall(drawing_of(picture).source)) == 1000
    assert drawing_of(picture).mermaid.count("subgraph") == 1000


# -- what a box says -------------------------------------------------------------------------------


def test_detail_adds_values_and_then_gradients_and_what_edges_multiply_with():
    nodes = [
        Node("0", "parameter", name="w", shape=(2,), value=np.array([1.5, -2.0]),
             gradient=np.array([3.0, -4.0])),
        Node("1", "output", "Σ", value=np.float64(-0.5), gradient=np.float64(1)),
    ]  # fmt: skip
    picture = Picture(nodes, [Edge("0", "1", local="1 − y²")])
    seen = {detail: set(shown(drawing_of(picture, detail))) for detail in DETAILS}
    assert seen["shape"] == {"parameter", "output", "w", "(2,)", "Σ", "= −0.5"}
    assert seen["values"] == seen["shape"] | {"1.5", "−2"}
    assert seen["gradients"] == seen["values"] | {"∂ =", "3", "−4", "∂ = 1", "1 − y²"}


@pytest.mark.parametrize("argument", ["detail", "theme"])
def test_unknown_detail_and_theme_list_what_there_is(argument):
    expected = {"detail": "'shape', 'values', 'gradients'", "theme": "'light', 'dark'"}[argument]
    with pytest.raises(
        ValueError, match=f"{argument}='bold' was given: expected one of {expected}"
    ):
        drawing_of(Picture(), **{argument: "bold"})


@pytest.mark.parametrize(
    ("value", "lines"),
    [
        (3.0, []),
        ([1.0, -2.0, 1 / 3], ["1 −2 0.3333"]),
        (np.arange(12.0).reshape(3, 4), ["0 1 2 3", "4 5 6 7", "8 9 10 11"]),
        (np.arange(8.0), ["0 … 7", "mean 3.5, 12 % zeros"]),
        (np.ones((9, 9)), ["all 1"]),
        (np.zeros((0, 3)), []),
        (np.arange(40) % 2 == 0, ["50 % True"]),
        ([True, False], ["True False"]),
        (np.r_[0.0, np.ones(999)], ["0 … 1", "mean 0.999, <1 % zeros"]),
        (np.r_[1.0, np.zeros(999)], ["0 … 1", "mean 0.001, >99 % zeros"]),
        ([1e300] * 8 + [0.0], ["0 … 1e+300", "mean 8.889e+299, 11 % zeros"]),
        (np.array(["a"] * 20), []),
        ([np.nan, 1.0], ["NaN 1"]),
        (
            np.r_[[np.nan] * 2, np.inf, -np.inf, np.arange(6.0)],
            ["2 NaN, 1 ∞, 1 −∞ of 10", "0 … 5", "mean 2.5, 17 % zeros"],
        ),
    ],
)
def test_value_is_shown_in_full_if_it_is_small_else_in_a_few_numbers(value, lines):
    assert lines_of(value) == lines


@pytest.mark.parametrize(
    ("gradient", "lines"),
    [
        (13.0, ["∂ = 13"]),
        ([[0.5]], ["∂ = 0.5"]),
        ([3.0, -4.0], ["∂ = 3 −4"]),
        ([[1.0, 2.0], [3.0, 4.0]], ["∂ = 1 2", "3 4"]),
        (np.full(16, 2.0), ["‖∂‖ = 8", "all 2"]),
        (np.r_[np.nan, np.ones(8)], ["‖∂‖ = NaN", "1 NaN of 9", "all 1"]),
        (np.full(10_000, 1e200), ["‖∂‖ = 1e+202", "all 1e+200"]),
    ],
)
def test_gradient_is_shown_in_full_if_it_is_small_else_by_its_norm(gradient, lines):
    assert lines_of(None, gradient) == lines


@pytest.mark.parametrize(
    ("gradient", "is_alarming"),
    [(1.0, False), ([np.nan, 1.0], True), (np.full(9, np.inf), True), (np.full(9, 1e7), True),
     (np.full(9, 1e3), False)],
)  # fmt: skip
@pytest.mark.parametrize("theme", sorted(THEMES))
def test_gradients_that_are_not_finite_or_have_exploded_are_red(gradient, is_alarming, theme):
    node = Node("0", "parameter", name="w", shape=(9,), gradient=np.asarray(gradient))
    source = drawing_of(Picture([node]), "gradients", theme).source
    assert (THEMES[theme].tones["alarm"] in source) == is_alarming


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("entries", [(), (1,), (3,), (2, 2), (100,)])
@pytest.mark.parametrize("theme", sorted(THEMES))
def test_any_nan_and_any_infinity_is_red_in_values_and_in_gradients(bad, entries, theme):
    def is_red(detail, **numbers):
        node = Node("0", "operation", "×", name="z", shape=entries, **numbers)
        return THEMES[theme].tones["alarm"] in drawing_of(Picture([node]), detail, theme).source

    array = np.ones(entries)
    array.flat[-1] = bad
    assert is_red("values", value=array)
    assert is_red("gradients", value=np.ones(entries), gradient=array)
    assert not is_red("gradients", value=np.ones(entries), gradient=np.ones(entries))


def test_values_and_gradients_that_are_small_stand_in_the_same_columns():
    (grid,) = number_lines(np.array([1.0, 2.0]), np.array([3.0, 4.0]))
    assert [[span.text for span in row] for row in grid.rows] == [["", "1", "2"], ["∂ =", "3", "4"]]


@given(st.lists(floats, min_size=1, max_size=30))
def test_summary_of_any_numbers_is_finite_text_and_warns_of_nothing(entries):
    lines = lines_of(np.array(entries), np.array(entries))
    assert all(lines)
    if not np.isfinite(entries).all():
        assert any("NaN" in line or "∞" in line for line in lines)


def test_numbers_have_four_digits_and_the_signs_of_mathematics():
    assert [number(x) for x in (-0.123456, 1e-9, np.nan, -np.inf, 20)] == [
        "−0.1235", "1e−09", "NaN", "−∞", "20",
    ]  # fmt: skip


def test_folded_group_says_its_title_its_formula_and_how_much_is_in_it():
    options = ("36 operations", "W1, b1")
    groups = [Node("g0", "group", "@ + tanh", options, "layer ×12"),
              Node("g1", "penalty", "λ/2m ‖W‖²", options, "penalty")]  # fmt: skip
    for node in groups:
        seen = shown(drawing_of(Picture([node])))[1:]
        assert seen == [node.name, node.symbol, *options]


@pytest.mark.parametrize(
    ("role", "part", "colours"),
    [
        ("group", "forward", "group"),
        ("group", "gradient", "backward"),
        ("group", "third derivative", "backward"),
        ("group", "tangent", "tangent"),
        ("group", "update", "group"),
        ("penalty", "forward", "penalty"),
        ("penalty", "gradient", "penalty"),
    ],
)
@pytest.mark.parametrize("theme", THEMES.values(), ids=THEMES)
def test_folded_group_has_a_tab_and_the_colours_of_its_part(role, part, colours, theme):
    picture = Picture([Node("g0", role, "@", ("3 operations",), "layer 1", part=part)])
    name = next(name for name, each in THEMES.items() if each is theme)
    source = drawing_of(picture, "shape", name).source
    assert "shape=folder" in source
    assert f'fillcolor="{theme.fills[colours]}"' in source
    assert f">{colours}</TD>" in source, "the legend says what the colours mean"
    assert 'n0[["' in mermaid_of(picture, "shape", name)
    assert f"classDef {colours} fill:{theme.fills[colours]}" in mermaid_of(picture, "shape", name)


def test_penalty_stands_between_two_bars_in_the_picture_and_in_the_legend():
    def bars(role):
        source = drawing_of(Picture([Node("0", role, "×", name="penalty")])).source
        return [source.count(f'SIDES="{side}"') for side in "LR"]

    assert bars("penalty") == [2, 2]
    assert all(bars(role) == [0, 0] for role in ROLES if role != "penalty")


def test_frame_says_its_title_with_the_count_and_a_penaltys_its_formula():
    groups = [Group("g0", "layer", "repeat", count=12),
              Group("g1", "L2 penalty", "penalty", formula="λ/2m ‖W‖²")]  # fmt: skip
    nodes = [Node("0", "data", group="g0"), Node("1", "penalty", "+", group="g1")]
    assert {"layer ×12", "L2 penalty", "λ/2m ‖W‖²"} <= set(
        shown(drawing_of(Picture(nodes, [], groups)))
    )


# -- looks -----------------------------------------------------------------------------------------


def luminance(colour):
    """How bright a colour is, as the accessibility guidelines for the web define it."""
    channels = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    red, green, blue = (
        x / 12.92 if x <= 0.04045 else ((x + 0.055) / 1.055) ** 2.4 for x in channels
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(a, b):
    """The ratio of the brighter to the darker colour, from 1 to 21."""
    darker, brighter = sorted((luminance(a), luminance(b)))
    return (brighter + 0.05) / (darker + 0.05)


def test_contrast_is_that_of_the_guidelines():
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.01)


@pytest.mark.parametrize("theme", THEMES.values(), ids=THEMES)
def test_text_has_enough_contrast_on_everything_it_stands_on(theme):
    for tone, colour in theme.tones.items():
        for role, fill in theme.fills.items():
            assert contrast(colour, fill) >= 4.5, (tone, role)
    behind = (theme.canvas, theme.panel, theme.penalty_panel)
    for text in (
        theme.edge_text,
        *(theme.tones[tone] for tone in ("ink", "quiet", "gradient", "penalty")),
    ):
        assert all(contrast(text, colour) >= 4.5 for colour in behind)


@pytest.mark.parametrize("theme", THEMES.values(), ids=THEMES)
def test_borders_and_arrows_have_enough_contrast(theme):
    for role in ROLES:
        assert contrast(theme.lines[role], theme.fills[role]) >= 3, role
    for behind in (theme.canvas, theme.panel):
        assert contrast(theme.edge, behind) >= 3
        assert contrast(theme.lines["penalty"], behind) >= 3


def test_roles_that_occur_together_differ_in_shape_or_border_for_prints_in_grey():
    plain = {"operation", "forward", "update"}
    looks = [frozenset(SHAPES[role].items()) for role in ROLES if role not in plain]
    assert len({*looks, frozenset(SHAPES["operation"].items())}) == len(looks) + 1


def test_everything_at_a_penalty_has_its_colour():
    nodes = [Node("0", "parameter", name="W"), Node("1", "operation", "@"),
             Node("2", "operation", "Σ·²", group="g0"), Node("3", "penalty", "λ ×", group="g0"),
             Node("4", "output", "+")]  # fmt: skip
    edges = [Edge("0", "1"), Edge("0", "2"), Edge("2", "3"), Edge("1", "4"), Edge("3", "4")]
    groups = [Group("g0", "penalty", "penalty", formula="λ ‖W‖²")]
    source = drawing_of(Picture(nodes, edges, groups)).source
    colour = THEMES["light"].lines["penalty"]
    coloured = {(a, b) for a, b, options in EDGE.findall(source) if colour in options}
    assert coloured == {("0", "2"), ("2", "3"), ("3", "4")}
    (frame,) = re.findall(r"cluster_g0 \{\n(.*)\n", source)
    assert f'color="{colour}"' in frame


def test_dark_pictures_have_dark_canvas_and_no_light_colour_left():
    picture = Picture(
        [Node(str(i), role, "+", name="x", group="g0") for i, role in enumerate(ROLES)],
        [Edge("0", "1", "1", "2")], [Group("g0", "t", "penalty", formula="f")],
    )  # fmt: skip
    light, dark = (set(re.findall("#[0-9a-f]{6}", drawing_of(picture, theme=theme).source))
                   for theme in ("light", "dark"))  # fmt: skip
    assert f'bgcolor="{THEMES["dark"].canvas}"' in drawing_of(picture, theme="dark").source
    assert not light & dark


def test_a_picture_that_turns_back_has_the_forward_part_on_top_and_gradients_underneath():
    nodes = [Node("0", "parameter", name="x", group="g0"),
             Node("1", "operation", "tanh", group="g0"),
             Node("2", "output", "Σ", group="g0"),
             Node("3", "backward", "1 −", part="gradient", group="g1", gradient_of="1"),
             Node("4", "output", "×", part="gradient", group="g1", gradient_of="0")]  # fmt: skip
    edges = [Edge("0", "1"), Edge("1", "2"), Edge("1", "3"), Edge("3", "4")]
    groups = [Group("g0", "forward", "part"), Group("g1", "gradient", "part")]
    drawing = drawing_of(Picture(nodes, edges, groups, turns_back=True))
    words = [line.split() for line in drawing.pipe("plain", encoding="utf-8").splitlines()]
    place = {word[1]: (float(word[2]), float(word[3])) for word in words if word[0] == "node"}
    for above, below in (("1", "3"), ("0", "4")):
        assert place[above][0] == pytest.approx(place[below][0], abs=0.01)
        assert place[above][1] > place[below][1]
    onward = drawing_of(Picture(nodes, edges, groups))
    words = [line.split() for line in onward.pipe("plain", encoding="utf-8").splitlines()]
    place = {word[1]: float(word[2]) for word in words if word[0] == "node"}
    assert place["0"] < place["1"] < place["3"] < place["4"]


# -- widths ----------------------------------------------------------------------------------------


@given(st.text(), st.text(), st.floats(1, 50), st.booleans())
def test_width_is_additive_and_proportional_to_the_size(a, b, points, bold):
    total = width_of(a + b, points, bold)
    assert total == pytest.approx(width_of(a, points, bold) + width_of(b, points, bold))
    assert width_of(a, 2 * points, bold) == pytest.approx(2 * width_of(a, points, bold))


@given(st.text(st.characters(blacklist_categories=["Cc", "Cs"]), min_size=1))
def test_every_character_has_a_width(text):
    assert width_of(text, 10) >= 2.4 * len(text)


@pytest.mark.parametrize(
    ("text", "regular", "bold"),  # in the widest of the fonts, at a size of 100
    [
        ("parameter", 527.9, 592.8),
        ("(3, 20)", 332.5, 372.9),
        ("WAVE", 298.9, 333.4),
        ("λ/2m ‖·‖²", 457.6, 490.2),
        ("−0.123 ≤ ∞", 600.7, 636.8),
        ("žluťoučký", 479.5, 542.3),
    ],
)
def test_width_is_no_less_than_that_of_the_widest_font_and_not_much_more(text, regular, bold):
    assert regular <= width_of(text, 100) <= 1.15 * regular
    assert bold <= width_of(text, 100, bold=True) <= 1.15 * bold


@given(any_pictures(), st.sampled_from(DETAILS))
@settings(max_examples=15)
def test_every_line_fits_into_its_box_in_the_widest_font(picture, detail):
    root = ElementTree.fromstring(drawing_of(picture, detail).pipe("svg"))
    for group in root.iter(f"{SVG}g"):
        if group.get("class") != "node":
            continue
        outlines = [x.get("points") or x.get("d") for x in group if x.tag != f"{SVG}title"]
        numbers = [float(x) for x in re.findall(r"(-?[\d.]+),", " ".join(filter(None, outlines)))]
        for text in group.iter(f"{SVG}text"):
            if text.text and text.text.strip("\xa0 "):
                size, bold = float(text.get("font-size")), text.get("font-weight") == "bold"
                end = float(text.get("x")) + width_of(text.text, size, bold)
                assert float(text.get("x")) >= min(numbers)
                assert end <= max(numbers) + 0.5


# -- files -----------------------------------------------------------------------------------------


@pytest.fixture
def drawing():
    """A drawing of two boxes."""
    nodes = [Node("0", "data", name="x & y"), Node("1", "output", "exp", name="z")]
    return drawing_of(Picture(nodes, [Edge("0", "1")], []), "shape")


def test_rendering_writes_the_picture_and_its_source(drawing, tmp_path):
    path = drawing.render(outfile=tmp_path / "graph.svg")
    assert path == str(tmp_path / "graph.svg")
    assert (tmp_path / "graph.svg").read_bytes() == drawing.pipe("svg")
    assert (tmp_path / "graph.gv").read_text("utf-8") == drawing.source
    assert drawing.render("other", tmp_path, format="png") == str(tmp_path / "other.png")
    assert drawing.render(outfile=tmp_path / "only.svg", cleanup=True)
    names = {"graph.svg", "graph.gv", "other", "other.png", "only.svg"}
    assert {path.name for path in tmp_path.iterdir()} == names


def test_png_has_two_dots_for_a_point_and_svg_keeps_its_size(drawing):
    png = drawing.pipe("png")
    dots = [int.from_bytes(png[i : i + 4], "big") for i in (16, 20)]
    svg = ElementTree.fromstring(drawing.pipe("svg"))
    points = [float(svg.get(side).removesuffix("pt")) for side in ("width", "height")]
    assert dots == pytest.approx([2 * x for x in points], abs=3)
    assert "dpi" not in drawing.source


def test_titles_in_svg_are_names_and_not_keys(drawing):
    titles = re.findall("<title>(.*?)</title>", drawing.pipe("svg", encoding="utf-8"))
    assert [unescape(title) for title in titles][-3:] == ["x & y", "z = exp", "x & y → z = exp"]


def test_svg_names_fonts_to_fall_back_to(drawing):
    families = set(re.findall('font-family="(.*?)"', drawing.pipe("svg", encoding="utf-8")))
    assert families == {"Arial,Helvetica,Liberation Sans,sans-serif"}


@pytest.mark.parametrize("place", ["missing/graph.svg", "file/graph.svg", "folder.svg"])
def test_path_that_cannot_be_written_is_named_and_nothing_is_left_behind(drawing, tmp_path, place):
    (tmp_path / "folder.svg").mkdir()
    (tmp_path / "file").touch()
    before = sorted(tmp_path.rglob("*"))
    with pytest.raises(OSError, match=f"was to be written to '.*{place}'"):
        drawing.render(outfile=tmp_path / place)
    with pytest.raises(OSError, match="was to be written to"):
        drawing.render(tmp_path / "missing" / "graph")
    assert sorted(tmp_path.rglob("*")) == before


def test_rendering_that_fails_leaves_the_old_picture_and_nothing_else(
    drawing, tmp_path, monkeypatch
):
    (tmp_path / "graph.svg").write_text("old")
    with pytest.raises(ValueError, match=r"'wav': expected one of .*mermaid.*svg"):
        drawing.render(outfile=tmp_path / "graph.wav")

    def fail(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "replace", fail)
    with pytest.raises(OSError, match=r"graph\.svg.*No space left"):
        drawing.render(outfile=tmp_path / "graph.svg")
    assert [path.name for path in tmp_path.iterdir()] == ["graph.svg"]
    assert (tmp_path / "graph.svg").read_text() == "old"


def test_rendering_over_a_link_writes_what_it_points_to(drawing, tmp_path):
    (tmp_path / "real.svg").write_text("old")
    (tmp_path / "link.svg").symlink_to(tmp_path / "real.svg")
    drawing.render(outfile=tmp_path / "link.svg", cleanup=True)
    assert (tmp_path / "link.svg").is_symlink()
    assert (tmp_path / "real.svg").read_bytes() == drawing.pipe("svg")


def test_existing_picture_is_kept_if_that_is_asked_for(drawing, tmp_path):
    drawing.render(outfile=tmp_path / "graph.svg")
    with pytest.raises(graphviz.FileExistsError):
        drawing.render(outfile=tmp_path / "graph.svg", raise_if_result_exists=True)


def test_a_copy_of_a_drawing_is_the_same_drawing(drawing):
    copy = drawing.copy()
    assert (copy.source, copy.mermaid) == (drawing.source, drawing.mermaid)
    assert copy.pipe("svg") == drawing.pipe("svg")


def test_mermaid_needs_no_renderer(drawing, tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", "")
    monkeypatch.setattr(dot_command, "DOT_BINARY", "dot")
    monkeypatch.setattr(renderer, "installed_renderer", lambda: None)
    with pytest.raises(RuntimeError, match="there is no Graphviz"):
        drawing.pipe("svg")
    path = drawing.render(outfile=tmp_path / "graph.mmd")
    assert Path(path).read_text("utf-8") == drawing.mermaid
    assert drawing.pipe("mermaid") == drawing.mermaid.encode()
    assert drawing.pipe("mermaid", encoding="utf-8") == drawing.mermaid
    assert drawing.render(tmp_path / "other", format="mermaid") == str(tmp_path / "other.mmd")
