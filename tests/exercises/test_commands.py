"""`python -m tinygrad_reg exercises`: what it prints, writes and returns."""

import subprocess
import sys

import pytest
from typer.testing import CliRunner

from tinygrad_reg.cli import app
from tinygrad_reg.exercises import EXERCISES, find


@pytest.fixture(autouse=True)
def own_folder(tmp_path, monkeypatch):
    """The learner stands in an empty folder."""
    monkeypatch.chdir(tmp_path)


def invoke(*arguments):
    return CliRunner().invoke(app, ["exercises", *map(str, arguments)])


def refused(result, *words):
    """Whether a command ended with one clear line on stderr."""
    assert result.exit_code == 2, result.output
    assert result.stderr.startswith("Error: ")
    assert "Traceback" not in result.output
    assert all(word in result.stderr for word in words), result.stderr
    return True


def test_the_list_names_every_exercise_in_order_with_its_state(tmp_path):
    invoke("start", "matmul")
    result = invoke()
    assert result.exit_code == 0, result.output
    rows = [line for line in result.stdout.splitlines() if line.strip()[:1].isdigit()]
    assert [row.split()[1] for row in rows] == [exercise.name for exercise in EXERCISES]
    assert "begun" in rows[4]
    assert "not begun" not in rows[4]
    assert "not begun" in rows[0]
    assert "Next: python -m tinygrad_reg exercises start tanh" in result.stdout
    assert "\x1b" not in result.stdout


def test_the_list_changes_nothing(tmp_path):
    assert invoke().exit_code == 0
    assert list(tmp_path.iterdir()) == []


def test_start_alone_takes_the_next_one(tmp_path):
    for exercise in EXERCISES[:2]:
        result = invoke("start")
        assert result.exit_code == 0
        assert f"exercises check {exercise.name}" in result.stdout
        assert (tmp_path / "exercises" / f"{exercise.name}.py").read_text() == exercise.task


def test_start_leaves_work_alone_and_says_how_to_get_a_fresh_file(tmp_path):
    invoke("start", "tanh")
    (tmp_path / "exercises" / "tanh.py").write_text("mine")
    result = invoke("start", "tanh")
    assert result.exit_code == 0
    assert "is left as it is" in result.stdout
    assert "--folder fresh" in result.stdout
    assert (tmp_path / "exercises" / "tanh.py").read_text() == "mine"


def test_a_folder_may_be_named_before_or_after_the_command(tmp_path):
    assert "check tanh --folder 'my own'" in invoke("start", "tanh", "--folder", "my own").stdout
    assert "is left as it is" in invoke("--folder", "my own", "start", "tanh").stdout
    assert (tmp_path / "my own" / "tanh.py").exists()
    assert not (tmp_path / "exercises").exists()


def test_everything_begun_is_said(tmp_path):
    for _ in EXERCISES:
        invoke("start")
    assert "Every exercise is begun" in invoke("start").stdout


def test_a_check_answers_not_yet_and_then_passed(tmp_path):
    invoke("start", "tanh")
    file = tmp_path / "exercises" / "tanh.py"
    result = invoke("check", "tanh")
    assert result.exit_code == 1
    assert "The gap is not filled yet" in result.stdout
    file.write_text(find("tanh").task.replace("raise NotImplementedError", "return 1 - y"))
    result = invoke("check", "tanh")
    assert result.exit_code == 1
    assert "The square is missing" in result.stdout
    assert "\x1b" not in result.stdout
    file.write_text(find("tanh").task.replace("raise NotImplementedError", "return 1 - y**2"))
    result = invoke("check", "tanh")
    assert result.exit_code == 0, result.output
    assert "tanh: passed." in result.stdout
    assert "Next: python -m tinygrad_reg exercises start reverse_sweep" in result.stdout
    assert "passed, 2 attempts" in invoke().stdout


def test_a_check_without_a_name_takes_all_that_are_begun(tmp_path):
    invoke("start", "tanh")
    invoke("start", "l2")
    (tmp_path / "exercises" / "tanh.py").write_text(find("tanh").solution)
    result = invoke("check")
    assert result.exit_code == 1
    assert "tanh: passed." in result.stdout
    assert "l2: not yet." in result.stdout


def test_a_solution_is_shown_without_a_start(tmp_path):
    result = invoke("check", "l2", "--solution")
    assert result.exit_code == 0
    assert result.stdout == find("l2").solution
    assert list(tmp_path.iterdir()) == []


def test_what_cannot_be_checked_says_why_and_what_to_type(tmp_path):
    assert refused(invoke("check"), "nothing is begun", "exercises start")
    assert refused(invoke("check", "tanh"), "not begun", "exercises start tanh")
    assert refused(invoke("check", "tahn"), "did you mean tanh?")
    assert refused(invoke("start", "soft"), "no exercise 'soft'")
    assert refused(invoke("check", "--solution"), "needs the name")
    (tmp_path / "file").write_text("mine")
    assert refused(invoke("start", "--folder", "file"), "is a file")


def test_a_damaged_progress_file_is_mentioned_and_stops_nothing(tmp_path):
    invoke("start", "tanh")
    (tmp_path / "exercises" / "progress.json").write_text("{")
    result = invoke()
    assert result.exit_code == 0
    assert "is damaged" in result.stderr
    assert "not begun" in result.stdout


def test_without_hypothesis_exercises_are_listed_and_a_check_names_the_command(monkeypatch):
    monkeypatch.setitem(sys.modules, "hypothesis", None)
    assert invoke().exit_code == 0
    assert invoke("start", "tanh").exit_code == 0
    assert invoke("check", "tanh", "--solution").exit_code == 0
    result = invoke("check", "tanh")
    assert refused(result, "python -m pip install 'tinygrad-reg[testing]'")


def test_as_a_real_command_in_a_folder_full_of_traps(tmp_path):
    (tmp_path / "numpy.py").write_text("raise SystemExit('the learner has a file numpy.py')")
    folder = tmp_path / "exercises"
    folder.mkdir()
    (folder / "tanh.py").write_text(
        "import numpy as np\n\ndef tanh_derivative(y):\n    return 1 - np.square(y)\n"
    )
    command = [sys.executable, "-P", "-m", "tinygrad_reg", "exercises", "check", "tanh"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("tanh: passed.")
    assert sorted(path.name for path in folder.iterdir()) == ["progress.json", "tanh.py"]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["exercises", "numpy.py"]
