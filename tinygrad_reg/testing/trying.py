"""What a user's operation can be called with: given by the user, or found by trying."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator
from itertools import islice
from itertools import product as every
from math import inf, isinf
from typing import Any

import numpy as np
import optree

from tinygrad_reg.derivatives.arity import parameters_of
from tinygrad_reg.derivatives.table import Each
from tinygrad_reg.tensor import Rule
from tinygrad_reg.testing.samples.layouts import (
    Case,
    entries,
    fixed,
    over_axes,
    together,
    with_keywords,
)
from tinygrad_reg.transforms import jvp, vjp

__all__ = ["found_by_trying", "from_sample"]

Operation = Callable[..., Any]
Shapes = tuple[tuple[int, ...], ...]
Domains = tuple[tuple[float, float], ...]

SHAPES: Shapes = ((2, 3), (3, 2), (3, 3), (3,), (), (2, 2, 3))
INTERVALS: Domains = ((-2.1, 2.0), (0.3, 2.5), (-0.9, 0.85), (1.3, 3.0), (0.05, 0.95))
CONSTANTS = (0, 1, 2.0, (0,), (1, 0), True, None)


def from_sample(op: Operation, name: str, sample: Any) -> Case:
    """A case around some arguments: arrays of their shapes, with entries in their range."""
    if not isinstance(sample, tuple | list):
        raise TypeError(
            f"check_rule of {name} was given the sample {sample!r}: expected a tuple of arguments"
        )
    *args, keywords = sample if sample and isinstance(sample[-1], dict) else (*sample, {})
    varied = [i for i, x in enumerate(args) if is_floating(x)]
    if not varied:
        raise TypeError(f"check_rule of {name}: there is no array of floats in a sample: {sample}")
    domains = []
    for i in varied:
        low, high = float(np.min(args[i])), float(np.max(args[i]))
        domains.append((low, high) if high > low else (low - abs(low) / 8, low + abs(low) / 8))
    shapes = tuple(np.shape(args[i]) for i in varied)
    call = filled(op, dict(enumerate(args)), varied)
    return Case(name, call, fixed((shapes, keywords)), tuple(domains), op)


def is_floating(x: Any) -> bool:
    """Whether an argument is a float, or an array of floats."""
    return isinstance(x, float) or (hasattr(x, "dtype") and x.dtype.kind == "f")


def found_by_trying(op: Operation, name: str, rule: Rule) -> Case:
    """A case for a user's operation: shapes, intervals, constants and options that it accepts."""
    arity = 2 if isinstance(rule.entries, Each) else rule.arity
    varied = [i for i, entry in enumerate(islice(rule.entries, arity)) if entry is not None]
    others = [i for i in range(arity + needed(op, arity)) if i not in varied]
    for constants in every(CONSTANTS, repeat=len(others)):
        call = filled(op, dict(zip(others, constants, strict=True)), varied)
        found = [(domains, accepted(call, domains)) for domains in domains_of(rule, varied, arity)]
        domains, shapes = max(found, key=lambda pair: len(pair[1]))
        if shapes:
            layout = layout_of(rule, call, domains, shapes, list(options(op, arity)))
            return Case(name, call, layout, domains, op)
    raise TypeError(
        f"check_rule of {name} found no arrays that it can be called with (of up to three axes, "
        f"with entries between -2 and 3){refusal(op, arity)}: pass samples=[(argument, ...), ...]"
    )


def layout_of(
    rule: Rule, call: Operation, domains: Domains, shapes: list[Shapes], choices: list[Any]
) -> Any:
    """The shapes to draw, and the options that go with them."""
    if rule.is_local and rule.keeps_axes:
        return over_axes(len(domains))
    numbers: list[Shapes] = []
    if rule.is_local:
        numbers = [s for s in shapes if any(s) and np.shape(attempt(call, s, domains)) == ()]
    if rule.is_local and not numbers:
        fitting = [o for o in choices if any(accepts(call, s, domains, o) for s in shapes)]
        return with_keywords(together(len(domains)), {}, *fitting)
    chosen = numbers or [s for s in shapes if runs(call, s, domains)] or shapes
    variants = [(s, o) for o in choices for s in chosen if accepts(call, s, domains, o)]
    return fixed(*[(s, {}) for s in chosen], *variants)


