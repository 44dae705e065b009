"""What a law on a Gaussian with a full covariance matrix does not know: the variances on its axes, found to a few units of the largest."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import replace

import torch
from torch import Tensor

from pmmtheory.errors import NotConverged
from pmmtheory.laws.gaussian.inhomogeneous import Moments
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


def by_axes_of(begin: Moments, found: Sequence[Moments], unsure: float, path: Callable[[Moments], list[Moments]]) -> list[tuple[Tensor, Tensor]]:
    """The same where steps depend on time, after every number of steps: (d,) of the covariances, relative, and (d,) of the means, in any direction.

    Other axes have other shares of the mean: every axis is given the whole length of it, at the start and in the data, of either sign. `path` has the
    moments from other ones at the start, and `found` those from these.
    """
    d, variances = len(begin.variances), begin.variances
    none, unknown = torch.zeros_like(variances), torch.full_like(variances, math.inf)
    if unsure == 0:
        return [(none, none)] * len(found)
    if not bool((variances > unsure).all()):
        return [(unknown, unknown)] * len(found)
    first, centre = torch.linalg.vector_norm(begin.mean, dim=0), torch.linalg.vector_norm(begin.centres)
    covariances, means = torch.zeros((2, len(found), d), dtype=variances.dtype)
    for sign in (1.0, -1.0) if bool(first.any() and centre > 0) else (1.0,):
        whole = replace(begin, mean=first.expand_as(begin.mean), centres=(sign * centre).expand(d))
        plain = path(whole) if bool(first.any() or centre > 0) else found
        for moved in (variances - unsure, variances + unsure):
            for k, (here, there) in enumerate(zip(plain, path(replace(whole, variances=moved)), strict=True)):
                covariances[k] = torch.maximum(covariances[k], changes(here.spread[:, :1, :1], there.spread[:, :1, :1]))
                means[k] = torch.maximum(means[k], (there.mean - here.mean)[:, 0].abs().max())
    return [(covariance + unsure / variances, mean) for covariance, mean in zip(covariances, means, strict=True)]


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
