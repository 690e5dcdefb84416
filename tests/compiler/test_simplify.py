"""What `simplify` makes of graphs: each rule alone, and all of them on random programs."""

import inspect
import operator
import time
import warnings
from typing import NamedTuple

import numpy as np
import optree
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

import tinygrad_reg as tg
from tinygrad_reg.compiler.formulas import sigmoid
from tinygrad_reg.compiler.graph import (
    Graph,
    Node,
    astype,
    evaluated,
    number,
    operation,
    run,
)
from tinygrad_reg.compiler.simplify import (
    applied,
    identities,
    products,
    reductions,
    rules,
    shapes,
    simplify,
    speed,
    sums,
    wording,
)
from tinygrad_reg.compiler.tracing import trace
from tinygrad_reg.testing import strategies


def examples(times=1):
    """So many times the usual number of examples."""
    return settings(
        max_examples=times * settings().max_examples, suppress_health_check=list(HealthCheck)
    )


rng = np.random.default_rng(0)


# -- graphs ----------------------------------------------------------------------------------------


def traced(function, *leaves):
    return trace(function, lambda handles: (tuple(handles), {}), list(leaves))[0]


def values_of(graph, leaves):
    """The value of every node of a graph."""
    values = {id(node): x for node, x in zip(graph.inputs, leaves, strict=True)}
    with np.errstate(all="ignore"):
        for node in graph.nodes():
            if id(node) not in values:
                values[id(node)] = evaluated(node, values)
    return values


def text(x, by_name=True):
    """A node as a person would write it, every operation in brackets."""
    if not isinstance(x, Node):
        if isinstance(x, list | tuple):
            return "(" + ", ".join(map(text, x)) + ")"
        if isinstance(x, slice):
            return f"{x.start}:{x.stop}"
        return getattr(x, "__name__", str(x))
    if x.kind == "number":
        return x.names[0] if x.names else str(x.value)
    if x.kind != "operation" or (x.names and by_name):
        return x.names[0] if x.names else x.kind
    args = [text(y) for y in x.args]
    if x.op in SIGNS and len(args) == 2:
        return f"({args[0]} {SIGNS[x.op]} {args[1]})"
    if x.op is np.negative:
        return f"-{args[0]}"
    keywords = [f"{key}={text(y)}" for key, y in x.kwargs.items()]
    return f"{x.op.__name__}({', '.join(args + keywords)})"


SIGNS = {
    np.add: "+", np.subtract: "-", np.multiply: "*", np.divide: "/", np.matmul: "@",
    operator.pow: "**",
}  # fmt: skip


def named_inputs(function, graph):
    for name, node in zip(inspect.signature(function).parameters, graph.inputs, strict=True):
        node.names = [name]
    return graph


def unnamed(graph):
    """A graph in which nothing has a name but the inputs, and everything is from a backward sweep:
    there all rules are tried."""
    for node in graph.nodes():
        if node.kind != "input":
            node.names, node.derivative_of, node.phase = [], None, "backward"
    return graph


# -- each rule alone -------------------------------------------------------------------------------


class Case(NamedTuple):
    """A rule, something that it is for, and what it makes of that.

    Parameters of `before`: x and y are arrays of one shape; A and C matrices of one shape, row and
    column broadcast to it, A @ B is possible; v is a vector, T has three axes; c and d are scalars
    of any kind, s is one of NumPy's.
    """

    rule: object
    before: object
    after: str
    rounds: bool = False
    sums: bool = False  # infinities of both signs may meet, or no longer meet

    def __repr__(self):
        return f"{self.rule.__name__}-{self.after}"


def recorded(op, *args):
    """A call that NumPy's dispatch would not bring to the tracer, or that it would skip."""
    traced_one = next(x for x in args if hasattr(x, "tracer"))
    return traced_one.tracer.record(op, args, {})


def choice(x):
    """An array that is finite whatever x is."""
    return np.where(x > 1, 2.0, -3.0)


