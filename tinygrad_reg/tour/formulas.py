"""The lesson's formulas as MathML, which browsers draw without any script or font."""

from __future__ import annotations

from tinygrad_reg.tour.blocks import Formula

__all__ = [
    "BIAS",
    "DECAY",
    "LOGISTIC_COST",
    "NETWORK_COST",
    "PROXIMAL",
    "RELATIVE_ERROR",
    "SOFT_THRESHOLD",
]


def row(*parts: str) -> str:
    """Parts beside each other."""
    return f"<mrow>{''.join(parts)}</mrow>"


def letter(name: str) -> str:
    """A variable."""
    return f"<mi>{name}</mi>"


def sign(text: str) -> str:
    """An operator or a bracket."""
    return f"<mo>{text}</mo>"


def number(text: str) -> str:
    """A number."""
    return f"<mn>{text}</mn>"


def word(text: str) -> str:
    """A name of several letters."""
    return f"<mtext>{text}</mtext>"


def over(top: str, bottom: str) -> str:
    """A fraction."""
    return f"<mfrac>{row(top)}{row(bottom)}</mfrac>"


def sup(base: str, top: str) -> str:
    """A superscript."""
    return f"<msup>{base}{top}</msup>"


def sub_sup(base: str, bottom: str, top: str) -> str:
    """A subscript and a superscript."""
    return f"<msubsup>{base}{bottom}{top}</msubsup>"


def total(index: str, start: str, end: str) -> str:
    """A sum sign with its range."""
    below = row(letter(index), sign("="), number(start))
    # The padding keeps the end off the sign where there is no font made for mathematics.
    above = f'<mpadded depth="+.3em">{letter(end)}</mpadded>'
    return f"<munderover>{sign('∑')}{below}{above}</munderover>"


def absolute(inside: str) -> str:
    """An absolute value."""
    bars = [f'<mo form="{form}" stretchy="false">|</mo>' for form in ("prefix", "postfix")]
    return row(bars[0], inside, bars[1])


def formula(text: str, *parts: str) -> Formula:
    """A formula on a line of its own."""
    return Formula(f'<math display="block">{row(*parts)}</math>', text)


J, W, b, m, alpha, lambd = (letter(name) for name in ("J", "W", "b", "m", "α", "λ"))
data_cost = letter("J₀")
hat_y = f"<mover>{letter('y')}{sign('^')}</mover>"
index = row(sign("("), letter("i"), sign(")"))
mean_loss = row(
    over(number("1"), m),
    total("i", "1", "m"),
    letter("ℒ"),
    row(sign("("), sup(hat_y, index), sign(","), sup(letter("y"), index), sign(")")),
)
half_strength = over(lambd, row(number("2"), m))
strength = over(lambd, m)
layer = row(sign("["), letter("l"), sign("]"))


def norm(inside: str) -> str:
    """The squared Frobenius norm."""
    return sub_sup(row(sign("‖"), inside, sign("‖")), letter("F"), number("2"))


def slope(of: str, by: str) -> str:
    """A partial derivative."""
    return over(row(sign("∂"), of), row(sign("∂"), by))


LOGISTIC_COST = formula(
    "J = (1/m) Σ L(ŷ, y) + (λ/2m) ‖W‖²",
    J, sign("="), mean_loss, sign("+"), half_strength, norm(W),
)  # fmt: skip

RELATIVE_ERROR = formula(
    "relative error = |engine − differences| / max(|engine|, |differences|)",
    word("relative error"), sign("="),
    over(
        absolute(row(word("engine"), sign("−"), word("differences"))),
        row(
            word("max"), sign("("), absolute(word("engine")), sign(","),
            absolute(word("differences")), sign(")"),
        ),
    ),
)  # fmt: skip

DECAY = formula(
    "W := (1 − α·λ/m) W − α ∂J₀/∂W",
    W, sign(":="),
    row(sign("("), number("1"), sign("−"), alpha, strength, sign(")")), W,
    sign("−"), alpha, slope(data_cost, W),
)  # fmt: skip

NETWORK_COST = formula(
    "J = (1/m) Σ L(ŷ, y) + (λ/2m) Σ_l ‖W[l]‖²_F",
    J, sign("="), mean_loss, sign("+"), half_strength,
    total("l", "1", "L"), norm(sup(W, layer)),
)  # fmt: skip

PROXIMAL = formula(
    "W := S(W − α ∂J₀/∂W, α·λ/m)",
    W, sign(":="), letter("S"),
    row(sign("("), W, sign("−"), alpha, slope(data_cost, W), sign(","), alpha, strength, sign(")")),
)  # fmt: skip

SOFT_THRESHOLD = formula(
    "S(v, t) = sign(v)·max(|v| − t, 0)",
    letter("S"), row(sign("("), letter("v"), sign(","), letter("t"), sign(")")), sign("="),
    word("sign"), row(sign("("), letter("v"), sign(")")), sign("·"), word("max"),
    row(sign("("), absolute(letter("v")), sign("−"), letter("t"), sign(","), number("0"),
        sign(")")),
)  # fmt: skip

BIAS = formula(
    "b free: mean of ŷ − y = 0; b penalized: mean of ŷ − y = −(λ/m) b",
    over(number("1"), m), total("i", "1", "m"),
    row(sign("("), sup(hat_y, index), sign("−"), sup(letter("y"), index), sign(")")), sign("="),
    sign("−"), strength, b,
)  # fmt: skip
