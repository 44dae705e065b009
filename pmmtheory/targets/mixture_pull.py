"""The drift of a mixture without arrays of (components, points, d): at points whose coordinates are each contiguous in memory, and for a compiler."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import reduce

import torch
from torch import Tensor

MOST = 64
"""The most numbers of means that are written out one by one."""

FARTHEST = 1024.0
"""The largest |m_k - c|^2/v_k at which squares are expanded: their sum then has a rounding error of some hundred units, near one mode as between them."""


@dataclass(frozen=True)
class PullTerms:
    """What does not depend on the points, about a centre c that is a number of the dtype: (d, 1), (k, d), (k, 1), (k, 1) and (d + 2, k)."""

    centre: Tensor
    slopes: Tensor
    level: Tensor
    half: Tensor | None
    sums: Tensor


def pull_terms(means: Tensor, variances: Tensor, weights: Tensor, like: Tensor) -> PullTerms | None:
    """The terms of components (k, d), (k,), (k,) in float64, rounded once to the dtype of points `like`; None where means are too far apart."""
    centre = (weights @ means).to(like.dtype)
    m, precision = means - centre.double(), 1 / variances
    square = (m * m).sum(1)
    if not float((square * precision).max()) <= FARTHEST:
        return None
    level = torch.log(weights) - means.shape[1] / 2 * torch.log(variances) - square * precision / 2
    equal = bool((variances == variances[0]).all())
    sums = torch.cat([(m * precision[:, None]).T, precision[None], torch.ones_like(precision)[None]])
    parts = (centre[:, None], m * precision[:, None], level[:, None], sums)
    centre, slopes, level, sums = (part.to(device=like.device, dtype=like.dtype) for part in parts)
    return PullTerms(centre, slopes, level, None if equal else (-precision / 2)[:, None].to(slopes), sums)


def across(x: Tensor) -> bool:
    """Whether points (n, d) lie in memory one coordinate after another."""
    return x.ndim == 2 and len(x) > 1 and x.stride() == (1, len(x)) and not x.requires_grad


def pull(x: Tensor, terms: PullTerms) -> Tensor:
    """sum_k r_k (m_k - x)/v_k, r_k = softmax_k(log w_k - |x - m_k|^2/(2 v_k) - d/2 log v_k), of the shape and the layout of x.

    With y = x - c the square is |y|^2 - 2 y.m + |m|^2, m about c too, and |y|^2 is left out where all variances are the same. The result is the drift
    at a point that differs from x by some units of rounding of |x - c| + max |m|.
    """
    y = x.T - terms.centre
    logits = torch.addmm(terms.level, terms.slopes, y)
    if terms.half is not None:
        logits.addmm_(terms.half, (y * y).sum(0, keepdim=True))
    total = terms.sums @ _exponentials(logits.sub_(logits.amax(0)))
    found = total[:-2].sub_(y.mul_(total[-2])).div_(total[-1])
    return found.T


def written_out(gap: Tensor, precision: Tensor, half: Tensor, level: Tensor) -> Tensor:
    """The same, component by component and coordinate by coordinate: a compiler makes a kernel of it that keeps all in registers.

    gap : m_k - x, (k, ..., d); precision, half, level : 1/v_k, -1/(2 v_k) and log w_k - d/2 log v_k, (k, ...). Returns (..., d).
    """
    gaps = [own.unbind(-1) for own in gap]
    logits = [reduce(torch.add, [one * one for one in own]) * h + log for own, h, log in zip(gaps, half, level, strict=True)]
    top = reduce(torch.maximum, logits)
    shares = [torch.exp(logit - top) for logit in logits]
    total, scaled = reduce(torch.add, shares), [share * p for share, p in zip(shares, precision, strict=True)]
    found = [reduce(torch.add, [one * share for one, share in zip(along, scaled, strict=True)]) / total for along in zip(*gaps, strict=True)]
    return torch.stack(found).movedim(0, -1)


def _exponentials(logits: Tensor) -> Tensor:
    """exp in place of numbers up to 0, one of which is 0 in every sum; zero where it underflows, which takes ten times as long to find out."""
    tiny = 4 * torch.finfo(logits.dtype).tiny
    return torch.threshold_(logits.clamp_min_(math.log(tiny)).exp_(), 2 * tiny, 0.0)
