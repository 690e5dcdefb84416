"""How fast the engine is: `python tests/benchmarks/eager.py` prints one table from one run.

Everything runs in float64 on one core, and processor time is measured. The contestants of a row
take turns, round after round, and the table shows medians of the ratios within a round, so
that a machine whose speed drifts changes all of them alike. The peers come with
`pip install -e '.[bench]'`; those that are missing are left out.
"""

from __future__ import annotations

import os

for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[variable] = "1"

import argparse
import gc
import importlib
import itertools
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from typing import Any

import numpy as np
from rich.console import Console
from rich.table import Table

import tinygrad_reg as tg

LAMBD = 0.7
NETWORKS = {  # layer sizes, examples
    "2-16-16-2, 32": ((2, 16, 16, 2), 32),
    "30-2, 569": ((30, 2), 569),
    "64-64-10, 128": ((64, 64, 10), 128),
    "784-256-128-10, 256": ((784, 256, 128, 10), 256),
}
Contestant = Callable[[], Any]


def peer(name: str) -> Any:
    """A library to compare with, or None where it is not installed."""
    try:
        return importlib.import_module(name)
    except ImportError:
        return None


torch, autograd, mygrad = peer("torch"), peer("autograd"), peer("mygrad")
anp = peer("autograd.numpy")
mygrad_losses = peer("mygrad.nnet.losses")
if torch is not None:
    torch.set_num_threads(1)


# -- an L2-regularized tanh network, by everyone's own means ---------------------------------------
#
# Every layer is a tanh and the loss is half the squared error, plain operations for everyone; or
# the last layer is a softmax and the loss the cross-entropy, by the best each library has.


def example_network(
    sizes: tuple[int, ...], m: int, softmax: bool
) -> tuple[list[Any], list[Any], Any, Any, bool]:
    """Weights, biases, data and one-hot labels; one example a column."""
    generator = np.random.default_rng(0)
    pairs = list(itertools.pairwise(sizes))
    Ws = [generator.normal(size=(after, before)) / np.sqrt(before) for before, after in pairs]
    bs = [np.zeros((after, 1)) for _, after in pairs]
    X = generator.normal(size=(sizes[0], m))
    Y = np.eye(sizes[-1])[:, generator.integers(sizes[-1], size=m)]
    return Ws, bs, X, np.ascontiguousarray(Y), softmax


def layers(Ws: Any, bs: Any, X: Any, tanh: Any, matmul: Any, softmax: bool) -> Any:
    """The forward pass that all libraries share: the last activation, or Z before a softmax."""
    A = X
    for i, (W, b) in enumerate(zip(Ws, bs, strict=True)):
        Z = matmul(W, A) + b
        A = Z if softmax and i == len(Ws) - 1 else tanh(Z)
    return A


def network_by_hand(Ws: list[Any], bs: list[Any], X: Any, Y: Any, softmax: bool) -> Contestant:
    """The lesson's formulas."""
    m = X.shape[1]

    def run() -> Any:
        A, activations = X, [X]
        for i, (W, b) in enumerate(zip(Ws, bs, strict=True)):
            Z = W @ A + b
            if not softmax or i < len(Ws) - 1:
                A = np.tanh(Z)
                activations.append(A)
        if softmax:
            Z = Z - np.max(Z, axis=0, keepdims=True)
            powers = np.exp(Z)
            sums = np.sum(powers, axis=0, keepdims=True)
            losses = np.log(sums) - np.sum(Y * Z, axis=0, keepdims=True)
            data_cost = np.sum(losses) / m
            dZ = (powers / sums - Y) / m
        else:
            E = A - Y
            data_cost = np.sum(E**2) / (2 * m)
            dZ = E / m * (1 - A**2)
        J = data_cost + LAMBD / (2 * m) * sum(np.sum(np.square(W)) for W in Ws)
        dWs, dbs = [], []
        for layer in reversed(range(len(Ws))):
            dWs.append(dZ @ activations[layer].T + LAMBD / m * Ws[layer])
            dbs.append(np.sum(dZ, axis=1, keepdims=True))
            if layer:
                dZ = (Ws[layer].T @ dZ) * (1 - activations[layer] ** 2)
        return J, dWs[::-1], dbs[::-1]

    return run


