"""The λ slider: what the engine computes beforehand equals the function at other strengths."""

import numpy as np
import pytest

import tinygrad_reg as tg
from tinygrad_reg.drawing.collecting.targets import collected
from tinygrad_reg.drawing.explorer import strengths
from tinygrad_reg.drawing.explorer.strengths import strengths_of

RANDOM = np.random.default_rng(0)
X = RANDOM.normal(size=(3, 20))
Y = (X[:1] - X[1:2] > 0.3) * 1.0
LAMBD, M = 0.7, 20


def parameter(array, name):
    return tg.Tensor(array, requires_grad=True, name=name)


def sigmoid(Z):
    return 1 / (1 + np.exp(-Z))


def data_cost(W, b):
    Z = W @ X + b
    return np.sum(np.log1p(np.exp(-np.abs(Z))) + np.maximum(Z, 0) - Z * Y) / M


def ridge(W, lambd):
    return lambd / (2 * M) * np.sum(W**2)


def lasso(W, lambd):
    return lambd / M * np.sum(np.abs(W))


def logistic(penalty=tg.l2, lambd=LAMBD):
    W, b = parameter(RANDOM.normal(size=(1, 3)), "W"), parameter([[0.1]], "b")
    losses = tg.binary_cross_entropy(W @ tg.Tensor(X, name="X") + b, Y)
    return np.sum(losses) / M + penalty(W, lambd, M), W, b


def slider(J):
    return strengths_of(collected(J, ()))


def only(row):
    """What is said of the only penalized parameter."""
    (found,) = row["nodes"].values()
    return found


def test_the_places_are_zero_and_around_the_present_strength():
    found = slider(logistic()[0])
    values = found["values"]
    assert found["letter"] == "λ"
    assert values[found["current"]] == LAMBD
    assert values[0] == 0
    assert values == sorted(values)
    assert len(values) == len(found["rows"]) == 13
    assert values[1] < LAMBD / 50 < 30 * LAMBD < values[-1]


def test_around_a_strength_of_zero_there_are_others():
    found = slider(logistic(lambd=0.0)[0])
    assert found["values"][found["current"]] == 0
    assert found["values"][-1] > 1


@pytest.mark.parametrize(("penalty", "formula"), [(tg.l2, ridge), (tg.l1, lasso)])
def test_costs_at_the_weights_as_they_are_follow_the_formulas(penalty, formula):
    J, W, b = logistic(penalty)
    found = slider(J)
    for lambd, row in zip(found["values"], found["rows"], strict=True):
        here = row["here"]
        np.testing.assert_allclose(here["data_cost"], data_cost(W.data, b.data), rtol=1e-12)
        np.testing.assert_allclose(here["penalty"], formula(W.data, lambd), rtol=1e-12)
        np.testing.assert_allclose(here["cost"], here["data_cost"] + here["penalty"], rtol=1e-12)
    assert found["rows"][found["current"]]["here"]["cost"] == J.item()


def test_gradients_at_the_weights_as_they_are_follow_the_formulas():
    J, W, b = logistic()
    data = (sigmoid(W.data @ X + b.data) - Y) @ X.T / M
    found = slider(J)
    for lambd, row in zip(found["values"], found["rows"], strict=True):
        penalty = lambd / M * W.data
        gradients = only(row)
        np.testing.assert_allclose(gradients["data_gradient_here"], data, rtol=1e-12)
        np.testing.assert_allclose(gradients["penalty_gradient_here"], penalty, rtol=1e-12)
        np.testing.assert_allclose(gradients["gradient_here"], data + penalty, rtol=1e-12)


def test_the_gradient_of_the_present_strength_is_that_of_backward():
    J, W, _ = logistic()
    found = slider(J)
    J.backward()
    gradients = only(found["rows"][found["current"]])
    np.testing.assert_allclose(gradients["gradient_here"], W.grad, rtol=1e-15)


