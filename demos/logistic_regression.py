"""Logistic regression by the lesson: a cost with an L2 penalty, its gradient, and the update.

569 tumours, 30 measurements each; ŷ is the probability that a tumour is benign. Only the cost is
written down for the engine. The lesson's formulas for dW and db stand beside it, and give the
same numbers.

    python demos/logistic_regression.py

Writes `logistic-regression/training.svg` beneath the folder it is run in: the cost on its way
down, and what the trained model says about tumours it has not seen. Needs the extra `tour`.
"""

from pathlib import Path

import numpy as np

import tinygrad_reg as tg
from tinygrad_reg.tour.data import breast_cancer
from tinygrad_reg.tour.plots import COLOURS, plot
from tinygrad_reg.training import descent, gradient_step

ALPHA, LAMBD, STEPS = 0.1, 3.0, 300
BLUE, ORANGE, GREEN = COLOURS[:3]


def cost(parameters, X, Y, lambd):
    """J = 1/m Σ losses + λ/2m ‖W‖². The bias is not penalized."""
    W, b = parameters["W"], parameters["b"]
    m = X.shape[1]
    Z = W @ X + b
    losses = tg.binary_cross_entropy(Z, Y)
    return np.sum(losses) / m + tg.l2(W, lambd, m)


def gradient_by_hand(parameters, X, Y, lambd):
    """The lesson's dW and db."""
    W, b = parameters["W"], parameters["b"]
    m = X.shape[1]
    A = 1 / (1 + np.exp(-(W @ X + b)))
    dZ = A - Y
    dW = 1 / m * (dZ @ X.T) + lambd / m * W
    db = 1 / m * np.sum(dZ, axis=1, keepdims=True)
    return {"W": dW, "b": db}


def start(n_x):
    """Where training begins."""
    return {"W": np.zeros((1, n_x)), "b": np.zeros((1, 1))}


def training(split, lambd=LAMBD, steps=STEPS):
    """The parameters before training and after each step: θ := θ − α·∂J/∂θ."""
    return list(
        descent(
            lambda parameters: cost(parameters, split.X, split.Y, lambd),
            start(split.X.shape[0]),
            lambda parameters, gradient: gradient_step(parameters, gradient, ALPHA),
            steps,
        )
    )


def scores(parameters, X):
    """Z of every example; ŷ is its sigmoid."""
    return parameters["W"] @ X + parameters["b"]


def draw(split, path):
    """Draw the cost over the steps, and ŷ over z for the dev set."""
    J = [float(cost(parameters, split.X, split.Y, LAMBD)) for parameters in path]
    loss = [float(cost(parameters, split.X, split.Y, 0.0)) for parameters in path]
    dev = [float(cost(parameters, split.X_dev, split.Y_dev, 0.0)) for parameters in path]
    Z, benign = scores(path[-1], split.X_dev)[0], split.Y_dev[0] == 1

    def both(left, right):
        left.plot(J, color=BLUE, label="J, training set")
        left.plot(loss, color=BLUE, linestyle=":", label="J without the penalty")
        left.plot(dev, color=ORANGE, linestyle="--", label="mean loss, dev set")
        left.set(title="The cost goes down", xlabel="step", ylim=(0, 0.72))
        left.legend()
        z = np.linspace(-11, 11, 221)
        right.plot(z, tg.sigmoid(z), color="#888888", linewidth=1, zorder=1)
        for which, colour, mark, name in ((benign, GREEN, "o", "benign"),
                                          (~benign, ORANGE, "x", "malignant")):  # fmt: skip
            right.scatter(Z[which], tg.sigmoid(Z[which]), s=22, alpha=0.6, color=colour,
                          marker=mark, label=name)  # fmt: skip
        right.axhline(0.5, color="#888888", linewidth=0.8, linestyle=":")
        right.set(title="ŷ for the dev set", xlabel="z = W x + b", ylabel="ŷ", xlim=(-11, 11))
        right.legend(loc="center right")

    return plot(both, columns=2, height=3.2)


def main():
    """Compare the two gradients, train, and draw."""
    print(__doc__.splitlines()[0])
    split = breast_cancer(seed=0)
    random = np.random.default_rng(0)
    somewhere = {"W": random.standard_normal((1, 30)), "b": random.standard_normal((1, 1))}
    engine = tg.grad(cost)(somewhere, split.X, split.Y, LAMBD)
    by_hand = gradient_by_hand(somewhere, split.X, split.Y, LAMBD)
    for letter in "Wb":
        apart = np.max(np.abs(engine[letter] - by_hand[letter]))
        print(f"d{letter} by the engine and by the lesson's formula: {apart:.1e} apart")

    path = training(split)
    for step in (0, 1, 10, 100, STEPS):
        J = float(cost(path[step], split.X, split.Y, LAMBD))
        wrong = np.sum((scores(path[step], split.X_dev) > 0) != (split.Y_dev == 1))
        print(f"step {step:3}: J = {J:.4f}, {wrong:3} of {split.m_dev} dev examples wrong")

    folder = Path("logistic-regression")
    folder.mkdir(exist_ok=True)
    (folder / "training.svg").write_text(draw(split, path), encoding="utf-8")
    print(f"the picture is {folder / 'training.svg'}")


if __name__ == "__main__":
    main()
