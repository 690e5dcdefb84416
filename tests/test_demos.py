"""Every demo runs on its own, says what it shows, and writes where it says; what it shows is so.

The facts are tested on the demos' own functions, where possible against something that nobody
here wrote.
"""

import ast
import importlib.util
import os
import re
import subprocess
import sys
import time
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest
from sklearn.linear_model import Lasso, Ridge

import tinygrad_reg as tg
from tinygrad_reg.testing import GradientMismatch, check_rule, numerical_gradient
from tinygrad_reg.tour.data import breast_cancer, digits
from tinygrad_reg.training import weight_decay_step

ROOT = Path(__file__).parent.parent
DEMOS = sorted((ROOT / "demos").glob("*.py"))
SECONDS = 30


def load(name):
    """A demo as a module, without running it."""
    specification = importlib.util.spec_from_file_location(
        f"demo_{name}", ROOT / f"demos/{name}.py"
    )
    module = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(module)
    return module


def docstring(demo):
    """What a demo says of itself."""
    return ast.get_docstring(ast.parse(demo.read_text(encoding="utf-8")))


# What holds for every demo


def test_there_are_demos():
    assert len(DEMOS) >= 11


@pytest.mark.parametrize("demo", DEMOS, ids=lambda path: path.stem)
def test_a_demo_runs_on_its_own_and_writes_pictures_only_to_the_folder_it_names(demo, tmp_path):
    begin = time.monotonic()
    result = subprocess.run(
        [sys.executable, "-W", "error", str(demo)],
        cwd=tmp_path,
        capture_output=True,
        encoding="utf-8",
        env=environment(),
        timeout=2 * SECONDS,
    )
    seconds = time.monotonic() - begin
    assert result.returncode == 0, result.stderr
    assert not result.stderr
    assert seconds < SECONDS

    text = docstring(demo)
    assert result.stdout.splitlines()[0] == text.splitlines()[0]
    folder = demo.stem.replace("_", "-")
    left = {path.name for path in tmp_path.iterdir()}
    assert left - {".hypothesis"} == {folder}
    assert all(f"`{name}/" in text for name in left)
    assert f"{folder}/" in result.stdout
    written = {path.name for path in (tmp_path / folder).iterdir()}
    assert written == named(text), "the docstring names other files than were written"
    pictures = [path for path in (tmp_path / folder).iterdir() if path.suffix == ".svg"]
    assert pictures
    for picture in pictures:
        root = ElementTree.parse(picture).getroot()
        assert root.tag == "{http://www.w3.org/2000/svg}svg"
        assert not re.search(r"dc:date|\b20\d\d-\d\d-\d\d", picture.read_text(encoding="utf-8"))


def environment():
    """That of the tests, with this checkout's package, a console that can print λ, and one core.

    Libraries that wait for each other's threads on a busy machine would be timed otherwise.
    """
    paths = filter(None, (str(ROOT), os.environ.get("PYTHONPATH")))
    threads = dict.fromkeys(("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"), "1")
    console = {"PYTHONIOENCODING": "utf-8", "PYTHONPATH": os.pathsep.join(paths)}
    return {**os.environ, **threads, **console}


def named(text):
    """The files that a docstring says are written."""
    return {Path(name).name for name in re.findall(r"`([\w/-]+\.(?:svg|html|py))`", text)}


@pytest.mark.parametrize("demo", DEMOS, ids=lambda path: path.stem)
def test_a_demo_says_in_its_first_lines_what_it_shows_and_how_it_is_run(demo):
    text = docstring(demo)
    first = text.splitlines()[0]
    assert first.endswith(".")
    assert len(first.split()) >= 8
    assert f"    python demos/{demo.name}\n" in text
    assert f"`{demo.stem.replace('_', '-')}/" in text
    assert "beneath the folder it is run in" in text


@pytest.mark.parametrize("demo", DEMOS, ids=lambda path: path.stem)
def test_a_demo_is_short(demo):
    lines = demo.read_text(encoding="utf-8").splitlines()
    assert len(lines) < 130


