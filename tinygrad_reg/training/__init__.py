"""Small reusable functions for training: layers, update steps, and the descent that joins them.

Parameters are a dict of the lesson's letters: `{"W": [W1, W2, ...], "b": [b1, b2, ...]}`, or a
single array for each letter where there is one layer. Weights and biases are kept apart because
penalties and decay are for `W` only.
"""

from tinygrad_reg.training.descent import descent, trained
from tinygrad_reg.training.layers import initial_parameters, network_logits
from tinygrad_reg.training.steps import (
    elastic_net_threshold,
    gradient_step,
    group_threshold,
    proximal_step,
    soft_threshold,
    weight_decay_step,
)

__all__ = [
    "descent",
    "elastic_net_threshold",
    "gradient_step",
    "group_threshold",
    "initial_parameters",
    "network_logits",
    "proximal_step",
    "soft_threshold",
    "trained",
    "weight_decay_step",
]