def test_gradients_agree_with_differences_of_the_cost_run_again():
    J, W, b = logistic(tg.elastic_net)
    replay = strengths.Replay(J)
    copy, other = (replay.copies[x.number] for x in (W, b))
    step = 1e-6
    replay.set_strengths("λ", 3.0)

    def cost(weights):
        return replay.run({copy: weights, other: b.value}).item()

    for entry in np.ndindex(W.shape):
        unit = np.zeros(W.shape)
        unit[entry] = step
        slope = (cost(W.value + unit) - cost(W.value - unit)) / (2 * step)
        cost(W.value)
        data, seeds = replay.through_data()
        gradient = data[copy] + strengths.swept(seeds)[copy]
        np.testing.assert_allclose(gradient[entry], slope, rtol=1e-6)


@pytest.mark.parametrize(("penalty", "formula"), [(tg.l2, ridge), (tg.l1, lasso)])
def test_the_cost_after_the_steps_is_lower_and_is_that_of_the_weights_shown(penalty, formula):
    found = slider(logistic(penalty)[0])
    assert found["steps"] == 50
    assert "50 gradient steps" in found["words"]
    for lambd, row in zip(found["values"], found["rows"], strict=True):
        assert row["cost"] < row["here"]["cost"]
        np.testing.assert_allclose(row["penalty"], formula(only(row)["weights"], lambd), rtol=1e-9)
        np.testing.assert_allclose(row["cost"], row["data_cost"] + row["penalty"], rtol=1e-12)


def test_other_parameters_take_steps_too():
    J, _, b = logistic()
    found = slider(J)
    assert "W, b" in found["words"]
    row = found["rows"][found["current"]]
    with_old_b = data_cost(only(row)["weights"], b.data)
    assert abs(row["data_cost"] - with_old_b) > 1e-6


def test_the_stronger_the_penalty_the_smaller_the_weights():
    for penalty in (tg.l1, tg.l2):
        rows = slider(logistic(penalty)[0])["rows"]
        norms = [np.linalg.norm(only(row)["weights"]) for row in rows]
        assert norms == sorted(norms, reverse=True)


def test_ridge_regression_comes_to_its_closed_form():
    target = RANDOM.normal(size=20)
    w = parameter(np.zeros(3), "w")
    found = slider(np.sum((w @ X - target) ** 2) / (2 * M) + tg.l2(w, LAMBD, M))
    for lambd, row in zip(found["values"], found["rows"], strict=True):
        expected = np.linalg.solve(X @ X.T + lambd * np.eye(3), X @ target)
        np.testing.assert_allclose(only(row)["weights"], expected, rtol=1e-4, atol=1e-6)


def test_soft_thresholding_makes_weights_exactly_zero():
    start = np.array([3.0, -0.5, 0.2, -2.0])
    w = parameter(np.ones(4), "w")
    found = slider(np.sum((w - start) ** 2) / 2 + tg.l1(w, 0.6, 1))
    for lambd, row in zip(found["values"], found["rows"], strict=True):
        expected = np.sign(start) * np.maximum(np.abs(start) - lambd, 0)
        np.testing.assert_allclose(only(row)["weights"], expected, atol=1e-6)
        assert np.all((only(row)["weights"] == 0) == (expected == 0))


def test_groups_of_weights_become_zero_together():
    start = np.array([[3.3, 0.2], [4.4, 0.1]])
    w = parameter(np.ones((2, 2)), "w")
    found = slider(np.sum((w - start) ** 2) / 2 + tg.group_lasso(w, 1.0, 1, axis=0))
    for lambd, row in zip(found["values"], found["rows"], strict=True):
        norms = np.linalg.norm(start, axis=0)
        expected = start * np.maximum(1 - lambd / norms, 0)
        np.testing.assert_allclose(only(row)["weights"], expected, atol=2e-3)


def test_penalties_of_one_strength_move_together():
    W1, W2 = parameter(np.ones((2, 3)), "W1"), parameter(np.ones((1, 2)), "W2")
    J = np.sum((W2 @ np.tanh(W1 @ X)) ** 2) + tg.l2(W1, LAMBD, M) + tg.l2(W2, LAMBD, M)
    found = slider(J)
    assert found["letter"] == "λ"
    assert len(found["penalized"]) == 2
    for lambd, row in zip(found["values"], found["rows"], strict=True):
        expected = ridge(W1.data, lambd) + ridge(W2.data, lambd)
        np.testing.assert_allclose(row["here"]["penalty"], expected, rtol=1e-12)


