"""The steps: every operation once, every contribution apart, and what they come to."""

import numpy as np
import pytest
from hypothesis import given

import tinygrad_reg as tg
from tinygrad_reg.drawing.collecting.targets import collected
from tinygrad_reg.drawing.explorer.steps import walk
from tinygrad_reg.testing import strategies

RANDOM = np.random.default_rng(0)
X = RANDOM.normal(size=(3, 20))
Y = (X[:1] > 0) * 1.0
LAMBD, M = 0.7, 20


def parameter(array, name):
    return tg.Tensor(array, requires_grad=True, name=name)


def sigmoid(Z):
    return 1 / (1 + np.exp(-Z))


def logistic(W, b, penalty=tg.l2):
    losses = tg.binary_cross_entropy(W @ tg.Tensor(X, name="X") + b, Y)
    return np.sum(losses) / M + penalty(W, LAMBD, M)


def network(W1, b1, W2, b2):
    A1 = np.tanh(W1 @ X + b1)
    Z2 = W2 @ A1 + b2 + np.sum(A1 * A1, axis=0, keepdims=True)
    return np.mean(Z2**2) + tg.l1([W1, W2], LAMBD, M) + tg.elastic_net(W2, LAMBD, M)


def weights_of_network():
    shapes = {"W1": (4, 3), "b1": (4, 1), "W2": (1, 4), "b2": (1, 1)}
    return [parameter(RANDOM.normal(size=shape), name) for name, shape in shapes.items()]


class Walked:
    """A walk through a tensor's graph, by the names of nodes."""

    def __init__(self, root):
        self.picture = collected(root, ())
        self.walk = walk(self.picture)
        self.keys = {node.name: node.key for node in self.picture.nodes}
        self.steps = self.walk.steps

    def flow(self, name):
        return self.walk.flows[self.keys[name]]

    def of(self, kind, name=None):
        key = self.keys.get(name)
        return [s for s in self.steps if s["kind"] == kind and (name is None or s["node"] == key)]


def assert_equal(got, expected):
    """Equal to the last bit, in shape and dtype too."""
    assert np.shape(got) == np.shape(expected)
    assert np.asarray(got).dtype == np.asarray(expected).dtype
    np.testing.assert_array_equal(got, expected)


def test_forward_shows_every_node_once_after_its_arguments():
    walked = Walked(network(*weights_of_network()))
    order = [step["node"] for step in walked.of("forward")]
    assert sorted(order) == sorted(node.key for node in walked.picture.nodes)
    for edge in walked.picture.edges:
        assert order.index(edge.tail) < order.index(edge.head)


def test_forward_goes_in_the_order_in_which_the_values_were_computed():
    W = parameter([1.0], "W")
    first = np.exp(W)
    second = np.tanh(W)
    first.name, second.name = "first", "second"
    walked = Walked(second + first)
    names = [walked.picture.nodes[int(step["node"])].name for step in walked.of("forward")]
    assert names[:3] == ["W", "first", "second"]


def test_a_product_with_itself_hands_on_two_contributions():
    x = parameter(3.0, "x")
    walked = Walked(x * x)
    (backward,) = walked.of("backward")
    assert [part["contribution"] for part in backward["contributions"]] == [3.0, 3.0]
    assert len({part["edge"] for part in backward["contributions"]}) == 2
    (total,) = walked.of("sum", "x")
    assert [part["contribution"] for part in total["parts"]] == [3.0, 3.0]
    assert total["total"] == 6.0


@pytest.mark.parametrize("seed", range(5))
def test_gradients_equal_those_of_backward_to_the_last_bit(seed):
    random = np.random.default_rng(seed)
    weights = [parameter(random.normal(size=W.shape), W.name) for W in weights_of_network()]
    J = network(*weights)
    walked = Walked(J)
    J.backward()
    for W in weights:
        assert_equal(walked.flow(W.name).total, W.grad)
        (leaf,) = walked.of("leaf", W.name)
        assert_equal(leaf["cotangent"], W.grad)


