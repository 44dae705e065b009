"""Distances of laws on Gaussian targets in any dimension, axis by axis or along the radius."""

from __future__ import annotations

import math
from collections.abc import Callable

import torch
from torch import Tensor

from pmmtheory.divergences.radial import Radial
from pmmtheory.errors import InvalidParameter, NotConverged
from pmmtheory.estimate import Estimate
from pmmtheory.laws import LinearLaw
from pmmtheory.targets import Gaussian

_NODES = (2, 3, 4, 6, 8, 12, 16, 20, 24)
"""Numbers of nodes for the random variance that are tried in turn."""

_RULES = 1e-9
"""What refining the rules for the midpoints of one step may change a distance by, relative to it; seen below 1e-10 for step * curvature up to 0.2."""

_GOAL, _ROUNDED, _WORST = 3e-9, 1e-6, 1e-2
"""Relative changes between two of them: what is enough, below which they no longer fall for rounding, and the largest that is reported instead of raised."""


def between(name: str, law: LinearLaw, other: Gaussian | LinearLaw) -> Estimate:
    """The distance `name` of a law from its target (times N(0, I) for the velocity) or from another law on the same axes."""
    reference = other if isinstance(other, LinearLaw) else _invariant(law, other)
    if reference.dim != law.dim or reference.size != law.size or not _same_axes(law, reference):
        raise InvalidParameter("other", f"{other.dim} dimensions", f"a law or target in {law.dim} dimensions with the axes of the law and its blocks")
    if law.gaussian and reference.gaussian and name in _GAUSSIAN:
        value = _GAUSSIAN[name](law, reference)
        slope = law.numerical_error + reference.numerical_error
        return Estimate(value, _carried(name, value, slope, law), "closed form")
    if law.size > 1:
        raise InvalidParameter("law", law.words, f"a law of one block, such as .position, for the {name} of a mixture or in total variation")
    if not (reference.gaussian and reference.isotropic and torch.equal(law.centre, reference.centre)):
        raise InvalidParameter("other", f"a law for the {name} of a mixture or in total variation", "an isotropic Gaussian with the same mean")
    return _along_radius(name, law, float(reference.blocks[0]))


def kl_blocks(law: LinearLaw, other: LinearLaw) -> float:
    """Sum over the axes of (tr(B^-1 A) - s + m' B^-1 m - log det(B^-1 A)) / 2."""
    root = torch.linalg.cholesky(other.blocks)
    inverse = torch.linalg.inv(root)
    ratio = torch.linalg.eigvalsh(inverse @ (law.blocks - other.blocks) @ inverse.mT)
    shift = inverse @ _offset(law, other)[..., None]
    return (float((ratio - torch.log1p(ratio)).sum()) + float((shift**2).sum())) / 2


def w2_blocks(law: LinearLaw, other: LinearLaw) -> float:
    """(|m|^2 + sum over the axes of tr (T - I) A (T - I))^(1/2) with the optimal map T = A^-1/2 (A^1/2 B A^1/2)^1/2 A^-1/2.

    With A^1/2 B A^1/2 = A^2 + D, the root is A + Y where A Y + Y A + Y^2 = D: solved for Y itself, which keeps the digits of near laws.
    """
    values, vectors = torch.linalg.eigh(law.blocks)
    root = vectors @ torch.diag_embed(torch.sqrt(values)) @ vectors.mT
    change = vectors.mT @ root @ (other.blocks - law.blocks) @ root @ vectors
    step = _root_change(values, change)
    moved_root = step / torch.sqrt(values)[:, :, None]
    return math.sqrt(float((moved_root**2).sum()) + float((_offset(law, other) ** 2).sum()))


def _root_change(values: Tensor, change: Tensor) -> Tensor:
    """Y with (diag(values) + Y)^2 = diag(values)^2 + change: by iteration where the change is small, else by eigenvalues."""
    sums = values[:, :, None] + values[:, None, :]
    step: Tensor = change / sums
    for _ in range(60 if float((step.abs() / sums).max()) < 0.1 else 0):
        new = (change - step @ step) / sums
        moved, step = float((new - step).abs().max()), new
        if moved <= 1e-16 * float(step.abs().max()):
            return step
    whole = torch.linalg.eigh(torch.diag_embed(values**2) + change)
    root = whole.eigenvectors @ torch.diag_embed(torch.sqrt(whole.eigenvalues.clamp_min(0))) @ whole.eigenvectors.mT
    found: Tensor = root - torch.diag_embed(values)
    return found