def test_penalties_of_several_strengths_are_scaled_by_one_factor():
    w = parameter([1.0, -2.0], "w")
    found = slider(np.sum(np.exp(w)) + tg.l2(w, 0.5, 1) + tg.l1(w, 2.0, 1))
    assert found["letter"] == "λ × factor"
    assert found["values"][found["current"]] == 1
    assert "multiplied" in found["words"]
    for factor, row in zip(found["values"], found["rows"], strict=True):
        expected = factor * (0.5 / 2 * 5 + 2.0 * 3)
        np.testing.assert_allclose(row["here"]["penalty"], expected, rtol=1e-12, atol=1e-15)


def test_a_strength_that_is_a_tensor_moves_too_and_takes_no_steps():
    w, lambd = parameter([1.0, -2.0], "w"), parameter(0.5, "lambd")
    found = slider(np.sum((w - 1) ** 2) + tg.l2(w, lambd, 1))
    assert found["values"][found["current"]] == 0.5
    assert "on w." in found["words"]
    for value, row in zip(found["values"], found["rows"], strict=True):
        np.testing.assert_allclose(row["here"]["penalty"], value / 2 * 5, rtol=1e-12)
        expected = 2 / (2 + value) * np.ones(2)
        np.testing.assert_allclose(only(row)["weights"], expected, rtol=1e-4)


MIXED = [
    lambda w, pen: np.exp(np.sum(w) + pen),
    lambda w, pen: np.mean(w**2) * pen,
    lambda w, pen: np.mean(w**2) + np.sum(w) * pen,
    lambda w, pen: np.maximum(np.sum(w), pen),
    lambda w, pen: 1 / pen + np.sum(w),
    lambda w, pen: np.sum(w) + pen + pen**2,
]
ADDED = [
    lambda w, pen: np.sum(np.exp(w)) - pen,
    lambda w, pen: (np.sum(np.exp(w)) + pen) * 3.0 / 4.0,
    lambda w, pen: np.mean(np.stack([np.sum(np.exp(w)), pen])),
    lambda w, pen: np.sum(np.exp(w)) + (2.0 * pen + pen).reshape(1)[0],
]


@pytest.mark.parametrize("formula", MIXED)
def test_what_is_not_added_to_a_data_term_is_not_told_apart(formula):
    w = parameter([0.5, 1.5], "w")
    found = slider(formula(w, tg.l2(w, 0.4, 1)))
    assert "not simply added" in found["words"]
    for lambd, row in zip(found["values"], found["rows"], strict=True):
        if lambd:
            other = tg.Tensor(w.data, requires_grad=True)
            J = formula(other, tg.l2(other, lambd, 1))
            J.backward()
            np.testing.assert_allclose(row["here"]["cost"], J.item(), rtol=1e-12)
            np.testing.assert_allclose(only(row)["gradient_here"], other.grad, rtol=1e-12)
        for costs in (row, row["here"]):
            assert costs["data_cost"] is None is costs["penalty"]
        assert only(row)["data_gradient_here"] is None is only(row)["penalty_gradient_here"]


@pytest.mark.parametrize("formula", ADDED)
def test_what_is_added_is_told_apart_and_the_parts_are_gradients_of_the_costs(formula):
    w = parameter([0.5, 1.5], "w")
    found = slider(formula(w, tg.l2(w, 0.4, 1)))
    assert "not simply added" not in found["words"]
    other = tg.Tensor(w.data, requires_grad=True)
    data = formula(other, tg.Tensor(0.0))
    data.backward()
    for row in found["rows"]:
        np.testing.assert_allclose(row["here"]["data_cost"], data.item(), rtol=1e-12)
        np.testing.assert_allclose(only(row)["data_gradient_here"], other.grad, rtol=1e-12)


def uses_elsewhere(W, lambd):
    return np.sum(W) * lambd + np.sum(W**2) + tg.l2(W, lambd, 5)


def squared(W, lambd):
    return np.sum(np.exp(W)) + tg.l2(W, lambd**2, 5) + tg.l1(W * 2, lambd / 3, 5)


def in_the_weights(W, lambd):
    return np.sum(W**2) + tg.l2(W * lambd, lambd, 5)


def in_m(W, lambd):
    return np.sum(np.cosh(W)) + tg.elastic_net(W, lambd, 3 + lambd)


