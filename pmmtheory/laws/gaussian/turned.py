"""What a law on a Gaussian with a full covariance matrix does not know: the variances on its axes, found to a few units of the largest."""

from __future__ import annotations

import math
from collections.abc import Callable

import torch
from torch import Tensor

from pmmtheory.errors import NotConverged
from pmmtheory.schemes import Scheme

Law = Callable[[Tensor], Tensor | None]
"""The covariances (d, s, s) for other variances (d,); None where there are none."""


def by_axes(found: Tensor, variances: Tensor, unsure: float, law: Law) -> Tensor:
    """By how much the covariances found change with variances that are off by so much, and the variances themselves, (d,)."""
    worst = torch.zeros_like(variances)
    if unsure == 0:
        return worst
    for moved in (variances - unsure, variances + unsure):
        other = law(moved) if bool((moved > 0).all()) else None
        if other is None:
            return torch.full_like(variances, math.inf)
        worst = torch.maximum(worst, changes(found, other))
    return worst + unsure / variances


def changes(covariances: Tensor, others: Tensor) -> Tensor:
    """The largest change of an entry on every axis, relative to the variances it belongs to, (d,)."""
    width = torch.sqrt(torch.diagonal(covariances, dim1=-2, dim2=-1))
    return ((covariances - others).abs() / (width[..., :, None] * width[..., None, :])).amax((-2, -1))


def with_axes(errors: dict[str, float], axes: Tensor, scheme: Scheme, rtol: float) -> tuple[dict[str, float], Tensor | None]:
    """The errors with what is not known of the axes, and their sum on every one; these are no less for more work, and may be above rtol."""
    if not bool((axes > 0).any()):
        return errors, None
    if not bool(torch.isfinite(axes).all()):
        raise NotConverged(f"the covariance of {scheme.name}, on axes that are known too badly for its step,", math.inf, rtol)
    return errors | {"axes": float(axes.max())}, axes + sum(errors.values())
