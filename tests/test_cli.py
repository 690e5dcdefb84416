"""The command line: what it says, and what it refuses."""

import io
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

import tinygrad_reg as tg
import tinygrad_reg.cli as cli
import tinygrad_reg.tour as tour_package
from tinygrad_reg import __version__
from tinygrad_reg.cli import app
from tinygrad_reg.tour import Settings


def invoke(*arguments):
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


@pytest.fixture
def measured_nothing(monkeypatch):
    """Fails the test if a part of the tour is measured."""

    def fail(*arguments):
        raise AssertionError("a part was measured")

    monkeypatch.setattr(tour_package, "take", fail)


def refused(result, *words):
    """Whether a run ended with one clear line on stderr."""
    assert result.exit_code == 2, result.output
    assert result.stderr.count("\n") == 1
    assert "Traceback" not in result.output
    assert all(word in result.stderr for word in words), result.stderr
    return True


def test_version():
    result = invoke("--version")
    assert result.exit_code == 0
    assert __version__ in result.stdout


@pytest.mark.parametrize("arguments", [("--help",), ("tour", "--help")])
def test_help_says_what_there_is(arguments):
    result = invoke(*arguments)
    assert result.exit_code == 0
    assert "tour" in result.stdout


def test_the_tour_writes_its_page_and_writes_it_again(tmp_path, monkeypatch):
    monkeypatch.setattr(Settings, "steps", lambda self, full, quick: min(quick, 80))
    out = tmp_path / "new" / "report"
    for _ in range(2):
        result = invoke("tour", "--quick", "--out", out, "--seed", 1)
        assert result.exit_code == 0, result.output
        assert str(out / "index.html") in result.stdout
        page = (out / "index.html").read_text(encoding="utf-8")
        assert page.endswith("</html>\n")
        assert "seed 1" in page
        (out / "index.html").write_text("old")


def test_a_foreign_folder_is_left_alone(tmp_path, measured_nothing):
    (tmp_path / "index.html").write_text("mine")
    assert refused(invoke("tour", "--out", tmp_path), "other files", "--out")
    assert [path.name for path in tmp_path.iterdir()] == ["index.html"]
    assert (tmp_path / "index.html").read_text() == "mine"


def test_a_file_is_refused(tmp_path, measured_nothing):
    file = tmp_path / "file"
    file.write_text("mine")
    assert refused(invoke("tour", "--out", file), "is a file")
    assert file.read_text() == "mine"


def test_a_folder_inside_of_a_file_is_refused(tmp_path, measured_nothing):
    (tmp_path / "file").write_text("mine")
    assert refused(invoke("tour", "--out", tmp_path / "file" / "report"), "not writable")


def test_a_folder_that_cannot_be_written_is_refused(tmp_path, measured_nothing):
    tmp_path.chmod(0o500)
    try:
        if os.access(tmp_path, os.W_OK):
            pytest.skip("this user may write everywhere")
        assert refused(invoke("tour", "--out", tmp_path / "report"), "not writable")
    finally:
        tmp_path.chmod(0o700)


def test_a_disk_that_refuses_is_reported(tmp_path, monkeypatch, measured_nothing):
    def refuse(path, content):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "write_bytes", refuse)
    assert refused(invoke("tour", "--out", tmp_path), "not writable", "Permission denied")


@pytest.mark.parametrize(
    ("module", "package"), [("sklearn", "scikit-learn"), ("matplotlib", "matplotlib")]
)
def test_a_missing_package_is_named_with_its_command(
    monkeypatch, tmp_path, measured_nothing, module, package
):
    monkeypatch.setitem(sys.modules, module, None)
    result = invoke("tour", "--out", tmp_path / "report")
    assert refused(result, package, "python -m pip install 'tinygrad-reg[tour]'")
    assert not (tmp_path / "report").exists()


def test_a_missing_renderer_is_named_with_its_command(monkeypatch, tmp_path, measured_nothing):
    def nothing(package):
        raise cli.PackageNotFoundError(package)

    monkeypatch.setattr(cli, "which", lambda name: None)
    monkeypatch.setattr(cli, "distribution", nothing)
    result = invoke("tour", "--out", tmp_path / "report")
    assert refused(result, "graphviz-pure", "python -m pip install 'tinygrad-reg[tour]'")


@pytest.mark.parametrize("seed", ["-1", "one"])
def test_a_seed_that_is_none_is_refused(seed, measured_nothing):
    result = invoke("tour", "--seed", seed)
    assert result.exit_code == 2
    assert "--seed" in result.stderr


