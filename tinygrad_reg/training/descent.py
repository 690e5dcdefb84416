"""Descent: a cost, a step, and the parameters on their way down."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from typing import Any

from tinygrad_reg.transforms import grad

__all__ = ["descent", "trained"]


def descent(
    cost: Callable[[Any], Any], parameters: Any, step: Callable[[Any, Any], Any], steps: int
) -> Iterator[Any]:
    """The parameters before training and after each step of it: `steps + 1` of them.

    Parameters
    ----------
    cost : callable
        Takes parameters, returns a single number; its gradient comes from `tg.grad`.
    parameters : array or nested arrays
        Where to start, of any shapes; not changed.
    step : callable
        Takes parameters and the gradient there, returns new parameters.
    steps : int
        How many times; of less than 1 nothing but the start is left.

    Yields
    ------
    array or nested arrays
        Parameters.

    Raises
    ------
    TypeError, ValueError
        In the first step: what `tinygrad_reg.grad` and the step raise.

    See Also
    --------
    trained : The last ones only.
    gradient_step, weight_decay_step, proximal_step : Steps to take.

    Examples
    --------
    >>> from tinygrad_reg.training import descent, gradient_step
    >>> path = descent(lambda w: w**2, 1.0, lambda w, dw: gradient_step(w, dw, alpha=0.25), 3)
    >>> [float(w) for w in path]
    [1.0, 0.5, 0.25, 0.125]
    """
    gradient = grad(cost)
    yield parameters
    for _ in range(steps):
        parameters = step(parameters, gradient(parameters))
        yield parameters


def trained(
    cost: Callable[[Any], Any], parameters: Any, step: Callable[[Any, Any], Any], steps: int
) -> Any:
    """The parameters after the last step of `descent`.

    Parameters
    ----------
    cost : callable
        Takes parameters, returns a single number; its gradient comes from `tg.grad`.
    parameters : array or nested arrays
        Where to start, of any shapes; not changed.
    step : callable
        Takes parameters and the gradient there, returns new parameters.
    steps : int
        How many times.

    Returns
    -------
    array or nested arrays
        The parameters.

    Raises
    ------
    TypeError, ValueError
        What `tinygrad_reg.grad` and the step raise.

    See Also
    --------
    descent : All of them on the way.

    Examples
    --------
    >>> from tinygrad_reg.training import gradient_step, trained
    >>> float(trained(lambda w: w**2, 1.0, lambda w, dw: gradient_step(w, dw, alpha=0.25), 3))
    0.125
    """
    return deque(descent(cost, parameters, step, steps), maxlen=1).pop()
