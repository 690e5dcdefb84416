"""Folded pictures: nothing is lost, nothing is there twice, and what is asked for is open."""

from collections import Counter
from contextlib import nullcontext
from copy import deepcopy
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import tinygrad_reg as tg
from tests.drawing.random_pictures import boxes_in, chain_of, pictures
from tinygrad_reg.drawing.collecting.targets import collected
from tinygrad_reg.drawing.folding import folded
from tinygrad_reg.drawing.grouping import grouped
from tinygrad_reg.drawing.picture import Edge, Group, Node, Picture

DEPTHS = st.none() | st.integers(0, 4)


def network():
    """Two layers in an encoder, and one outside; x -> 1 -> 2 -> 3 -> y."""
    nodes = [
        Node("0", "data", name="x"),
        Node("1", "operation", "@", group="g1"),
        Node("2", "operation", "tanh", group="g2"),
        Node("3", "operation", "@", group="g3"),
        Node("4", "output", "Σ"),
    ]
    edges = [Edge(str(i), str(i + 1), local=f"d{i}") for i in range(4)]
    groups = [
        Group("g0", "encoder", "scope"),
        Group("g1", "layer 1", "scope", parent="g0"),
        Group("g2", "layer 2", "scope", parent="g0"),
        Group("g3", "layer 1", "scope"),
    ]
    return Picture(nodes, edges, groups)


def shown(picture):
    """What each box is called, in order."""
    return [node.name or node.symbol for node in picture.nodes]


def box_of(picture, result):
    """The box of the result that each node is drawn in, by key."""
    parents = {each.key: each.parent for each in picture.groups}
    boxes = {node.key for node in result.nodes}
    found = {}
    for node in picture.nodes:
        around = [node.key]
        key = node.group
        while key is not None:
            around.append(key)
            key = parents[key]
        (found[node.key],) = [key for key in around if key in boxes]
    return found


def tensors(choices):
    """The picture of a random computation in random scopes, of the gradient of some of it."""

    def compute(x, y):
        values = [x, y]
        for first, second, third in choices:
            operation = (np.add, np.multiply, np.matmul, lambda a, b: np.tanh(a))[third % 4]
            operands = values[first % len(values)], values[second % len(values)]
            with tg.scope(f"layer {third % 3}") if first % 2 else nullcontext():
                values.append(operation(*operands))
        return np.sum(values[-1])

    example_args = np.eye(2) / 4, np.eye(2) / 2
    is_gradient = len(choices) % 2 == 1
    return collected(tg.grad(compute) if is_gradient else compute, example_args)


CHOICES = st.lists(st.tuples(*[st.integers(0, 99)] * 3), min_size=1, max_size=30)


@given(st.builds(tensors, CHOICES).map(grouped) | pictures(), DEPTHS, st.integers(1, 30), st.data())
def test_every_box_and_every_edge_is_there_once_or_inside_of_one_box(picture, depth, limit, data):
    titles = sorted({each.title for each in picture.groups})
    expand = data.draw(st.lists(st.sampled_from(titles), max_size=2)) if titles else []
    result = folded(picture, depth, expand, limit)
    box = box_of(picture, result)
    assert set(box.values()) == {node.key for node in result.nodes}
    expected = Counter()
    groups = {each.key for each in picture.groups}
    for edge in picture.edges:
        tail, head = box[edge.tail], box[edge.head]
        if tail in groups or head in groups:
            expected[tail, head] = 1
        else:
            expected[tail, head] += 1
    expected = Counter({ends: n for ends, n in expected.items() if ends[0] != ends[1]})
    assert Counter((edge.tail, edge.head) for edge in result.edges) == expected


@given(pictures(), DEPTHS, st.integers(1, 30))
def test_keys_are_unique_and_groups_well_formed(picture, depth, limit):
    result = folded(picture, depth, (), limit)
    keys = [each.key for each in [*result.nodes, *result.groups]]
    assert len(keys) == len(set(keys))
    inside = boxes_in(result)  # fails where something stands in a group that there is not
    assert all(inside[each.key] for each in result.groups)
    known = {node.key for node in result.nodes}
    assert all({edge.tail, edge.head} <= known for edge in result.edges)
    assert all(node.gradient_of in known | {None} for node in result.nodes)
    assert all(node.key != node.gradient_of for node in result.nodes)


@given(pictures())
def test_all_open_is_the_picture_as_it_was(picture):
    before = deepcopy(picture)
    assert folded(picture, None, (), 1000) == folded(picture, 100) == before == picture
    titles = sorted({each.title for each in picture.groups})
    assert folded(picture, 0, titles) == before


