"""How fast the emitted program is: `python tests/benchmarks/program.py` prints all from one run.

Everything runs on one core, and processor time is measured. The contestants of a row take turns,
round after round, and the tables show medians of the ratios within a round, so that a machine
whose speed drifts changes all of them alike. Before a row is timed, everyone has to give the same
values and gradients. The peers come with `pip install -e '.[bench]'`; those that are missing are
left out.

The contestants:
  NumPy by hand   the lesson's formulas; every operation makes a new array
  bare products   nothing but the matrix products of these formulas, into arrays made before
  with buffers    the same formulas with out=; the next call overwrites what the last one returned
  this engine     tg.value_and_grad or tg.hvp, run eagerly
  program         tg.compile of that
"""

from __future__ import annotations

from measuring import Contestant, agree, flat, measured, ratio, seconds

# isort: split

import argparse
import gc
import statistics
import sys
import tracemalloc
from collections.abc import Callable, Iterable
from functools import partial
from types import ModuleType
from typing import Any

import numpy as np
from contestants import (
    BUFFERS,
    BUILDERS,
    ENGINE,
    HAND,
    JAX,
    PEERS,
    PRODUCTS,
    PROGRAM,
    chain,
    contestants_of,
    hessian_product,
    network,
    penalty,
    regression,
)
from rich.console import Console
from rich.table import Table

LARGEST = "784-256-128-10, 256"
THIRD = "64-64-10, 128"
ROWS: dict[str, tuple[ModuleType, Callable[[Any], Any]]] = {  # the task, and its data by dtype
    **{name: (network, partial(network.example, *size)) for name, size in network.NETWORKS.items()},
    "logistic, 10 features, 100": (regression, regression.example),
    "L1 + L2 of 10,000,000": (penalty, partial(penalty.example, size=10_000_000)),
    "10 layers of 32, 32": (network, partial(network.example, (32,) * 11, 32)),
    f"Hessian-vector {THIRD}": (
        hessian_product,
        partial(hessian_product.example, *network.NETWORKS[THIRD]),
    ),
}
Ratios = dict[tuple[str, str], dict[str, list[float]]]  # (dtype, row): contestant: seconds


def calls_a_round(run: Contestant) -> int:
    """As many as fill a few milliseconds; one, where not even the arguments fit into a cache."""
    run()
    once = min(seconds(run) for _ in range(3))
    return 1 if once > 30e-3 else max(10, round(4e-3 / once))


