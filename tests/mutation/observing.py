"""What the tests do without a mutant: which lines each runs, and how long it takes.

Run by `run.py` in a process of its own: `python observing.py copy_of_the_checkout result.json`.
"""

from __future__ import annotations

import json
import sys
import time
from collections import defaultdict
from pathlib import Path
from typing import Any

import coverage
import pytest
from choosing import configuration, pytest_options, quick_hypothesis


class Observer:
    """A pytest plugin that names every test to coverage, and takes its time."""

    def __init__(self, measured: coverage.Coverage) -> None:
        self.measured = measured
        self.seconds: dict[str, float] = {}

    def pytest_configure(self) -> None:
        quick_hypothesis()

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_protocol(self, item: Any) -> Any:
        self.measured.switch_context(item.nodeid)
        start = time.process_time()
        try:
            return (yield)
        finally:
            self.seconds[item.nodeid] = time.process_time() - start
            self.measured.switch_context("")


def main() -> int:
    root, result = Path(sys.argv[1]), Path(sys.argv[2])
    settings = configuration(root)
    measured = coverage.Coverage(data_file=None, source=[str(root / "tinygrad_reg")])
    observer = Observer(measured)
    measured.start()
    status = pytest.main(
        [*pytest_options(settings), "--tb=short", *settings["tests"]], plugins=[observer]
    )
    measured.stop()
    lines: dict[str, dict[int, list[str]]] = defaultdict(dict)
    data = measured.get_data()
    for path in data.measured_files():
        name = Path(path).relative_to(root.resolve()).as_posix()
        lines[name] = data.contexts_by_lineno(path)
    modules = sorted(
        {name for name in sys.modules if not name.startswith(("tinygrad_reg", "tests", "__m"))}
    )
    result.write_text(json.dumps({"seconds": observer.seconds, "lines": lines, "modules": modules}))
    return int(status)


if __name__ == "__main__":
    sys.exit(main())