def test_the_page_on_demos_has_the_command_of_every_demo():
    page = (ROOT / "docs/demos.md").read_text(encoding="utf-8")
    commands = re.findall(r"^```sh\n(.*)\n```$", page, re.MULTILINE)
    assert sorted(commands) == [f"python demos/{demo.name}" for demo in DEMOS]


def test_the_folders_that_demos_write_to_are_not_committed():
    ignored = (ROOT / ".gitignore").read_text(encoding="utf-8").splitlines()
    assert {f"{demo.stem.replace('_', '-')}/" for demo in DEMOS} <= set(ignored)


# What each of them shows


def test_a_neuron_by_hand_has_the_engines_derivatives():
    demo = load("a_neuron_by_hand")
    weights = 0.4, 0.3, 0.1
    engine = tg.grad(demo.loss, (0, 1, 2))(*weights)
    np.testing.assert_allclose(demo.by_hand(*weights), engine, rtol=1e-14)
    differences = [
        numerical_gradient(lambda x, i=i: demo.loss(*weights[:i], x, *weights[i + 1 :]), weights[i])
        for i in range(3)
    ]
    np.testing.assert_allclose(engine, differences, rtol=1e-8)


def test_gradients_add_at_fan_out_and_under_broadcasting():
    demo = load("why_gradients_add")
    parts = tg.grad(demo.apart, (0, 1))(2.0, 2.0)
    np.testing.assert_allclose(parts, (np.sin(2), 2 * np.cos(2)))
    np.testing.assert_allclose(tg.grad(demo.together)(2.0), sum(parts))
    b = np.array([[0.2]])
    each = tg.grad(demo.shifted)(np.repeat(b, 5, axis=1))
    np.testing.assert_allclose(tg.grad(demo.shifted)(b), np.sum(each, axis=1, keepdims=True))


@pytest.mark.parametrize("lambd", [0.0, 0.5, 1.5, 2.0])
def test_one_weight_descends_to_what_its_formula_says(lambd):
    demo = load("one_weight")
    for name, penalty in demo.PENALTIES.items():
        found = demo.descend(lambd, penalty)
        assert found == pytest.approx(demo.BEST[name](lambd), abs=1e-12)
        assert (found == 0) == (name == "l1" and lambd >= 1)


def test_the_penalty_adds_lambd_over_m_times_w_to_weights_and_nothing_to_biases():
    demo = load("penalty_in_the_graph")
    parameters, X, Y = demo.example()
    W1, b1, W2, b2 = demo.what_the_penalty_adds(parameters, X, Y, 0.7)
    np.testing.assert_allclose(W1, 0.7 / 20 * parameters[0].data, rtol=1e-12)
    np.testing.assert_allclose(W2, 0.7 / 20 * parameters[2].data, rtol=1e-12)
    assert not np.any(b1)
    assert not np.any(b2)


def test_logistic_regression_has_the_lessons_gradient_and_goes_down_to_few_mistakes():
    demo = load("logistic_regression")
    split = breast_cancer(seed=0)
    path = demo.training(split)
    for parameters in (path[0], path[7]):
        engine = tg.grad(demo.cost)(parameters, split.X, split.Y, demo.LAMBD)
        by_hand = demo.gradient_by_hand(parameters, split.X, split.Y, demo.LAMBD)
        for letter in "Wb":
            np.testing.assert_allclose(engine[letter], by_hand[letter], atol=1e-14)
    J = [float(demo.cost(parameters, split.X, split.Y, demo.LAMBD)) for parameters in path]
    assert np.all(np.diff(J) < 0)
    wrong = (demo.scores(path[-1], split.X_dev) > 0) != (split.Y_dev == 1)
    assert np.mean(wrong) < 0.05


def test_a_deep_network_has_the_lessons_gradient_in_every_layer_and_learns():
    demo = load("deep_network")
    split = digits(seed=0, m=600, wrong_labels=0)
    path = demo.training(split, steps=150)
    for parameters in (path[0], path[40]):
        engine = tg.grad(demo.cost)(parameters, split.X, split.Y, demo.LAMBD)
        by_hand = demo.backward_by_hand(parameters, split.X, split.Y, demo.LAMBD)
        for letter in "Wb":
            for one, other in zip(engine[letter], by_hand[letter], strict=True):
                np.testing.assert_allclose(one, other, atol=1e-14)
    assert demo.error(path[0], split.X_dev, split.Y_dev) > 0.7
    assert demo.error(path[-1], split.X_dev, split.Y_dev) < 0.05


