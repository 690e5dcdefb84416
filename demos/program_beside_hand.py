"""A compiled program beside hand-written code: the lines that the engine derived, and the lesson's.

The cost of two layers is all that the engine is given. `tg.compile` writes value and gradient down
as NumPy, beside the same by hand, after the lesson. The results agree; both are timed in turns.

    python demos/program_beside_hand.py

Writes to `program-beside-hand/` beneath the folder it is run in: the program (`program.py`), its
graph (`program.svg`), and the times (`times.svg`). Needs the extra `tour`.
"""

import inspect
import re
import time
from itertools import zip_longest
from pathlib import Path

import numpy as np

import tinygrad_reg as tg
from tinygrad_reg.tour.plots import plot


def J(W1, b1, W2, b2, X, Y, lambd):
    """The cost: forward through two layers, and the penalty."""
    m = X.shape[1]
    Z1 = W1 @ X + b1
    A1 = np.tanh(Z1)
    Z2 = W2 @ A1 + b2
    losses = tg.binary_cross_entropy(Z2, Y)
    return np.sum(losses) / m + tg.l2([W1, W2], lambd, m)


def by_hand(W1, b1, W2, b2, X, Y, lambd):
    """The cost and its gradient, after the lesson."""
    m = X.shape[1]

    # forward
    A1 = np.tanh(W1 @ X + b1)
    Z2 = W2 @ A1 + b2
    A2 = 1 / (1 + np.exp(-Z2))
    losses = -Y * np.log(A2) - (1 - Y) * np.log(1 - A2)
    squares = np.sum(W1**2) + np.sum(W2**2)
    J = np.sum(losses) / m + lambd / (2 * m) * squares

    # backward
    dZ2 = A2 - Y
    db2 = np.sum(dZ2, axis=1, keepdims=True) / m
    dA1 = W2.T @ dZ2
    dZ1 = dA1 * (1 - A1**2)
    db1 = np.sum(dZ1, axis=1, keepdims=True) / m

    # penalty gradient
    dW2 = dZ2 @ A1.T / m + lambd / m * W2
    dW1 = dZ1 @ X.T / m + lambd / m * W1
    return J, (dW1, db1, dW2, db2)


engine = tg.value_and_grad(J, argnums=(0, 1, 2, 3))


def arguments(n_x=30, n_1=32, m=400):
    """Random weights and data."""
    random = np.random.default_rng(0)
    shapes = (n_1, n_x), (n_1, 1), (1, n_1), (1, 1), (n_x, m)
    W1, b1, W2, b2, X = (random.standard_normal(shape) / 3 for shape in shapes)
    return W1, b1, W2, b2, X, random.integers(0, 2, (1, m)).astype(float), 0.7


def beside(left, right, width=60):
    """Two texts beside each other, paragraph by paragraph and line by line."""
    lines = []
    for pair in zip_longest(left.split("\n\n"), right.split("\n\n"), fillvalue=""):
        lines += [*zip_longest(*(part.splitlines() for part in pair), fillvalue=""), ("", "")]
    return "\n".join(f"{one:{width}}│ {other}".rstrip() for one, other in lines[:-1])


def furthest_apart(one, other):
    """The largest difference in value or gradient."""
    pairs = zip((one[0], *one[1]), (other[0], *other[1]), strict=True)
    return max(float(np.max(np.abs(a - b))) for a, b in pairs)


def times(functions, given, rounds=500):
    """Seconds of every call, in turns."""
    seconds = {name: [] for name in functions}
    for _ in range(rounds):
        for name, function in functions.items():
            begin = time.perf_counter()
            function(*given)
            seconds[name].append(time.perf_counter() - begin)
    return seconds


def draw(seconds):
    """Draw how long calls took."""

    def one(axes):
        for name, measured in seconds.items():
            axes.plot(1e6 * np.sort(measured), np.linspace(0, 100, len(measured)), label=name)
        longest = 2e6 * np.median(seconds["the engine"])
        axes.set(xlabel="µs", xlim=(0, longest), ylabel="% of calls that took at most so long")
        axes.legend(loc="lower right")

    return plot(one, height=3.2)


def main():
    """Print both side by side, compare results and times, and draw."""
    print(__doc__.splitlines()[0], end="\n\n")
    given, program = arguments(), tg.compile(engine)
    results = {"the program": program(*given), "the engine": engine(*given)}
    body = program.source[program.source.index("def J") :].strip()
    print(beside(inspect.getsource(by_hand).strip(), re.sub(r" +# \(.*", "", body)), end="\n\n")
    seconds = times({"by hand": by_hand, "the program": program, "the engine": engine}, given)
    for name, result in results.items():
        apart = furthest_apart(result, by_hand(*given))
        ratio = np.median(np.divide(seconds[name], seconds["by hand"]))
        print(f"{name} beside the code by hand: {apart:.1e} apart, {ratio:.2f} of its time")
    folder = Path("program-beside-hand")
    folder.mkdir(exist_ok=True)
    (folder / "program.py").write_text(program.source, encoding="utf-8")
    (folder / "times.svg").write_text(draw(seconds), encoding="utf-8")
    tg.draw(program).render(outfile=folder / "program.svg", cleanup=True)
    print(f"all of it is in {folder}/")


if __name__ == "__main__":
    main()