def network_by_engine(Ws: list[Any], bs: list[Any], X: Any, Y: Any, softmax: bool) -> Contestant:
    """This engine, run eagerly."""
    m = X.shape[1]

    def cost(Ws: Any, bs: Any) -> Any:
        A = layers(Ws, bs, X, np.tanh, np.matmul, softmax)
        if softmax:
            data_cost = np.sum(tg.softmax_cross_entropy(A, Y)) / m
        else:
            data_cost = np.sum((A - Y) ** 2) / (2 * m)
        return data_cost + tg.l2(Ws, LAMBD, m)

    derivative = tg.value_and_grad(cost, argnums=(0, 1))

    def run() -> Any:
        J, (dWs, dbs) = derivative(Ws, bs)
        return J, dWs, dbs

    return run


def network_by_autograd(Ws: list[Any], bs: list[Any], X: Any, Y: Any, softmax: bool) -> Contestant:
    """HIPS autograd."""
    m = X.shape[1]

    def cost(parameters: Any) -> Any:
        Ws, bs = parameters
        A = layers(Ws, bs, X, anp.tanh, anp.dot, softmax)
        if softmax:
            Z = A - anp.max(A, axis=0, keepdims=True)
            losses = anp.log(anp.sum(anp.exp(Z), axis=0)) - anp.sum(Y * Z, axis=0)
            data_cost = anp.sum(losses) / m
        else:
            data_cost = anp.sum((A - Y) ** 2) / (2 * m)
        return data_cost + LAMBD / (2 * m) * sum(anp.sum(W**2) for W in Ws)

    derivative = autograd.value_and_grad(cost)

    def run() -> Any:
        J, (dWs, dbs) = derivative((Ws, bs))
        return J, dWs, dbs

    return run


def network_by_mygrad(Ws: list[Any], bs: list[Any], X: Any, Y: Any, softmax: bool) -> Contestant:
    """MyGrad, with its own fused cross-entropy."""
    m = X.shape[1]
    tensors = [[mygrad.tensor(a) for a in group] for group in (Ws, bs)]
    labels = np.argmax(Y, axis=0)

    def run() -> Any:
        Ws, bs = tensors
        A = layers(Ws, bs, X, mygrad.tanh, mygrad.matmul, softmax)
        if softmax:
            data_cost = mygrad_losses.softmax_crossentropy(A.T, labels)
        else:
            data_cost = mygrad.sum((A - Y) ** 2) / (2 * m)
        J = data_cost + LAMBD / (2 * m) * sum(mygrad.sum(W**2) for W in Ws)
        J.backward()
        gradients = [[t.grad for t in group] for group in tensors]
        return J.item(), *gradients

    return run


def network_by_torch(Ws: list[Any], bs: list[Any], X: Any, Y: Any, softmax: bool) -> Contestant:
    """PyTorch, eager, on the CPU."""
    m = X.shape[1]
    tensors = [[torch.tensor(a, requires_grad=True) for a in group] for group in (Ws, bs)]
    data, targets = torch.tensor(X), torch.tensor(Y)
    labels = torch.argmax(targets, dim=0)

    def run() -> Any:
        Ws, bs = tensors
        for t in [*Ws, *bs]:
            t.grad = None
        A = layers(Ws, bs, data, torch.tanh, torch.matmul, softmax)
        if softmax:
            data_cost = torch.nn.functional.cross_entropy(A.T, labels)
        else:
            data_cost = torch.sum((A - targets) ** 2) / (2 * m)
        J = data_cost + LAMBD / (2 * m) * sum(torch.sum(W**2) for W in Ws)
        J.backward()
        gradients = [[t.grad.numpy() for t in group] for group in tensors]
        return J.item(), *gradients

    return run


# -- L2-regularized logistic regression, by everyone's own means ----------------------------------


def example_regression() -> tuple[Any, Any, Any, Any]:
    """Weights, bias, data and labels of 10 features and 100 examples."""
    generator = np.random.default_rng(1)
    X = generator.normal(size=(10, 100))
    Y = (generator.random(size=(1, 100)) < 0.5).astype(float)
    return generator.normal(size=(1, 10)), np.zeros((1, 1)), X, Y


def regression_by_hand(w: Any, b: Any, X: Any, Y: Any) -> Contestant:
    """The lesson's formulas, with a loss that does not overflow."""
    m = X.shape[1]

    def run() -> Any:
        Z = w @ X + b
        decay = np.exp(-np.abs(Z))
        losses = np.maximum(Z, 0) - Z * Y + np.log1p(decay)
        J = np.sum(losses) / m + LAMBD / (2 * m) * np.sum(np.square(w))
        A = np.where(Z >= 0, 1, decay) / (1 + decay)
        dZ = (A - Y) / m
        return J, dZ @ X.T + LAMBD / m * w, np.sum(dZ, axis=1, keepdims=True)

    return run


