"""The adjoint of the matrix product in both factors, against its definition by unit vectors."""

from hypothesis import strategies as st

from tinygrad_reg.exercises.questions import (
    Array,
    Examples,
    Mistake,
    Question,
    adjoint_by_unit_vectors,
    array_of,
    examples,
    lengths,
)

__all__ = ["QUESTIONS"]


def products(sizes: tuple[int, int, int]) -> Examples:
    """Factors of some sizes, and a cotangent of their product."""
    n, k, p = sizes
    return examples(cotangent=array_of((n, p)), A=array_of((n, k)), B=array_of((k, p)))


def expected(cotangent: Array, A: Array, B: Array) -> tuple[Array, Array]:
    """What one entry of a factor does to <cotangent, A @ B>, for every entry of both."""
    return (
        adjoint_by_unit_vectors(lambda unit: unit @ B, A.shape, cotangent),
        adjoint_by_unit_vectors(lambda unit: A @ unit, B.shape, cotangent),
    )


NOT_TRANSPOSED = "The other factor has to be transposed: the adjoint of `@ B` is `@ B.T`."
ORDER = (
    "The factors are in the wrong order. B stands to the right of A in A @ B, and stays on the "
    "right in dA; A stays on the left in dB."
)
SWAPPED = "These are dA and dB in the wrong order."
ELEMENTWISE = "`*` multiplies entry by entry; a matrix product is written `@`."
ITSELF = "The cotangent of a factor needs the other factor: A has its slopes from B, B from A."

QUESTIONS = (
    Question(
        call="matmul_pullback(cotangent, A, B)",
        examples=st.tuples(lengths(), lengths(), lengths()).flatmap(products),
        expected=expected,
        source="moving one entry of a factor",
        parts=("dA", "dB"),
        mistakes=(
            Mistake(SWAPPED, lambda cotangent, A, B: (A.T @ cotangent, cotangent @ B.T)),
            Mistake(NOT_TRANSPOSED, lambda cotangent, A, B: (cotangent @ B, None)),
            Mistake(NOT_TRANSPOSED, lambda cotangent, A, B: (None, A @ cotangent)),
            Mistake(NOT_TRANSPOSED, lambda cotangent, A, B: (cotangent @ B, A @ cotangent)),
            Mistake(ORDER, lambda cotangent, A, B: (B.T @ cotangent, None)),
            Mistake(ORDER, lambda cotangent, A, B: (None, cotangent @ A.T)),
            Mistake(ORDER, lambda cotangent, A, B: (B.T @ cotangent, cotangent @ A.T)),
            Mistake(ITSELF, lambda cotangent, A, B: (A.T @ cotangent, None)),
            Mistake(ITSELF, lambda cotangent, A, B: (None, cotangent @ B.T)),
            Mistake(ELEMENTWISE, lambda cotangent, A, B: (cotangent * B, None)),
            Mistake(ELEMENTWISE, lambda cotangent, A, B: (None, cotangent * A)),
            Mistake(ELEMENTWISE, lambda cotangent, A, B: (cotangent * B.T, None)),
            Mistake(ELEMENTWISE, lambda cotangent, A, B: (None, A.T * cotangent)),
        ),
        pointer="dA has the shape of A, (n, k). From a cotangent of shape (n, p) and B of shape "
        "(k, p), only one matrix product has it.",
    ),
)
