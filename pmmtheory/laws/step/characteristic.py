"""The characteristic function of one step, by quadrature over its draws."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from pmmtheory.laws.step.cubature import Cubature, cubature
from pmmtheory.laws.step.feynman_kac import midpoint_characteristic, midpoint_moments
from pmmtheory.laws.step.slopes import slopes
from pmmtheory.numerics.polar import polar
from pmmtheory.schemes import Scheme

_CHUNK = 25_000
"""Complex numbers in one block of work: a block stays in cache."""


def centre(scheme: Scheme, x: Tensor, t: float) -> Tensor:
    """The point A_a x + G_a b(x, t) around which the law of a step is computed."""
    system, a = scheme.dynamics, scheme.step_size
    return system.transport(a, x, t) + system.respond(a, system.drift(x, t), t)


def characteristic(scheme: Scheme, x: Tensor, t: float, spacing: float, count: int, level: int, depth: float = 8.4) -> Tensor:
    """E exp(i xi_k (X' - centre(x))) for xi_k = k spacing, k < count, and every start point.

    x : (n,); depth : standard deviations of the noise beyond which it is left out. Returns (n, count), complex. For equally
    spaced frequencies each term of the rule is a geometric-Gaussian sequence in k, so one complex product a frequency replaces an exponential.
    """
    if any(draw.layered for draw in scheme.draws.values()):
        return midpoint_characteristic(scheme, x, t, spacing, count, level, depth)
    at = cubature(scheme, level, x.device, _finer(scheme, x, t, spacing * count, depth), t=t)
    return torch.cat([_rows(scheme, part, t, spacing, count, at) for part in x.split(max(1, _CHUNK // len(at)))])


def _finer(scheme: Scheme, x: Tensor, t: float, highest: float, depth: float) -> int:
    """By how many levels more the rules of the normal draws must be refined to see waves up to the highest frequency, where the force is steep too."""
    steepest = float(torch.cat(slopes(scheme, x, t)).max())
    nodes = 17 / (2 * math.pi) * (highest * float(scheme.dynamics.noise(scheme.step_size, t)) * (1 + steepest) + depth)
    return max(0, math.ceil(math.log(nodes / 60) / math.log(1.25)))


def one_step_moments(scheme: Scheme, x: Tensor, t: float, level: int = 1) -> tuple[Tensor, Tensor]:
    """E(X' - c) and E(X' - c)^2 with c = centre(x), for every start point."""
    if any(draw.layered for draw in scheme.draws.values()):
        return midpoint_moments(scheme, x, t)
    at = cubature(scheme, level, x.device, t=t)
    mean, factor = _gaussian(scheme, x, t, at)
    shift = mean - centre(scheme, x, t)[:, None]
    return (shift * at.weights).sum(-1), ((shift**2 + factor**2) * at.weights).sum(-1)


def mean_square(scheme: Scheme, x: Tensor, t: float, middle: float) -> Tensor:
    """E (X' - middle)^2 from every start point."""
    shift, square = one_step_moments(scheme, x, t)
    offset = centre(scheme, x, t) - middle
    return offset**2 + 2 * offset * shift + square


def _rows(scheme: Scheme, x: Tensor, t: float, spacing: float, count: int, at: Cubature) -> Tensor:
    mean, factor = _gaussian(scheme, x, t, at)
    phase = spacing * (mean - centre(scheme, x, t)[:, None])
    damping = (spacing * factor) ** 2 / 2
    ratio = polar(torch.exp(-damping), phase)
    slow = torch.exp(-2 * damping)
    term = at.weights.to(ratio.dtype).expand_as(ratio).clone()
    result = torch.empty((x.shape[0], count), dtype=ratio.dtype, device=x.device)
    for k in range(count):
        result[:, k] = term.sum(-1)
        term *= ratio
        ratio *= slow
    return result


def _gaussian(scheme: Scheme, x: Tensor, t: float, at: Cubature) -> tuple[Tensor, Tensor]:
    mean, factor = scheme.step(x[:, None], t, at.draws)
    shape = (x.shape[0], len(at))
    return mean.expand(shape), torch.as_tensor(factor, dtype=x.dtype, device=x.device).expand(shape)
