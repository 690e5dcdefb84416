"""Settings of Hypothesis for the whole suite: `python -m pytest --hypothesis-profile=deep`.

And no test leaves operations in the derivative table, where another could meet them.
"""

import pytest
from hypothesis import HealthCheck, settings

from tinygrad_reg.tensor import functions, rules

# The same examples in every run; a loaded machine is no failure.
settings.register_profile(
    "ci",
    derandomize=True,
    deadline=None,
    max_examples=20,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.register_profile("search", parent=settings.get_profile("ci"), derandomize=False)
settings.register_profile("deep", parent=settings.get_profile("search"), max_examples=20_000)
settings.load_profile("ci")  # another one with --hypothesis-profile

OURS = ("numpy", "_operator", "scipy", "tinygrad_reg")


@pytest.fixture(autouse=True)
def table_as_it_was():
    """Take out what a test has entered, but for lines that were entered late."""
    before = set(rules)
    yield
    for op in rules.keys() - before:
        module = getattr(rules[op].op, "__module__", None) or "numpy"
        if module.split(".")[0] not in OURS:
            functions.pop(rules.pop(op).op, None)
