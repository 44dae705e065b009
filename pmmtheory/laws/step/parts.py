"""One step as a sum of Gaussians, over nodes of its draws."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

from pmmtheory.errors import InvalidParameter
from pmmtheory.laws.step.characteristic import centre
from pmmtheory.laws.step.cubature import cubature
from pmmtheory.laws.step.midpoint_step import MidpointStep, checked, own_step
from pmmtheory.laws.step.slopes import slopes
from pmmtheory.schemes import Scheme

_DEEPER = 1.5
"""How many deviations a rule for a normal draw goes beyond those that matter: what is cut off leaves no trace in its weights, which add up to 1."""


@dataclass(frozen=True)
class Parts:
    """The law of a step from each of n starts: sum_gq weight[g, q] N(mean[g, n, q], deviation[g]^2)."""

    mean: Tensor
    deviation: Tensor
    weight: Tensor

    def mean_square(self, middle: float) -> Tensor:
        """E (X' - middle)^2 from every start, (n,)."""
        return torch.einsum("gnq,gq->n", (self.mean - middle).square_(), self.weight) + (self.deviation**2 * self.weight.sum(1)).sum()


def step_parts(scheme: Scheme, x: Tensor, t: float, highest: float, depth: float, level: int) -> Parts:
    """Parts that see waves exp(i xi X') for |xi| <= highest; what is beyond `depth` deviations of a normal draw is left out.

    Raises
    ------
    InvalidParameter
        Where the factor of a step's last Gaussian depends on the state.
    """
    if not scheme.draws:
        return _listed(scheme, x, t, {}, torch.ones(1, dtype=torch.float64, device=x.device))
    width = float(scheme.dynamics.noise(scheme.step_size, t))
    steepest = float(torch.cat(slopes(scheme, x, t)).max())
    z = _normal(depth + _DEEPER, 2 * math.pi / (highest * width * (1 + steepest) + depth) / (1 + 0.1 * level))
    if own_step(scheme):
        return _midpoints(scheme, x, t, z, level)
    at = cubature(scheme, level, x.device, normal=lambda name, component: z, t=t)
    return _listed(scheme, x, t, at.draws, at.weights)


def _midpoints(scheme: Scheme, x: Tensor, t: float, z: tuple[np.ndarray, np.ndarray], level: int) -> Parts:
    """One midpoint: a part for each of its times."""
    structure = checked(scheme)
    step, nodes, middle = MidpointStep(structure, t), torch.as_tensor(z[0], device=x.device), centre(scheme, x, t)
    times, shares = (part.tolist() for part in structure.midpoints.one(level, few=True))
    mean = torch.stack([middle[:, None] + step.width(s) * nodes + push.T for s, push in zip(times, step.pushes(times, x, nodes), strict=True)])
    deviation = torch.tensor([step.left(s) for s in times], dtype=torch.float64, device=x.device)
    return Parts(mean, deviation, torch.as_tensor(np.outer(shares, z[1]), device=x.device))


def _listed(scheme: Scheme, x: Tensor, t: float, draws: dict[str, Any], weights: Tensor) -> Parts:
    """A part for each value of the last factor, if they have as many nodes each; else one a node."""
    mean, factor = scheme.step(x[:, None], t, draws)
    shape = (len(x), len(weights))
    mean, factor = mean.expand(shape), torch.as_tensor(factor, dtype=x.dtype, device=x.device).expand(shape)
    if not bool((factor == factor[:1]).all()):
        raise InvalidParameter("scheme", scheme.name, "a step whose last Gaussian has a factor that does not depend on the state, where steps depend on time")
    if len(weights) == 1:
        return Parts(mean.T[:, :, None], factor[0], weights[:, None])
    deviation, part = torch.unique(factor[0], return_inverse=True)
    sizes = torch.bincount(part)
    if not bool((sizes == sizes[0]).all()):
        return Parts(mean.T[:, :, None], factor[0], weights[:, None])
    order = torch.argsort(part, stable=True)
    mean = mean[:, order].reshape(len(x), len(deviation), -1).transpose(0, 1)
    return Parts(mean, deviation, weights[order].reshape(len(deviation), -1))


def _normal(depth: float, spacing: float) -> tuple[np.ndarray, np.ndarray]:
    """The trapezoid rule, which is spectrally accurate."""
    z = np.linspace(-depth, depth, max(9, math.ceil(2 * depth / spacing) + 1))
    w = np.exp(-z * z / 2)
    return z, w / w.sum()
