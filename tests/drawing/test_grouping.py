"""Groups that nobody asked for: layers, repeats and blocks, in well-formed trees."""

import re
from copy import deepcopy

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.drawing.random_pictures import boxes_in, chain_of, pictures
from tinygrad_reg.drawing.folding import folded
from tinygrad_reg.drawing.grouping import grouped
from tinygrad_reg.drawing.grouping.blocks import MOST_INSIDE, length_of_stretch
from tinygrad_reg.drawing.picture import Edge, Group, Node, Picture

SETTINGS = settings(max_examples=10)


class Builder:
    """A picture that grows operation by operation."""

    def __init__(self):
        self.picture = Picture()
        self.part = "forward"
        self.group = None

    def leaf(self, role, name=None, shape=(3, 3)):
        """A parameter or data."""
        return self.add(role, "", (), name, shape)

    def apply(self, symbol, *arguments, name=None, shape=(3, 5), gradient_of=None):
        """An operation."""
        role = "penalty" if symbol.startswith("λ") else "operation"
        return self.add(role, symbol, arguments, name, shape, gradient_of)

    def add(self, role, symbol, arguments, name, shape, gradient_of=None):
        """A node with its edges."""
        key = str(len(self.picture.nodes))
        self.picture.nodes.append(
            Node(key, role, symbol, (), name, shape, part=self.part, group=self.group)
        )
        self.picture.nodes[-1].gradient_of = gradient_of
        for i, x in enumerate(arguments):
            self.picture.edges.append(Edge(x, key, argument=i))
        return key

    def part_group(self, title):
        """From here on, everything stands in a part of its own."""
        key = f"g{len(self.picture.groups)}"
        self.picture.groups.append(Group(key, title, "part"))
        self.part, self.group = title, key


def network(layers, penalized=True, gradients=False):
    """W @ A + b and tanh in each layer, the squared error, penalties; with its gradients."""
    build = Builder()
    if gradients:
        build.part_group("forward")
    A = build.leaf("data", "X", (3, 5))
    steps, J = [], None
    for i in range(1, layers + 1):
        W, b = build.leaf("parameter", f"W{i}"), build.leaf("parameter", f"b{i}", (3, 1))
        Z = build.apply("+", build.apply("@", W, A), b, name=f"Z{i}")
        steps.append((W, b, A, Z))
        A = build.apply("tanh", Z, name=f"A{i}")
    error = build.apply("−", A, build.leaf("data", "Y", (3, 5)))
    J = build.apply("Σ", build.apply("** 2", error), shape=())
    for W, *_ in steps if penalized else ():
        J = build.apply("+", J, build.apply("λ/2m ‖·‖²", W, shape=()), shape=())
    if gradients:
        build.part_group("gradient")
        dA = build.apply("2 ×", error, gradient_of=A)
        for W, b, before, Z in reversed(steps):
            local = build.apply("1 −", build.apply("** 2", Z))
            dZ = build.apply("×", dA, local, gradient_of=Z)
            build.apply("@", dZ, build.apply("·ᵀ", before), gradient_of=W)
            build.apply("Σ", dZ, gradient_of=b)
            dA = build.apply("@", build.apply("·ᵀ", W), dZ, gradient_of=before)
    return build.picture


def recurrent(steps):
    """An unrolled loop of h = tanh(W @ h + U @ x + b)."""
    build = Builder()
    W, U, b = (build.leaf("parameter", name) for name in "WUb")
    h = build.leaf("data", "h0", (3, 5))
    for i in range(steps):
        x = build.leaf("data", f"x{i}")
        total = build.apply("+", build.apply("@", W, h), build.apply("@", U, x))
        h = build.apply("tanh", build.apply("+", total, b))
    build.apply("Σ", h, shape=())
    return build.picture


def irregular(count, seed=0):
    """A random graph of many operations that never repeats for long."""
    rng = np.random.default_rng(seed)
    build = Builder()
    keys = [build.leaf("parameter", f"p{i}") for i in range(20)]
    for _ in range(count):
        picks = rng.integers(max(0, len(keys) - 60), len(keys), 2)
        symbol = ("+", "×", "@", "−")[rng.integers(4)]
        keys.append(build.apply(symbol, *(keys[i] for i in picks)))
    return build.picture


def titles_of(picture, kind):
    """The titles of the groups of a kind, in order."""
    return [each.title for each in picture.groups if each.kind == kind]


