"""Moments of a law in space by importance sampling: independent draws of a wider law, weighted, with standard errors that hold."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from pmmtheory.errors import NotConverged
from pmmtheory.targets.target import generator

_LEAST = 500.0
"""Independent draws that the weighted ones must be worth: below it standard errors are not to be trusted."""

_SHARE = 0.2
"""And what share of their number: few large weights make standard errors too small."""

_ROUNDS = 12
"""Rounds of draws in which their centre and covariance may be found."""

_AT_ONCE = 4096
"""Points whose potential is asked for at once."""


@dataclass(frozen=True)
class Weighted:
    """Self-normalised averages over weighted draws, each with its standard error.

    With shares w_k that sum to 1 and m = sum_k w_k f(x_k), the standard error is (sum_k w_k^2 (f(x_k) - m)^2)^(1/2).

    Attributes
    ----------
    mean, mean_error : tensors (d,)
    covariance, covariance_error : tensors (d, d)
    log_normaliser, log_normaliser_error : floats
        log int exp(-F).
    effective : float
        How many independent draws of the law itself these are worth, 1/sum_k w_k^2.
    """

    mean: Tensor
    mean_error: Tensor
    covariance: Tensor
    covariance_error: Tensor
    log_normaliser: float
    log_normaliser_error: float
    effective: float


def weighted(potential: Callable[[Tensor], Tensor], centre: Tensor, covariance: Tensor, n: int, seed: int, what: str) -> Weighted:
    """Moments of exp(-F)/Z from n draws of a Student law, whose centre and covariance are found from n/4 draws at a time before.

    The tails of F must be at least quadratic: weights are bounded then, and the central limit theorem holds.

    Raises
    ------
    NotConverged
        Where the draws are worth fewer than 500, or than a fifth of their number.

    Source: Owen, "Monte Carlo theory, methods and examples", chapter 9.
    """
    draw, goal = generator(seed), 20.0 * len(centre) + 100  # enough to know a covariance
    plain = 0
    for _ in range(_ROUNDS):
        first, power = _average(potential, *_drawn(centre, covariance, max(n // 4, 1000), draw), goal)
        centre, covariance = first.mean, first.covariance
        plain += power == 1
        if plain == 3:  # each knows the covariance better
            break
    found, _ = _average(potential, *_drawn(centre, covariance, n, draw))
    reached = 1 / math.sqrt(found.effective)
    if not reached <= wanted(n):
        raise NotConverged(f"moments of {what} by {n} weighted draws", reached, wanted(n), "its law is too far from a Student law")
    return found


def wanted(n: int) -> float:
    """The standard error, in standard deviations of the law, that n weighted draws must reach to be trusted."""
    return 1 / math.sqrt(max(_LEAST, _SHARE * n))


def _drawn(centre: Tensor, covariance: Tensor, n: int, draw: torch.Generator) -> tuple[Tensor, Tensor]:
    """Draws (n, d) of a Student law of d + 5 degrees of freedom, and the logarithms of its density there."""
    dim, free = len(centre), len(centre) + 5
    root = torch.linalg.cholesky(covariance)
    z = torch.randn((n, dim), generator=draw, dtype=torch.float64)
    square = (torch.randn((n, free), generator=draw, dtype=torch.float64) ** 2).sum(-1, keepdim=True) / free
    y = z / torch.sqrt(square)
    level = math.lgamma((free + dim) / 2) - math.lgamma(free / 2) - dim / 2 * math.log(free * math.pi) - float(torch.log(root.diagonal()).sum())
    return centre + y @ root.T, level - (free + dim) / 2 * torch.log1p((y * y).sum(-1) / free)


def _average(potential: Callable[[Tensor], Tensor], x: Tensor, log_density: Tensor, goal: float = 0.0) -> tuple[Weighted, float]:
    """Weighted averages, with weights to the power at which they are worth a number of draws: of a law on the way to the one asked for, where it is below 1."""
    n, power = len(x), 1.0
    log_weight = -torch.cat([potential(part) for part in x.split(_AT_ONCE)]) - log_density
    while power > 1e-3 and float(2 * torch.logsumexp(power * log_weight, 0) - torch.logsumexp(2 * power * log_weight, 0)) < math.log(max(goal, 1)):
        power /= 2
    log_weight = power * log_weight
    total = torch.logsumexp(log_weight, 0)
    share = torch.exp(log_weight - total)
    effective = 1 / float((share**2).sum())
    mean = share @ x
    centred = x - mean
    covariance = (centred.T * share) @ centred
    # sum w^2 (c_i c_j - C_ij)^2, opened up: no array of (n, d, d)
    squared = (centred.T**2 * share**2) @ centred**2 - 2 * covariance * ((centred.T * share**2) @ centred) + covariance**2 / effective
    spread = math.sqrt(max(n / effective - 1, 0.0) / n)
    error = torch.sqrt((centred**2 * share[:, None] ** 2).sum(0))
    return Weighted(mean, error, covariance, torch.sqrt(squared.clamp_min(0)), float(total) - math.log(n), spread, effective), power
