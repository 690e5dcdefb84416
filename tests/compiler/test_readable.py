"""The readable source of a program: a module that runs with NumPy alone, and reads like a lesson.

Files in `golden` are written anew by

    REWRITE_GOLDEN=1 python -m pytest tests/compiler/test_readable.py -k golden
"""

import ast
import builtins
import os
from pathlib import Path

import numpy as np
import optree
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import tinygrad_reg as tg
from tinygrad_reg.compiler.graph import Graph, Interface, Node, operation, run
from tinygrad_reg.compiler.readable import UnreadableError, readable
from tinygrad_reg.compiler.readable.literals import array_text
from tinygrad_reg.testing import strategies
from tinygrad_reg.testing.samples import CASES
from tinygrad_reg.testing.samples import entries as of_line

from .lessons import LESSONS, X, entries
from .test_every_line import REFUSED, first

GOLDEN = Path(__file__).parent / "golden"


def numpy_alone(name, *args, **kwargs):
    """An import of NumPy, SciPy or the standard library."""
    if name.split(".")[0] == "tinygrad_reg":
        raise ImportError("the program needs more than NumPy")
    return builtins.__import__(name, *args, **kwargs)


def module(source):
    """What a module defines that runs with NumPy alone."""
    namespace = {"__builtins__": {**vars(builtins), "__import__": numpy_alone}, "__name__": "m"}
    exec(compile(source, "<module>", "exec"), namespace)
    return namespace


def function_of(source):
    """The function of a program's module: the last one in it."""
    functions = [x.name for x in ast.parse(source).body if isinstance(x, ast.FunctionDef)]
    return module(source)[functions[-1]]


def assert_equal(actual, expected, tolerance=1e-12):
    got, wanted = optree.tree_leaves(actual), optree.tree_leaves(expected)
    assert len(got) == len(wanted)
    for x, y in zip(got, wanted, strict=True):
        assert np.shape(x) == np.shape(y)
        assert np.asarray(x).dtype == np.asarray(y).dtype
        size = np.max(np.abs(y), initial=1, where=np.isfinite(y))
        np.testing.assert_allclose(x, y, rtol=tolerance, atol=tolerance * size)


def assert_own_memory(results, arguments):
    arrays = [x for x in optree.tree_leaves(results) if isinstance(x, np.ndarray)]
    others = [x for x in optree.tree_leaves(arguments) if isinstance(x, np.ndarray)]
    for i, x in enumerate(arrays):
        assert x.flags.writeable
        for y in arrays[:i] + others:
            assert not np.shares_memory(x, y)


def a_little_less(x):
    return x if isinstance(x, str) else x * type(x)(0.9) if np.isscalar(x) else x * 0.9


def program_of(f, *arguments, **keywords):
    return tg.compile(f).trace(*arguments, **keywords)


def body_of(f, *arguments, **keywords):
    """The lines of a program's function, without comments, from its name on."""
    text = program_of(f, *arguments, **keywords).source.split("\ndef ")[-1]
    lines = [line.strip().split("  #")[0].rstrip() for line in text.split("\n\n\n")[0].splitlines()]
    return [line for line in lines if line]


def check(f, *arguments, tolerance=1e-12):
    """The source runs with NumPy alone and gives what the engine gives; returns it."""
    program = program_of(f, *arguments)
    source = program.source
    got = function_of(source)(*arguments, **program.constants)
    assert_equal(got, f(*arguments), tolerance)
    assert_own_memory(got, arguments)
    return source


# -- golden files ----------------------------------------------------------------------------------


@pytest.mark.parametrize("name", LESSONS)
def test_source_is_the_golden_file(name):
    f, arguments = LESSONS[name]
    path = GOLDEN / f"{name}.py"
    source = program_of(f, *arguments).source
    if os.environ.get("REWRITE_GOLDEN"):
        path.write_text(source, encoding="utf-8")
    assert source == path.read_text(encoding="utf-8")


