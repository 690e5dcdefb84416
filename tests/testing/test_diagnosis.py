"""Every mistake that is diagnosed is planted in correct gradients, and has to be recognized."""

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import tinygrad_reg as tg
from tinygrad_reg.testing import GradientMismatch, check_gradients, numerical_gradient
from tinygrad_reg.testing.diagnosis import Entry, diagnose

from ..deep import shared

one_of_many = shared(23)  # of one property: the mistake that was planted is named, and no other

PENALTIES = {
    "l2": tg.l2,
    "l1": tg.l1,
    "elastic net": tg.elastic_net,
    "group lasso": lambda W, lambd, m: sum(tg.group_lasso(w, lambd, m, axis=0) for w in W),
}


@dataclass
class Problem:
    """A cost of the lesson at random values, and its gradients in two ways."""

    f: object  # of the arrays alone
    values: dict
    found: dict  # by the engine
    expected: dict  # by differences
    penalty: dict  # the penalty's part of the gradient
    m: int
    lambd: float
    relative_tolerance: float

    def diagnose(self, **wrong):
        return diagnose(self.f, self.entries(**wrong))

    def entries(self, **wrong):
        found = self.found | wrong
        return [
            Entry(
                str(i),
                name,
                self.values[name],
                np.asarray(found[name], float),
                self.expected[name],
                self.relative_tolerance * np.maximum(1, np.abs(self.expected[name])),
            )
            for i, name in enumerate(self.values)
        ]

    @property
    def weights(self):
        return [name for name in self.values if name.startswith("W")]

    @property
    def biases(self):
        return [name for name in self.values if name.startswith("b")]


def squared(Z, Y, m):
    return np.sum((Z - Y) ** 2) / (2 * m)


def logistic(Z, Y, m):
    return np.sum(tg.binary_cross_entropy(Z, Y)) / m


@st.composite
def problems(draw, penalties=tuple(PENALTIES), closed_over=None, losses=(squared, logistic)):
    """Linear and logistic regression, one layer or two, whose arguments are all arrays or some."""
    random = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    loss = draw(st.sampled_from(losses))
    layers = draw(st.sampled_from([1, 2]))
    n_x, n_1, n_y = draw(st.tuples(st.integers(2, 4), st.integers(2, 4), st.integers(1, 3)))
    m = draw(st.sampled_from([5, 6, 7]))
    lambd = draw(st.sampled_from([0.3, 0.7, 1.9]))
    penalty = PENALTIES[draw(st.sampled_from(penalties))]
    only_parameters = draw(st.booleans()) if closed_over is None else closed_over
    sizes = [n_x, n_y] if layers == 1 else [n_x, n_1, n_y]
    values = {}
    for layer, (n_in, n_out) in enumerate(pairwise(sizes), 1):
        suffix = str(layer) if layers == 2 else ""
        signs = random.choice([-1, 1], (n_out, n_in))
        values["W" + suffix] = signs * random.uniform(0.2, 1.2, (n_out, n_in))
        values["b" + suffix] = random.choice([-1, 1], (n_out, 1)) * random.uniform(
            0.2, 1.2, (n_out, 1)
        )
    X = random.normal(size=(n_x, m))
    Y = (random.random((n_y, m)) < 0.5) * 0.8 + 0.1
    parameters = list(values)
    given_too = {} if only_parameters else {"X": X, "lambd": np.array(lambd)}
    values |= given_too

    def cost(*arrays):
        named = dict(zip(values, arrays, strict=True))
        A = named.get("X", X)
        for k in range(0, 2 * layers, 2):
            Z = named[parameters[k]] @ A + named[parameters[k + 1]]
            A = np.tanh(Z)
        weights = [named[name] for name in parameters[::2]]
        return loss(Z, Y, m) + penalty(weights, named.get("lambd", lambd), m)

    arrays = list(values.values())
    every = range(len(arrays))
    found = dict(zip(values, tg.grad(cost, every)(*arrays), strict=True))
    expected = numerical_gradient(cost, *arrays, argnums=every)
    weights = [values[name] for name in parameters[::2]]
    of_penalty = tg.grad(lambda *W: penalty(W, lambd, m), range(layers))(*weights)
    return Problem(
        cost,
        values,
        found,
        dict(zip(values, map(np.asarray, expected), strict=True)),
        dict(zip(parameters[::2], of_penalty, strict=True)),
        m,
        lambd,
        draw(st.sampled_from([1e-8, 1e-7])),
    )