def test_the_l1_path_is_that_of_scikit_learn_with_exact_zeros_and_the_l2_path_has_none():
    demo = load("l1_path_and_l2_path")
    X, Y = demo.data()
    m = X.shape[1]
    l1, l2 = demo.l1_path(X, Y), demo.l2_path(X, Y)
    for i, lambd in enumerate(demo.LAMBDS):
        lasso = Lasso(alpha=lambd / m, fit_intercept=False, tol=1e-12, max_iter=100_000)
        ridge = Ridge(alpha=lambd, fit_intercept=False, solver="cholesky")
        np.testing.assert_allclose(l1[i], lasso.fit(X.T, Y[0]).coef_, atol=1e-6)
        np.testing.assert_array_equal(l1[i] == 0, lasso.coef_ == 0)
        np.testing.assert_allclose(l2[i], ridge.fit(X.T, Y[0]).coef_, atol=1e-12)
        assert demo.distance_from_best(l1[i], lambd, tg.l1, X, Y) < 1e-8
        assert demo.distance_from_best(l2[i], lambd, tg.l2, X, Y) < 1e-12
    zeros = np.sum(l1 == 0, axis=1)
    assert np.all(np.diff(zeros) >= 0)
    assert zeros[0] < 3
    assert zeros[-1] == 10
    assert not np.any(l2 == 0)
    for elsewhere in (l1[0] + 0.01, np.zeros(10)):
        assert demo.distance_from_best(elsewhere, demo.LAMBDS[0], tg.l1, X, Y) > 1e-3


def test_the_two_decays_agree_for_gradient_descent_and_differ_for_adam_by_the_root_of_v():
    demo = load("weight_decay_and_adam")
    weights, root_v, decays = demo.measure()
    kinds = demo.PENALTY, demo.DECOUPLED
    descent, adam = (
        [weights[optimizer, kind] for kind in kinds] for optimizer in (demo.plain, demo.adam)
    )
    np.testing.assert_allclose(*descent, rtol=0, atol=1e-12)
    assert np.max(np.abs(adam[0] - adam[1])) > 0.1
    # decoupled: every weight alike; in the gradient: each at the speed 1/√v
    assert np.median(decays[demo.DECOUPLED]) == pytest.approx(1, abs=0.1)
    assert np.median(decays[demo.PENALTY] * root_v) == pytest.approx(0.83, abs=0.1)
    slopes = [np.polyfit(np.log(root_v), np.log(np.abs(decays[kind])), 1)[0] for kind in kinds]
    assert slopes == pytest.approx([-1, 0], abs=0.1)


def test_the_demos_decoupled_decay_is_the_packages_weight_decay_step():
    demo = load("weight_decay_and_adam")
    W = np.random.default_rng(1).standard_normal((10, 64))
    batch, lambd = np.arange(7), 10.0
    found, _ = demo.train(W, (0, 0.0, 0.0), [batch], lambd, demo.plain, demo.DECOUPLED)
    dW = demo.gradient(W, demo.split.X[:, batch], demo.split.Y[:, batch], 0.0)
    alpha = demo.ALPHA[demo.plain]
    expected = weight_decay_step({"W": W}, {"W": dW}, alpha, lambd, demo.split.m)["W"]
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-15)


def test_the_demos_adam_is_adam():
    demo = load("weight_decay_and_adam")
    gradients = np.random.default_rng(0).standard_normal((5, 3))
    memory = (0, 0.0, 0.0)
    for gradient in gradients:
        direction, memory = demo.adam(gradient, memory)
    # weighted sums in full, as in section 3 of Kingma and Ba
    t = len(gradients)
    ages = np.arange(t)[::-1, np.newaxis]
    mean = 0.1 * np.sum(0.9**ages * gradients, axis=0) / (1 - 0.9**t)
    v = 0.001 * np.sum(0.999**ages * gradients**2, axis=0) / (1 - 0.999**t)
    np.testing.assert_allclose(direction, mean / (np.sqrt(v) + 1e-8), rtol=1e-12)