@pytest.mark.parametrize(
    ("cost", "needs_gradient"),
    [
        (uses_elsewhere, True),
        (uses_elsewhere, False),
        (squared, True),
        (in_the_weights, True),
        (in_m, True),
    ],
)
def test_costs_are_those_of_the_function_called_with_that_strength(cost, needs_gradient):
    W = parameter([[0.3, -1.0, 2.0]], "W")
    found = slider(cost(W, tg.Tensor(0.4, requires_grad=needs_gradient, name="lambd")))
    assert found["values"][found["current"]] == 0.4
    assert "wherever it is used" in found["words"]
    for lambd, row in zip(found["values"], found["rows"], strict=True):
        np.testing.assert_allclose(row["here"]["cost"], cost(W.data, lambd), rtol=1e-12)
        np.testing.assert_allclose(row["cost"], cost(only(row)["weights"], lambd), rtol=1e-9)
        expected = tg.grad(cost)(W.data, lambd)
        np.testing.assert_allclose(only(row)["gradient_here"], expected, rtol=1e-12)


def test_a_strength_made_of_a_leaf_goes_by_the_name_of_the_leaf():
    W, lambd = parameter([1.0, 2.0], "W"), parameter(0.5, "lambd")
    assert slider(squared(W, lambd))["letter"] == "lambd"
    assert slider(uses_elsewhere(W, lambd))["letter"] == "λ"


def test_what_the_factor_leaves_as_it_is_is_said():
    w, a, c = parameter([1.0, 2.0], "w"), parameter(0.5, "a"), parameter(2.0, "c")
    J = np.sum(w) * a + tg.l2(w, a, 1) + tg.l1(w, c, 1)
    found = slider(J)
    assert found["letter"] == "λ × factor"
    assert "multiplied by the factor; other uses of a stay as they are" in found["words"]
    for factor, row in zip(found["values"], found["rows"], strict=True):
        expected = 1.5 + factor * (0.5 / 2 * 5 + 2 * 3)
        np.testing.assert_allclose(row["here"]["cost"], expected, rtol=1e-12)


def test_a_strength_that_is_computed_from_weights_follows_them():
    def cost(w, a, factor):
        return np.sum(np.cosh(w)) + tg.l2(w, factor * a * np.mean(w**2), 1)

    w, a = parameter([1.0, -2.0], "w"), parameter(0.5, "a")
    found = slider(cost(w, a, 1.0))
    assert found["letter"] == "λ × factor"
    assert "on w." in found["words"]
    for factor, row in zip(found["values"], found["rows"], strict=True):
        after = only(row)["weights"]
        np.testing.assert_allclose(row["here"]["cost"], cost(w.data, 0.5, factor), rtol=1e-12)
        np.testing.assert_allclose(row["cost"], cost(after, 0.5, factor), rtol=1e-12)
        expected = tg.grad(cost)(w.data, 0.5, factor)
        np.testing.assert_allclose(only(row)["gradient_here"], expected, rtol=1e-12)


def redone(cost, W, steps):
    """What the sentence says, in plain Python."""
    length = 1.0
    for _ in range(steps):
        gradient = tg.grad(cost)(W)
        while cost(W) - cost(W - length * gradient) < 0.5 * length * np.sum(gradient**2):
            length /= 2
        W = W - length * gradient
        length = min(1.0, 2 * length)
    return W


def test_the_steps_are_those_that_the_sentence_tells():
    J, W, b = logistic()
    found = slider(J)
    for phrase in ("length 1", "halved", "at least half", "twice as long", "never longer than 1"):
        assert phrase in found["words"]
    start = np.append(W.data, b.data)
    for lambd, row in zip(found["values"], found["rows"], strict=True):
        if lambd > 10:
            continue  # enough to redo some
        expected = redone(lambda V, lambd=lambd: logistic_cost(V, lambd), start, found["steps"])
        np.testing.assert_allclose(only(row)["weights"].ravel(), expected[:3], rtol=1e-6)


def logistic_cost(V, lambd):
    W = V[:3].reshape(1, 3)
    return data_cost(W, V[3]) + ridge(W, lambd)


def test_weights_without_a_penalty_go_no_further_than_so_many_steps_of_length_one():
    w = parameter([0.1, 0.2], "w")
    found = slider(np.sum(w) / 2 + tg.l2(w, 1.0, 4))
    assert found["values"][0] == 0
    expected = w.data - found["steps"] * 0.5
    np.testing.assert_allclose(only(found["rows"][0])["weights"], expected, rtol=1e-12)


