"""The models of the tour: their costs in the lesson's letters, and their errors."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

import tinygrad_reg as tg
from tinygrad_reg.tour.data import Split
from tinygrad_reg.training import network_logits

__all__ = ["logistic_cost", "logistic_error", "network_cost", "network_error", "no_penalty"]

Penalty = Callable[[dict[str, Any]], Any]


def no_penalty(parameters: dict[str, Any]) -> float:
    """Nothing is added to the cost."""
    return 0.0


def logistic_cost(split: Split, penalty: Penalty = no_penalty) -> Callable[[Any], Any]:
    """J of logistic regression, a single layer with a single unit, as a function of W and b.

    `penalty` takes the parameters and returns what is added to the mean loss.
    """

    def cost(parameters: dict[str, Any]) -> Any:
        Z = parameters["W"] @ split.X + parameters["b"]
        return np.sum(tg.binary_cross_entropy(Z, split.Y)) / split.m + penalty(parameters)

    return cost


def logistic_error(parameters: dict[str, Any], X: Any, Y: Any) -> float:
    """The share of examples on the wrong side of ŷ = ½."""
    return float(np.mean((parameters["W"] @ X + parameters["b"] > 0) != (Y > 0.5)))


def network_cost(split: Split, penalty: Penalty = no_penalty) -> Callable[[Any], Any]:
    """J of a network with L layers, tanh between them and softmax after the last."""

    def cost(parameters: dict[str, Any]) -> Any:
        losses = tg.softmax_cross_entropy(network_logits(parameters, split.X), split.Y)
        return np.sum(losses) / split.m + penalty(parameters)

    return cost


def network_error(parameters: dict[str, Any], X: Any, Y: Any) -> float:
    """The share of examples whose largest output is not their class."""
    found = np.argmax(network_logits(parameters, X), axis=0)
    return float(np.mean(found != np.argmax(Y, axis=0)))
