"""The page's data: complete, exact, small enough, and the same for the same graph."""

import json
import os
import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import tinygrad_reg as tg
from tinygrad_reg.drawing.collecting.targets import collected
from tinygrad_reg.drawing.explorer import picture_of
from tinygrad_reg.drawing.explorer.arrays import LEVELS, Arrays
from tinygrad_reg.drawing.explorer.data import MOST_OPEN, data_of, place_of
from tinygrad_reg.drawing.explorer.layout import LARGEST_DRAWN, layouts_of, node_box
from tinygrad_reg.drawing.picture import Edge, Node, Picture
from tinygrad_reg.drawing.writing import renderer

RANDOM = np.random.default_rng(0)
X = RANDOM.normal(size=(3, 20))
Y = (X[:1] > 0) * 1.0
HOSTILE = '<img src=x onerror=alert(1)>"; }\\\n\U0001f600\u202e\ud800</script>' + "a" * 10_000


def parameter(array, name):
    return tg.Tensor(array, requires_grad=True, name=name)


def network(parameters, X, Y):
    with tg.scope("layer 1"):
        A = np.tanh(parameters["W1"] @ X + parameters["b1"])
    with tg.scope("layer 2"):
        Z = parameters["W2"] @ A + parameters["b2"]
    weights = [parameters["W1"], parameters["W2"]]
    return np.mean(tg.binary_cross_entropy(Z, Y)) + tg.l2(weights, 0.7, 20)


def example():
    shapes = {"W1": (4, 3), "b1": (4, 1), "W2": (1, 4), "b2": (1, 1)}
    return {name: RANDOM.normal(size=shape) for name, shape in shapes.items()}


def data_of_network():
    return data_of(picture_of(network, (example(), tg.Tensor(X), tg.Tensor(Y))))


def chain(length, size):
    """A graph of about three times as many nodes as it is long."""
    x, W = (parameter(RANDOM.normal(size=size), name) for name in "xW")
    h = x
    for _ in range(length):
        h = np.tanh(h * W + x)
    return np.sum(h) + tg.l2(W, 0.5, 10)


def numbers(array):
    """The entries of an array of the page, as NumPy has them."""
    entries = [float(entry) for entry in array["entries"]]
    return np.array(entries).reshape(array["shape"])


def test_the_data_is_what_the_page_reads():
    data = data_of_network()
    assert json.loads(json.dumps(data, allow_nan=False)) == data
    assert set(data) == {
        "title", "notice", "no_backward", "nodes", "edges", "groups", "layouts", "steps",
        "strengths", "arrays",
    }  # fmt: skip
    count = len(data["arrays"])
    keys = {node["key"] for node in data["nodes"]}
    for node in data["nodes"]:
        assert set(node) == {
            "key", "role", "symbol", "options", "name", "title", "shape", "dtype", "group", "place",
            "value", "gradient", "data_gradient", "penalty_gradient", "rule", "kinks", "more_kinks",
            "box",
        }  # fmt: skip
        for kind in ("value", "gradient", "data_gradient", "penalty_gradient"):
            assert node[kind] is None or 0 <= node[kind] < count
        assert (node["rule"] is None) == (node["role"] in ("parameter", "data"))
        for argument in (node["rule"] or {"arguments": []})["arguments"]:
            assert argument["node"] in keys
            assert argument["formula"][0] == "mrow"
            assert argument["written"]
    for step in data["steps"]:
        assert step["node"] in keys
        for part in step.get("contributions", []) + step.get("parts", []):
            assert 0 <= part["edge"] < len(data["edges"])
            assert 0 <= part["contribution"] < count
    assert len(data["strengths"]["rows"]) == len(data["strengths"]["values"])


def test_values_and_gradients_are_numpys_to_the_last_bit():
    parameters = example()
    data = data_of(picture_of(network, (parameters, tg.Tensor(X), tg.Tensor(Y))))
    gradient = tg.grad(network)(parameters, X, Y)
    nodes = {node["name"]: node for node in data["nodes"]}
    for name, W in parameters.items():
        np.testing.assert_array_equal(numbers(data["arrays"][nodes[name]["value"]]), W)
        got = numbers(data["arrays"][nodes[name]["gradient"]])
        np.testing.assert_array_equal(got, gradient[name])
    np.testing.assert_array_equal(
        numbers(data["arrays"][nodes["A"]["value"]]),
        np.tanh(parameters["W1"] @ X + parameters["b1"]),
    )


