"""How times are taken: on one core, in turns, as medians of ratios.

Import this before NumPy: libraries read how many threads they may use when they are loaded.
"""

from __future__ import annotations

import os

for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[variable] = "1"
os.environ["XLA_FLAGS"] = "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1"
if hasattr(os, "sched_setaffinity"):  # for those that do not listen
    os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})

import gc
import statistics
import time
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np

Contestant = Callable[[], Any]


def seconds(run: Contestant) -> float:
    """Processor time of one call."""
    start = time.process_time()
    run()
    return time.process_time() - start


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


def flat(result: Any) -> list[Any]:
    """The arrays and numbers of nested lists and tuples, one after the other."""
    if isinstance(result, list | tuple):
        return [x for part in result for x in flat(part)]
    return [np.asarray(result)]


def agree(contestants: dict[str, Contestant], but: Iterable[str] = ()) -> None:
    """Raise unless all contestants but some give the same values and gradients, in one dtype."""
    taking_part = {name: run for name, run in contestants.items() if name not in but}
    reference = flat(next(iter(taking_part.values()))())
    dtype = reference[-1].dtype
    tolerance = 1e-9 if dtype == np.float64 else 1e-4
    for name, run in taking_part.items():
        for got, expected in zip(flat(run()), reference, strict=True):
            if got.ndim and got.dtype != dtype:
                raise TypeError(f"{name} gave {got.dtype} where the others gave {dtype}")
            scale = tolerance * np.max(np.abs(expected))
            np.testing.assert_allclose(got, expected, tolerance, scale, err_msg=name)
