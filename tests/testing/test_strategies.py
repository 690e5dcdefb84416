"""Arrays are drawn as asked for, and random programs are what a person would write."""

import ast

import numpy as np
import optree
import pytest
from hypothesis import find, given, settings
from hypothesis import strategies as st

import tinygrad_reg as tg
from tinygrad_reg.tensor import Tensor
from tinygrad_reg.testing import GradientMismatch, check_gradients, strategies


@given(
    st.data(),
    st.sampled_from([np.float32, np.float64]),
    st.sampled_from(["any", "positive", "negative"]),
    st.tuples(st.floats(0, 10), st.floats(0.5, 10)).map(lambda t: (t[0], t[0] + t[1])),
)
def test_arrays_have_the_shape_dtype_magnitude_and_sign_asked_for(data, dtype, sign, magnitude):
    shape = data.draw(strategies.shapes())
    x = data.draw(strategies.arrays(shape, dtype=dtype, magnitude=magnitude, sign=sign))
    assert x.shape == shape
    assert x.dtype == dtype
    rounding = 1e-6 * magnitude[1]
    assert np.all(np.abs(x) >= magnitude[0] - rounding)
    assert np.all(np.abs(x) <= magnitude[1] + rounding)
    if sign != "any":
        assert np.all(x > 0) if sign == "positive" else np.all(x < 0)


@given(strategies.arrays(kinks=[0.0, 1.0]))
def test_arrays_away_from_kinks_touch_none_and_have_no_ties(x):
    for kink in (0.0, 1.0):
        assert np.all(np.abs(x - kink) > 0.01)


@given(strategies.arrays(magnitude=(0, 3)))
def test_no_two_entries_of_an_array_are_equal(x):
    assert np.unique(np.abs(x)).size == x.size


@given(strategies.arrays(kinks=[0.0, -1.0], at="on"))
def test_arrays_on_kinks_have_an_entry_there(x):
    assert np.isin(x, [0.0, -1.0]).any()


@given(strategies.broadcastable(3, sign="positive"))
def test_broadcastable_arrays_broadcast(group):
    assert len(group) == 3
    np.broadcast(*group)
    assert all(np.all(x > 0) for x in group)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"magnitude": (2, 1)}, "least < largest"),
        ({"sign": "+"}, "'positive'"),
        ({"at": "near"}, "'away'"),
        ({"at": "on"}, "kinks="),
    ],
)
def test_contradictions_are_errors(settings, message):
    with pytest.raises(ValueError, match=message):
        find(strategies.arrays(**settings), lambda x: True)


@given(strategies.programs())
def test_programs_are_readable_functions_of_what_they_are_called_with(program):
    tree = ast.parse(program.source)
    function = tree.body[0]
    assert isinstance(function, ast.FunctionDef)
    assert len(function.args.args) == len(program.arguments)
    results = program(*program.arguments)
    for y in results if isinstance(results, tuple) else (results,):
        assert np.isfinite(y).all()
    names = {node.id for node in ast.walk(function) if isinstance(node, ast.Name)}
    assert {argument.arg for argument in function.args.args} <= names


@given(strategies.programs())
def test_a_printed_program_runs_when_it_is_pasted(program):
    namespace = {}
    exec(repr(program).replace("check_gradients(program", "(lambda *_: None)(program"), namespace)
    again = namespace["program"](*program.arguments)
    flat = again if isinstance(again, tuple) else (again,)
    first = program(*program.arguments)
    for a, b in zip(flat, first if isinstance(first, tuple) else (first,), strict=True):
        np.testing.assert_array_equal(a, b)


@given(strategies.programs())
def test_gradients_of_programs_are_right(program):
    check_gradients(program, *program.arguments)


@given(strategies.programs(at="on"))
def test_programs_at_kinks_have_numbers_as_derivatives_and_the_same_in_both_modes(program):
    # Not always between the slopes: a sum of subgradients need not be one of the sum.
    primals = program.arguments
    value, pullback = tg.vjp(program, *primals)
    weights = optree.tree_map(np.ones_like, value)
    gradients = pullback(weights)
    _, tangent = tg.jvp(program, primals, primals)
    assert all(np.isfinite(g).all() for g in gradients)
    by_reverse = sum(np.sum(g * x) for g, x in zip(gradients, primals, strict=True))
    by_forward = sum(np.sum(t) for t in optree.tree_leaves(tangent))
    size = sum(np.sum(np.abs(g * x)) for g, x in zip(gradients, primals, strict=True))
    assert abs(by_reverse - by_forward) <= 1e-9 * max(1, size)


def nodes_behind(results):
    found, todo = {}, list(results)
    while todo:
        tensor = todo.pop()
        if type(tensor) is Tensor and id(tensor) not in found:
            found[id(tensor)] = tensor
            todo += tensor.args
    return found.values()


def test_programs_reach_most_kinds_of_operations_and_share_subexpressions():
    met, shared, several = set(), 0, 0

    @settings(max_examples=400, database=None)
    @given(strategies.programs())
    def look(program):
        nonlocal shared, several
        inputs = [tg.Tensor(x, requires_grad=True) for x in program.arguments]
        several += len(inputs) > 1
        results = program(*inputs)
        nodes = nodes_behind(results if isinstance(results, tuple) else [results])
        met.update(node.rule.name for node in nodes if node.rule is not None)
        uses = [id(x) for node in nodes for x in node.args if type(x) is Tensor]
        shared += len(uses) > len(set(uses))

    look()
    assert {"add", "matmul", "tanh", "sum", "max", "getitem", "sigmoid", "l1", "l2"} <= met
    assert len(met) > 50
    assert shared > 50
    assert several > 50


def test_a_wrong_rule_is_found_by_a_program_that_shrinks_to_one_line():
    def smooth(x):
        return np.tanh(x)

    wrong = tg.elementwise(smooth, lambda y, x: 1 - y)

    @settings(database=None, derandomize=True, max_examples=200)
    @given(strategies.programs())
    def check(program):
        inputs = [np.asarray(x) for x in program.arguments]
        check_gradients(
            lambda *xs: wrong(np.sum(program(*xs))) if one(program) else 0 * xs[0], *inputs, order=1
        )

    def one(program):
        return not isinstance(program(*program.arguments), tuple)

    with pytest.raises(GradientMismatch) as caught:
        check()
    printed = "\n".join(getattr(caught.value, "__notes__", []))
    assert "def program(" in printed
    source = printed[printed.index("def program(") :]
    assert source.index("\n\n") < 60
    assert "\ncheck_gradients(program, " in source


@given(strategies.programs(max_inputs=4))
def test_entries_of_a_programs_arguments_stay_away_from_each_other(program):
    entries = np.sort(np.concatenate([np.ravel(x) for x in program.arguments]))
    assert np.all(np.diff(entries) > 0)
    assert np.all(entries != 0)