def test_parts_of_a_gradient_are_given_only_where_a_penalty_arrives():
    nodes = {node["name"]: node for node in data_of_network()["nodes"]}
    assert nodes["W1"]["data_gradient"] is not None is not nodes["W1"]["penalty_gradient"]
    assert nodes["b1"]["data_gradient"] is None is nodes["b1"]["penalty_gradient"]


def test_rules_are_mathematics_with_the_nodes_own_names():
    data = data_of_network()
    products = [node for node in data["nodes"] if node["symbol"] == "@"]
    assert products[0]["rule"]["operation"] == "np.matmul"
    assert products[0]["rule"]["form"] == "linear"
    assert products[0]["title"] == "W1 @ X"
    text = json.dumps(products[0]["rule"]["arguments"], ensure_ascii=False)
    assert '["mi", "W"]' in text
    assert '["mi", "X"]' in text
    locals_of_edges = {(edge["tail"], edge["head"]): edge["local"] for edge in data["edges"]}
    W1 = next(node["key"] for node in data["nodes"] if node["name"] == "W1")
    assert "ᵀ" in locals_of_edges[W1, products[0]["key"]]


@pytest.mark.parametrize("product", [np.matvec, np.vecmat, np.linalg.inv, np.cumsum, np.sort])
def test_operations_that_mix_entries_are_explained_too(product):
    given = [parameter(RANDOM.normal(size=(3, 3)), name) for name in "AB"]
    root = product(*given) if isinstance(product, np.ufunc) else product(given[0])
    data = data_of(picture_of(np.sum(root), ()))
    rules = [node["rule"] for node in data["nodes"] if node["rule"]]
    assert all(argument["written"] for rule in rules for argument in rule["arguments"])
    json.dumps(data, allow_nan=False)


def test_a_rule_says_whether_its_contribution_is_all_of_a_gradient():
    data = data_of_network()
    names = {node["key"]: node["name"] for node in data["nodes"]}
    signs = {}
    for node in data["nodes"]:
        for argument in (node["rule"] or {"arguments": []})["arguments"]:
            signs.setdefault(names[argument["node"]], set()).add(argument["formula"][2][1])
    assert signs["W1"] == signs["W2"] == {"+="}
    assert signs["b1"] == signs["Z"] == {"="}


def test_the_value_of_a_leaf_is_the_one_that_was_computed_with():
    W = parameter([1.0, 2.0], "W")
    W.data *= 2
    J = np.sum(W * W)
    W.data *= 100
    data = data_of(picture_of(J, ()))
    (leaf,) = [node for node in data["nodes"] if node["role"] == "parameter"]
    assert data["arrays"][leaf["value"]]["entries"] == [2.0, 4.0]


def test_a_kink_is_shown_where_it_happened():
    data = data_of(picture_of(lambda w: np.sum(np.abs(w)), (np.array([1.0, 0.0, -2.0]),)))
    (node,) = [node for node in data["nodes"] if node["kinks"]]
    assert node["kinks"][0]["entry"] == [1]
    assert "0" in node["kinks"][0]["text"]
    assert node["more_kinks"] == 0


def test_of_many_kinks_the_first_are_shown_and_the_others_counted():
    data = data_of(picture_of(lambda w: np.sum(np.abs(w)), (np.zeros(50),)))
    (node,) = [node for node in data["nodes"] if node["kinks"]]
    assert len(node["kinks"]) + node["more_kinks"] == 50
    assert node["more_kinks"] > 0


def test_the_place_is_the_line_and_not_the_folders_around_its_file():
    data = data_of_network()
    text = json.dumps(data)
    assert str(Path(__file__).parent) not in text
    lines = [node["place"] for node in data["nodes"] if node["symbol"] == "tanh"]
    assert lines[0]["file"] == Path(__file__).name
    assert "np.tanh" in lines[0]["source"]


def test_edges_of_penalties_are_marked():
    data = data_of_network()
    roles = {node["key"]: node["role"] for node in data["nodes"]}
    for edge in data["edges"]:
        assert edge["penalty"] == ("penalty" in (roles[edge["tail"]], roles[edge["head"]]))
    assert any(edge["penalty"] for edge in data["edges"])


def test_a_picture_without_derivatives_says_why():
    data = data_of(picture_of(np.tanh, (np.ones(3),)))
    assert "shape (3,)" in data["no_backward"]
    assert data["strengths"] is None
    assert all(node["gradient"] is None for node in data["nodes"])


