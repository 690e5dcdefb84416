"""The learner's folder: one file for each exercise begun, and one small file of progress.

A file of the learner's is never written over, and what was passed once stays passed.
"""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from pathlib import Path

from tinygrad_reg.exercises.catalogue import EXERCISES, Exercise
from tinygrad_reg.files import replace

__all__ = [
    "PROGRESS",
    "FolderProblem",
    "Progress",
    "file_of",
    "is_untouched",
    "next_to_start",
    "note_attempt",
    "read_progress",
    "start",
    "state_of",
]

PROGRESS = "progress.json"
ABOUT = "What has passed, and after how many attempts; kept by its checks."


class FolderProblem(Exception):  # noqa: N818 (it says what is wrong with the folder)
    """The folder, or a file in it, cannot be read or written."""


@dataclass(frozen=True)
class Progress:
    """How far one exercise is: attempts are counted until it is passed, and then no more."""

    attempts: int = 0
    passed: bool = False


def file_of(exercise: Exercise, folder: Path) -> Path:
    """Where the learner's file of an exercise is, or would be."""
    return folder / f"{exercise.name}.py"


def start(exercise: Exercise, folder: Path) -> bool:
    """Copy an exercise to the folder; False, and nothing done, if a file of its name is there.

    Raises
    ------
    FolderProblem
        If it cannot be written.
    """
    path = file_of(exercise, folder)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with path.open("x", encoding="utf-8") as file:  # fails if it is there: never over work
            file.write(exercise.task)
    except FileExistsError as error:
        if folder.is_dir():
            return False
        raise FolderProblem(f"{folder} is a file: give a folder with --folder") from error
    except OSError as error:
        raise not_writable(folder, error) from error
    return True


def is_untouched(exercise: Exercise, folder: Path) -> bool:
    """Whether the learner's file is as it was copied."""
    return file_of(exercise, folder).read_bytes().split() == exercise.task.encode().split()


def state_of(exercise: Exercise, folder: Path, progress: dict[str, Progress]) -> str:
    """`not begun`, `begun` or `passed`, with the number of attempts."""
    known = progress.get(exercise.name, Progress())
    attempts = f"{known.attempts} attempt{'' if known.attempts == 1 else 's'}"
    if known.passed:
        return f"passed, {attempts}"
    if not file_of(exercise, folder).exists():
        return "not begun"
    return f"begun, {attempts}" if known.attempts else "begun"


def next_to_start(folder: Path, progress: dict[str, Progress]) -> Exercise | None:
    """The first exercise in the list that is neither begun nor passed."""
    for exercise in EXERCISES:
        if state_of(exercise, folder, progress) == "not begun":
            return exercise
    return None


def read_progress(folder: Path) -> tuple[dict[str, Progress], str]:
    """What is known of each exercise, and what was wrong with the file that says it, if anything.

    Nothing is changed: a damaged file is set aside only when a new one is written.
    """
    path = folder / PROGRESS
    try:
        entries = json.loads(path.read_text(encoding="utf-8"))
        if not isinstance(entries, dict):
            raise ValueError("no object")
    except (FileNotFoundError, NotADirectoryError):
        return {}, ""
    except OSError as error:
        raise FolderProblem(f"{path} cannot be read ({error.strerror or error})") from error
    except ValueError:  # no JSON, or no text at all
        return {}, (
            f"{path} is damaged and counts as empty. It is kept as {PROGRESS}.damaged when the "
            "next check writes a new one; your exercises are untouched: check them again."
        )
    known = {}
    for name, entry in entries.items():
        if isinstance(entry, dict):
            attempts, passed = entry.get("attempts"), entry.get("passed") is True
            if not isinstance(attempts, int) or attempts < 0:
                attempts = 0
            known[name] = Progress(max(attempts, int(passed)), passed)
    return known, ""


def note_attempt(exercise: Exercise, folder: Path, passed: bool) -> None:
    """Count an attempt, unless the exercise is passed already.

    Raises
    ------
    FolderProblem
        If the file of progress cannot be read or written.
    """
    progress, damage = read_progress(folder)
    known = progress.get(exercise.name, Progress())
    if known.passed:
        return
    progress[exercise.name] = Progress(known.attempts + 1, passed)
    path = folder / PROGRESS
    try:
        if damage:
            os.replace(path, path.with_name(path.name + ".damaged"))
        replace(path, as_json(progress).encode())
    except OSError as error:
        raise not_writable(folder, error) from error


def as_json(progress: dict[str, Progress]) -> str:
    """The file of progress, a line for each exercise."""
    lines = [f'  "about": {json.dumps(ABOUT)}']
    for name, known in progress.items():
        lines.append(
            f'  "{name}": {json.dumps({"passed": known.passed, "attempts": known.attempts})}'
        )
    return "{\n" + ",\n".join(lines) + "\n}\n"


def not_writable(folder: Path, error: OSError) -> FolderProblem:
    """What to say about a folder that refused."""
    return FolderProblem(
        f"{folder} is not writable ({error.strerror or error}): give another one with --folder"
    )
