"""Exercises that check themselves: `python -m tinygrad_reg exercises`.

An exercise is three files of one name: `tasks/` holds what the learner gets, with a gap;
`solutions/` one way to fill it; `proofs/` the properties that hold of a right answer, and the
mistakes people make. Tasks and solutions are Python as text: the package reads them, and imports
neither.
"""

from tinygrad_reg.exercises.answers import Answer
from tinygrad_reg.exercises.catalogue import EXERCISES, Exercise, NoSuchExercise, find
from tinygrad_reg.exercises.checking import CannotCheck, check
from tinygrad_reg.exercises.folder import (
    FolderProblem,
    Progress,
    file_of,
    next_to_start,
    read_progress,
    start,
    state_of,
)

__all__ = [
    "EXERCISES",
    "Answer",
    "CannotCheck",
    "Exercise",
    "FolderProblem",
    "NoSuchExercise",
    "Progress",
    "check",
    "file_of",
    "find",
    "next_to_start",
    "read_progress",
    "start",
    "state_of",
]
