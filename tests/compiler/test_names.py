"""Names are data: whatever a quantity is called, the program is valid, right and nothing else."""

import ast
import keyword
import unicodedata

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import tinygrad_reg as tg
from tinygrad_reg.compiler.formulas import sigmoid
from tinygrad_reg.compiler.graph import Graph, Interface, Node, constant, number, operation, run
from tinygrad_reg.compiler.readable import readable
from tinygrad_reg.compiler.readable.names import Namespace, identifier

from .test_readable import assert_equal, function_of

# What would break code that it is pasted into, or collide with something of the program's own.
HOSTILE = [
    "x); import os", "class", "λ", "np", "print", "__import__", "a\nb", "it's \"q\"", "", "_", "__",
    "W1", "W", "ᵂ", "W\u0301", "é", "e\u0301", "\u0307", "ﬁ", "Ⅷ", "sigmoid", "J", "abs", "None",
    "True", "__debug__", "2x", "\ud800", "a\x00b", "d", " ", "#c", "\\", "{x}", "%s", "x\u202e",
    "self", "t1", "d1", "dW", "exec", "sum", "lambd", "def f(): pass", "match", "total",
    "constant1", "W_dot", '"""', "y" * 10_000,
]  # fmt: skip
names = st.sampled_from(HOSTILE) | st.text(max_size=5)


@given(names)
def test_identifier_is_a_name_that_python_does_not_change(text):
    name = identifier(text)
    assert name.isidentifier()
    assert not keyword.iskeyword(name)
    assert name == unicodedata.normalize("NFKC", name)
    assert len(name) < 60
    assert identifier(name) == name


@pytest.mark.parametrize("text", HOSTILE)
def test_identifier_of_hostile_text(text):
    test_identifier_is_a_name_that_python_does_not_change.hypothesis.inner_test(text)


def test_identifier_keeps_names_that_are_safe():
    for name in ("Z1", "λ", "dW", "_private", "été", "match"):
        assert identifier(name) == name


@given(st.lists(names.map(identifier)))
def test_a_namespace_gives_every_name_once(wanted):
    namespace = Namespace(["np"])
    found = ["np"]
    for i, name in enumerate(wanted):
        found += [namespace.claim(name)] if i % 3 else namespace.claim_all(name, 2)
        found.append(namespace.claim_numbered(name))
    assert len(set(found)) == len(found)
    assert all(name.isidentifier() for name in found)


def program_with(called, function, parameters, keys):
    """A program in which everything has one of some names, and how it is called."""
    called = iter(called)
    x, y, w = Node("input", np.ones((2, 2))), Node("input", np.ones((2, 2))), Node("input", 2.0)
    table, three = constant(np.arange(4.0).reshape(2, 2)), number(3.5)
    made = {"shape": (2, 2), "dtype": np.dtype(float)}
    a = operation(np.add, x, table, **made)
    b = operation(np.multiply, a, three, **made)
    c = operation(sigmoid, b, **made)
    d = operation(np.matmul, c, y, **made)
    e = operation(np.multiply, d, w, **made)
    f = operation(np.subtract, x, operation(np.multiply, w, e, **made), **made)
    g = operation(np.add, c, e, **made)
    h = operation(np.add, g, e, **made)
    for node in (x, y, w, table, three, a, b, c, g, h):
        node.names = [next(called)]
    f.names = x.names
    for node, whose in ((d, a), (e, b)):
        node.phase, node.derivative_of = "backward", ("cotangent", whose)
    first, second = keys
    result = {first: c, second + "!": [d, f], "h": h, "x": x}
    interface = Interface(
        function,
        [
            (parameters[0], x),
            (parameters[1], {first: y}),
            (parameters[2], w),
            (parameters[3], "a\n'\""),
        ],
        result,
    )
    return Graph([x, y, w], [c, d, f, h, x], [], function), interface


