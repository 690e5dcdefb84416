"""The printed table says what the rules say."""

from pathlib import Path

import numpy as np
import scipy.special  # noqa: F401 (its lines are entered when it is there)

import tinygrad_reg as tg
from tinygrad_reg.derivatives import losses, networks, penalties
from tinygrad_reg.derivatives.listing import lines
from tinygrad_reg.tensor import functions, rules

FOLDER = Path(tg.derivatives.__file__).parent


def line_of(operation):
    return next(line for line in lines() if line.operation == operation)


def test_formulas_are_printed_as_they_are_written():
    assert line_of("np.tanh").formulas == ("1 - y * y",)
    assert line_of("np.subtract").formulas == ("1", "-1")
    assert line_of("np.multiply").formulas == ("b", "a")
    assert line_of("np.where").formulas[0] == "constant"
    assert "np.reshape" in line_of("np.squeeze").formulas[0]


def test_a_domain_and_kinks_are_printed():
    def root(x):
        return np.sqrt(np.abs(x))

    tg.elementwise(root, lambda y, x: 0.5 / y, domain=(0, np.inf), kinks={"x = 0": "none"})
    try:
        line = line_of("root")
        assert (line.domain, line.kinks) == ("x > 0", "x = 0: none")
        assert line.formulas == ("0.5 / y",)
    finally:
        functions.pop(root)
        for op in [op for op, rule in rules.items() if rule.name == "root"]:
            rules.pop(op)


def test_two_lambdas_on_one_line_are_told_apart():
    def product(a, b):
        return a * b

    tg.elementwise(product, lambda y, a, b: b, lambda y, a, b: a)
    try:
        assert line_of("product").formulas == ("b", "a")
    finally:
        functions.pop(product)
        for op in [op for op, rule in rules.items() if rule.name == "product"]:
            rules.pop(op)


def test_every_line_of_the_table_is_printed_once_and_says_something():
    # Not those that other tests have entered.
    found = [line for line in lines() if line.operation.startswith(("np.", "tg.", "x"))]
    names = [line.operation for line in found]
    assert len(names) == len(set(names)) > 90
    assert not [line for line in found if not all(line.formulas)]
    assert not [name for name in names if name.endswith("_")]


def test_lines_say_what_they_are_of_and_in_which_form():
    found = {line.operation: line for line in lines()}
    forms = {
        "elementwise": ["np.tanh", "np.add", "scipy.special.erf"],
        "reduction": ["np.max", "np.sum", "np.linalg.norm"],
        "linear": ["np.matmul", "np.transpose"],
        "derivative": ["np.linalg.inv", "np.sort", "tg.l2"],
        "composition": ["np.concatenate", "np.select"],
    }
    for form, operations in forms.items():
        for operation in operations:
            assert found[operation].form == form, operation
    ours = {f"tg.{name}" for module in (losses, networks, penalties) for name in module.__all__}
    assert ours <= set(found)
    assert len(found["tg.l2"].formulas) == 3  # lambd, m and the weights
    assert len(found["np.add"].formulas) == 2
    domains = {
        "np.log": "x > 0",
        "np.power": "a > 0",
        "np.tanh": "",
        "scipy.special.erfinv": "-1 < x < 1",
        "scipy.special.xlogy": "b > 0",
    }
    assert {operation: found[operation].domain for operation in domains} == domains


def test_every_line_that_has_a_kink_names_the_subgradient():
    for name in ("np.absolute", "np.maximum", "np.minimum", "tg.relu", "np.max", "np.hypot"):
        assert line_of(name).kinks, name


def test_lines_say_where_they_are_written():
    for line in lines():
        if line.operation.startswith(("np.", "tg.", "scipy.", "x")):
            written = (FOLDER / line.file).read_text(encoding="utf-8").splitlines()
            assert 0 <= line.number <= len(written)
            if line.number == 0:
                assert all(formula in ("-1", "0", "1") for formula in line.formulas), line
                assert line.operation.removesuffix(".reduce") in "\n".join(written), line
    tanh, flattened, total = line_of("np.tanh"), line_of("np.ravel"), line_of("np.sum")
    written = (FOLDER / tanh.file).read_text(encoding="utf-8").splitlines()[tanh.number - 1]
    assert written == "elementwise(np.tanh, lambda y, x: 1 - y * y)"
    assert (flattened.file, total.file) == ("shapes.py", "reductions.py")


def test_a_method_of_a_ufunc_is_named_with_its_ufunc():
    names = {line.operation for line in lines()}
    assert {"np.add.reduce", "np.multiply.accumulate", "np.logaddexp.reduce"} <= names
    assert not {"reduce", "accumulate"} & names
