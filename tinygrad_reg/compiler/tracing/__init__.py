"""From a function to its graph.

`traced` are the arrays that a function is run with, `known` the numbers; `tracer` remembers what is
computed with them, `watching` finds the learner's names, and `run` puts it together.
"""

from tinygrad_reg.compiler.tracing import methods as methods
from tinygrad_reg.compiler.tracing.run import name_of, trace
from tinygrad_reg.compiler.tracing.traced import Traced

__all__ = ["Traced", "name_of", "trace"]