CASES = [
    Case(identities.times_one, lambda x: x * 1, "x"),
    Case(identities.times_one, lambda x: 1.0 * x, "x"),
    Case(identities.times_minus_one, lambda x: x * -1, "-x"),
    Case(identities.times_zero, lambda x: choice(x) * 0.0, "broadcast_to(0.0, (2, 3))"),
    Case(identities.times_zero, lambda x: 0 * np.tanh(choice(x)), "broadcast_to(0.0, (2, 3))"),
    Case(identities.divided_by_one, lambda x: x / 1, "x"),
    Case(identities.plus_zero, lambda x: x + 0, "x"),
    Case(identities.plus_zero, lambda A: 0.0 + np.sum(A), "sum(A)"),
    Case(identities.minus_zero, lambda x: x - 0, "x"),
    Case(identities.zero_minus, lambda x: 0 - x, "-x"),
    Case(identities.power_of_one, lambda x: x**1, "x"),
    Case(identities.power_of_one, lambda x: np.power(x, 1.0), "x"),
    Case(identities.power_of_zero, lambda x: x**0, "broadcast_to(1.0, (2, 3))"),
    Case(identities.minus_minus, lambda x: np.negative(-x), "x"),
    Case(identities.minus_difference, lambda x, y: -(x - y), "(y - x)"),
    Case(identities.plus_minus, lambda x, y: x + -y, "(x - y)"),
    Case(identities.plus_minus, lambda x, y: -x + y, "(y - x)"),
    Case(identities.minus_minus_something, lambda x, y: x - -y, "(x + y)"),
    Case(identities.positive, lambda x: +x, "x"),
    Case(identities.sign_lost, lambda x: np.abs(-x), "absolute(x)"),
    Case(identities.sign_lost, lambda x: np.square(-x), "square(x)"),
    Case(identities.sign_lost, lambda x: np.square(np.abs(x)), "square(x)"),
    Case(identities.twice_the_same, lambda x: np.maximum(x, x), "x"),
    Case(
        identities.difference_of_the_same,
        lambda x: (lambda w: w - w)(choice(x)),
        "broadcast_to(0.0, (2, 3))",
    ),
    Case(identities.either_way, lambda x, y: np.where(x > 0, y, y), "y"),
    Case(
        identities.either_way,
        lambda A, row: np.where(A > 0, row, row),
        "broadcast_to(row, (2, 3))",
    ),
    Case(identities.same_dtype, lambda x: recorded(astype, x, x.dtype), "x"),
    Case(identities.cast_of_number, lambda x, c: x * (np.float64(1.0) * c), "(x * c)"),
    Case(identities.cast_of_number, lambda x, c: x + recorded(astype, c, float), "(x + c)"),
    Case(identities.cast_of_number, lambda x, c: x < np.float64(1.0) * c, "less(x, c)"),
    Case(identities.python_number, lambda x: x * np.float64(0.3), "(x * 0.3)"),
    Case(identities.python_number, lambda x: np.less(x, np.float64(0.3)), "less(x, 0.3)"),
    Case(identities.uniform_operand, lambda A: A * np.full(A.shape, 0.3), "(A * 0.3)"),
    Case(
        identities.uniform_operand,
        lambda A: np.maximum(np.ones((1, A.shape[1])), A),
        "maximum(1.0, A)",
    ),
    # -- products
    Case(products.product_to_read, lambda x, c, d: c * (d * x), "((c * d) * x)", rounds=True),
    Case(products.product_to_read, lambda x, c: (1 / c) * x, "(x / c)", rounds=True),
    Case(products.product_to_read, lambda x, c: 3 * x * 2 / c, "((6 * x) / c)", rounds=True),
    Case(products.product_to_read, lambda x, c, d: x / c / d, "(x / (c * d))", rounds=True),
    Case(products.product_to_read, lambda x, c: -(c * x), "((-1 * c) * x)", rounds=True),
    Case(
        products.product_to_read,
        lambda x, c, d: 2 * (c / (2 * d)) * x,
        "((c / d) * x)",
        rounds=True,
    ),
    Case(
        products.product_to_read,
        lambda x, y, c, d: 2 * (c * x) * (y / d),
        "(((2 * c) * (x * y)) / d)",
        rounds=True,
    ),
    Case(products.product_to_read, lambda x: 2 * x / 20, "((2 / 20) * x)", rounds=True),
    Case(products.product_to_read, lambda x: 3 * x / 3, "x", rounds=True),
    Case(products.product_to_read, lambda x: -(-1 * x), "x", rounds=True),
    Case(
        products.product_to_read,
        lambda c, d: recorded(np.divide, 4 * c, 2 * d),
        "((2 * c) / d)",
        rounds=True,
    ),
    Case(products.product_to_run, lambda x, c, d: c * (d * x), "((c * d) * x)", rounds=True),
    Case(products.product_to_run, lambda x: x / 20, "(0.05 * x)", rounds=True),
    Case(products.product_to_run, lambda x, s: 3 * x / s, "((3 / s) * x)", rounds=True),
    Case(products.product_to_run, lambda x, s: -(x / s), "((-1 / s) * x)", rounds=True),
    Case(products.product_to_run, lambda x, c: 3 * (1 / c * x), "((3 / c) * x)", rounds=True),
    Case(products.product_to_run, lambda x, c, d: x / c / d, "(x / (c * d))", rounds=True),
    Case(
        products.product_to_run,
        lambda x, y, c, s: (c * x) / (s * y),
        "((c / s) * (x / y))",
        rounds=True,
    ),
    Case(
        products.product_to_run,
        lambda x, y, c: 2 * ((c * x) * y),
        "((2 * c) * (x * y))",
        rounds=True,
    ),
    Case(products.times_reciprocal, lambda x, y: x * (1 / y), "(x / y)", rounds=True),
    Case(products.times_reciprocal, lambda x, y: (1 / y) * x, "(x / y)", rounds=True),
    Case(products.times_reciprocal, lambda y, c, d: c * (d / y), "((c * d) / y)", rounds=True),
    Case(products.divided_by_quotient, lambda x, y: x / (1 / y), "(x * y)", rounds=True),
    # -- sums
    Case(sums.twice, lambda x: x + x, "(2 * x)"),
    Case(
        sums.multiples_together,
        lambda x, c, d: c * x + x * d,
        "((c + d) * x)",
        rounds=True,
        sums=True,
    ),
    Case(sums.multiples_together, lambda x, c: x - c * x, "((1 - c) * x)", rounds=True, sums=True),
    Case(
        sums.multiples_together,
        lambda x, s: x / s + -x,
        "(((1 / s) + -1) * x)",
        rounds=True,
        sums=True,
    ),
    Case(
        sums.terms_together,
        lambda x, y: (2 * x + y) - 3 * x,
        "((-1 * x) + y)",
        rounds=True,
        sums=True,
    ),
    Case(sums.terms_together, lambda x, y: (x - y) - y, "(x - (2 * y))", rounds=True, sums=True),
    Case(
        products.common_factor,
        lambda x, y, c: c * x - y * c,
        "(c * (x - y))",
        rounds=True,
        sums=True,
    ),
    Case(
        products.common_factor,
        lambda x, y, c: x / c + y / c,
        "((x + y) / c)",
        rounds=True,
        sums=True,
    ),
    Case(
        products.common_factor,
        lambda x, y, c: x / c + (-1.0 / c) * y,
        "((x - y) / c)",
        rounds=True,
        sums=True,
    ),
    Case(
        products.common_factor,
        lambda x, y, c: 0.3 * c * x - y * c * 0.3,
        "((0.3 * c) * (x - y))",
        rounds=True,
        sums=True,
    ),
    Case(
        sums.distributed,
        lambda x, y, c: c * (0.3 * x + 0.7 * y),
        "(((c * 0.3) * x) + ((c * 0.7) * y))",
        rounds=True,
        sums=True,
    ),
    # -- shapes
    Case(shapes.transposed_nothing, lambda v: np.transpose(v), "v"),
    Case(shapes.transposed_nothing, lambda T: np.transpose(T, (0, -2, 2)), "T"),
    Case(shapes.transposed_twice, lambda A: A.T.T, "transpose(A, (0, 1))"),
    Case(
        shapes.transposed_twice,
        lambda T: np.transpose(np.transpose(T, (1, 2, 0)), (0, 2, 1)),
        "transpose(T, (1, 0, 2))",
    ),
    Case(
        shapes.transposed_twice,
        lambda T: np.swapaxes(np.transpose(T, (1, 2, 0)), 0, 1),
        "transpose(T)",
    ),
    Case(shapes.transposed_product, lambda A, C: (A @ C.T).T, "(C @ transpose(A))", rounds=True),
    Case(shapes.transposed_product, lambda A, C: (A.T @ C).T, "(transpose(C) @ A)", rounds=True),
    Case(shapes.transposed_product, lambda A, B: (B.T @ A.T).T, "(A @ B)", rounds=True),
    Case(
        shapes.transposed_broadcast,
        lambda c: np.broadcast_to(np.exp(c), (2, 3)).T,
        "broadcast_to(exp(c), (3, 2))",
    ),
    Case(shapes.reshaped_nothing, lambda x: np.reshape(x, x.shape), "x"),
    Case(
        shapes.reshaped_twice,
        lambda A: np.reshape(np.reshape(A, (A.size,)), (A.size, 1)),
        "reshape(A, (6, 1))",
    ),
    Case(
        shapes.reshaped_broadcast,
        lambda c: np.reshape(np.broadcast_to(np.exp(c), (2, 3)), (6,)),
        "broadcast_to(exp(c), (6))",
    ),
    Case(shapes.broadcast_nothing, lambda x: np.broadcast_to(x, x.shape), "x"),
    Case(
        shapes.broadcast_twice,
        lambda row: np.broadcast_to(np.broadcast_to(row, (2, row.shape[1])), (5, 2, row.shape[1])),
        "broadcast_to(row, (5, 2, 3))",
    ),
    Case(
        shapes.broadcast_by_itself,
        lambda A, row: A * np.broadcast_to(row, A.shape),
        "(A * row)",
    ),
    Case(
        shapes.broadcast_by_itself,
        lambda row, column: np.maximum(
            np.broadcast_to(row, (column.shape[0], row.shape[1])), column
        ),
        "maximum(row, column)",
    ),
    Case(
        shapes.broadcast_of_all,
        lambda row: np.exp(np.broadcast_to(row, (5, row.shape[1]))),
        "broadcast_to(exp(row), (5, 3))",
    ),
    Case(
        shapes.broadcast_of_all,
        lambda row, c: np.broadcast_to(row, (5, row.shape[1])) * c,
        "broadcast_to((row * c), (5, 3))",
    ),
    # -- reductions
    Case(reductions.sum_of_one, lambda column: np.sum(column, axis=1), "reshape(column, (2))"),
    Case(
        reductions.sum_of_one,
        lambda column: np.sum(column, axis=(-1,), keepdims=True),
        "reshape(column, (2, 1))",
    ),
    Case(
        reductions.sum_of_broadcast,
        lambda x: np.sum(np.broadcast_to(x, (4, *x.shape)), axis=0),
        "broadcast_to((4 * reshape(sum(reshape(x, (1, 2, 3)), axis=()), (2, 3))), (2, 3))",
        rounds=True,
    ),
    Case(
        reductions.sum_of_broadcast,
        lambda row: np.sum(np.broadcast_to(row, (4, row.shape[1])), axis=(0, 1)),
        "broadcast_to((4 * reshape(sum(reshape(row, (1, 3)), axis=1, keepdims=True), ())), ())",
        rounds=True,
    ),
    Case(
        reductions.sum_of_broadcast,
        lambda column: np.sum(np.broadcast_to(column, (column.shape[0], 5)), axis=1, keepdims=True),
        "broadcast_to((5 * sum(reshape(column, (2, 1)), axis=())), (2, 1))",
        rounds=True,
    ),
    Case(
        reductions.sum_of_broadcast,
        lambda row: np.sum(np.broadcast_to(row, (7, 4, row.shape[1])), axis=1),
        "broadcast_to((4 * reshape(sum(reshape(row, (1, 1, 3)), axis=()), (1, 3))), (7, 3))",
        rounds=True,
    ),
    Case(
        reductions.sum_of_multiple,
        lambda A, c: np.sum(A * c, axis=0),
        "(c * sum(A, axis=0))",
        rounds=True,
        sums=True,
    ),
    Case(
        reductions.sum_of_multiple,
        lambda A, c: np.sum(A / c, axis=0, keepdims=True),
        "(sum(A, axis=0, keepdims=True) / c)",
        rounds=True,
        sums=True,
    ),
    Case(reductions.sum_of_multiple, lambda A: np.sum(-A), "-sum(A)", rounds=True),
    Case(reductions.sum_of_sum, lambda T: np.sum(np.sum(T, axis=1)), "sum(T)", rounds=True),
    Case(
        reductions.sum_of_sum,
        lambda T: np.sum(np.sum(T, axis=1), axis=1),
        "sum(T, axis=(1, 2))",
        rounds=True,
    ),
    Case(
        reductions.sum_of_sum,
        lambda T: np.sum(np.sum(T, axis=2, keepdims=True), axis=0, keepdims=True),
        "sum(T, axis=(0, 2), keepdims=True)",
        rounds=True,
    ),
    Case(reductions.sum_of_all, lambda A: np.sum(A.T), "sum(A)", rounds=True),
    Case(reductions.sum_of_all, lambda A: np.sum(np.reshape(A, (A.size,))), "sum(A)", rounds=True),
    Case(
        reductions.reshaped_sum,
        lambda A: np.reshape(np.sum(A, axis=1), (A.shape[0], 1)),
        "sum(A, axis=1, keepdims=True)",
        rounds=True,
    ),
    Case(
        reductions.reshaped_sum,
        lambda A: np.reshape(np.sum(A, axis=0, keepdims=True), (A.shape[1],)),
        "sum(A, axis=0)",
        rounds=True,
    ),
    Case(reductions.axes_as_written, lambda A: np.sum(A, axis=(1,)), "sum(A, axis=1)"),
    Case(reductions.axes_as_written, lambda A: np.max(A, axis=(0, -1)), "max(A)"),
    # -- for reading
    Case(wording.square, lambda x: x * x, "(x ** 2)"),
    Case(wording.sigmoid_by_name, lambda x: 1 / (1 + np.exp(-x)), "sigmoid(x)"),
    Case(wording.sigmoid_by_name, lambda x: 1.0 / (np.exp(x) + 1), "sigmoid(-x)"),
    Case(wording.whole_number, lambda x: 2.0 * x, "(2 * x)"),
    Case(wording.number_first, lambda x: x * 0.3, "(0.3 * x)"),
    # -- for running
    Case(speed.square, lambda x: x * x, "square(x)"),
    Case(speed.power, lambda x: x**2, "square(x)"),
    Case(speed.power, lambda x: np.power(x, 3), "(square(x) * x)", rounds=True),
    Case(speed.power, lambda x: x**4.0, "square(square(x))", rounds=True),
    Case(speed.power, lambda x: x**-1, "(1 / x)", rounds=True),
    Case(speed.power, lambda x: x**-2, "(1 / square(x))", rounds=True),
    Case(speed.power, lambda x: x**0.5, "sqrt(x)"),
    Case(speed.mean, lambda A: np.mean(A, axis=0), "(sum(A, axis=0) / 2)", rounds=True),
    Case(
        speed.mean, lambda A: np.mean(A, keepdims=True), "(sum(A, keepdims=True) / 6)", rounds=True
    ),
    Case(
        speed.spread,
        lambda A: np.var(A, axis=1),
        "(sum(square((A - (sum(A, axis=1, keepdims=True) / 3))), axis=1) / 3)",
        rounds=True,
    ),
    Case(
        speed.spread,
        lambda v: np.std(v, ddof=1),
        "sqrt((sum(square((v - (sum(v, keepdims=True) / 3)))) / 2))",
        rounds=True,
    ),
    Case(speed.dot_of_matrices, lambda A, B: np.dot(A, B), "(A @ B)", rounds=True),
]