def test_hostile_names_are_text_of_a_length_that_fits():
    data = data_of(collected(np.sum(np.exp(parameter([1.0, 2.0], HOSTILE))), ()))
    text = json.dumps(data, allow_nan=False)
    assert len(text) < 50_000
    for node in data["nodes"]:
        for line in node["box"]["lines"]:
            assert line["text"].isprintable()
            assert len(line["text"]) <= 40


def test_the_same_graph_has_the_same_bytes_in_every_process():
    code = (
        "import json, numpy as np, tinygrad_reg as tg\n"
        "W = tg.Tensor(np.arange(6.0).reshape(2, 3), requires_grad=True, name='W')\n"
        "V = tg.Tensor(np.ones((1, 2)), requires_grad=True, name='V')\n"
        "J = np.sum(np.tanh(V @ np.tanh(W @ np.ones((3, 4))))) + tg.l1([W, V], 0.1, 4)\n"
        "print(tg.explore(J, path=None).html)"
    )
    pages = set()
    for seed in ("0", "1"):
        command = [sys.executable, "-c", code]
        environment = os.environ | {"PYTHONHASHSEED": seed, "PYTHONIOENCODING": "utf-8"}
        pages.add(subprocess.run(command, capture_output=True, env=environment, check=True).stdout)
    assert len(pages) == 1


# -- what is differentiated ------------------------------------------------------------------------


def named(*names):
    """A cost of values with names, which has none itself."""
    w = parameter([0.3, 0.4], "w")
    values = []
    for name in names:
        values.append(np.sum(np.sin(w)))
        values[-1].name = name
    return np.sum(np.exp(w)) + sum(values)


@pytest.mark.parametrize(
    ("names", "called", "title"),
    [
        ((), None, "J"),
        ((), "network", "network"),
        (("network",), "network", "J"),
        (("J",), None, "L"),
        (("J",), "cost", "cost"),
        (("J", "L", "cost"), "cost", "result"),
        (("J", "L", "cost", "result", "J1"), None, "J2"),
    ],
)
def test_what_is_differentiated_goes_by_a_name_that_no_other_value_has(names, called, title):
    data = data_of(collected(named(*names), ()), called)
    assert data["title"] == title
    for node in data["nodes"]:
        for argument in (node["rule"] or {"arguments": []})["arguments"]:
            above = json.dumps(argument["formula"][1][1][2])  # of the fraction ∂J/∂…
            assert "".join(re.findall(r'"m[in]", "(.*?)"', above)) == title


def test_the_result_goes_by_its_own_name_before_that_of_the_function():
    def network(w):
        cost = np.sum(w * w)
        return cost

    assert data_of(picture_of(network, (np.ones(2),)), "network")["title"] == "cost"


def test_a_cost_within_the_cost_is_not_taken_for_it():
    def lesson(W):
        J = np.mean(np.exp(W))
        return J + tg.l2(W, 0.7, 5)

    data = data_of(picture_of(lesson, (np.ones(3),)))
    (inner,) = [node for node in data["nodes"] if node["name"] == "J"]
    assert data["title"] == "L"
    text = json.dumps(inner["rule"], ensure_ascii=False)
    assert '["mi", "L"]' in text


def test_a_penalty_that_is_not_added_is_told_in_the_notice():
    data = data_of(picture_of(lambda W: np.mean(W**2) * tg.l2(W, 0.7, 5), (np.ones(3),)))
    assert "not simply added" in data["notice"]
    assert all(node["data_gradient"] is None for node in data["nodes"])
    assert data_of_network()["notice"] is None


# -- arrays ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64, np.int64, np.bool_])
def test_entries_read_back_as_the_same_numbers(dtype):
    array = (RANDOM.normal(size=(5, 7)) * 1e3).astype(dtype)
    arrays = Arrays()
    arrays.add(array)
    ((shown,), notice) = arrays.finished()
    assert notice is None
    entries = json.loads(json.dumps(shown["entries"]))
    np.testing.assert_array_equal(np.array(entries, dtype).reshape(shown["shape"]), array)
    assert shown["dtype"] == str(np.dtype(dtype))
    assert shown["min"] == array.min()