def test_a_missed_limit_ends_with_exit_code_1(tmp_path, monkeypatch):
    class Missed:
        page, misses = tmp_path / "index.html", ["the largest error is 1, above its limit 1e-07"]

    monkeypatch.setattr(tour_package, "run", lambda *arguments: Missed)
    result = invoke("tour", "--out", tmp_path)
    assert result.exit_code == 1
    assert result.stderr == "Error: the largest error is 1, above its limit 1e-07\n"


def test_the_command_line_starts_without_the_tours_packages():
    code = "import sys, tinygrad_reg.cli; print({'sklearn', 'matplotlib'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"


def test_the_package_runs_as_a_module():
    command = [sys.executable, "-m", "tinygrad_reg", "--version"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert __version__ in done.stdout


MODEL = """
import numpy as np
import tinygrad_reg as tg

X, Y, lambd, m = np.array([[1.0, 2.0]]), np.array([[0.0, 1.0]]), 0.7, 2


def cost(W, b, X, Y, lambd, m):
    return np.sum(tg.binary_cross_entropy(W @ X + b, Y)) / m + tg.l2(W, lambd, m)


def squared(x):
    return np.sum(x**2)


wrong = tg.elementwise(squared, lambda y, x: x)


def raises(W):
    raise KeyError("no such weight")


def predict(W, b, X):
    return tg.sigmoid(W @ X + b)


def weighted(W, *, X):
    return np.sum(W * X)


def positive(W):
    return np.sum(W) if np.sum(W) > 0 else -np.sum(W)


def repeated(W, n=3):
    for _ in range(n):
        W = W * W
    return np.sum(W)


def many(W):
    return np.sum(W * LARGE)


LARGE = np.linspace(0, 1, 5000)
compiled = tg.compile(predict)
"""


@pytest.fixture
def model(tmp_path, monkeypatch):
    (tmp_path / "lesson_model.py").write_text(MODEL)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_check_says_that_gradients_are_right(model):
    result = invoke("check", "lesson_model.py:cost", "--shape", "W=1,1", "--value", "b=0.5")
    assert result.exit_code == 0, result.output
    assert "W (1, 1), b (), X (1, 2), Y (1, 2), lambd ()" in result.stdout
    assert "are right" in result.stdout


def test_check_says_what_is_wrong_with_a_gradient(model):
    result = invoke("check", "lesson_model.py:wrong", "--shape", "x=3", "--order", "1")
    assert result.exit_code == 1
    assert "wrong gradient" in result.stderr
    assert "ratio 0.5" in result.stderr
    assert "1/2" in result.stderr


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("lesson_model.py:cost",), ("needs W, b", "--shape W=2,3")),
        (("lesson_model.py:price",), ("cost, squared",)),
        (("nothing.py:cost",), ("no file",)),
        (("lesson_model.py:cost", "--shape", "V=2"), ("W, b, X, Y, lambd, m",)),
    ],
)
def test_check_refuses_with_one_line_what_it_cannot_find(model, arguments, words):
    assert refused(invoke("check", *arguments), *words)


def test_check_says_when_the_function_raises(model):
    result = invoke("check", "lesson_model.py:raises", "--shape", "W=2")
    assert result.exit_code == 2
    assert "KeyError: 'no such weight'" in result.stderr
    assert "W of shape (2,)" in result.stderr
    assert "Traceback" not in result.output


COST = ("lesson_model.py:cost", "--shape", "W=1,1", "--value", "b=0.5")


def written(*arguments):
    """The function in the module that `program` prints."""
    result = invoke("program", *arguments)
    assert result.exit_code == 0, result.output
    module = {}
    exec(compile(result.stdout, "printed", "exec"), module)
    return module[arguments[0].rpartition(":")[2]]


def arguments_of_cost():
    """What `check` and `program` call the cost with, if they are given COST."""
    W = np.random.default_rng(0).normal(size=(1, 1))
    return W, 0.5, np.array([[1.0, 2.0]]), np.array([[0.0, 1.0]]), 0.7, 2


def cost_of_the_lesson(W, b, X, Y, lambd, m):
    return np.sum(tg.binary_cross_entropy(W @ X + b, Y)) / m + tg.l2(W, lambd, m)


