"""What a picture is made of: every operation once, parts, groups, names, and nothing changed."""

import gc
import re
import sys
import traceback
from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import tinygrad_reg as tg
from tinygrad_reg.drawing.collecting.targets import collected
from tinygrad_reg.drawing.collecting.watching import watched
from tinygrad_reg.drawing.picture import Picture
from tinygrad_reg.modes import switched, switches, thread
from tinygrad_reg.tensor import ALIAS, Tensor

CHOICES = st.lists(st.tuples(st.integers(0, 99), st.integers(0, 99)), max_size=10)
OPERATIONS = (
    lambda a, b: a + b,
    lambda a, b: a * b,
    lambda a, b: np.tanh(a),
    lambda a, b: 1.5 - a,
    lambda a, b: a / (2 + b * b),
    lambda a, b: a @ b,
    lambda a, b: np.sum(a) * b,
    lambda a, b: np.where(a > 0, np.sqrt(np.abs(a)), b),
    lambda a, b: a[[0, 0, 1]][:2] + a.T,
    lambda a, b: np.maximum(a, b) * np.float64(0.5),
    lambda a, b: a * tg.l2([a, b], 0.3, 4),
    lambda a, b: a - DATA,
)
DATA = np.array([[0.5, -1.0], [2.0, 0.0]])
START = np.array([[0.25, 0.0], [-1.5, 1.0]])


