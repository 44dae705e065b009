"""The constants that distances in the plane have for small steps, from F alone.

With pi_h = pi (1 + h^p phi + ...): KL ~ h^(2p) Var(phi)/2 and TV ~ h^p E|phi - E phi|/2, phi up to a constant:

- LMC: p = 1, phi = |grad F|^2/4 - Lap F/2; the Poisson midpoint method with K substeps, K times less;
- the randomized midpoint: p = 2, phi = -|Hess F|^2/12;
- the Poisson midpoint method with K = inf: p = 2, the same and psi of int grad psi . grad g d pi = int (Hess F)^2 : Hess g d pi / 3 for all g, as the number of
  its midpoints varies.

By quadrature with derivatives by autograd, where the laws know the force only.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor

from experiments.measures._balance import balance
from experiments.measures._in_plane import in_plane
from pmmtheory.estimate import Estimate
from pmmtheory.targets.plane import PlaneQuadrature
from pmmtheory.targets.plane import in_plane as quadrature_of

_SIZES = 300, 420
"""Points of an axis; |phi - E phi| has kinks."""

_BALANCED = (160, 34), (190, 42)
"""The same, and the degree of polynomials, where psi is solved for."""

_NONE = 1e-18
"""The density over the largest below which points are left out."""


def measure(device: str, target: str, scheme: str, substeps: float | None = None) -> dict[str, Estimate]:
    """kl and tv: the limits of KL/step^(2p) and TV/step^p."""
    own = in_plane(target)
    quadrature = quadrature_of(own)
    resolutions = _BALANCED if substeps == math.inf else tuple((n, 0) for n in _SIZES)
    rough, fine = (_constants(own.potential, quadrature, scheme, substeps, *resolution) for resolution in resolutions)
    return {name: Estimate.of(fine[name], "quadrature in the plane", resolution=2 * abs(fine[name] - rough[name])) for name in fine}


def _constants(potential: object, quadrature: PlaneQuadrature, scheme: str, substeps: float | None, n: int, degree: int) -> dict[str, float]:
    first, second, _ = quadrature.grid(n, n)
    weights = quadrature.on((first, second)).reshape(-1)
    held = weights > _NONE * weights.max()
    weights = weights[held] / weights[held].sum()
    phi = _phi(potential, torch.cartesian_prod(first, second)[held], weights, scheme, substeps, degree)
    centred = phi - weights @ phi
    return {"kl": float(weights @ centred**2) / 2, "tv": float(weights @ centred.abs()) / 2}


def _phi(potential: object, x: Tensor, weights: Tensor, scheme: str, substeps: float | None, degree: int) -> Tensor:
    points = x.clone().requires_grad_()
    (slope,) = torch.autograd.grad(potential(points).sum(), points, create_graph=True)  # type: ignore[operator]
    rows = [torch.autograd.grad(slope[:, k].sum(), points, retain_graph=True)[0] for k in (0, 1)]
    bend, slope = torch.stack(rows, 1).detach(), slope.detach()
    if scheme == "RandomizedMidpoint" or substeps == math.inf:
        varied = balance(weights, x, bend @ bend / 3, degree) if substeps == math.inf else 0.0
        return varied - (bend**2).sum((1, 2)) / 12
    return ((slope**2).sum(-1) / 4 - (bend[:, 0, 0] + bend[:, 1, 1]) / 2) / (substeps or 1)
