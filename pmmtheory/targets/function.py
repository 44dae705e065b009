"""Whether a user's function is a potential: a tensor in, a tensor out, elementwise, with a derivative by autograd that is its own."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from pmmtheory.errors import InvalidParameter

Function = Callable[[Tensor], Tensor]


def require_function(potential: Function, dim: int) -> None:
    """Raise InvalidParameter, with what is wrong, unless F maps float64 points to float64 values one by one and can be differentiated."""
    shape = (3,) if dim == 1 else (3, dim)
    probe = torch.linspace(0.0, 0.5, 3, dtype=torch.float64).reshape(3, *[1] * (len(shape) - 1)).expand(shape).clone().requires_grad_()
    try:
        value, first = potential(probe), potential(probe[:1])
    except Exception as error:  # the user's own code may raise anything
        allowed = f"a function that accepts a float64 tensor of shape {shape} on which autograd records (it raised: {error})"
        raise InvalidParameter("potential", potential, allowed) from error
    if not isinstance(value, Tensor) or value.shape != (3,):
        seen = getattr(value, "shape", value) if isinstance(value, Tensor) else f"a function that returns {type(value).__name__}"
        raise InvalidParameter("potential", seen, f"a function that maps shape {shape} to a tensor of shape (3,)")
    if value.dtype != torch.float64:
        raise InvalidParameter("potential", value.dtype, "a function that maps float64 to float64")
    if dim > 1 and not bool(torch.isfinite(value).all()):
        raise InvalidParameter("potential", "NaN or infinite", "a potential is a finite number where its density is")
    if not value.requires_grad:
        raise InvalidParameter("potential", potential, "a function that autograd can differentiate; this one returns a tensor without a gradient")
    if not torch.allclose(first.detach(), value[:1].detach(), rtol=1e-9, atol=1e-12, equal_nan=True):
        raise InvalidParameter("potential", potential, "a function of each point alone: its value at a point must not depend on the others")
    _require_any_shape(potential, probe.detach(), value.detach())


def _require_any_shape(potential: Function, points: Tensor, values: Tensor) -> None:
    """Points come in arrays of any shape: (n, m) as well as (n,)."""
    allowed = "a function of an array of points of any shape, such as (2, 3), that returns one value a point"
    try:
        many = potential(points.expand(2, *points.shape).clone())
    except Exception as error:  # the user's own code may raise anything
        raise InvalidParameter("potential", potential, f"{allowed} (it raised: {error})") from error
    if not isinstance(many, Tensor) or many.shape != (2, *values.shape):
        raise InvalidParameter("potential", tuple(getattr(many, "shape", ())), allowed)
    if not torch.allclose(many.detach(), values.expand_as(many), rtol=1e-9, atol=1e-12, equal_nan=True):
        raise InvalidParameter("potential", potential, "a function of each point alone: its value at a point must not depend on the shape of the array")


def require_derivative(potential: Function, drift: Function, x: Tensor) -> None:
    """Raise InvalidParameter where -F' by autograd is far from the difference quotients of F at most of the points x."""
    slope = -drift(x).detach()
    flat = x.ndim == 1
    size = torch.abs(x) if flat else torch.linalg.vector_norm(x, dim=-1, keepdim=True)
    scale = float(torch.diff(x).abs().min()) if flat else 1.0
    wrong = torch.ones(x.shape[0], dtype=torch.bool)
    for share in (1e-2, 1e-4):
        step = torch.maximum(torch.full_like(size, share * scale), 2.0**-26 * size * share) * (torch.ones_like(x) if flat else slope.sign() + (slope == 0))
        after, before = potential(x + step).detach(), potential(x - step).detach()
        quotient = (after - before) / 2
        own = slope * step if flat else (slope * step).sum(-1)
        noise = 2.0**-48 * torch.maximum(after.abs(), before.abs()) + 1e-300
        wrong &= (torch.abs(quotient - own) > 0.1 * torch.maximum(quotient.abs(), own.abs()) + noise) & torch.isfinite(quotient) & ~torch.isnan(own)
    if 2 * int(wrong.sum()) > x.shape[0]:
        at = int(torch.nonzero(wrong)[0])
        where = f"{float(x[at]):.6g}" if flat else f"{x[at].tolist()[:3]}..."
        raise InvalidParameter("potential", f"a function whose derivative by autograd is not that of its values, at x = {where},", "differentiable by autograd")
