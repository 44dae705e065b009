"""Derivatives on the line by automatic differentiation."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor
from torch.overrides import handle_torch_function, has_torch_function_unary


def derivative(f: Callable[[Tensor], Tensor], x: Tensor) -> Tensor:
    """f'(x), itself differentiable when x is."""
    if has_torch_function_unary(x):
        own: Tensor = handle_torch_function(derivative, (x,), f, x)
        return own
    with torch.enable_grad():
        point = x if x.requires_grad else x.detach().requires_grad_(True)
        value = f(point)
        if not value.requires_grad:
            return torch.zeros_like(x)
        (slope,) = torch.autograd.grad(value.sum(), point, create_graph=x.requires_grad, allow_unused=True, materialize_grads=True)
    return slope
