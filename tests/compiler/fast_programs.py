"""Fast programs of functions, and what every one of them has to keep to."""

import numpy as np
import optree

from tinygrad_reg.compiler.fast import fast
from tinygrad_reg.compiler.graph import run
from tinygrad_reg.compiler.simplify import simplify
from tinygrad_reg.compiler.tracing import trace


def traced(function, arguments):
    """The graph of a function, and the leaves of its arguments."""
    leaves, tree = optree.tree_flatten((arguments, {}))
    graph, _ = trace(function, tree.unflatten, leaves)
    return graph, leaves


def program_of(function, *arguments):
    """The fast program of a function."""
    return fast(simplify(traced(function, arguments)[0], reading=False))


def called(function, *arguments):
    """The results of the fast program of a function."""
    return program_of(function, *arguments).make()(*optree.tree_leaves(arguments))


def check_equal(got, expected, tolerance):
    """Values, dtypes and shapes agree, values up to rounding."""
    assert len(got) == len(expected)
    for x, y in zip(got, expected, strict=True):
        assert np.shape(x) == np.shape(y)
        assert np.asarray(x).dtype == np.asarray(y).dtype
        assert isinstance(x, np.ndarray) == (np.shape(x) != ())
        finite = np.abs(np.where(np.isfinite(y), y, 0))
        scale = np.max(finite, initial=1)
        np.testing.assert_allclose(x, y, rtol=tolerance, atol=tolerance * scale)


def check_own(results, leaves, program):
    """No result shares memory with another, an argument or a constant."""
    arrays = [x for x in results if isinstance(x, np.ndarray)]
    others = [x for x in (*leaves, *program.constants.values()) if isinstance(x, np.ndarray)]
    for i, x in enumerate(arrays):
        assert x.flags.writeable
        assert not any(np.shares_memory(x, y) for y in arrays[:i] + others)


def check_program(function, arguments, others=(), tolerance=1e-11):
    """The program equals the interpreter of its graph and the engine, in call after call.

    What it has returned stays as it is, what is written into that is not seen by the next call, and
    the arguments are not touched.
    """
    graph, _ = traced(function, arguments)
    program = fast(simplify(graph, reading=False))
    workspace = program.make()
    earlier = []
    for given in (arguments, *others, arguments):
        leaves = optree.tree_leaves((given, {}))
        before = [np.array(x) for x in leaves]
        with np.errstate(all="ignore"):
            got = workspace(*leaves)
            check_equal(got, run(graph, leaves), tolerance)
            check_equal(got, optree.tree_leaves(function(*given)), tolerance)
        for x, y in zip(leaves, before, strict=True):
            np.testing.assert_array_equal(x, y)
        check_own(got, leaves, program)
        for x, y in earlier:
            np.testing.assert_array_equal(x, y)
        for x in got:
            if isinstance(x, np.ndarray):
                x[...] = 77
        earlier = [(x, np.array(x)) for x in got]