def rewritten(case, leaves):
    """The graph of what a rule is for, and what the rule makes of it."""
    graph = unnamed(named_inputs(case.before, traced(case.before, *leaves)))
    new = applied(case.rule, graph.outputs[0])
    return graph, None if new is None else Graph(graph.inputs, [new])


def plain_leaf(name):
    shape = SHAPES.get(name)
    if shape is None:
        return np.float64(1.7) if name == "s" else 1.7
    return np.arange(1, 1 + np.prod(shape, dtype=int)).reshape(shape) / 3


SHAPES = {
    "x": (2, 3), "y": (2, 3), "A": (2, 3), "B": (3, 4), "C": (2, 3), "row": (1, 3),
    "column": (2, 1), "v": (3,), "T": (2, 3, 4),
}  # fmt: skip


def leaves_of(case):
    return [plain_leaf(name) for name in inspect.signature(case.before).parameters]


@pytest.mark.parametrize("case", CASES, ids=repr)
def test_a_rule_makes_of_its_expression_what_it_says(case):
    graph, new = rewritten(case, leaves_of(case))
    assert text(new.outputs[0]) == case.after
    assert comes_to_an_end(case.rule, graph.outputs[0].op, new.outputs[0])


def comes_to_an_end(rule, op, node):
    """Whether a rule does not replace its own results for ever."""
    for _ in range(3):
        node = applied(rule, node) if node.op is op else None
        if node is None:
            return True
    return False


