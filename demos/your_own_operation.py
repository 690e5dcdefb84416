"""An operation of your own: one line gives it gradients of any order, a picture, and a proof.

The operation is log cosh w, a penalty that is round like L2 near 0 and straight like L1 far away.
NumPy has no such function. Its line in the derivative table says that its derivative is tanh w;
`check_rule` proves the line, and says what is wrong with lines that are not right.

    python demos/your_own_operation.py

Writes to `your-own-operation/` beneath the folder it is run in: the penalty beside L1 and L2
(`penalties.svg`) and the graph of a cost with it (`graph.svg`). Needs the extras `tour` and
`testing`; Hypothesis, which draws the examples of the proof, leaves a folder `.hypothesis/`.
"""

from pathlib import Path

import numpy as np

import tinygrad_reg as tg
from tinygrad_reg.testing import GradientMismatch, check_rule
from tinygrad_reg.tour.plots import COLOURS, plot


def log_cosh(w):
    """|w| + log(1 + e^(-2|w|)) - log 2, which is log cosh w, and no overflow for a large w."""
    return np.abs(w) + np.log1p(np.exp(-2 * np.abs(w))) - np.log(2)


log_cosh = tg.elementwise(log_cosh, lambda y, w: np.tanh(w))  # the line: ∂y/∂w


def twice(w):
    """The same operation, with a line that is twice the right one."""
    return log_cosh(w)


def one_sided(w):
    """The same operation, with a line that is right for w > 0 only."""
    return log_cosh(w)


WRONG = {
    "2 tanh w": tg.elementwise(twice, lambda y, w: 2 * np.tanh(w)),
    "√(1 − e^(−2y))": tg.elementwise(one_sided, lambda y, w: np.sqrt(1 - np.exp(-2 * y))),
}


def cost(W, X, Y, lambd):
    """The mean squared error, and the new penalty."""
    m = X.shape[1]
    errors = W @ X - Y
    return np.sum(errors**2) / (2 * m) + lambd / m * np.sum(log_cosh(W))


def draw():
    """Draw penalties and their derivatives, all found by the engine, for λ = m = 1."""
    w = np.concatenate([np.linspace(-3, -1e-9), [np.nan], np.linspace(1e-9, 3)])  # a gap at 0
    penalties = (
        ("L1", COLOURS[1], lambda x: tg.l1(x, 1, 1)),
        ("L2", COLOURS[0], lambda x: tg.l2(x, 1, 1)),
        ("log cosh", COLOURS[2], log_cosh),
    )

    def both(left, right):
        for name, colour, penalty in penalties:
            left.plot(w, [float(penalty(x)) for x in w], color=colour, label=name)
            right.plot(w, [float(tg.grad(penalty)(x)) for x in w], color=colour)
        right.plot(0, 0, "o", color=COLOURS[1], markersize=5)  # the subgradient of L1 at its kink
        left.set(title="Penalty of one weight", xlabel="w", ylim=(-0.1, 3))
        right.set(title="Its derivative", xlabel="w", ylim=(-2, 2))
        left.legend()

    return plot(both, columns=2, height=3.2)


def main():
    """Differentiate, prove, let two wrong lines be explained, and draw."""
    print(__doc__.splitlines()[0])
    print("at w = 0.5:")
    derivative = log_cosh
    for order, formula in ((1, np.tanh(0.5)), (2, 1 / np.cosh(0.5) ** 2)):
        derivative = tg.grad(derivative)
        print(f"  derivative {order}: {derivative(0.5):.12f}, by formula {formula:.12f}")

    check_rule(log_cosh)
    print("check_rule finds nothing wrong: values, both modes, two orders, kinks, float32, shapes")
    for line, operation in WRONG.items():
        try:
            check_rule(operation)
        except GradientMismatch as mismatch:
            print(f"with the line {line}, it says:\n  {mismatch}")

    folder = Path("your-own-operation")
    folder.mkdir(exist_ok=True)
    (folder / "penalties.svg").write_text(draw(), encoding="utf-8")
    W = tg.Tensor([[0.5, -1.0]], requires_grad=True, name="W")
    X, Y = np.array([[1.0, 2.0, -1.0], [0.0, 1.0, 3.0]]), np.array([[1.0, 0.0, -2.0]])
    J = cost(W, X, Y, 0.7)
    J.backward()
    tg.draw(J, detail="gradients").render(outfile=folder / "graph.svg", cleanup=True)
    print(f"the pictures are in {folder}/")


if __name__ == "__main__":
    main()