def test_program_prints_a_module_that_computes_value_and_gradient(model):
    value, gradient = written(*COST, "--by", "W", "--by", "b")(*arguments_of_cost())
    expected = tg.value_and_grad(cost_of_the_lesson, argnums=(0, 1))(*arguments_of_cost())
    np.testing.assert_allclose(value, expected[0], rtol=1e-14)
    for got, wanted in zip(gradient, expected[1], strict=True):
        np.testing.assert_allclose(got, wanted, rtol=1e-12)


def test_program_differentiates_by_everything_made_of_floats_unless_told_otherwise(model):
    _, gradient = written("lesson_model.py:many", "--shape", "W=5000")(np.ones(5000), LARGE=ones)
    np.testing.assert_array_equal(gradient, ones)
    result = invoke("program", *COST)
    assert all(name in result.stdout for name in ("dW", "db", "dX", "dY", "dlambd"))
    gradient = written(*COST, "--grad", "--by", "b")(*arguments_of_cost())
    assert np.shape(gradient) == ()


ones = np.ones(5000)


@pytest.mark.parametrize(
    "arguments",
    [("lesson_model.py:predict",), ("lesson_model.py:compiled",), (*COST[:1], "--plain")],
)
def test_program_of_a_function_that_has_no_gradient_or_shall_have_none(model, arguments):
    result = invoke("program", *arguments, *COST[1:])
    assert result.exit_code == 0, result.output
    assert "backward" not in result.stdout
    assert "W @ X + b" in result.stdout


def test_program_takes_arguments_by_name_alone(model):
    assert "W * X" in invoke("program", "lesson_model.py:weighted", "--shape", "W=1,2").stdout


def test_program_is_written_for_the_value_of_a_static_argument(model):
    result = invoke("program", "lesson_model.py:repeated", "--shape", "W=2", "--static", "n")
    assert result.exit_code == 0, result.output
    value, gradient = written(
        "lesson_model.py:repeated", "--shape", "W=2", "--static", "n"
    )(np.array([1.0, 2.0]))  # fmt: skip
    assert value == 257
    np.testing.assert_array_equal(gradient, [8, 8 * 2**7])


def test_the_fast_program_is_printed_as_python(model):
    result = invoke("program", *COST, "--fast")
    assert result.exit_code == 0, result.output
    compile(result.stdout, "printed", "exec")
    assert result.stdout != invoke("program", *COST).stdout


def test_what_program_prints_can_be_redirected_into_a_file(model):
    command = [sys.executable, "-m", "tinygrad_reg", "program", *COST]
    environment = {**os.environ, "PYTHONIOENCODING": "latin-1", "FORCE_COLOR": "1"}
    done = subprocess.run(command, capture_output=True, env=environment, check=True)
    (model / "printed.py").write_bytes(done.stdout)
    assert done.stdout.decode() == invoke("program", *COST).stdout
    command = [sys.executable, "-c", "import printed; printed.cost"]
    subprocess.run(command, check=True, env={**os.environ, "PYTHONPATH": str(model)})


def test_on_a_terminal_program_prints_the_same_text_in_colours(model, monkeypatch):
    class Terminal(io.StringIO):
        def isatty(self):
            return True

    source = invoke("program", *COST).stdout
    terminal = Terminal()
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.setenv("COLUMNS", "40")
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setattr(sys, "stdout", terminal)
    cli.show_source(source)
    assert "\x1b[" in terminal.getvalue()
    assert re.sub(r"\x1b\[[\d;]*m", "", terminal.getvalue()) == source


def test_program_writes_into_a_file(model):
    result = invoke("program", *COST, "--output", "written.py")
    assert result.exit_code == 0, result.output
    assert result.output == ""
    assert (model / "written.py").read_text(encoding="utf-8") == invoke("program", *COST).stdout


