"""Distances of a law in the plane from a target or another law, and the sliced Wasserstein distance."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from pmmtheory.divergences.line import between as on_line
from pmmtheory.divergences.line import entropy
from pmmtheory.divergences.samples import w2_samples
from pmmtheory.errors import InvalidParameter, count
from pmmtheory.estimate import Estimate
from pmmtheory.laws import PlanarLaw
from pmmtheory.targets import Target

Reference = Target | PlanarLaw


def between(name: str, law: PlanarLaw, other: Reference) -> Estimate:
    """kl, tv or chi2; the error bounds what a law and its coarser resolution can differ by, as in divergences.line.between."""
    if name not in _DISTANCES:
        raise InvalidParameter("law", f"a law in the plane for {name}", "kl, tv or chi2 there; sliced_w2, or the laws on the line of law.along(direction)")
    distance = _DISTANCES[name]
    value = distance(law, other, 2)
    error = abs(value - distance(law, other, 1)) + 4e-16 * abs(value)
    for part in (law, other):
        if isinstance(part, PlanarLaw) and part.coarse is not None:
            change = abs(distance(part, part.coarse, 1))
            error += change if name == "tv" else 2 * math.sqrt(abs(value) * change) + change
    return Estimate(value, error, "exact law in the plane")


def sliced(law: PlanarLaw | Tensor, other: Target, directions: int) -> Estimate:
    """The root mean square over directions, equally spaced in the half circle, of W2 between the marginals."""
    angles = [math.pi * (k + 0.5) / count("directions", directions) for k in range(directions)]
    found = []
    for angle in angles:
        unit = [math.cos(angle), math.sin(angle)]
        if isinstance(law, PlanarLaw):
            found.append(on_line("w2", law.along(unit), other.along(unit)))  # type: ignore[arg-type]
        else:
            found.append(w2_samples(law.to(torch.float64) @ torch.tensor(unit, dtype=torch.float64), other.along(unit)))
    value = math.sqrt(sum(part.value**2 for part in found) / directions)
    error = math.sqrt(sum(part.error**2 for part in found) / directions)  # of a root mean square, by the triangle inequality
    return Estimate(value, error, found[0].method.replace("on the line", "in the plane"))


def kl_planar(law: PlanarLaw, other: Reference, times: int) -> float:
    """int q ((1 + r) log(1 + r) - r) with r = p/q - 1."""
    return _integral(law, other, times, lambda r, q: q * entropy(r))


def chi2_planar(law: PlanarLaw, other: Reference, times: int) -> float:
    """int q r^2."""
    return _integral(law, other, times, lambda r, q: q * r * r)


def tv_planar(law: PlanarLaw, other: Reference, times: int) -> float:
    """int |p - q| / 2, by the trapezoid rule on a finer grid for the kinks."""
    axes = law.finer(2 * times)
    return float(torch.abs(law.on(axes) - _density(other, axes)).sum()) * law.cell / (2 * times) ** 2 / 2


_DISTANCES: dict[str, Callable[[PlanarLaw, Reference, int], float]] = {"kl": kl_planar, "tv": tv_planar, "chi2": chi2_planar}


def _integral(law: PlanarLaw, other: Reference, times: int, integrand: Callable[[Tensor, Tensor], Tensor]) -> float:
    """Where p or q is rounding it is left out."""
    axes = law.finer(times)
    p, q = law.on(axes), _density(other, axes)
    kept = (q > 1e-300) if isinstance(other, Target) else (p > 1e-14 * p.max()) & (q > 1e-14 * q.max())
    r = torch.where(kept, p / q.clamp_min(1e-300) - 1, 0.0).clamp_min(-1.0)
    return float(integrand(r, torch.where(kept, q, 0.0)).sum()) * law.cell / times**2


def _density(other: Any, axes: tuple[Tensor, Tensor]) -> Tensor:
    if isinstance(other, PlanarLaw):
        return other.on(axes)
    density: Tensor = other.density(torch.stack(torch.meshgrid(*axes, indexing="ij"), -1))
    return density
