"""Every exercise: it fails as it is shipped, its solution passes, and a mistake gets its hint."""

import subprocess
import sys
from importlib import import_module

import pytest

from tests.exercises.attempts import ATTEMPTS, DAMAGES, REPAIRS
from tinygrad_reg.exercises import EXERCISES, find
from tinygrad_reg.exercises.examining import examine, on_examples
from tinygrad_reg.exercises.hints import coincides
from tinygrad_reg.exercises.questions import Question

ALL = [exercise.name for exercise in EXERCISES]
TYPED = [(name, *typed) for name, several in ATTEMPTS.items() for typed in several]
for changes, text in (REPAIRS, find("planted_bug").task), (DAMAGES, find("planted_bug").solution):
    TYPED += [("planted_bug", text.replace(old, new), words) for old, new, words in changes]


def answer_to(name, text, folder):
    """The answer to a file with some text."""
    path = folder / f"{name}.py"
    path.write_text(text, encoding="utf-8")
    return examine(find(name), path)


@pytest.mark.parametrize("name", ALL)
def test_an_exercise_fails_as_shipped_and_says_so_in_words(name, tmp_path):
    answer = answer_to(name, find(name).task, tmp_path)
    assert not answer.passed
    assert answer.hint
    assert "Traceback" not in str(answer)


@pytest.mark.parametrize("name", ALL)
def test_an_exercise_passes_with_its_solution(name, tmp_path):
    answer = answer_to(name, find(name).solution, tmp_path)
    assert answer.passed, answer


@pytest.mark.parametrize(
    ("name", "text", "words"), TYPED, ids=[f"{name}: {words}" for name, _, words in TYPED]
)
def test_a_typical_mistake_gets_its_hint(name, text, words, tmp_path):
    answer = answer_to(name, text, tmp_path)
    assert not answer.passed
    assert words in answer.hint, str(answer)


@pytest.mark.parametrize("name", ALL)
def test_three_mistakes_are_typed_for_every_exercise(name):
    assert sum(name == typed for typed, _, _ in TYPED) >= 3


@pytest.mark.parametrize("name", ALL)
def test_every_exercise_knows_four_mistakes_and_what_to_say_of_each(name):
    questions = import_module(f"tinygrad_reg.exercises.proofs.{name}").QUESTIONS
    mistakes = [m for question in questions for m in getattr(question, "mistakes", ())]
    assert len({mistake.hint for mistake in mistakes}) >= 4


@pytest.mark.parametrize("name", ALL)
def test_no_known_mistake_is_right(name):
    """Else its hint would be given to someone who made none."""
    questions = import_module(f"tinygrad_reg.exercises.proofs.{name}").QUESTIONS
    for question in (question for question in questions if isinstance(question, Question)):
        drawn = []
        on_examples(question.examples, drawn.append)
        right = {id(arguments): question.expected(**arguments) for arguments in drawn}

        def answered(arguments, right=right):
            return right[id(arguments)]

        for mistake in question.mistakes:
            if mistake.wrong is not None:
                assert not all(
                    coincides(question, mistake.wrong, answered, drawn, part)
                    for part in question.parts or (None,)
                ), mistake.hint


@pytest.mark.parametrize("name", ALL)
def test_texts_are_ascii_and_short_and_say_how_to_be_checked(name):
    for text in find(name).task, find(name).solution:
        assert text.isascii()  # shown by any terminal
        assert all(len(line) <= 100 for line in text.splitlines())
    assert len(find(name).task.splitlines()) <= 50
    assert f"exercises check {name}\n" in find(name).task


def test_texts_are_formatted(tmp_path):
    for exercise in EXERCISES:
        (tmp_path / f"{exercise.name}_task.py").write_text(exercise.task)
        (tmp_path / f"{exercise.name}_solution.py").write_text(exercise.solution)
    command = [sys.executable, "-m", "ruff", "format", "--isolated", "--line-length=100", "--check"]
    done = subprocess.run([*command, tmp_path], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


def test_a_number_that_fits_no_mistake_gets_no_guess(tmp_path):
    answer = answer_to("tanh", "def tanh_derivative(y):\n    return 0.9 - y**3\n", tmp_path)
    assert answer.hint.startswith("This fits none of the usual mistakes.")


def test_examples_are_the_same_in_every_run():
    [question] = import_module("tinygrad_reg.exercises.proofs.unbroadcast").QUESTIONS
    runs = [], []
    for drawn in runs:
        on_examples(question.examples, drawn.append)
    assert str(runs[0]) == str(runs[1])
    assert len(runs[0]) >= 50