@given(pictures(), DEPTHS, st.integers(1, 30))
def test_folding_is_deterministic_and_leaves_its_picture_alone(picture, depth, limit):
    before = deepcopy(picture)
    result = folded(picture, depth, (), limit)
    assert result == folded(before, depth, (), limit)
    assert picture == before
    for node in result.nodes:
        node.symbol = "changed"
    assert picture == before


@given(pictures(), DEPTHS, st.integers(1, 30))
def test_boxes_come_after_what_leads_to_them_unless_they_lead_in_a_circle(picture, depth, limit):
    result = folded(picture, depth, (), limit)
    position = {node.key: i for i, node in enumerate(result.nodes)}
    heads = {}
    for edge in result.edges:
        heads.setdefault(edge.tail, []).append(edge.head)
    for edge in result.edges:
        if position[edge.tail] > position[edge.head]:
            reached, todo = set(), [edge.head]
            while todo:
                key = todo.pop()
                if key not in reached:
                    reached.add(key)
                    todo += heads.get(key, [])
            assert edge.tail in reached


@given(pictures(60))
def test_limit_is_kept_after_grouping(picture):
    groups = grouped(picture)
    top = len(boxes_in(groups)[None])
    for limit in (top, top + 5, top + 20):
        assert len(folded(groups, None, (), limit).nodes) <= limit


def test_depth_counts_levels_of_groups():
    assert shown(folded(network(), 0)) == ["x", "encoder", "layer 1", "Σ"]
    assert shown(folded(network(), 1)) == ["x", "layer 1", "layer 2", "@", "Σ"]
    assert folded(network(), 2) == network()


def test_parts_do_not_count_as_levels():
    picture = network()
    for each in picture.groups:
        each.parent = each.parent or "part"
    picture.groups.insert(0, Group("part", "forward", "part"))
    for node in picture.nodes:
        node.group = node.group or "part"
    assert shown(folded(picture, 0)) == ["x", "encoder", "layer 1", "Σ"]


def test_parts_are_folded_if_nothing_else_helps():
    parts = [Group(f"g{i}", f"derivative {i}", "part") for i in range(4)]
    nodes = [Node(str(i), "operation", "exp", group=f"g{i % 4}") for i in range(200)]
    assert shown(folded(Picture(nodes, [], parts))) == [f"derivative {i}" for i in range(4)]


def test_a_title_is_opened_with_everything_around_it():
    assert shown(folded(network(), 0, ["layer 2"])) == ["x", "layer 1", "tanh", "layer 1", "Σ"]


def test_a_title_opens_all_groups_that_have_it():
    assert shown(folded(network(), 0, ["layer 1"])) == ["x", "@", "layer 2", "@", "Σ"]


def test_a_path_tells_groups_of_one_title_apart():
    picture = folded(network(), 0, ["encoder/layer 1"])
    assert shown(picture) == ["x", "@", "layer 2", "layer 1", "Σ"]
    with pytest.raises(ValueError, match="decoder/layer 1"):
        folded(network(), 0, ["decoder/layer 1"])


def test_a_title_may_hold_the_sign_between_titles():
    picture = network()
    picture.groups[1] = replace(picture.groups[1], title="in/out")
    for path in ("in/out", "encoder/in/out"):
        assert shown(folded(picture, 0, [path]))[:2] == ["x", "@"]


def test_a_row_is_opened_by_what_its_box_says_and_a_stretch_with_a_hyphen():
    picture = grouped(chain_of(["×"], 200))
    (box,) = [node for node in folded(picture).nodes if node.role == "group"]
    assert box.name == "step ×200"
    assert folded(picture, 0, [box.name]) == folded(picture, 0, ["step"])
    assert len(folded(picture, 0, ["step 1-20"]).nodes) == 30


def test_what_is_asked_for_is_open_whatever_the_limit():
    picture = grouped(chain_of(["×", "+"], 500))
    result = folded(picture, None, ["step 7"], limit=2)
    assert {"step 7", "step"} <= {each.title for each in result.groups}
    assert len(result.nodes) > 2


def test_an_unknown_title_is_an_error_that_lists_those_there_are():
    with pytest.raises(ValueError, match=r"'layer 9'.*'encoder', 'layer 1', 'layer 2'"):
        folded(network(), None, ["layer 9"])
    many = Picture(
        [Node(str(i), "data", group=f"g{i}") for i in range(500)],
        groups=[Group(f"g{i}", f"title {i}", "scope") for i in range(500)],
    )
    with pytest.raises(ValueError, match="and 480 more") as caught:
        folded(many, None, ["nothing"])
    assert len(str(caught.value)) < 500
    with pytest.raises(ValueError, match=r"no groups.*tg\.scope"):
        folded(Picture([Node("0", "data")]), None, ["layer"])