def filled(op: Operation, constants: dict[int, Any], varied: list[int]) -> Operation:
    """An operation as a function of the arguments that vary, the others filled in."""

    def called(*arrays: Any, **keywords: Any) -> Any:
        args = constants | dict(zip(varied, arrays, strict=True))
        return op(*[args[i] for i in sorted(args)], **keywords)

    names = parameters_of(op)
    if max(varied, default=0) < len(names):
        kind = inspect.Parameter.POSITIONAL_ONLY
        parameters = [inspect.Parameter(names[i], kind) for i in varied]
        options = inspect.Parameter("keywords", inspect.Parameter.VAR_KEYWORD)
        called.__signature__ = inspect.Signature([*parameters, options])  # type: ignore[attr-defined]
    called.__name__ = getattr(op, "__name__", "operation")
    return called


def further(op: Operation, arity: int) -> list[inspect.Parameter]:
    """The parameters of an operation behind those that have a rule."""
    try:
        parameters = list(inspect.signature(op).parameters.values())[arity:]
    except ValueError:
        return []
    return [p for p in parameters if p.kind not in (p.VAR_POSITIONAL, p.VAR_KEYWORD)]


def needed(op: Operation, arity: int) -> int:
    """How many further arguments have no default: an axis, a shape, a mask."""
    return sum(p.default is p.empty and p.kind != p.KEYWORD_ONLY for p in further(op, arity))


def options(op: Operation, arity: int) -> Iterator[dict[str, Any]]:
    """Further arguments with a default, one at a time: at that default, and at something else."""
    for p in further(op, arity):
        if p.default is p.empty:
            continue
        yield {p.name: p.default}
        if isinstance(p.default, bool):
            yield {p.name: not p.default}
        elif isinstance(p.default, int):
            yield from ({p.name: p.default + 1}, {p.name: -1})
        elif isinstance(p.default, float):
            yield {p.name: 1.5 * p.default or 0.5}
        elif p.name == "axis":
            yield from ({p.name: 0}, {p.name: -1})


def domains_of(rule: Rule, varied: list[int], arity: int) -> Iterator[Domains]:
    """Bounds to draw entries from: those of the line where it states a domain, else some to try."""
    stated = rule.domain if len(rule.domain) > 1 else rule.domain * arity
    choices = [INTERVALS if stated[i] == (-inf, inf) else (inside(*stated[i]),) for i in varied]
    alike = all(choice is INTERVALS for choice in choices)
    return iter([(interval,) * len(varied) for interval in INTERVALS]) if alike else every(*choices)


def inside(low: float, high: float) -> tuple[float, float]:
    """Bounds within an open interval, away from its ends."""
    if isinf(low):
        return high - 2.5, high - 0.3
    if isinf(high):
        return low + 0.3, low + 2.5
    return low + 0.06 * (high - low), high - 0.08 * (high - low)


def accepted(call: Operation, domains: Domains) -> list[Shapes]:
    """Shapes of arguments for which an operation gives finite numbers."""
    return [s for s in every(SHAPES, repeat=len(domains)) if accepts(call, s, domains)]


def accepts(call: Operation, shapes: Shapes, domains: Domains, keywords: Any = None) -> bool:
    """Whether an operation gives finite numbers."""
    return attempt(call, shapes, domains, keywords) is not None


def attempt(call: Operation, shapes: Shapes, domains: Domains, keywords: Any = None) -> Any:
    """What an operation gives for some shapes, or None where that is no array of finite numbers."""
    with np.errstate(all="ignore"):
        try:
            result = np.asarray(call(*entries(shapes, domains), **(keywords or {})))
        except Exception:
            return None
    finite = result.dtype.kind == "f" and np.isfinite(result).all()
    return result if finite else None


def runs(call: Operation, shapes: Shapes, domains: Domains) -> bool:
    """Whether the rules of an operation run for some shapes, right or wrong."""
    arrays = entries(shapes, domains)
    with np.errstate(all="ignore"):
        try:
            value, pullback = vjp(call, *arrays)
            pullback(optree.tree_map(np.ones_like, value))
            jvp(call, arrays, arrays)
        except Exception:
            return False
    return True


def refusal(op: Operation, arity: int) -> str:
    """What an operation says when it is called with matrices."""
    try:
        result = op(*[np.full((2, 3), 0.5)] * arity)
    except Exception as error:
        return f", and says {type(error).__name__}: {error}"
    return f", and gives {type(result).__name__}"
