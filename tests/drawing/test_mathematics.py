"""Rules as mathematics say what the rules say, with the nodes' own names and numbers."""

import re
from math import e, pi

import numpy as np
import optree
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from scipy import special

import tinygrad_reg as tg
from tinygrad_reg.drawing.mathematics import (
    edge_text,
    forward_text,
    kinks_of,
    rule_of_argument,
    words,
)
from tinygrad_reg.drawing.mathematics import expressions as make
from tinygrad_reg.drawing.mathematics.entries import expression_of
from tinygrad_reg.drawing.mathematics.expressions import Combination, Letter, Number
from tinygrad_reg.drawing.mathematics.letters import signs_of
from tinygrad_reg.drawing.mathematics.values import Here
from tinygrad_reg.drawing.mathematics.writing import (
    ELEMENTS,
    TOKENS,
    Sign,
    as_math,
    as_text,
    constant_digits,
    sign_of,
)
from tinygrad_reg.sweeps import fit
from tinygrad_reg.tensor import Tensor
from tinygrad_reg.testing.samples import CASES, examples

# What these carry back is said in a sentence, at least for some shapes and options.
IN_WORDS = {
    "cholesky", "choose", "convolve", "correlate", "cumprod", "delete", "diag", "diagflat",
    "diagonal", "dot", "eig", "eigh", "einsum", "inner", "insert", "interp", "log_of_weighted_sum",
    "logsumexp", "lstsq", "lstsq_values", "masked_sum", "matmul", "max", "mean", "median", "min",
    "multi_dot", "nanmax", "nanmean", "nanmedian", "nanmin", "nanpercentile", "nanprod",
    "nanquantile", "nanstd", "nansum", "nanvar", "norm", "pad", "percentile", "pinv", "prod", "qr",
    "quantile", "repeat", "resize", "rollaxis", "select", "sliding_window_view", "std", "svd",
    "svdvals", "take_along_axis", "tensordot", "tile", "var", "windows",
}  # fmt: skip


def nodes_behind(outputs):
    """Every tensor that an operation made, behind some outputs."""
    seen, todo = {}, list(outputs)
    while todo:
        tensor = todo.pop()
        if type(tensor) is Tensor and id(tensor) not in seen:
            seen[id(tensor)] = tensor
            todo += tensor.args
    return [tensor for tensor in seen.values() if tensor.rule is not None]


def arguments_of(node):
    """The positions that have a derivative."""
    return [
        i
        for i, x in enumerate(node.args[: node.rule.arity])
        if type(x) is Tensor and x.number and node.rule.entries[i] is not None
    ]


def well_formed(tree):
    """Whether it is a tree of known elements, with one text in every token and in no other."""
    tag, *children = tree
    assert tag in ELEMENTS
    if tag in TOKENS:
        assert len(children) == 1
        assert isinstance(children[0], str)
        return True
    numbers = {"mfrac": 2, "msup": 2, "msub": 2, "msqrt": 1, "mover": 2}
    assert len(children) == numbers.get(tag, len(children))
    return all(isinstance(child, list) and well_formed(child) for child in children)


def flat(tree):
    """The texts of a tree in a row."""
    tag, *children = tree
    if tag in TOKENS:
        return children[0]
    if tag == "mfrac":
        return "/".join(map(flat, children))
    if tag == "msup":
        return "^".join(map(flat, children))
    return "".join(map(flat, children))


# An evaluator of what is written, which does not know what it was written from. Rows do not group:
# only parentheses and fractions do.

SIGNS = {"−": "-", "·": "*", "⊙": "*", "\u2062": "*", "=": "==", "≠": "!=", "≤": "<=", "≥": ">="}
FUNCTIONS = {
    "σ": special.expit, "Φ": special.ndtr, "ψ": special.psi, "I₀′": special.i1, "ln": np.log,
    "φ": lambda x: np.exp(-x * x / 2) / np.sqrt(2 * pi), "round": np.rint, "max": np.maximum,
    "min": np.minimum, "I₀″": lambda x: (special.i0(x) + special.iv(2, x)) / 2,
    "sinc′": lambda x: (np.cos(pi * x) - np.sinc(x)) / x, "frexp": np.frexp,
}  # fmt: skip


