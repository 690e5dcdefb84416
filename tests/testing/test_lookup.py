"""What is typed on the command line finds its function and its arguments, or says what is wrong."""

import numpy as np
import pytest

from tinygrad_reg.testing.lookup import (
    LookupProblem,
    arguments_for,
    differentiable,
    find_function,
)

MODEL = """
import numpy as np
X = np.array([[1.0, 2.0]])
labels = np.array([0, 1])
def cost(W, X, lambd=0.5, m=2): return np.sum((W @ X) ** 2) + lambd / m * np.sum(W**2)
number = 3
class Model:
    def cost(W): return np.sum(W)
"""


@pytest.fixture
def model(tmp_path, monkeypatch):
    (tmp_path / "a_model.py").write_text(MODEL)
    (tmp_path / "broken.py").write_text("1 / 0")
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    return tmp_path


@pytest.mark.parametrize("named", ["a_model:cost", "a_model.py:cost"])
def test_a_function_is_found_by_module_or_file(model, named):
    found = find_function(named)
    assert found(np.ones((1, 1)), np.ones((1, 1))) == 1.25


def test_a_function_inside_a_class_is_found(model):
    assert find_function("a_model:Model.cost")(np.ones(2)) == 2


@pytest.mark.parametrize(
    ("named", "message"),
    [
        ("a_model", "module:function"),
        (":cost", "module:function"),
        ("a_model:", "module:function"),
        ("nowhere:cost", "no module 'nowhere'"),
        ("nowhere.py:cost", "no file nowhere.py"),
        ("a_model:price", "functions: cost"),
        ("a_model:number", "expected a function"),
        ("broken:cost", "importing broken failed"),
        ("broken.py:cost", "ZeroDivisionError"),
    ],
)
def test_what_names_no_function_is_said(model, named, message):
    with pytest.raises(LookupProblem, match=message):
        find_function(named)


def test_arguments_come_from_options_the_module_and_defaults_in_this_order(model):
    cost = find_function("a_model:cost")
    given = arguments_for(cost, shapes=["W=3,1"], values=["m=7"], seed=1)
    assert list(given) == ["W", "X", "lambd", "m"]
    assert given["W"].shape == (3, 1)
    np.testing.assert_array_equal(given["X"], [[1.0, 2.0]])
    assert (given["lambd"], given["m"]) == (0.5, 7)
    again = arguments_for(cost, shapes=["W=3,1"], seed=1)
    np.testing.assert_array_equal(given["W"], again["W"])
    assert np.any(given["W"] != arguments_for(cost, shapes=["W=3,1"], seed=2)["W"])
    assert arguments_for(cost, shapes=["W="])["W"].shape == ()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({}, "cost needs W: .*--shape W=2,3"),
        ({"shapes": ["V=2"]}, "parameters W, X, lambd, m"),
        ({"shapes": ["W=two"]}, "expected lengths"),
        ({"values": ["W"]}, "expected name="),
        ({"values": ["W=np.one(2)"]}, "AttributeError"),
    ],
)
def test_what_is_missing_or_wrong_among_arguments_is_said(model, options, message):
    with pytest.raises(LookupProblem, match=message):
        arguments_for(find_function("a_model:cost"), **options)


def test_only_floats_are_differentiated_by():
    given = {"W": {"a": np.ones(2)}, "labels": np.array([0, 1]), "m": 2, "lambd": 0.5, "none": []}
    f, chosen = differentiable(
        lambda W, labels, m, lambd, none: (W["a"] * m + lambd, labels), given
    )
    assert list(chosen) == ["W", "lambd"]
    value, labels = f({"a": np.array([3.0])}, 1.0)
    assert (value, list(labels)) == (7.0, [0, 1])
    with pytest.raises(LookupProblem, match="m is int"):
        differentiable(lambda m: m, {"m": 2})