@pytest.mark.parametrize("name", LESSONS)
def test_golden_file_runs_with_numpy_alone_and_agrees_with_the_engine(name):
    f, arguments = LESSONS[name]
    source = (GOLDEN / f"{name}.py").read_text(encoding="utf-8")
    for given_now in (arguments, optree.tree_map(a_little_less, arguments)):
        got = function_of(source)(*given_now)
        assert_equal(got, f(*given_now))
        assert_own_memory(got, given_now)


def test_no_golden_file_is_left_over():
    assert {path.stem for path in GOLDEN.glob("*.py")} == set(LESSONS)


# -- it reads like the lesson ----------------------------------------------------------------------


def test_logistic_regression_reads_like_the_lesson():
    f, arguments = LESSONS["logistic_regression"]
    assert body_of(f, *arguments) == [
        "logistic_regression(w, b, lambd):",
        "assert 0 <= lambd < np.inf",
        "# forward",
        "Z = w @ X + b",
        "losses = binary_cross_entropy(Z, Y)",
        "J = np.sum(losses) / m + lambd / (2 * m) * np.sum(w**2)",
        "# backward",
        "dZ = (sigmoid(Z) - Y) / m",
        "db = np.sum(dZ, axis=1, keepdims=True)",
        "# penalty gradient",
        "dw = dZ @ X.T + lambd / m * w",
        "return J, (dw, db)",
    ]


def test_gradients_of_weights_have_the_penalty_and_those_of_biases_have_not():
    f, arguments = LESSONS["two_layers"]
    lines = body_of(f, *arguments)
    assert "dW1 = dZ1 @ X.T + lambd / m * W1" in lines
    assert "dW2 = dZ2 @ A1.T + lambd / m * W2" in lines
    assert not any("lambd" in line for line in lines if line.startswith("db"))
    assert lines.index("# penalty gradient") < min(
        i for i, line in enumerate(lines) if line.startswith("dW")
    )


def test_a_penalty_gradient_that_others_need_stays_where_it_is():
    def J(w):
        return np.sum(np.tanh(w)) + tg.l2(w, 0.5, 4)

    def second(w):
        return tg.grad(lambda w: np.sum(tg.grad(J)(w) ** 3))(w)

    assert "# penalty gradient" not in check(second, entries(3))
    assert "# penalty gradient" in check(tg.grad(J), entries(3))


def test_loop_variables_are_numbered_and_their_gradients_belong_to_them():
    f, arguments = LESSONS["many_layers"]
    lines = body_of(f, *arguments)
    assert "W1, W2, W3, W4, W5, W6 = Ws" in lines
    assert "Z6 = W6 @ A5 + b6" in lines
    assert any(line.startswith("dZ6 = ") for line in lines)
    assert any(line.startswith("dW6 = dZ6 @ A5.T") for line in lines)


def test_derivatives_that_a_loop_names_belong_to_what_they_are_derivatives_of():
    def step(Ws, X):
        def J(Ws):
            A = X
            for W in Ws:
                A = np.tanh(W @ A)
            return np.sum(A)

        dWs = tg.grad(J)(Ws)
        return [W - 0.1 * g for W, g in zip(Ws, dWs, strict=True)]

    Ws = [entries(3, 3), entries(2, 3)]
    source = check(step, Ws, X)
    assert "@ A1.T" in next(line for line in source.splitlines() if "dW2 = " in line)
    assert "return [W1 - 0.1 * dW1, W2 - 0.1 * dW2]" in source


def test_an_update_keeps_the_name_only_where_the_old_value_is_not_needed():
    def crossed(a, b):
        da, db = tg.grad(lambda a, b: np.sum(a**3 * b**2), argnums=(0, 1))(a, b)
        a, b = a - da * b, b - db * a
        return a, b

    def returned(a, b):
        da = tg.grad(lambda a: np.sum(a**3 * b))(a)
        new = [a * da]
        a = a - da
        return a, new

    assert "    a1 = a - da * b " in check(crossed, entries(3), entries(3, seed=1))
    assert "    a1 = a - da " in check(returned, entries(3, 2), entries(3, 2, seed=1))
    f, arguments = LESSONS["training_step"]
    assert "W1 = W1 - alpha * dW1" in body_of(f, *arguments)


