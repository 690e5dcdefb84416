"""Pictures of graphs: complete, deterministic, inert, and there without Graphviz installed."""

import copy
import html
import io
import pickle
import re
import subprocess
import sys
import xml.etree.ElementTree as ElementTree
from collections import Counter

import graphviz
import numpy as np
import pytest
from graphviz.backend import dot_command
from hypothesis import given
from hypothesis import strategies as st

import tinygrad_reg as tg
from tinygrad_reg.drawing import svg
from tinygrad_reg.drawing.writing import renderer

NODE = re.compile(r"^\t+(\d+) \[label=<(.*?)> color=", re.MULTILINE | re.DOTALL)
EDGE = re.compile(r"^\t+(\d+) -> (\d+)", re.MULTILINE)
PENALTY_COLOUR, PARAMETER_COLOUR, DATA_COLOUR = "#fbdcc8", "#cfe5f5", "#d3efe4"


def labels_of(drawing):
    """The label of each node by its id."""
    return dict(NODE.findall(drawing.source))


def statement(drawing, text):
    """The one line of DOT about a box or an edge that has this text."""
    lines = [line for line in drawing.source.splitlines() if re.match(r"\t+\d+ ", line)]
    (line,) = [line for line in lines if text in line]
    return line


def words_in(markup):
    """What is said in markup, with single spaces between words."""
    text = html.unescape(re.sub("<[^>]*>", " ", markup)).replace("\xa0", " ")
    return " ".join(text.split())


def box(drawing, name):
    """What is said in the box of a value with a name."""
    (label,) = [label for label in labels_of(drawing).values() if f"<B>{name}</B>" in label]
    return words_in(label)


def texts_of(drawing):
    """Every text of the rendered SVG, as an XML parser reads it."""
    root = ElementTree.parse(io.BytesIO(drawing.pipe("svg"))).getroot()
    return [text.text for text in root.iter("{http://www.w3.org/2000/svg}text")]


def random_graph(choices):
    """A graph whose every tensor leads to the loss, from pairs of numbers that pick operands."""
    tensors = [tg.Tensor([1.0, 2.0], requires_grad=True, name=f"leaf{i}") for i in range(2)]
    unused = {*range(2)}
    for i, j in choices:
        i, j = i % len(tensors), j % len(tensors)
        operation = (np.add, np.multiply, np.subtract, np.matmul)[(i + j) % 3]
        unused = (unused - {i, j}) | {len(tensors)}
        tensors.append(operation(tensors[i], tensors[j]))
    for i in unused:
        tensors.append(np.maximum(tensors[-1], tensors[i]))
    for i, tensor in enumerate(tensors):
        tensor.name = f"tensor{i};"
    return tensors


def regularized_loss():
    """The lesson's logistic regression after its backward pass, and the drawing of its cost."""
    rng = np.random.default_rng(0)
    X, Y = rng.normal(size=(3, 20)), rng.integers(0, 2, size=(1, 20)).astype(float)
    W = tg.Tensor(rng.normal(size=(1, 3)), requires_grad=True)
    b = tg.Tensor([[0.5]], requires_grad=True)
    Z = W @ X + b
    J = np.sum(tg.binary_cross_entropy(Z, Y)) / 20 + tg.l2(W, 0.7, 20)
    J.backward()
    return X, Y, W, b, Z, tg.draw(J)


@given(st.lists(st.tuples(st.integers(0, 99), st.integers(0, 99)), max_size=12))
def test_each_node_and_each_edge_is_drawn_exactly_once(choices):
    tensors = random_graph(choices)
    drawing = tg.draw(tensors[-1])
    ids = NODE.findall(drawing.source)
    assert [int(i) for i, _ in ids] == list(range(len(tensors)))
    names = {i: re.search(r"tensor(\d+);", label)[1] for i, label in ids}
    assert sorted(names.values(), key=int) == [str(i) for i in range(len(tensors))]
    drawn = Counter((int(names[a]), int(names[b])) for a, b in EDGE.findall(drawing.source))
    number = {id(tensor): i for i, tensor in enumerate(tensors)}
    assert drawn == Counter((number[id(x)], number[id(y)]) for y in tensors for x in y.args)
    assert all(int(a) < int(b) for a, b in EDGE.findall(drawing.source))


