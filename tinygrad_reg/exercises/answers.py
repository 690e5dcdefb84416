"""What a check answers: in words, on one screen, with the smallest counterexample."""

from __future__ import annotations

import json
import re
from dataclasses import asdict, dataclass
from textwrap import fill, indent
from typing import Any

import numpy as np

__all__ = ["Answer", "hanging", "written"]

WIDTH = 76
MOST_PRINTED_LINES = 6
LONGEST = 300  # characters of a thing that is no number
KEPT_TOGETHER = re.compile(
    r" (?=(\*|/|\+|-|=|@|:=) )|(?<= [*/+=@-]) (?=\S)|(?<=\":) |(?<=\d,) (?=\d)"
)


@dataclass(frozen=True)
class Answer:
    """The answer to one attempt; printed, it is what the command line shows.

    `shown` are pairs of a label and a text: what was given, what came out, what was expected.
    """

    name: str
    passed: bool
    finding: str
    shown: tuple[tuple[str, str], ...] = ()
    hint: str = ""
    line: str = ""
    printed: str = ""

    @property
    def headline(self) -> str:
        """The first line: whether it is passed."""
        return f"{self.name}: {'passed' if self.passed else 'not yet'}."

    def __str__(self) -> str:
        paragraphs = [wrapped(f"{self.headline} {self.finding}")]
        if self.line:
            paragraphs.append(indent(self.line, "  "))
        if self.shown:
            labels = max(len(label) for label, _ in self.shown)
            paragraphs.append(
                "\n".join(hanging(f"  {label:<{labels}}  ", text) for label, text in self.shown)
            )
        if self.printed:
            paragraphs.append("  Your file printed:\n" + indent(shortened(self.printed), "    "))
        if self.hint:
            paragraphs.append(wrapped(f"Hint: {self.hint}"))
        return "\n\n".join(paragraphs)

    def to_json(self) -> str:
        """The answer as text, for the way from one process to another."""
        return json.dumps(asdict(self))

    @classmethod
    def from_json(cls, text: str) -> Answer:
        """An answer from its text.

        Examples
        --------
        >>> answer = Answer("tanh", False, "A number is wrong.", shown=(("given", "y = 0.5"),))
        >>> Answer.from_json(answer.to_json()) == answer
        True
        """
        fields = json.loads(text)
        fields["shown"] = tuple((label, text) for label, text in fields["shown"])
        return cls(**fields)


def wrapped(text: str) -> str:
    """A paragraph in lines that a terminal shows whole, and that do not break in a formula."""
    joined = KEPT_TOGETHER.sub("\0", text)
    lines = fill(joined, WIDTH, break_long_words=False, break_on_hyphens=False)
    return lines.replace("\0", " ")


def hanging(label: str, text: str) -> str:
    """A text whose later lines stand beneath the first, beside its label."""
    return label + text.replace("\n", "\n" + " " * len(label))


def shortened(text: str) -> str:
    """The last lines of a text, and a word about those left out."""
    lines = text.rstrip().splitlines()
    left_out = len(lines) - MOST_PRINTED_LINES
    kept = [line if len(line) <= WIDTH else line[: WIDTH - 3] + "..." for line in lines]
    if left_out <= 0:
        return "\n".join(kept)
    return f"... ({left_out} lines before)\n" + "\n".join(kept[left_out:])


def written(value: Any, digits: int = 7) -> str:
    """A value as one would type it: arrays as nested lists, with their shape beside them.

    Examples
    --------
    >>> import numpy as np
    >>> print(written(np.array([[0.5, -0.0]])))
    [[ 0.5, -0. ]]  shape (1, 2)
    >>> print(written((np.float64(2.0), 1 / 3, "text")))
    (2.0, 0.3333333, 'text')
    """
    if isinstance(value, np.ndarray) and value.ndim:
        numbers = np.array2string(
            value, separator=", ", precision=digits, suppress_small=digits < 10
        )
        return f"{numbers}  shape {value.shape}"
    if isinstance(value, np.ndarray | np.generic):
        value = value.item()
    if isinstance(value, float):
        return repr(float(f"{value:.{digits}g}"))
    if isinstance(value, tuple):
        parts = ", ".join(written(part, digits) for part in value)
        return f"({parts},)" if len(value) == 1 else f"({parts})"
    if isinstance(value, list):
        return f"[{', '.join(written(part, digits) for part in value)}]"
    if isinstance(value, dict):
        return "\n".join(
            hanging(f"{key!r}: ", written(part, digits)) for key, part in value.items()
        )
    if callable(value):
        return str(value.__doc__ or value.__name__).splitlines()[0]
    text = repr(value)
    return text if len(text) <= LONGEST else text[:LONGEST] + "..."
