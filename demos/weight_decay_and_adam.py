"""Weight decay and Adam: for gradient descent L2 is weight decay, for Adam it is something else.

With an L2 penalty, λ/m·W is a part of the gradient. Gradient descent subtracts α times it, and so
multiplies W by 1 − α·λ/m. Adam divides the gradient by √v, the size that the gradients of each
weight have had. It divides λ/m·W too: weights with small gradients decay fast, others slowly.
Decoupled decay (Loshchilov and Hutter 2019, arXiv 1711.05101) keeps the penalty out of the
gradient, multiplies W by 1 − α·λ/m, and treats all weights alike.

    python demos/weight_decay_and_adam.py

Writes `weight-decay-and-adam/decay.svg` beneath the folder it is run in. Needs the extra `tour`.
"""

from pathlib import Path

import numpy as np

import tinygrad_reg as tg
from tinygrad_reg.tour.data import digits
from tinygrad_reg.tour.plots import COLOURS, plot

BLUE, ORANGE, GREEN = COLOURS[:3]
PENALTY, DECOUPLED = "L2 in the gradient", "decoupled decay"
split = digits(seed=0, m=1000, wrong_labels=0)


def plain(dW, memory):
    """Gradient descent goes along the gradient, and remembers nothing."""
    return dW, memory


def adam(dW, memory, beta1=0.9, beta2=0.999, epsilon=1e-8):
    """Adam (Kingma and Ba 2015) goes along a mean of the gradients, divided by √v."""
    t, mean, v = memory
    t = t + 1
    mean = beta1 * mean + (1 - beta1) * dW
    v = beta2 * v + (1 - beta2) * dW**2
    direction = (mean / (1 - beta1**t)) / (np.sqrt(v / (1 - beta2**t)) + epsilon)
    return direction, (t, mean, v)


ALPHA = {plain: 0.3, adam: 0.003}


@tg.compile
@tg.grad
def gradient(W, X, Y, lambd):
    """The gradient of J, softmax regression on a mini-batch, with an L2 penalty."""
    losses = tg.softmax_cross_entropy(W @ X, Y)
    return np.sum(losses) / X.shape[1] + tg.l2(W, lambd, split.m)


def train(W, memory, batches, lambd, optimizer, kind):
    """The weights and the optimizer's memory after one step for each batch."""
    alpha = ALPHA[optimizer]
    for batch in batches:
        dW = gradient(W, split.X[:, batch], split.Y[:, batch], lambd if kind == PENALTY else 0.0)
        direction, memory = optimizer(dW, memory)
        if kind == DECOUPLED:
            W = (1 - alpha * lambd / split.m) * W
        W = W - alpha * direction
    return W, memory


def decay(W, memory, batches, kind, lambd=0.01):
    """What Adam takes off each weight, in units of α·λ/m·W a step: the same steps with λ and 0."""
    # A penalty in the gradient comes a little short: the mean of gradients notices it only slowly.
    without, smaller = (train(W, memory, batches, x, adam, kind)[0] for x in (0.0, lambd))
    return (without - smaller) / (len(batches) * ALPHA[adam] * lambd / split.m * W)


def measure(lambd=10.0):
    """The weights after training in all four ways; Adam's √v for each weight, and both decays."""
    random = np.random.default_rng(0)
    start, memory = random.standard_normal((10, 64)) / 8, (0, 0.0, 0.0)
    batches = [random.integers(0, split.m, 100) for _ in range(500)]
    ways = [(optimizer, kind) for optimizer in (plain, adam) for kind in (PENALTY, DECOUPLED)]
    ends = {way: train(start, memory, batches, lambd, *way) for way in ways}
    W, (t, mean, v) = ends[adam, DECOUPLED]
    root_v = np.sqrt(v / (1 - 0.999**t))
    used = root_v > 1e-4  # the other pixels are empty in nearly every picture
    decays = {kind: decay(W, (t, mean, v), batches[:50], kind)[used] for _, kind in ways[:2]}
    return {way: W for way, (W, _) in ends.items()}, root_v[used], decays


def draw(weights, root_v, decays):
    """Draw the weights of both kinds against each other, and Adam's decay over √v."""

    def both(left, right):
        for optimizer, colour, name in ((adam, ORANGE, "Adam"), (plain, BLUE, "gradient descent")):
            left.scatter(weights[optimizer, PENALTY], weights[optimizer, DECOUPLED], s=6,
                         color=colour, label=name)  # fmt: skip
        left.set(title="Weights after training", xlabel=PENALTY, ylabel=DECOUPLED)
        left.legend(handletextpad=0.1)
        for kind, colour, height in ((PENALTY, ORANGE, 80), (DECOUPLED, GREEN, 2.2)):
            right.scatter(root_v, decays[kind], s=6, color=colour)
            right.text(1.3e-4, height, kind, color=colour)
        line = np.geomspace(1e-4, 0.05)
        right.plot(line, 1 / line, color="#222222", linewidth=1)
        right.text(7e-4, 4e3, "1/√v", va="center")
        right.set(title="Adam: decay of each weight", xlabel="√v, the size of its gradients",
                  xscale="log", yscale="log", ylim=(0.1, 3e4))  # fmt: skip

    return plot(both, columns=2, height=3.4)


def main():
    """Measure, print and draw."""
    print(__doc__.splitlines()[0])
    weights, root_v, decays = measure()
    print("largest difference between training with L2 in the gradient and with decoupled decay:")
    for optimizer, name in ((plain, "gradient descent"), (adam, "Adam")):
        apart = np.max(np.abs(weights[optimizer, PENALTY] - weights[optimizer, DECOUPLED]))
        print(f"  {name:17} {apart:.1e}")
    print("Adam's decay of a weight, in units of α·λ/m·W a step, for the middle half of weights:")
    rows = {DECOUPLED: decays[DECOUPLED], PENALTY: decays[PENALTY],
            "the same times √v": decays[PENALTY] * root_v}  # fmt: skip
    for name, values in rows.items():
        print("  {:18} {:6.2f} to {:6.2f}".format(name, *np.quantile(values, (0.25, 0.75))))

    folder = Path("weight-decay-and-adam")
    folder.mkdir(exist_ok=True)
    (folder / "decay.svg").write_text(draw(weights, root_v, decays), encoding="utf-8")
    print(f"the picture is {folder / 'decay.svg'}")


if __name__ == "__main__":
    main()