@given(st.lists(st.tuples(st.integers(0, 99), st.integers(0, 99)), max_size=12))
def test_same_graph_gives_same_bytes(choices):
    first = tg.draw(random_graph(choices)[-1]).source
    tg.Tensor(1.0, requires_grad=True)
    assert tg.draw(random_graph(choices)[-1]).source == first


def test_lesson_is_drawn_with_names_shapes_and_symbols():
    *_, drawing = regularized_loss()
    assert isinstance(drawing, graphviz.Digraph)
    texts = texts_of(drawing)
    for text in ("W", "b", "X", "Y", "Z", "(3, 20)", "(1, 3)", "@", "+", "Σ", "· ÷ 20"):
        assert texts.count(text) >= 1, text
    assert "J" in texts
    assert "λ/2m ‖·‖²" in texts
    assert "λ=0.7, m=20" in texts


def test_gradient_norms_are_those_of_numpy():
    X, Y, W, _, Z, drawing = regularized_loss()
    prediction = 1 / (1 + np.exp(-Z.data))
    for name, gradient in [
        ("W", (prediction - Y) @ X.T / 20 + 0.7 / 20 * W.data),
        ("b", np.sum(prediction - Y) / 20),
        ("Z", (prediction - Y) / 20),
    ]:
        said, gradient = box(drawing, name), np.ravel(gradient)
        if gradient.size <= 3:  # in full
            numbers = re.findall(r"∂ = (.*)", said)[0].split()
            shown = [float(number.replace("−", "-")) for number in numbers]
            np.testing.assert_allclose(shown, gradient, rtol=1e-3)
        else:
            assert f"‖∂‖ = {np.linalg.norm(gradient):.4g} " in said
    assert "∂" not in box(drawing, "X")


def test_gradient_of_a_value_used_twice_is_summed():
    x = tg.Tensor(3.0, requires_grad=True)
    y = x * 2
    z = y * y + y
    assert "∂" not in tg.draw(z).source
    z.backward()
    assert box(tg.draw(z), "y").endswith("∂ = 13")


def test_leaf_shows_its_own_gradient_where_the_drawn_tensor_is_not_a_scalar():
    w = tg.Tensor([3.0, 4.0], requires_grad=True)
    y = w * w
    np.sum(y).backward()
    drawing = tg.draw(y)
    assert box(drawing, "w").endswith("∂ = 6 8")
    assert drawing.source.count("∂") == 1


def test_roles_have_their_own_colour_and_the_legend_lists_those_that_occur():
    *_, drawing = regularized_loss()
    assert PENALTY_COLOUR in statement(drawing, "λ/2m")
    assert PARAMETER_COLOUR in statement(drawing, "<B>W</B>")
    assert DATA_COLOUR in statement(drawing, "<B>X</B>")
    assert "peripheries=2" in statement(drawing, "<B>J</B>")
    roles = ["parameter", "data", "operation", "penalty", "output"]
    assert texts_of(drawing)[: len(roles)] == roles
    assert texts_of(tg.draw(tg.Tensor(1.0))) == ["data", "= 1"]


@pytest.mark.parametrize(
    ("penalty", "texts"),
    [
        (lambda W: tg.l1(W, 0.5, 7), ["λ/m ‖·‖₁", "λ=0.5, m=7"]),
        (lambda W: tg.l2([W, W], 0.5, 7), ["λ/2m ‖·‖²", "λ=0.5, m=7"]),
        (lambda W: tg.elastic_net([W, W], 0.5, 7, 0.25), ["λ=0.5, m=7, r=0.25"]),
        (lambda W: tg.group_lasso([W, W], 0.5, 7, 1), ["λ/m Σ‖·‖₂", "λ=0.5, m=7, axis=1"]),
    ],
)
def test_penalty_is_drawn_as_its_formula(penalty, texts):
    drawing = tg.draw(penalty, np.ones((2, 2)))
    assert set(texts) <= set(texts_of(drawing))
    assert PENALTY_COLOUR in statement(drawing, "λ")


