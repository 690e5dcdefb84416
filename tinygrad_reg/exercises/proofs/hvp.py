"""A Hessian-vector product, against differences of the gradient along the vector."""

import tracemalloc
from collections.abc import Callable
from typing import Any

import numpy as np
from hypothesis import strategies as st

import tinygrad_reg as tg
from tinygrad_reg.exercises.questions import (
    Array,
    Claim,
    Examples,
    Finding,
    Mistake,
    Question,
    array_of,
    examples,
    lengths,
)
from tinygrad_reg.testing import numerical_jvp

__all__ = ["QUESTIONS"]

MANY = 600  # arguments, of which the Hessian is much larger than everything else


def cubes(x: Any) -> Any:
    """np.sum(x**3)"""
    return np.sum(x**3)


def cube_of_sum(x: Any) -> Any:
    """np.sum(x)**3"""
    return np.sum(x) ** 3


def mixed(x: Any) -> Any:
    """np.sum(np.sin(x)) * np.sum(x)"""
    return np.sum(np.sin(x)) * np.sum(x)


def points(n: int) -> Examples:
    """A function, a point and a direction."""
    return examples(
        f=st.sampled_from((cubes, cube_of_sum, mixed)), x=array_of((n,)), v=array_of((n,))
    )


def expected(f: Any, x: Array, v: Array) -> Array:
    """How the gradient moves along v."""
    return numerical_jvp(tg.grad(f), (x,), (v,))  # type: ignore[no-any-return]


def needs_no_hessian(hessian_vector_product: Callable[..., Any]) -> Finding | None:
    """Whether it takes less room than the Hessian would."""
    x = np.linspace(-1, 1, MANY)
    tracemalloc.start()
    try:
        hessian_vector_product(cubes, x, x)
        most = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    if most < x.itemsize * MANY**2 / 2:
        return None
    return Finding(
        f"It is right, but for {MANY} arguments it takes {most / 1e6:.0f} MB at once: room for a "
        f"Hessian, with its {MANY**2} entries.",
        "Build no matrix: push v through the gradient with tg.jvp(tg.grad(f), ...), or take the "
        "gradient of np.sum(tg.grad(f)(x) * v).",
    )


QUESTIONS = (
    Question(
        call="hessian_vector_product(f, x, v)",
        examples=lengths().flatmap(points),
        expected=expected,
        source="differences of tg.grad(f) along v",
        mistakes=(
            Mistake(
                "This is the gradient times v: one derivative, where two are needed.",
                lambda f, x, v: tg.grad(f)(x) * v,
            ),
            Mistake(
                "This is the slope of f along v, one number. Push v through the gradient: "
                "tg.jvp(tg.grad(f), ...).",
                lambda f, x, v: tg.jvp(f, (x,), (v,))[1],
            ),
            Mistake(
                "This is the gradient. tg.jvp returns a pair: the value first, and then how it "
                "moves along v.",
                lambda f, x, v: tg.grad(f)(x),
            ),
            Mistake(
                "v has no part in it: this is H times a vector of ones. Multiply the gradient "
                "with v before it is summed.",
                lambda f, x, v: tg.grad(lambda x: np.sum(tg.grad(f)(x)))(x),
            ),
            Mistake(
                "This is H times ones, and then v entry by entry. Multiply the gradient with v "
                "before it is summed, inside of the outer function.",
                lambda f, x, v: tg.grad(lambda x: np.sum(tg.grad(f)(x)))(x) * v,
            ),
            Mistake(
                "Only the diagonal of H is here. How the gradient's entries move with one another "
                "counts as well.",
                lambda f, x, v: np.diag(tg.hessian(f)(x)) * v,
            ),
            Mistake(
                "This is v @ H @ v, one number: the second v is one too many.",
                lambda f, x, v: v @ tg.hessian(f)(x) @ v,
            ),
            Mistake(
                "tg.jvp returns the pair (value, tangent); H @ v is its second part.",
                lambda f, x, v: tg.jvp(tg.grad(f), (x,), (v,)),
            ),
        ),
        pointer="H @ v is how the gradient moves when x moves along v: tg.jvp of tg.grad(f), or "
        "tg.grad of np.sum(tg.grad(f)(x) * v).",
    ),
    Claim("hessian_vector_product", needs_no_hessian),
)