def symbols_in(picture, title):
    """The operations and names directly in the groups of a title."""
    keys = {each.key for each in picture.groups if each.title == title}
    return [node.symbol or node.name for node in picture.nodes if node.group in keys]


def is_acyclic(picture):
    """Whether every edge goes forward in the order of the boxes."""
    position = {node.key: i for i, node in enumerate(picture.nodes)}
    return all(position[edge.tail] < position[edge.head] for edge in picture.edges)


# -- every picture ---------------------------------------------------------------------------------


def check_well_formed(before, after):
    """Every key once, parents first, nothing empty, boxes and edges as they were."""
    keys = [each.key for each in [*after.nodes, *after.groups]]
    assert len(keys) == len(set(keys))
    known = set()
    for each in after.groups:
        assert each.parent is None or each.parent in known
        known.add(each.key)
    assert all(boxes_in(after).values() if after.nodes else [True])
    assert [node.key for node in after.nodes] == [node.key for node in before.nodes]
    assert after.edges == before.edges
    assert after.turns_back == before.turns_back
    known = {each.key: each for each in after.groups}
    for each in before.groups:
        if each.key in known:
            kept = known[each.key]
            assert kept.kind == each.kind
            # Calls of one function are numbered.
            assert (
                kept.title.startswith(each.title)
                if each.kind == "call"
                else (kept.title == each.title)
            )


@given(pictures(70))
def test_groups_are_well_formed_and_boxes_and_edges_as_they_were(picture):
    before = deepcopy(picture)
    after = grouped(picture)
    assert picture == before
    check_well_formed(before, after)
    assert grouped(before) == after