@pytest.mark.parametrize("at", ["away", "on"])
def test_gradients_of_any_program_equal_those_of_backward_to_the_last_bit(at):
    @given(strategies.programs(at=at))
    def property_of(program):
        leaves = [tg.Tensor(x, requires_grad=True) for x in program.arguments]
        results = program(*leaves)
        results = results if isinstance(results, tuple) else (results,)
        J = sum(np.sum(result) for result in results)
        picture = collected(J, ())
        walked = walk(picture)
        J.backward()
        for node in picture.nodes:
            if node.role == "parameter" and node.tensor.grad is not None:
                np.testing.assert_array_equal(walked.flows[node.key].total, node.tensor.grad)

    property_of()


def test_gradients_of_a_leaf_that_was_written_to_equal_those_of_backward():
    W = parameter(RANDOM.normal(size=(2, 3)), "W")
    W.data *= 2.0
    J = np.sum(np.exp(W) * W + W) + tg.l2(W, LAMBD, M)
    walked = Walked(J)
    J.backward()
    assert_equal(walked.flow("W").total, W.grad)
    assert len(walked.of("sum", "W")[0]["parts"]) == 4


def test_every_total_is_the_sum_of_what_arrives_and_each_edge_carries_one_contribution():
    walked = Walked(network(*weights_of_network()))
    arrived = {}
    for step in walked.of("backward"):
        for part in step["contributions"]:
            edge = walked.picture.edges[part["edge"]]
            assert edge.head == step["node"]
            arrived.setdefault(edge.tail, {})[part["edge"]] = part["contribution"]
    for key, contributions in arrived.items():
        np.testing.assert_allclose(sum(contributions.values()), walked.walk.flows[key].total)
        sums = [step for step in walked.of("sum") if step["node"] == key]
        assert len(sums) == (len(contributions) > 1)
        for step in sums:
            assert {part["edge"] for part in step["parts"]} == set(contributions)
    seen = [step["node"] for step in walked.steps if step["kind"] in ("backward", "leaf")]
    assert sorted(seen) == sorted(walked.walk.flows)


def test_backward_visits_a_node_after_everything_that_was_made_from_it():
    walked = Walked(network(*weights_of_network()))
    order = [step["node"] for step in walked.steps if step["kind"] in ("backward", "leaf")]
    for edge in walked.picture.edges:
        if edge.tail in order:
            assert order.index(edge.head) < order.index(edge.tail)


def test_contributions_of_logistic_regression_are_those_of_the_lesson():
    W, b = parameter(RANDOM.normal(size=(1, 3)), "W"), parameter([[0.1]], "b")
    walked = Walked(logistic(W, b))
    dZ = (sigmoid(W.data @ X + b.data) - Y) / M
    data, penalty = dZ @ X.T, LAMBD / M * W.data
    np.testing.assert_allclose(walked.flow("W").data, data, rtol=1e-12)
    np.testing.assert_allclose(walked.flow("W").penalty, penalty, rtol=1e-15)
    np.testing.assert_allclose(walked.flow("W").total, data + penalty, rtol=1e-12)
    np.testing.assert_allclose(walked.flow("b").total, np.sum(dZ, axis=1, keepdims=True))
    assert walked.flow("b").data is None
    assert walked.flow("b").penalty is None
    (total,) = walked.of("sum", "W")
    parts = sorted((part["contribution"] for part in total["parts"]), key=np.linalg.norm)
    expected = sorted((data, penalty), key=np.linalg.norm)
    np.testing.assert_allclose(parts, expected, rtol=1e-12)


def test_a_contribution_without_penalties_is_told_where_it_differs():
    V = parameter(RANDOM.normal(size=3), "V")
    W = V * V
    W.name = "W"
    walked = Walked(np.sum(np.exp(W)) + tg.l2(W, LAMBD, M))
    (step,) = walked.of("backward", "W")
    for part in step["contributions"]:
        np.testing.assert_allclose(part["data"], np.exp(W.data) * V.data)
        np.testing.assert_allclose(part["contribution"] - part["data"], LAMBD / M * W.data * V.data)
    np.testing.assert_allclose(walked.flow("V").data, 2 * V.data * np.exp(W.data))
    np.testing.assert_allclose(walked.flow("V").penalty, 2 * V.data * LAMBD / M * W.data)
    penalties = [n.key for n in walked.picture.nodes if n.role == "penalty"]
    for step in walked.of("backward"):
        if step["node"] in penalties:
            assert not np.any(step["contributions"][0]["data"])