def regression_by_engine(w: Any, b: Any, X: Any, Y: Any) -> Contestant:
    """This engine, run eagerly."""
    m = X.shape[1]

    def cost(w: Any, b: Any) -> Any:
        losses = tg.binary_cross_entropy(w @ X + b, Y)
        return np.sum(losses) / m + tg.l2(w, LAMBD, m)

    derivative = tg.value_and_grad(cost, argnums=(0, 1))

    def run() -> Any:
        J, (dw, db) = derivative(w, b)
        return J, dw, db

    return run


def regression_by_autograd(w: Any, b: Any, X: Any, Y: Any) -> Contestant:
    """HIPS autograd."""
    m = X.shape[1]

    def cost(parameters: Any) -> Any:
        w, b = parameters
        Z = anp.dot(w, X) + b
        losses = anp.logaddexp(0, Z) - Z * Y
        return anp.sum(losses) / m + LAMBD / (2 * m) * anp.sum(w**2)

    derivative = autograd.value_and_grad(cost)

    def run() -> Any:
        J, (dw, db) = derivative((w, b))
        return J, dw, db

    return run


def regression_by_mygrad(w: Any, b: Any, X: Any, Y: Any) -> Contestant:
    """MyGrad."""
    m = X.shape[1]
    w, b = mygrad.tensor(w), mygrad.tensor(b)

    def run() -> Any:
        Z = w @ X + b
        losses = mygrad.logaddexp(0, Z) - Z * Y
        J = mygrad.sum(losses) / m + LAMBD / (2 * m) * mygrad.sum(w**2)
        J.backward()
        return J.item(), w.grad, b.grad

    return run


def regression_by_torch(w: Any, b: Any, X: Any, Y: Any) -> Contestant:
    """PyTorch, eager, on the CPU."""
    m = X.shape[1]
    w, b = (torch.tensor(a, requires_grad=True) for a in (w, b))
    X, Y = torch.tensor(X), torch.tensor(Y)

    def run() -> Any:
        w.grad = b.grad = None
        Z = w @ X + b
        losses = torch.nn.functional.binary_cross_entropy_with_logits(Z, Y)
        J = losses + LAMBD / (2 * m) * torch.sum(w**2)
        J.backward()
        return J.item(), w.grad.numpy(), b.grad.numpy()

    return run


# -- a long chain of small operations -------------------------------------------------------------


