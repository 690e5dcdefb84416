"""Reverse and forward automatic differentiation on NumPy, with regularization in the graph."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from tinygrad_reg import derivatives as derivatives
from tinygrad_reg.derivatives.losses import (
    binary_cross_entropy,
    hinge,
    huber,
    log_sigmoid,
    log_softmax,
    logsumexp,
    nll,
    relu,
    sigmoid,
    softmax,
    softmax_cross_entropy,
    softplus,
)
from tinygrad_reg.derivatives.networks import (
    avg_pool2d,
    batch_norm,
    conv2d,
    dropout,
    elu,
    gelu,
    layer_norm,
    leaky_relu,
    max_pool2d,
    selu,
    silu,
)
from tinygrad_reg.derivatives.penalties import elastic_net, group_lasso, l1, l2
from tinygrad_reg.derivatives.table import derivative, elementwise, linear
from tinygrad_reg.modes import AnomalyError, TracingError, detect_anomaly, no_grad, scope
from tinygrad_reg.tensor import Tensor
from tinygrad_reg.transforms import grad, hessian, hvp, jacobian, jvp, value_and_grad, vjp

if TYPE_CHECKING:
    from tinygrad_reg.compiler import compile  # noqa: A004 (the name is the one people know)
    from tinygrad_reg.drawing import draw, explore

__version__ = "0.1.0"

__all__ = [
    "AnomalyError",
    "Tensor",
    "TracingError",
    "avg_pool2d",
    "batch_norm",
    "binary_cross_entropy",
    "compile",
    "conv2d",
    "derivative",
    "detect_anomaly",
    "draw",
    "dropout",
    "elastic_net",
    "elementwise",
    "elu",
    "explore",
    "gelu",
    "grad",
    "group_lasso",
    "hessian",
    "hinge",
    "huber",
    "hvp",
    "jacobian",
    "jvp",
    "l1",
    "l2",
    "layer_norm",
    "leaky_relu",
    "linear",
    "log_sigmoid",
    "log_softmax",
    "logsumexp",
    "max_pool2d",
    "nll",
    "no_grad",
    "relu",
    "scope",
    "selu",
    "sigmoid",
    "silu",
    "softmax",
    "softmax_cross_entropy",
    "softplus",
    "value_and_grad",
    "vjp",
]


LATE = {
    "compile": "tinygrad_reg.compiler",
    "draw": "tinygrad_reg.drawing",
    "explore": "tinygrad_reg.drawing",
}


def _repr_svg_(tensor: Tensor) -> str | None:
    """The graph as a picture, by which notebooks show a tensor; None without a renderer."""
    return import_module("tinygrad_reg.drawing").svg(tensor)  # type: ignore[no-any-return]


Tensor._repr_svg_ = _repr_svg_


def __getattr__(name: str) -> Any:
    """Load what only pictures and programs need when it is asked for."""
    if name in LATE:
        return getattr(import_module(LATE[name]), name)
    raise AttributeError(f"module 'tinygrad_reg' has no attribute {name!r}")