def function_named(name):
    return FUNCTIONS.get(name) or getattr(np, name, None) or getattr(special, name)


def python_of(tree):
    """A tree as an expression of Python, as loose as it is on paper."""
    tag, *children = tree
    match tag:
        case "mn":
            return children[0].rstrip("…")
        case "mi":
            if children[0].startswith("q_") or children[0] in "eπ∞":
                return {"∞": "np.inf"}.get(children[0], children[0])
            return f"call({children[0]!r})"
        case "mo":
            return SIGNS.get(children[0], children[0])
        case "mfrac":
            return f"(({python_of(children[0])})/({python_of(children[1])}))"
        case "msup":
            return f"{python_of(children[0])}**({python_of(children[1])})"
        case "msqrt":
            return f"np.sqrt({python_of(children[0])})"
        case "mrow" if children[0] == ["mo", "{"]:
            rows = [[cell[1] for cell in line[1:]] for line in children[1][1:]]
            *chosen, (last, _) = rows
            text = python_of(last)
            for value, condition in reversed(chosen):
                assert condition[1][1] == "if\u00a0"
                text = f"np.where({python_of(condition[2])}, {python_of(value)}, {text})"
            return text
        case "mrow" if children[0] == ["mo", "|"]:
            return f"np.abs({python_of(children[1])})"
        case "mrow":
            return "".join(map(python_of, children))
    raise ValueError(tag)


def python_of_line(text):
    """The same for a line of text."""
    for digits, sign in zip("0123456789-", "⁰¹²³⁴⁵⁶⁷⁸⁹⁻", strict=True):
        text = text.replace(sign, f"^{digits}")
    text = text.replace("…", "")
    text = re.sub(r"((?:\^[-\d])+)", lambda m: "**" + m[1].replace("^", ""), text)
    text = re.sub(r"\|([^|]*)\|", r"np.abs(\1)", text.replace("^", "**"))
    text = re.sub(r"√([\w.]+)", r"np.sqrt(\1)", text).replace("√(", "np.sqrt(")
    text = re.sub(r"(?<![\w])(\d+)(?=q_|π|\(|np\.)", r"\1*", text)
    for sign, operator in SIGNS.items():
        text = text.replace(sign, operator)
    return re.sub(r"(?<![\w.])(?!q_|np\b)([^\W\d]\w*′*)\(", r"call('\1')(", text)


def evaluated(text, values):
    known = {f"q_{key}": np.asarray(x) for key, x in values.items()}
    known = {key: x.astype(float) if x.dtype.kind in "iu" else x for key, x in known.items()}
    return eval(text, {"np": np, "call": function_named, "e": e, "π": pi, "exp": np.exp} | known)


def signs_for(values):
    """Signs that the evaluators know again."""
    return {key: Sign(["mi", f"q_{key}"], f"q_{key}") for key in values}


LINES = {"plus", "minus", "negative", "times", "over", "power", "root", "size", "function"}


@pytest.mark.filterwarnings("ignore::RuntimeWarning", "ignore::DeprecationWarning")
@pytest.mark.parametrize("case", CASES, ids=repr)
def test_every_line_has_a_formula_that_says_what_the_rule_says(case):
    @settings(max_examples=2)
    @given(examples(case))
    def on_examples(example):
        arrays, keywords = example
        tensors = [Tensor(np.asarray(x, float), requires_grad=True) for x in arrays]
        for node in nodes_behind(optree.tree_leaves(case.call(*tensors, **keywords))):
            cotangent = np.sin(1.0 + np.arange(node.size)).reshape(node.shape)
            assert forward_text(node)
            assert words(node).endswith(".")
            for i in arguments_of(node):
                check_statement(node, i, cotangent)

    on_examples()


