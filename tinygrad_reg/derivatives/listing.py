"""The derivative table as something to read: every line with its formula as written in its rule."""

from __future__ import annotations

import ast
import inspect
import linecache
import operator
import sys
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from itertools import islice
from math import inf, isinf
from pathlib import Path
from types import CodeType
from typing import Any

import numpy as np

from tinygrad_reg.derivatives import losses, networks, penalties
from tinygrad_reg.derivatives.arity import parameters_of
from tinygrad_reg.derivatives.table import Each
from tinygrad_reg.tensor import Rule, functions, rules

__all__ = ["Line", "lines"]

HERE = Path(__file__).parent


@dataclass(frozen=True)
class Line:
    """One line of the table, in words.

    Attributes
    ----------
    operation : str
        What it is called in code: `np.exp`, `tg.l2`, `scipy.special.erf`; a user's own by name.
    form : str
        `elementwise`, `reduction`, `linear`, `derivative`, or `composition` of other lines.
    formulas : tuple of str
        One for each differentiable argument: the local derivative, or the cotangent of the argument
        (`linear` and `derivative`), as the rule writes it; `constant` where there is none. For a
        composition one sentence about it.
    domain : str
        Where it has derivatives, as intervals: `x > 0`, `-1 < x < 1`, or empty for every number.
    kinks : str
        Where it has none, and the subgradient chosen there.
    file : str
        Where it is written: a file of `tinygrad_reg/derivatives/`, or empty for a user's own.
    number : int
        The line of that file where its first formula begins; 0 where all are constants.
    """

    operation: str
    form: str
    formulas: tuple[str, ...]
    domain: str
    kinks: str
    file: str
    number: int


def lines() -> list[Line]:
    """Every line of the table, sorted by the name of its operation.

    Examples
    --------
    >>> from tinygrad_reg.derivatives.listing import lines
    >>> tanh = next(line for line in lines() if line.operation == "np.tanh")
    >>> tanh.form, tanh.formulas
    ('elementwise', ('1 - y * y',))
    """
    found = {}
    recorders = {id(functions[op]): rule for op, rule in rules.items() if op in functions}
    for op in {**rules, **functions}:
        name = name_of(op)
        if name is None or name in found:
            continue
        rule = rules.get(op) or recorders.get(id(functions[op]))  # np.amax is recorded as np.max
        if rule is not None:
            found[name] = of_rule(name, rule)
        else:
            found[name] = of_composition(name, functions[op])
    for module in (losses, networks, penalties):
        for public in module.__all__:
            name = f"tg.{public}"
            if name not in found:
                found[name] = of_composition(name, getattr(module, public))
    return [found[name] for name in sorted(found, key=str.lower)]


def of_rule(name: str, rule: Rule) -> Line:
    """The line of a recorded operation."""
    some = len(parameters_of(rule.op)) + 1 if isinstance(rule.entries, Each) else rule.arity
    entries = list(islice(rule.entries, some))
    form = "derivative"
    if rule.is_local:
        form = "reduction" if rule.keeps_axes else "elementwise"
    elif rule.is_linear:
        form = "linear"
    kinks = "; ".join(f"{place}: {chosen}" for place, chosen in rule.kinks.items())
    place = place_of(*entries, rule.op)
    if not any(place) and name.startswith("np."):  # all entries are constants
        place = ("reductions.py" if rule.keeps_axes else "elementwise.py", 0)
    formulas = tuple(map(formula, entries))
    return Line(name, form, formulas, domain_of(rule, entries), kinks, *place)


def of_composition(name: str, function: Callable[..., Any]) -> Line:
    """The line of a function made of other operations."""
    text = first_sentence(function)
    return Line(name, "composition", (text,), "", "", *place_of(function))


def place_of(*functions: Any) -> tuple[str, int]:
    """File and line of the first of some functions that is written in this folder."""
    for function in functions:
        code = getattr(inspect.unwrap(function), "__code__", None)
        if code is not None and Path(code.co_filename).parent == HERE:
            return Path(code.co_filename).name, code.co_firstlineno
    return "", 0