@one_of_many
@given(problems())
def test_nothing_is_said_of_a_right_gradient(problem):
    assert problem.diagnose() is None
    noise = {name: x + 0.3e-8 for name, x in problem.found.items()}
    assert problem.diagnose(**noise) is None


@one_of_many
@given(problems(), st.data())
def test_nothing_is_said_of_a_mistake_that_is_none_of_these(problem, data):
    name = data.draw(st.sampled_from(list(problem.values)))
    wrong = np.array(problem.found[name], float)
    random = np.random.default_rng(data.draw(st.integers(0, 1000)))
    place = tuple(random.integers(wrong.shape)) if wrong.ndim else ()
    wrong[place] += random.uniform(0.1, 1)
    assert problem.diagnose(**{name: wrong}) is None


@one_of_many
@given(problems(), st.data())
def test_nothing_is_said_of_noise_everywhere(problem, data):
    random = np.random.default_rng(data.draw(st.integers(0, 1000)))
    wrong = {name: x + random.uniform(0.01, 1, np.shape(x)) for name, x in problem.found.items()}
    assert problem.diagnose(**wrong) is None


@one_of_many
@given(problems(), st.sampled_from([2, 0.5, -1]), st.data())
def test_a_constant_factor_of_one_gradient_or_of_all(problem, factor, data):
    names = list(problem.values)
    names = data.draw(st.sampled_from([names, *([name] for name in names)]))
    said = problem.diagnose(**{name: factor * problem.found[name] for name in names})
    words = {2: "is twice the right one", 0.5: "is half of the right one", -1: "is -1 times"}
    assert said.startswith("The gradient of " + names[0])
    assert words[factor] in said
    assert all(name in said for name in names)


@one_of_many
@given(problems(closed_over=False), st.sampled_from(["m", "1/m", "2m", "1/2m"]), st.data())
def test_the_number_of_examples_as_a_factor(problem, kind, data):
    m = problem.m
    factor = {"m": m, "1/m": 1 / m, "2m": 2 * m, "1/2m": 0.5 / m}[kind]
    names = list(problem.values)
    names = data.draw(st.sampled_from([names, ["X"], [problem.weights[0]]]))
    said = problem.diagnose(**{name: factor * problem.found[name] for name in names})
    times = {"m": f"is {m} times", "1/m": f"is 1/{m} of", "2m": f"{2 * m} ", "1/2m": "1/"}
    assert times[kind] in said
    assert f"{m} is the length of axis 1 of X" in said


@one_of_many
@given(problems())
def test_a_missing_penalty(problem):
    wrong = {name: problem.found[name] - problem.penalty[name] for name in problem.weights}
    said = problem.diagnose(**wrong)
    assert "missing" in said
    assert all(name in said for name in problem.weights)
    assert "the penalty's part" in said or "either" in said or "the penalty is missing" in said


@one_of_many
@given(problems(penalties=("l2",)), st.sampled_from([0.5, 2]))
def test_lambd_over_m_in_place_of_lambd_over_2m_and_the_reverse(problem, factor):
    wrong = {
        name: problem.found[name] + (factor - 1) * problem.penalty[name] for name in problem.weights
    }
    said = problem.diagnose(**wrong)
    assert " and ".join(problem.weights) in said
    assert ("λ/(2m)·w² is (λ/m)·w" if factor == 0.5 else "(λ/m)·w² was differentiated") in said or (
        "(λ/m)·w² differentiated" in said
    )
    assert ("half of" if factor == 0.5 else "twice the") in said