def test_arithmetic_with_numbers_is_written_again_and_arrays_once():
    def f(x, k):
        return np.sum(np.exp(x) * k / 3) + np.max(np.exp(x) * (k / 3))

    lines = body_of(f, entries(3), 2.0)
    assert sum(line.count("k / 3") for line in lines) == 2
    assert sum(line.count("np.exp(x)") for line in lines) == 1


@pytest.mark.parametrize(
    ("f", "text"),
    [
        (lambda x, y: x - (y - x), "x - (y - x)"),
        (lambda x, y: x - y - x, "x - y - x"),
        (lambda x, y: (x * y) @ y, "(x * y) @ y"),
        (lambda x, y: x @ y * y, "x @ y * y"),
        (lambda x, y: -(x**2), "-x**2"),
        (lambda x, y: (-x) ** 2, "(-x) ** 2"),
        (lambda x, y: 2 ** -(x / y), "2 ** -(x / y)"),
        (lambda x, y: (x**y) ** 2, "(x**y) ** 2"),
        (lambda x, y: x / (y / x), "x / (y / x)"),
        (lambda x, y: x / (y * x), "x / (y * x)"),
        (lambda x, y: (x < y) == (y < x), "(x < y) == (y < x)"),
        (lambda x, y: (x < y) | ((y < 0) & (x < 0)), "(x < y) | ((y < 0) & (x < 0))"),
        (lambda x, y: ~(x < y), "~(x < y)"),
        (lambda x, y: x - -3.5 * y, "x + 3.5 * y"),
        (lambda x, y: (x + y).T, "(x + y).T"),
        (lambda x, y: x[1:, None] + y[..., ::2, :1], "x[1:, None] + y[..., ::2, :1]"),
        (lambda x, y: np.sum(x, axis=(1,), keepdims=True), "np.sum(x, axis=1, keepdims=True)"),
        (lambda x, y: np.mean(x, 0), "np.mean(x, axis=0)"),
        (lambda x, y: np.abs(x % y) // 2, "np.abs(x % y) // 2"),
        (lambda x, y: np.add.reduce(x * y), "np.add.reduce(x * y)"),
        (lambda x, y: np.linalg.inv(x).astype(np.float32), "np.linalg.inv(x).astype(np.float32)"),
        (lambda x, y: np.einsum("ij,jk->ik", x, y), 'np.einsum("ij,jk->ik", x, y)'),
        (lambda x, y: x[[0, 2]], "x[[0, 2]]"),
    ],
)
def test_expressions_are_written_as_a_person_writes_them(f, text):
    arguments = entries(3, 3), entries(3, 3, seed=1)
    assert f"return {text}\n" in program_of(f, *arguments).source.replace(".copy()", "")
    with np.errstate(all="ignore"):
        got = function_of(program_of(f, *arguments).source)(*arguments)
        assert_equal(got, f(*arguments))


def test_lengths_come_first_and_conditions_as_soon_as_they_can():
    def f(x, lambd):
        n = x.shape[0] * x.shape[1]
        strength = lambd * 2
        return np.sum(x) / n + tg.l2(x, strength, n)

    lines = body_of(tg.grad(f), entries(2, 2), 0.3)
    assert lines[1] == "n = x.shape[0] * x.shape[1]"
    assert lines.index("strength = lambd * 2") < lines.index("assert 0 <= strength < np.inf")
    check(tg.value_and_grad(f), entries(2, 2), 0.3)


def test_lines_are_never_broken_inside_of_a_text():
    key = "a = b, (c + " * 12

    def f(options, x):
        return x * 2 + options["y" + key]

    given_now = {key: "a = b + " * 12, "y" + key: entries(2)}, entries(2)
    check(f, *given_now)


def test_strong_numbers_stay_strong_where_that_changes_the_dtype():
    x = entries(3).astype(np.float32)
    source = check(lambda x: (np.float64(2) * x, np.float32(0.1) * x, 0.1 * x), x)
    assert "np.float64(2.0) * x, 0.1 * x" in source


def test_long_expressions_are_broken_into_lines_that_fit():
    def f(*xs):
        total = xs[0]
        for x in xs[1:]:
            total = np.where(total > x, total * 2, x) + np.exp(x - 1) * np.sin(total)
        return np.concatenate([*xs, total]), sum(np.sum(x**2) for x in xs)

    def many(a, b, c, d):
        return f(*[np.tanh(k * x) for k in range(1, 6) for x in (a, b, c, d)])

    source = check(many, *[entries(2, seed=s) for s in range(4)], tolerance=1e-10)
    assert max(len(line.split("  #")[0]) for line in source.splitlines()) <= 88


# -- complete, safe and the same -------------------------------------------------------------------


@given(strategies.programs())
def test_random_programs_agree_with_the_engine(program):
    source = check(program, *program.arguments, tolerance=1e-9)
    assert source == program_of(program, *program.arguments).source


def contracted(f):
    """A function with one number as its result."""

    def program(*arguments):
        results = optree.tree_leaves(f(*arguments))
        total = np.sum(results[0])
        for i, result in enumerate(results[1:], 2):
            total = total + np.sum(i * result)
        return total

    return program


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
@given(strategies.programs(), st.sampled_from([np.float64, np.float32]))
def test_derivatives_of_random_programs_agree_with_the_interpreter(program, dtype):
    arguments = tuple(np.asarray(x, dtype) for x in program.arguments)
    first = tg.value_and_grad(contracted(program), range(len(arguments)))
    second = tg.grad(lambda *xs: np.sum(np.sin(tg.grad(contracted(program))(*xs))))
    for f in (first, second):
        compiled = program_of(f, *arguments)
        got = function_of(compiled.source)(*arguments, **compiled.constants)
        assert_own_memory(got, arguments)
        tolerance = 1e-9 if dtype is np.float64 else 1e-3
        assert_equal(optree.tree_leaves(got), run(compiled.graph, list(arguments)), tolerance)


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
@pytest.mark.parametrize("case", [x for x in CASES if "no number" not in repr(x)], ids=repr)
def test_the_source_of_every_line_agrees_with_the_engine(case):
    @settings(max_examples=1)
    @given(case.layout(1))
    def on_an_example(layout):
        shapes, keywords = layout
        arguments = [np.asarray(x, float) for x in of_line(shapes, case.domains)]
        f = first(case, keywords)
        try:
            program_of(f, *arguments)
        except tg.TracingError:
            assert repr(case).startswith(REFUSED)
        else:
            check(f, *arguments, tolerance=1e-8)

    on_an_example()


def test_results_never_share_memory():
    def f(x, y):
        flat = np.reshape(x, (-1,))
        views = np.broadcast_to(y * 2, (2, 3)), np.diff(y, n=0), np.einsum("ij->ji", x)
        return x, x.T, flat, flat, x[0], y + 1, [y], views

    check(f, entries(3, 3), entries(3))


def test_constants_are_literals_below_the_function_or_given_by_name():
    small, odd = entries(2, 3), np.array([np.nan, -np.inf, -0.0, 1e-300])
    table, large = np.array([[True], [False]]), entries(40, 40)

    def f(x):
        return x + small, odd * 1.0, np.where(table, x, 0), x @ np.zeros((3, 3)), large * x[0, 0]

    program = program_of(f, entries(2, 3))
    assert list(program.constants) == ["large"]
    assert "def f(x, *, large):" in program.source
    assert program.source.index("def f") < program.source.index("small = np.array([[")
    assert "x @ np.zeros((3, 3))" in program.source
    got = function_of(program.source)(entries(2, 3), **program.constants)
    for a, b in zip(got, f(entries(2, 3)), strict=True):
        np.testing.assert_array_equal(a, b)
        np.testing.assert_array_equal(np.signbit(a), np.signbit(b))


@pytest.mark.parametrize("value", [0.0, -0.0, 1.0, 0.1, np.nan, np.inf, -np.inf, 1e-45])
@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
@pytest.mark.parametrize("shape", [(), (1,), (2, 2), (0, 3)])
def test_literals_of_one_value_give_back_every_bit(value, dtype, shape):
    array = np.full(shape, dtype(value))
    found = eval(array_text(array), {"np": np})
    assert found.dtype == array.dtype
    assert found.shape == array.shape
    assert found.tobytes() == array.tobytes()


@given(
    st.sampled_from("?bBhHiIqQefd"),
    st.lists(st.integers(0, 3), max_size=3),
    st.integers(0, 2**32 - 1),
)
def test_literals_give_back_every_bit(kind, shape, seed):
    random = np.random.default_rng(seed)
    dtype = np.dtype(kind)
    data = random.bytes(int(np.prod(shape)) * dtype.itemsize)
    array = np.frombuffer(data, "B" if kind == "?" else dtype).reshape(shape)
    array = array > 100 if kind == "?" else np.where(array == array, array, dtype.type(0))
    found = eval(array_text(array), {"np": np, "bool": bool})
    assert found.dtype == array.dtype
    assert found.shape == array.shape
    assert found.tobytes() == array.tobytes()


def test_static_arguments_stay_in_the_signature():
    def f(x, how="sum", *, twice=True):
        y = np.sum(x) if how == "sum" else np.mean(x)
        return 2 * y if twice else y

    source = program_of(f, entries(3), "mean", twice=True).source
    assert 'def f(x, how="mean", twice=True):' in source
    function = function_of(source)
    assert function(entries(3)) == f(entries(3), "mean")
    with pytest.raises(AssertionError):
        function(entries(3), "sum")


def test_conditions_on_arrays_are_asserted():
    def f(x):
        return tg.grad(lambda x: np.linalg.det(x))(x)

    source = check(f, entries(3, 3))
    assert "assert" in source
    with pytest.raises(AssertionError):
        function_of(source)(np.ones((3, 3)))


def test_functions_of_the_engine_are_written_with_what_they_use():
    source = check(tg.grad(lambda x: np.sum(np.sinc(x[np.array([0, 0])]))), entries(3))
    assert "def scatter(" in source
    assert "def sinc_derivative_(" in source
    assert "Any" not in source


def test_what_cannot_be_written_down_is_imported_from_the_engine_and_marked():
    def isinstance(x):  # noqa: A001 (hides what one of the functions of the engine needs)
        return tg.grad(lambda x: np.sum(x[np.array([0, 0])] ** 2))(x)

    source = program_of(isinstance, entries(3)).source
    assert "import scatter  # not plain NumPy\n" in source
    with pytest.raises(ImportError):
        module(source)
    namespace = {}
    exec(source, namespace)
    assert_equal(namespace["isinstance"](entries(3)), isinstance(entries(3)))


def test_functions_of_scipy_are_imported_from_there():
    special = pytest.importorskip("scipy.special")
    source = check(tg.grad(lambda x: np.sum(special.erf(x) + special.gammaln(x))), entries(3) ** 2)
    assert "from scipy import special\n" in source


def test_what_cannot_be_written_down_is_an_error_that_says_so():
    hidden = object()

    def opaque(x):
        return x if hidden else None

    x = Node("input", np.ones(3))
    y = operation(opaque, x, shape=(3,), dtype=x.dtype)
    with pytest.raises(UnreadableError, match=r"opaque.*neither"):
        readable(Graph([x], [y]), Interface("f", [("x", x)], y))


def test_several_results_are_taken_apart():
    source = check(lambda x: np.linalg.slogdet(x), entries(3, 3) + 3 * np.eye(3))
    assert "sign, logabsdet = np.linalg.slogdet(x)" in source

    def f(_, x):
        first, _unused, third = np.split(x, [1, 2])
        return _ + first + np.sum(third)

    assert "first, __, third = np.split(x, [1, 2])" in check(f, entries(3), entries(3))
