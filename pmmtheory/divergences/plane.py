"""Distances of a law in the plane from a target or another law, and the sliced Wasserstein distance."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from pmmtheory.divergences.comparison import Comparison
from pmmtheory.divergences.line import between as on_line
from pmmtheory.divergences.line import entropy
from pmmtheory.divergences.plane_tv import tv_plane
from pmmtheory.divergences.samples import w2_samples
from pmmtheory.errors import InvalidParameter, count
from pmmtheory.estimate import Estimate
from pmmtheory.laws import PlanarLaw
from pmmtheory.targets import Target

Reference = Target | PlanarLaw
Integrand = Callable[[Tensor, Tensor], Tensor]
"""Of p and log q, without the mass of q where p is zero."""

_METHOD = "exact law in the plane"


def between(name: str, law: PlanarLaw, other: Reference) -> Estimate:
    """kl, tv or chi2, with an error that is the sum of named parts.

    "resolution": for tv, what the laws are off by; else what the distance to the coarser law gives, and the difference of the values with
    it. "reference": what the values of another law are off by. "tails": what the outermost part of the grid holds, for what is beyond it.
    "kinks": of the quadrature of |p - q|.
    """
    if name == "tv":
        value, kinks = tv_plane(law, other)
        reference = other.numerical_error if isinstance(other, PlanarLaw) else 0.0
        return Estimate.of(value, _METHOD, resolution=law.numerical_error, reference=reference, kinks=kinks, rounding=1e-15)
    if name not in _INTEGRANDS:
        raise InvalidParameter("law", f"a law in the plane for {name}", "kl, tv or chi2 there; sliced_w2, or the laws on the line of law.along(direction)")
    integrand = _INTEGRANDS[name]
    value, tails, reference = _integral(name, law, other, integrand)
    coarse = law.coarse if law.coarse is not None else law
    change = abs(_integral(name, law, coarse, integrand)[0])
    apart = abs(value - _integral(name, coarse, other, integrand)[0])
    lost = law.errors["ends"] + law.errors.get("start", 0.0)
    parts = {"resolution": 2 * math.sqrt(abs(value) * change) + change + apart, "ends": 2 * lost * (1 + abs(value))}
    return Estimate.of(value, _METHOD, **parts, tails=tails, reference=reference, rounding=1e-14 * (1 + abs(value)))


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


def kl_integrand(p: Tensor, log_q: Tensor) -> Tensor:
    """p log(p/q) - p + q, from p/q - 1 where that is small."""
    q = torch.exp(log_q)
    r = p / q.clamp_min(1e-300) - 1
    return torch.where(r.abs() < 0.5, q * entropy(r.clamp(-0.5, 0.5)), torch.xlogy(p, p) - torch.where(p > 0, p * log_q, 0.0) - p + q)


def chi2_integrand(p: Tensor, log_q: Tensor) -> Tensor:
    """(p - q)^2 / q."""
    q = torch.exp(log_q)
    r = p / q.clamp_min(1e-300) - 1
    return torch.where(p < 2 * q, q * r * r, torch.exp(2 * torch.log(p.clamp_min(1e-300)) - log_q) - 2 * p + q)


_INTEGRANDS: dict[str, Integrand] = {"kl": kl_integrand, "chi2": chi2_integrand}


def _integral(name: str, law: PlanarLaw, other: Reference, integrand: Integrand) -> tuple[float, float, float]:
    """The integral, what its tails may hold, and what the other law may change of it.

    Raises
    ------
    InvalidParameter
        Where the integrand does not decay before the law ends, or the law has mass where the other is not known.
    """
    axes = law.finer(_times(law, other))
    cell = math.prod(float(axis[1] - axis[0]) for axis in axes)
    p = law.on(axes).clamp_min(0.0)
    log_q, unknown = (other.log_density(_points(axes)), torch.zeros_like(p, dtype=torch.bool)) if isinstance(other, Target) else _log_values(other, axes)
    known = ~unknown
    values = torch.where(known, integrand(p, torch.where(known, log_q, 0.0)), 0.0)
    beyond = max(0.0, 1 - float(torch.exp(log_q[known]).sum()) * cell)
    value = float(values.sum()) * cell + beyond
    reference = 0.0
    if isinstance(other, PlanarLaw):
        hidden = float(p[unknown].sum()) * cell
        worth = 50.0 if name == "kl" else 10 * float((p / torch.exp(log_q))[known & (p > 0)].max()) if bool(known.any()) else math.inf
        reference = hidden * worth if hidden > 0 else 0.0
        if not (reference < 0.05 * value or reference < 1e-6):
            raise InvalidParameter("law", f"{hidden:.2g} of its mass where the other is not known", f"two laws that overlap, for {name}; tv serves any")
        if other.coarse is not None:
            coarse, _ = _log_values(other.coarse, axes, floor=True)
            shift = torch.where(known, log_q - coarse, 0.0)
            weight = p if name == "kl" else torch.exp(2 * torch.log(p.clamp_min(1e-300)) - log_q)
            reference += float((weight * shift.abs().clamp_max(1.0))[known].sum()) * cell
    margins = [1 + len(axis) // 12 for axis in axes]
    rest = torch.where(known, values - torch.exp(log_q), 0.0).abs()  # without q, whose whole mass is one
    tails = float(rest.sum() - rest[margins[0] : -margins[0], margins[1] : -margins[1]].sum()) * cell
    if isinstance(other, Target) and tails > 0.05 * value and tails > 1e-10:
        raise InvalidParameter("law", "tails too heavy for the other", f"laws whose {name} is finite: the integrand does not decay before the law ends")
    return value, tails, reference


def _times(law: PlanarLaw, other: Reference) -> int:
    """How many times as fine a grid must be to see the other one too."""
    if isinstance(other, PlanarLaw):
        return max(1, *(math.ceil(own / theirs - 1e-9) for own, theirs in zip(law.spacings, other.spacings, strict=True)))
    narrowest = math.sqrt(float(other.variances.min()))  # type: ignore[attr-defined]
    return max(1, math.ceil(max(law.spacings) / (0.8 * narrowest)))


def _log_values(law: PlanarLaw, axes: tuple[Tensor, Tensor], floor: bool = False) -> tuple[Tensor, Tensor]:
    """The log density on a grid, and where it is not known: beyond the law's own, or where its two resolutions disagree by more than half."""
    q = law.on(axes)
    unknown = q <= 1e-14 * law.values.max()
    if law.coarse is not None and not floor:
        unknown = unknown | ((q - law.coarse.on(axes)).abs() > 0.5 * q)
    return torch.log(q.clamp_min(1e-300)), unknown


def _points(axes: tuple[Tensor, Tensor]) -> Tensor:
    return torch.stack(torch.meshgrid(*axes, indexing="ij"), -1)


class InPlane(Comparison):
    """Laws in R^2, or such a law and a target."""

    def takes(self, name: str, law: Any, other: Any) -> bool:
        return isinstance(law, PlanarLaw) and (isinstance(other, PlanarLaw) or (isinstance(other, Target) and other.dim == 2))

    def between(self, name: str, law: Any, other: Any, order: float) -> Estimate:
        return between(name, law, other)