@one_of_many
@given(problems(closed_over=False), st.sampled_from([0, 0.5, 2]))
def test_the_penalty_is_named_in_letters_where_they_are_arguments(problem, factor):
    name = problem.weights[0]
    wrong = problem.found[name] + (factor - 1) * problem.penalty[name]
    said = problem.diagnose(**{name: wrong})
    assert f"In the gradient of {name}" in said
    assert any(f"(lambd/{n})" in said for n in (problem.m, 2 * problem.m, f"(2·{problem.m})"))
    assert {0: "missing", 0.5: "half of", 2: "twice"}[factor] in said


@one_of_many
@given(problems(penalties=("elastic net",)), st.sampled_from(["w", "sign(w)"]))
def test_one_part_of_elastic_net_is_missing(problem, part):
    name = problem.weights[0]
    W = problem.values[name]
    slope = {"w": W, "sign(w)": np.sign(W)}[part] * 0.5 * problem.lambd / problem.m
    said = problem.diagnose(**{name: problem.found[name] - slope})
    assert f"·{part}" in said
    assert "missing" in said


@one_of_many
@given(problems(penalties=("l2",)), st.sampled_from(["all", "first"]))
def test_the_penalty_on_the_bias(problem, which):
    biases = problem.biases if which == "all" else problem.biases[:1]
    strength = problem.lambd / problem.m
    slopes = {name: strength * problem.values[name] for name in biases}
    wrong = {name: problem.found[name] + slopes[name] for name in biases}
    said = problem.diagnose(**wrong)
    if said is None:  # neither the bias nor the function tells enough
        assert "lambd" not in problem.values
        assert all(problem.values[name].size == 1 for name in biases)
    else:
        assert "is the bias penalized" in said
        assert said.startswith(f"The gradient of {' and '.join(biases)} has a penalty's part")


@one_of_many
@given(problems(), st.data())
def test_a_cotangent_that_is_not_summed_over_the_examples(problem, data):
    name = data.draw(st.sampled_from(problem.biases))
    names = list(problem.values)
    spread = np.repeat(problem.values[name], problem.m, axis=1)
    arrays = [spread if other == name else problem.values[other] for other in names]
    cotangent = tg.grad(problem.f, names.index(name))(*arrays)
    k = data.draw(st.sampled_from([0, problem.m - 1, "mean"]))
    found = np.mean(cotangent, 1) if k == "mean" else cotangent[:, k]
    said = problem.diagnose(**{name: found.reshape(-1, 1)})
    assert f"The gradient of {name} is the cotangent's" in said
    assert "mean over axis 1" in said if k == "mean" else f"slice {k}" in said
    assert "over axis 1 of the shape" in said


@one_of_many
@given(problems(), st.data())
def test_no_gradient_arrives(problem, data):
    names = list(problem.values)
    names = data.draw(st.lists(st.sampled_from(names), min_size=1, unique=True))
    said = problem.diagnose(**{name: np.zeros_like(problem.found[name]) for name in names})
    assert said.startswith("No gradient arrives at ")
    assert all(name in said for name in names)


@one_of_many
@given(problems())
def test_no_gradient_arrives_at_a_part(problem):
    name = problem.weights[0]
    wrong = np.array(problem.found[name])
    wrong[:, 0] = 0
    said = problem.diagnose(**{name: wrong})
    assert f"No gradient arrives at {len(wrong)} of the {wrong.size} entries" in said
    assert "first [0, 0]" in said


@one_of_many
@given(problems(closed_over=False), st.sampled_from(["m", "1/m"]))
def test_a_factor_of_the_data_part_alone(problem, kind):
    factor = problem.m if kind == "m" else 1 / problem.m
    wrong = {
        name: factor * (problem.found[name] - problem.penalty[name]) + problem.penalty[name]
        for name in problem.weights
    }
    said = problem.diagnose(**wrong)
    assert "the penalty's part is right" in said
    assert (f"{problem.m} times" if kind == "m" else f"1/{problem.m} of") in said


