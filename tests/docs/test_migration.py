"""What the pages on moving from other libraries say of them: the same program, the same numbers.

A page holds their program (a fence with the library's name as its caption), ours (its cells), and
tables. Their program and ours must leave the same results; every name in the tables exists;
expressions that stand side by side are equal, or give what the page says that each gives.
"""

import ast
import re
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import optree
import pytest

import tinygrad_reg
import tinygrad_reg.testing
import tinygrad_reg.training
from tests.docs.run_page import cells_of

GUIDES = Path(__file__).parents[2] / "docs" / "guides"
RESULTS = ("J", "w", "b", "theta")
COMPARED = ("theirs", "ours", "what differs")
DIFFERENT = ("theirs", "gives", "ours", "gives")


def text_of(page: str) -> str:
    return (GUIDES / f"from-{page}.md").read_text(encoding="utf-8")


def their_program(page: str) -> str:
    [code] = re.findall(
        r"^```\{code-block\} python\n:caption:[^\n]*\n(.*?)^```$",
        text_of(page), re.MULTILINE | re.DOTALL,
    )  # fmt: skip
    return code


def our_program(page: str) -> str:
    return "\n".join(cell.code for cell in cells_of(text_of(page)))


def rows(page: str, header: tuple[str, ...]) -> list[list[list[str]]]:
    """The rows of a table: for each column, the code in it."""
    found, inside = [], False
    for line in text_of(page).splitlines():
        columns = [column.strip() for column in line.strip().strip("|").split(" | ")]
        if line.startswith("|") and tuple(columns) == header:
            inside = True
        elif not line.startswith("|"):
            inside = False
        elif inside and not line.startswith("|---"):
            found.append([re.findall("`([^`]+)`", column) for column in columns])
    return found


def numbers(value: Any) -> list[np.ndarray]:
    """The arrays in what a library has computed."""
    leaves = optree.tree_leaves(value, none_is_leaf=False)
    found = []
    for leaf in leaves:
        leaf = leaf.detach() if hasattr(leaf, "detach") else leaf
        leaf = leaf.data if type(leaf).__name__ in ("Tensor", "Value") else leaf
        array = np.asarray(leaf) if not callable(leaf) else np.empty(0, object)
        found.append(array)
    return found


# What the tables are about, in the terms of each library


def micrograd_names(theirs: dict[str, Any]) -> dict[str, Any]:
    from micrograd import nn

    return {"nn": nn}


def autograd_names(theirs: dict[str, Any]) -> dict[str, Any]:
    import autograd
    from autograd import misc
    from autograd.extend import defjvp, defvjp, primitive
    from autograd.misc import optimizers
    from autograd.test_util import check_grads

    assert misc.optimizers is optimizers
    names = (
        "grad", "value_and_grad", "elementwise_grad", "make_vjp", "make_jvp", "jacobian", "hessian",
        "hessian_vector_product", "checkpoint", "holomorphic_grad",
    )  # fmt: skip
    of_arrays = {"x": np.array([0.3, -1.2, 2.0]), "v": np.array([1.0, 0.5, -2.0])}
    return of_arrays | {name: getattr(autograd, name) for name in names} | {
        "misc": misc, "defjvp": defjvp, "defvjp": defvjp, "primitive": primitive,
        "check_grads": check_grads,
    }  # fmt: skip


def mygrad_names(theirs: dict[str, Any]) -> dict[str, Any]:
    import mygrad

    def gradient_of(f: Any, x: Any) -> Any:
        x = mygrad.tensor(x)
        f(x).backward()
        return x.grad

    return {
        "np": np, "gradient_of": gradient_of, "mask": np.array([True, False, False]),
        "x": np.array([0.3, -1.2, 2.0]), "W": mygrad.tensor([0.3, -1.2, 2.0]),
        "S": np.array([[0.5, -1.0], [2.0, 0.3]]), "labels": np.array([1, 0]),
    }  # fmt: skip


def torch_names(theirs: dict[str, Any]) -> dict[str, Any]:
    import torch

    tensor = lambda array: torch.tensor(array, dtype=torch.float64)
    return {
        "x": tensor([0.3, -1.2, 2.0]).requires_grad_(), "v": tensor([1.0, 0.5, -2.0]),
        "Z": tensor([[0.5, -1.0], [2.0, 0.3]]), "Y": tensor([[1.0, 0.0], [0.0, 1.0]]),
        "labels": torch.tensor([1, 0]), "gradient": torch.func.grad,
        "zero": tensor(0.0), "one": tensor(1.0),
    }  # fmt: skip


def jax_names(theirs: dict[str, Any]) -> dict[str, Any]:
    from jax.test_util import check_grads

    array = theirs["jnp"].array
    of_arrays = {"x": array([0.3, -1.2, 2.0]), "v": array([1.0, 0.5, -2.0])}
    return {"check_grads": check_grads} | of_arrays