_GAUSSIAN: dict[str, Callable[[LinearLaw, LinearLaw], float]] = {"kl": kl_blocks, "w2": w2_blocks}


def _along_radius(name: str, law: LinearLaw, variance: float) -> Estimate:
    """By one integral, with as many nodes for the random variance as the distance needs."""
    if law.gaussian:
        value = _radial(name, law, 1, variance)
        return Estimate(value, _carried(name, value, law.numerical_error, law) + 1e-12 * value + _of_kinks(name, law, 1, variance, value), "radial integral")
    value, change, used = _radial(name, law, _NODES[0], variance), math.inf, _NODES[0]
    for nodes in _NODES[1:]:
        try:
            new = _radial(name, law, nodes, variance)
        except NotConverged:  # the moments have no digits left for so many nodes
            break
        if change <= _ROUNDED * value and abs(new - value) >= change:
            break
        value, change, used = new, abs(new - value), nodes
        if change <= max(_GOAL * value, _carried(name, value, law.numerical_error, law)):
            break
    if not change <= _WORST * value:
        raise NotConverged(f"the {name} of a scale mixture in dimension {law.dim}", change / value, _WORST)
    error = change + _RULES * value + _carried(name, value, law.numerical_error, law) + _of_kinks(name, law, used, variance, value)
    return Estimate(value, error, "radial integral over the random variance")


def _of_kinks(name: str, law: LinearLaw, nodes: int, variance: float, value: float) -> float:
    """What the crossings of p and q may cost a total variation: the change on a coarser grid."""
    return abs(value - _radial(name, law, nodes, variance, 1.3)) if name == "tv" else 0.0


def _radial(name: str, law: LinearLaw, nodes: int, variance: float, coarser: float = 1.0) -> float:
    variances, weights = (torch.atleast_1d(part) for part in law.mixture(nodes))
    value = float(getattr(Radial(law.dim, variances, weights, variance, coarser), name))
    if not math.isfinite(value):
        raise InvalidParameter("law", law.words, f"laws whose {name} is finite")
    return value


def _carried(name: str, value: float, relative: float, law: LinearLaw) -> float:
    """What a relative error e of every variance does to first order: W2, TV <= sqrt(d) e, KL <= sqrt(d KL) e + d e^2."""
    root = math.sqrt(law.dim * law.size)
    scale = math.sqrt(float(law.blocks.diagonal(dim1=-2, dim2=-1).max())) if name == "w2" else 1.0
    if name in ("w2", "tv"):
        return root * relative * scale + 4e-16 * value
    return 2 * root * relative * math.sqrt(abs(value)) + (root * relative) ** 2 + 4e-16 * abs(value)


def _offset(law: LinearLaw, other: LinearLaw) -> Tensor:
    """The difference of the means on each axis, (d, s)."""
    offset = law.centre - other.centre
    return (offset if law.axes is None else offset @ law.axes).T


def _invariant(law: LinearLaw, target: Gaussian) -> LinearLaw:
    """The target, times N(0, I) where the law has velocities, on the blocks of the law."""
    device = law.blocks.device
    blocks = torch.eye(law.size, dtype=torch.float64, device=device).repeat(target.dim, 1, 1)
    blocks[:, 0, 0] = target.variances.to(device)
    centre = torch.zeros((law.size, target.dim), dtype=torch.float64, device=device)
    centre[0] = torch.as_tensor(target.mean, dtype=torch.float64)
    return LinearLaw(centre, blocks, None if target.axes is None else target.axes.to(device), True, 0.0)


def _same_axes(one: LinearLaw, other: LinearLaw) -> bool:
    if one.axes is None or other.axes is None:
        isotropic = one.size == 1 and (one.isotropic and one.axes is None or other.isotropic and other.axes is None)
        return one.axes is other.axes or isotropic
    return bool(torch.allclose(one.axes, other.axes, atol=1e-12))
