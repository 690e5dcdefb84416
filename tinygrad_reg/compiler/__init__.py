"""Functions written down as NumPy programs: backpropagation to read, and to run fast.

`tracing` runs a function once and keeps every NumPy call as a node of a graph; `simplify` makes the
graph smaller; `readable` and `fast` write it down; `program` is what the user calls.
"""

from tinygrad_reg.compiler.program import CacheInfo, Program, compile  # noqa: A004

__all__ = ["CacheInfo", "Program", "compile"]