def function_of(choices):
    """A function of one array, from pairs of numbers that pick operations and operands."""

    def f(x):
        values = [x]
        for i, j in choices:
            a, b = values[i % len(values)], values[j % len(values)]
            values.append(OPERATIONS[(i + j) % len(OPERATIONS)](a, b))
        return np.sum(np.tanh(values[-1]) * values[len(values) // 2])

    return f


def product(f):
    """The Hessian of a function, times the point."""
    return lambda x: tg.hvp(f, (x,), (x,))


DERIVATIVES = {
    "gradient": tg.grad,
    "value and gradient": tg.value_and_grad,
    "second": lambda f: tg.grad(lambda x: np.sum(tg.grad(f)(x) ** 2)),
    "tangent": lambda f: lambda x: tg.jvp(f, (x,), (x * x,)),
    "product": product,
    "third": lambda f: tg.grad(lambda x: np.sum(product(f)(x))),
    "hessian": lambda f: tg.hessian(f),
}
derivatives = pytest.mark.parametrize("of", DERIVATIVES.values(), ids=DERIVATIVES.keys())


def nodes_called(picture, name):
    """The nodes with a name."""
    return [node for node in picture.nodes if node.name == name]


def called(picture, name):
    """The only node with a name."""
    (node,) = nodes_called(picture, name)
    return node


def titles(picture, node):
    """The titles of the groups around a node, outermost first."""
    return [group.title for group in picture.around(node.group)][::-1]


def parts(picture):
    """The titles of the parts there are."""
    return [group.title for group in picture.groups if group.kind == "part"]


def groups(picture, kind):
    """The groups of a kind."""
    return [group for group in picture.groups if group.kind == kind]


def members(picture, group):
    """What stands in a group, also inside of groups in it, as names or symbols."""
    inside = [node for node in picture.nodes if group in picture.around(node.group)]
    return [node.name or node.symbol for node in inside]


# -- every operation and every argument is there once ----------------------------------------------


def original(tensor):
    """What an alias is a copy of."""
    while tensor.rule is ALIAS:
        tensor = tensor.args[0]
    return tensor


def is_single_number(x):
    """Whether a constant is one number, perhaps many times."""
    return x.rule is None and not x.number and len(np.unique(x.value)) == 1


def in_words(x):
    """A number as boxes say it."""
    return f"{float(x):.4g}".replace("-", "−")


def check_edges(picture):
    """Hold every edge against the argument that it is for, and arguments against the edges."""
    by_key = {node.key: node for node in picture.nodes}
    assert [int(node.key) for node in picture.nodes] == list(range(len(picture.nodes)))
    assert len({id(node.tensor) for node in picture.nodes}) == len(picture.nodes)
    edges = {}
    for edge in picture.edges:
        assert int(edge.tail) < int(edge.head)
        assert (edge.head, edge.argument) not in edges
        edges[edge.head, edge.argument] = by_key[edge.tail]
    arguments = 0
    for node in picture.nodes:
        for position, x in enumerate(node.tensor.args):
            if type(x) is not Tensor:
                continue
            tail = edges.get((node.key, position))
            if tail is None:
                assert is_single_number(x)
                assert in_words(x.value.flat[0]) in " ".join((node.symbol, *node.options))
            else:
                arguments += 1
                np.testing.assert_array_equal(tail.value, x.value, strict=True)
    assert arguments == len(picture.edges)
    keys = {None} | {group.key for group in picture.groups}
    assert all(node.group in keys for node in picture.nodes)
    earlier = {None}
    for group in picture.groups:
        assert group.parent in earlier
        earlier.add(group.key)
    assert len(earlier) == len(picture.groups) + 1


@given(CHOICES)
def test_every_tensor_and_every_argument_is_shown_once(choices):
    x = tg.Tensor(START, requires_grad=True)
    loss = function_of(choices)(x)
    picture = collected(loss)
    check_edges(picture)
    found, todo = {id(loss): loss}, [loss]
    while todo:
        for y in todo.pop().args:
            if type(y) is Tensor and id(original(y)) not in found:
                found[id(original(y))] = original(y)
                todo.append(original(y))
    shown = [node for node in picture.nodes if node.tensor.rule is not None or node.tensor.number]
    assert {id(node.tensor) for node in shown} == {id(y) for y in found.values() if y.number}
    assert sum(node.name == "DATA" for node in picture.nodes) <= 1


@derivatives
@given(CHOICES)
def test_of_derivatives_every_argument_is_shown_once_and_the_values_are_those_of_the_engine(
    of, choices
):
    f = of(function_of(choices))
    with np.errstate(all="ignore"):
        expected = f(tg.Tensor(START, requires_grad=True))
        picture = collected(f, (START,))
    check_edges(picture)
    if type(expected) is Tensor:
        assert expected.value.tobytes() in [node.value.tobytes() for node in picture.nodes]
        outputs = [node.value.tobytes() for node in picture.nodes if node.role == "output"]
        assert outputs in ([expected.value.tobytes()], [])  # or one of the leaves


@derivatives
@given(CHOICES)
def test_looking_on_changes_no_bit(of, choices):
    f = of(function_of(choices))
    with np.errstate(all="ignore"):
        plain = f(tg.Tensor(START, requires_grad=True))
        with watched():
            seen = f(tg.Tensor(START, requires_grad=True))
    for a, b in zip(graph_of(plain), graph_of(seen), strict=True):
        assert a.rule is b.rule
        assert a.value.tobytes() == b.value.tobytes()


def graph_of(nested):
    """Every tensor behind some results, in the order in which they were recorded."""
    found, todo = {}, [*nested] if isinstance(nested, tuple) else [nested]
    while todo:
        tensor = todo.pop()
        if type(tensor) is Tensor and id(tensor) not in found:
            found[id(tensor)] = tensor
            todo += tensor.args
    recorded = [x for x in found.values() if x.number]
    return sorted(recorded, key=lambda x: x.number)


def test_looking_on_changes_no_bit_of_sums_into_one_entry():
    """Plain sweeps add what comes to one entry one after another, and keep doing so."""
    numbers = np.random.default_rng(0).normal(size=3)
    picks = np.array([0, 1, 0, 2, 0, 0, 1])

    def gradient():
        return tg.grad(lambda x: np.sum(x[picks] ** 3 * 1.1) + np.sum(x[picks[::-1]] / 3))(numbers)

    with watched():
        seen = gradient()
    assert seen.tobytes() == gradient().tobytes()


@pytest.mark.parametrize("order", [1, 2, 3])
def test_what_needs_a_second_sweep_with_care_gets_it_while_it_is_drawn(order):
    f = lambda x: np.where(x > 0, np.sqrt(x), 0 * x)
    for _ in range(order):
        f = tg.grad(f)
    with np.errstate(all="ignore"):
        assert float(f(0.0)) == 0
        picture = collected(f, (0.0,))
    assert [float(node.value) for node in picture.nodes if node.role == "output"] == [0]


@given(CHOICES)
def test_same_function_gives_the_same_picture(choices):
    def told(picture):
        return [
            [(n.key, n.role, n.symbol, n.options, n.name, n.part, n.gradient_of, n.group)
             for n in picture.nodes],
            picture.edges, picture.groups, picture.turns_back,
        ]  # fmt: skip

    with np.errstate(all="ignore"):
        first = told(collected(tg.grad(function_of(choices)), (START,)))
        tg.Tensor(1.0, requires_grad=True) * 2
        assert told(collected(tg.grad(function_of(choices)), (START,))) == first


# -- parts -----------------------------------------------------------------------------------------


def test_third_derivative_of_tanh_shows_each_derivative_in_a_part_of_its_own():
    picture = collected(tg.grad(tg.grad(tg.grad(np.tanh))), (0.5,))
    assert parts(picture) == ["forward", "gradient", "second derivative", "third derivative"]
    y = np.tanh(0.5)
    for name, part, value in [
        ("x", "forward", 0.5),
        ("dx", "gradient", 1 - y**2),
        ("d²x", "second derivative", -2 * y * (1 - y**2)),
        ("d³x", "third derivative", (6 * y**2 - 2) * (1 - y**2)),
    ]:
        node = called(picture, name)
        assert node.part == part == titles(picture, node)[0]
        assert float(node.value) == pytest.approx(value)
        assert node.gradient_of == ("0" if name != "x" else None)
    assert [node.name for node in picture.nodes if node.role == "output"] == ["d³x"]
    assert all(node.tensor.rule is not None or node.name for node in picture.nodes), "no constants"
    assert "· × 1" not in [node.symbol for node in picture.nodes]
    assert not picture.turns_back


def test_every_order_has_a_name():
    f = np.tanh
    for _ in range(5):
        f = tg.grad(f)
    picture = collected(f, (0.5,))
    assert parts(picture)[-2:] == ["4th derivative", "5th derivative"]
    assert called(picture, "d⁵x").role == "output"


def test_a_gradient_stands_under_the_forward_part_with_dZ_for_Z():
    W, X, b = np.ones((1, 3)), np.ones((3, 4)), np.zeros((1, 1))

    def cost(W, b):
        Z = W @ X + b
        A = np.tanh(Z)
        J = np.sum(A**2) / 4
        return J

    picture = collected(tg.grad(cost, (0, 1)), (W, b))
    assert parts(picture) == ["forward", "gradient"]
    assert picture.turns_back
    key = {node.name: node.key for node in picture.nodes}
    assert {"W", "b", "X", "Z", "A", "J", "dZ", "dA", "dW", "db"} <= key.keys()
    for node in picture.nodes:
        if node.name and node.name.startswith("d"):
            assert node.gradient_of == key[node.name[1:]]
            assert (node.part, node.role) in [("gradient", "backward"), ("gradient", "output")]
        elif node.name:
            assert node.part == "forward"
    X_transposed = next(node for node in picture.nodes if node.symbol == "·ᵀ")
    assert (X_transposed.part, X_transposed.shape) == ("gradient", (4, 3))
    assert [edge.tail for edge in picture.edges if edge.head == X_transposed.key] == [key["X"]]
    outputs = [node.name for node in picture.nodes if node.role == "output"]
    assert sorted(outputs) == ["dW", "db"]


def test_a_cotangent_of_one_is_no_node_and_one_of_a_number_is_written():
    picture = collected(tg.grad(lambda w: np.mean(np.tanh(w))), (np.ones(5),))
    assert [node.symbol for node in picture.nodes if node.part == "gradient"] == [
        "×", "1 − ·", "· × 0.2",
    ]  # fmt: skip
    picture = collected(tg.grad(lambda w: np.sum(np.tanh(w))), (np.ones(5),))
    assert [node.symbol for node in picture.nodes if node.part == "gradient"] == ["×", "1 − ·"]
    assert [node.name for node in picture.nodes if node.role == "output"] == ["dw"]


def test_the_users_own_products_with_one_stay():
    picture = collected(lambda x: 1.0 * np.tanh(x), (0.5,))
    assert [node.symbol for node in picture.nodes] == ["", "tanh", "1 × ·"]


def test_a_gradient_that_is_another_value_is_shown_as_such():
    picture = collected(tg.grad(lambda x, z: x * z), (2.0, 3.0))
    dx = called(picture, "dx")
    assert (dx.part, dx.role, float(dx.value)) == ("gradient", "output", 3.0)
    assert [edge.tail for edge in picture.edges if edge.head == dx.key] == [
        called(picture, "z").key
    ]


def test_a_constant_gradient_is_shown_with_what_it_is_the_gradient_of():
    picture = collected(tg.grad(lambda w: np.sum(3 * w)), (np.ones(2),))
    dw = called(picture, "dw")
    assert (dw.role, dw.part, dw.symbol) == ("output", "gradient", "3")
    assert dw.gradient_of == called(picture, "w").key
    assert parts(picture) == ["forward", "gradient"]


def test_value_and_gradient_are_both_outputs():
    picture = collected(tg.value_and_grad(lambda x: np.tanh(x) ** 2), (0.5,))
    outputs = [(node.part, node.name) for node in picture.nodes if node.role == "output"]
    assert outputs == [("forward", None), ("gradient", "dx")]


def test_forward_mode_is_a_part_called_tangent():
    picture = collected(lambda x, v: tg.jvp(np.sin, (x,), (v,)), (0.5, 2.0))
    assert parts(picture) == ["forward", "tangent"]
    (tangent,) = [node for node in picture.nodes if node.symbol == "cos"]
    assert (tangent.role, tangent.part) == ("tangent", "tangent")
    assert not picture.turns_back


def test_hessian_times_vector_is_the_tangent_of_the_gradient():
    picture = collected(
        lambda w, v: tg.hvp(lambda w: np.sum(w**3), (w,), (v,)), (np.ones(2), np.ones(2))
    )
    assert parts(picture) == ["forward", "gradient", "tangent"]
    assert called(picture, "dw").part == "gradient"
    assert called(picture, "dw_dot").role == "output"


def test_hessian_is_one_second_derivative_though_it_takes_many_sweeps():
    picture = collected(tg.hessian(lambda w: np.sum(w**3)), (np.ones(3),))
    assert parts(picture) == ["forward", "gradient", "second derivative"]
    (output,) = [node for node in picture.nodes if node.role == "output"]
    assert (output.part, output.shape) == ("second derivative", (3, 3))
    for row in range(3):
        assert called(picture, f"d²w[{row}]").value.tolist() == [6.0 * (i == row) for i in range(3)]


def test_what_is_run_after_a_gradient_is_forward_also_where_it_is_no_function_of_the_users():
    picture = collected(lambda x: tg.grad(np.tanh)(x) + tg.grad(np.sin)(x), (0.5,))
    symbols = {node.symbol: node.part for node in picture.nodes}
    assert (symbols["tanh"], symbols["sin"], symbols["cos"]) == ("forward", "forward", "gradient")


def test_a_constant_that_gives_the_result_its_shape_is_a_node():
    picture = collected(tg.grad(lambda x, W: np.sum(x * W), 1), (2.0, np.ones(3)))
    dW = called(picture, "dW")
    tails = [edge.tail for edge in picture.edges if edge.head == dW.key]
    ones = next(node for node in picture.nodes if node.key in tails and node.shape == (3,))
    assert (ones.symbol, ones.role, ones.part) == ("1", "backward", "gradient")
    assert (dW.symbol, len(tails)) == ("×", 2)


def test_a_cotangent_of_the_learners_is_data():
    def f(x):
        v = tg.Tensor(np.ones(2))
        _, pullback = tg.vjp(np.tanh, x)
        return pullback(v)[0]

    v = called(collected(f, (np.ones(2),)), "v")
    assert (v.role, v.part) == ("data", "forward")


def test_what_is_done_with_a_gradient_is_an_update():
    def step(w):
        dw = tg.grad(lambda w: np.sum(w**2))(w)
        w = w - 0.1 * dw
        return w

    picture = collected(step, (np.ones(2),))
    assert parts(picture) == ["forward", "gradient", "update"]
    assert picture.turns_back
    assert [node.symbol for node in picture.nodes if node.part == "update"] == ["0.1 × ·", "−"]

    picture = collected(lambda w: step(step(w)), (np.ones(2),))
    assert parts(picture) == ["forward", "gradient", "update"]
    assert not picture.turns_back, "the second gradient is taken after an update"


def test_the_gradient_of_tensors_of_ones_own_has_parts_too():
    W = tg.Tensor([1.0, 2.0], requires_grad=True)
    picture = collected(lambda x: tg.grad(lambda x: np.sum(np.tanh(W * x)))(x), (np.ones(2),))
    assert parts(picture) == ["forward", "gradient"]
    assert called(picture, "W").part == "forward"


def test_backward_inside_of_a_function_leaves_the_picture_forward():
    def f(x):
        loss = np.sum(x**2)
        loss.backward()
        return loss

    picture = collected(f, (np.ones(2),))
    assert parts(picture) == []
    assert called(picture, "x").gradient.tolist() == [2, 2]


# -- what can be drawn -----------------------------------------------------------------------------


def test_several_tensors_are_drawn_together():
    x = tg.Tensor(2.0, requires_grad=True)
    y, z = np.sin(x), np.cos(x)
    for nested in ([y, z], (y, z), {"a": y, "b": [z]}):
        picture = collected(nested)
        assert [node.symbol for node in picture.nodes] == ["", "sin", "cos"]
        assert [node.role for node in picture.nodes] == ["parameter", "output", "output"]
    assert len(collected(lambda: {"y": y, "z": z}).nodes) == 3


def test_a_pullback_is_drawn_with_the_cotangent_that_it_was_given():
    x = np.array([1.0, 2.0])
    _, pullback = tg.vjp(lambda x: x**2, x)
    picture = collected(pullback, (np.array([1.0, 0.5]),))
    assert called(picture, "cotangent").role == "parameter"
    (output,) = [node for node in picture.nodes if node.role == "output"]
    np.testing.assert_array_equal(output.value, [2, 2])


def test_functions_without_a_signature_have_x_or_x1_and_x2():
    assert called(collected(np.tanh, (0.5,)), "x")
    picture = collected(tg.grad(np.hypot), (3.0, 4.0))
    assert called(picture, "x1")
    assert called(picture, "dx1").value == pytest.approx(0.6)


def test_a_compiled_program_is_drawn_from_its_graph():
    program = tg.compile(tg.grad(lambda x: np.sum(np.tanh(x)))).trace(np.ones(3))
    assert isinstance(collected(program), Picture)
    assert collected(program.graph) == collected(program)


def test_numbers_without_a_name_are_written_and_those_with_one_are_nodes():
    scale = np.float64(0.25)
    x = tg.Tensor(2.0, requires_grad=True)
    picture = collected(scale * x + np.float64(1.5) + tg.Tensor(-0.5) + 3)
    assert called(picture, "scale").role == "data"
    assert [node.symbol for node in picture.nodes] == ["", "", "×", "· + 1.5", "· + −0.5", "· + 3"]


def test_edges_say_the_local_derivative_where_gradients_flow():
    x, Y = tg.Tensor([1.0, 2.0], requires_grad=True), np.ones(2)
    picture = collected(np.tanh(x) - Y)
    local = {(edge.tail, edge.head): edge.local for edge in picture.edges}
    key = {node.name or node.symbol: node.key for node in picture.nodes}
    assert local[key["x"], key["tanh"]] == "1 − y²"
    assert local[key["tanh"], key["−"]] == "1"
    assert local[key["Y"], key["−"]] == ""


# -- names -----------------------------------------------------------------------------------------


def test_names_inside_of_functions_that_are_differentiated_are_found():
    def outer(v):
        return tg.grad(lambda weights: np.sum(np.tanh(weights)))(v * 2)

    picture = collected(outer, (np.ones(2),))
    assert called(picture, "weights").symbol == "· × 2"
    assert called(picture, "dweights").role == "output"


def test_the_learners_name_for_a_gradient_counts_more_than_one_made_of_the_values():
    def f(x):
        slope = tg.grad(np.tanh)(x)
        return slope * 2

    picture = collected(f, (0.5,))
    assert called(picture, "slope").part == "gradient"
    assert not nodes_called(picture, "dx")


def test_one_gradient_of_two_values_has_both_names():
    picture = collected(tg.grad(lambda a, b: np.tanh(a + b), (0, 1)), (0.5, 0.25))
    assert called(picture, "da = db").role == "output"


HOSTILE = [
    "<img src=x onerror=alert(1)>", '"; }', "back\\slash", "two\nlines", "🎉", "", "a" * 10_000,
]  # fmt: skip


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_names_are_plain_text(name):
    def f(x):
        with tg.scope(name):
            return np.tanh(x) * 2

    picture = collected(tg.grad(f), (tg.Tensor(0.5, requires_grad=True, name=name),))
    if name:
        assert called(picture, name).key == "0"
        assert called(picture, "d" + name).role == "output"
    assert {group.title for group in groups(picture, "scope")} == {name}


# -- groups ----------------------------------------------------------------------------------------


def layer(W, A):
    Z = W @ A
    return np.tanh(Z)


class Model:
    def __init__(self, W):
        self.W = W

    def __call__(self, A):
        return self.hidden(A) * 2 + A

    def hidden(self, A):
        return layer(self.W, A) + A


def test_scopes_and_calls_are_groups_inside_of_each_other():
    model = Model(tg.Tensor(np.eye(2), requires_grad=True, name="W"))

    def network(X):
        with tg.scope("first"):
            A = model(X)
            with tg.scope("inner"):
                A = A + 1
        return layer(model.W, A)

    picture = collected(network, (np.ones((2, 2)),))
    found = [(group.title, group.kind) for group in picture.groups]
    assert sorted(found) == sorted(
        [
            ("first", "scope"),
            ("Model", "call"),
            ("Model.hidden", "call"),
            ("layer", "call"),
            ("inner", "scope"),
            ("layer", "call"),
        ]
    )
    paths = Counter(" > ".join(titles(picture, node)) for node in picture.nodes)
    assert paths == {
        "": 1,  # W, which both layers use
        "first > Model > Model.hidden > layer": 2,
        "first > Model > Model.hidden": 1,
        "first > Model": 3,  # with X
        "first > inner": 1,
        "layer": 2,
    }


def test_a_block_inside_of_a_call_is_inside_of_its_group():
    def helper(x):
        with tg.scope("inside"):
            x = np.tanh(x)
        return x * 2

    def f(x):
        with tg.scope("around"):
            return helper(x)

    picture = collected(f, (0.5,))
    paths = {node.symbol: titles(picture, node) for node in picture.nodes if node.symbol}
    assert paths == {"tanh": ["around", "helper", "inside"], "· × 2": ["around", "helper"]}


def test_a_tangent_stands_in_the_groups_of_what_it_is_the_tangent_of():
    def f(x):
        with tg.scope("first"):
            x = np.sin(x)
        with tg.scope("second"):
            return np.exp(x)

    picture = collected(lambda x, v: tg.jvp(f, (x,), (v,)), (0.5, 1.0))
    tangents = [node for node in picture.nodes if node.part == "tangent"]
    assert [(node.symbol, titles(picture, node)) for node in tangents] == [
        ("cos", ["tangent", "f", "first"]),
        ("×", ["tangent", "f", "first"]),
        ("×", ["tangent", "f", "second"]),
    ]
    lines = {node.symbol: node.place for node in picture.nodes if node.part == "forward"}
    assert [node.place for node in tangents] == [lines["sin"], lines["sin"], lines["exp"]]


def test_two_blocks_of_one_name_are_two_groups_and_a_block_of_one_operation_is_one():
    def f(x):
        for _ in range(2):
            with tg.scope("step"):
                x = np.tanh(x)
        return x

    assert [group.title for group in collected(f, (0.5,)).groups] == ["step", "step"]
    x = tg.Tensor(0.5, requires_grad=True)
    assert [group.title for group in collected(f(x)).groups] == ["step", "step"]


def test_calls_of_fewer_than_two_operations_lambdas_and_comprehensions_are_no_groups():
    def one(x):
        return np.tanh(x)

    def f(x):
        values = [one(x * i) for i in range(3)]
        generated = sum(layer(y, y) for y in [x @ x])
        return (lambda y: np.sum(y) * 2 + generated)(values[0] + values[1] * values[2])

    picture = collected(f, (np.ones((2, 2)),))
    assert [group.title for group in picture.groups] == ["layer"]


def test_the_outermost_function_is_no_group_also_of_a_gradient():
    def cost(x):
        return np.sum(layer(x, x)) * 2

    for target in (cost, tg.grad(cost), tg.value_and_grad(cost), tg.hessian(cost)):
        picture = collected(target, (np.eye(2),))
        assert {group.title for group in groups(picture, "call")} == {"layer"}


def test_a_gradient_stands_in_the_groups_of_what_it_is_the_gradient_of():
    def cost(W1, W2, X):
        with tg.scope("output"):
            return np.sum(layer(W2, layer(W1, X)) ** 2)

    picture = collected(tg.grad(cost, (0, 1)), (np.eye(2), np.eye(2), tg.Tensor(np.eye(2))))
    assert titles(picture, called(picture, "dW1")) == ["gradient", "output", "layer"]
    first, second = called(picture, "W1"), called(picture, "W2")
    assert titles(picture, first) == titles(picture, second) == ["forward", "output", "layer"]
    assert first.group != second.group
    for name in ("W1", "W2"):
        assert called(picture, f"d{name}").place == next(
            node.place for node in picture.nodes if node.symbol == "@"
        ), "the line that multiplies"


def test_a_generator_keeps_its_scope_while_others_run():
    def doubled(x):
        with tg.scope("generator"):
            yield x * 2
            yield x * 3

    def helper(generator, x):
        return next(generator) + np.tanh(x)

    def f(x):
        generator = doubled(x)
        y = helper(generator, x)
        z = y * helper(generator, y)
        generator.close()
        return z + 1

    def without_picture(x):
        return f(x)

    x = tg.Tensor(0.5, requires_grad=True)
    with switched(scopes=()):
        plain = graph_of(without_picture(x))
    with watched():
        seen = graph_of(without_picture(x))
    assert [
        [scope.name for scope in node.place.scopes] for node in plain if node.rule is not None
    ] == [[scope.name for scope in node.place.scopes] for node in seen if node.rule is not None]
    assert {group.title for group in collected(f, (0.5,)).groups} == {"generator", "helper"}


def test_a_call_that_fails_and_is_caught_leaves_no_group_around_what_follows():
    def fails(x):
        y = np.tanh(x) + 1
        raise ValueError(str(y.shape))

    def f(x):
        with pytest.raises(ValueError, match=r"\(\)"):
            fails(x)
        return np.sin(x) * 2

    assert collected(f, (0.5,)).groups == []


def test_scopes_around_the_drawing_of_a_function_do_not_show():
    with tg.scope("outside"):
        assert collected(lambda x: np.tanh(x) * 2, (0.5,)).groups == []


def test_leaves_stand_where_alone_they_are_used():
    shared, alone = np.ones(2), np.ones(2)

    def f(x):
        with tg.scope("a"):
            y = x * shared + alone
        with tg.scope("b"):
            return y * shared

    picture = collected(f, (np.ones(2),))
    assert titles(picture, called(picture, "alone")) == ["a"]
    assert titles(picture, called(picture, "x")) == ["a"]
    assert titles(picture, called(picture, "shared")) == []


def test_functions_that_call_themselves_deeply_make_groups_in_groups():
    def descend(x, depth):
        x = np.tanh(x) * 0.9
        return descend(x, depth - 1) if depth else x

    picture = collected(lambda x: descend(x, 200), (0.5,))
    assert len(picture.groups) == 201
    assert max(len(titles(picture, node)) for node in picture.nodes) == 201


# -- penalties -------------------------------------------------------------------------------------


def penalized(W1, W2, lambd, X):
    m = 4
    data = np.sum(np.tanh(W2 @ np.tanh(W1 @ X))) / m
    return data + tg.l2([W1, W2], lambd, m) + tg.l1(W1, 0.5, m) * 2


PENALIZED = np.ones((3, 2)), np.ones((1, 3)), 0.7, tg.Tensor(np.ones((2, 4)))


def test_penalties_are_one_group_with_their_formula_and_what_only_they_use():
    picture = collected(penalized, PENALIZED)
    (group,) = groups(picture, "penalty")
    assert group.title == "penalty"
    assert group.formula == ("λ₁/2m (‖W1‖² + ‖W2‖²) + λ₂/m ‖W1‖₁  λ₁=lambd, λ₂=0.5, m=4")
    assert members(picture, group) == ["lambd", "λ/2m ‖·‖²", "λ/m ‖·‖₁", "· × 2"]
    assert titles(picture, called(picture, "W1")) == []


def test_gradients_of_penalties_are_a_group_in_the_gradient():
    picture = collected(tg.grad(penalized, (0, 1)), PENALIZED)
    forward, gradient = groups(picture, "penalty")
    assert [titles(picture, node)[0] for node in picture.nodes if node.group == gradient.key] == [
        "gradient" for _ in members(picture, gradient)
    ]
    assert gradient.formula == "λ₁/m W1, λ₁/m W2, λ₂/m sign(W1)  λ₁=lambd, λ₂=0.5, m=4"
    assert members(picture, gradient) == [
        "λ₂/m sign(W1)", "· ÷ 4", "×", "+", "· ÷ 4", "×",
    ]  # fmt: skip
    assert titles(picture, called(picture, "dW1")) == ["gradient"], "data and penalty together"
    roles = {node.role for node in picture.nodes if node.group == gradient.key}
    assert roles == {"penalty", "backward"}
    assert forward.formula == groups(collected(penalized, PENALIZED), "penalty")[0].formula


@pytest.mark.parametrize(
    ("penalty", "formula"),
    [
        (lambda W: tg.l1(W, 0.5, 3), "λ/m ‖W‖₁  λ=0.5, m=3"),
        (lambda W: tg.l2(W, 0.5, 3) + tg.l2(W, 0.5, 3), "λ/2m (‖W‖² + ‖W‖²)  λ=0.5, m=3"),
        (lambda W: tg.elastic_net(W, 0.5, 3), "λ/m (r ‖W‖₁ + (1−r)/2 ‖W‖²)  λ=0.5, m=3, r=0.5"),
        (lambda W: tg.group_lasso(W, 0.5, 3), "λ/m Σ‖W‖₂  λ=0.5, m=3"),
        (lambda W: tg.l2([W * i for i in range(6)], 0.5, 3), "λ/2m (‖·‖² + ‖·‖² + … + ‖·‖²)"),
    ],
)
def test_formula_of_a_penalty(penalty, formula):
    (group,) = groups(collected(penalty, (np.ones((2, 2)),)), "penalty")
    assert group.formula.startswith(formula)


def test_penalized_weights_stand_outside_even_if_nothing_else_uses_them():
    picture = collected(lambda W, lambd: tg.l2(W, lambd, 3), (np.ones(2), 0.5))
    assert titles(picture, called(picture, "W")) == []
    assert titles(picture, called(picture, "lambd")) == ["penalty"]


def test_penalties_in_scopes_are_one_group_in_the_scope_around_them():
    def cost(W1, W2):
        with tg.scope("model"):
            with tg.scope("layer 1"):
                first = tg.l2(W1, 0.5, 3)
                A = np.tanh(W1)
            with tg.scope("layer 2"):
                second = tg.l2(W2, 0.5, 3)
                A = np.tanh(A @ W2)
            return np.sum(A) + (first + second)

    picture = collected(cost, (np.eye(2), np.eye(2)))
    (group,) = groups(picture, "penalty")
    assert members(picture, group) == ["first", "second", "+"]
    assert [each.title for each in picture.around(group.key)] == ["penalty", "model"]


# -- what cannot be drawn --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([3], "was given <class 'int'>: expected a tensor"),
        (["loss"], "<class 'str'>"),
        ([[]], "a list without tensors"),
        ([[tg.Tensor(1.0), 2.0]], "a list with float in it"),
        ([tg.Tensor(1.0), 2.0], "a tensor and 1 more"),
        ([lambda x: x, 1.0, 2.0], "2 example arguments: too many"),
        ([lambda x, y: x, 1.0], "1 example arguments: missing a required argument: 'y'"),
        ([lambda x: x, 3], "which returned int: expected a tensor"),
        ([lambda x: (x, 3), 3.0], "which returned tuple with int in it"),
        ([lambda x: None, 3.0], "which returned NoneType: expected"),
    ],
)
def test_what_cannot_be_drawn_is_named(arguments, message):
    with pytest.raises(TypeError, match=re.escape(message)):
        tg.draw(*arguments)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"detail": "all"}, "'shape', 'values', 'gradients'"),
        ({"theme": "blue"}, "'light'.*'dark'|dark.*light|light.*dark"),
        ({"depth": -1}, "depth=-1"),
        ({"depth": 1.5}, "depth=1.5"),
        ({"expand": ["layer 7"]}, "layer 7"),
    ],
)
def test_unknown_options_are_named_with_what_there_is(options, message):
    with pytest.raises((TypeError, ValueError), match=message):
        tg.draw(tg.Tensor(1.0), **options)