def test_a_short_floating_type_is_written_in_few_digits():
    arrays = Arrays()
    arrays.add(np.array([0.1, 1 / 3], np.float32))
    assert json.dumps(arrays.finished()[0][0]["entries"]) == "[0.1, 0.33333334]"


def test_what_json_lacks_is_text():
    arrays = Arrays()
    arrays.add(np.array([np.nan, np.inf, -np.inf, 0.0]))
    (shown,) = arrays.finished()[0]
    assert shown["entries"] == ["nan", "inf", "-inf", 0.0]
    assert (shown["nan"], shown["infinite"], shown["zeros"]) == (1, 2, 0.25)
    assert (shown["min"], shown["max"], shown["mean"]) == ("-inf", "inf", "nan")


def test_an_empty_array_has_no_numbers():
    arrays = Arrays()
    arrays.add(np.zeros((0, 3)))
    (shown,) = arrays.finished()[0]
    assert shown["shape"] == [0, 3]
    assert shown["entries"] == []
    assert [shown[key] for key in ("min", "max", "mean")] == [None] * 3


def test_equal_arrays_are_stored_once_and_others_apart():
    arrays = Arrays()
    zeros = [np.zeros(2), np.zeros(2), np.zeros((2, 1)), np.zeros(2, np.int64), -np.zeros(2)]
    assert [arrays.add(array) for array in zeros] == [0, 0, 1, 2, 3]
    assert arrays.add(None) is None


def test_what_is_kept_does_not_change_with_the_array():
    array = np.ones(3)
    arrays = Arrays()
    arrays.add(array)
    array[:] = 7
    assert arrays.finished()[0][0]["entries"] == [1.0, 1.0, 1.0]


def test_a_large_array_is_shown_as_averages_of_blocks_with_a_histogram():
    array = RANDOM.normal(size=(96, 128))
    arrays = Arrays()
    arrays.add(array)
    ((shown,), notice) = arrays.finished()
    assert "4,096" in notice
    assert shown["entries"] is None
    blocks = np.array(shown["blocks"]["entries"]).reshape(shown["blocks"]["shape"])
    expected = array.reshape(32, 3, 32, 4).mean(axis=(1, 3))
    np.testing.assert_allclose(blocks, expected, rtol=1e-3)
    assert sum(shown["histogram"]["counts"]) == array.size
    assert len(shown["histogram"]["edges"]) == len(shown["histogram"]["counts"]) + 1
    assert shown["norm"] == np.linalg.norm(array)


@pytest.mark.parametrize("shape", [(5000,), (1, 5000), (5000, 1), (7, 11, 13, 17), (70, 71)])
def test_blocks_have_two_axes_and_keep_the_average(shape):
    arrays = Arrays()
    arrays.add(np.full(shape, 2.5))
    (shown,) = arrays.finished()[0]
    blocks = shown["blocks"]
    assert len(blocks["shape"]) == 2
    assert set(blocks["entries"]) == {2.5}
    assert len(blocks["entries"]) == np.prod(blocks["shape"]) <= 4096


def test_the_more_there_is_the_smaller_the_arrays_in_full():
    limits = []
    for count in (10, 400, 4000):
        arrays = Arrays()
        for i in range(count):
            arrays.add(np.full(1000, i + 0.5))
        shown, _ = arrays.finished()
        limits.append(arrays.level().entries)
        assert len(json.dumps(shown)) < 6_000_000
    assert limits == sorted(limits, reverse=True)
    assert LEVELS[0].entries == limits[0] > limits[-1]


# -- layout ----------------------------------------------------------------------------------------


def rectangles(layout, boxes):
    for key, (x, y) in layout["items"].items():
        width, height = boxes[key]["width"], boxes[key]["height"]
        yield x - width / 2, y - height / 2, x + width / 2, y + height / 2


def assert_apart(layout, boxes):
    """No two boxes overlap, and all are inside of the frame."""
    found = np.array(list(rectangles(layout, boxes)))
    assert np.all(found >= -0.2)
    assert np.all(found[:, [2, 3]] <= np.array([layout["width"], layout["height"]]) + 0.2)
    left, top, right, bottom = found.T[:, :, np.newaxis]
    overlaps = (right - left.T > 0.2) & (bottom - top.T > 0.2)
    assert np.sum(overlaps & overlaps.T) == len(found)  # each overlaps with itself alone