@pytest.mark.parametrize("case", CASES, ids=repr)
def test_a_rule_keeps_value_dtype_and_shape(case):
    @examples()
    @given(st.data())
    def on_examples(data):
        leaves = data.draw(leaves_for(case.before))
        try:
            graph, new = rewritten(case, leaves)
        except ZeroDivisionError:  # of Python numbers, in the function
            new = None
        assume(new is not None)
        values = values_of(graph, leaves)
        old = values[id(graph.outputs[0])]
        with np.errstate(all="ignore"):
            assert_same(run(new, leaves)[0], old, list(values.values()), case.rounds, case.sums)

    with np.errstate(all="ignore"):
        on_examples()


SPECIAL = [0.0, -0.0, 1.0, -1.0, 0.1, -0.3, 2.5, 7.0, np.nan, np.inf, -np.inf]


@st.composite
def leaves_for(draw, function):
    """Arguments of shapes that fit each other, of float32 and float64, with NaN and infinities."""
    n, m, k = (draw(st.integers(1, 3)) for _ in range(3))
    whole = draw(st.sampled_from([(), (3,), (2, 3), (1, 2), (0, 2), (1, 1), (2, 1, 2)]))
    drawn = {
        "x": whole, "y": whole, "A": (n, m), "B": (m, k), "C": (n, m), "row": (1, m),
        "column": (n, 1), "v": (m + 1,), "T": (n, m, k),
    }  # fmt: skip
    dtype = draw(st.sampled_from(["float64", "float64", "float32"]))
    leaves, names = [], inspect.signature(function).parameters
    finite = not {"B", "C"}.isdisjoint(names)  # BLAS may leave out 0 * NaN in a matrix product
    for name in names:
        entry = st.sampled_from(SPECIAL[2:8] if finite or draw(st.booleans()) else SPECIAL)
        if name in drawn:
            if draw(st.integers(0, 5)) == 0:
                dtype = draw(st.sampled_from(["float64", "float32"]))
            entries = draw(st.lists(entry, min_size=1, max_size=6))
            leaves.append(np.resize(np.array(entries, dtype), drawn[name]))
        else:
            kinds = [np.float64, np.float32] if name == "s" else [float, float, np.float64, int]
            kind = draw(st.sampled_from(kinds))
            leaves.append(draw(st.sampled_from([-2, 3, 7])) if kind is int else kind(draw(entry)))
    return leaves


def assert_same(new, old, values, rounds, sums=False):
    """Equal up to rounding (and the sign of zeros) of the numbers on the way to `old`."""
    assert np.shape(new) == np.shape(old)
    assert np.asarray(new).dtype == np.asarray(old).dtype
    assert (type(new) in (int, float)) == (type(old) in (int, float))
    if not rounds:
        np.testing.assert_array_equal(new, old)
        return
    if sums:
        np.testing.assert_array_equal(np.isfinite(new), np.isfinite(old))
    else:
        for what in (np.isnan, np.isposinf, np.isneginf):
            np.testing.assert_array_equal(what(new), what(old))
    floats = [np.asarray(x) for x in values if np.asarray(x).dtype.kind == "f"]
    precision = max(np.finfo(x.dtype).eps for x in floats)
    size = max(np.max(np.abs(x), initial=0, where=np.isfinite(x)) for x in floats)
    finite = np.isfinite(old)
    np.testing.assert_allclose(
        np.asarray(new)[finite], np.asarray(old)[finite], rtol=0, atol=16 * precision * size
    )


# -- all of them together --------------------------------------------------------------------------

ONE_OPERAND = [
    lambda x: -x,
    lambda x: np.tanh(x),
    lambda x: np.abs(x),
    lambda x: x * x,
    lambda x: x**2,
    lambda x: np.square(x),
    lambda x: x.T,
    lambda x: np.sum(x, keepdims=True) / 8,
    lambda x: np.sum(x) / 8,
    lambda x: np.mean(x, axis=-1, keepdims=True) if x.ndim else x,
    lambda x: np.sum(x, axis=(0,)) if x.ndim else x,
    lambda x: np.broadcast_to(x, (2, *x.shape)) if x.ndim < 3 else x,
    lambda x: np.reshape(x, (x.size,)),
    lambda x: np.reshape(x, (x.size, 1)),
    lambda x: np.where(x > 0, x, x),
    lambda x: np.where(x > 0, x, 0),
    lambda x: 1 / (1 + np.exp(-x)),
    lambda x: x * np.ones(x.shape, x.dtype),
    lambda x: x + np.zeros(x.shape, x.dtype),
]
TWO_OPERANDS = [
    lambda x, y: x + y,
    lambda x, y: x - y,
    lambda x, y: x * y,
    lambda x, y: x / (2 + np.square(y)),
    lambda x, y: np.maximum(x, y),
    lambda x, y: x * (1 / (2 + np.abs(y))),
]
NUMBERS = [0, 1, -1, 2, 20, 0.5, 0.05, 1.0, 0.0, np.float64(1.0), np.float64(0.1), np.float32(2)]
SCALED = [
    lambda x, c: c * x,
    lambda x, c: x * c,
    lambda x, c: x + c,
    lambda x, c: x - c,
    lambda x, c: c - x,
]
DIVIDED = [lambda x, c: x / c, lambda x, c: (1 / c) * x]


class RandomProgram:
    """Lines, each an operation on earlier values; the last three values are returned."""

    def __init__(self, lines):
        self.lines = lines

    def __call__(self, x, y, c, d):
        arrays = [x, y]
        for function, i, j in self.lines:
            one, two = arrays[i % len(arrays)], arrays[j % len(arrays)]
            if function in ONE_OPERAND:
                arrays.append(function(one))
            elif function in TWO_OPERANDS:
                arrays.append(function(one, two if compatible(one.shape, two.shape) else one))
            else:
                scalars = (
                    [c, d, 2 * c, c * d / 20, *NUMBERS] if function in SCALED else [c, 4, 20.0]
                )
                arrays.append(function(one, scalars[j % len(scalars)]))
        return tuple(arrays[-3:])

    def __repr__(self):
        return repr([(inspect.getsource(f).strip(), i, j) for f, i, j in self.lines])


def compatible(one, two):
    return all(n == m or 1 in (n, m) for n, m in zip(one[::-1], two[::-1], strict=False))