@pytest.mark.parametrize("depth", ["1", 1.5, True])
def test_a_depth_that_is_no_whole_number_is_an_error(depth):
    with pytest.raises(TypeError, match="whole number"):
        folded(network(), depth)
    with pytest.raises(ValueError, match="-1"):
        folded(network(), -1)


def test_groups_that_are_alike_are_opened_together():
    groups = [Group(f"g{i}", f"layer {i}", "scope") for i in range(3)]
    groups += [Group("h", "head", "scope")]
    sizes = {"g0": 3, "g1": 30, "g2": 3, "h": 4}
    nodes = [
        Node(f"{group}.{i}", "operation", "exp", group=group)
        for group, size in sizes.items()
        for i in range(size)
    ]
    result = folded(Picture(nodes, [], groups), limit=20)
    assert [each.title for each in result.groups] == ["head"]
    assert shown(result)[:3] == ["layer 0", "layer 1", "layer 2"]


def row_of_layers(count, size, title="layer"):
    """A repeat of `count` equal groups of `size` boxes, and one box outside."""
    groups = [Group("r", title, "repeat", count=count)]
    groups += [Group(f"g{i}", f"{title} {i + 1}", "layer", parent="r") for i in range(count)]
    nodes = [
        Node(f"{i}.{k}", "operation", "exp", group=f"g{i}")
        for i in range(count)
        for k in range(size)
    ]
    return Picture([*nodes, Node("end", "operation", "Σ")], [], groups)


def test_a_few_equal_groups_are_shown_closed_and_many_as_one_box():
    assert shown(folded(row_of_layers(3, 30))) == ["layer 1", "layer 2", "layer 3", "Σ"]
    assert shown(folded(row_of_layers(30, 3))) == ["layer ×30", "Σ"]
    assert shown(folded(row_of_layers(35, 2, "step"))) == ["step ×35", "Σ"]
    assert len(folded(row_of_layers(30, 3), 99).nodes) == 91


def test_small_pictures_are_open():
    assert folded(row_of_layers(3, 10)) == row_of_layers(3, 10)


def test_a_group_like_those_of_a_row_is_closed_with_them():
    picture = row_of_layers(3, 30)
    picture.groups.append(Group("last", "layer 4", "layer"))
    picture.nodes += [Node(f"last{k}", "operation", "tanh", group="last") for k in range(4)]
    assert shown(folded(picture)) == ["layer 1", "layer 2", "layer 3", "Σ", "layer 4"]


def test_a_penalty_of_many_terms_is_its_formula():
    picture = row_of_layers(30, 3, "step")
    picture.groups.insert(0, Group("p", "penalty", "penalty", formula="Σ‖W‖  λ=0.1"))
    picture.groups[1].parent = "p"
    box, _ = folded(picture).nodes
    assert (box.role, box.name, box.symbol) == ("penalty", "penalty", "Σ‖W‖")
    assert box.options == ("λ=0.1", "90 operations")


def test_a_folded_group_of_gradients_names_those_of_parameters():
    nodes = [
        Node("0", "parameter", name="W"),
        Node("1", "operation", "@", name="Z"),
        Node("2", "backward", "×", name="dZ", gradient_of="1", group="g0"),
        Node("3", "backward", "@", name="dW", gradient_of="0", group="g0"),
    ]
    *_, box = folded(Picture(nodes, [], [Group("g0", "layer 1", "layer")]), 0).nodes
    assert (box.symbol, box.options) == ("× @", ("2 operations", "dW"))


def test_gradients_point_at_boxes_that_are_there():
    nodes = [
        Node("0", "operation", "@", group="g0"),
        Node("1", "operation", "tanh", group="g0"),
        Node("2", "backward", "×", gradient_of="1", group="g1"),
        Node("3", "backward", "×", gradient_of="0", group="g1"),
        Node("4", "backward", "×", gradient_of="2", group="g1"),
        Node("5", "backward", "×", gradient_of="0"),
    ]
    groups = [Group("g0", "layer 1", "layer"), Group("g1", "layer 1 back", "layer")]
    result = folded(Picture(nodes, [], groups), 0)
    assert [(x.key, x.gradient_of) for x in result.nodes] == [
        ("g0", None),
        ("g1", "g0"),
        ("5", None),
    ]
    own = folded(Picture([nodes[0], replace(nodes[1], gradient_of="0")], [], groups[:1]), 0)
    assert own.nodes[0].gradient_of is None