def test_a_tensor_without_a_graph_is_a_single_node():
    picture = collected(tg.Tensor([1.0, 2.0]))
    assert [(node.role, node.name) for node in picture.nodes] == [("data", None)]
    assert (picture.edges, picture.groups) == ([], [])


def chain():
    """Two operations, with their results."""
    x = tg.Tensor(2.0, requires_grad=True, name="x")
    y = np.tanh(x)
    y.name = "y"
    return x, y, y * x


def test_values_that_were_freed_are_named():
    _, y, z = chain()
    y.value = None
    with pytest.raises(ValueError, match=r"in it were freed: 'y' \(made by tanh\) has none"):
        tg.draw(z)
    del y.value
    with pytest.raises(ValueError, match=r"in it were freed: 'y' \(made by tanh\) has none"):
        tg.draw(z)


def test_a_graph_that_was_changed_is_named():
    changed = "changed after it was recorded: "
    x, y, z = chain()
    y.args = (z,)
    with pytest.raises(ValueError, match=changed + r"'y' \(made by tanh\) was made before its"):
        tg.draw(z)
    x, y, z = chain()
    y.args = (y,)
    with pytest.raises(ValueError, match="was made before its argument 0, 'y'"):
        tg.draw(z)
    x, y, z = chain()
    y.args = (2.0,)
    with pytest.raises(ValueError, match="has no argument left that is a tensor"):
        tg.draw(z)
    x, y, z = chain()
    y.rule = "tanh"
    with pytest.raises(ValueError, match="'y' has something in place of its operation"):
        tg.draw(z)
    x, y, z = chain()
    x.args = (z,)
    with pytest.raises(ValueError, match="'x' has arguments, but no operation"):
        tg.draw(z)
    x, y, z = chain()
    alias = tg.Tensor(1.0, requires_grad=True)
    alias.rule, alias.args = ALIAS, (alias,)
    with pytest.raises(ValueError, match="the graph may run in a circle"):
        tg.draw(alias)