@settings(max_examples=200)
@given(
    st.lists(names, min_size=10, max_size=10),
    names,
    st.lists(names, min_size=4, max_size=4),
    st.tuples(names, names),
)
def test_hostile_names_give_valid_and_right_code(called, function, parameters, keys):
    graph, interface = program_with(called, function, parameters, keys)
    source = readable(graph, interface).source
    assert source == readable(graph, interface).source
    tree = ast.parse(source)
    allowed = (ast.Import, ast.FunctionDef, ast.Assign)
    assert all(isinstance(statement, allowed) for statement in tree.body)
    assert source.count("import") == 1 + sum("import" in x for x in uses_of_names(tree))
    X, Y, W = np.array([[0.1, 0.2], [0.3, 0.4]]), np.array([[1.0, 0.5], [0.2, 0.7]]), 0.3
    got = function_of(source)(X, {keys[0]: Y}, W, "a\n'\"")
    c, d, f, h, x = run(graph, [X, Y, W])
    assert_equal(got, {keys[0]: c, keys[1] + "!": [d, f], "h": h, "x": x})
    assert got["x"] is not X


def uses_of_names(tree):
    """Every place with a name or a text that came from outside."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Name):
            yield node.id
        elif isinstance(node, ast.arg):
            yield node.arg
        elif isinstance(node, ast.FunctionDef):
            yield node.name
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_keys_and_arguments_of_a_compiled_function(name):
    def f(**arguments):
        parameters = arguments[name]
        return {name: np.sum(parameters[name] ** 2), "rest": (parameters[name + "W"] * 2,)}

    f.__name__ = name
    given_now = {name: {name: np.array([1.0, 2.0]), name + "W": np.array([3.0])}}
    program = tg.compile(f).trace(**given_now)
    function = function_of(program.source)
    assert_equal(function(given_now[name]), f(**given_now))


def test_a_function_without_a_name_is_called_program():
    assert "def program(x):" in tg.compile(lambda x: x * 2).trace(np.ones(2)).source


def test_parameters_keep_their_names_so_that_the_program_is_called_the_same_way():
    def f(max, dict, X_1, λ):
        return max + dict * X_1 - λ

    given_now = {"max": np.ones(2), "dict": 2.0, "X_1": np.ones(2), "λ": 1.5}
    source = tg.compile(f).trace(**given_now).source
    assert "def f(max, dict, X_1, λ):" in source
    assert_equal(function_of(source)(**given_now), f(**given_now))


def test_variables_that_are_called_alike_are_numbered_in_their_order():
    def f(x):
        Z1 = np.sin(x)
        for k in range(3):
            Z = np.cos(x + k)
            Z1 = Z1 * Z
        return Z1

    source = tg.compile(f).trace(np.ones(2)).source
    for line in ("Z_1 = np.cos(", "Z_2 = np.cos(", "Z1_1 = np.sin(", "Z1_2 = Z1_1 * Z_1"):
        assert line in source


def test_names_inside_of_a_helper_give_way_to_those_of_its_results():
    def half(value):
        out = value / 2
        return out

    def f(x):
        left = half(x)
        right = half(np.exp(left))
        return left * right

    source = tg.compile(f).trace(np.ones(2)).source
    assert "left = x / 2" in source
    assert "right = value / 2" in source
    assert "out" not in source


def test_the_derivative_by_a_number_is_named_after_the_argument():
    def J(w, b):
        return np.sum((2 * w + b) ** 2)

    source = tg.compile(tg.grad(J, argnums=(0, 1))).trace(np.ones(2), 0.5).source
    assert "    db = " in source


def test_second_derivatives_and_tangents_are_named_after_what_they_belong_to():
    def J(w):
        A = np.tanh(w)
        return np.sum(A**3)

    def second(w, v):
        return tg.jvp(tg.grad(J), (w,), (v,))

    source = tg.compile(second).trace(np.ones(2), np.ones(2)).source
    for name in ("A_dot", "dw", "dw_dot"):
        assert f"    {name} = " in source