def random_programs():
    functions = st.sampled_from([*ONE_OPERAND, *TWO_OPERANDS * 3, *SCALED * 3, *DIVIDED * 2])
    line = st.tuples(functions, st.integers(0, 9), st.integers(0, 15))
    return st.builds(RandomProgram, st.lists(line, min_size=2, max_size=9))


@pytest.mark.parametrize("reading", [True, False], ids=["to read", "to run"])
def test_random_programs_keep_their_results(reading):
    @examples(5)
    @given(random_programs(), st.sampled_from(["float64", "float32"]), st.data())
    def on_examples(program, dtype, data):
        shape = data.draw(st.sampled_from([(), (3,), (2, 2), (1, 2), (2, 1)]))
        x, y = (rng.uniform(-2, 2, shape).astype(dtype) for _ in range(2))
        if shape == () and data.draw(st.booleans()):
            x = x[()]
        c = data.draw(st.sampled_from([1.5, 3, np.float64(0.7), np.float32(0.7)]))
        leaves = [x, y, c, 0.3]
        graph = traced(program, *leaves)
        for node in graph.nodes():
            if node.kind == "operation":
                node.phase = data.draw(st.sampled_from(["forward", "backward", "backward"]))
                if data.draw(st.integers(0, 4)) == 0:
                    node.names = ["named"]
        assert_same_results(graph, simplify(graph, reading), leaves)

    on_examples()


def assert_same_results(graph, simpler, leaves):
    """Up to rounding of the largest number on the way."""
    values = values_of(graph, leaves)
    with np.errstate(all="ignore"):
        results = run(simpler, leaves)
    numbers = [x for x in values.values() if isinstance(x, float | np.generic | np.ndarray)]
    for node, new in zip(graph.outputs, results, strict=True):
        assert np.shape(new) == node.shape
        assert np.asarray(new).dtype == np.asarray(values[id(node)]).dtype
        assert_same(new, values[id(node)], numbers, rounds=True, sums=True)


@pytest.mark.parametrize("reading", [True, False], ids=["to read", "to run"])
@pytest.mark.parametrize("order", [1, 2])
def test_derivatives_of_random_programs_keep_their_results(order, reading):
    @examples()
    @given(strategies.programs())
    def on_examples(program):
        def total(*xs):
            return sum(np.sum(y) for y in optree.tree_leaves(program(*xs)))

        def derivative(*xs):
            if order == 1:
                return tg.value_and_grad(total, range(len(xs)))(*xs)
            return tg.hvp(lambda xs: total(*xs), (list(xs),), ([1.5 * x for x in xs],))

        graph = traced(derivative, *program.arguments)
        assert_same_results(graph, simplify(graph, reading), list(program.arguments))

    on_examples()


# -- what stays ------------------------------------------------------------------------------------


def simplified(function, *leaves, reading=True, phase="backward", names=None):
    """The text of what a function becomes; `names` names values by their text."""
    graph = named_inputs(function, traced(function, *leaves))
    for node in graph.nodes():
        if node.kind != "input":
            node.names = []
            node.phase = phase if node.kind == "operation" else node.phase
    for node in graph.nodes():
        if names and text(node) in names:
            node.names = [names[text(node)]]
    after = simplify(graph, reading)
    return ", ".join(lines(after))


def lines(graph):
    """Named quantities and results, as a person would write them down."""
    found = []
    for node in graph.nodes():
        if node.kind == "operation" and node.names:
            found.append(f"{node.names[0]} = {text(node, by_name=False)}")
    return [*found, *map(text, graph.outputs)]


A = np.arange(6.0).reshape(2, 3)


def test_what_has_a_name_stays_a_line_in_a_program_to_read():
    def function(W, c):
        V = c * W
        return 3 * V

    names = {"(c * W)": "V"}
    assert simplified(function, A, 0.5, names=names) == "V = (c * W), (3 * V)"
    assert simplified(function, A, 0.5, names=names, reading=False) == "((3 * c) * W)"


def test_the_forward_pass_to_read_is_as_the_learner_wrote_it():
    def function(W, c):
        return np.sum(2 * (c * W)) + W * W

    assert simplified(function, A, 0.5, phase="forward") == "(sum((2 * (c * W))) + (W * W))"
    assert simplified(function, A, 0.5) == "(((2 * c) * sum(W)) + (W ** 2))"


def test_named_numbers_stay_in_a_program_to_read_and_are_computed_in_one_to_run():
    W = traced(lambda W: W, A).inputs[0]
    lambd, m = number(0.75), number(20)
    lambd.names, m.names = ["lambd"], ["m"]
    ratio = operation(np.divide, lambd, m, shape=(), dtype=np.dtype(float), weak=True)
    one = operation(np.multiply, number(np.float64(1)), ratio, shape=(), dtype=np.dtype(float))
    product = operation(np.multiply, one, W, shape=A.shape, dtype=W.dtype)
    graph = Graph([W], [product])
    assert lines(simplify(graph, reading=True)) == ["((lambd / m) * W)"]
    assert lines(simplify(graph, reading=False)) == ["(0.0375 * W)"]
    assert run(simplify(graph, reading=False), [A])[0].tolist() == (0.0375 * A).tolist()


def test_x_times_zero_stays_where_x_may_be_infinite_or_nan():
    for function in (lambda x: x * 0, lambda x: np.tanh(x) * 0.0, lambda x: np.sign(x) * 0):
        for reading in (True, False):
            after = simplify(traced(function, A), reading)
            x = np.array([[np.nan, np.inf, 1.0]] * 2)
            with np.errstate(all="ignore"):
                np.testing.assert_array_equal(run(after, [x])[0], function(x))


def test_what_is_chosen_from_may_be_infinite():
    def function(x):
        return np.where(x > 0, x, 1.0) * 0, np.where(x > 0, 1.0, np.inf) * 0, np.abs(x) * 0

    x = np.array([[np.nan, np.inf, -1.0]] * 2)
    graph = traced(function, A)
    with np.errstate(all="ignore"):
        for new, old in zip(run(simplify(graph, reading=False), [x]), run(graph, [x]), strict=True):
            np.testing.assert_array_equal(new, old)


def test_x_minus_x_stays_where_x_may_be_infinite():
    assert simplified(lambda x: x - x, A) == "(x - x)"


def test_plus_zero_makes_negative_zeros_positive():
    for reading in (True, False):
        after = simplify(unnamed(traced(lambda x: x + 0.0, A)), reading)
        assert not np.signbit(run(after, [np.array(-0.0)])[0])
    assert simplified(lambda x: 0 + x, A, phase="forward") == "x"
    assert simplified(lambda x: 0.0 + np.sum(x), A, phase="forward") == "sum(x)"