def fails(x):
    y = np.tanh(x)
    return y + np.ones(3)[:, None][7]


def undisturbed():
    """Whether nothing of a drawing is left behind."""
    settings = (thread.tracer, thread.scopes, thread.recording, switches.active, sys.getprofile())
    return settings == (None, None, True, 0, None)


@pytest.mark.parametrize("of", [lambda f: f, tg.grad, tg.hessian])
def test_a_function_that_fails_raises_its_own_error_and_leaves_nothing_behind(of):
    thresholds = gc.get_threshold()
    with pytest.raises(IndexError) as error:
        tg.draw(of(fails), np.ones(3))
    last = traceback.extract_tb(error.value.__traceback__)[-1]
    assert (last.name, last.filename) == ("fails", __file__)
    assert error.value.__cause__ is None
    assert error.value.__context__ is None
    assert undisturbed()
    assert gc.get_threshold() == thresholds


@pytest.mark.parametrize("error", [KeyboardInterrupt, SystemExit, StopIteration, RecursionError])
def test_any_way_to_leave_a_function_leaves_nothing_behind(error):
    def stops(x):
        with tg.scope("inside"):
            raise error

    with pytest.raises(error):
        tg.draw(stops, 1.0)
    assert undisturbed()


def test_a_function_may_draw_while_it_is_drawn():
    drawn = []

    def f(x):
        drawn.append(collected(tg.grad(np.tanh), (0.5,)))
        return np.sin(x) * 2

    assert [node.symbol for node in collected(f, (0.5,)).nodes] == ["", "sin", "· × 2"]
    assert parts(drawn[0]) == ["forward", "gradient"]
    assert undisturbed()