def case(f, found, **values):
    """What is said of gradients of `f` that were found; the others are right."""
    arrays = [np.asarray(x, float) for x in values.values()]

    def of_copies(*arrays):
        return f(*[np.array(x) for x in arrays])

    expected = numerical_gradient(of_copies, *arrays, argnums=range(len(arrays)))
    entries = [
        Entry(str(i), name, x, np.asarray(found.get(name, right)), right, np.full(x.shape, 1e-8))
        for i, (name, x, right) in enumerate(zip(values, arrays, expected, strict=True))
    ]
    return diagnose(f, entries)


seeds = st.integers(0, 2**32 - 1)


@one_of_many
@given(problems(closed_over=True), st.sampled_from([1, -1]), st.data())
def test_the_number_of_examples_is_found_where_the_examples_are_closed_over(problem, power, data):
    name = data.draw(st.sampled_from(list(problem.values)))
    said = problem.diagnose(**{name: float(problem.m) ** power * problem.found[name]})
    m = problem.m
    if power == -1 and name in problem.biases:
        assert "the cotangent's mean" in said
    else:
        assert (f"is {m} times" if power == 1 else f"is 1/{m} of") in said
        assert f"{m} is the length" in said or f"{m} is the number" in said


def test_a_whole_factor_without_a_meaning_is_said_as_it_is():
    x = np.array([1.0, 2.0, -0.7, 1.1])
    said = case(lambda x: np.sum(x**11), {"x": x**10}, x=x)
    assert said.startswith("The gradient of x is 1/11 of the right one: ")
    assert "exponent missing" in said
    assert "is 7 times the right one" in case(lambda x: np.sum(x**2), {"x": 14 * x}, x=x)
    assert case(lambda x: np.sum(x**3), {"x": 2 * x**2}, x=x) is None


@one_of_many
@given(seeds, st.sampled_from([2, 3, 4]))
def test_the_gradient_is_transposed(seed, n):
    random = np.random.default_rng(seed)
    W, X = random.normal(size=(n, n)), random.normal(size=(n, 5))

    def f(W):
        return np.sum(np.tanh(W @ X))

    right = (1 - np.tanh(W @ X) ** 2) @ X.T
    assert case(f, {"W": right.T}, W=W).startswith("The gradient of W is transposed")


@one_of_many
@given(seeds, st.booleans(), st.sampled_from([2, 3]))
def test_a_factor_of_the_gradient_is_transposed(seed, penalized, n):
    random = np.random.default_rng(seed)
    W = random.normal(size=(2, n))
    X = random.normal(size=(n, n)) + 2 * np.eye(n)
    lambd = 0.7 * penalized

    def f(W, X):
        return np.sum(np.tanh(W @ X)) + tg.l2(W, lambd, 2)

    dZ = 1 - np.tanh(W @ X) ** 2
    said = case(f, {"W": dZ @ X + lambd / 2 * W}, W=W, X=X)
    assert "A factor in the gradient of W is transposed: … @ X was computed where … @ X.T" in said

    def g(A, M):
        return np.sum(np.sin(A @ M))

    A, M = X, W.T
    dZ = np.cos(A @ M)
    said = case(g, {"M": A @ dZ}, A=A, M=M)
    assert "A @ … was computed where A.T @ … is right" in said

    def h(A, M):
        return np.sum(np.sin(A.T @ M))

    said = case(h, {"M": A.T @ np.cos(A.T @ M)}, A=A, M=M)
    assert "A.T @ … was computed where A @ … is right" in said


@one_of_many
@given(seeds, st.sampled_from([(), (3,), (2, 3)]))
def test_the_gradient_of_another_argument(seed, shape):
    random = np.random.default_rng(seed)
    u, v = random.normal(size=shape), random.normal(size=shape)

    def f(u, v):
        return np.sum(np.sin(u) * np.exp(v))

    du, dv = np.cos(u) * np.exp(v), np.sin(u) * np.exp(v)
    swapped = case(f, {"u": dv, "v": du}, u=u, v=v)
    assert swapped.startswith("The gradients of u and v are swapped")
    assert case(f, {"u": dv}, u=u, v=v).startswith("What was found for u is the gradient of v")