def check_statement(node, i, cotangent):
    statement = rule_of_argument(node, i, cotangent=cotangent)
    assert statement.written
    assert well_formed(statement.formula)
    assert statement.numbers is None or well_formed(statement.numbers)
    assert len(edge_text(node, i)) <= 16
    assert statement.is_translated or node.rule.name in IN_WORDS
    here = Here(node, i, cotangent)
    if node.rule.is_local:
        given = here.said if isinstance(here.said, int) else here.given
        np.testing.assert_array_equal(
            statement.local, np.broadcast_to(given, statement.local.shape)
        )
    if not statement.is_translated:
        return
    expression = expression_of(node, i)
    value = make.value_of(expression, here.values)
    if not node.rule.is_local:
        x = np.asarray(node.args[i].value)
        value = fit(np.asarray(value, x.dtype), x, node.rule)
        assert_close(value, fit(np.asarray(here.given), x, node.rule))
    else:
        assert_close(value, here.given)
    if make.is_by_entry(expression):
        signs = signs_for(here.values)
        assert_close(evaluated(python_of(as_math(expression, signs)), here.values), here.given)
        parts = [part for part in make.walk(expression) if isinstance(part, Combination)]
        if {part.kind for part in parts} <= LINES:
            line = python_of_line(as_text(expression, signs))
            assert_close(evaluated(line, here.values), here.given)


def assert_close(a, b):
    a, b = np.broadcast_arrays(np.asarray(a, float), np.asarray(b, float))
    size = np.max(np.abs(b), initial=0.0, where=np.isfinite(b))
    # Constants are written in up to six digits.
    np.testing.assert_allclose(a, b, rtol=1e-3, atol=1e-6 * (1 + size))


VALUES = {"a": 0.7, "b": -1.3, "c": 2.9}
LEAVES = st.sampled_from([*map(Letter, VALUES), *map(Number, (1, -1, 0, 2, -3))])
PAIRS = {
    make.plus: np.add,
    make.minus: np.subtract,
    make.times: np.multiply,
    make.over: np.divide,
}


def larger_trees(smaller):
    """Expressions of expressions, tidied up (in the first two rows) and as they come."""
    pairs = st.tuples(smaller, smaller)
    return st.one_of(
        st.builds(lambda function, parts: function(*parts), st.sampled_from([*PAIRS]), pairs),
        st.builds(make.negative, smaller) | st.builds(make.power, smaller, st.just(Number(2))),
        st.builds(Combination, st.sampled_from(["plus", "minus", "times", "over"]), pairs),
        st.builds(Combination, st.sampled_from(["negative", "root"]), st.tuples(smaller)),
    )


TREES = st.recursive(LEAVES, larger_trees, max_leaves=8)


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
@settings(max_examples=60)
@given(TREES)
def test_parentheses_stand_where_they_have_to(tree):
    expected = value_of_tree(tree)
    assume(np.isfinite(expected))
    signs = signs_for(VALUES)
    assert_same_number(evaluated(python_of(as_math(tree, signs)), VALUES), expected)
    assert_same_number(evaluated(python_of_line(as_text(tree, signs)), VALUES), expected)


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
@settings(max_examples=60)
@given(TREES, TREES, st.sampled_from([*PAIRS]))
def test_tidying_up_changes_no_value(a, b, function):
    expected = PAIRS[function](value_of_tree(a), value_of_tree(b))
    assume(np.isfinite(expected))
    assert_same_number(value_of_tree(function(a, b)), expected)


def value_of_tree(tree):
    try:
        return np.float64(make.value_of(tree, {k: np.float64(x) for k, x in VALUES.items()}))
    except ZeroDivisionError:
        return np.nan


def assert_same_number(a, b):
    np.testing.assert_allclose(a, b, rtol=1e-9, atol=1e-9)


# Examples that a learner meets


