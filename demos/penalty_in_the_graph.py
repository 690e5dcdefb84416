"""The cost of an L2-regularized network as a graph: which weights are penalized, at a glance.

The penalty is an operation of the graph like any other, with an edge from every W and from no b.
Each edge brings λ/m·W into the gradient of that W; the gradients of the biases stay as they are.

    python demos/penalty_in_the_graph.py

Writes `penalty-in-the-graph/graph.svg` beneath the folder it is run in. Needs the extra `dot`, or
Graphviz.
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


def what_the_penalty_adds(parameters, X, Y, lambd):
    """The gradient with the penalty minus the gradient without it, for each parameter."""
    gradients = []
    for strength in (lambd, 0.0):
        for parameter in parameters:
            parameter.zero_grad()
        cost(*parameters, X, Y, strength).backward()
        gradients.append([parameter.grad for parameter in parameters])
    return [with_it - without for with_it, without in zip(*gradients, strict=True)]


def example():
    """Parameters of a network with three hidden units, and twenty examples."""
    random = np.random.default_rng(0)
    X = random.normal(size=(2, 20))
    Y = (X[:1] * X[1:] > 0).astype(float)
    arrays = {
        "W1": random.normal(size=(3, 2)),
        "b1": np.zeros((3, 1)),
        "W2": random.normal(size=(1, 3)),
        "b2": np.zeros((1, 1)),
    }
    return [tg.Tensor(array, requires_grad=True, name=name) for name, array in arrays.items()], X, Y


def main():
    """Compare gradients with and without the penalty, and draw the graph."""
    print(__doc__.splitlines()[0])
    parameters, X, Y = example()
    m, lambd = X.shape[1], 0.7
    print("what the penalty adds to each gradient, against lambd / m * W:")
    added = what_the_penalty_adds(parameters, X, Y, lambd)
    for parameter, addition in zip(parameters, added, strict=True):
        expected = lambd / m * parameter.data if parameter.name.startswith("W") else 0
        size, apart = np.max(np.abs(addition)), np.max(np.abs(addition - expected))
        print(f"  {parameter.name}: adds up to {size:.4f}, {apart:.1e} apart")

    folder = Path("penalty-in-the-graph")
    folder.mkdir(exist_ok=True)
    J = cost(*parameters, X, Y, lambd)
    tg.draw(J, detail="shape").render(outfile=folder / "graph.svg", cleanup=True)
    print(f"the graph is {folder / 'graph.svg'}")


if __name__ == "__main__":
    main()
