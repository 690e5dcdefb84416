"""The learner's folder: what is theirs is never written over, and what is passed stays passed."""

import json
import os

import pytest

from tinygrad_reg.exercises import (
    EXERCISES,
    CannotCheck,
    FolderProblem,
    NoSuchExercise,
    Progress,
    check,
    file_of,
    find,
    next_to_start,
    read_progress,
    start,
    state_of,
)
from tinygrad_reg.exercises.folder import PROGRESS, note_attempt

TANH, MATMUL = find("tanh"), find("matmul")


def test_a_start_copies_the_task(tmp_path):
    folder = tmp_path / "new" / "exercises"
    assert start(TANH, folder)
    assert file_of(TANH, folder).read_text() == TANH.task
    assert [path.name for path in folder.iterdir()] == ["tanh.py"]


def test_a_file_of_the_learner_is_never_written_over(tmp_path):
    file_of(TANH, tmp_path).write_text("mine")
    assert not start(TANH, tmp_path)
    assert file_of(TANH, tmp_path).read_text() == "mine"


def test_a_link_that_leads_nowhere_is_left_alone(tmp_path):
    file_of(TANH, tmp_path).symlink_to(tmp_path / "nowhere")
    assert not start(TANH, tmp_path)
    assert not (tmp_path / "nowhere").exists()


def test_a_folder_that_is_a_file_is_refused(tmp_path):
    (tmp_path / "file").write_text("mine")
    with pytest.raises(FolderProblem, match="is a file: give a folder"):
        start(TANH, tmp_path / "file")
    with pytest.raises(FolderProblem, match="not writable"):
        start(TANH, tmp_path / "file" / "folder")


def test_attempts_are_counted_until_it_is_passed_and_then_no_more(tmp_path):
    for passed in False, False, True, False, True:
        note_attempt(TANH, tmp_path, passed)
    known, damage = read_progress(tmp_path)
    assert known == {"tanh": Progress(3, True)}
    assert not damage
    assert state_of(TANH, tmp_path, known) == "passed, 3 attempts"


def test_what_is_passed_stays_passed_though_the_file_fails_again_or_is_gone(tmp_path):
    file_of(TANH, tmp_path).write_text(TANH.solution)
    assert check("tanh", tmp_path).passed
    file_of(TANH, tmp_path).write_text("def tanh_derivative(y):\n    return y\n")
    assert not check("tanh", tmp_path).passed
    file_of(TANH, tmp_path).unlink()
    known, _ = read_progress(tmp_path)
    assert state_of(TANH, tmp_path, known) == "passed, 1 attempt"


def test_a_file_as_it_was_copied_is_no_attempt(tmp_path):
    start(TANH, tmp_path)
    assert not check("tanh", tmp_path).passed
    assert not (tmp_path / PROGRESS).exists()
    assert state_of(TANH, tmp_path, {}) == "begun"


def test_states_and_the_next_exercise(tmp_path):
    assert state_of(TANH, tmp_path, {}) == "not begun"
    assert next_to_start(tmp_path, {}) == EXERCISES[0]
    start(TANH, tmp_path)
    assert state_of(TANH, tmp_path, {"tanh": Progress(2)}) == "begun, 2 attempts"
    assert next_to_start(tmp_path, {EXERCISES[1].name: Progress(1, True)}) == EXERCISES[2]
    everything = {exercise.name: Progress(1, True) for exercise in EXERCISES}
    assert next_to_start(tmp_path, everything) is None


@pytest.mark.parametrize("damaged", ["", "{", "[]", "7", '{"tanh": {"passed": true', "\udcff"])
def test_a_damaged_progress_file_is_set_aside_and_never_lost(damaged, tmp_path):
    (tmp_path / PROGRESS).write_bytes(damaged.encode(errors="surrogateescape"))
    known, damage = read_progress(tmp_path)
    assert known == {}
    assert "is damaged" in damage
    assert (tmp_path / PROGRESS).read_bytes() == damaged.encode(errors="surrogateescape")
    note_attempt(TANH, tmp_path, False)
    aside = tmp_path / f"{PROGRESS}.damaged"
    assert aside.read_bytes() == damaged.encode(errors="surrogateescape")
    assert read_progress(tmp_path) == ({"tanh": Progress(1)}, "")


@pytest.mark.parametrize("attempts", ["3", None, -4, 2.5, [], "many"])
def test_an_entry_that_says_nonsense_loses_no_other(attempts, tmp_path):
    entries = {
        "tanh": {"passed": True, "attempts": attempts},
        "matmul": {"passed": False, "attempts": 4},
        "of_a_later_version": {"passed": True, "attempts": 2},
        "l1": "passed",
    }
    (tmp_path / PROGRESS).write_text(json.dumps(entries))
    note_attempt(MATMUL, tmp_path, False)
    known, damage = read_progress(tmp_path)
    assert not damage
    assert known["tanh"] == Progress(1, True)
    assert known["matmul"] == Progress(5, False)
    assert known["of_a_later_version"] == Progress(2, True)


def test_the_progress_file_is_written_in_one_piece(tmp_path, monkeypatch):
    note_attempt(TANH, tmp_path, True)
    before = (tmp_path / PROGRESS).read_text()

    def refuse(*paths):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "replace", refuse)
    with pytest.raises(FolderProblem, match="No space left"):
        note_attempt(MATMUL, tmp_path, True)
    assert (tmp_path / PROGRESS).read_text() == before
    assert [path.name for path in tmp_path.iterdir()] == [PROGRESS]


def test_the_progress_file_is_readable_by_people(tmp_path):
    note_attempt(TANH, tmp_path, True)
    lines = (tmp_path / PROGRESS).read_text().splitlines()
    assert '  "tanh": {"passed": true, "attempts": 1}' in lines


def test_what_is_not_begun_cannot_be_checked_and_says_what_to_type(tmp_path):
    with pytest.raises(CannotCheck, match=r"exercises start tanh --folder .*"):
        check("tanh", tmp_path)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("typed", "name"),
    [("tanh", "tanh"), ("1", "tanh"), ("Soft-Threshold", "soft_threshold")]
    + [("exercises/l2.py", "l2"), ("16", "new_operation")],
)
def test_an_exercise_is_found_by_name_number_and_file(typed, name):
    assert find(typed).name == name


@pytest.mark.parametrize(
    ("typed", "near"), [("than", "tanh"), ("weigth_decay", "weight_decay"), ("prox", "exercises")]
)
def test_a_name_that_is_none_gets_the_nearest(typed, near):
    with pytest.raises(NoSuchExercise, match=near):
        find(typed)


def test_in_the_folder_of_the_exercises_a_check_says_how_to_find_them(tmp_path, monkeypatch):
    start(TANH, tmp_path)
    monkeypatch.chdir(tmp_path)
    with pytest.raises(CannotCheck, match=r"tanh\.py in this very folder\? .* --folder \.$"):
        check("tanh")
    assert not check("tanh", ".").passed


@pytest.mark.parametrize("number", ["0", "17"])
def test_a_number_that_no_exercise_has_is_not_taken_for_a_name(number):
    with pytest.raises(NoSuchExercise, match=f"'{number}': they have the numbers 1 to 16"):
        find(number)