@one_of_many
@given(seeds)
def test_both_are_said_where_two_mistakes_cannot_be_told_apart(seed):
    random = np.random.default_rng(seed)
    u, v = random.normal(size=3), random.normal(size=3)
    right = 2 * (u - v)
    said = case(lambda u, v: np.sum((u - v) ** 2), {"u": -right, "v": right}, u=u, v=v)
    assert "are swapped" in said
    assert "is -1 times the right one" in said


@one_of_many
@given(seeds, st.sampled_from(["2·A", "-A", "A/2", "zeros", "np.tanh(A)", "A**2"]))
def test_a_value_that_was_overwritten_before_the_rule_ran(seed, text):
    random = np.random.default_rng(seed)
    A, B = random.normal(size=(2, 3)), random.normal(size=(2, 3))
    changed = {
        "2·A": 2 * A,
        "-A": -A,
        "A/2": A / 2,
        "zeros": 0 * A,
        "np.tanh(A)": np.tanh(A),
        "A**2": A**2,
    }[text]

    def f(A, B):
        return np.sum(np.exp(A) * B + A * B**3)

    found = {"A": np.exp(changed) * B + B**3, "B": np.exp(changed) + 3 * changed * B**2}
    said = case(f, found, A=A, B=B)
    assert f"for {text} in place of A" in said
    assert "overwritten" in said
    said = case(f, {"B": np.exp(B) + 3 * B * B**2}, A=A, B=B)
    assert "the values of B in place of A" in said


@one_of_many
@given(seeds)
def test_a_function_that_writes_into_its_arguments(seed):
    random = np.random.default_rng(seed)
    A, B = random.normal(size=(2, 3)), random.normal(size=(2, 3))

    def f(A, B):
        A += B
        return np.sum(np.sin(A) * B)

    found = np.cos(A + 2 * B) * B
    said = case(f, {"A": found}, A=A, B=B)
    assert "the values that the function leaves in A" in said
    assert "The function writes into A" in case(f, {"A": found + 1 + A}, A=A, B=B)


@one_of_many
@given(seeds)
def test_two_mistakes_in_two_arguments_are_both_said(seed):
    random = np.random.default_rng(seed)
    u, v = random.normal(size=3), random.normal(size=4)

    def f(u, v):
        return np.sum(np.sin(u)) * np.sum(np.cos(v))

    found = {"u": -np.cos(u) * np.sum(np.cos(v)), "v": np.zeros(4)}
    said = case(f, found, u=u, v=v)
    assert "The gradient of u is -1 times the right one" in said
    assert "No gradient arrives at v" in said


@one_of_many
@given(seeds, st.sampled_from([(), (3,)]))
def test_an_argument_broadcast_along_a_new_axis(seed, shape):
    random = np.random.default_rng(seed)
    b, X = random.normal(size=shape), random.normal(size=(5, 3))

    def f(b, X):
        return np.sum(np.sin(X + b))

    cotangent = np.cos(X + b)
    said = case(f, {"b": cotangent[1] if shape else np.sum(cotangent[1])}, b=b, X=X)
    assert "the cotangent's slice 1" in said
    assert "over axis 0 of the shape (5, 3)" in said


def test_weights_that_look_like_a_bias_and_names_with_a_path():
    b, W = np.array([[0.5], [-1.5]]), np.array([[1.0, 2.0, 3.0], [-1.0, 0.3, 0.7]])

    def f(W, b):
        return np.sum(np.tanh(W @ np.ones((3, 4)) + b)) + tg.l2(W, 0.6, 4)

    right = {}
    right["b"] = np.sum(1 - np.tanh(W @ np.ones((3, 4)) + b) ** 2, axis=1, keepdims=True)
    said = case(f, {"p['b']": right["b"] + 0.15 * b}, **{"p['W']": W, "p['b']": b})
    assert "The gradient of p['b'] has a penalty's part 0.15·b" in said
    said = case(f, {"c": right["b"] + 0.15 * b}, W=W, c=b)  # by its shape
    assert "The gradient of c has a penalty's part" in said