def test_strength_that_is_a_tensor_is_an_edge():
    drawing = tg.draw(lambda W, lambd: tg.l2(W, lambd, 7), np.ones(2), 0.5)
    assert "\t0 -> 2 [" in statement(drawing, 'headlabel="λ"')
    assert "m=7<" in statement(drawing, "λ/2m")


def test_order_of_arguments_is_told_where_it_matters():
    a, b = (tg.Tensor(1.0, requires_grad=True) for _ in range(2))
    assert [line for line in tg.draw(b - a).source.splitlines() if "->" in line] == [
        "\t0 -> 2 [headlabel=1]",
        "\t1 -> 2 [headlabel=2]",
    ]
    assert "headlabel" not in tg.draw(a + b).source


def test_alias_collapses_onto_the_tensor_it_copies():
    W = tg.Tensor([1.0, 2.0], requires_grad=True)
    W.data[0] = 3.0
    J = np.sum(W * W)
    assert J.args[0].args[0].args == (W,), "an alias was expected"
    labels = labels_of(tg.draw(J))
    assert len(labels) == 3
    assert "alias" not in "".join(labels.values())
    assert EDGE.findall(tg.draw(J).source) == [("0", "1"), ("0", "1"), ("1", "2")]


def test_names_come_from_enclosing_callers_and_their_dicts_but_never_private_ones():
    def show(anything):
        return tg.draw(anything)

    parameters = {"W1": tg.Tensor([1.0], requires_grad=True)}
    _hidden = tg.Tensor([1.0], requires_grad=True)
    data = np.ones(1)
    drawing = show(parameters["W1"] * _hidden + data)
    assert "<B>W1</B>" in drawing.source
    assert "<B>data</B>" in drawing.source
    assert "<B>anything</B>" in drawing.source
    assert "hidden" not in drawing.source
    assert drawing.source.count("<B>") == 3


def test_function_is_drawn_with_names_of_its_parameters_and_variables():
    X = np.ones((2, 4))

    def loss(layers, factor, offset, m):
        A = np.tanh(layers[0]["W"] @ X + layers[0]["b"])
        Z = layers[1]["W"] @ A
        return np.sum(np.where(Z > 0, Z, factor * Z)) / m + offset

    layers = [{"W": np.ones((3, 2)), "b": np.ones((3, 1))}, {"W": np.ones((1, 3))}]
    drawing = tg.draw(loss, layers, 0.5, tg.Tensor(1.0), 4)
    names = set(re.findall("<B>(.*?)</B>", drawing.source))
    assert names == {
        "layers[0][&#x27;W&#x27;]", "layers[1][&#x27;W&#x27;]",
        "b", "X", "A", "Z", "factor", "offset",
    }  # fmt: skip
    assert PARAMETER_COLOUR in statement(drawing, "<B>factor</B>")
    assert DATA_COLOUR in statement(drawing, "<B>offset</B>")
    assert "· ÷ 4" in drawing.source


