"""The derivative table as mathematics, for a given node of a graph.

`statements` says what the rule of a node means for one of its arguments, as a tree of MathML
elements, and `numbers` the same of one entry in numbers; `edges` as a short text; `titles` what the
node itself computes; `kinks` where an argument stands at a point without a derivative.

Underneath, `entries` takes the entry of the derivative table, `reading` interprets its Python with
the words of `vocabulary`, and makes `expressions` of `letters`, which `writing` writes down.
`values` compares them with what the rule gives, so that nothing wrong is shown.
"""

from tinygrad_reg.drawing.mathematics.edges import edge_text
from tinygrad_reg.drawing.mathematics.kinks import Kink, Kinks, kinks_of
from tinygrad_reg.drawing.mathematics.letters import NamesOfPicture
from tinygrad_reg.drawing.mathematics.statements import Statement, rule_of_argument
from tinygrad_reg.drawing.mathematics.titles import forward_text, words

__all__ = [
    "Kink",
    "Kinks",
    "NamesOfPicture",
    "Statement",
    "edge_text",
    "forward_text",
    "kinks_of",
    "rule_of_argument",
    "words",
]