def test_results_that_are_not_finite_are_shown_as_such():
    w = parameter([800.0, 1.0], "w")
    with np.errstate(over="ignore"):
        J = np.sum(np.exp(w)) + tg.l2(w, 1.0, 1)
    found = slider(J)
    row = found["rows"][found["current"]]
    assert row["cost"] == row["here"]["cost"] == "inf"
    assert only(row)["gradient_here"][0] == np.inf
    np.testing.assert_array_equal(only(row)["weights"], w.data)


def test_an_operation_that_fails_at_other_weights_ends_no_page(monkeypatch):
    A = parameter(np.diag([1e-3, 1.0]), "A")
    found = slider(np.sum(np.linalg.inv(A)) + tg.l2(A, 1.0, 1))
    assert len(found["rows"]) == 13
    singular = np.zeros((2, 2))
    monkeypatch.setattr(strengths, "FACTORS", (1,))
    replay = strengths.Replay(np.sum(np.linalg.inv(A)) + tg.l2(A, 1.0, 1))
    assert np.isnan(replay.run({replay.copies[A.number]: singular}))


def test_float32_stays_float32():
    W = parameter(np.ones((2, 2), np.float32), "W")
    found = slider(np.sum(np.tanh(W)) + tg.l1(W, LAMBD, M))
    for row in found["rows"]:
        assert {array.dtype for array in only(row).values()} == {np.dtype(np.float32)}


def test_weights_that_were_written_to_are_those_of_the_computation():
    W = parameter([1.0, 2.0], "W")
    W.data *= 2
    J = np.sum(W) + tg.l2(W, 1.0, 1)
    W.data *= 100
    row = (found := slider(J))["rows"][found["current"]]
    assert row["here"]["cost"] == J.item() == 16.0


def test_nothing_of_the_users_tensors_is_changed():
    J = logistic(tg.l1)[0]
    J.backward()
    tensors = [node.tensor for node in collected(J, ()).nodes]
    before = [(t.value, np.array(t.value), t.args, t.rule, t.grad) for t in tensors]
    slider(J)
    for tensor, (value, copy, args, rule, grad) in zip(tensors, before, strict=True):
        assert tensor.value is value
        assert tensor.args is args
        assert tensor.rule is rule
        assert tensor.grad is grad
        np.testing.assert_array_equal(value, copy)


def test_without_a_penalty_or_a_single_number_there_is_no_slider():
    x = parameter([1.0, 2.0], "x")
    assert slider(np.sum(np.exp(x))) is None
    assert slider(np.exp(x) + tg.l2(x, 1.0, 1)) is None


def test_the_larger_the_graph_the_fewer_steps():
    w = parameter(np.full(4, 0.5), "w")
    steps = []
    for length in (10, 1200, 8000):
        y = w
        for _ in range(length):
            y = np.sin(y)
        found = slider(np.sum(y) + tg.l2(w, 1.0, 1))
        steps.append(found["steps"])
        moved = not np.array_equal(only(found["rows"][0])["weights"], w.data)
        assert moved == (found["steps"] > 0)
    assert steps[0] == 50 > steps[1] > steps[2] == 0
    assert "none was taken" in found["words"]


def test_of_a_graph_that_is_too_large_there_is_no_slider(monkeypatch):
    monkeypatch.setattr(strengths, "LARGEST_WORK_HERE", 1)
    assert slider(logistic()[0]) is None


def test_the_same_graph_has_the_same_slider():
    J, _, _ = logistic(tg.elastic_net)
    assert repr(slider(J)) == repr(slider(J))


def test_a_rule_that_fails_makes_gradients_of_nan():
    def fails(cotangent, y, x):
        raise np.linalg.LinAlgError("singular")

    def doubled(x):
        return 2 * x

    op = tg.derivative(doubled, pullbacks=[fails], pushforwards=[None])
    w = parameter([1.0, 2.0], "w")
    replay = strengths.Replay(np.sum(op(w)) + tg.l2(w, 1.0, 1))
    data, _ = replay.through_data()
    assert np.isnan(data[replay.copies[w.number]]).all()