def test_drawing_inside_of_a_function_that_is_compiled_is_refused():
    def f(x):
        tg.draw(np.tanh, x)
        return x

    with pytest.raises(tg.TracingError, match="outside of the function that is compiled"):
        tg.compile(f)(np.ones(3))


def test_a_profiler_that_runs_is_left_alone():
    def profile(frame, event, argument):
        """Look at nothing."""

    sys.setprofile(profile)
    try:
        picture = collected(tg.grad(lambda x: np.sum(layer(x, x))), (np.eye(2),))
        assert sys.getprofile() is profile
    finally:
        sys.setprofile(None)
    assert parts(picture) == ["forward", "gradient"]
    assert groups(picture, "call") == []


@pytest.mark.parametrize("join", [np.stack, lambda xs: tg.l2(xs, 0.5, 3)])
def test_an_operation_on_thousands_of_tensors_is_no_slower_than_as_many_operations(join):
    """A step that looks at all arguments for each of them would take minutes."""
    xs = [tg.Tensor(float(i), requires_grad=True) for i in range(3000)]
    picture = collected(join(xs))
    assert len(picture.edges) == 3000
    places = [edge.place for edge in picture.edges]
    assert places == ([str(i + 1) for i in range(3000)] if join is np.stack else [""] * 3000)