def test_function_that_fails_leaves_no_profiler_behind():
    with pytest.raises(ZeroDivisionError):
        tg.draw(lambda x: 1 // 0, 1.0)
    assert sys.getprofile() is None


@pytest.mark.parametrize(
    ("function", "text"),
    [
        (lambda x: x / 3, "· ÷ 3"),
        (lambda x: 1 - x, "1 − ·"),
        (lambda x: 0.5 * x, "0.5 × ·"),
        (lambda x: x**2, "· ** 2"),
        (lambda x: np.maximum(x, 0), "maximum(·, 0)"),
        (lambda x: x[1:, ::-1], "[1:, ::-1]"),
        (lambda x: np.sum(x, axis=0, keepdims=True), "axis=0, keepdims=True"),
        (lambda x: np.reshape(x, (4, 1)), "(4, 1)"),
        (lambda x: np.abs(x), "|·|"),
        (lambda x: x.astype(np.float32), "(2, 2) float32"),
    ],
)
def test_operation_is_labelled_as_a_person_writes_it(function, text):
    assert text in texts_of(tg.draw(function, np.ones((2, 2))))


HOSTILE = [
    "<img src=x onerror=alert(1)>", '"; }', "back\\slash \\N \\G \\", "</TABLE>>]; x [label=<",
    "&lt;&#92;", "]]>", "-->", "🎉 žluťoučký", "\\", "<", "digraph",
]  # fmt: skip


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_name_appears_as_text(name):
    tensor = tg.Tensor([1.0], requires_grad=True, name=name)
    drawing = tg.draw(tensor * 2)
    assert name in [text.replace("\xa0", " ") for text in texts_of(drawing)]
    assert b"<img" not in drawing.pipe("svg")


def test_long_name_is_shortened_and_control_characters_are_spelled_out():
    assert "a" * 39 + "…" in texts_of(tg.draw(tg.Tensor(1.0, name="a" * 10_000)))
    assert r"two\nlines\x00\ud800" in texts_of(tg.draw(tg.Tensor(1.0, name="two\nlines\0\ud800")))


@given(st.lists(st.text(max_size=60), min_size=8, max_size=8))
def test_any_names_make_valid_dot_and_well_formed_svg(names):
    tensors = [tg.Tensor(1.0, requires_grad=True, name=name) for name in names]
    drawing = tg.draw(np.stack(tensors))
    root = ElementTree.fromstring(drawing.pipe("svg"))
    kinds = [group.get("class") for group in root.iter("{http://www.w3.org/2000/svg}g")]
    assert (kinds.count("node"), kinds.count("edge")) == (9, 8)


@pytest.fixture
def no_system_graphviz(monkeypatch):
    """As on a machine without `dot`, in a shell that has not activated the environment."""
    monkeypatch.setenv("PATH", "")
    monkeypatch.setattr(dot_command, "DOT_BINARY", "dot")


@pytest.mark.usefixtures("no_system_graphviz")
def test_pictures_work_without_system_graphviz(tmp_path):
    drawing = tg.draw(tg.Tensor(1.0, name="x"))
    assert drawing.pipe("png").startswith(b"\x89PNG")
    assert b"digraph" in drawing.pipe("dot")
    assert ElementTree.parse(drawing.render(outfile=tmp_path / "graph.svg")).getroot() is not None
    assert list(drawing._repr_mimebundle_()) == ["image/svg+xml"]


@pytest.mark.usefixtures("no_system_graphviz")
def test_without_any_renderer_the_error_names_the_command(monkeypatch, tmp_path):
    monkeypatch.setattr(renderer, "installed_renderer", lambda: None)
    drawing = tg.draw(tg.Tensor(1.0, name="x"))
    assert "<B>x</B>" in drawing.source
    for render in (drawing.pipe, lambda: drawing.render(tmp_path / "graph")):
        with pytest.raises(RuntimeError, match=r"python -m pip install 'tinygrad-reg\[dot\]'"):
            render()
    assert svg(tg.Tensor(1.0)) is None
    assert tg.Tensor(1.0)._repr_svg_() is None


def test_notebook_shows_a_tensor_as_svg():
    weight = tg.Tensor(1.0, requires_grad=True)
    assert ">weight</text>" in (weight * 2)._repr_svg_()


def test_unknown_format_and_unwritable_path_have_clear_errors(tmp_path):
    drawing = tg.draw(tg.Tensor(1.0))
    with pytest.raises(ValueError, match=r"'wav': expected one of .*png.*svg"):
        drawing.pipe("wav")
    with pytest.raises(ValueError, match=r"'wav': expected one of .*png.*svg"):
        drawing.render(outfile=tmp_path / "graph.wav")
    (tmp_path / "folder.svg").mkdir()
    (tmp_path / "file").touch()
    for path in (tmp_path / "folder.svg", tmp_path / "file" / "graph.svg"):
        with pytest.raises(OSError, match=f"was to be written to .*{path.name}"):
            drawing.render(outfile=path)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([3], "was given <class 'int'>"),
        ([tg.Tensor(1.0), 2.0], "a tensor and 1 more"),
        ([lambda x: x, 1.0, 2.0], "2 example arguments: too many"),
        ([lambda x: x, 3], "which returned int"),
    ],
)
def test_what_cannot_be_drawn_is_named(arguments, message):
    with pytest.raises(TypeError, match=message):
        tg.draw(*arguments)


