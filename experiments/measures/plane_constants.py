"""The constants that distances in the plane have for small steps, from F alone.

With pi_h = pi (1 + h^p phi + ...): KL ~ h^(2p) Var(phi)/2 and TV ~ h^p E|phi - E phi|/2. Of LMC p = 1 and phi = |grad F|^2/4 - Lap F/2, of the
randomized midpoint p = 2 and phi = -|Hess F|^2/12, both up to a constant: quadrature with derivatives by autograd, where the laws know the force only.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor

from experiments.measures._in_plane import in_plane
from pmmtheory.estimate import Estimate
from pmmtheory.targets.plane import PlaneQuadrature
from pmmtheory.targets.plane import in_plane as quadrature_of

_SIZES = 300, 420
"""Points of an axis; |phi - E phi| has kinks."""


def measure(device: str, target: str, scheme: str) -> dict[str, Estimate]:
    """kl and tv: the limits of KL/step^(2p) and TV/step^p."""
    own = in_plane(target)
    quadrature = quadrature_of(own)
    rough, fine = (_constants(own.potential, quadrature, scheme, n) for n in _SIZES)
    return {name: Estimate.of(fine[name], "quadrature in the plane", resolution=2 * abs(fine[name] - rough[name])) for name in fine}


def _constants(potential: object, quadrature: PlaneQuadrature, scheme: str, n: int) -> dict[str, float]:
    first, second, _ = quadrature.grid(n, n)
    x = torch.stack(torch.meshgrid(first, second, indexing="ij"), -1)
    weights = quadrature.on((first, second))
    weights = weights / weights.sum()
    phi = _phi(potential, x, scheme)
    centred = phi - (weights * phi).sum()
    return {"kl": float((weights * centred**2).sum()) / 2, "tv": float((weights * centred.abs()).sum()) / 2}


def _phi(potential: object, x: Tensor, scheme: str) -> Tensor:
    points = x.reshape(-1, 2).requires_grad_()
    (slope,) = torch.autograd.grad(potential(points).sum(), points, create_graph=True)  # type: ignore[operator]
    rows = [torch.autograd.grad(slope[:, k].sum(), points, retain_graph=True)[0] for k in (0, 1)]
    bend = torch.stack(rows, 1).detach()
    slope = slope.detach()
    if scheme == "EulerMaruyama":
        phi = (slope**2).sum(-1) / 4 - (bend[:, 0, 0] + bend[:, 1, 1]) / 2
    else:
        phi = -(bend**2).sum((1, 2)) / 12
    return torch.where(torch.isfinite(phi), phi, math.nan).reshape(x.shape[:-1])