def names(tensor):
    return tensor.name


def leaf(array, name=None):
    return Tensor(np.asarray(array, float), requires_grad=True, name=name)


def stated(node, position=0, cotangent=0.5, **keywords):
    """A formula and its numbers as texts."""
    cotangent = np.broadcast_to(cotangent, node.shape)
    statement = rule_of_argument(node, position, names, cotangent=cotangent, **keywords)
    return flat(statement.formula), flat(statement.numbers).replace("\u2062", "")


def test_a_number_has_its_chain_rule_with_its_own_numbers():
    a = np.tanh(leaf(1.0, "x"))
    a.name = "a"
    formula, numbers = stated(a)
    assert formula == "∂J/∂x=∂J/∂a·(1−a^2)"
    assert numbers == "∂J/∂x=0.5·(1−0.7616^2)≈0.21"
    assert edge_text(a, 0, names) == "0.42"


def test_a_sum_that_is_true_as_written_is_an_equation():
    assert stated(leaf(0.5, "x") * 3)[1] == "∂J/∂x=0.5·3=1.5"
    assert stated(leaf(1 / 3, "x") ** 3)[1] == "∂J/∂x=0.5·3·0.3333^2≈0.1667"


def test_a_matrix_product_multiplies_with_the_transposed_from_the_right_side():
    W, X = leaf([[1, 2], [3, 4]], "W"), leaf([[5, 6, 7], [8, 9, 10]], "X")
    Z = W @ X
    Z.name = "Z"
    G = np.array([[1.0, 2.0, 3.0], [0.0, 1.0, 0.0]])
    formula, numbers = stated(Z, 0, G, entry=(0, 1))
    assert formula.replace("\u2062", "") == "∂J/∂W=∂J/∂ZX^T"
    assert numbers == "∂J/∂W[0, 1]=1·8+2·9+3·10=56"
    assert stated(Z, 1, G)[0].replace("\u2062", "") == "∂J/∂X=W^T∂J/∂Z"
    assert [edge_text(Z, i, names) for i in (0, 1)] == ["· Xᵀ", "Wᵀ ·"]
    long = leaf(np.ones((1, 9)), "a") @ leaf(np.ones((9, 1)), "b")
    assert stated(leaf(np.ones((2, 1))) @ leaf(np.ones((1, 9))), 0, 1.0)[1].count("·") == 4
    assert edge_text(long, 0, names) == "· bᵀ"


def test_what_was_broadcast_is_summed():
    Z = leaf(np.ones((2, 3)), "Z") + leaf(np.ones((2, 1)), "b")
    Z.name = "A"
    formula, numbers = stated(Z, 1, np.arange(6.0).reshape(2, 3), entry=(1, 0))
    assert formula == "∂J/∂b=Σaxis 1∂J/∂A"
    assert numbers == "∂J/∂b[1, 0]=3+4+5=12"


def test_a_penalty_pulls_with_lambda_by_m():
    penalty = tg.l2(leaf([[2.0, 0.0]], "W1"), 0.7, 20)
    formula, numbers = stated(penalty, 2, 1.0)
    assert formula == "∂J/∂W1=∂J/∂y·λ/m·W1"
    assert numbers == "∂J/∂W1[0, 0]=1·0.7/20·2=0.07"
    assert edge_text(penalty, 2, names) == "λ/m · W1"


def test_the_other_lines_of_a_network():
    Z = leaf([[1.0, -2.0]], "Z")
    texts = {
        "1 if Z > 0": tg.relu(Z), "y ⊙ σ(−Z)": tg.sigmoid(Z), "1/2": np.mean(Z), "2Z": Z**2,
        "−1": 1 - Z, "transposed": Z.T, "at [0, :]": Z[0, :], "exp(Z)": np.expm1(Z), "3": 3 * Z,
        "−y/Z": 1 / Z, "1/(2y)": np.sqrt(Z * Z), "1 if Z = y": np.max(Z),
    }  # fmt: skip
    shown = {text: edge_text(node, 0, names) for text, node in texts.items() if text != "1/(2y)"}
    shown["−y/Z"] = edge_text(texts["−y/Z"], 1, names)
    shown["−1"] = edge_text(texts["−1"], 1, names)
    shown["3"] = edge_text(texts["3"], 1, names)
    assert edge_text(texts["1/(2y)"], 0) == "1/(2y)"
    assert {text: text for text in shown} == shown