def test_every_box_has_a_place_in_the_group_that_it_stands_in():
    data = data_of_network()
    boxes = {item["key"]: item["box"] for item in data["nodes"] + data["groups"]}
    for item in data["nodes"]:
        assert item["key"] in data["layouts"][item["group"] or ""]["items"]
    for item in data["groups"]:
        assert item["key"] in data["layouts"][item["parent"] or ""]["items"]
    assert sum(len(layout["items"]) for layout in data["layouts"].values()) == len(boxes)
    for layout in data["layouts"].values():
        assert_apart(layout, boxes)
    assert all(group["open"] for group in data["groups"])


def test_arguments_stand_left_of_what_is_made_of_them():
    data = data_of_network()
    roots = {node["key"] for node in data["nodes"] if node["group"] is None}
    places = data["layouts"][""]["items"]
    for edge in data["edges"]:
        if {edge["tail"], edge["head"]} <= roots:
            assert places[edge["tail"]][0] < places[edge["head"]][0]


def test_operations_that_follow_each_other_stand_in_a_row_under_their_first_arguments():
    x, W, b = (Node(key, "parameter", name=key) for key in "xWb")
    operations = [Node(str(i), "operation", "exp") for i in range(4)]
    edges = [Edge(a, b) for a, b in ("x0", "W0", "01", "12", "b2", "23")]
    picture = Picture([x, W, b, *operations], edges)
    boxes = {node.key: node_box(node) for node in picture.nodes}
    places = layouts_of(picture, boxes)[""]["items"]
    rows = {round(places[node.key][1]) for node in operations}
    assert max(rows) - min(rows) <= 1
    assert places["x"][1] < places["W"][1]
    assert places["0"][0] < places["b"][0] < places["2"][0]


def wide(count):
    """A picture of many nodes in no group."""
    nodes = [Node(str(i), "operation", "exp") for i in range(count)]
    return Picture(nodes, [Edge(str(i // 2), str(i)) for i in range(1, count)])


@pytest.mark.parametrize("count", [LARGEST_DRAWN, LARGEST_DRAWN + 1])
def test_many_boxes_in_one_group_stand_apart_and_in_order(count):
    picture = wide(count)
    boxes = {node.key: node_box(node) for node in picture.nodes}
    layout = layouts_of(picture, boxes)[""]
    assert len(layout["items"]) == count
    assert_apart(layout, boxes)
    for edge in picture.edges:
        assert layout["items"][edge.tail][0] < layout["items"][edge.head][0]


def test_groups_that_lead_to_each_other_are_laid_out_all_the_same():
    picture = wide(LARGEST_DRAWN + 1)
    picture.edges.append(Edge("5", "2"))
    boxes = {node.key: node_box(node) for node in picture.nodes}
    assert_apart(layouts_of(picture, boxes)[""], boxes)


def test_without_a_renderer_the_error_says_what_to_install(monkeypatch):
    monkeypatch.setattr(renderer.shutil, "which", lambda name: None)
    monkeypatch.setattr(renderer, "installed_renderer", lambda: None)
    with pytest.raises(renderer.NoRendererError, match="pip install"):
        data_of_network()


# -- large graphs ----------------------------------------------------------------------------------


@pytest.mark.parametrize(("length", "size", "most"), [(333, 100, 5e6), (3333, 4, 15e6)])
def test_the_page_of_a_large_graph_is_small_enough_and_folded(length, size, most):
    data = data_of(picture_of(chain(length, size), ()))
    assert len(data["nodes"]) > 3 * length
    assert len(json.dumps(data, separators=(",", ":"))) < most
    assert data["notice"] is not None
    for node in data["nodes"]:
        for argument in (node["rule"] or {"arguments": []})["arguments"]:
            assert argument["formula"][0] == "mrow"  # ∂J/∂… = …, also where there are no numbers
    opened = {group["key"] for group in data["groups"] if group["open"]} | {""}
    seen = sum(len(data["layouts"][group]["items"]) for group in opened) - len(opened) + 1
    assert seen <= MOST_OPEN


def test_a_line_of_a_notebook_is_that_of_this_cell(tmp_path):
    folder = tmp_path / "ipykernel_7"
    folder.mkdir()
    (folder / "1234.py").write_text("y = x * 2\n")
    node = replace(
        collected(tg.Tensor(1.0, requires_grad=True) * 2, ()).nodes[-1],
        place=(str(folder / "1234.py"), 1),
    )
    assert place_of(node) == {"file": "this cell", "line": 1, "source": "y = x * 2"}
