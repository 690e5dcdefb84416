"""What L1 and L2 do to one weight: L2 makes it smaller, L1 makes it zero.

The cost of one weight whose data want it to be 1 is ½(w − 1)² plus a penalty. Where its slope is
zero is the best w: with L2 that is 1/(1 + λ), never quite 0; with L1 it is 1 − λ, and 0 from
λ = 1 on, because there the kink of |w| holds it: no slope between −λ and λ moves it away.

    python demos/one_weight.py

Writes to `one-weight/` beneath the folder it is run in: the costs and the best weight for every λ
(`curves.svg`), both costs as graphs (`l1.svg`, `l2.svg`), and for each a page with a slider for λ
(`l1.html`, `l2.html`). Needs matplotlib, which the extra `tour` brings.
"""

from pathlib import Path

import matplotlib
import numpy as np

import tinygrad_reg as tg
from tinygrad_reg.training import soft_threshold

matplotlib.use("Agg")
from matplotlib import pyplot

PENALTIES = {"l2": tg.l2, "l1": tg.l1}
BEST = {"l2": lambda lambd: 1 / (1 + lambd), "l1": lambda lambd: max(1 - lambd, 0.0)}
COLOURS = {"l2": "#0072B2", "l1": "#D55E00"}


def cost(w, lambd, penalty):
    """½(w − 1)² and the penalty."""
    data_term = 0.5 * (w - 1) ** 2
    return data_term + penalty(w, lambd, 1)


def descend(lambd, penalty):
    """The best weight, found by 500 small steps from w = 2: proximal ones where there is a kink."""
    w, alpha = 2.0, 0.1
    for _ in range(500):
        if penalty is tg.l1:
            w = float(soft_threshold(w - alpha * (w - 1), alpha * lambd))
        else:
            w -= alpha * float(tg.grad(cost)(w, lambd, penalty))
    return w


def curves(path):
    """Draw the costs over w for some λ, and the best w over λ."""
    figure, axes = pyplot.subplots(1, 3, figsize=(11, 3.4), layout="constrained")
    w = np.linspace(-0.5, 1.75, 451)
    for (name, penalty), axis in zip(PENALTIES.items(), axes[:2], strict=True):
        for lambd, opacity in ((0.0, 0.3), (0.5, 0.55), (1.0, 0.75), (2.0, 1.0)):
            values = [float(cost(x, lambd, penalty)) for x in w]
            axis.plot(w, values, color=COLOURS[name], alpha=opacity, label=f"λ = {lambd:g}")
            best = BEST[name](lambd)
            axis.plot(best, float(cost(best, lambd, penalty)), "o", color="#222222", markersize=4)
        axis.set(title=f"½(w − 1)² + {'λ/2 w²' if name == 'l2' else 'λ |w|'}", xlabel="w")
        axis.set_ylim(-0.05, 2.2)
        axis.legend(frameon=False, loc="upper left", bbox_to_anchor=(0.15, 1))
    strengths = np.linspace(0, 3, 61)
    for name, best in BEST.items():
        axes[2].plot(strengths, [best(lambd) for lambd in strengths], color=COLOURS[name],
                     label=name.upper())  # fmt: skip
    axes[2].set(title="the best w", xlabel="λ")
    axes[2].axhline(0, color="#888888", linewidth=0.8, zorder=0)
    axes[2].legend(frameon=False)
    for axis in axes:
        axis.spines[["top", "right"]].set_visible(False)
    matplotlib.rcParams["svg.hashsalt"] = "one weight"  # so that every run writes the same file
    figure.savefig(path, metadata={"Date": None})
    pyplot.close(figure)


def main():
    """Print the best weight for some λ, found and from the formula, and draw."""
    print(__doc__.splitlines()[0])
    print("   λ   L2: found   1/(1+λ)    L1: found   max(1−λ, 0)")
    for lambd in (0.0, 0.25, 0.5, 1.0, 2.0):
        found = {name: descend(lambd, penalty) for name, penalty in PENALTIES.items()}
        print(
            f"{lambd:4.2f}  {found['l2']:9.6f}  {BEST['l2'](lambd):9.6f}"
            f"   {found['l1']:9.6f}    {BEST['l1'](lambd):9.6f}"
        )
    print("the gradient at w = 0 for λ = 2: the data alone, as the slope chosen for |w| at 0 is 0:")
    for name, penalty in PENALTIES.items():
        print(f"  {name.upper()}: {float(tg.grad(cost)(0.0, 2.0, penalty)):+.1f}")

    folder = Path("one-weight")
    folder.mkdir(exist_ok=True)
    curves(folder / "curves.svg")
    for name, penalty in PENALTIES.items():
        w = tg.Tensor(0.8, requires_grad=True, name="w")
        J = cost(w, 0.5, penalty)
        J.backward()
        tg.draw(J, detail="gradients").render(outfile=folder / f"{name}.svg", cleanup=True)
        tg.explore(J, path=folder / f"{name}.html")
    print(f"the curves, the graphs and two pages with a slider for λ are in {folder}/")


if __name__ == "__main__":
    main()