def test_the_slope_of_lambda_is_the_same_by_every_way():
    demo = load("the_slope_of_lambda")
    lambd = 3.0

    def dev_loss(x):
        return demo.dev_loss_after_training(x, 40)

    difference = numerical_gradient(dev_loss, lambd)
    assert tg.grad(dev_loss)(lambd) == pytest.approx(difference, rel=1e-7)
    assert tg.jvp(dev_loss, (lambd,), (1.0,))[1] == pytest.approx(difference, rel=1e-7)
    exact = demo.slope_at_the_optimum(lambd)
    step = 1e-4
    at_optimum = [float(demo.dev_loss(demo.optimum(lambd + sign * step))) for sign in (1, -1)]
    assert exact == pytest.approx((at_optimum[0] - at_optimum[1]) / (2 * step), rel=1e-6)
    through = tg.grad(demo.dev_loss_after_training)(lambd, 1500)
    assert through == pytest.approx(exact, rel=1e-6)
    w = demo.optimum(lambd)
    assert np.max(np.abs(tg.grad(demo.J)(w, lambd))) < 1e-12
    assert tg.grad(demo.J, 1)(w, lambd) == pytest.approx(w @ w / (2 * demo.m), rel=1e-12)


def test_descent_on_lambda_makes_the_dev_loss_smaller_until_its_slope_is_gone():
    demo = load("the_slope_of_lambda")
    path = demo.descent_on_lambda()
    losses = [float(demo.dev_loss(demo.optimum(lambd))) for lambd in path]
    assert np.all(np.diff(losses) < 0)
    slopes = [abs(path[i] * demo.slope_at_the_optimum(path[i])) for i in (0, -1)]
    assert slopes[1] < 0.01 * slopes[0]


def test_the_line_of_ones_own_operation_is_proven_and_wrong_ones_are_refused():
    demo = load("your_own_operation")
    check_rule(demo.log_cosh)
    w = np.linspace(-5, 5, 11)
    np.testing.assert_allclose(demo.log_cosh(w), np.log(np.cosh(w)), atol=1e-15)
    assert demo.log_cosh(1e4) == pytest.approx(1e4 - np.log(2))
    with pytest.raises(GradientMismatch, match="twice the right one"):
        check_rule(demo.WRONG["2 tanh w"])
    with pytest.raises(GradientMismatch, match="ratio -1"):
        check_rule(demo.WRONG["√(1 − e^(−2y))"])
    assert len(demo.WRONG) == 2


def test_the_program_equals_the_code_written_by_hand():
    demo = load("program_beside_hand")
    for n_x, n_1, m in ((30, 32, 400), (3, 2, 5), (1, 1, 1)):
        given = demo.arguments(n_x, n_1, m)
        by_hand = demo.by_hand(*given)
        program = tg.compile(demo.engine)
        assert demo.furthest_apart(program(*given), by_hand) < 1e-12
        assert demo.furthest_apart(demo.engine(*given), by_hand) < 1e-12
        alone = {}
        exec(program.source, alone)
        assert demo.furthest_apart(alone["J"](*given), by_hand) < 1e-12
    *result, gradient = by_hand
    assert demo.furthest_apart((*result, (gradient[0] + 1, *gradient[1:])), by_hand) == 1


def test_texts_stand_beside_each_other_paragraph_by_paragraph():
    demo = load("program_beside_hand")
    assert demo.beside("a\nb\n\nc", "x\n\ny\nz", width=2).splitlines() == [
        "a │ x", "b │", "  │", "c │ y", "  │ z",
    ]  # fmt: skip


def test_in_each_round_every_function_is_timed_once():
    demo = load("program_beside_hand")
    calls = []
    seconds = demo.times({"one": lambda: calls.append(1), "two": lambda: calls.append(2)}, (), 3)
    assert calls == [1, 2] * 3
    assert [len(measured) for measured in seconds.values()] == [3, 3]