def test_it_says_nothing_where_the_gradients_are_not_finite():
    W = np.ones(2)
    for found, right in ((np.nan, 1.0), (1.0, np.nan), (np.inf, 1.0)):
        entry = Entry("0", "W", W, np.full(2, found), np.full(2, right), np.full(2, 1e-8))
        assert diagnose(lambda W: np.sum(W), [entry]) is None


def test_a_function_that_raises_elsewhere_is_no_obstacle():
    def f(W, X):
        if W.shape != (2, 3) or not np.any(X):
            raise RuntimeError("not here")
        return np.sum(np.sin(W @ X))

    random = np.random.default_rng(0)
    W, X = random.normal(size=(2, 3)), random.normal(size=(3, 4))
    assert case(f, {"W": random.normal(size=(2, 3))}, W=W, X=X) is None


def test_empty_arrays_and_no_arrays():
    assert diagnose(lambda: 1.0, []) is None
    assert (
        case(
            lambda x, y: np.sum(x) + np.sum(y**2),
            {"y": np.ones(2)},
            x=np.zeros((0, 2)),
            y=[1.0, 3.0],
        )
        is None
    )


# -- the same mistakes in the rules of an operation, found by check_gradients --------------------

random = np.random.default_rng(0)
GIVEN = {
    "W": random.normal(size=(3, 3)),
    "b": random.normal(size=(3, 1)),
    "X": random.normal(size=(3, 5)),
    "Y": random.random((3, 5)),
    "lambd": 0.7,
}


def rules(m):
    """The gradients of the cost below, as one writes them down."""

    def dZ(W, b, X, Y):
        return (tg.sigmoid(W @ X + b) - Y) / m

    def dW(W, b, X, Y, lambd):
        return dZ(W, b, X, Y) @ X.T + lambd / m * W

    def db(W, b, X, Y, lambd):
        return np.sum(dZ(W, b, X, Y), axis=1, keepdims=True)

    def dX(W, b, X, Y, lambd):
        return W.T @ dZ(W, b, X, Y)

    def dY(W, b, X, Y, lambd):
        return -(W @ X + b) / m

    def dlambd(W, b, X, Y, lambd):
        return np.sum(W * W) / (2 * m)

    return {"W": dW, "b": db, "X": dX, "Y": dY, "lambd": dlambd}


def cost_with(**wrong):
    """Logistic regression with an l2 penalty and gradients by hand, some of which are wrong."""
    gradients = rules(m=5) | wrong

    def cost(W, b, X, Y, lambd):
        Z = W @ X + b
        return np.sum(np.logaddexp(0, Z) - Y * Z) / 5 + lambd / 10 * np.sum(W * W)

    def pullback(gradient):
        return lambda cotangent, y, *args: cotangent * gradient(*args)

    def pushforward(gradient):
        return lambda tangent, y, *args: np.sum(gradient(*args) * tangent)

    return tg.derivative(
        cost,
        pullbacks=list(map(pullback, gradients.values())),
        pushforwards=list(map(pushforward, gradients.values())),
    )


def what_the_check_says(f, *args):
    with pytest.raises(GradientMismatch) as raised:
        check_gradients(f, *args, order=1, modes=("reverse",))
    return str(raised.value)


def changed(name, change):
    """A rule that does something to the right gradient."""
    return {name: lambda *args: change(rules(5)[name](*args), *args)}