@pytest.mark.parametrize(
    ("formula", "through"),
    [
        (lambda w, pen: np.exp(np.sum(w**2) + pen), "exp"),
        (lambda w, pen: np.mean(w**2) * pen, "×"),
        (lambda w, pen: np.sum(w) / pen, "÷"),
        (lambda w, pen: tg.l1(w, pen, 2), "l1"),
    ],
)
def test_a_penalty_that_is_not_added_leaves_no_parts_and_it_is_said_why(formula, through):
    w = parameter([0.5, -1.0], "w")
    J = formula(w, tg.l2(w, 0.3, 2))
    walked = Walked(J)
    J.backward()
    assert f"goes through {through})" in walked.walk.undivided
    assert_equal(walked.flow("w").total, w.grad)
    assert all(flow.data is None is flow.penalty for flow in walked.walk.flows.values())
    for step in walked.of("backward"):
        assert all(part["data"] is None for part in step["contributions"])


def test_the_data_part_is_the_gradient_of_the_cost_without_the_penalty():
    def cost(w, strength):
        data = np.sum(np.exp(w))
        return np.mean(np.stack([data, -2.0 * tg.l2(w, strength, 3) / 4.0]).reshape(2, 1))

    w = parameter([0.5, -1.0], "w")
    walked = Walked(cost(w, 0.8))
    assert walked.walk.undivided is None
    np.testing.assert_allclose(walked.flow("w").data, np.exp(w.data) / 2, rtol=1e-15)
    total = tg.grad(cost)(w.data, 0.8)
    np.testing.assert_allclose(walked.flow("w").data + walked.flow("w").penalty, total)


def test_a_setting_of_a_penalty_is_told_from_a_weight():
    w, r = parameter([3.0, 1.0], "w"), parameter(0.5, "r")
    lambd, m = parameter(0.5, "lambd"), parameter(4.0, "m")
    lambd.data *= 1.0
    J = np.sum(w) * lambd + tg.elastic_net(w * r, lambd**2, m, r) + tg.l2(w, lambd, 2)
    walked = Walked(J)
    settings = {name: walked.of("leaf", name)[0]["setting"] for name in ("w", "r", "lambd", "m")}
    assert settings == {"w": None, "r": "r", "lambd": "λ", "m": "m"}


def test_a_small_penalty_is_not_lost_next_to_a_large_gradient():
    w = parameter([2.0], "w")
    walked = Walked(np.sum(1e20 * w) + tg.l2(w, 1e-10, 1))
    np.testing.assert_allclose(walked.flow("w").penalty, [2e-10], rtol=1e-15)
    assert walked.flow("w").total == [1e20]


def test_all_of_the_gradient_of_a_strength_comes_through_the_penalty():
    w, lambd = parameter([3.0], "w"), parameter(0.5, "lambd")
    walked = Walked(np.sum(w) + tg.l2(w, lambd, 1))
    assert walked.flow("lambd") == (4.5, 0.0, 4.5)


def test_zero_times_infinity_is_zero_as_in_the_engine():
    x = parameter([0.0, 4.0], "x")
    with np.errstate(all="ignore"):
        J = np.sum(np.where(x.data > 0, np.sqrt(x), 0.0))
    walked = Walked(J)
    J.backward()
    assert_equal(walked.flow("x").total, x.grad)
    assert_equal(walked.flow("x").total, np.array([0.0, 0.25]))


def test_an_infinite_gradient_is_shown_as_it_is():
    x = parameter([0.0], "x")
    assert_equal(Walked(np.sum(np.sqrt(x))).flow("x").total, np.array([np.inf]))


def test_broadcasting_is_undone_in_each_contribution():
    b = parameter([1.0], "b")
    walked = Walked(np.sum(b * np.ones((2, 3)) + b))
    assert_equal(walked.flow("b").total, np.array([12.0]))
    for part in walked.of("sum", "b")[0]["parts"]:
        assert_equal(part["contribution"], np.array([6.0]))


