"""Distances of laws on Gaussian targets in any dimension, axis by axis or along the radius."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from pmmtheory.divergences.comparison import Comparison
from pmmtheory.divergences.gaussian import EPS, surplus
from pmmtheory.divergences.gaussian_line import tv_line_gaussian
from pmmtheory.divergences.radial import Radial
from pmmtheory.errors import InvalidParameter, NotConverged
from pmmtheory.estimate import Estimate
from pmmtheory.laws import LinearLaw
from pmmtheory.laws.gaussian.law import Mixture
from pmmtheory.targets import Gaussian

_NODES = (2, 3, 4, 6, 8, 12, 16, 20, 24)
"""Numbers of nodes for the random variance that are tried in turn."""

_GOAL, _ROUNDED, _WORST = 3e-9, 1e-6, 1e-2
"""Relative changes between two of them: what is enough, below which they no longer fall for rounding, and the largest that is reported instead of raised."""

_CAUTION = 3.0
"""How many times what a geometric sum of the changes leaves may be left: the numbers of nodes are not evenly spaced, and neither do the changes fall evenly."""

_WIDER = 1.37
"""By how much the grid of the second radial integral is coarser."""


def between(name: str, law: LinearLaw, other: Gaussian | LinearLaw) -> Estimate:
    """The distance `name` of a law from its target (times N(0, I) for the velocity) or from another law on the same axes."""
    reference = other if isinstance(other, LinearLaw) else _invariant(law, other)
    if reference.dim != law.dim or reference.size != law.size or not _same_axes(law, reference):
        raise InvalidParameter("other", f"{other.dim} dimensions", f"a law or target in {law.dim} dimensions with the axes of the law and its blocks")
    if law.gaussian and reference.gaussian and name in _GAUSSIAN:
        return _GAUSSIAN[name](law, reference)
    if name == "tv" and law.size == law.dim == 1 and law.gaussian and reference.gaussian:
        return _tv_on_line(law, reference)
    if law.size > 1:
        raise InvalidParameter("law", law.words, f"a law of one block, such as .position, for the {name} of a mixture or in total variation")
    if not (reference.gaussian and reference.isotropic and torch.equal(law.centre, reference.centre)):
        raise InvalidParameter("other", f"a law for the {name} of a mixture or in total variation", "an isotropic Gaussian with the same mean")
    return _along_radius(name, law, float(reference.blocks[0]))


def kl_blocks(law: LinearLaw, other: LinearLaw) -> Estimate:
    """Sum over the axes of (tr(B^-1 A) - s + m' B^-1 m - log det(B^-1 A)) / 2."""
    root = torch.linalg.cholesky(other.blocks)
    inverse = torch.linalg.inv(root)
    x = torch.linalg.eigvalsh(inverse @ (law.blocks - other.blocks) @ inverse.mT)
    ratio = (law.blocks / other.blocks)[..., 0] if law.size == 1 else (1 + x).clamp_min(0.1)
    far = x.sum(-1) - (torch.logdet(law.blocks) - torch.logdet(other.blocks))
    spread = torch.where((x.abs() < 0.5).all(-1) | (law.size == 1), surplus(x, ratio).sum(-1), far)
    offset, unsure = _offset(law, other)
    square = (inverse @ offset[..., None])[..., 0].square().sum(-1)
    change = (inverse.abs() @ unsure[..., None])[..., 0].square().sum(-1)
    value = float(spread.sum() + square.sum()) / 2
    e = _relative(law, other, "kl")
    covariance = float((x.abs() * e[:, None] - e[:, None] - torch.log1p(-e[:, None])).sum() + (square * 2 * e).sum()) / 2
    mean = float((torch.sqrt(square * change) + change).sum())
    return Estimate.of(value, "closed form", covariance=covariance, mean=mean, rounding=4 * _rounding(law, other) * value)


def _tv_on_line(law: LinearLaw, other: LinearLaw) -> Estimate:
    """TV of two Gaussians on the line; a relative error e of a variance moves it by e at most, and a shift by as many deviations."""
    variance = float(other.blocks[0, 0, 0])
    offset, unsure = (float(part[0, 0]) / math.sqrt(variance) for part in _offset(law, other))
    value, error = tv_line_gaussian(offset, float(law.blocks[0, 0, 0] - other.blocks[0, 0, 0]) / variance, float(law.blocks[0, 0, 0]) / variance)
    return Estimate.of(value, "closed form", covariance=law.numerical_error + other.numerical_error, mean=unsure, rounding=error + 4 * EPS)


def w2_blocks(law: LinearLaw, other: LinearLaw) -> Estimate:
    """(|m|^2 + sum over the axes of |A^1/2 - B^1/2 U|^2)^(1/2), U the rotation that brings the roots nearest.

    Near blocks by the optimal map T: with A^1/2 B A^1/2 = A^2 + D, the root is A + Y where A Y + Y A + Y^2 = D, solved for Y itself; others by U.
    """
    values, vectors = torch.linalg.eigh(law.blocks)
    root = vectors @ torch.diag_embed(torch.sqrt(values)) @ vectors.mT
    change = vectors.mT @ root @ (other.blocks - law.blocks) @ root @ vectors
    step, settled = _root_change(values, change)
    near = (step / torch.sqrt(values)[:, :, None]).square().sum((-2, -1)).sqrt()
    near_off = torch.where(settled, 64 * EPS * near * torch.sqrt(values[:, -1] / values[:, 0]), math.inf)
    other_root = torch.linalg.cholesky(other.blocks)
    left, sigma, right = torch.linalg.svd(other_root.mT @ root)
    far = (root - other_root @ left @ right).square().sum((-2, -1)).sqrt()
    slack = 16 * EPS * torch.sqrt(torch.einsum("kii->k", law.blocks) * torch.einsum("kii->k", other.blocks))
    short = (4 * slack[:, None] ** 2 / (sigma + slack[:, None])).sum(-1)
    far_off = 16 * EPS * (torch.einsum("kii->k", law.blocks).sqrt() + torch.einsum("kii->k", other.blocks).sqrt()) + short.sqrt()
    if law.size == 1:
        near = ((law.blocks - other.blocks) / (law.blocks.sqrt() + other.blocks.sqrt())).abs()[:, 0, 0]
        near_off = 8 * EPS * near
    moved, off = torch.where(near_off < far_off, near, far), torch.minimum(near_off, far_off)
    offset, unsure = _offset(law, other)
    value = math.sqrt(float((moved**2).sum() + (offset**2).sum()))
    rounding = float((moved * off).sum()) / value + float(off.square().sum().sqrt()) * 1e-3 if value else float(off.square().sum().sqrt())
    mean = float(unsure.square().sum().sqrt())
    return Estimate.of(value, "closed form", covariance=_carried_w2(law) + _carried_w2(other), mean=mean, rounding=rounding + 4 * EPS * value)


def _root_change(values: Tensor, change: Tensor) -> tuple[Tensor, Tensor]:
    """Y with (diag(values) + Y)^2 = diag(values)^2 + change by iteration, and for every block whether that has settled."""
    sums = values[:, :, None] + values[:, None, :]
    step: Tensor = change / sums
    small = ((step.abs() / sums).amax((-2, -1)) < 0.1)[:, None, None]
    step = torch.where(small, step, 0.0)
    moved = torch.full_like(step, math.inf)
    for _ in range(60):
        new = torch.where(small, (change - step @ step) / sums, 0.0)
        moved, step = (new - step).abs(), new
        if bool((moved <= 1e-16 * step.abs().amax((-2, -1), keepdim=True)).all()):
            break
    settled = small[:, 0, 0] & (moved.amax((-2, -1)) <= 4e-15 * step.abs().amax((-2, -1)))
    return step, settled


_GAUSSIAN: dict[str, Callable[[LinearLaw, LinearLaw], Estimate]] = {"kl": kl_blocks, "w2": w2_blocks}


def _along_radius(name: str, law: LinearLaw, variance: float) -> Estimate:
    """By one integral, with as many nodes for the random variance as the distance needs.

    Parts: "covariance", what the error of the covariances does; "resolution", the change from fewer nodes, carried on at the rate at which
    the changes fall, the change on another grid, and that from coarser rules for the midpoints of a step; "rounding".
    """
    rule = None if law.gaussian else law.mixtures[0] if law.mixtures else None
    if name == "chi2" and not law.gaussian and law.isotropic and law.mixtures and not getattr(rule, "widest", math.inf) < 2 * variance:
        raise InvalidParameter("law", law.words, "laws whose chi2 is surely finite: here the random variance may reach twice that of the target")
    value, resolution, used = _radial(name, law, _NODES[0], variance), 0.0, _NODES[0]
    if not law.gaussian:
        change, ratio = math.inf, 0.5
        for nodes in _NODES[1:]:
            try:
                new = _radial(name, law, nodes, variance)
            except NotConverged:  # the moments have no digits left for so many nodes
                break
            if change <= _ROUNDED * value and abs(new - value) >= change:
                break
            ratio = min(0.9, max(0.5, abs(new - value) / change)) if 0 < change < math.inf else 0.5
            value, change, used = new, abs(new - value), nodes
            if change <= max(_GOAL * value, _carried(name, value, law.numerical_error, law)):
                break
        if not change <= _WORST * value:
            raise NotConverged(f"the {name} of a scale mixture in dimension {law.dim}", change / value, _WORST)
        resolution = _CAUTION * change * ratio / (1 - ratio)
        if (coarser := getattr(rule, "coarser", None)) is not None:
            resolution += abs(value - _radial(name, law, used, variance, rule=coarser))
    if name != "chi2":
        resolution += abs(value - _radial(name, law, used, variance, _WIDER))
    variances, weights = (torch.atleast_1d(part) for part in law.mixture(used))
    rounding = Radial(law.dim, variances.cpu(), weights.cpu(), variance).rounding(name, value)
    method = "radial integral" if law.gaussian else "radial integral over the random variance"
    return Estimate.of(value, method, covariance=_carried(name, value, law.numerical_error, law), resolution=resolution, rounding=rounding)


def _radial(name: str, law: LinearLaw, nodes: int, variance: float, coarser: float = 1.0, rule: Callable[[int], Mixture] | None = None) -> float:
    variances, weights = (torch.atleast_1d(part).cpu() for part in (rule or law.mixture)(nodes))
    value = float(getattr(Radial(law.dim, variances, weights, variance, coarser), name))
    if not math.isfinite(value):
        raise InvalidParameter("law", law.words, f"laws whose {name} is finite")
    return value


def _carried(name: str, value: float, relative: float, law: LinearLaw) -> float:
    """What a relative error e of every variance does to first order: W2, TV <= sqrt(d) e, KL <= sqrt(d KL) e + d e^2; chi2 like exp of the last, with chi2."""
    root = math.sqrt(law.dim * law.size)
    scale = math.sqrt(float(law.blocks.diagonal(dim1=-2, dim2=-1).max())) if name == "w2" else 1.0
    if name in ("w2", "tv"):
        return root * relative * scale
    if name == "chi2":
        return (1 + value) * math.expm1(4 * root * relative * math.sqrt(math.log1p(abs(value))) + (root * relative) ** 2)
    return 2 * root * relative * math.sqrt(abs(value)) + (root * relative) ** 2


def _correlation(law: LinearLaw) -> Tensor:
    """The least eigenvalue of the correlation matrix of every block."""
    width = law.blocks.diagonal(dim1=-2, dim2=-1).sqrt()
    least: Tensor = torch.linalg.eigvalsh(law.blocks / (width[..., :, None] * width[..., None, :]))[..., 0]
    return least


def _relative(law: LinearLaw, other: LinearLaw, name: str) -> Tensor:
    """By how much the ratio of two blocks may be off, as forms, on every axis: the errors of covariances over their correlations' least eigenvalues."""
    one, two = (part.size * part.numerical_error / _correlation(part) for part in (law, other))
    if not float((one + two).max()) < 0.25:
        raise NotConverged(f"the {name} of {law.words}, whose blocks are nearly singular,", float((one + two).max()), 0.25)
    total: Tensor = (one + two) / (1 - two)
    return total


def _rounding(law: LinearLaw, other: LinearLaw) -> float:
    return 64 * EPS / min(1.0, max(1e-16, float(torch.minimum(_correlation(law), _correlation(other)).min())))


def _carried_w2(law: LinearLaw) -> float:
    """W2 between a block and one whose entries differ by e of its widths: at most sqrt(tr A) times x/(2 (1 - x)), x = e/(least correlation), or sqrt(e)."""
    e = law.size * law.numerical_error
    x = e / _correlation(law).clamp_min(1e-300)
    share = (x / (2 * (1 - x.clamp_max(0.5)))).clamp_max(math.sqrt(e))
    return math.sqrt(float((torch.einsum("kii->k", law.blocks) * share**2).sum()))


def _offset(law: LinearLaw, other: LinearLaw) -> tuple[Tensor, Tensor]:
    """The difference of the means on each axis, (d, s), and what of it may be rounding."""
    offset = law.centre - other.centre
    unsure = torch.where(offset == 0, 0.0, 2 * EPS * (law.centre.abs() + other.centre.abs()))
    if law.axes is None:
        return offset.T, unsure.T
    size = 4 * EPS * torch.linalg.vector_norm(offset, dim=-1, keepdim=True) + torch.linalg.vector_norm(unsure, dim=-1, keepdim=True)
    return (offset @ law.axes).T, size.expand_as(offset).T


def _invariant(law: LinearLaw, target: Gaussian) -> LinearLaw:
    """The target, times N(0, I) where the law has velocities, on the blocks of the law."""
    device = law.blocks.device
    blocks = torch.eye(law.size, dtype=torch.float64, device=device).repeat(target.dim, 1, 1)
    blocks[:, 0, 0] = target.variances.to(device)
    centre = torch.zeros((law.size, target.dim), dtype=torch.float64, device=device)
    centre[0] = torch.as_tensor(target.mean, dtype=torch.float64)
    return LinearLaw(centre, blocks, None if target.axes is None else target.axes.to(device), True)


def _same_axes(one: LinearLaw, other: LinearLaw) -> bool:
    if one.axes is None or other.axes is None:
        isotropic = one.size == 1 and (one.isotropic and one.axes is None or other.isotropic and other.axes is None)
        return one.axes is other.axes or isotropic
    return bool(torch.allclose(one.axes, other.axes, atol=1e-12))


class OfGaussians(Comparison):
    """Laws by moments, or such a law and a Gaussian."""

    def takes(self, name: str, law: Any, other: Any) -> bool:
        return isinstance(law, LinearLaw) and isinstance(other, (LinearLaw, Gaussian)) and name != "renyi"

    def between(self, name: str, law: Any, other: Any, order: float) -> Estimate:
        return between(name, law, other)
