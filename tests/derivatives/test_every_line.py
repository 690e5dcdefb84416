"""Every operation of the table: NumPy's answer, both modes, second order, adjointness, float32."""

import operator
from functools import wraps

import numpy as np
import optree
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import tinygrad_reg as tg
from tinygrad_reg.tensor import Rule, Tensor, functions, rules
from tinygrad_reg.testing import numerical_gradient, numerical_jvp
from tinygrad_reg.testing.samples import CASES, entries, examples


def every_case(test):
    """Run a property for every case, on as many examples as the case asks for."""

    @pytest.mark.parametrize("case", CASES, ids=repr)
    @wraps(test)
    def run(case):
        @settings(max_examples=case.tries)
        @given(st.data())
        def on_examples(data):
            test(case, data)

        on_examples()

    del run.__wrapped__  # pytest shall see the arguments of `run`
    return run


FLOAT_TYPES = st.sampled_from([np.float32, np.float64])


def like(tree, random):
    """Pseudo-random numbers of the shapes and dtypes of nested arrays."""
    return optree.tree_map(
        lambda x: np.asarray(random.uniform(-1.0, 1.0, np.shape(x)), np.asarray(x).dtype), tree
    )


def product(left, right):
    """⟨left, right⟩ of nested arrays or tensors."""
    pairs = zip(optree.tree_leaves(left), optree.tree_leaves(right), strict=True)
    return sum(np.sum(a * b) for a, b in pairs)


def assert_close(found, expected, tolerance):
    """Nested arrays agree, relative to the largest entry."""
    found, expected = optree.tree_leaves(found), optree.tree_leaves(expected)
    assert len(found) == len(expected)
    scale = max((np.max(np.abs(x), initial=0) for x in expected), default=0)
    for a, b in zip(found, expected, strict=True):
        assert np.shape(a) == np.shape(b)
        np.testing.assert_allclose(a, b, rtol=tolerance, atol=tolerance * max(scale, 1e-2))


class Problem:
    """A case at one example: f as a function of its arrays alone, and directions to look in."""

    def __init__(self, case, arrays, keywords):
        self.f = lambda *xs: case.call(*xs, **keywords)
        self.xs = tuple(arrays)
        self.argnums = range(len(arrays))
        with np.errstate(all="ignore"):
            self.y = self.f(*self.xs)
        random = np.random.default_rng(1)
        self.u = like(self.y, random)
        self.v = like(self.xs, random)
        self.w = like(self.xs, random)

    def contracted(self, *xs):
        """⟨u, f⟩, a single number."""
        return product(self.u, self.f(*xs))

    def gradient(self, *xs):
        """∇⟨u, f⟩ in reverse mode."""
        return tg.grad(self.contracted, self.argnums)(*xs)


@every_case
def test_value_dtype_and_shape_are_those_of_numpy(case, data):
    arrays, keywords = data.draw(examples(case, smallest=data.draw(st.sampled_from([0, 1]))))
    arrays = [x.astype(data.draw(FLOAT_TYPES)) for x in arrays]
    with np.errstate(all="ignore"):
        try:
            expected = case.call(*arrays, **keywords)
        except ValueError:  # such as the largest of no entries
            with pytest.raises(ValueError, match=r"."):
                case.call(*[tg.Tensor(x, requires_grad=True) for x in arrays], **keywords)
            return
        for tracked in (True, False):
            found = case.call(*[tg.Tensor(x, requires_grad=tracked) for x in arrays], **keywords)
            assert optree.tree_structure(found) == optree.tree_structure(expected)
            for tensor, y in zip(
                optree.tree_leaves(found), optree.tree_leaves(expected), strict=True
            ):
                assert type(tensor) is Tensor
                assert (tensor.shape, tensor.dtype) == (np.shape(y), y.dtype)
                np.testing.assert_array_equal(tensor.data, y)


@every_case
def test_reverse_and_forward_mode_agree_with_differences(case, data):
    problem = Problem(case, *data.draw(examples(case)))
    y, tangent = tg.jvp(problem.f, problem.xs, problem.v)
    assert_close(y, problem.y, 1e-14)
    assert_close(tangent, numerical_jvp(problem.f, problem.xs, problem.v), case.tolerance)
    if sum(x.size for x in problem.xs) <= 8:
        differences = numerical_gradient(problem.contracted, *problem.xs, argnums=problem.argnums)
        assert_close(problem.gradient(*problem.xs), differences, case.tolerance)


@every_case
def test_reverse_mode_is_the_adjoint_of_forward_mode(case, data):
    problem = Problem(case, *data.draw(examples(case)))
    _, tangent = tg.jvp(problem.f, problem.xs, problem.v)
    _, pullback = tg.vjp(problem.f, *problem.xs)
    by_forward = product(problem.u, tangent)
    by_reverse = product(pullback(problem.u), problem.v)
    size = product(optree.tree_map(np.abs, problem.u), optree.tree_map(np.abs, tangent))
    assert abs(by_forward - by_reverse) <= 1e-13 * max(size, 1)