def test_a_chosen_subgradient_is_not_a_division_by_zero():
    norm = np.hypot(leaf([0.0, 3.0], "a"), leaf([0.0, 4.0], "b"))
    assert stated(norm, entry=(0,))[1] == "∂J/∂a[0]=0.5·0=0"
    assert stated(norm, entry=(1,))[1] == "∂J/∂a[1]=0.5·3/5=0.3"
    with np.errstate(divide="ignore"):
        infinite = np.log(leaf([0.0], "x"))
    assert stated(infinite, cotangent=0.0)[1] == "∂J/∂x[0]=0"
    assert stated(infinite, cotangent=1.0)[1] == "∂J/∂x[0]=1·1/0=∞"
    assert stated(np.tanh(leaf(0.0, "x")), cotangent=1.0)[1] == "∂J/∂x=1·(1−0^2)=1"


def test_letters_that_stand_for_no_name_are_explained():
    x = leaf([1.0], "x")
    assert words(np.tanh(x), names).endswith("Here y is the result.")
    assert words(x * np.exp(x), names).endswith("Here y is the result and b is exp(x).")


def test_a_user_s_own_rule_is_read_with_the_functions_that_it_calls():
    def slope(x):
        half = x / 2
        return half * half + tg.sigmoid(x)

    op = tg.elementwise(lambda x: x**3 / 12 + tg.softplus(x), lambda y, x: slope(x))
    statement = rule_of_argument(op(leaf(2.0, "x")), 0, names)
    assert statement.is_translated
    assert flat(statement.formula) == "∂J/∂x=∂J/∂y·((x/2)^2+σ(x))"


def test_what_is_not_understood_is_said_in_a_sentence_and_never_wrongly():
    def local(y, x):
        """The slope of a staircase."""
        total = 0 * x
        for step in (1.0, 2.0):
            total = total + step
        return total

    op = tg.elementwise(lambda x: 3 * x, local)
    statement = rule_of_argument(op(leaf([1.0], "x")), 0, names, cotangent=[2.0])
    assert not statement.is_translated
    assert flat(statement.formula) == "∂J/∂x: The slope of a staircase."
    assert flat(statement.numbers) == "∂J/∂x[0]=6"
    assert edge_text(op(leaf([1.0])), 0) == ""
    with_nan = np.nanmean(leaf([1.0, np.nan, 2.0]))
    assert not rule_of_argument(with_nan, 0).is_translated
    assert rule_of_argument(np.nanmean(leaf([1.0, 2.0])), 0).is_translated


def test_several_contributions_are_added():
    x = leaf(3.0, "x")
    assert stated(x * x)[0].startswith("∂J/∂x+=")
    assert stated(np.exp(x), adds=True)[0].startswith("∂J/∂x+=")
    assert stated(np.exp(x))[0].startswith("∂J/∂x=")


def test_a_letter_stands_for_one_thing_only():
    unnamed = leaf([1.0, 2.0])
    y = leaf([3.0, 4.0], "a") * unnamed
    assert stated(y)[0] == "∂J/∂a=∂J/∂y⊙b"
    product = leaf([3.0, 4.0], "b") * unnamed
    assert stated(product)[0] == "∂J/∂b=∂J/∂y⊙b′"
    assert stated(np.tanh(leaf([1.0], "y")))[0] == "∂J/∂y=∂J/∂y′⊙(1−y′^2)".replace("⊙", "·")