def test_thousands_of_tensors_need_no_recursion():
    def f(x):
        for _ in range(2500):
            x = np.tanh(x) * 1.5
        return x

    assert len(collected(tg.grad(f), (0.5,)).nodes) > 10_000


# -- names in higher orders ------------------------------------------------------------------------


def test_in_every_order_a_name_says_what_the_value_is():
    def product(x):
        return np.sin(x) * x

    def through_y(x):
        y = x * x
        return y * y

    picture = collected(tg.grad(tg.grad(product)), (0.7,))
    assert called(picture, "d²x").value == pytest.approx(2 * np.cos(0.7) - 0.7 * np.sin(0.7))
    picture = collected(tg.grad(tg.grad(through_y)), (1.5,))
    assert called(picture, "dx").value == pytest.approx(4 * 1.5**3)
    assert called(picture, "d²x").value == pytest.approx(12 * 1.5**2)
    assert not nodes_called(picture, "d²y"), "∂(dx)/∂y is not the second derivative by y"
    assert called(picture, "∂dx/∂y").value == pytest.approx(4 * 1.5)


@derivatives
@given(CHOICES)
def test_no_two_derivatives_have_the_same_name(of, choices):
    with np.errstate(all="ignore"):
        picture = collected(of(function_of(choices)), (START,))
    names = [node.name for node in picture.nodes if node.part != "forward" and node.name]
    assert len(names) == len({*names})


