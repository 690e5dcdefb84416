"""The public face of the package."""

import inspect
import subprocess
import sys

import pytest

import tinygrad_reg as tg

HEAVY = [
    "graphviz",
    "graphviz_pure",
    "rich",
    "typer",
    "scipy",
    "sklearn",
    "matplotlib",
    "hypothesis",
]


def test_import_loads_only_numpy_and_optree():
    code = f"import sys, tinygrad_reg; print([name for name in {HEAVY} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize("name", tg.__all__)
def test_public_names_resolve_and_are_documented(name):
    assert len(inspect.getdoc(getattr(tg, name)) or "") > 20


def test_unknown_names_are_attribute_errors():
    with pytest.raises(AttributeError, match="no_such_name"):
        tg.no_such_name  # noqa: B018
