"""The examination of one file: what its functions give is compared with what must come out.

`python -m tinygrad_reg.exercises.examining NAME FILE RESULT LIMIT` does it in a process of its
own, so that whatever the learner's file does, the one who asked gets an answer.
"""

from __future__ import annotations

import copy
import inspect
import io
import os
import re
import sys
import threading
import time
import traceback
import warnings
from collections.abc import Callable
from contextlib import redirect_stderr, redirect_stdout
from difflib import get_close_matches
from importlib import import_module
from math import inf
from pathlib import Path
from types import FrameType
from typing import Any, NoReturn

import numpy as np
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis.errors import FlakyFailure

from tinygrad_reg.exercises.answers import Answer, hanging, written
from tinygrad_reg.exercises.catalogue import Exercise, find
from tinygrad_reg.exercises.comparing import Difference, difference
from tinygrad_reg.exercises.hints import about_error, hint_for
from tinygrad_reg.exercises.questions import Claim, Question

__all__ = ["examine", "main"]

TRIES = 100
MATCHED = 30  # examples on which a mistake must coincide with the learner's function
KEPT = 100_000  # characters of what the file prints: an endless loop may print gigabytes
PROOF_LIMIT = 20.0  # seconds for check_rule, which makes hundreds of calls


class Stop(Exception):  # noqa: N818 (an answer, not an error)
    """The examination is over, with this answer."""

    def __init__(self, finding: str, **fields: Any) -> None:
        self.finding, self.fields = finding, fields


class Failed(Exception):  # noqa: N818 (an answer, not an error)
    """The learner's function fails a question on an example: it is wrong there, or raises."""

    def __init__(
        self, arguments: dict[str, Any], found: Difference | None, error: BaseException | None
    ) -> None:
        self.arguments, self.found, self.error = arguments, found, error


class Printed(io.StringIO):
    """What the learner's file prints, up to a length."""

    def write(self, text: str) -> int:
        room = KEPT - self.tell()
        if room > 0:
            more = "\n... and more, which is not kept\n" if len(text) > room else ""
            super().write(text[:room] + more)
        return len(text)


class Attempt:
    """The learner's file: its functions, what it prints, and what it is doing right now."""

    def __init__(self, exercise: Exercise, path: Path, call_limit: float = inf) -> None:
        self.exercise, self.path, self.call_limit = exercise, path, call_limit
        self.printed = Printed()
        self.ends_at: float | None = None
        self.tried = 0
        self.arguments: dict[str, Any] = {}
        self.names: dict[str, Any] = {"__name__": f"exercise_{path.stem}", "__file__": str(path)}

    def run(self, f: Callable[..., Any], *args: Any, limit: float = 0.0) -> Any:
        """Call something of the learner's, with what it prints kept, and without warnings."""
        self.printed.seek(0)
        self.printed.truncate()
        with (
            warnings.catch_warnings(),
            np.errstate(all="ignore"),
            redirect_stdout(self.printed),
            redirect_stderr(self.printed),
        ):
            warnings.simplefilter("ignore")
            self.ends_at = time.monotonic() + max(limit, self.call_limit)
            try:
                return f(*args)
            finally:
                self.ends_at = None

    def load(self) -> None:
        """Run the file."""
        try:
            code = compile(self.path.read_bytes(), str(self.path), "exec")
        except (SyntaxError, ValueError) as error:
            raise unreadable(error, self.path) from error
        try:
            self.run(exec, code, self.names)
        except BaseException as error:
            self.stop_at(error, "while the file is run")

    def function(self, name: str) -> Callable[..., Any]:
        """A function of the file."""
        found = self.names.get(name)
        if callable(found):
            return found  # type: ignore[no-any-return]
        if (found is None and name in self.names) or found is ...:
            raise Stop(
                f"The gap is not filled yet: {name} is {found!r}.", hint=self.where_to_read()
            )
        if found is not None:
            raise Stop(f"{name} is {written(found)}: expected a function.")
        others = [
            key
            for key, value in self.names.items()
            if inspect.isfunction(value) and value.__module__ == self.names["__name__"]
        ]
        close = get_close_matches(name, others, n=1, cutoff=0.5)
        there = f"There is {', '.join(others)}. " if others else ""
        renamed = f"Was it renamed to {close[0]}? " if close else ""
        raise Stop(
            f"The file has no function {name}. {there}{renamed}The check calls it by this name."
        )

    def where_to_read(self) -> str:
        """Where to begin."""
        return (
            "The text at the top of the file says what is asked, and chapter "
            f"{self.exercise.chapter_number} of the textbook explains it."
        )

    def line_of(self, frames: Any) -> tuple[int, str]:
        """The last line of the learner's file among the frames of a stack, and its text."""
        numbers = [number for file, number in frames if file == str(self.path)]
        if not numbers:
            return 0, ""
        lines = self.path.read_text(encoding="utf-8", errors="replace").splitlines()
        number = numbers[-1]
        text = lines[number - 1].strip() if number <= len(lines) else ""
        return number, f"line {number}:  {text}"

    def stop_at(
        self,
        error: BaseException,
        when: str,
        shown: tuple[tuple[str, str], ...] = (),
        better_hint: str = "",
        printed: str | None = None,
    ) -> NoReturn:
        """End with what went wrong in the learner's file, and in which of its lines."""
        frames = [(f.filename, f.lineno) for f in traceback.extract_tb(error.__traceback__)]
        number, line = self.line_of(frames)
        if isinstance(error, NotImplementedError):
            raise Stop(
                "The gap is not filled yet.", line=line, hint=self.where_to_read()
            ) from error
        where = f"Line {number}" if number else "It"
        finding, hint = about_error(error, where, when)
        printed = self.printed.getvalue() if printed is None else printed
        raise Stop(
            finding, line=line, shown=shown, hint=better_hint or hint, printed=printed
        ) from error