def test_chain_of_thousands_needs_no_recursion():
    x = tg.Tensor(1.0, requires_grad=True)
    y = x
    for _ in range(5000):
        y = y * 1.0
    y.backward()
    assert len(EDGE.findall(tg.draw(y, depth=1000).source)) == 5000
    assert len(NODE.findall(tg.draw(y).source)) < 100, "it is folded if nobody asks for all of it"


def test_graphviz_is_imported_only_for_pictures():
    code = "import sys, tinygrad_reg; assert 'graphviz' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True)


def test_data_used_twice_is_one_node():
    W = tg.Tensor(np.ones((2, 2)), requires_grad=True)
    X, Xt = np.ones((2, 3)), tg.Tensor(np.ones((2, 3)))
    Xt.data  # noqa: B018 (from here on, every use of Xt is a copy)
    source = tg.draw(np.sum(np.tanh(W @ X) * X) + np.sum((W @ Xt) * Xt)).source
    assert source.count("<B>X</B>") == 1
    assert source.count("<B>Xt</B>") == 1


def test_a_notebook_shows_no_graph_that_is_too_large_to_look_at():
    x = y = tg.Tensor(1.0, requires_grad=True)
    for _ in range(1000):
        y = y + x
    assert y._repr_svg_() is None
    assert "<svg" in (x * x)._repr_svg_()


def test_gradients_that_are_asked_for_are_shown_without_backward():
    def loss(w, b):
        z = w * 3 + b
        return np.tanh(z)

    drawing = tg.draw(loss, 0.1, 0.2, detail="gradients")
    slope = 1 - np.tanh(0.5) ** 2
    assert f"∂ = {slope:.4g}<" in statement(drawing, "<B>z</B>")
    assert f"∂ = {3 * slope:.4g}<" in statement(drawing, "<B>w</B>")
    assert "∂" not in tg.draw(loss, 0.1, 0.2).source


def test_a_drawing_can_be_copied_and_stored():
    drawing = tg.draw(lambda x: np.tanh(x) * 2, np.ones(2))
    for copied in (copy.deepcopy(drawing), pickle.loads(pickle.dumps(drawing))):
        assert copied.source == drawing.source
        assert copied.mermaid == drawing.mermaid


def test_letters_at_edges_are_never_names_of_other_boxes():
    source = tg.draw(lambda W: tg.l2(W * 2, 0.5, 5), np.ones(3), detail="gradients").source
    assert "λ/m · W′" in source
    assert "λ/m · W<" not in source


def test_a_folded_group_says_in_red_what_is_not_finite_inside():
    def loss(w):
        with tg.scope("layer"):
            a = np.log(w) * 2
        return np.sum(a * a)

    with np.errstate(all="ignore"):
        wrong = tg.draw(loss, np.array([0.0, 1.0]), depth=0, theme="light").source
        right = tg.draw(loss, np.array([2.0, 1.0]), depth=0, theme="light").source
    assert re.search('COLOR="#b00020"[^>]*>(<B>)?2 values with NaN or ∞', wrong)
    assert "NaN" not in right


def test_a_terminal_shows_how_to_get_the_picture():
    x = tg.Tensor([1.0], requires_grad=True, name="x")
    shown = repr(tg.draw(x * 2))
    assert (
        shown == "Drawing(2 boxes; .render(outfile='graph.svg', cleanup=True) writes the picture)"
    )