def test_program_says_which_arrays_are_passed_because_they_are_large(model):
    result = invoke("program", "lesson_model.py:many", "--shape", "W=5000")
    assert (
        result.stderr == "Note: arrays too large to be written out are arguments: LARGE (5000,)\n"
    )


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("lesson_model.py:cost",), ("needs W, b", "--shape W=2,3")),
        (("lesson_model.py:price",), ("cost, squared",)),
        ((*COST, "--by", "m"), ("--by m", "W, b, X, Y, lambd")),
        ((*COST, "--static", "n"), ("--static n", "W, b, X, Y, lambd, m")),
        ((*COST, "--plain", "--grad"), ("--plain takes no derivative",)),
        ((*COST, "--output", "lesson_model.py"), ("lesson_model.py is the file of the function",)),
        ((*COST, "--output", "no/such/folder.py"), ("cannot be written", "No such file")),
        (("lesson_model.py:positive", "--shape", "W=2"), ("has no program", "np.where")),
        (("lesson_model.py:raises", "--shape", "W=2"), ("KeyError: 'no such weight'",)),
        (("lesson_model.py:predict", *COST[1:], "--grad"), ("not a single number",)),
        (("lesson_model.py:repeated", "--value", "W=3", "--grad"), ("made of floats",)),
    ],
)
def test_program_refuses_with_one_line(model, arguments, words):
    assert refused(invoke("program", *arguments), *words)
    assert "def cost" in (model / "lesson_model.py").read_text()


def explored(path):
    """The data of a page that `explore` has written."""
    return json.loads(re.search(r'id="data">(.*?)</script>', path.read_text("utf-8"), re.DOTALL)[1])


def roles(data):
    """What the named nodes of a page are."""
    return {node["name"]: node["role"] for node in data["nodes"] if node["name"]}


def test_explore_writes_a_page_and_says_where(model):
    result = invoke("explore", *COST, "--output", "cost.html")
    assert result.exit_code == 0, result.output
    assert result.output == "The page: cost.html\n"
    found = roles(explored(model / "cost.html"))
    assert {found[name] for name in ("W", "b", "X", "Y", "lambd")} == {"parameter"}
    assert invoke("explore", *COST).stdout == "The page: graph.html\n"
    assert (model / "graph.html").is_file()


def test_explore_takes_for_data_what_it_is_not_to_differentiate_by(model):
    result = invoke("explore", *COST, "--by", "W", "--by", "b")
    assert result.exit_code == 0, result.output
    found = roles(explored(model / "graph.html"))
    assert (found["W"], found["b"], found["X"], found["Y"]) == ("parameter",) * 2 + ("data",) * 2


def test_explore_shows_the_gradient_of_the_function(model):
    invoke("explore", *COST)
    data = explored(model / "graph.html")
    (W,) = [node for node in data["nodes"] if node["name"] == "W"]
    gradient = tg.grad(cost_of_the_lesson)(*arguments_of_cost())
    assert data["arrays"][W["gradient"]]["entries"] == gradient.ravel().tolist()


@pytest.mark.parametrize("function", ["compiled", "weighted"])
def test_explore_takes_programs_and_arguments_by_name_alone(model, function):
    shapes = ("--shape", "W=1,1", "--value", "b=0.5", "--value", "X=np.ones((1, 2))")
    given = shapes if function == "compiled" else ("--shape", "W=1,2")
    result = invoke("explore", f"lesson_model.py:{function}", *given)
    assert result.exit_code == 0, result.output
    assert "W" in roles(explored(model / "graph.html"))


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("lesson_model.py:cost",), ("needs W, b", "--shape W=2,3")),
        (("lesson_model.py:price",), ("cost, squared",)),
        (("nothing.py:cost",), ("no file",)),
        ((*COST, "--by", "m"), ("--by m", "W, b, X, Y, lambd")),
        ((*COST, "--output", "no/such/page.html"), ("no/such/page.html", "no folder")),
        ((*COST, "--output", "."), ("is a folder",)),
        (
            ("lesson_model.py:raises", "--shape", "W=2"),
            ("cannot be explored", "KeyError: 'no such"),
        ),
    ],
)
def test_explore_refuses_with_one_line_and_writes_nothing(model, arguments, words):
    assert refused(invoke("explore", *arguments), *words)
    assert not list(model.glob("*.html"))


def test_rules_prints_the_table():
    result = invoke("rules")
    assert result.exit_code == 0
    rows = [line for line in result.stdout.splitlines() if line.startswith("  np.tanh ")]
    assert len(rows) == 1
    assert "1 - y * y" in rows[0]
    assert "elementwise" in rows[0]


def test_rules_prints_the_lines_of_scipy_without_an_import_of_it():
    done = subprocess.run(
        [sys.executable, "-m", "tinygrad_reg", "rules", "erfinv"], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    assert "scipy.special.erfinv" in done.stdout


def test_rules_prints_what_is_asked_for():
    result = invoke("rules", "absol")
    assert "np.absolute" in result.stdout
    assert "x = 0" in result.stdout
    assert "tanh" not in result.stdout
    assert refused(invoke("rules", "no such rule"), "no such rule")