def unreadable(error: SyntaxError | ValueError, path: Path) -> Stop:
    """What to say of a file that is no Python."""
    if not isinstance(error, SyntaxError) or not error.lineno:
        return Stop(f"{path.name} is not Python, or not text in UTF-8: {error}.")
    line = f"line {error.lineno}:  {(error.text or '').strip()}"
    hint = ""
    if re.search(r"\blambda\s*[-+/),]|\*\s*lambda\b", line):
        hint = "`lambda` is a word of Python's own, for a function: the strength is called lambd."
    return Stop(f"Python cannot read line {error.lineno}: {error.msg}.", line=line, hint=hint)


def examine(exercise: Exercise, path: Path, attempt: Attempt | None = None) -> Answer:
    """The answer to a file, found in this very process.

    An endless loop in the file is one here too; `checking.check` is the way around that.
    """
    proof = import_module(f"tinygrad_reg.exercises.proofs.{exercise.name}")
    attempt = attempt or Attempt(exercise, path)
    try:
        attempt.load()
        for question in proof.QUESTIONS:
            if isinstance(question, Claim):
                ask_as_a_whole(question, attempt)
            else:
                ask(question, attempt)
    except Stop as stop:
        return Answer(exercise.name, False, stop.finding, **stop.fields)
    return Answer(exercise.name, True, f"It is right on all of {attempt.tried} examples.")


def ask_as_a_whole(claim: Claim, attempt: Attempt) -> None:
    """Stop if a claim about a function does not hold."""
    f = attempt.function(claim.function)
    try:
        found = attempt.run(claim.check, f, limit=PROOF_LIMIT)
    except BaseException as error:
        attempt.stop_at(error, "in its proof")
    if found is not None:
        raise Stop(found.finding, hint=found.hint)


def ask(question: Question, attempt: Attempt) -> None:
    """Put one question on many examples, and stop with the smallest that fails."""
    f = attempt.function(question.function)
    expect_arguments(question, f, attempt)
    try:
        on_examples(question.examples, lambda arguments: put(question, f, attempt, arguments))
    except Failed as failed:
        stop_with(question, f, attempt, failed)
    except FlakyFailure:
        raise Stop(
            f"{question.call} gives different results for the same arguments.",
            hint="A function must answer from its arguments alone: look for random numbers, and "
            "for lists or arrays outside of the function that it changes. np.empty and "
            "np.empty_like begin with whatever was in memory: np.zeros begins with 0.",
        ) from None


def expect_arguments(question: Question, f: Callable[..., Any], attempt: Attempt) -> None:
    """Stop if a function cannot be called with as many arguments as it is given."""
    if question.ask:
        return
    names = question.call.partition("(")[2].rstrip(")").split(", ")
    try:
        inspect.signature(f).bind(*names)
    except TypeError:
        taken = ", ".join(inspect.signature(f).parameters)
        raise Stop(f"{question.function} takes ({taken}): expected {question.call}.") from None
    except ValueError:  # a function of C's without a signature
        return


def on_examples(
    examples: Any, check: Callable[[dict[str, Any]], None], shrink: bool = True
) -> None:
    """Call a check on the same examples in every run; what it raises is that of the smallest."""

    @settings(
        max_examples=TRIES if shrink else MATCHED,
        derandomize=True,
        database=None,
        deadline=None,
        report_multiple_bugs=False,
        suppress_health_check=list(HealthCheck),
        phases=[Phase.generate, Phase.shrink] if shrink else [Phase.generate],
    )
    @given(examples)
    def checked(arguments: dict[str, Any]) -> None:
        check(arguments)

    checked()