def test_repeated_entries_add_up():
    x = parameter([1.0, 2.0], "x")
    J = np.sum(x[[0, 0, 1]] * np.array([1.0, 2.0, 3.0])) + np.sum(x)
    walked = Walked(J)
    J.backward()
    np.testing.assert_allclose(walked.flow("x").total, x.grad, rtol=1e-15)


def test_float32_stays_float32():
    W = parameter(np.ones((2, 2), np.float32), "W")
    J = np.sum(np.tanh(W)) + tg.l2(W, LAMBD, M)
    J.backward()
    for part in Walked(J).flow("W"):
        assert part.dtype == np.float32


def test_nothing_of_the_users_tensors_is_changed():
    weights = weights_of_network()
    J = network(*weights)
    J.backward()
    tensors = [node.tensor for node in collected(J, ()).nodes]
    fields = ("value", "source", "grad", "shared", "number", "rule", "args", "kwargs", "name")
    before = [[getattr(tensor, field) for field in fields] for tensor in tensors]
    bytes_before = [np.asarray(tensor.value).tobytes() for tensor in tensors]
    grads_before = [W.grad.copy() for W in weights]
    Walked(J)
    after = [[getattr(tensor, field) for field in fields] for tensor in tensors]
    assert all(
        a is b
        for old, new in zip(before, after, strict=True)
        for a, b in zip(old, new, strict=True)
    )
    assert bytes_before == [np.asarray(tensor.value).tobytes() for tensor in tensors]
    for W, grad in zip(weights, grads_before, strict=True):
        assert_equal(W.grad, grad)


def test_switches_of_the_user_do_not_reach_the_steps():
    x = parameter([0.0], "x")
    J = np.sum(np.sqrt(x))
    with tg.detect_anomaly(), tg.no_grad():
        walked = Walked(J)
    assert walked.walk.no_backward is None
    assert_equal(walked.flow("x").total, np.array([np.inf]))


@pytest.mark.parametrize(
    ("root", "words"),
    [
        (lambda x: np.tanh(x), "shape (2,)"),
        (lambda x: x, "leaf"),
        (lambda x: tg.Tensor(3.0), "no graph"),
        (lambda x: [np.sum(x), np.sum(x * x)], "several results"),
    ],
)
def test_it_is_said_why_there_are_no_steps_backward(root, words):
    walked = Walked(root(parameter([1.0, 2.0], "x")))
    assert words in walked.walk.no_backward
    assert not walked.walk.flows
    assert {step["kind"] for step in walked.steps} == {"forward"}


def test_a_rule_that_fails_is_named():
    def raises(cotangent, y, x):
        raise KeyError("lost")

    def doubled(x):
        return 2 * x

    op = tg.derivative(doubled, pullbacks=[raises], pushforwards=[None])
    walked = Walked(np.sum(op(parameter([1.0], "x"))))
    assert "KeyError" in walked.walk.no_backward
    assert {step["kind"] for step in walked.steps} == {"forward"}


def test_of_a_value_and_its_gradient_the_value_is_differentiated():
    picture = collected(tg.value_and_grad(lambda w: np.sum(np.tanh(w))), (np.array([0.5, 1.0]),))
    walked = walk(picture)
    (leaf,) = [node.key for node in picture.nodes if node.name == "w"]
    np.testing.assert_allclose(walked.flows[leaf].total, 1 - np.tanh([0.5, 1.0]) ** 2)


def test_of_a_derivative_the_next_one_is_shown():
    picture = collected(tg.grad(tg.grad(np.tanh)), (0.3,))
    walked = walk(picture)
    (leaf,) = [node.key for node in picture.nodes if node.role == "parameter"]
    third = tg.grad(tg.grad(tg.grad(np.tanh)))(0.3)
    np.testing.assert_allclose(walked.flows[leaf].total, third, rtol=1e-12)


def test_a_long_chain_is_walked_through():
    x = parameter(0.5, "x")
    y = x
    for _ in range(5000):
        y = np.sin(y)
    walked = Walked(y)
    y.backward()
    assert_equal(walked.flow("x").total, x.grad[()])
    assert len(walked.of("backward")) == 5000
