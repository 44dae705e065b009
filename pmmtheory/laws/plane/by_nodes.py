"""The bumps of a step whose draws have rules: one Gaussian for each start and node."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from pmmtheory.laws.engine import Refusal
from pmmtheory.laws.plane.bumps import Bumps, ends_of, without_noise
from pmmtheory.laws.plane.resolution import Resolution
from pmmtheory.laws.step.cubature import cubature
from pmmtheory.numerics.rules import gauss_hermite
from pmmtheory.schemes import Scheme


def by_nodes(chain: Resolution, x: Tensor, masses: Tensor, t: float) -> Bumps:
    """What the step at time t makes of masses at x, (n, 2).

    Raises
    ------
    InvalidParameter
        Naming `scheme` where its last Gaussian mixes the coordinates, or has no deviation in one of them.
    """
    mean, deviation, weights = _gaussians(chain, x, t)
    mass, deviation = masses[:, None] * weights, deviation.expand(mean.shape)
    matters = mass.abs() * mass.numel() > 1e-2 * chain.tolerance
    mean, deviation = mean[matters], deviation[matters]
    ends = ends_of(mean, deviation, mass[matters] * mass.numel(), chain.tolerance)
    return Bumps(mean, deviation, mass[matters][None], torch.zeros(len(mean), dtype=torch.long, device=x.device), ends)


def _gaussians(chain: Resolution, x: Tensor, t: float) -> tuple[Tensor, Tensor, Tensor]:
    """Means (n, q, 2), deviations that broadcast against them, and weights (q,) of the Gaussians of a step from n starts."""
    scheme = chain.scheme
    rule = gauss_hermite(6 + 2 * chain.level)  # for each coordinate of a normal; the rules for times are coarser than on the line
    at = cubature(scheme, chain.level - 4, x.device, normal=lambda name, component: rule, t=t)
    mean, factor = scheme.step(x[:, None], t, at.draws)
    mean = mean.expand(len(x), len(at), 2)
    factor = torch.as_tensor(factor, dtype=x.dtype, device=x.device)
    if (refused := mixing(scheme, factor, len(x), len(at))) is not None:
        raise refused.error
    deviation = factor.abs().expand(np.broadcast_shapes(factor.shape, (1, 1, 2)))
    if bool((deviation == 0).any()):
        raise without_noise(scheme)
    return mean, deviation, at.weights


def mixing(scheme: Scheme, factor: Tensor, starts: int, nodes: int) -> Refusal | None:
    """Refused where the factor of the last Gaussian, of a step from so many starts at so many nodes, mixes the coordinates."""
    sizes = zip(reversed(factor.shape), (2, nodes, starts), strict=False)
    if factor.ndim > 3 or any(size not in (1, whole) for size, whole in sizes):
        return Refusal("scheme", scheme.name, "a step whose noise has a factor for each coordinate, not a matrix, for a law in the plane")
    return None