def test_joined_edges_say_what_all_of_them_say():
    nodes = [Node("0", "data", group="g0"), Node("1", "data", group="g0")]
    nodes += [Node("2", "operation", "@"), Node("3", "operation", "+")]
    edges = [Edge("0", "2", "1", argument=0), Edge("1", "2", "2", argument=1)]
    edges += [Edge("0", "3", "", "1"), Edge("1", "3", "", "1", argument=1)]
    result = folded(Picture(nodes, edges, [Group("g0", "inputs", "scope")]), 0)
    assert [(x.tail, x.head, x.place, x.local) for x in result.edges] == [
        ("g0", "2", "", ""),
        ("g0", "3", "", "1"),
    ]


def test_constants_of_a_sweep_are_no_operations():
    nodes = [
        Node("0", "backward", "constant", part="gradient", group="g0"),
        Node("1", "backward", "×", part="gradient", group="g0"),
    ]
    (box,) = folded(Picture(nodes, [Edge("0", "1")], [Group("g0", "layer 1", "layer")]), 0).nodes
    assert (box.symbol, box.options) == ("×", ("1 operation",))


def test_a_folded_box_says_what_is_inside():
    nodes = [
        Node("0", "parameter", name="W", group="g0"),
        Node("1", "operation", "@", group="g0"),
        Node("2", "operation", "tanh", group="g0"),
    ]
    edges = [Edge("0", "1"), Edge("1", "2")]
    (box,) = folded(Picture(nodes, edges, [Group("g0", "layer", "repeat", count=12)]), 0).nodes
    assert (box.key, box.role, box.name) == ("g0", "group", "layer ×12")
    assert (box.symbol, box.options) == ("@ tanh", ("2 operations", "W"))


def test_a_folded_penalty_stays_a_penalty_with_its_formula():
    group = Group("g0", "penalty", "penalty", formula="λ/2m Σ‖W‖²")
    nodes = [Node(str(i), "penalty", "λ/2m ‖·‖²", group="g0") for i in range(2)]
    (box,) = folded(Picture(nodes, [], [group]), 0).nodes
    assert (box.role, box.symbol) == ("penalty", "λ/2m Σ‖W‖²")


def test_an_edge_to_an_operation_keeps_what_it_says():
    result = folded(network(), 0)
    assert [(edge.tail, edge.head, edge.local) for edge in result.edges] == [
        ("0", "g0", ""),
        ("g0", "g3", ""),
        ("g3", "4", "d3"),
    ]


def test_3000_scopes_in_each_other_need_no_recursion():
    groups = [
        Group(f"g{i}", f"scope {i}", "scope", parent=f"g{i - 1}" if i else None)
        for i in range(3000)
    ]
    nodes = [Node(str(i), "operation", "exp", group=f"g{i}") for i in range(3000)]
    edges = [Edge(str(i), str(i + 1)) for i in range(2999)]
    picture = grouped(Picture(nodes, edges, groups))
    assert len(folded(picture).nodes) == 150
    assert shown(folded(picture, 0)) == ["scope 0"]
    assert len(folded(picture, 0, ["scope 2998"]).nodes) == 3000
    assert len(folded(picture, 5000).nodes) == 3000


def network_of_ours(x):
    """More than a dozen boxes, with two calls of a function of the package."""
    A = tg.layer_norm(x, 1.0, 0.0)
    A = np.tanh(A)
    return np.sum(tg.layer_norm(A, 1.0, 0.0))


def test_calls_of_the_packages_functions_are_closed_until_they_are_asked_for():
    picture = grouped(collected(network_of_ours, (np.array([[1.0, 2.0], [3.0, 5.0]]),)))
    assert len(picture.nodes) > 12
    titles = ["layer_norm 1", "layer_norm 2"]
    closed = [node.name for node in folded(picture).nodes if node.role == "group"]
    assert closed == titles
    one = folded(picture, expand=["layer_norm 2"])
    assert [node.name for node in one.nodes if node.role == "group"] == titles[:1]
    assert folded(picture, expand=["layer_norm"]) == folded(picture, depth=1) == picture


def test_in_a_small_picture_calls_of_the_packages_functions_are_open():
    X = tg.Tensor(np.arange(16.0).reshape(1, 1, 4, 4), requires_grad=True)
    picture = grouped(collected(lambda X: tg.max_pool2d(X, 2), (X,)))
    assert len(picture.nodes) <= 12
    assert folded(picture) == picture


@pytest.mark.parametrize("expand", [3, [3], None])
def test_what_is_no_title_is_refused(expand):
    with pytest.raises(TypeError, match="expected titles of groups, such as"):
        folded(network(), expand=expand)
