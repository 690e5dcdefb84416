"""A program as a person would write it: a module that runs with NumPy alone.

`module.py` puts the parts together. Names come from `names.py`; how a call is written from
`spelling.py`, arrays and numbers from `literals.py`; which quantities have a line of their own from
`folding.py`; order, sections and comments from `layout.py`; arguments and results from
`arguments.py`; functions that the program calls from `definitions.py` and `sources.py`; what it
relies on from `conditions.py`; which results have to be copied from `sharing.py`.
"""

from tinygrad_reg.compiler.readable.definitions import UnreadableError
from tinygrad_reg.compiler.readable.module import Readable, readable

__all__ = ["Readable", "UnreadableError", "readable"]