@every_case
def test_second_order_agrees_with_differences_in_every_nesting(case, data):
    problem = Problem(case, *data.draw(examples(case)))
    xs, v, w = problem.xs, problem.v, problem.w

    def slope(*xs):  # ⟨∇⟨u, f⟩, v⟩ in forward mode
        return tg.jvp(problem.contracted, xs, v)[1]

    expected = numerical_jvp(problem.gradient, xs, v)
    forward_over_reverse = tg.jvp(problem.gradient, xs, v)[1]
    assert_close(forward_over_reverse, expected, case.tolerance)
    reverse_over_forward = tg.grad(slope, problem.argnums)(*xs)
    assert_close(reverse_over_forward, expected, case.tolerance)
    reverse_over_reverse = tg.grad(lambda *xs: product(problem.gradient(*xs), v), problem.argnums)
    assert_close(reverse_over_reverse(*xs), expected, case.tolerance)
    forward_over_forward = tg.jvp(slope, xs, w)[1]
    assert_close(forward_over_forward, product(expected, w), case.tolerance)


@every_case
def test_gradients_keep_the_dtype_of_each_argument(case, data):
    arrays, keywords = data.draw(examples(case))
    dtypes = [data.draw(FLOAT_TYPES) for _ in arrays]
    exact = Problem(case, arrays, keywords)
    rounded = Problem(case, [x.astype(t) for x, t in zip(arrays, dtypes, strict=True)], keywords)
    y, pullback = tg.vjp(rounded.f, *rounded.xs)
    for found, expected in zip(optree.tree_leaves(y), optree.tree_leaves(rounded.y), strict=True):
        assert found.dtype == expected.dtype
    _, tangent = tg.jvp(rounded.f, rounded.xs, rounded.v)
    for found, expected in zip(
        optree.tree_leaves(tangent), optree.tree_leaves(rounded.y), strict=True
    ):
        assert found.dtype == expected.dtype
    gradients = pullback(rounded.u)
    assert [g.dtype for g in gradients] == dtypes
    assert_close(gradients, exact.gradient(*exact.xs), 2e-4)
    second = tg.jvp(rounded.gradient, rounded.xs, rounded.v)[1]
    assert [g.dtype for g in second] == dtypes


@every_case
def test_empty_arrays_have_empty_gradients(case, data):
    arrays, keywords = data.draw(examples(case, smallest=0))
    try:
        with np.errstate(all="ignore"):
            problem = Problem(case, arrays, keywords)
    except ValueError:
        return
    with np.errstate(all="ignore"):
        gradients = problem.gradient(*problem.xs)
    assert [g.shape for g in gradients] == [x.shape for x in arrays]
    tangent = tg.jvp(problem.f, problem.xs, problem.v)[1]
    assert optree.tree_map(np.shape, tangent) == optree.tree_map(np.shape, problem.y)


# No line may be forgotten.


def of_the_package(op):
    return (getattr(op, "__module__", None) or "numpy").split(".")[0] in (
        "numpy",
        "_operator",
        "tinygrad_reg",
    )


def rules_met(tensors, met):
    """Every rule in the graph behind some tensors."""
    seen, todo = set(), list(tensors)
    while todo:
        tensor = todo.pop()
        if type(tensor) is Tensor and id(tensor) not in seen:
            seen.add(id(tensor))
            todo += tensor.args
            if tensor.rule is not None:
                met.add(tensor.rule)


def test_every_rule_is_met_by_a_case():
    met: set[Rule] = set()
    for case in CASES:
        shapes, keywords = some_layout(case)
        arrays = entries(shapes, case.domains)
        problem = Problem(case, arrays, keywords)

        def second(*xs, problem=problem):
            gradients = problem.gradient(*xs)
            rules_met([*optree.tree_leaves(problem.f(*xs)), *gradients], met)
            return product(gradients, problem.v)

        tg.grad(second, problem.argnums)(*arrays)
    lines = {rule for rule in rules.values() if of_the_package(rule.op)}
    assert len(lines) > 60
    assert not lines - met


def some_layout(case):
    """One of the examples of a case, the same in every run."""
    found = []

    @settings(max_examples=4)
    @given(case.layout(1))
    def look(example):
        found.append(example)

    look()
    return max(found, key=lambda example: sum(np.prod(shape) for shape in example[0]))


def test_every_function_of_the_dispatch_has_a_case():
    tested = {case.operation for case in CASES}
    private = {op for op in functions if getattr(op, "__module__", "").startswith("tinygrad_reg")}
    assert not {op for op in functions if of_the_package(op)} - private - tested


LISTED = """
    add subtract multiply divide power negative matmul exp exp2 expm1 log log1p log2 log10
    sqrt cbrt square reciprocal sin cos tan arcsin arccos arctan arctan2 sinh cosh tanh
    arcsinh arccosh arctanh absolute fabs maximum minimum fmax fmin logaddexp hypot clip
    where sum mean var std prod max min amax amin dot outer inner vdot reshape ravel
    transpose swapaxes moveaxis expand_dims squeeze broadcast_to concatenate stack split
"""
OURS = """
    sigmoid relu softplus logsumexp softmax binary_cross_entropy softmax_cross_entropy
    l1 l2 elastic_net group_lasso
"""


def test_every_promised_operation_has_a_case():
    tested = {case.operation for case in CASES}
    promised = [getattr(np, name) for name in LISTED.split()]
    promised += [getattr(tg, name) for name in OURS.split()]
    promised += [operator.add, operator.sub, operator.mul, operator.truediv, operator.pow]
    promised += [operator.matmul, operator.neg, operator.getitem, np.ndarray.astype]
    assert not [op for op in promised if op not in tested]