def test_plus_zero_goes_where_no_zero_can_be_negative():
    always = [
        lambda x: np.sum(x, axis=0), np.exp, np.square, np.abs, np.var, lambda x: x**2,
        lambda x: np.sqrt(np.abs(x)), lambda x: np.sqrt(x + 1.0), lambda x: (x + np.exp(x)).T,
        lambda x: np.add(x, 0.0),
    ]  # fmt: skip
    for f in always:
        graph = unnamed(traced(lambda x, f=f: recorded(np.add, f(x), 0.0), A))
        new = identities.plus_zero(graph.outputs[0])
        assert new is graph.outputs[0].args[0]
        assert not np.any(np.signbit(f(np.array([[-0.0, 0.0]]))))
    for f in (np.sqrt, np.tanh, lambda x: x**3, lambda x: x - 1, lambda x: x * 2, lambda x: x + x):
        graph = unnamed(traced(lambda x, f=f: recorded(np.add, f(x), 0.0), A))
        assert identities.plus_zero(graph.outputs[0]) is None


def test_the_learners_zeros_keep_their_sign():
    def function(x):
        return 0 - x, -(x - x * 1)

    graph = traced(function, A)
    for reading in (True, False):
        for new, old in zip(
            run(simplify(graph, reading), [A * 0]), run(graph, [A * 0]), strict=True
        ):
            np.testing.assert_array_equal(np.signbit(new), np.signbit(old))


def test_terms_are_gathered_also_in_what_has_a_name():
    graph = unnamed(traced(lambda x, y: (x - y) - y, A, A))
    graph.outputs[0].names = ["z"]
    assert lines(simplify(graph, reading=True)) == ["z = (x - (2 * y))", "z"]


def test_the_comparison_of_a_float32_with_a_float64_number_stays_one_of_float64():
    x = np.array([0.1], np.float32)
    graph = traced(lambda x: x < np.float64(0.1), x)
    for reading in (True, False):
        assert run(simplify(unnamed(graph), reading), [x])[0] == run(graph, [x])[0] == [False]


def test_numbers_that_numpy_takes_as_float64_stay_so():
    def function(x, c, s):
        return x < np.float64(1.0) * c, x * (np.float64(1.0) * c), s * x * x, (s * x) * (s * x)

    x = np.array([0.1, 1 / 3, 7.7], np.float32)
    leaves = [x, 0.1, np.float64(1 / 3)]
    graph = unnamed(traced(function, *leaves))
    for reading in (True, False):
        for new, old in zip(run(simplify(graph, reading), leaves), run(graph, leaves), strict=True):
            assert new.dtype == old.dtype
            np.testing.assert_allclose(new, old, rtol=1e-15)


def test_extreme_numbers_are_not_multiplied_beforehand():
    def function(x):
        return 1e25 * (1e25 * x), x / 1e25 / 1e25, 1e-25 * (1e-25 * x)

    x = np.array([1e-30], np.float32)
    graph = unnamed(traced(function, x))
    for reading in (True, False):
        for new, old in zip(run(simplify(graph, reading), [x]), run(graph, [x]), strict=True):
            np.testing.assert_allclose(new, old, rtol=1e-6)


def test_sums_and_means_of_whole_numbers_and_of_nothing_stay_what_they_are():
    def function(x):
        return (
            np.sum(np.broadcast_to(x, (4, *x.shape)), axis=0), np.sum(np.sum(x, axis=0)),
            np.mean(x, axis=0), np.var(x, axis=0), np.std(x, axis=0, ddof=5), np.sum(x, axis=(0,)),
            np.negative(-x), x + x, x * x, np.abs(-x), x**2, x**np.array([1.0, 2.0]), x**1,
        )  # fmt: skip

    for x in (
        np.array([[1, 2], [3, 5]], np.int8),
        np.array([[1, 2], [3, 5]], np.uint8),
        np.array([[1, 2], [3, 5]], np.float16),
        np.zeros((0, 2)),
        np.zeros((0, 2), np.float32),
    ):
        with np.errstate(all="ignore"), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            graph = unnamed(traced(function, x))
            for reading in (True, False):
                for new, old in zip(
                    run(simplify(graph, reading), [x]), run(graph, [x]), strict=True
                ):
                    assert new.dtype == old.dtype
                    np.testing.assert_allclose(new, old, rtol=1e-2)


def test_sums_of_single_numbers_may_name_an_axis():
    def function(x):
        return np.sum(x, axis=0) + np.sum(x, axis=-1) + np.max(x, axis=0)

    for x in (np.array(2.0), np.float64(2.0)):
        for reading in (True, False):
            graph = unnamed(traced(function, x))
            assert run(simplify(graph, reading), [x])[0] == 6


def test_no_rewriting_raises_where_numpy_divides_by_zero():
    def function(x, y, c):
        return 3 * x / c, (2 * x) * (2 * y / c), x / c + x, 2 * (x / c) - y

    with np.errstate(all="ignore"):
        graph = traced(function, A, A, 0.0)
        expected = run(graph, [A, A, 0.0])
        for reading in (True, False):
            for new, old in zip(
                run(simplify(unnamed(graph), reading), [A, A, 0.0]), expected, strict=True
            ):
                np.testing.assert_array_equal(np.isfinite(new), np.isfinite(old))


@pytest.mark.parametrize(
    ("function", "expected"),
    [
        (lambda W, c: (lambda V: (np.sum(V, axis=0), V @ W.T))(c * W), "sum((c * W), axis=0)"),
        (lambda W, y: (lambda V: (y * V, V @ W.T))(1 / W), "(y * (1 / W))"),
        (lambda W: (lambda V: (np.sum(V), V))(np.sum(W, axis=1)), "sum(sum(W, axis=1))"),
        (lambda W, c: (lambda V: (c * V, V))(0.3 * W + 0.7 * np.tanh(W)), "(c * ((0.3 * W) + "),
    ],
)
def test_what_is_used_elsewhere_is_not_computed_again(function, expected):
    count = len(inspect.signature(function).parameters)
    leaves = [A, 0.5 if "c" in inspect.signature(function).parameters else A][:count]
    assert simplified(function, *leaves, reading=False).startswith(expected)


# -- nodes that are the same -----------------------------------------------------------------------


def test_common_subexpressions_are_computed_once():
    def function(x):
        return np.exp(x) + np.tanh(x), np.exp(x) * np.tanh(x), np.sum(np.exp(x), axis=0)

    after = simplify(traced(function, A), reading=True)
    operations = [node.op for node in after.nodes() if node.kind == "operation"]
    assert sorted(op.__name__ for op in operations) == ["add", "exp", "multiply", "sum", "tanh"]


def test_numbers_of_other_types_and_signs_are_not_the_same():
    def function(x):
        return [np.maximum(x, c) for c in (1, 1.0, True, 0.0, -0.0, np.float64(1.0))]

    graph = traced(function, np.array([1, 2]))
    outputs = simplify(graph, reading=True).outputs
    assert len({id(node) for node in outputs}) == len(outputs)
    x = np.array([-1, 0])
    for new, old in zip(run(simplify(graph, reading=False), [x]), run(graph, [x]), strict=True):
        np.testing.assert_array_equal(new, old)
        np.testing.assert_array_equal(np.signbit(new), np.signbit(old))
        assert new.dtype == old.dtype