def times_of(row: str, dtype: str, names: Iterable[str], rounds: int) -> dict[str, list[float]]:
    """Check that everyone agrees on a row, and take times."""
    task, example = ROWS[row]
    contestants = contestants_of(task, example(dtype=np.dtype(dtype).type), names)
    agree(contestants, but=[PRODUCTS])
    calls = calls_a_round(contestants[HAND])
    return measured(contestants, rounds if calls > 1 else max(3, rounds // 2), calls)


def geometric_mean(numbers: Iterable[float]) -> float:
    """The n-th root of the product of n numbers."""
    return statistics.geometric_mean(list(numbers))


def ratios(times: Ratios, name: str, base: str) -> dict[tuple[str, str], float]:
    """One contestant's time by another's, for every row that has both."""
    return {
        row: ratio(taken, name, base)
        for row, taken in times.items()
        if name in taken and base in taken
    }


def table_of(times: Ratios, dtype: str, base: str) -> Table:
    """Everyone's times as multiples of a contestant's, and the geometric means."""
    times = {row: taken for row, taken in times.items() if row[0] == dtype and base in taken}
    names = [n for n in BUILDERS if n != base and any(n in taken for taken in times.values())]
    table = Table(title=f"{dtype}: multiples of {base} (less is better)")
    for i, title in enumerate((dtype, f"{base}, µs", *names)):
        table.add_column(title, justify="right" if i else "left")
    columns = {name: ratios(times, name, base) for name in names}
    for row, taken in times.items():
        cells = [f"{columns[n][row]:.2f}" if row in columns[n] else "" for n in names]
        table.add_row(row[1], f"{statistics.median(taken[base]) * 1e6:.1f}", *cells)
    table.add_section()
    means = [f"{geometric_mean(columns[name].values()):.2f}" for name in names]
    return table if len(times) < 2 else (table.add_row("geometric mean", "", *means) or table)


# -- memory ---------------------------------------------------------------------------------------

ARRAY = 2048  # bytes; blocks below 1 KiB NumPy keeps for itself, and tracemalloc does not see them


def allocations(run: Contestant) -> tuple[int, int, int, int]:
    """What one call in the steady state allocates.

    A ufunc that broadcasts has a buffer of its own, of `np.getbufsize()` entries (64 KiB). It is
    not an array, and is made as small as can be here.

    Returns
    -------
    tuple of int
        The lines that allocate an array (of 2 KiB or more), the bytes they allocate, the peak of
        the memory, and the bytes of the results.
    """
    growths: list[int] = []
    level = 0

    def on_line(frame: Any, event: str, argument: Any) -> Any:
        nonlocal level
        growths.append(tracemalloc.get_traced_memory()[1] - level)
        tracemalloc.reset_peak()
        level = tracemalloc.get_traced_memory()[0]
        return on_line

    tracemalloc.start()
    usual = np.setbufsize(16)
    try:
        for _ in range(4):  # the first ones fill caches, also those of tracing itself
            growths.clear()
            tracemalloc.reset_peak()
            level = tracemalloc.get_traced_memory()[0]
            sys.settrace(on_line)
            result = run()
            sys.settrace(None)
            del result
        for _ in range(2):
            before = tracemalloc.get_traced_memory()[0]
            tracemalloc.reset_peak()
            result = run()
            peak = tracemalloc.get_traced_memory()[1] - before
            size = sum(array.nbytes for array in flat(result))
            del result
    finally:
        sys.settrace(None)
        np.setbufsize(usual)
        tracemalloc.stop()
    arrays = [growth for growth in growths if growth >= ARRAY]
    return len(arrays), sum(arrays), peak, size


def print_allocations(dtype: str) -> None:
    """What the third network allocates, by hand and by the engine."""
    data = network.example(*network.NETWORKS[THIRD], np.dtype(dtype).type)
    print(f"\nallocations of one call in the steady state, {THIRD}, {dtype}")
    for name, run in contestants_of(network, data, (HAND, BUFFERS, ENGINE, PROGRAM)).items():
        lines, allocated, peak, size = allocations(run)
        results = f"{size:,} of them in results"
        if name == BUFFERS:
            results, size = "results in its buffers", 0
        print(
            f"  {name:14} {lines:2} lines allocate arrays: {allocated:9,} bytes, {results}; "
            f"at the peak {peak - size:7,} bytes beyond the results"
        )


# -- tracing --------------------------------------------------------------------------------------


def seconds_to_emit(build: Callable[[], Contestant], times: int) -> float:
    """What the first call of a fresh program takes longer than the second one; a median."""
    taken = []
    for _ in range(times):
        run = build()
        gc.collect()
        taken.append(seconds(run) - seconds(run))
    return statistics.median(taken)


def print_tracing(quick: bool) -> None:
    """How long tracing and emitting take, for the third network and for chains."""
    print("\ntracing and emitting")
    data = network.example(*network.NETWORKS[THIRD])
    milliseconds = seconds_to_emit(lambda: network.by_program(*data), 5) * 1e3
    print(f"  {THIRD:20} {milliseconds:8.1f} ms (aim: under 30 ms)")
    for operations in (500, 1500, 5000):
        taken = seconds_to_emit(partial(chain.by_program, operations), 1 if quick else 3)
        nodes = 2 * operations  # forward and backward, what was simplified away not counted
        aim = " (aim: under 2 s)" if nodes == 10_000 else ""
        title = f"{nodes:,} nodes, a chain"
        print(f"  {title:20} {taken * 1e3:8.1f} ms, {taken / nodes * 1e6:.1f} µs a node{aim}")


# -- the report -----------------------------------------------------------------------------------


def print_means(times: Ratios) -> None:
    """Geometric means over all rows and dtypes."""
    print(f"\ngeometric means over all rows and dtypes, as multiples of {HAND}")
    for name in BUILDERS:
        found = ratios(times, name, HAND)
        if found and name != HAND:
            (_, worst), highest = max(found.items(), key=lambda item: item[1])
            of = f"{len(found)} of {len(times)} rows"
            mean = geometric_mean(found.values())
            print(f"  {name:14} {mean:6.3f}   at most {highest:6.2f} ({worst}), {of}")


def print_aims(times: Ratios) -> None:
    """The program against what it is to reach."""
    print("\naims of the program")
    for base, aim, highest_aim in (
        (HAND, "at most 0.80", "at most 1.00"),
        (BUFFERS, "at most 1.05", ""),
        (JAX, "below 1", ""),
    ):
        found = ratios(times, PROGRAM, base)
        if found:
            (dtype, worst), highest = max(found.items(), key=lambda item: item[1])
            print(
                f"  / {base:14} {geometric_mean(found.values()):.3f} in the geometric mean "
                f"(aim: {aim}); worst row {highest:.2f}, {worst}, {dtype}"
                + (f" (aim: {highest_aim})" if highest_aim else "")
            )
    for (dtype, row), found_ratio in ratios(times, PROGRAM, PRODUCTS).items():
        if row == LARGEST:
            print(f"  / {PRODUCTS:14} {found_ratio:.3f} on {row}, {dtype} (aim: at most 1.15)")


def main() -> None:
    """Measure everything and print the tables."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=25, help="rounds of each row (default 25)")
    parser.add_argument("--rows", default="", help="only rows whose name contains this")
    parser.add_argument("--quick", action="store_true", help="few rounds: rough figures")
    parser.add_argument("--no-peers", action="store_true", help="without the other libraries")
    parser.add_argument("--dtype", choices=("float64", "float32", "both"), default="both")
    options = parser.parse_args()

    names = [name for name in BUILDERS if not (options.no_peers and name in PEERS)]
    rounds = min(options.rounds, 5) if options.quick else options.rounds
    dtypes = ("float64", "float32") if options.dtype == "both" else (options.dtype,)
    console = Console(width=145)
    times: Ratios = {}
    gc.collect()
    gc.freeze()  # the libraries themselves: a collection between two turns need not look at them
    for dtype in dtypes:
        for row in ROWS:
            if options.rows in row:
                times[dtype, row] = times_of(row, dtype, names, rounds)
        console.print(table_of(times, dtype, HAND))
        console.print(table_of(times, dtype, PRODUCTS))
    print_means(times)
    for (dtype, row), found in ratios(times, HAND, PRODUCTS).items():
        if row == LARGEST:
            print(f"\n{row}, {dtype}: {HAND} takes {found:.3f} × its bare matrix products")
    if any(PROGRAM in taken for taken in times.values()):
        print_aims(times)
    for dtype in dtypes:
        print_allocations(dtype)
    if BUILDERS[PROGRAM][1]:
        print_tracing(options.quick)


if __name__ == "__main__":
    main()