def test_a_mixed_derivative_names_both_values():
    def r(x, z):
        r = x * z * np.sin(x)
        return r

    picture = collected(tg.grad(tg.grad(r, argnums=0), argnums=1), (1.0, 2.0))
    (output,) = [node for node in picture.nodes if node.role == "output"]
    assert output.name == "∂dx/∂z"
    assert output.value == pytest.approx(np.sin(1.0) + np.cos(1.0))
    assert not nodes_called(picture, "d²z")


def test_the_derivative_of_what_is_computed_from_a_gradient_goes_by_its_name():
    def steepness(x):
        S = np.sum(tg.grad(lambda x: np.sum(x**3))(x) ** 2)
        return S

    picture = collected(tg.grad(steepness), (np.array([1.0, 2.0]),))
    (output,) = [node for node in picture.nodes if node.role == "output"]
    assert output.name == "∂S/∂x"
    assert output.value.tolist() == [36.0, 288.0]


# -- calls of functions of the package -------------------------------------------------------------


def small_cnn(X, W, b, gamma, beta):
    Z = tg.conv2d(X, W, b)
    A = tg.relu(Z)
    P = tg.max_pool2d(A, 2)
    N = tg.batch_norm(P, gamma, beta, axis=(0, 2, 3))
    D = tg.dropout(N, 0.5, np.random.default_rng(0))
    return np.sum(D**2)


CNN = (
    tg.Tensor(np.random.default_rng(1).normal(size=(2, 1, 6, 6))),
    np.random.default_rng(2).normal(size=(3, 1, 3, 3)),
    np.zeros(3),
    np.ones((3, 1, 1)),
    np.zeros((3, 1, 1)),
)


def test_calls_of_the_packages_composite_functions_are_groups():
    picture = collected(small_cnn, CNN)
    calls = [each for each in picture.groups if each.kind == "call"]
    assert {each.title for each in calls} == {"conv2d", "max_pool2d", "batch_norm", "dropout"}
    assert all(each.is_ours for each in calls)
    assert titles(picture, called(picture, "Z")) == ["conv2d"]
    assert titles(picture, called(picture, "W")) == ["conv2d"]
    assert titles(picture, called(picture, "A")) == []
    assert {"windows", "columns", "rows"}.isdisjoint(node.name for node in picture.nodes)


def test_the_gradient_of_such_a_call_is_a_group_of_its_title():
    picture = collected(tg.grad(small_cnn, argnums=(1, 2, 3, 4)), CNN)
    for name, title in [("dW", "conv2d"), ("db", "conv2d"), ("dgamma", "batch_norm")]:
        assert titles(picture, called(picture, name))[-2:] == ["gradient", title]


def test_a_call_of_ours_that_is_one_operation_is_no_group():
    def cost(Z):
        return np.sum(tg.softmax_cross_entropy(Z, np.array([0, 1])))

    picture = collected(tg.grad(cost), (np.array([[1.0, 2.0], [0.5, -1.0]]),))
    assert [each.kind for each in picture.groups] == ["part", "part"]


# -- constants that rules make ---------------------------------------------------------------------


def test_the_mask_of_relu_says_what_it_is_and_what_it_was_computed_from():
    def cost(W):
        Z = W @ np.array([[1.0, -1.0], [2.0, 1.0], [0.5, -3.0]])
        A = tg.relu(Z)
        return np.sum(A**2)

    W = np.array([[1.0, -2.0, 3.0], [1.0, 1.0, 0.5]])
    picture = collected(tg.grad(cost), (W,))
    (mask,) = [node for node in picture.nodes if node.symbol == "1 if Z > 0"]
    Z = called(picture, "Z")
    assert [edge.tail for edge in picture.edges if edge.head == mask.key] == [Z.key]
    assert mask.value.tolist() == (Z.value > 0).tolist()
    assert "constant" not in [node.symbol for node in picture.nodes]