def name_of(op: Callable[..., Any]) -> str | None:
    """How an operation is called in code; None for the parts that the package makes others of."""
    name: str = getattr(op, "__name__", repr(op))
    ufunc = getattr(inspect.unwrap(op), "__self__", None)
    if isinstance(ufunc, np.ufunc):  # np.add.reduce is a method of np.add
        return f"{name_of(ufunc)}.{name}"
    module: str = getattr(op, "__module__", None) or ""
    if op in INFIX:
        return INFIX[op]
    if isinstance(op, np.ufunc):
        module = "numpy" if getattr(np, name, None) is op else "scipy.special"
    if module.startswith("numpy"):
        return f"np.{module.removeprefix('numpy').strip('.')}.{name}".replace("..", ".")
    if module.startswith("scipy"):
        return f"{module}.{name}"
    if module.startswith("tinygrad_reg."):
        public = getattr(sys.modules[module], "__all__", ())
        name = name.removesuffix("_")  # a penalty, with the weights as arguments
        return f"tg.{name}" if name in public else None
    return name


INFIX = {
    operator.getitem: "x[index]",
    operator.pow: "x ** p",
    np.ndarray.astype: "x.astype",
}


def domain_of(rule: Rule, entries: list[Any]) -> str:
    """The domain of an operation as inequalities."""
    intervals = rule.domain
    names = parameters_of(rule.op) or (["x"] if len(entries) == 1 else list("abcdef"))
    if isinstance(rule.op, np.ufunc):
        names = ["x"] if rule.op.nin == 1 else list("abcdef")
    if len(intervals) == 1:
        intervals = intervals * len(entries)
    said = [
        inequality(name, *interval)
        for name, interval, entry in zip(names, intervals, entries, strict=False)
        if entry is not None
    ]
    return ", ".join(part for part in said if part)


def inequality(name: str, low: float, high: float) -> str:
    """An open interval in words."""
    if isinf(low):
        return "" if high == inf else f"{name} < {high:g}"
    return f"{name} > {low:g}" if isinf(high) else f"{low:g} < {name} < {high:g}"


def formula(entry: Any) -> str:
    """One entry of a rule as its author wrote it."""
    if entry is None:
        return "constant"
    if isinstance(entry, int):
        return str(entry)
    if hasattr(entry, "slope"):  # a penalty's, of which only this differs from the others'
        return f"cotangent * {entry.factor}({formula(entry.slope)})"
    code = getattr(entry, "__code__", None)
    if code is not None:
        node = definition_of(code)
        written = node.body if isinstance(node, ast.Lambda) else node and returned(node)
        if written is not None:
            return " ".join(source_of(code.co_filename, written).split())
    return first_sentence(entry)


@cache
def definition_of(code: CodeType) -> ast.Lambda | ast.FunctionDef | None:
    """Where a function was written."""
    for node in nodes_of(code.co_filename):
        if isinstance(node, ast.Lambda) and is_lambda_of(node, code):
            return node
        if isinstance(node, ast.FunctionDef) and node.name == code.co_name:
            first = min([node.lineno, *(decorator.lineno for decorator in node.decorator_list)])
            if first == code.co_firstlineno:
                return node
    return None


def returned(node: ast.FunctionDef) -> ast.expr | None:
    """The expression that a function returns, if that is all it does."""
    body = [
        s for s in node.body if not (isinstance(s, ast.Expr) and isinstance(s.value, ast.Constant))
    ]
    if len(body) == 1 and isinstance(body[0], ast.Return):
        return body[0].value
    return None


def is_lambda_of(node: ast.Lambda, code: CodeType) -> bool:
    """Whether this is where a function was written: the same place, line and column."""
    if code.co_name != "<lambda>" or node.lineno != code.co_firstlineno:
        return False
    inside = node.body
    first, last = (inside.lineno, inside.col_offset), (inside.end_lineno, inside.end_col_offset)
    return any(
        first == (line, column) and last == (end_line, end_column)
        for line, end_line, column, end_column in code.co_positions()
    )


@cache
def text_of(path: str) -> str:
    """The source of a file, as far as Python can find it."""
    try:
        return "".join(linecache.getlines(path))
    except OSError:
        return ""


@cache
def nodes_of(path: str) -> list[ast.AST]:
    """Every part of the source of a file."""
    try:
        return list(ast.walk(ast.parse(text_of(path))))
    except SyntaxError:
        return []


@cache
def source_of(path: str, node: ast.expr) -> str:
    """A part of a file as it is written there."""
    return ast.get_source_segment(text_of(path), node) or ast.unparse(node)


def first_sentence(function: Any) -> str:
    """The first sentence of a docstring, in one line."""
    text = inspect.getdoc(function) or ""
    return " ".join(text.split("\n\n")[0].split())
