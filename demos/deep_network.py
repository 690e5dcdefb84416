"""A network of L layers by the lesson: forward, backward by hand, and the engine's gradient beside.

Handwritten digits, 64 pixels each, through layers of 32, 16 and 10 units. `backward_by_hand` is
the lesson's backpropagation, layer by layer from the last to the first; the engine needs only the
cost, and finds the same dW and db for every layer.

    python demos/deep_network.py

Writes to `deep-network/` beneath the folder it is run in: errors during training (`training.svg`)
and dev examples with the network's answers (`answers.svg`). Needs the extra `tour`.
"""

from pathlib import Path

import numpy as np

import tinygrad_reg as tg
from tinygrad_reg.tour.data import digits
from tinygrad_reg.tour.plots import COLOURS, plot
from tinygrad_reg.training import descent, gradient_step, initial_parameters, network_logits

SIZES = (64, 32, 16, 10)  # n_0 inputs, then the units of each of L = 3 layers
ALPHA, LAMBD, STEPS = 0.5, 0.3, 300


def cost(parameters, X, Y, lambd):
    """J = 1/m Σ losses + λ/2m Σ_l ‖W[l]‖²."""
    m = X.shape[1]
    losses = tg.softmax_cross_entropy(network_logits(parameters, X), Y)
    return np.sum(losses) / m + tg.l2(parameters["W"], lambd, m)


def backward_by_hand(parameters, X, Y, lambd):
    """The gradient of J: forward through the layers, and back."""
    W, b = parameters["W"], parameters["b"]
    L, m = len(W), X.shape[1]
    A = [X]
    for l in range(L - 1):  # noqa: E741 (the lesson's letter for a layer)
        A.append(np.tanh(W[l] @ A[l] + b[l]))
    exponentials = np.exp(W[-1] @ A[-1] + b[-1])
    softmax = exponentials / np.sum(exponentials, axis=0)

    dW, db = [None] * L, [None] * L
    dZ = softmax - Y
    for l in reversed(range(L)):  # noqa: E741
        dW[l] = 1 / m * (dZ @ A[l].T) + lambd / m * W[l]
        db[l] = 1 / m * np.sum(dZ, axis=1, keepdims=True)
        if l > 0:
            dZ = (W[l].T @ dZ) * (1 - A[l] ** 2)
    return {"W": dW, "b": db}


def answers(parameters, X):
    """The digit whose output is the largest, for every example."""
    return np.argmax(network_logits(parameters, X), axis=0)


def error(parameters, X, Y):
    """The share of wrong answers."""
    return float(np.mean(answers(parameters, X) != np.argmax(Y, axis=0)))


def training(split, steps=STEPS):
    """The parameters before training and after each step."""
    start = initial_parameters(SIZES, np.random.default_rng(0))

    def step(parameters, gradient):
        return gradient_step(parameters, gradient, ALPHA)

    return list(descent(lambda theta: cost(theta, split.X, split.Y, LAMBD), start, step, steps))


def draw_training(split, path):
    """Draw the errors over the steps."""

    def draw(axes):
        steps = range(0, len(path), 8)
        sets = {"training set": (split.X, split.Y), "dev set": (split.X_dev, split.Y_dev)}
        for (name, data), colour, line in zip(sets.items(), COLOURS[:2], ("-", "--"), strict=True):
            errors = [100 * error(path[step], *data) for step in steps]
            axes.plot(steps, errors, color=colour, linestyle=line, label=name)
        axes.set(title="Wrong answers", xlabel="step", ylabel="%", ylim=(0, None))
        axes.legend()

    return plot(draw, height=3.2)


def draw_answers(split, parameters):
    """Draw ten dev examples answered rightly, and ten wrongly (the answer ≠ the label)."""
    found, labels = answers(parameters, split.X_dev), np.argmax(split.Y_dev, axis=0)
    rows = np.flatnonzero(found == labels)[:10], np.flatnonzero(found != labels)[:10]

    def draw(*columns):
        for axes, *examples in zip(columns, *rows, strict=True):
            right, wrong = (split.X_dev[:, i].reshape(8, 8) for i in examples)
            axes.imshow(np.vstack([right, np.zeros((4, 8)), wrong]), cmap="Greys")
            axes.set_axis_off()
            titles = str(found[examples[0]]), f"{found[examples[1]]} ≠ {labels[examples[1]]}"
            for title, colour, top in zip(titles, (COLOURS[2], COLOURS[1]), (-1, 11), strict=True):
                axes.text(3.5, top, title, color=colour, ha="center", va="bottom", size=11)
        for text, height in (("right", 4), ("wrong", 16)):
            columns[0].text(-3, height, text, ha="right", va="center")

    return plot(draw, columns=10, height=2.2)


def main():
    """Compare the two gradients, train, and draw."""
    print(__doc__.splitlines()[0])
    split = digits(seed=0, m=600, wrong_labels=0)
    path = training(split)
    engine = tg.grad(cost)(path[0], split.X, split.Y, LAMBD)
    by_hand = backward_by_hand(path[0], split.X, split.Y, LAMBD)
    for l, shape in enumerate(W.shape for W in path[0]["W"]):  # noqa: E741
        apart = [np.max(np.abs(engine[letter][l] - by_hand[letter][l])) for letter in "Wb"]
        print(f"layer {l + 1}, W {shape}: dW {apart[0]:.1e} and db {apart[1]:.1e} apart")
    for step in (0, 10, 100, STEPS):
        wrong = error(path[step], split.X, split.Y), error(path[step], split.X_dev, split.Y_dev)
        print(f"step {step:3}: wrong are {wrong[0]:5.1%} (training set), {wrong[1]:5.1%} (dev set)")

    folder = Path("deep-network")
    folder.mkdir(exist_ok=True)
    (folder / "training.svg").write_text(draw_training(split, path), encoding="utf-8")
    (folder / "answers.svg").write_text(draw_answers(split, path[-1]), encoding="utf-8")
    print(f"the pictures are in {folder}/")


if __name__ == "__main__":
    main()
