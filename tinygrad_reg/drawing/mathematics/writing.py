"""Expressions written down: as a tree of MathML elements, and as one line of text.

What stands for a letter is given as both, so that the nodes' own names appear. Names are data:
they are the text of an element and nothing else.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import ROUND_DOWN, Context
from math import isfinite, isinf, isnan
from typing import Any

import numpy as np

from tinygrad_reg.drawing.mathematics.expressions import (
    Combination,
    Expression,
    Letter,
    Number,
    is_array,
    is_kind,
    is_number,
    walk,
)
from tinygrad_reg.drawing.symbols import spelled

__all__ = [
    "ELEMENTS",
    "TOKENS",
    "Math",
    "Sign",
    "as_math",
    "as_text",
    "constant_digits",
    "digits",
    "rounded",
    "row",
    "sign_of",
    "words",
]

Math = list[Any]  # [element, child, …], or [token element, text]

TOKENS = ("mi", "mn", "mo", "mtext")
ELEMENTS = (*TOKENS, "mrow", "msup", "msub", "mfrac", "msqrt", "mover", "mtable", "mtr", "mtd")
LONGEST_NAME = 24


@dataclass(frozen=True)
class Sign:
    """What is written for a letter, and how tightly it holds together as text."""

    math: Any
    text: str
    is_atom: bool = True


Signs = Mapping[str, Sign]

# How tightly something holds together: what is looser than its surroundings gets parentheses.
CASES, SUM, NEGATIVE, PRODUCT, POWER, ATOM = range(6)
SUPERSCRIPTS = str.maketrans("0123456789-−", "⁰¹²³⁴⁵⁶⁷⁸⁹⁻⁻")


def row(*parts: Math) -> Math:
    """Elements in a row."""
    return ["mrow", *parts]


def words(text: str) -> Math:
    """Words between signs; browsers would drop an ordinary space at either end."""
    bare = text.strip(" ")
    start, end = text[: len(text) - len(text.lstrip(" "))], text[len(text.rstrip(" ")) :]
    return ["mtext", "\u00a0" * len(start) + bare + "\u00a0" * len(end)]


def operator(text: str) -> Math:
    """A sign between others."""
    return ["mo", text]


def sign_of(name: str) -> Sign:
    """A name as it is written: digits at the end of a short one as an index."""
    text = shortened(name)
    found = re.fullmatch(r"([^\W\d_]+)(\d+)", text)
    if text in ("lambd", "lambda_", "lam"):
        return Sign(["mi", "λ"], "λ")
    if found and len(found[1]) <= 2:
        return Sign(["msub", ["mi", found[1]], ["mn", found[2]]], text)
    return Sign(["mi", text], text, is_atom=text.rstrip("′").isidentifier())


def shortened(name: str) -> str:
    """A name that fits into a formula; what cannot be printed is spelled out."""
    return spelled(name, LONGEST_NAME)


# Numbers


def digits(x: Any) -> str:
    """A number in four digits, or in all it has if that is at most six; with a minus."""
    value = float(x) + 0.0  # without the sign of -0.0
    if isnan(value):
        return "NaN"
    if isinf(value):
        return "∞" if value > 0 else "−∞"
    return tidy(f"{value:.6g}" if is_short(value) else f"{value:.4g}")


def constant_digits(x: Any) -> str:
    """A number that somebody has written: whole, or its first six digits and …."""
    value = float(x)
    if not isfinite(value) or is_short(value):
        return digits(value)
    cut = Context(prec=6, rounding=ROUND_DOWN).create_decimal(repr(value))
    number, e, exponent = f"{float(cut):#.6g}".partition("e")
    return tidy(f"{number}…{e}{exponent}")


def is_short(value: float) -> bool:
    """Whether six digits say all of a number, but for rounding in its last places."""
    tolerance = 1e-7 if float(np.float32(value)) == value else 1e-13
    return abs(float(f"{value:.6g}") - value) <= tolerance * abs(value)


def tidy(text: str) -> str:
    """Digits with a minus and not a hyphen."""
    return text.replace("e+0", "e").replace("e+", "e").replace("-", "−")


def rounded(x: Any) -> float:
    """A number as it is shown."""
    return float(digits(x).replace("−", "-").replace("∞", "inf"))


def text_of_number(e: Number) -> str:
    """A value in four digits, a constant of the formula in up to six."""
    return e.sign or (digits(e.value) if e.is_value else constant_digits(e.value))


def math_of_number(text: str) -> Math:
    """A number as elements: powers of ten as such."""
    if text.startswith("−"):
        return row(operator("−"), math_of_number(text[1:]))
    if "e" in text:
        mantissa, exponent = text.split("e")
        exponent = exponent.replace("−0", "−").lstrip("0")
        power: Math = ["mn", exponent]
        if exponent.startswith("−"):
            power = row(operator("−"), ["mn", exponent[1:]])
        return row(["mn", mantissa], operator("·"), ["msup", ["mn", "10"], power])
    return ["mi" if text in ("∞", "NaN") else "mn", text]


# How tightly


def tightness(e: Expression, signs: Signs, as_line: bool) -> int:
    """How tightly an expression holds together."""
    if isinstance(e, Number):
        if not e.sign and "e" in text_of_number(e):
            return NEGATIVE if float(e.value) < 0 else PRODUCT
        return NEGATIVE if not e.sign and float(e.value) < 0 else ATOM
    if isinstance(e, Letter):
        loose = not signs[e.key].is_atom and (as_line or signs[e.key].math[0] == "mi")
        return PRODUCT if loose else ATOM
    if e.kind in ("cases", "placed"):
        return CASES
    if e.kind in ("plus", "minus", "compare", "and", "not"):
        return SUM
    if e.kind == "total":
        return NEGATIVE
    if e.kind == "times" and not as_line and is_kind(e.parts[1], "cases"):
        return CASES
    if e.kind in ("negative", "times", "product"):
        return NEGATIVE if e.kind == "negative" else PRODUCT
    if e.kind == "over":
        return PRODUCT if as_line else POWER
    if e.kind in ("power", "transpose") or (e.kind == "root" and as_line):
        return POWER
    return ATOM


def between(a: Expression, b: Expression, wrapped: bool) -> str:
    """The sign of a product of two factors: nothing, ·, or ⊙ between two arrays."""
    if is_array(a) and is_array(b):
        return "⊙"
    in_letters = any(isinstance(part, Letter) or is_sign(part) for part in walk(b))
    is_whole = isinstance(a, Number) and (a.sign or (a.value >= 0 and float(a.value).is_integer()))
    if is_whole and in_letters and (wrapped or is_simple(b)):
        return ""
    return "·"


def is_sign(e: Expression) -> bool:
    """Whether it is a number that is not written in digits."""
    return isinstance(e, Number) and bool(e.sign)


def least_in_product(e: Expression) -> int:
    """How tight a factor of a matrix product has to be: ⊙ goes into parentheses."""
    return POWER if is_kind(e, "times") and all(map(is_array, e.parts)) else PRODUCT  # type: ignore


def is_simple(e: Expression) -> bool:
    """Whether a factor may stand right behind a number."""
    if isinstance(e, Combination):
        if e.kind == "power":
            return is_simple(e.parts[0])
        return e.kind in ("root", "transpose")
    return isinstance(e, Letter) or bool(e.sign)


# As elements


def as_math(e: Expression, signs: Signs) -> Math:
    """An expression as a tree of MathML elements."""
    if isinstance(e, Number):
        return ["mi", e.sign] if e.sign else math_of_number(text_of_number(e))
    if isinstance(e, Letter):
        found: Math = signs[e.key].math
        return found
    parts = e.parts

    def inside(i: int, least: int) -> Math:
        return wrapped_math(parts[i], least, signs)

    match e.kind:
        case "plus" | "minus":
            sign = "+" if e.kind == "plus" else "−"
            return row(inside(0, SUM), operator(sign), inside(1, SUM if sign == "+" else PRODUCT))
        case "negative":
            return row(operator("−"), inside(0, PRODUCT))
        case "times":
            wraps = tightness(parts[1], signs, False) < PRODUCT
            sign = between(parts[0], parts[1], wraps) or "\u2062"
            # The brace of cases is enough at the end.
            least = CASES if is_kind(parts[1], "cases") else PRODUCT
            return row(inside(0, PRODUCT), operator(sign), inside(1, least))
        case "product":
            return row(
                inside(0, least_in_product(parts[0])),
                operator("\u2062"),
                inside(1, least_in_product(parts[1])),
            )
        case "over":
            return ["mfrac", as_math(parts[0], signs), as_math(parts[1], signs)]
        case "power":
            return ["msup", base(parts[0], signs), as_math(parts[1], signs)]
        case "transpose":
            return ["msup", base(parts[0], signs), ["mi", "T"]]
        case "root":
            return ["msqrt", as_math(parts[0], signs)]
        case "size":
            return row(operator("|"), as_math(parts[0], signs), operator("|"))
        case "norm":
            inner = row(operator("‖"), as_math(parts[0], signs), operator("‖"))
            return ["msub", inner, words(e.text)] if e.text else inner
        case "cases":
            return rows_of_cases(parts, e.text, signs)
        case "compare":
            return row(inside(0, NEGATIVE), operator(e.text), inside(1, NEGATIVE))
        case "and":
            return row(inside(0, SUM), words(" and "), inside(1, SUM))
        case "not":
            return row(words("not "), inside(0, ATOM))
        case "total":
            sign_of_sum = operator("Σ")
            sum_sign = ["msub", sign_of_sum, words(e.text)] if e.text else sign_of_sum
            return row(sum_sign, inside(0, PRODUCT))
        case "index":
            return row(base(parts[0], signs), words(e.text))
        case "placed":
            return row(inside(0, PRODUCT), words(f" {e.text}, 0 elsewhere"))
        case _:
            return called(e, signs)


def base(e: Expression, signs: Signs) -> Math:
    """What a power is taken of, in parentheses where it is more than a letter or a number."""
    plain = isinstance(e, Letter) and signs[e.key].math[0] in ("mi", "msub")
    if plain or (isinstance(e, Number) and tightness(e, signs, False) == ATOM):
        return as_math(e, signs)
    if is_kind(e, "function", "map", "size", "norm"):
        return (
            parenthesized(as_math(e, signs)) if is_kind(e, "function", "map") else as_math(e, signs)
        )
    return parenthesized(as_math(e, signs))


def wrapped_math(e: Expression, least: int, signs: Signs) -> Math:
    """An expression, in parentheses if it is looser than its surroundings."""
    written = as_math(e, signs)
    return parenthesized(written) if tightness(e, signs, False) < least else written


def parenthesized(inner: Math) -> Math:
    """In parentheses."""
    return row(operator("("), inner, operator(")"))


def rows_of_cases(parts: tuple[Expression, ...], note: str, signs: Signs) -> Math:
    """Values, each with the condition under which it is chosen, and a note behind those."""
    rows = []
    for value, condition in zip(parts[:-1:2], parts[1:-1:2], strict=True):
        said = [words("if "), as_math(condition, signs), *([words(note)] if note else [])]
        rows.append(["mtr", ["mtd", as_math(value, signs)], ["mtd", row(*said)]])
    rows.append(["mtr", ["mtd", as_math(parts[-1], signs)], ["mtd", words("otherwise")]])
    return row(operator("{"), ["mtable", *rows])


def called(e: Combination, signs: Signs) -> Math:
    """A function by its name, with its arguments and options."""
    arguments: list[Math] = []
    for part in e.parts:
        if arguments:
            arguments.append(operator(","))
        arguments.append(as_math(part, signs))
    if e.options:
        arguments.append(words(f", {e.options}" if e.parts else e.options))
    name = ["mi", e.text] if e.kind == "function" else words(e.text)
    return row(name, operator("("), *arguments, operator(")"))


# As a line of text


def as_text(e: Expression, signs: Signs) -> str:
    """An expression as one line."""
    if isinstance(e, Number):
        return text_of_number(e)
    if isinstance(e, Letter):
        return signs[e.key].text
    parts = e.parts

    def inside(i: int, least: int) -> str:
        return wrapped_text(parts[i], least, signs)

    match e.kind:
        case "plus":
            return f"{inside(0, SUM)} + {inside(1, SUM)}"
        case "minus":
            return f"{inside(0, SUM)} − {inside(1, PRODUCT)}"
        case "negative":
            return f"−{inside(0, PRODUCT)}"
        case "times":
            wraps = tightness(parts[1], signs, True) < PRODUCT
            sign = between(parts[0], parts[1], wraps)
            return f"{inside(0, PRODUCT)}{f' {sign} ' if sign else ''}{inside(1, PRODUCT)}"
        case "product":
            least = [least_in_product(part) for part in parts]
            return f"{inside(0, least[0])} {inside(1, least[1])}"
        case "over":
            space = " " if " " in (top := inside(0, PRODUCT)) else ""
            return f"{top}{space}/{space}{inside(1, POWER)}"
        case "power":
            return powered(e, signs)
        case "transpose":
            return f"{inside(0, ATOM)}ᵀ"
        case "root":
            return f"√{inside(0, ATOM)}"
        case "size":
            return f"|{as_text(parts[0], signs)}|"
        case "norm":
            return f"‖{as_text(parts[0], signs)}‖"
        case "cases":
            chosen = [
                f"{as_text(value, signs)} if {as_text(condition, signs)}"
                for value, condition in zip(parts[:-1:2], parts[1:-1:2], strict=True)
            ]
            return f"{', '.join(chosen)}, else {as_text(parts[-1], signs)}"
        case "compare":
            return f"{inside(0, NEGATIVE)} {e.text} {inside(1, NEGATIVE)}"
        case "and":
            return f"{inside(0, SUM)} and {inside(1, SUM)}"
        case "not":
            return f"not {inside(0, ATOM)}"
        case "total":
            axes = f" {e.text}: " if e.text else " "
            return f"Σ{axes}{inside(0, PRODUCT)}"
        case "index":
            return f"{inside(0, ATOM)}{e.text}"
        case "placed":
            return f"{inside(0, PRODUCT)} {e.text}, 0 elsewhere"
        case _:
            arguments = [as_text(part, signs) for part in parts]
            return f"{e.text}({', '.join([*arguments, *([e.options] if e.options else [])])})"


def powered(e: Combination, signs: Signs) -> str:
    """A power with small digits, if it is whole; of e as exp."""
    bottom, top = e.parts
    if isinstance(bottom, Number) and bottom.sign == "e":
        return f"exp({as_text(top, signs)})"
    lower = wrapped_text(bottom, ATOM, signs)
    if is_number(top) and float(top.value).is_integer():  # type: ignore[union-attr]
        return lower + digits(top.value).translate(SUPERSCRIPTS)  # type: ignore[union-attr]
    return f"{lower}^{wrapped_text(top, ATOM, signs)}"


def wrapped_text(e: Expression, least: int, signs: Signs) -> str:
    """An expression, in parentheses if it is looser than its surroundings."""
    written = as_text(e, signs)
    return f"({written})" if tightness(e, signs, True) < least else written
