"""Pictures of compiled programs: forward out, backward back, by the learner's names."""

import io
import re
import xml.etree.ElementTree as ElementTree
from collections import Counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import tinygrad_reg as tg
from tinygrad_reg.drawing.collecting import boxes, programs
from tinygrad_reg.drawing.writing.dot import drawing_of

NODE = re.compile(r"^\t+(\d+) \[label=<(.*?)> color=", re.MULTILINE | re.DOTALL)
EDGE = re.compile(r"^\t(\d+) -> (\d+)( \[.*\])?$", re.MULTILINE)
CLUSTER = re.compile(r"^\tsubgraph cluster_\w+ \{(.*?)\n\t\}", re.DOTALL | re.MULTILINE)
PENALTY_COLOUR, BACKWARD_COLOUR = "#fbdcc8", "#f3dfeb"


def cost(W, b, X, Y, lambd):
    m = X.shape[1]
    Z = W @ X + b
    losses = tg.binary_cross_entropy(Z, Y)
    J = np.sum(losses) / m + tg.l2(W, lambd, m)
    return J


def network_cost(parameters, X, Y, lambd):
    m = X.shape[1]
    W1, b1, W2, b2 = (parameters[name] for name in ("W1", "b1", "W2", "b2"))
    Z1 = W1 @ X + b1
    A1 = np.tanh(Z1)
    Z2 = W2 @ A1 + b2
    J = np.sum(tg.binary_cross_entropy(Z2, Y)) / m + tg.l2([W1, W2], lambd, m)
    return J