def put(
    question: Question, f: Callable[..., Any], attempt: Attempt, arguments: dict[str, Any]
) -> None:
    """Put a question once, and raise if the answer is wrong."""
    lent = copy.deepcopy(arguments)
    attempt.arguments = arguments
    attempt.tried += 1
    error: BaseException | None = None
    found: Difference | None = None
    try:
        result = attempt.run(question.put, f, lent)
    except BaseException as raised:
        error = raised
    if error is None:
        found = difference(result, question.expected(**arguments), question, arguments, lent)
    if error is not None or found is not None:
        raise Failed(arguments, found, error)


def stop_with(
    question: Question, f: Callable[..., Any], attempt: Attempt, failed: Failed
) -> NoReturn:
    """End with the smallest counterexample, and the hint that fits."""
    drawn = [failed.arguments]
    on_examples(question.examples, drawn.append, shrink=False)

    printed = attempt.printed.getvalue()

    def guarded(*args: Any) -> Any:
        return attempt.run(f, *args)

    def outcome(arguments: dict[str, Any]) -> Any:
        return attempt.run(question.put, f, copy.deepcopy(arguments))

    given = (("given", given_text(failed.arguments)),)
    hint = hint_for(question, outcome, guarded, drawn, failed.found)
    if failed.error is not None:
        attempt.stop_at(failed.error, f"in {question.call}", given, hint, printed)
    assert failed.found is not None
    shown = given + compared(failed.found, question)
    raise Stop(failed.found.finding, shown=shown, hint=hint, printed=printed)


def compared(found: Difference, question: Question) -> tuple[tuple[str, str], ...]:
    """What came out beside what was expected, in as many digits as it takes to see it."""
    label = f"{found.part} = " if found.part else ""
    for digits in (7, 17):
        came_out = hanging(label, written(found.came_out, digits))
        expected = hanging(label, written(rounded(found.expected, digits), digits))
        if came_out != expected:
            break
    if found.kind == "in place":
        return (("after the call", came_out), ("before it", expected))
    break_or_not = "\n" if "\n" in expected or len(expected + question.source) > 60 else ", "
    return (("came out", came_out), ("expected", f"{expected}{break_or_not}by {question.source}"))


def rounded(expected: Any, digits: int) -> Any:
    """Without the last digits, which are those of a difference."""
    if isinstance(expected, np.ndarray | np.generic):
        return np.round(expected, digits + 2) + 0.0  # -0.0 is 0.0
    if isinstance(expected, tuple | list):
        return type(expected)(rounded(part, digits) for part in expected)
    if isinstance(expected, dict):
        return {name: rounded(part, digits) for name, part in expected.items()}
    return expected


def given_text(arguments: dict[str, Any]) -> str:
    """The arguments of a counterexample, one a line."""
    lines = []
    for name, value in arguments.items():
        lines.append(hanging(f"{name} = ", written(value)))
    return "\n".join(lines)


# In a process of its own


def main(name: str, file: str, result: str, limit: str) -> None:
    """Examine a file, and write the answer to another; end this process if a call does not end."""
    exercise, path = find(name), Path(file)
    attempt = Attempt(exercise, path, float(limit))
    sys.path.append(str(path.parent))
    watched = threading.main_thread().ident
    done = threading.Lock()

    def answer(found: Answer) -> None:
        with done:
            Path(result).write_text(found.to_json(), encoding="utf-8")
            os._exit(0)

    def watch() -> None:
        while True:
            time.sleep(0.1)
            if attempt.ends_at is not None and time.monotonic() > attempt.ends_at:
                answer(endless(attempt, sys._current_frames()[watched]))  # type: ignore[index]

    threading.Thread(target=watch, daemon=True).start()
    answer(examine(exercise, path, attempt))


def endless(attempt: Attempt, frame: FrameType | None) -> Answer:
    """What to say of a call that does not come to an end, from the stack that it is at."""
    stack = []
    while frame is not None:
        stack.append((frame.f_code.co_filename, frame.f_lineno))
        frame = frame.f_back
    number, line = attempt.line_of(reversed(stack))
    where = f", at line {number}" if number else ""
    shown = (("given", given_text(attempt.arguments)),) if attempt.arguments else ()
    return Answer(
        attempt.exercise.name,
        False,
        f"It was still running after {attempt.call_limit:g} seconds{where}, and was ended.",
        shown=shown,
        line=line,
        hint="A loop does not come to its end: does something in it change what its condition "
        "asks for?",
        printed=attempt.printed.getvalue(),
    )


if __name__ == "__main__":
    main(*sys.argv[1:])
