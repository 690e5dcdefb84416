"""One neuron, backwards: every derivative first by hand, then by the engine, then as pictures.

A neuron with two inputs, tanh and a squared error. The chain rule is written out below, one line
for each arrow of the graph; the engine finds the same numbers.

    python demos/a_neuron_by_hand.py

Writes to `a-neuron-by-hand/` beneath the folder it is run in: the graph with values and gradients
(`graph.svg`), the graph of the gradient itself (`gradient.svg`), and a page in which to walk
through it forward and backward (`explorer.html`). Needs the extra `dot`, or Graphviz.
"""

from pathlib import Path

import numpy as np

import tinygrad_reg as tg

x1, x2, y = 2.0, -1.0, 0.5


def loss(w1, w2, b):
    """The squared error of one neuron on one example."""
    z = w1 * x1 + w2 * x2 + b
    a = np.tanh(z)
    error = a - y
    return error**2


def by_hand(w1, w2, b):
    """The derivatives of the loss by w1, w2 and b, from right to left through the graph."""
    z = w1 * x1 + w2 * x2 + b
    a = np.tanh(z)
    error = a - y

    d_error = 2 * error  # of error²
    d_a = d_error * 1  # a − y changes as fast as a
    d_z = d_a * (1 - a**2)  # tanh′ = 1 − tanh²
    return d_z * x1, d_z * x2, d_z * 1


def main():
    """Print the derivatives side by side, and draw the graph."""
    print(__doc__.splitlines()[0])
    weights = 0.4, 0.3, 0.1
    engine = tg.grad(loss, (0, 1, 2))(*weights)
    print("            by hand      by the engine")
    for name, ours, theirs in zip(("w1", "w2", "b"), by_hand(*weights), engine, strict=True):
        print(f"∂loss/∂{name:<3} {ours:+.10f}  {theirs:+.10f}")

    folder = Path("a-neuron-by-hand")
    folder.mkdir(exist_ok=True)
    values = tg.draw(loss, *weights, detail="gradients")
    values.render(outfile=folder / "graph.svg", cleanup=True)
    gradient = tg.draw(tg.grad(loss, (0, 1, 2)), *weights)
    gradient.render(outfile=folder / "gradient.svg", cleanup=True)
    tg.explore(loss, *weights, path=folder / "explorer.html")
    print(f"the graph, the gradient's graph and a page to walk through are in {folder}/")


if __name__ == "__main__":
    main()
