"""A check: the learner's file is examined in a process of its own, and the attempt is counted."""

from __future__ import annotations

import os
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory

import tinygrad_reg
from tinygrad_reg.exercises.answers import Answer
from tinygrad_reg.exercises.catalogue import Exercise, find
from tinygrad_reg.exercises.folder import FolderProblem, file_of, is_untouched, note_attempt

__all__ = ["CannotCheck", "check"]

LIMIT = 60.0  # seconds for a whole check, which takes one or two
CALL_LIMIT = 3.0  # seconds for one call of the learner's function, or for running the file


class CannotCheck(Exception):  # noqa: N818 (it says what is missing)
    """Nothing was checked: there is no file, or what the check needs is not installed."""


def check(name: str, folder: str | Path = "exercises") -> Answer:
    """The answer to the learner's attempt at an exercise; the attempt is noted in their folder.

    An attempt is counted if the file is not as it was copied. Once an exercise is passed it stays
    so, whatever becomes of the file.

    Parameters
    ----------
    name : str
        Of the exercise, or its number.
    folder : str or Path
        Where the learner's files are.

    Returns
    -------
    Answer
        `passed`, and in words what is wrong, with the smallest counterexample and a hint; printed,
        it reads as on the command line.

    Raises
    ------
    NoSuchExercise
        If there is no exercise of that name.
    CannotCheck
        If it has not been begun in that folder, or Hypothesis is not installed.
    FolderProblem
        If the folder cannot be read or written.

    Examples
    --------
    >>> from pathlib import Path
    >>> from tempfile import TemporaryDirectory
    >>> from tinygrad_reg.exercises import check, find, start
    >>> with TemporaryDirectory() as folder:
    ...     _ = start(find("tanh"), Path(folder))
    ...     print(check("tanh", folder).finding)
    The gap is not filled yet.
    """
    exercise, folder = find(name), Path(folder)
    path = file_of(exercise, folder)
    if not path.is_file():
        elsewhere = "" if folder == Path("exercises") else f" --folder {folder}"
        here = ""
        if file_of(exercise, Path()).is_file():  # they stand in the folder of their exercises
            here = (
                f"\nOr is it the {exercise.name}.py in this very folder? Then: "
                f"python -m tinygrad_reg exercises check {exercise.name} --folder ."
            )
        raise CannotCheck(
            f"{exercise.name} is not begun: there is no {path}. Begin with: "
            f"python -m tinygrad_reg exercises start {exercise.name}{elsewhere}{here}"
        )
    if find_spec("hypothesis") is None:
        raise CannotCheck(
            "the exercises are checked with Hypothesis, which is not installed: "
            "python -m pip install 'tinygrad-reg[testing]'"
        )
    try:
        untouched = is_untouched(exercise, folder)
    except OSError as error:
        raise FolderProblem(f"{path} cannot be read ({error.strerror or error})") from error
    answer = examine_apart(exercise, path.resolve())
    if not untouched:
        note_attempt(exercise, folder, answer.passed)
    return answer


def examine_apart(exercise: Exercise, path: Path, call_limit: float = CALL_LIMIT) -> Answer:
    """The answer of a process that examines the file, whatever becomes of that process."""
    with TemporaryDirectory() as scratch:
        result = Path(scratch) / "answer.json"
        command = [sys.executable, "-P", "-m", "tinygrad_reg.exercises.examining"]
        try:
            ended = subprocess.run(
                [*command, exercise.name, str(path), str(result), str(call_limit)],
                env=environment(scratch),
                stdin=subprocess.DEVNULL,
                capture_output=True,
                timeout=LIMIT,
                check=False,
            )
        except subprocess.TimeoutExpired:
            return Answer(
                exercise.name,
                False,
                f"It was still running after {LIMIT:.0f} seconds, and was ended.",
            )
        if result.exists():
            return Answer.from_json(result.read_text(encoding="utf-8"))
    errors = ended.stderr.decode(errors="replace").strip().splitlines()
    last = f" Its last words: {errors[-1]}" if errors else ""
    return Answer(
        exercise.name,
        False,
        f"Python ended in the middle of the check, with code {ended.returncode}.{last}",
        hint="Does the file call os._exit, or a part of the system that breaks off?",
    )


def environment(scratch: str) -> dict[str, str]:
    """The environment of this process, in which the same package is found and nothing is left."""
    here = str(Path(tinygrad_reg.__file__).resolve().parent.parent)
    paths = [here, os.environ.get("PYTHONPATH", "")]
    return {
        **os.environ,
        "PYTHONPATH": os.pathsep.join(path for path in paths if path),
        "PYTHONDONTWRITEBYTECODE": "1",
        "HYPOTHESIS_STORAGE_DIRECTORY": scratch,
    }