def test_names_are_text_and_not_too_long():
    hostile = '<img src=x onerror=alert(1)>"; }\\\n' + "z" * 10_000
    node = leaf([1.0, 2.0], hostile) * leaf([1.0, 2.0], "</math>")
    statement = rule_of_argument(node, 1, names, cotangent=[1.0, 1.0])
    assert well_formed(statement.formula)
    assert "<img src=x onerror=aler…" in flat(statement.formula)
    assert len(flat(statement.numbers)) < 100
    assert len(forward_text(node, names)) < 100
    assert edge_text(node, 0, names) == "</math>"


def test_titles_say_what_is_computed():
    W, X = leaf(np.ones((2, 2)), "W"), leaf(np.ones((2, 2)), "X")
    Z = W @ X
    Z.name = "Z"
    assert forward_text(Z, names) == "Z = W @ X"
    assert forward_text(np.tanh(Z), {id(Z): "Z1"}) == "tanh(Z1)"
    assert forward_text(W, names) == "W"
    J = np.mean(Z) + tg.l2(W, 0.1, 3)
    J.name = "J"
    assert forward_text(J, names) == "J = mean(Z) + l2(W, λ=0.1, m=3)"
    assert forward_text(J.args[1], names) == "l2(W, λ=0.1, m=3)"
    assert forward_text(Z[0, 1:], names) == "Z[0, 1:]"
    assert forward_text(np.sum(Z, axis=1), names) == "sum(Z, axis=1)"


def test_titles_write_out_what_has_no_name_while_it_is_short():
    W, X, b = leaf(np.ones((2, 2)), "W"), leaf(np.ones((2, 2)), "X"), leaf(np.ones((2, 1)), "b")
    titles = {
        "W @ X + b": W @ X + b, "(W + b) @ X": (W + b) @ X, "b − (W − X)": b - (W - X),
        "(W @ X)ᵀ": (W @ X).T, "|W + b|": abs(W + b), "(W · X)**2": (W * X) ** 2,
        "−(W @ X)": -(W @ X), "W − (−b)": W - -b, "tanh(W @ X + b)": np.tanh(W @ X + b),
        "sum(W / (X + b))": np.sum(W / (X + b)), "(W + b)[0]": (W + b)[0],
    }  # fmt: skip
    assert {forward_text(node, names): None for node in titles.values()} == dict.fromkeys(titles)
    deep = W
    for _ in range(10_000):
        deep = np.tanh(deep @ X)
    assert forward_text(deep + b, names) == "tanh(tanh(… @ X) @ X) + b"
    assert words(deep * b, names).endswith("Here y is the result and a is the result of tanh.")


LETTERS = st.sampled_from([None, "y", "x", "a", "b", "y′", "A", "W", "m", "λ", "lambd", "J", "e"])


@given(LETTERS, LETTERS, LETTERS, LETTERS.filter(bool), st.booleans(), st.integers(0, 3))
def test_stand_in_letters_are_the_name_of_nothing_else(y, a, b, of, as_mapping, which):
    args = [leaf(np.ones((1, 1)), a), leaf(np.ones((1, 1)), b)]
    operation = [np.multiply, np.matmul, np.hypot, lambda *W: tg.l2(W, 1, 1)][which]
    node = operation(*args)
    node.name = y
    named = {id(x): x.name for x in (node, *args) if x.name}
    position = next(i for i, x in enumerate(node.args) if type(x) is Tensor)
    signs = signs_of(node, position, named if as_mapping else names, of)
    given = {"y": y} | {str(i): getattr(x, "name", None) for i, x in enumerate(node.args)}
    used = [sign_of(name).text for name in (*given.values(), of) if name]
    stand_ins = [signs[key].text for key, name in given.items() if not name]
    assert len({*stand_ins}) == len(stand_ins)
    assert not {*stand_ins} & {*used}


