"""Every property of `check_rule`, for every case of every line; and no line without a case."""

import operator

import numpy as np
import optree
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import tinygrad_reg as tg
from tinygrad_reg.tensor import Rule, Tensor, functions, rules
from tinygrad_reg.testing.rules import PROPERTIES
from tinygrad_reg.testing.samples import CASES, entries

from ..deep import shared


@pytest.mark.parametrize("check", PROPERTIES, ids=lambda check: check.__name__)
@pytest.mark.parametrize("case", CASES, ids=repr)
def test_every_line(case, check):
    @shared(len(CASES), case.tries)
    @given(st.data())
    def on_examples(data):
        check(case, data)

    on_examples()


# No line may be forgotten.


def of_the_package(op):
    if getattr(op, "__code__", None) and op.__code__.co_filename.startswith("<doctest"):
        return False  # an example in a docstring
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


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_every_rule_is_met_by_a_case():
    met: set[Rule] = set()
    for case in CASES:
        shapes, keywords = some_layout(case)
        arrays = entries(shapes, case.domains)
        met.update(rules_of(case, arrays, keywords))
    lines = {rule for rule in rules.values() if of_the_package(rule.op)}
    assert len(lines) > 60
    assert not {f"{getattr(rule.op, '__module__', 'numpy')}.{rule.name}" for rule in lines - met}


def rules_of(case, arrays, keywords):
    """Every rule in the graphs of a case: of its value, its gradient and its second derivatives."""
    met = set()
    value = case.call(*arrays, **keywords)

    def contracted(*xs):
        return sum(np.sum(y * 0.7) for y in optree.tree_leaves(case.call(*xs, **keywords)))

    def second(*xs):
        gradients = tg.grad(contracted, range(len(xs)))(*xs)
        outputs = optree.tree_leaves(case.call(*xs, **keywords))
        rules_met([*outputs, *gradients], met)
        return sum(np.sum(g) for g in gradients)

    tg.grad(second, range(len(arrays)))(*arrays)
    return met if optree.tree_leaves(value) else set()


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
    private = {
        op for op in functions if (getattr(op, "__module__", None) or "").startswith("tinygrad_reg")
    }
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
