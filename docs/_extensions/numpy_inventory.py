"""The addresses of NumPy's documentation, known without asking for them.

Every public name has a page `reference/generated/NAME.html`. The list of names is taken from the
NumPy that is installed and written in the format that Sphinx's intersphinx reads.
"""

import zlib
from inspect import isclass
from pathlib import Path

import numpy as np

__all__ = ["write_inventory"]

MODULES = {"numpy": np, "numpy.linalg": np.linalg, "numpy.random": np.random}


def write_inventory(path: Path) -> Path:
    """Write an inventory of NumPy's public names to a file, and return its path."""
    entries = []
    for module, holder in MODULES.items():
        for name in sorted(holder.__all__):
            found = getattr(holder, name, None)
            kind = "class" if isclass(found) else "function" if callable(found) else "data"
            entries.append(f"{module}.{name} py:{kind} 1 reference/generated/$.html#$ -")
    header = "# Sphinx inventory version 2\n# Project: NumPy\n# Version: \n"
    header += "# The remainder of this file is compressed using zlib.\n"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(header.encode() + zlib.compress("\n".join(entries).encode() + b"\n"))
    return path