def our_names(ours: dict[str, Any]) -> dict[str, Any]:
    return {
        "tinygrad_reg": tinygrad_reg,
        "check_gradients": tinygrad_reg.testing.check_gradients,
        "weight_decay_step": tinygrad_reg.training.weight_decay_step,
        "x": np.array([0.3, -1.2, 2.0]), "v": np.array([1.0, 0.5, -2.0]),
        "W": tinygrad_reg.Tensor([0.3, -1.2, 2.0], requires_grad=True),
        "mask": np.array([True, False, False]),
        "S": np.array([[0.5, -1.0], [2.0, 0.3]]), "Z": np.array([[0.5, -1.0], [2.0, 0.3]]),
        "Y": np.array([[1.0, 0.0], [0.0, 1.0]]), "labels": np.array([1, 0]),
    }  # fmt: skip


# page -> the module it needs, what its tables speak of, and how many of their rows are compared
PAGES: dict[str, tuple[str, Any, int]] = {
    "micrograd": ("micrograd", micrograd_names, 3),
    "autograd": ("autograd", autograd_names, 6),
    "mygrad": ("mygrad", mygrad_names, 4),
    "pytorch": ("torch", torch_names, 7),
    "jax": ("jax", jax_names, 12),
}


@pytest.fixture(scope="module", params=PAGES)
def moved(request: pytest.FixtureRequest) -> Iterator[tuple[str, dict[str, Any], dict[str, Any]]]:
    """A page, with what their program has left and what ours has."""
    page = request.param
    module, names, _ = PAGES[page]
    theirs: dict[str, Any] = {}
    ours: dict[str, Any] = {}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # what a library says of itself is not our business
        library = pytest.importorskip(module)
        doubled = module == "jax" and library.config.jax_enable_x64
        exec(compile(their_program(page), f"<their program of {page}>", "exec"), theirs)
    exec(compile(our_program(page), f"<our program of {page}>", "exec"), ours)
    left = [{name: space[name] for name in RESULTS if name in space} for space in (theirs, ours)]
    f = lambda x: (x**3).sum()
    theirs |= {"f": f} | names(theirs)
    ours |= {"f": f} | our_names(ours)
    for space, values in zip((theirs, ours), left, strict=True):
        space["results"] = values
        space.update({name: value for name, value in values.items() if name in ("w", "J")})
    yield page, theirs, ours
    if module == "jax":
        library.config.update("jax_enable_x64", doubled)


def test_the_same_program_gives_the_same_numbers(moved):
    page, theirs, ours = moved
    assert set(theirs["results"]) == set(ours["results"])
    assert len(theirs["results"]) >= 2
    for name, value in theirs["results"].items():
        for found, expected in zip(numbers(ours["results"][name]), numbers(value), strict=True):
            np.testing.assert_allclose(found, expected, rtol=1e-12, err_msg=f"{name} of {page}")


def names_in(code: str) -> Iterator[str]:
    """Every name that is looked up by a piece of code, with its attributes: `np.linalg.norm`."""
    tree = ast.parse(code)
    own = {arg.arg for node in ast.walk(tree) if isinstance(node, ast.arguments)
           for arg in node.args}  # fmt: skip
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute | ast.Name):
            name = ast.unparse(node)
            if re.fullmatch(r"[\w.]+", name) and name.split(".")[0] not in own:
                yield name


def test_every_name_in_the_tables_exists(moved):
    page, theirs, ours = moved
    checked = 0
    for header, columns in ((COMPARED, (0, 1)), (DIFFERENT, (0, 2))):
        for row in rows(page, header):
            for space, column in zip((theirs, ours), columns, strict=True):
                for code in row[column]:
                    if code in ("for", "if"):
                        continue
                    if code.startswith("import "):
                        exec(code, dict(space))
                        continue
                    for name in names_in(code):
                        eval(name, {**space})
                        checked += 1
    assert checked > 20


@pytest.mark.filterwarnings("ignore")
def test_expressions_side_by_side_are_equal(moved):
    page, theirs, ours = moved
    compared = []
    for left, right, _ in rows(page, COMPARED):
        if not (left and right):
            continue
        for their_code, our_code in zip(left, right, strict=False):
            try:
                calls = [ast.parse(code, mode="eval").body for code in (their_code, our_code)]
            except SyntaxError:  # a statement
                continue
            if their_code.endswith(("backward()", "_grad()")):  # what changes something
                continue
            if not all(isinstance(code, ast.Call | ast.Subscript | ast.BinOp) for code in calls):
                continue
            values = [numbers(eval(their_code, theirs)), numbers(eval(our_code, ours))]
            if all(value and all(x.dtype.kind == "f" for x in value) for value in values):
                for expected, found in zip(*values, strict=True):
                    np.testing.assert_allclose(found, expected, rtol=1e-6, err_msg=our_code)
                compared.append((their_code, our_code))
    assert len(compared) >= PAGES[page][2], compared


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_what_is_said_to_differ_does(moved):
    page, theirs, ours = moved
    for their_code, their_value, our_code, our_value in rows(page, DIFFERENT):
        for [code], [said], space in (
            (their_code, their_value, theirs), (our_code, our_value, ours),
        ):  # fmt: skip
            [value] = numbers(eval(code, space))
            expected = eval(said, {"nan": np.nan})
            np.testing.assert_array_equal(value, expected, err_msg=code)
        assert their_value != our_value
