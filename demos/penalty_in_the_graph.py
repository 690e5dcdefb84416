"""The cost of an L2-regularized network as a graph: which weights are penalized, at a glance.

Writes `penalty-in-the-graph/graph.svg` beneath the folder it is run in, and prints what the
penalty adds to each gradient: (lambd/m)·W for weights, nothing for biases.

    python demos/penalty_in_the_graph.py
"""

from pathlib import Path

import numpy as np

import tinygrad_reg as tg


def cost(W1, b1, W2, b2, X, Y, lambd):
    """The lesson's cost of a network with one hidden layer."""
    m = X.shape[1]
    A1 = np.tanh(W1 @ X + b1)
    Z2 = W2 @ A1 + b2
    losses = tg.binary_cross_entropy(Z2, Y)
    return np.sum(losses) / m + tg.l2([W1, W2], lambd, m)


def main():
    """Draw the graph, and compare gradients with and without the penalty."""
    generator = np.random.default_rng(0)
    X = generator.normal(size=(2, 20))
    Y = (X[:1] * X[1:] > 0).astype(float)
    m, lambd = X.shape[1], 0.7
    W1 = tg.Tensor(generator.normal(size=(3, 2)), requires_grad=True, name="W1")
    b1 = tg.Tensor(np.zeros((3, 1)), requires_grad=True, name="b1")
    W2 = tg.Tensor(generator.normal(size=(1, 3)), requires_grad=True, name="W2")
    b2 = tg.Tensor(np.zeros((1, 1)), requires_grad=True, name="b2")
    parameters = [W1, b1, W2, b2]

    gradients = {}
    for strength in (lambd, 0.0):
        for parameter in parameters:
            parameter.zero_grad()
        J = cost(*parameters, X, Y, strength)
        J.backward()
        gradients[strength] = [parameter.grad for parameter in parameters]
        if strength:
            folder = Path("penalty-in-the-graph")
            folder.mkdir(exist_ok=True)
            tg.draw(J).render(outfile=folder / "graph.svg", cleanup=True)

    print("what the penalty adds to each gradient, against lambd / m * W:")
    for parameter, with_penalty, without in zip(parameters, *gradients.values(), strict=True):
        added = with_penalty - without
        expected = lambd / m * parameter.data if parameter.name.startswith("W") else 0 * added
        print(f"  {parameter.name}: largest difference {np.max(np.abs(added - expected)):.1e}")
    print(f"the graph is in {folder / 'graph.svg'}")


if __name__ == "__main__":
    main()