def chain(y: Any, n: int, sin: Any) -> Any:
    """Compute n operations, one after the other: a ufunc, a product and a sum in turn."""
    for _ in range(n // 3):
        y = sin(y)
        y = y * 0.999
        y = y + 0.001
    for _ in range(n % 3):
        y = y + 0.001
    return y


def chain_by_engine(n: int) -> Contestant:
    """This engine."""
    derivative = tg.grad(lambda y: np.sum(chain(y, n, np.sin)))
    return lambda: derivative(np.ones(4))


def chain_by_autograd(n: int) -> Contestant:
    """HIPS autograd."""
    derivative = autograd.grad(lambda y: anp.sum(chain(y, n, anp.sin)))
    return lambda: derivative(np.ones(4))


def chain_by_mygrad(n: int) -> Contestant:
    """MyGrad."""

    def run() -> Any:
        x = mygrad.tensor(np.ones(4))
        mygrad.sum(chain(x, n, mygrad.sin)).backward()
        return x.grad

    return run


def chain_by_torch(n: int) -> Contestant:
    """PyTorch."""

    def run() -> Any:
        x = torch.ones(4, dtype=torch.float64, requires_grad=True)
        torch.sum(chain(x, n, torch.sin)).backward()
        return x.grad.numpy()

    return run


# -- measuring ------------------------------------------------------------------------------------


def measured(contestants: dict[str, Contestant], rounds: int, calls: int) -> dict[str, list[float]]:
    """Seconds a call in every round; in a round, the contestants take turns."""
    times: dict[str, list[float]] = {name: [] for name in contestants}
    for run in contestants.values():
        run()
    for _ in range(rounds):
        for name, run in contestants.items():
            gc.collect()
            start = time.process_time()
            for _ in range(calls):
                run()
            times[name].append((time.process_time() - start) / calls)
    return times


def ratio(times: dict[str, list[float]], name: str, base: str) -> float:
    """The median over the rounds of one contestant's time by another's."""
    return statistics.median(a / b for a, b in zip(times[name], times[base], strict=True))


def agree(contestants: dict[str, Contestant]) -> None:
    """Raise unless all contestants give the same value and gradients."""

    def flat(result: Any) -> list[Any]:
        if isinstance(result, list | tuple):
            return [x for part in result for x in flat(part)]
        return [np.asarray(result)]

    reference = flat(next(iter(contestants.values()))())
    for name, run in contestants.items():
        for got, expected in zip(flat(run()), reference, strict=True):
            np.testing.assert_allclose(got, expected, rtol=1e-6, atol=1e-9, err_msg=name)


def contestants_of(kind: str, *data: Any) -> dict[str, Contestant]:
    """Everyone who is installed, on the same data."""
    builders = {
        "NumPy by hand": ("hand", True),
        "this engine": ("engine", True),
        "HIPS autograd": ("autograd", autograd),
        "MyGrad": ("mygrad", mygrad),
        "PyTorch": ("torch", torch),
    }
    return {
        name: globals()[f"{kind}_by_{suffix}"](*data)
        for name, (suffix, installed) in builders.items()
        if installed and f"{kind}_by_{suffix}" in globals()
    }


def bytes_a_node(n: int) -> float:
    """Growth of the process's memory while a graph of n nodes is alive, in a process of its own."""
    program = f"""
import os
import numpy as np
import tinygrad_reg as tg

def resident():
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")

y = tg.Tensor(np.ones(4), requires_grad=True)
before = resident()
for _ in range({n} // 3):
    y = np.sin(y)
    y = y * 0.999
    y = y + 0.001
print((resident() - before) / {n})
"""
    output = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    return float(output.stdout)


def main() -> None:
    """Measure everything and print the table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=15, help="rounds of each row (default 15)")
    rounds = parser.parse_args().rounds
    rows: list[tuple[str, dict[str, list[float]]]] = []
    for softmax in (False, True):
        for name, (sizes, m) in NETWORKS.items():
            contestants = contestants_of("network", *example_network(sizes, m, softmax))
            agree(contestants)
            times = measured(contestants, rounds, 3 if sizes[0] == 784 else 40)
            rows.append((f"{name}{', softmax' if softmax else ''}", times))
    contestants = contestants_of("regression", *example_regression())
    agree(contestants)
    rows.append(("logistic, 10 features, 100", measured(contestants, rounds, 40)))

    n = 20_000
    contestants = contestants_of("chain", n)
    agree(contestants)
    nodes = measured(contestants, rounds, 1)

    hand, ours = "NumPy by hand", "this engine"
    peers = [name for name in ("HIPS autograd", "MyGrad", "PyTorch") if name in nodes]
    table = Table(title="Value and gradient, as multiples of hand-written NumPy (less is better)")
    table.add_column("network (sizes, examples)")
    table.add_column("NumPy, µs", justify="right")
    for name in (ours, *peers):
        table.add_column(name, justify="right")
    for name in peers:
        table.add_column(f"{name} / ours", justify="right")
    for title, times in rows:
        table.add_row(
            title,
            f"{statistics.median(times[hand]) * 1e6:.0f}",
            *(f"{ratio(times, name, hand):.2f}" for name in (ours, *peers)),
            *(f"{ratio(times, name, ours):.2f}" for name in peers),
        )
    table.add_section()
    table.add_row(
        f"chain of {n:,}, µs a node",
        "",
        *(f"{statistics.median(nodes[name]) / n * 1e6:.2f}" for name in (ours, *peers)),
        *(f"{ratio(nodes, name, ours):.2f}" for name in peers),
    )
    Console(width=140).print(table)

    small, large = 10_000, 1_000_000
    short, long = chain_by_engine(small), chain_by_engine(large)
    short()
    seconds_long, ratios = [], []
    for _ in range(5):
        before = statistics.median(seconds(short) for _ in range(20))
        seconds_long.append(seconds(long))
        after = statistics.median(seconds(short) for _ in range(20))
        ratios.append(seconds_long[-1] / large / ((before + after) / 2 / small))
    took = statistics.median(seconds_long)
    print(
        f"chain of {large:,}: {took:.2f} s, {took / large * 1e6:.2f} µs a node, "
        f"{statistics.median(ratios):.2f} × the time a node of the chain of {small:,} around it; "
        f"{bytes_a_node(large):.0f} bytes a node"
    )


def seconds(run: Contestant) -> float:
    """Processor time of one call."""
    start = time.process_time()
    run()
    return time.process_time() - start


if __name__ == "__main__":
    main()