def deep_cost(parameters, X, Y):
    A = X
    for layer in range(1, len(parameters) // 2 + 1):
        Z = parameters[f"W{layer}"] @ A + parameters[f"b{layer}"]
        A = np.tanh(Z)
    return np.sum((A - Y) ** 2)


X, Y = np.ones((3, 20)), np.ones((1, 20))
PARAMETERS = {
    "W1": np.ones((4, 3)), "b1": np.zeros((4, 1)), "W2": np.ones((1, 4)), "b2": np.zeros((1, 1)),
}  # fmt: skip


def lesson():
    """The program of the lesson's logistic regression."""
    program = tg.compile(tg.value_and_grad(cost, argnums=(0, 1)))
    return program.trace(np.ones((1, 3)), np.zeros((1, 1)), X, Y, 0.7)


def network():
    """The program of a network with two layers."""
    return tg.compile(tg.value_and_grad(network_cost)).trace(PARAMETERS, X, Y, 0.7)


def texts_of(drawing):
    """Every text of the rendered SVG, as an XML parser reads it."""
    root = ElementTree.parse(io.BytesIO(drawing.pipe("svg"))).getroot()
    return [text.text for text in root.iter("{http://www.w3.org/2000/svg}text")]


def places_of(drawing):
    """Where Graphviz puts each box: by number, its distances from the left and from the bottom."""
    lines = drawing.pipe("plain", encoding="utf-8").splitlines()
    words = [line.split() for line in lines if line.startswith("node ")]
    return {word[1]: (float(word[2]), float(word[3])) for word in words}


def part_names(drawing):
    """The number of each box by the part it is in."""
    return {re.search(r">(\w+)</FONT>", text)[1]: re.findall(r"^\t\t+(\d+) \[", text, re.M)
            for text in CLUSTER.findall(drawing.source)}  # fmt: skip


def box_of(drawing, name):
    """The number of the box with a name."""
    (number,) = [i for i, label in NODE.findall(drawing.source) if f"<B>{name}</B>" in label]
    return number


def statement(drawing, number):
    """The line of DOT that adds a box."""
    (line,) = [x for x in drawing.source.splitlines() if re.match(rf"\t+{number} \[", x)]
    return line


def arrows(drawing):
    """The edges, from what is used to what uses it."""
    return Counter(
        (b, a) if "dir=back" in (options or "") else (a, b)
        for a, b, options in EDGE.findall(drawing.source)
    )


def test_the_lesson_is_drawn_by_its_names_with_forward_and_backward_apart():
    drawing = tg.draw(lesson())
    texts = texts_of(drawing)
    for text in ("W", "b", "X", "Y", "Z", "J", "dZ", "dW", "db", "(3, 20)", "@", "Σ· ÷ m"):
        assert texts.count(text) >= 1, text
    parts = part_names(drawing)
    assert set(parts) == {"forward", "backward"}
    for name in ("W", "b", "X", "Y", "Z", "losses", "J"):
        assert box_of(drawing, name) in parts["forward"], name
    for name in ("dZ", "dW", "db"):
        assert box_of(drawing, name) in parts["backward"], name


def test_the_graph_of_a_program_is_drawn_as_the_program_is():
    program = lesson()
    assert tg.draw(program.graph).source == tg.draw(program).source


def test_a_program_is_drawn_for_example_arguments():
    program = tg.compile(tg.grad(cost))
    with pytest.raises(ValueError, match=r"program.trace\(\*example_arguments\)"):
        tg.draw(program)
    drawing = tg.draw(program, np.ones((1, 3)), np.zeros((1, 1)), X, Y, 0.7)
    assert box_of(drawing, "dW")


def test_a_graph_takes_no_example_arguments():
    with pytest.raises(TypeError, match=r"Graph\W+ and 1 more"):
        tg.draw(lesson().graph, 1.0)


def test_numbers_and_what_is_computed_from_them_are_written_where_they_are_used():
    texts = texts_of(tg.draw(lesson()))
    assert "lambd ÷ (2 × m) × Σ·²" in texts
    assert "lambd ÷ m × ·" in texts
    assert not {"lambd", "m", "2", "1"} & set(texts) - {"1", "2"}, "edges are numbered 1 and 2"


def test_the_penaltys_gradient_stands_out_and_only_weights_have_one():
    drawing = tg.draw(network())
    orange = [i for i, label in NODE.findall(drawing.source)
              if PENALTY_COLOUR in statement(drawing, i)]  # fmt: skip
    used_by = {i: {b for a, b in arrows(drawing) if a == i} for i in orange}
    assert {box_of(drawing, "dW1"), box_of(drawing, "dW2")} == set().union(*used_by.values()) & {
        box_of(drawing, name) for name in ("dW1", "dW2", "db1", "db2", "dZ1", "dZ2")
    }
    assert "penalty" in texts_of(drawing)
    assert BACKWARD_COLOUR in statement(drawing, box_of(drawing, "dZ2"))


@pytest.mark.parametrize("program", [lesson, network])
def test_every_gradient_stands_below_what_it_is_the_gradient_of(program):
    drawing = tg.draw(program())
    place = places_of(drawing)
    names = {re.search("<B>(.*?)</B>", label)[1]: i for i, label in NODE.findall(drawing.source)
             if "<B>" in label}  # fmt: skip
    pairs = [(names[name[1:]], i) for name, i in names.items() if name[1:] in names]
    assert len(pairs) == len([name for name in names if name.startswith("d")]) >= 3
    for above, below in pairs:
        assert place[above][0] == pytest.approx(place[below][0], abs=0.01)
        assert place[above][1] > place[below][1]


@pytest.mark.parametrize("layers", [1, 3, 6])
def test_the_forward_part_is_on_top_and_runs_right_and_the_backward_part_left(layers):
    parameters = {}
    for layer in range(1, layers + 1):
        parameters |= {f"W{layer}": np.ones((3, 3)), f"b{layer}": np.ones((3, 1))}
    drawing = tg.draw(tg.compile(tg.grad(deep_cost)), parameters, X, np.ones((3, 20)))
    place, parts = places_of(drawing), part_names(drawing)
    lowest = min(place[i][1] for i in parts["forward"])
    assert lowest > max(place[i][1] for i in parts["backward"])
    for a, b in arrows(drawing):
        if {a, b} <= set(parts["forward"]):
            assert place[a][0] < place[b][0]
        if {a, b} <= set(parts["backward"]):
            assert place[a][0] > place[b][0]


def test_what_is_done_with_a_gradient_is_a_part_of_its_own():
    def step(W, b, X, Y, lambd, alpha):
        dW = tg.grad(cost)(W, b, X, Y, lambd)
        W = W - alpha * dW
        return W

    drawing = tg.draw(tg.compile(step), np.ones((1, 3)), np.zeros((1, 1)), X, Y, 0.7, 0.1)
    parts, place = part_names(drawing), places_of(drawing)
    assert set(parts) == {"forward", "backward", "update"}
    assert len(parts["update"]) == 1
    assert place[parts["update"][0]][0] < min(place[i][0] for i in parts["backward"])
    assert "· − alpha × ·" in texts_of(drawing)


def test_gradients_of_gradients_and_tangents_run_from_left_to_right():
    third = tg.compile(tg.grad(tg.grad(tg.grad(np.tanh))))
    sideways = tg.compile(lambda W, v: tg.hvp(lambda W: np.sum(np.sin(W) ** 2), (W,), (v,)))
    for drawing in (tg.draw(third, 0.3), tg.draw(sideways, np.ones(3), np.ones(3))):
        place = places_of(drawing)
        assert all(place[a][0] < place[b][0] for a, b in arrows(drawing))
    assert set(part_names(drawing)) >= {"forward", "tangent"}
    assert "tangent" in texts_of(drawing)


def test_a_program_without_derivatives_has_one_part_and_no_frame():
    drawing = tg.draw(tg.compile(lambda x, y: np.exp(x @ y)), np.ones(3), np.ones(3))
    assert not CLUSTER.findall(drawing.source)
    assert texts_of(drawing)[:3] == ["data", "operation", "output"]


@pytest.mark.parametrize(
    ("function", "text"),
    [
        (lambda x: x / 3, "· ÷ 3"),
        (lambda x: 1 - x, "1 − ·"),
        (lambda x: -2.5 * x, "−2.5 × ·"),
        (lambda x: -2 * x, "−2 × ·"),
        (lambda x: x**2, "· ** 2"),
        (lambda x: 1 - x**2, "1 − ·²"),
        (lambda x: (1 - x) ** 2, "(1 − ·)²"),
        (lambda x: np.exp(-x), "exp(−·)"),
        (lambda x: np.sum(np.abs(x)), "Σ|·|"),
        (lambda x: x @ x.T, "· @ ·ᵀ"),
        (lambda x: x * (x > 0.5), "· × (· > 0.5)"),
        (lambda x: np.where(x > 0, x, 0), "where(·, ·, 0)"),
        (lambda x: np.maximum(x, 0), "maximum(·, 0)"),
        (lambda x: x[1:, ::-1], "[1:, ::-1]"),
        (lambda x: np.sum(x, axis=(0,), keepdims=True), "axis=0, keepdims=True"),
        (lambda x: np.reshape(x, (4, 1)), "(4, 1)"),
        (lambda x: np.concatenate([x, x[:1]]), "concatenate"),
        (lambda x: x.astype(np.float32), "(2, 2) float32"),
        (lambda x: tg.softmax_cross_entropy(x, x), "entropy"),
    ],
)
def test_operation_is_labelled_as_a_person_writes_it(function, text):
    assert text in texts_of(tg.draw(tg.compile(function), np.ones((2, 2))))


def test_a_formula_is_not_folded_into_a_box_where_it_would_grow_too_long():
    def f(a, b, c):
        return np.exp(-1.5 * np.exp(-2.5 * np.exp(-3.5 * a) + 0.25) + 0.75) + b * c + a

    texts = texts_of(tg.draw(tg.compile(f), np.ones(3), np.ones(3), np.ones(3)))
    symbols = [text for text in texts if "·" in text]
    assert len(symbols) >= 2
    assert max(map(len, symbols)) <= boxes.LONGEST_FORMULA
    assert max(symbol.count("·") for symbol in symbols) == boxes.MOST_HOLES


def test_values_in_a_formula_are_told_apart_by_their_numbers():
    drawing = tg.draw(tg.compile(lambda x, y: x * (1 - y**2)), np.ones(3), np.ones(3))
    assert "· × (1 − ·²)" in texts_of(drawing)
    numbered = {a: options for a, _, options in EDGE.findall(drawing.source)}
    assert "headlabel=1" in numbered[box_of(drawing, "x")]
    assert "headlabel=2" in numbered[box_of(drawing, "y")]


def test_a_number_that_is_differentiated_has_a_box_of_its_own():
    drawing = tg.draw(tg.compile(tg.grad(lambda x: x**3)), 0.5)
    ((data, label),) = [(i, label) for i, label in NODE.findall(drawing.source) if i == "0"]
    assert "()" in label
    assert [a for a, _ in arrows(drawing)].count(data) >= 1


def test_a_number_that_is_all_a_quantity_is_computed_from_has_an_edge_to_it():
    drawing = tg.draw(tg.compile(lambda x, r: (np.sqrt(r), r * x)), np.ones(3), 0.5)
    assert arrows(drawing)[box_of(drawing, "r"), "1"] == 1
    assert "r × ·" in texts_of(drawing)


def random_program(choices):
    """A function of two arrays, from pairs of numbers that pick operands."""

    def f(x, y):
        values = [x, y]
        for i, j in choices:
            a, b = values[i % len(values)], values[j % len(values)]
            values.append((a + b, a * b, np.tanh(a), a @ b.T, np.sum(a) * b, b**2)[(i + j) % 6])
        return np.sum(values[-1])

    return tg.compile(tg.value_and_grad(f, argnums=(0, 1))).trace(np.ones((2, 2)), np.ones((2, 2)))


@settings(deadline=None)
@given(st.lists(st.tuples(st.integers(0, 99), st.integers(0, 99)), max_size=10))
def test_edges_lead_from_the_inputs_to_every_result_that_depends_on_them(choices):
    graph = random_program(choices).graph
    drawing = tg.draw(graph)
    labels = dict(NODE.findall(drawing.source))
    reached = {i: {i} if re.search("<B>[xy]</B>", label) else set() for i, label in labels.items()}
    for a, b in sorted(arrows(drawing), key=lambda edge: int(edge[1])):
        assert int(a) < int(b)
        reached[b] |= reached[a]
    inputs = {id(node): {id(node)} & set(map(id, graph.inputs)) for node in graph.nodes()}
    for node in graph.nodes():
        for x in boxes.operands_of(node):
            inputs[id(node)] |= inputs[id(x)]
    results = {id(node) for node in graph.outputs if node.kind == "operation"}
    ends = [i for i in labels if "peripheries=2" in statement(drawing, i)]
    drawn = sorted(len(reached[i]) for i in ends)
    assert drawn == sorted(len(inputs[i]) for i in results)


@settings(deadline=None)
@given(st.lists(st.tuples(st.integers(0, 99), st.integers(0, 99)), max_size=10))
def test_same_program_gives_same_bytes(choices):
    assert tg.draw(random_program(choices)).source == tg.draw(random_program(choices)).source


HOSTILE = [
    "<img src=x onerror=alert(1)>", '"; }', "back\\slash \\N \\G", "</TABLE>>]; x [label=<",
    "&lt;&#92;", "]]>", "🎉 žluťoučký", "\\", "digraph", "λ",
]  # fmt: skip


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_name_appears_as_text(name):
    program = tg.compile(lambda x, y: np.tanh(x) * y).trace(np.ones(2), 2.0)
    graph = program.graph
    graph.labels = {id(node): name for node in graph.inputs}
    drawing = tg.draw(graph)
    shown = " ".join(text.replace("\xa0", " ") for text in texts_of(drawing))
    assert shown.count(name) == 2
    assert b"<img" not in drawing.pipe("svg")


def test_names_that_come_with_the_graph_are_the_ones_shown():
    graph = lesson().graph
    Z = next(node for node in graph.nodes() if "Z" in node.names)
    graph.labels = {id(Z): "logits"}
    drawing = tg.draw(graph)
    assert re.findall("<B>(.*?)</B>", drawing.source) == ["logits"]


def test_names_shared_by_several_quantities_are_numbered_and_gradients_follow_them():
    graph = (
        tg.compile(tg.grad(deep_cost))
        .trace(
            {
                "W1": np.ones((3, 3)),
                "b1": np.ones((3, 1)),
                "W2": np.ones((3, 3)),
                "b2": np.ones((3, 1)),
            },
            X,
            np.ones((3, 20)),
        )
        .graph
    )
    names = set(programs.own_names(graph.nodes()).values())
    assert {"Z1", "Z2", "dZ1", "dZ2", "A1", "dA1", "dW1", "dW2"} <= names


def test_a_program_of_thousands_of_steps_needs_no_recursion():
    def f(x):
        for _ in range(2000):
            x = np.tanh(x) @ x
        return x

    program = tg.compile(f).trace(np.ones((2, 2)))
    picture = programs.picture_of_graph(program.graph)
    assert len(EDGE.findall(drawing_of(picture, "shape").source)) == 4000
    assert 1 <= len(EDGE.findall(re.sub(r"\bg", "", tg.draw(program).source))) < 200, "folded"