@SETTINGS
@given(st.integers(1, 40), st.integers(0, 60), st.integers(61, 300))
def test_large_pictures_are_well_formed(period, seed, count):
    for picture in (
        chain_of([f"f{i % 7}" for i in range(period)], count // period + 1),
        irregular(count, seed),
        network(count // 5),
        network(count // 12 + 1, gradients=True),
        recurrent(count // 6),
    ):
        after = grouped(picture)
        check_well_formed(picture, after)
        for depth in (0, 1, 2, None):
            assert is_acyclic(folded(after, depth))
        assert len(folded(after).nodes) <= 150


@given(pictures(70))
def test_groups_of_the_user_keep_what_is_in_them(picture):
    after = grouped(picture)
    new_parents = {each.key: each.parent for each in after.groups}

    def around(key, parents):
        found = []
        while key is not None:
            found.append(key)
            key = parents[key]
        return found

    old_parents = {each.key: each.parent for each in picture.groups}
    for old, new in zip(picture.nodes, after.nodes, strict=True):
        if old.role == "data":  # examples may be moved out of the first layer
            continue
        was, now = around(old.group, old_parents), around(new.group, new_parents)
        assert [key for key in now if key in was] == was


def test_groups_of_one_level_are_in_the_order_of_the_boxes():
    picture = network(4, penalized=False)
    picture.groups = [Group(f"g{i}", f"dense {i}", "scope") for i in (3, 1, 2, 0)]
    operations = iter(range(12))
    for node in picture.nodes:
        if node.symbol in ("@", "+", "tanh"):
            node.group = f"g{next(operations) // 3}"
    assert titles_of(grouped(picture), "scope") == [f"dense {i}" for i in range(4)]


def test_grouping_twice_adds_little():
    once = grouped(network(3))
    assert titles_of(grouped(once), "layer") == titles_of(once, "layer")


# -- layers ----------------------------------------------------------------------------------------


def test_layers_hold_product_bias_activation_and_their_parameters():
    picture = grouped(network(3))
    assert titles_of(picture, "layer") == ["layer 1", "layer 2", "layer 3"]
    assert symbols_in(picture, "layer 2") == ["W2", "b2", "@", "+", "tanh"]
    outside = [node.symbol or node.name for node in picture.nodes if node.group is None]
    assert outside == ["X", "Y", "−", "** 2", "Σ", *["λ/2m ‖·‖²", "+"] * 3]


def test_one_product_alone_is_no_layer():
    assert grouped(network(1)).groups == []


def test_layers_that_the_user_has_grouped_are_left_alone():
    picture = network(3)
    picture.groups = [Group(f"g{i}", f"dense {i}", "call") for i in range(3)]
    operations = iter(range(9))
    for node in picture.nodes:
        if node.symbol in ("@", "+", "tanh") and node.shape:
            node.group = f"g{next(operations) // 3}"
    after = grouped(picture)
    assert [each.title for each in after.groups] == ["dense 0", "dense 1", "dense 2"]
    assert symbols_in(after, "dense 1") == ["W2", "b2", "@", "+", "tanh"]


def test_layers_inside_of_the_one_function_that_holds_them_all_are_grouped():
    picture = network(4)
    picture.groups = [Group("g0", "model", "call")]
    for node in picture.nodes:
        if node.symbol in ("@", "+", "tanh") and node.shape:
            node.group = "g0"
    after = grouped(picture)
    assert titles_of(after, "layer") == [f"layer {i}" for i in range(1, 5)]
    assert {each.parent for each in after.groups if each.kind == "layer"} == {"g0"}


def test_an_activation_written_out_belongs_to_the_last_layer_and_the_loss_does_not():
    build = Builder()
    A = build.apply("@", build.leaf("parameter", "W1"), build.leaf("data", "X"))
    Z = build.apply("@", build.leaf("parameter", "W2"), build.apply("tanh", A))
    A = build.apply("1 ÷", build.apply("1 +", build.apply("exp", build.apply("−", Z))))
    Y = build.leaf("data", "Y")
    first = build.apply("×", build.apply("log", A), Y)
    second = build.apply("×", build.apply("log", build.apply("1 −", A)), Y)
    build.apply("mean", build.apply("+", first, second), shape=())
    after = grouped(build.picture)
    assert symbols_in(after, "layer 2") == ["W2", "@", "−", "exp", "1 +", "1 ÷"]


def test_parallel_products_make_one_layer():
    build = Builder()
    X = build.leaf("data", "X")
    query, key, value = (build.apply("@", X, build.leaf("parameter", f"W{x}")) for x in "qkv")
    scores = build.apply("softmax", build.apply("@", query, build.apply("·ᵀ", key)))
    mixed = build.apply("@", scores, value)
    out = build.apply("@", mixed, build.leaf("parameter", "Wo"))
    build.apply("Σ", out, shape=())
    after = grouped(build.picture)
    assert titles_of(after, "layer") == ["layer 1", "layer 2"]
    assert symbols_in(after, "layer 2") == ["Wo", "@"]


def test_the_last_layer_ends_like_the_one_before():
    build = Builder()
    A = build.leaf("data", "X")
    for i in range(3):
        A = build.apply("tanh", build.apply("@", build.leaf("parameter", f"W{i}"), A))
    build.apply("Σ", build.apply("** 2", A), shape=())
    after = grouped(build.picture)
    assert symbols_in(after, "layer 3") == ["W2", "@", "tanh"]
    assert [node.symbol for node in after.nodes if node.group is None] == ["", "** 2", "Σ"]


def test_shapes_arranged_for_a_layer_belong_to_it():
    build = Builder()
    A = build.leaf("data", "X")
    for i in range(2):
        rows = build.apply("reshape", A)
        W = build.apply("·ᵀ", build.leaf("parameter", f"W{i}"))
        A = build.apply("maximum(·, 0)", build.apply("@", rows, W))
    build.apply("Σ", A, shape=())
    after = grouped(build.picture)
    assert symbols_in(after, "layer 2") == ["reshape", "W1", "·ᵀ", "@", "maximum(·, 0)"]


def test_gradients_stand_in_groups_like_their_values():
    after = grouped(network(3, gradients=True))
    by_key = {each.key: each for each in after.groups}
    found = {}
    for node in after.nodes:
        if node.part == "gradient" and node.group is not None:
            group = by_key[node.group]
            if group.kind == "layer":
                assert by_key[group.parent].title == "gradient"
                found.setdefault(group.title, []).append(node.symbol)
    assert list(found) == ["layer 3", "layer 2", "layer 1"]
    assert found["layer 2"] == ["·ᵀ", "@", "** 2", "1 −", "×", "·ᵀ", "@", "Σ"]
    assert is_acyclic(folded(after, 0))


# -- repeats ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("layers", [12, 300])
def test_equal_layers_are_a_repeat_with_their_count(layers):
    after = grouped(network(layers, penalized=False))
    (repeat,) = [each for each in after.groups if each.kind == "repeat"]
    assert (repeat.title, repeat.count) == ("layer", layers)
    result = folded(after, 0)
    assert [node.name or node.symbol for node in result.nodes] == [
        "X", f"layer ×{layers}", "Y", "−", "** 2", "Σ",
    ]  # fmt: skip


def test_layers_that_differ_are_no_repeat():
    picture = network(12, penalized=False)
    for i, node in enumerate(picture.nodes):
        if node.symbol == "tanh":
            node.symbol = f"f{i}"
    assert titles_of(grouped(picture), "repeat") == []


def test_a_loop_is_a_repeat_of_steps_and_what_they_share_stays_outside():
    after = grouped(recurrent(30))
    (repeat,) = [each for each in after.groups if each.kind == "repeat"]
    assert (repeat.title, repeat.count) == ("step", 30)
    assert symbols_in(after, "step 1") == ["x0", "@", "@", "+", "+", "tanh"]
    assert symbols_in(after, "step 30") == ["x29", "@", "@", "+", "+", "tanh"]
    outside = [node.name or node.symbol for node in after.nodes if node.group is None]
    assert outside == ["W", "U", "b", "h0", "Σ"]


@SETTINGS
@given(st.integers(2, 9), st.integers(3, 40))
def test_the_period_of_a_chain_is_found(period, times):
    symbols = [f"f{i}" for i in range(period)]
    after = grouped(chain_of(symbols, times))
    repeats = [each for each in after.groups if each.kind == "repeat"]
    if period * times + 1 <= 60:
        assert repeats == []
    else:
        assert [each.count for each in repeats] == [times]
        assert symbols_in(after, "step 2") == symbols


def test_one_operation_again_and_again_is_a_repeat_without_a_group_for_each():
    after = grouped(chain_of(["× 1.0"], 5000))
    assert (after.groups[0].title, after.groups[0].count) == ("step", 5000)
    assert all(len(inside) <= MOST_INSIDE for inside in boxes_in(after).values())
    assert [node.name for node in folded(after).nodes] == ["x", "step ×5,000"]


def test_a_repeat_inside_of_a_step_is_found_as_well():
    after = grouped(chain_of(["a", "b", *["c"] * 30, "d"], 10))
    assert [each.count for each in after.groups if each.kind == "repeat"] == [10] + [30] * 10


def test_positions_of_an_index_do_not_make_steps_different():
    build = Builder()
    x = build.leaf("parameter", "x")
    h = build.leaf("data", "h0")
    for i in range(40):
        h = build.apply("tanh", build.apply("+", h, build.apply(f"[{i}]", x)))
    assert [each.count for each in grouped(build.picture).groups if each.kind == "repeat"] == [40]


def test_a_loop_that_begins_with_data_of_its_own_begins_at_its_first_step():
    build = Builder()
    W, U = build.leaf("parameter", "W"), build.leaf("parameter", "U")
    h = build.leaf("data", "h0", (7,))
    for i in range(20):
        step = build.apply("@", U, build.leaf("data", f"x{i}"))
        h = build.apply("tanh", build.apply("+", step, build.apply("@", W, h)))
    after = grouped(build.picture)
    assert [each.count for each in after.groups if each.kind == "repeat"] == [20]
    assert symbols_in(after, "step 1") == ["x0", "@", "@", "+", "tanh"]


def test_steps_begin_where_the_fewest_values_pass():
    build = Builder()
    x = build.leaf("parameter", "x")
    x = build.apply("+", build.apply("g", x), x)  # like the end of a step
    for _ in range(25):
        x = build.apply("+", build.apply("g", build.apply("f", x)), x)
    after = grouped(build.picture)
    assert [each.count for each in after.groups if each.kind == "repeat"] == [25]
    assert symbols_in(after, "step 1") == ["f", "g", "+"]


def test_sums_of_what_a_group_holds_are_a_repeat():
    build = Builder()
    build.picture.groups.append(Group("g0", "penalty", "penalty"))
    build.group = "g0"
    terms = [
        build.apply("λ/2m ‖·‖²", build.leaf("parameter", f"W{i}"), shape=()) for i in range(40)
    ]
    build.group = None
    J = build.leaf("data", "J", ())
    for term in terms:
        J = build.apply("+", J, term, shape=())
    after = grouped(build.picture)
    found = [(each.title, each.count, each.parent) for each in after.groups]
    assert ("step", 40, None) in found


def test_order_of_leaves_in_the_picture_does_not_matter():
    picture = network(4, penalized=False)
    leaves = [node for node in picture.nodes if not node.symbol]
    picture.nodes = [*leaves[::-1], *(node for node in picture.nodes if node.symbol)]
    assert titles_of(grouped(picture), "layer") == [f"layer {i}" for i in range(1, 5)]
    loop = recurrent(30)
    leaves = [node for node in loop.nodes if not node.symbol]
    loop.nodes = [*leaves[::-1], *(node for node in loop.nodes if node.symbol)]
    after = grouped(loop)
    assert [each.count for each in after.groups if each.kind == "repeat"] == [30]
    assert set(symbols_in(after, "step 2")) == {"x1", "@", "+", "tanh"}


def test_a_loop_in_a_large_graph_goes_into_a_stretch_with_what_it_begins_with():
    picture = irregular(300)
    loop = recurrent(20)
    for each in [*loop.nodes, *loop.edges]:
        if isinstance(each, Node):
            each.key = f"loop {each.key}"
        else:
            each.tail, each.head = f"loop {each.tail}", f"loop {each.head}"
    picture.nodes += loop.nodes
    picture.edges += loop.edges
    after = grouped(picture)
    around = {node.name: node.group for node in after.nodes}
    repeat = next(each for each in after.groups if each.kind == "repeat" and each.count == 20)
    assert None not in (around["h0"], repeat.parent)


def blocks_of_functions(count):
    """A row of calls of one function, which collecting has put the data of the first into."""
    build = Builder()
    x = build.leaf("data", "X")
    for i in range(count):
        build.picture.groups.append(Group(f"g{i}", "block", "call"))
        build.group = f"g{i}"
        if not i:
            build.picture.nodes[0].group = "g0"
        W = build.leaf("parameter", f"W{i}")
        x = build.apply("+", x, build.apply("maximum(·, 0)", build.apply("@", x, W)))
    build.group = None
    build.apply("Σ", x, shape=())
    return build.picture


def test_calls_of_one_function_are_numbered_and_what_comes_in_stands_outside():
    after = grouped(blocks_of_functions(20))
    assert titles_of(after, "call") == [f"block {i}" for i in range(1, 21)]
    assert after.nodes[0].group is None
    assert [(each.title, each.count) for each in after.groups if each.kind == "repeat"] == [
        ("block", 20)
    ]


def test_gradients_of_calls_have_the_numbers_of_the_calls():
    picture = blocks_of_functions(3)
    keys = [f"h{i}" for i in range(3)]
    for i in (2, 1, 0):  # backward
        picture.groups.append(Group(keys[i], "block", "call"))
        target = [node.key for node in picture.nodes if node.group == f"g{i}"][-1]
        for _ in range(2):
            key = str(len(picture.nodes))
            picture.nodes.append(
                Node(key, "backward", "×", part="gradient", gradient_of=target, group=keys[i])
            )
    titles = {each.key: each.title for each in grouped(picture).groups}
    assert [titles[f"g{i}"] for i in range(3)] == ["block 1", "block 2", "block 3"]
    assert [titles[key] for key in keys] == ["block 1", "block 2", "block 3"]


# -- blocks ----------------------------------------------------------------------------------------


def test_an_irregular_graph_is_cut_into_blocks_of_blocks():
    picture = irregular(5000)
    after = grouped(picture)
    assert set(titles_of(after, "block")) == {each.title for each in after.groups}
    assert all(len(inside) <= 60 for inside in boxes_in(after).values())
    assert re.fullmatch(r"operations 1–\d+", after.groups[0].title)
    assert 10 <= len(folded(after).nodes) <= 150
    assert is_acyclic(folded(after))


@given(st.integers(0, 10**6))
def test_stretches_are_round_and_few(count):
    size = length_of_stretch(count)
    if count <= MOST_INSIDE:
        assert size == 0
    else:
        assert -(-count // size) <= MOST_INSIDE
        assert str(size).rstrip("0") in ("1", "2", "25", "4", "5")


def test_small_pictures_get_layers_only():
    assert {each.kind for each in grouped(network(5)).groups} == {"layer"}
    assert grouped(recurrent(8)).groups == []
    assert grouped(irregular(40)).groups == []


def test_many_groups_of_the_user_are_a_repeat_or_cut_into_blocks():
    picture = chain_of(["a", "b", "c"], 200)
    picture.groups = [Group(f"g{i}", f"cell {i + 1}", "scope") for i in range(200)]
    for i, node in enumerate(picture.nodes[1:]):
        node.group = f"g{i // 3}"
    after = grouped(picture)
    (repeat,) = [each for each in after.groups if each.kind == "repeat"]
    assert (repeat.title, repeat.count) == ("cell", 200)
    assert "cell 1–20" in titles_of(after, "block")
