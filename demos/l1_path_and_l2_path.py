"""The L1 path beside the L2 path: L1 makes one weight after another exactly zero, L2 makes none.

A path is the best weights for every λ, here of a linear regression: ten measurements of 442
people with diabetes. L1 is trained by proximal steps, whose zeros are exactly zero; for L2 the
best weights solve a linear system. At both, the engine's gradient says that they are the best.

    python demos/l1_path_and_l2_path.py

Writes `l1-path-and-l2-path/paths.svg` beneath the folder it is run in. Needs the extra `tour`.
"""

from pathlib import Path

import numpy as np
from sklearn.datasets import load_diabetes

import tinygrad_reg as tg
from tinygrad_reg.tour.plots import COLOURS, plot
from tinygrad_reg.training import proximal_step

FEATURES = ("age", "sex", "bmi", "pressure", "s1", "s2", "s3", "s4", "s5", "s6")
NAMED = ("bmi", "pressure", "s5", "sex")  # the others stay grey
LAMBDS = np.geomspace(2, 1000, 40)
ALPHA, STEPS = 0.24, 1000  # α below 1 / (largest curvature of the loss), which is 4.02


def data():
    """X `(10, 442)` and Y `(1, 442)`, every row with mean 0 and variance 1."""
    bunch = load_diabetes(scaled=False)
    rows = bunch.data.T, bunch.target[np.newaxis]
    return tuple(
        (row - np.mean(row, axis=1, keepdims=True)) / np.std(row, axis=1, keepdims=True)
        for row in rows
    )


def mean_loss(parameters, X, Y):
    """1/2m Σ (ŷ − y)². Without a bias, because every mean is 0."""
    return np.sum((parameters["W"] @ X - Y) ** 2) / (2 * X.shape[1])


def l1_path(X, Y):
    """The best weights for every λ, `(len(LAMBDS), 10)`; each begins where the one before ended."""
    m = X.shape[1]
    gradient = tg.compile(tg.grad(mean_loss))
    parameters, path = {"W": np.zeros((1, len(X)))}, []
    for lambd in LAMBDS[::-1]:
        for _ in range(STEPS):
            parameters = proximal_step(parameters, gradient(parameters, X, Y), ALPHA, lambd, m)
        path.append(parameters["W"][0])
    return np.array(path[::-1])


def l2_path(X, Y):
    """The best weights for every λ: (X Xᵀ + λ I) wᵀ = X Yᵀ."""
    return np.array(
        [np.linalg.solve(X @ X.T + lambd * np.eye(len(X)), X @ Y[0]) for lambd in LAMBDS]
    )


def distance_from_best(w, lambd, penalty, X, Y):
    """How far 0 is from a (sub)gradient of J at w: 0 where no step makes J smaller.

    Where a weight is 0, L1 has the subgradients from −λ/m to λ/m, and the best of them counts.
    """
    m = X.shape[1]
    slope = tg.grad(lambda W: mean_loss({"W": W}, X, Y) + penalty(W, lambd, m))(w[np.newaxis])[0]
    if penalty is tg.l1:
        slope = np.where(w == 0, np.maximum(np.abs(slope) - lambd / m, 0), slope)
    return float(np.max(np.abs(slope)))


def draw(paths):
    """Draw a line for each weight, and below how many are not zero."""

    def both(*columns):
        for axes, (name, path) in zip(columns, paths.items(), strict=True):
            for feature, weights in zip(FEATURES, path.T, strict=True):
                known = feature in NAMED
                colour = COLOURS[NAMED.index(feature)] if known else "#bbbbbb"
                axes.plot(LAMBDS, weights, color=colour, label=feature if known else None,
                          linewidth=1.8 if known else 1, zorder=2 + known)  # fmt: skip
            axes.axhline(0, color="#444444", linewidth=0.8)
            axes.set_xscale("log")
            axes.set(title=f"{name} path", xlabel="λ")
        columns[0].set(ylabel="weight")
        columns[0].legend(loc="lower right")

    return plot(both, columns=2, height=3.6, share_y=True)


def main():
    """Walk both paths, count zeros, and draw."""
    print(__doc__.splitlines()[0])
    X, Y = data()
    paths = {"L1": l1_path(X, Y), "L2": l2_path(X, Y)}
    print("      λ   zeros: L1  L2   smallest |w|, L2   measurements that L1 keeps")
    for i in range(0, len(LAMBDS), 6):
        zeros = {name: int(np.sum(path[i] == 0)) for name, path in paths.items()}
        kept = [name for name, w in zip(FEATURES, paths["L1"][i], strict=True) if w != 0]
        smallest = np.min(np.abs(paths["L2"][i]))
        numbers = f"{LAMBDS[i]:7.1f}  {zeros['L1']:9} {zeros['L2']:3}  {smallest:17.4f}"
        print(numbers, "  " + " ".join(kept))
    for name, penalty in (("L1", tg.l1), ("L2", tg.l2)):
        far = [distance_from_best(w, lambd, penalty, X, Y)
               for w, lambd in zip(paths[name], LAMBDS, strict=True)]  # fmt: skip
        print(f"{name}: on the whole path, 0 is within {max(far):.0e} of a gradient of J")

    folder = Path("l1-path-and-l2-path")
    folder.mkdir(exist_ok=True)
    (folder / "paths.svg").write_text(draw(paths), encoding="utf-8")
    print(f"the picture is {folder / 'paths.svg'}")


if __name__ == "__main__":
    main()