def test_what_is_the_same_belongs_to_the_forward_pass_and_keeps_its_first_name():
    def function(x):
        return np.exp(x), np.exp(x) + 1

    graph = traced(function, A)
    first, second = [node for node in graph.nodes() if node.op is np.exp]
    first.names, second.phase, second.names = ["first"], "backward", ["second"]
    graph.outputs.reverse()
    exp = next(node for node in simplify(graph, reading=True).nodes() if node.op is np.exp)
    assert exp.names == ["first"]
    assert exp.phase == "forward"


def test_a_node_that_becomes_another_one_leaves_it_its_name():
    def function(x):
        return np.exp(x) * 1

    graph = traced(function, A)
    graph.outputs[0].names = ["E"]
    for reading in (True, False):
        assert lines(simplify(graph, reading)) == ["E = exp(x)", "E"]


def test_what_no_result_needs_is_gone():
    def function(x):
        np.exp(x)
        return x - 0 * choice(x)

    for reading in (True, False):
        assert lines(simplify(unnamed(traced(function, A)), reading)) == ["x"]


def test_arguments_of_other_signs_are_not_the_same():
    def function(x):
        return np.where(x > 0, x, 0.0), np.where(x > 0, x, -0.0), np.where(x > 0, x, 0)

    outputs = simplify(traced(function, A), reading=False).outputs
    assert len({id(node) for node in outputs}) == 3


def test_inputs_are_no_derivatives():
    def function(W, V):
        return tg.grad(lambda W, V: np.sum(W * V), (0, 1))(W, V)

    for reading in (True, False):
        after = simplify(traced(function, A, A), reading)
        assert after.outputs == after.inputs[::-1]
        assert all(node.derivative_of is None for node in after.inputs)


def test_equal_constants_are_one_also_transposed():
    Y = np.arange(6.0).reshape(3, 2)

    def function(x):
        return x * Y.T + Y.T.copy(), x - Y.T

    for reading in (True, False):
        constants = [
            node
            for node in simplify(traced(function, A), reading).nodes()
            if node.kind == "constant"
        ]
        assert len(constants) == 1


def test_a_sum_with_its_axes_kept_and_one_without_are_one_sum_in_a_program_to_run():
    def function(x):
        return np.exp(x) / np.sum(np.exp(x), axis=0, keepdims=True), np.log(
            np.sum(np.exp(x), axis=0)
        )

    graph = traced(function, A)
    after = simplify(graph, reading=False)
    assert [node.op for node in after.nodes()].count(np.sum) == 1
    for new, old in zip(run(after, [A]), run(graph, [A]), strict=True):
        np.testing.assert_array_equal(new, old)


def test_softmax_and_its_loss_share_the_exponentials():
    def function(Z):
        return tg.softmax_cross_entropy(Z, np.eye(3)[:2], axis=0), tg.softmax(Z, axis=0)

    after = simplify(traced(function, A), reading=False)
    assert [node.op for node in after.nodes()].count(np.exp) == 1
    assert all(node.body is None for node in after.nodes())
    assert len(simplify(traced(function, A), reading=True).nodes()) == 4


# -- constants -------------------------------------------------------------------------------------


def test_operations_on_constants_are_done_beforehand_in_a_program_to_run():
    X = np.arange(6.0).reshape(2, 3)
    graph = traced(lambda x: x + 2 * np.exp(known(x, X)), A)
    after = simplify(graph, reading=False)
    assert [node.kind for node in after.nodes()] == ["input", "constant", "operation"]
    np.testing.assert_array_equal(run(after, [A])[0], A + 2 * np.exp(X))
    assert len(simplify(graph, reading=True).nodes()) > 3
    graph = traced(lambda x: x * recorded(np.exp, recorded(np.multiply, number_of(x, 0.0), 1)), A)
    assert lines(simplify(graph, reading=False)) == ["x"]


def known(x, array):
    """A constant that the tracer does not compute with beforehand."""
    return x.tracer.handle(x.tracer.constant_of(array))


def number_of(x, value):
    """A number that the tracer does not compute with beforehand."""
    return x.tracer.handle(number(np.float64(value)))


def test_a_small_constant_does_not_become_a_large_one():
    row = np.arange(1000.0)

    def function(x):
        return x * (np.reshape(known(x, row), (1000, 1)) * known(x, row))

    after = simplify(traced(function, 2.0), reading=False)
    assert max(node.size for node in after.nodes() if node.kind == "constant") == 1000


def test_fractions_stay_fractions_to_read():
    assert simplified(lambda x: (1 / 20) * x, A) == "(x / 20)"
    assert simplified(lambda x: (2 / 15) * x, A) == "((2 / 15) * x)"
    assert simplified(lambda x: (-1 / 30) * x, A) == "((-1 / 30) * x)"
    assert simplified(lambda x: np.float64(0.05) * x, A) == "(x / 20)"
    assert simplified(lambda x: 0.05 * x, A, phase="forward") == "(0.05 * x)"
    assert simplified(lambda x: 0.5 * x, A) == "(0.5 * x)"
    assert simplified(lambda x: 0.7123 * x, A) == "(0.7123 * x)"
    assert simplified(lambda x: np.float32(0.05) * x, A.astype("f4")) == "(x / 20)"
    graph = unnamed(traced(lambda x: (2 / 15) * x, A))
    np.testing.assert_array_equal(run(simplify(graph, True), [A])[0], 2 / 15 * A)


# -- the graph -------------------------------------------------------------------------------------


def test_inputs_stay_and_the_given_graph_does_not_change():
    graph = network()
    before = [(text(node), node.names, node.derivative_of, node.args) for node in graph.nodes()]
    for reading in (True, False):
        after = simplify(graph, reading)
        assert after.inputs is graph.inputs
        assert not {id(x) for x in after.nodes()} & {
            id(x) for x in graph.nodes() if x.kind != "input"
        }
    assert before == [
        (text(node), node.names, node.derivative_of, node.args) for node in graph.nodes()
    ]


def test_simplifying_again_changes_nothing():
    for reading in (True, False):
        once = simplify(network(), reading)
        assert lines(simplify(once, reading)) == lines(once)


def test_conditions_stay_and_those_that_always_hold_do_not():
    graph = traced(lambda W, lambd: tg.l2(W, lambd, 20) + tg.l1(W, 0.5, 20), A, 0.7)
    graph.guards.append((number(True), True))
    graph.guards.append(graph.guards[0])
    after = simplify(graph, reading=False)
    conditions = [(text(node), truth) for node, truth in after.guards]
    assert conditions == [(text(node), truth) for node, truth in graph.guards[:2]]
    after_nodes = {id(node) for node in after.nodes()}
    assert all(id(node) in after_nodes for node, _ in after.guards)


def test_derivatives_are_those_of_nodes_of_the_new_graph():
    for reading in (True, False):
        after = simplify(network(), reading)
        nodes = {id(node) for node in after.nodes()}
        found = {
            node.derivative_of[1].names[0]: node.derivative_of[1]
            for node in after.nodes()
            if node.derivative_of is not None and node.derivative_of[1].names
        }
        assert {"Z1", "Z2", "W1", "b1", "W2", "b2"} <= set(found)
        assert all(id(node) in nodes for node in found.values())