def test_a_local_derivative_without_a_short_formula_goes_by_its_function_once():
    x = np.array([[1.0, -2.0, 3.0], [1.0, -1.0, 0.5]])
    picture = collected(tg.grad(lambda x: np.sum(tg.leaky_relu(x * x - 1, 0.1))), (x,))
    (slope,) = [node for node in picture.nodes if node.symbol == "leaky relu′"]
    assert sorted(edge.tail == slope.key for edge in picture.edges).count(True) == 2
    assert slope.value.tolist() == np.where(x * x - 1 > 0, 1, 0.1).tolist()


# -- names in loops --------------------------------------------------------------------------------


def followed_lines(function, *args):
    """The picture, also where something else follows lines while the tests run."""
    before = sys.gettrace()
    sys.settrace(None)
    try:
        return collected(function, args)
    finally:
        sys.settrace(before)


def loop(Ws, X):
    A = X
    for W in Ws:
        Z = W @ A
        A = np.tanh(Z)
    return A


LOOP = ([np.ones((2, 2)), np.full((2, 2), 0.5)], np.ones((2, 3)))


def test_a_variable_that_holds_several_tensors_numbers_them():
    picture = followed_lines(loop, *LOOP)
    names = [node.name for node in picture.nodes if node.symbol]
    assert names == ["Z1", "A1", "Z2", "A2"]
    assert called(picture, "X").role == "parameter"


def test_gradients_of_numbered_values_are_numbered_alike():
    picture = followed_lines(tg.grad(lambda Ws, X: np.sum(loop(Ws, X))), *LOOP)
    for name in ("Z1", "Z2", "A1"):
        assert called(picture, f"d{name}").gradient_of == called(picture, name).key


def test_a_parameter_keeps_its_name_where_its_variable_is_used_again():
    def f(x):
        x = x * 2
        x = np.tanh(x)
        return x

    assert [node.name for node in followed_lines(f, 0.5).nodes] == ["x", "x2", "x3"]


def test_numbers_keep_clear_of_other_names():
    def f(x):
        Z1 = np.sin(x)
        Z = np.cos(Z1)
        Z = np.tanh(Z)
        return Z

    assert [node.name for node in followed_lines(f, 0.5).nodes] == ["x", "Z1", "Z_1", "Z_2"]


def test_a_debugger_is_left_alone():
    seen = []

    def debugger(frame, event, argument):
        seen.append(event)

    before = sys.gettrace()
    sys.settrace(debugger)
    try:
        picture = collected(loop, LOOP)
        assert sys.gettrace() is debugger
    finally:
        sys.settrace(before)
    assert seen
    assert called(picture, "Z").symbol == "@", "the last one, as found without following lines"


def test_lines_are_not_followed_any_more_afterwards():
    before = sys.gettrace()
    followed_lines(loop, *LOOP)
    with pytest.raises(ZeroDivisionError):
        followed_lines(lambda x: x / (1 // 0), 1.0)
    assert sys.gettrace() is before


# -- outputs and data ------------------------------------------------------------------------------


def test_outputs_without_a_name_go_by_their_keys():
    picture = collected(lambda x: {"loss": np.sum(x * x), "more": [np.tanh(x)]}, (np.ones(2),))
    assert called(picture, "loss").symbol == "Σ"
    tensors = {"square": tg.Tensor(2.0, requires_grad=True) ** 2}
    assert called(collected({**tensors, "other": tensors["square"] * 2}), "other").role == "output"


def test_keys_of_gradients_are_no_names_of_outputs():
    picture = collected(
        tg.grad(lambda p: np.sum(p["W"] * np.tanh(p["b"]))), ({"W": np.ones(2), "b": np.ones(2)},)
    )
    assert sorted(node.name for node in picture.nodes if node.role == "output") == ["dW", "db"]


def test_booleans_that_are_computed_with_show_their_dtype():
    picture = collected(lambda x: x * (x > 0), (np.array([1.0, -2.0]),))
    (mask,) = [node for node in picture.nodes if node.role == "data"]
    assert (mask.dtype, mask.value.tolist()) == ("bool", [True, False])


def names_drawn(function, *arguments):
    """The names in a picture."""
    return re.findall("<B>(.*?)</B>", tg.draw(function, *arguments).source)


def test_variables_of_one_name_in_several_calls_are_told_apart():
    def act(z):
        return np.tanh(z)

    def f(x):
        z = np.sin(x)
        return act(z * 2) * z

    names = names_drawn(tg.grad(f), 0.5)
    assert sorted(names) == ["dx", "dz1", "dz2", "x", "z1", "z2"]
    names = names_drawn(tg.grad(tg.grad(f)), 0.5)
    assert len(names) == len(set(names))


def test_a_derivative_is_not_called_what_a_variable_is_called():
    def f(x):
        dx = np.sin(x)
        return dx * x

    names = names_drawn(tg.grad(f), 0.5)
    assert names.count("dx") == 1
    assert "∂/∂x" in names


def test_a_profiler_that_the_function_starts_is_left_running():
    def profiler(frame, event, argument):
        pass

    def f(x):
        y = np.sin(x)
        sys.setprofile(profiler)
        return y * x

    try:
        tg.draw(f, 0.5)
        assert sys.getprofile() is profiler
    finally:
        sys.setprofile(None)
    assert "<B>y</B>" in tg.draw(lambda x: f_without_profiler(x), 0.5).source
    assert sys.getprofile() is None


def f_without_profiler(x):
    y = np.sin(x)
    return y * x


def test_a_notebook_that_shows_a_tensor_lends_it_no_name():
    tensor = tg.Tensor(3.0, requires_grad=True, name="w") * 2
    displayed = {"__name__": "IPython.core.formatters", "tg": tg}
    exec("def show(obj):\n    return tg.draw(obj).source", displayed)
    shown = displayed["show"]
    assert "obj" not in shown(tensor)
    displayed["__name__"] = "notes"
    exec("def show(obj):\n    return tg.draw(obj).source", displayed)
    assert "obj" in displayed["show"](tensor)
