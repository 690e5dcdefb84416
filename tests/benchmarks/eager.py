"""How fast the engine is: `python tests/benchmarks/eager.py` prints one table from one run.

Everything runs in float64 on one core, and processor time is measured. The contestants of a row
take turns, round after round, and the table shows medians of the ratios within a round, so
that a machine whose speed drifts changes all of them alike. The peers come with
`pip install -e '.[bench]'`; those that are missing are left out.
"""

from __future__ import annotations

from measuring import agree, measured, ratio, seconds

# isort: split

import argparse
import statistics
import subprocess
import sys

from contestants import (
    AUTOGRAD,
    ENGINE,
    HAND,
    MYGRAD,
    TORCH,
    chain,
    contestants_of,
    network,
    regression,
)
from rich.console import Console
from rich.table import Table

NAMES = (HAND, ENGINE, AUTOGRAD, MYGRAD, TORCH)


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
        for name, (sizes, m) in network.NETWORKS.items():
            data = (*network.example(sizes, m), softmax)
            contestants = contestants_of(network, data, NAMES)
            agree(contestants)
            times = measured(contestants, rounds, 3 if sizes[0] == 784 else 40)
            rows.append((f"{name}{', softmax' if softmax else ''}", times))
    contestants = contestants_of(regression, regression.example(), NAMES)
    agree(contestants)
    rows.append(("logistic, 10 features, 100", measured(contestants, rounds, 40)))

    n = 20_000
    contestants = contestants_of(chain, (n,), NAMES)
    agree(contestants)
    nodes = measured(contestants, rounds, 1)

    hand, ours = HAND, ENGINE
    peers = [name for name in (AUTOGRAD, MYGRAD, TORCH) if name in nodes]
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
    short, long = chain.by_engine(small), chain.by_engine(large)
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


if __name__ == "__main__":
    main()