def network():
    X, Y = np.arange(40.0).reshape(4, 10) / 40, np.eye(10)[:1]

    def J(W1, b1, W2, b2, lambd):
        m = X.shape[1]
        Z1 = W1 @ X + b1
        A1 = np.tanh(Z1)
        Z2 = W2 @ A1 + b2
        losses = tg.binary_cross_entropy(Z2, Y)
        return np.sum(losses) / m + tg.l2([W1, W2], lambd, m)

    leaves = [rng.normal(size=shape) for shape in [(3, 4), (3, 1), (1, 3), (1, 1)]]
    graph = traced(tg.value_and_grad(J, range(4)), *leaves, 0.7)
    for name, node in zip(("W1", "b1", "W2", "b2", "lambd"), graph.inputs, strict=True):
        node.names = [name]
    return graph


def test_a_network_reads_like_the_lesson():
    after = simplify(network(), reading=True)
    written = {}
    for node in after.nodes():
        derivative = node.derivative_of and node.derivative_of[1].names
        if derivative and node.kind == "operation":
            node.names = ["d" + derivative[0]]
    for line in lines(after):
        name, _, expression = line.partition(" = ")
        written.setdefault(name, expression)
    assert {name: written[name] for name in written if name.startswith("d")} == {
        "dZ2": "((sigmoid(Z2) - Y) / m)",
        "dA1": "(transpose(W2) @ dZ2)",
        "dZ1": "(dA1 * (1 - (A1 ** 2)))",
        "dW1": "((dZ1 @ transpose(X)) + ((lambd / m) * W1))",
        "db1": "sum(dZ1, axis=1, keepdims=True)",
        "dW2": "((dZ2 @ transpose(A1)) + ((lambd / m) * W2))",
        "db2": "sum(dZ2, axis=1, keepdims=True)",
    }


def test_logistic_regression_reads_like_the_lesson():
    X, Y = np.arange(40.0).reshape(4, 10) / 40, np.eye(10)[:1]

    def J(w, b, lambd):
        m = X.shape[1]
        Z = w.T @ X + b
        return np.sum(tg.binary_cross_entropy(Z, Y)) / m + tg.l2(w, lambd, m)

    graph = traced(tg.value_and_grad(J, (0, 1)), rng.normal(size=(4, 1)), 0.1, 0.7)
    for name, node in zip(("w", "b", "lambd"), graph.inputs, strict=True):
        node.names = [name]
    after = simplify(graph, reading=True)
    dZ = next(x for x in after.nodes() if x.derivative_of and x.derivative_of[1].names == ["Z"])
    dZ.names = ["dZ"]
    assert lines(after)[-3:] == [
        "((sum(binary_cross_entropy(Z, Y)) / m) + ((lambd / (2 * m)) * sum((w ** 2))))",
        "((X @ transpose(dZ)) + ((lambd / m) * w))",
        "sum(dZ)",
    ]


def test_the_sigmoid_of_a_program_to_read_knows_its_formula():
    graph = unnamed(traced(lambda Z: 1 / (1 + np.exp(-Z)), A))
    node = simplify(graph, reading=True).outputs[0]
    parameters, result = node.body
    assert node.op is sigmoid
    value = run(Graph(parameters, [result]), [A])[0]
    np.testing.assert_array_equal(value, 1 / (1 + np.exp(-A)))


def test_penalties_come_last_and_derivatives_first_to_read():
    W, dZ = (
        Node("input", shape=(2, 3), dtype=np.dtype(float)),
        Node("input", shape=(2, 3), dtype=np.dtype(float)),
    )
    W.names, dZ.names = ["W"], ["Z"]
    decay = operation(np.multiply, number(0.3), W, shape=W.shape, dtype=W.dtype)
    step = operation(np.tanh, dZ, shape=W.shape, dtype=W.dtype)
    total = operation(np.add, decay, step, shape=W.shape, dtype=W.dtype)
    decay.penalty, decay.phase, step.phase, total.phase = True, "backward", "backward", "backward"
    assert text(wording.penalty_last(total)) == "(tanh(Z) + (0.3 * W))"
    assert wording.penalty_last(wording.penalty_last(total)) is None
    step.penalty = True
    assert wording.penalty_last(total) is None
    step.derivative_of = ("cotangent", W)
    product = operation(np.multiply, decay, step, shape=W.shape, dtype=W.dtype)
    assert text(wording.derivative_first(product)) == "(tanh(Z) * (0.3 * W))"
    assert wording.derivative_first(wording.derivative_first(product)) is None
    step.op, W.names = np.matmul, []
    assert wording.derivative_first(product) is None
    step.op = np.tanh
    decay.names = ["decay"]
    assert wording.derivative_first(product) is None
    decay.names, decay.derivative_of = [], ("cotangent", W)
    assert wording.derivative_first(product) is None


def test_lengths_are_numbers_in_a_program_to_run():
    graph = traced(lambda X: np.sum(X) / X.shape[1], A)
    assert lines(simplify(graph, reading=False)) == ["(sum(X) / 3)"]
    assert lines(simplify(graph, reading=True)) == ["(sum(X) / length_of(X, 1))"]


def test_every_rule_has_an_example():
    every = {rule for table in TABLES for entry in table.values() for rule in entry}
    separately = {wording.penalty_last, wording.derivative_first, speed.known_length}
    assert every | set(rules.ENTRYWISE) == {case.rule for case in CASES} | separately


TABLES = [*rules.FORWARD, *rules.BACKWARD, *rules.FAST]


# -- size and time ---------------------------------------------------------------------------------


def long_chain(steps):
    def function(W, x):
        for i in range(steps):
            x = np.tanh(W @ x + 0.1 * i) + x
        return np.sum(x)

    return traced(tg.value_and_grad(function), np.eye(2) / 2, np.ones((2, 3)))


@pytest.mark.parametrize("reading", [True, False], ids=["to read", "to run"])
def test_time_grows_linearly_with_the_number_of_nodes(reading):
    def seconds(graph):
        started = time.perf_counter()
        simplify(graph, reading)
        return time.perf_counter() - started

    small, large = long_chain(70), long_chain(700)
    assert len(large.nodes()) > 10_000
    per_node = min(seconds(small) for _ in range(5)) / len(small.nodes())
    assert min(seconds(large) for _ in range(2)) / len(large.nodes()) < 3 * per_node


def test_a_long_chain_of_one_scalar_is_one_multiple():
    def function(x, c):
        y = x
        for _ in range(3000):
            y = c * y
        return y

    after = simplify(traced(function, np.ones(3), 0.999), reading=False)
    assert [node.shape for node in after.nodes() if node.kind == "operation"].count((3,)) == 1
    np.testing.assert_allclose(run(after, [np.ones(3), 0.999])[0], 0.999**3000, rtol=1e-11)