PLANTED = [
    ({}, None),
    (changed("W", lambda dW, *args: 2 * dW), "The gradient of W is twice the right one"),
    (changed("X", lambda dX, *args: -dX), "The gradient of X is -1 times the right one"),
    (changed("b", lambda db, *args: db / 2), "The gradient of b is half of the right one"),
    (
        {"W": lambda *args: 5 * rules(5)["W"](*args)},
        "The gradient of W is 5 times the right one, where 5 is the length of axis 1 of X",
    ),
    (
        changed("Y", lambda dY, *args: dY / 5),
        "The gradient of Y is 1/5 of the right one, where 5 is the length of axis 1 of X",
    ),
    (
        {"W": lambda W, b, X, Y, lambd: 5 * rules(5)["W"](W, b, X, Y, 0) + lambd / 5 * W},
        "In the gradient of W, the penalty's part is right, (lambd/5)·w, and the rest is 5 times",
    ),
    (
        changed("W", lambda dW, W, b, X, Y, lambd: dW - lambd / 5 * W),
        "In the gradient of W, the penalty's part (lambd/5)·w is missing",
    ),
    (
        changed("W", lambda dW, W, b, X, Y, lambd: dW - lambd / 10 * W),
        "In the gradient of W, only half of the penalty's part (lambd/5)·w was found",
    ),
    (
        changed("W", lambda dW, W, b, X, Y, lambd: dW + lambd / 5 * W),
        "In the gradient of W, twice the penalty's part (lambd/5)·w was found",
    ),
    (
        changed("b", lambda db, W, b, X, Y, lambd: db + lambd / 5 * b),
        "The gradient of b has a penalty's part (lambd/5)·b that the function has not",
    ),
    (
        {"b": lambda W, b, X, Y, lambd: ((tg.sigmoid(W @ X + b) - Y) / 5)[:, :1]},
        "The gradient of b is the cotangent's slice 0, where its sum belongs: it is not summed "
        "over axis 1 of the shape (3, 5)",
    ),
    (
        {"b": lambda W, b, X, Y, lambd: np.mean((tg.sigmoid(W @ X + b) - Y) / 5, 1)[:, None]},
        "The gradient of b is the cotangent's mean over axis 1",
    ),
    (changed("W", lambda dW, *args: dW.T), "The gradient of W is transposed"),
    (
        changed("X", lambda dX, W, b, X, Y, lambd: W @ (tg.sigmoid(W @ X + b) - Y) / 5),
        "A factor in the gradient of X is transposed: W @ … was computed where W.T @ …",
    ),
    (
        {"X": rules(5)["Y"], "Y": rules(5)["X"]},
        "The gradients of X and Y are swapped",
    ),
    (changed("W", lambda dW, *args: 0 * dW), "No gradient arrives at W, only zeros"),
    (
        {"W": lambda W, *args: rules(5)["W"](2 * W, *args)},
        "The gradient of W is the right one for 2·W in place of W: was an array overwritten",
    ),
]


@pytest.mark.parametrize(("wrong", "sentence"), PLANTED)
def test_check_gradients_says_which_mistake_is_in_a_rule(wrong, sentence):
    f = cost_with(**wrong)

    def J(W, b, X, Y, lambd):
        return f(W, b, X, Y, lambd)

    if sentence is None:
        check_gradients(J, *GIVEN.values(), order=1)
    else:
        assert sentence in what_the_check_says(J, *GIVEN.values())


def test_check_gradients_recognizes_what_is_detached_in_the_function_itself():
    def plain(t):
        return t.data if isinstance(t, tg.Tensor) else t

    x = np.array([0.5, -1.0, 2.0])
    assert "No gradient arrives at x" in what_the_check_says(
        lambda x, y: np.sum(np.sin(plain(x)) * y), x, x + 1
    )
    said = what_the_check_says(lambda x: np.sum(x * plain(x)), x)
    assert "half of the right one" in said
    assert "one of two equal uses detached" in said
    said = what_the_check_says(
        lambda W, X: np.sum(np.tanh(W @ X)) + tg.l2(plain(W), 0.6, 3), GIVEN["W"], GIVEN["X"]
    )
    assert "the penalty's part 0.2·w is missing" in said
    assert "detached weights" in said


def test_check_gradients_recognizes_an_operation_that_writes_into_its_argument():
    def op(x):
        x *= 2
        return np.sum(np.sin(x))

    op = tg.derivative(
        op,
        pullbacks=[lambda cotangent, y, x: cotangent * 2 * np.cos(2 * x)],
        pushforwards=[lambda tangent, y, x: np.sum(2 * np.cos(2 * x) * tangent)],
    )
    said = what_the_check_says(lambda x: op(x * 1.0), np.array([0.3, 1.2, -0.7]))
    assert "The gradient of x is the right one for 2·x in place of x" in said