def test_constants_are_shown_whole_or_as_cut_off():
    x = leaf([2.0], "x")
    assert forward_text(x * 1.0001, names) == "x · 1.0001"
    assert edge_text(x * 1.0001, 0, names) == "1.0001"
    assert edge_text(leaf(2.0, "x") * 1.00000123, 0, names) == "1.00000…"
    assert stated(x * 1.0001)[1] == "∂J/∂x[0]=0.5·1.0001=0.50005"
    assert stated(x * (2 / 3))[0] == "∂J/∂x=∂J/∂y·0.666666…"
    assert forward_text(x * -12345.0, names) == "x · (−12345)"


@given(st.floats(-1e30, 1e30).filter(lambda x: x == 0 or abs(x) > 1e-30))
def test_the_digits_of_a_constant_are_its_own(x):
    text = constant_digits(x).replace("−", "-")
    assert abs(float(text.replace("…", "")) - x) <= abs(x) * (1e-5 if "…" in text else 1e-7)


# Kinks

Z = leaf([[0.0, 1.0, -1.0], [1.0, 1.0, 0.0]], "Z")
ZEROS = [(0, 0), (1, 2)]


@pytest.mark.parametrize(
    ("node", "entries", "text"),
    [
        (tg.relu(Z), ZEROS, "Z = 0: the subgradient chosen there is 0"),
        (np.abs(Z), ZEROS, "Z = 0: the subgradient chosen there is 0"),
        (np.maximum(Z, 0), ZEROS, "Z = 0: the subgradient chosen there is 1/2 for each"),
        (tg.leaky_relu(Z), ZEROS, "Z = 0: the subgradient chosen there is 0.01"),
        (tg.l1(Z, 0.1, 3), ZEROS, "Z = 0: the subgradient chosen there is 0"),
        (tg.elastic_net(Z, 0.1, 3), ZEROS, "Z = 0: the subgradient chosen there is 0"),
        (tg.l2(Z, 0.1, 3), [], ""),
        (np.tanh(Z), [], ""),
        (Z**2, [], ""),
        (np.max(Z, axis=1), [(1, 0), (1, 1)], "a tie: all that tie share equally"),
        (
            tg.hinge(Z, np.ones((2, 3))),
            [(0, 1), (1, 0), (1, 1)],
            "t·Z = 1: the subgradient chosen there is 0",
        ),
        (
            tg.group_lasso(leaf([[0.0, 1.0], [0.0, 0.0]], "W"), 0.1, 3, axis=0),
            [(0, 0), (1, 0)],
            "a group of W = 0: the subgradient chosen there is 0",
        ),
        (
            np.sort(Z, axis=1),
            [(1, 1), (1, 2)],
            "x_i = x_j: entries that tie stay in their order",
        ),
    ],
    ids=lambda x: getattr(getattr(x, "rule", None), "name", None),
)
def test_kinks_are_found_where_they_are_met(node, entries, text):
    found, number = kinks_of(node, names)
    assert [kink.entry for kink in found] == entries
    assert {kink.text for kink in found} <= {text}
    assert number == len(entries)


def test_no_more_kinks_are_listed_than_asked_for_but_all_are_counted():
    found, number = kinks_of(tg.relu(leaf(np.zeros(100))), limit=7)
    assert len(found) == 7
    assert number == 100


def test_kinks_of_a_user_s_own_rule_are_read_from_its_words():
    op = tg.elementwise(lambda x: np.maximum(x - 2, 0), lambda y, x: x > 2, kinks={"x = 2": "0"})
    found, _ = kinks_of(op(leaf([1.0, 2.0], "w")), names)
    assert found == [((1,), "w = 2: the subgradient chosen there is 0")]


def test_a_kink_of_what_has_no_name_is_told_of_what_it_is():
    x = tg.Tensor([0.5, 1.5], requires_grad=True, name="x")
    node = np.abs(x - 0.5)
    [(entry, text)], _ = kinks_of(node, lambda tensor: tensor.name)
    assert (entry, text) == ((0,), "x − 0.5 = 0: the subgradient chosen there is 0")
