"""Which mutants there are: small mistakes planted into a file, one at a time, by cosmic-ray."""

from __future__ import annotations

import ast
import difflib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import parso
from cosmic_ray.ast import ast_nodes
from cosmic_ray.mutating import MutationVisitor
from cosmic_ray.operators.binary_operator_replacement import _is_binary_operator
from cosmic_ray.operators.operator import Operator
from cosmic_ray.plugins import get_operator


class ReplaceMatMul(Operator):
    """Replaces a matrix product by a product of entries."""

    def mutation_positions(self, node: Any) -> Iterator[Any]:
        if _is_binary_operator(node) and node.value == "@":
            yield node.start_pos, node.end_pos

    def mutate(self, node: Any, index: int) -> Any:
        node.value = "*"
        return node

    @classmethod
    def examples(cls) -> Iterable[Any]:
        return ()


OUR_OPERATORS = {"ReplaceBinaryOperator_MatMul_Mul": ReplaceMatMul}


@dataclass
class Mutant:
    """One mistake: an operator of cosmic-ray, where it is applied, and the file with it."""

    path: str
    operator: str
    line: int
    column: int
    source: str = field(repr=False)

    @property
    def diff(self) -> str:
        """The lines taken out and put in."""
        before = Path(self.path).read_text(encoding="utf-8")
        lines = difflib.unified_diff(
            before.splitlines(), self.source.splitlines(), lineterm="", n=0
        )
        changed = [line for line in lines if line[:3] not in ("+++", "---") and line[0] in "+-"]
        return "\n".join(f"{line[0]} {line[1:].strip()}" for line in changed if line[1:].strip())


def operator_called(name: str) -> Operator:
    """An operator by its name in the configuration."""
    return (OUR_OPERATORS.get(name) or get_operator(f"core/{name}"))()


def mutants_of(path: str, operators: Iterable[str]) -> list[Mutant]:
    """All mutants of a file, in the order of its lines."""
    source = Path(path).read_text(encoding="utf-8")
    skipped = without_effect(ast.parse(source))
    statements = parso.parse(source).children
    codes = [statement.get_code() for statement in statements]
    found = []
    for i, statement in enumerate(statements):
        nodes = list(ast_nodes(statement))
        before, after = "".join(codes[:i]), "".join(codes[i + 1 :])
        for name in operators:
            operator = operator_called(name)
            places = [
                (node, start) for node in nodes for start, _ in operator.mutation_positions(node)
            ]
            for occurrence, (node, (line, column)) in enumerate(places):
                if any(start <= (line, column) < end for start, end in skipped):
                    continue
                if superfluous(name, node, occurrence):
                    continue
                # Parsing one statement of the file alone takes a hundredth of the time.
                code = MutationVisitor.mutate_code(codes[i], operator_called(name), occurrence)
                if runs(code, codes[i]):
                    found.append(Mutant(path, name, line, column, before + code + after))
    return sorted(found, key=lambda mutant: (mutant.line, mutant.column))


def superfluous(name: str, node: Any, occurrence: int) -> bool:
    """Whether another mutant says as much: n - 1 as n + 1, `not a == b` as `a != b`."""
    if name == "NumberReplacer":
        return occurrence % 2 == 1
    if name.startswith("ReplaceBinaryOperator_Mul"):
        return node.get_next_leaf().value == ","  # the * before keywords
    if name == "AddNot":
        condition = node.children[2 if node.type == "test" else 1]
        operators = condition.children[1::2] if condition.type == "comparison" else []
        negated = len(operators) == 1 and operators[0].get_code().strip() not in ("in", "not in")
        return condition.type == "not_test" or negated
    return False


def runs(code: str, original: str) -> bool:
    """Whether a mutated statement is Python at all, and not what was there before."""
    try:
        compile(code, "", "exec")
        return ast.dump(ast.parse(code)) != ast.dump(ast.parse(original))
    except SyntaxError:
        return False


def without_effect(tree: ast.Module) -> list[tuple[tuple[int, int], tuple[int, int]]]:
    """Where a mistake changes nothing that a test could see.

    Annotations; the text of errors; and `strict=` of zip, which asserts what always holds.
    """
    found: list[Any] = []
    for node in ast.walk(tree):
        if isinstance(node, ast.arg | ast.AnnAssign):
            found.append(node.annotation)
        elif isinstance(node, ast.FunctionDef):
            found.append(node.returns)
        elif (
            isinstance(node, ast.Raise)
            or (isinstance(node, ast.keyword) and node.arg == "strict")
            or (isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test))
        ):
            found.append(node)
    return [
        ((node.lineno, node.col_offset), (node.end_lineno, node.end_col_offset))
        for node in found
        if node is not None
    ]


def lines_around(tree: ast.Module, line: int, column: int) -> tuple[range, bool]:
    """The lines that run together with a place, and whether they are the body of a lambda.

    They are those of the innermost lambda or simple statement, or of the head of a compound one.
    """
    best: Any = tree
    for node in ast.walk(tree):
        if not isinstance(node, ast.stmt | ast.Lambda):
            continue
        body = node.body if isinstance(node, ast.Lambda) else node
        if (
            (body.lineno, body.col_offset)
            <= (line, column)
            < (
                body.end_lineno,
                body.end_col_offset,
            )
        ):
            best = node  # ast.walk goes from the outside in
    if isinstance(best, ast.Lambda):
        return range(best.body.lineno, best.body.end_lineno + 1), True
    if best is tree:
        return range(line, line + 1), False
    body = getattr(best, "body", None)
    if body and body[0].lineno > line:
        return range(best.lineno, body[0].lineno), False
    return range(line if body else best.lineno, (line if body else best.end_lineno) + 1), False
