"""The slope of λ: how much the dev loss changes with λ, by a gradient through the whole training.

The weights after training depend on λ, and the dev loss depends on the weights. Three ways to the
slope of the dev loss in λ are compared: reverse mode through every training step, differences of
two trainings, and, at the optimum, the formula of the implicit function: where ∂J/∂w = 0,
dw/dλ = −H⁻¹ w/m. And the penalty's own slope is an ordinary gradient, ∂J/∂λ = ½‖w‖²/m.

    python demos/the_slope_of_lambda.py

Writes `the-slope-of-lambda/slopes.svg` beneath the folder it is run in. Needs the extra `tour`.
"""

from pathlib import Path

import numpy as np

import tinygrad_reg as tg
from tinygrad_reg.testing import numerical_gradient
from tinygrad_reg.tour.data import breast_cancer
from tinygrad_reg.tour.plots import COLOURS, plot
from tinygrad_reg.training import gradient_step, trained

ALPHA = 0.2
BLUE, ORANGE, GREEN = COLOURS[:3]
split = breast_cancer(seed=1, m=60)  # few examples, so that a penalty helps
X, Y, m = split.X, split.Y, split.m


def J(w, lambd):
    """Logistic regression with an L2 penalty; w is a vector, and there is no bias."""
    return np.sum(tg.binary_cross_entropy(w @ X, Y[0])) / m + tg.l2(w, lambd, m)


def dev_loss(w):
    """The mean loss on examples that training has not seen."""
    return np.mean(tg.binary_cross_entropy(w @ split.X_dev, split.Y_dev[0]))


def dev_loss_after_training(lambd, steps):
    """The dev loss after gradient descent on J from w = 0: a function of λ like any other."""
    start, step = np.zeros(30), lambda w, dw: gradient_step(w, dw, ALPHA)
    return dev_loss(trained(lambda w: J(w, lambd), start, step, steps))


gradient, hessian = tg.compile(tg.grad(J)), tg.compile(tg.hessian(J))


def optimum(lambd):
    """The weights where ∂J/∂w = 0, by Newton's method: w := w − H⁻¹ ∂J/∂w."""
    w = np.zeros(30)
    for _ in range(12):
        w = w - np.linalg.solve(hessian(w, lambd), gradient(w, lambd))
    return w


def slope_at_the_optimum(lambd):
    """dJ_dev/dλ = ∂J_dev/∂w · dw/dλ, with dw/dλ = −H⁻¹ ∂²J/∂w∂λ, and ∂²J/∂w∂λ = w/m."""
    w = optimum(lambd)
    dw_dlambd = -np.linalg.solve(hessian(w, lambd), tg.jacobian(tg.grad(J), 1)(w, lambd))
    return float(tg.grad(dev_loss)(w) @ dw_dlambd)


def descent_on_lambda(lambd=0.03, eta=40.0, steps=8):
    """Gradient descent on log λ, whose slope is λ times that of λ: every λ on the way."""
    path = [lambd]
    for _ in range(steps):
        lambd = lambd * np.exp(-eta * lambd * slope_at_the_optimum(lambd))
        path.append(lambd)
    return path


def draw(path, lengths, apart):
    """Draw the dev loss with its slopes, and how training steps come to the formula's slope."""
    lambds = np.geomspace(0.01, 30, 29)

    def both(left, right):
        left.plot(lambds, [dev_loss(optimum(lambd)) for lambd in lambds], color=BLUE)
        for lambd in (0.05, 0.3, 8.0):
            near = lambd * np.array([0.6, 1 / 0.6])
            rise = lambd * slope_at_the_optimum(lambd) * np.log(near / lambd)
            left.plot(near, dev_loss(optimum(lambd)) + rise, color=GREEN, linewidth=3.5)
        left.plot(path, [dev_loss(optimum(lambd)) for lambd in path], "o-", color=ORANGE,
                  linewidth=0.8, markersize=4)  # fmt: skip
        left.text(6.5, 0.225, "dev loss", color=BLUE, ha="right")
        left.text(0.075, 0.19, "slopes", color=GREEN)
        left.text(0.9, 0.09, "descent on log λ", color=ORANGE, ha="center")
        left.set(title="Dev loss at the best weights", xlabel="λ", xscale="log", ylim=(0.08, 0.26))
        right.plot(lengths, apart, "o-", color=BLUE, markersize=4)
        right.set(title="Slopes apart, λ = 3", xlabel="training steps", xscale="log",
                  yscale="log", ylabel="|through steps − at optimum|")  # fmt: skip

    return plot(both, columns=2, height=3.4)


def main():
    """Compare the slopes, follow them to a good λ, and draw."""
    print(__doc__.splitlines()[0])
    lambd, steps = 3.0, 100
    reverse = tg.grad(dev_loss_after_training)(lambd, steps)
    forward = tg.jvp(lambda x: dev_loss_after_training(x, steps), (lambd,), (1.0,))[1]
    difference = numerical_gradient(lambda x: dev_loss_after_training(x, steps), lambd)
    print(f"after {steps} steps with λ = {lambd:g}, the dev loss has the slope")
    print(f"  {reverse:+.12f}  in reverse mode, back through all steps")
    print(f"  {forward:+.12f}  in forward mode, along with the steps")
    print(f"  {difference:+.12f}  by differences of whole trainings")

    exact = slope_at_the_optimum(lambd)
    lengths = (1, 3, 10, 30, 100, 300, 1000, 2000)
    slopes = np.array([tg.grad(dev_loss_after_training)(lambd, length) for length in lengths])
    print(f"  {exact:+.12f}  at the optimum, by the implicit function")
    print(f"  {slopes[-1]:+.12f}  in reverse mode through {lengths[-1]} steps")

    w = optimum(lambd)
    print(f"∂J/∂λ is {tg.grad(J, 1)(w, lambd):.12f}, and ½‖w‖²/m is {w @ w / (2 * m):.12f}")

    path = descent_on_lambda()
    for i in (0, 1, 2, -1):
        print(f"descent on log λ: λ = {path[i]:.3f}, dev loss {dev_loss(optimum(path[i])):.4f}")

    folder = Path("the-slope-of-lambda")
    folder.mkdir(exist_ok=True)
    picture = draw(path, lengths, np.abs(slopes - exact))
    (folder / "slopes.svg").write_text(picture, encoding="utf-8")
    print(f"the picture is {folder / 'slopes.svg'}")


if __name__ == "__main__":
    main()
