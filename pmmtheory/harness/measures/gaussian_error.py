"""The distances of a scheme's stationary law from the Gaussian target in any dimension."""

from __future__ import annotations

import math
from collections.abc import Callable

import torch
from torch import Tensor

from pmmtheory.divergences import kl, tv, w2
from pmmtheory.errors import InvalidParameter
from pmmtheory.estimate import Estimate
from pmmtheory.harness.catalogue import build_gaussian, build_scheme
from pmmtheory.laws import LinearLaw, stationary_law
from pmmtheory.laws.gaussian.random_variance import VarianceRule
from pmmtheory.targets import Gaussian


def measure(
    device: str,
    target: str,
    scheme: str,
    step_size: float,
    dim: int = 1,
    part: str = "position",
    friction: float | None = None,
    substeps: float | str | None = None,
    midpoints: str | None = None,
) -> dict[str, Estimate]:
    """kl, tv and w2 of the position or the velocity, with bounds on them and what sets them apart from a Gaussian; of the joint law kl and w2.

    `uniform` is (E (sqrt(v) - 1)^2)^(1/2) for the random variance v in units of the target's, and `w2_bound` is that times sqrt(d variance):
    one step sqrt(v) Z -> Z bounds W2 in every dimension. `kl_bound` is d E(v - 1 - log v)/2, by convexity. `excess` is
    |KL/(d m^2/4) - 1| with m = E v - 1: small where the law is as good as Gaussian.
    """
    if part not in ("position", "velocity", "joint"):
        raise InvalidParameter("part", part, '"position", "velocity" or "joint"')
    goal = build_gaussian(target, dim)
    law = stationary_law(build_scheme(scheme, target, step_size, substeps, midpoints, friction, dim), device=device, engine="gaussian")
    if part == "joint":
        if not law.gaussian:
            raise InvalidParameter("part", part, '"position" or "velocity" where midpoints are random')
        return {"kl": kl(law, goal), "w2": w2(law, goal)}
    piece: LinearLaw = getattr(law, part)
    reference = goal if part == "position" else Gaussian(dim=dim)
    found = {"kl": kl(piece, reference), "tv": tv(piece, reference), "w2": w2(piece, reference)}
    return found | _beside(piece, float(reference.variances[0]), found["kl"])


def uniform(law: LinearLaw, variance: float) -> Estimate:
    """(E (sqrt(v) - 1)^2)^(1/2) for the random variance v, in units of `variance`."""
    return _root(_expect(law, variance, lambda v: (torch.sqrt(v) - 1) ** 2), law.numerical_error)


def _beside(law: LinearLaw, variance: float, divergence: Estimate) -> dict[str, Estimate]:
    """uniform, w2_bound, kl_bound and excess."""
    d, error = law.dim, law.numerical_error
    apart = uniform(law, variance)
    bound = _expect(law, variance, lambda v: v - 1 - torch.log(v))
    found = {
        "uniform": apart,
        "w2_bound": _times(math.sqrt(d * variance), apart),
        "kl_bound": _times(d / 2, Estimate(bound.value, bound.error + 2 * error * math.sqrt(bound.value), bound.method)),
    }
    mean = float(law.blocks[0, 0, 0]) / variance - 1
    if abs(mean) > 100 * error:
        ratio = divergence.value / (d / 4 * mean**2)
        found["excess"] = Estimate(abs(ratio - 1), ratio * (divergence.relative_error + 2 * error / abs(mean)), "exact law")
    return found


def _expect(law: LinearLaw, variance: float, f: Callable[[Tensor], Tensor]) -> Estimate:
    """E f of the random variance by six nodes, with what they change against four, and what coarser rules for the midpoints of a step change by four."""

    def by(rule: Callable[[int], tuple[Tensor, Tensor]], nodes: int) -> float:
        v, weights = (torch.atleast_1d(part) for part in rule(nodes))
        return float((f(v / variance) * weights).sum())

    value, fewer = by(law.mixture, 6), by(law.mixture, 4)
    coarser = [by(rule.coarser, 4) for rule in law.mixtures if isinstance(rule, VarianceRule)]
    error = abs(value - fewer) + sum(abs(fewer - other) for other in coarser)
    return Estimate(value, error + 1e-15 * abs(value), "Gauss rule of the random variance")


def _root(square: Estimate, error: float) -> Estimate:
    root = math.sqrt(square.value)
    return Estimate(root, square.error / (2 * root) + error if root else error, square.method)


def _times(factor: float, estimate: Estimate) -> Estimate:
    return Estimate(factor * estimate.value, factor * estimate.error, estimate.method)
