"""Closed forms between Gaussian laws whose covariances are blocks on common axes."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from pmmtheory.divergences.gaussian import folded
from pmmtheory.divergences.gaussian_line import tv_line_gaussian
from pmmtheory.divergences.gaussian_power import EPS, closed_form, power_sum, surplus
from pmmtheory.errors import NotConverged
from pmmtheory.estimate import Estimate
from pmmtheory.laws import LinearLaw


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
    mean = float((torch.sqrt(square) * torch.sqrt(change) + change).sum())
    return closed_form("kl", law.words, value, covariance=covariance, mean=mean, rounding=4 * _rounding(law, other) * value)


def log_power_blocks(law: LinearLaw, other: LinearLaw, order: float) -> Estimate:
    """log int p^a q^(1 - a), a the order, summed over the axes; infinite unless a A^-1 + (1 - a) B^-1 is positive definite."""
    inverse = torch.linalg.inv(torch.linalg.cholesky(other.blocks))
    x, turn = torch.linalg.eigh(inverse @ (law.blocks - other.blocks) @ inverse.mT)
    ratio = (law.blocks / other.blocks)[..., 0] if law.size == 1 else 1 + x
    offset, unsure = _offset(law, other)
    pull, doubt = ((part @ shift[..., None])[..., 0] for part, shift in ((turn.mT @ inverse, offset), ((turn.mT @ inverse).abs(), unsure)))
    e = (_relative(law, other, "renyi") + (0.0 if law.size == 1 else _rounding(law, other)))[:, None].expand_as(x)
    value, covariance, digits = power_sum(order, x, ratio, pull**2, e, e, law.words)
    wide = (2 * pull.abs() + doubt) * doubt
    mean = power_sum(order, x, ratio, pull**2 + wide, e, e, law.words)[0] - value
    return closed_form(f"renyi of order {order:g}", law.words, value, covariance=covariance, mean=abs(mean), rounding=digits)


def tv_line_blocks(law: LinearLaw, other: LinearLaw) -> Estimate:
    """TV of two Gaussians on the line; a relative error e of a variance moves it by e at most, and a shift of either by as many of its deviations."""
    own, variance = float(law.blocks[0, 0, 0]), float(other.blocks[0, 0, 0])
    offset, unsure = (float(part[0, 0]) for part in _offset(law, other))
    value, error = tv_line_gaussian(offset / math.sqrt(variance), (own - variance) / variance, own / variance)
    mean = min(1.0, unsure / math.sqrt(max(own, variance)))
    return Estimate.of(value, "closed form", covariance=law.numerical_error + other.numerical_error, mean=mean, rounding=error + 4 * EPS)


def w1_line_blocks(law: LinearLaw, other: LinearLaw) -> Estimate:
    """W1 of two Gaussians on the line; a relative error e of a variance moves a standard deviation by e/2 of it."""
    a, b = float(law.blocks[0, 0, 0]), float(other.blocks[0, 0, 0])
    offset, unsure = (float(part[0, 0]) for part in _offset(law, other))
    value = folded(abs(offset), abs(a - b) / (math.sqrt(a) + math.sqrt(b)))
    covariance = law.numerical_error * math.sqrt(a) + other.numerical_error * math.sqrt(b)
    return closed_form("w1", law.words, value, covariance=covariance, mean=unsure, rounding=16 * EPS * value)


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
    return closed_form("w2", law.words, value, covariance=_carried_w2(law) + _carried_w2(other), mean=mean, rounding=rounding + 4 * EPS * value)


def w2_given(frechet: Estimate, other: LinearLaw, low: Tensor, high: Tensor) -> Estimate:
    """Above W2 of a law that is Gaussian with deviations S given its random times: (sum over the axes of E (S - s)^2 + |m|^2)^(1/2), s those of the other.

    Given the times X = S Z and Y = s Z with one Z is a coupling of the two laws on every axis. E (S - s)^2 is ((E S^2)^(1/2) - s)^2, which is in the
    Frechet distance, and 2 s ((E S^2)^(1/2) - E S); low and high are bounds on E S, the second of them (E S^2)^(1/2).
    """
    deviations = other.blocks[:, 0, 0].sqrt()
    added = 2 * float((deviations * (high - low)).sum())
    return Estimate.of(math.sqrt(frechet.value**2 + added), "coupling given the midpoints", **frechet.parts)


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
    e = law.size * law.axis_errors
    x = e / _correlation(law).clamp_min(1e-300)
    share = torch.minimum(x / (2 * (1 - x.clamp_max(0.5))), torch.sqrt(e))
    return math.sqrt(float((torch.einsum("kii->k", law.blocks) * share**2).sum()))


def _offset(law: LinearLaw, other: LinearLaw) -> tuple[Tensor, Tensor]:
    """The difference of the means on each axis, (d, s), and what of it may be rounding."""
    offset = law.centre - other.centre
    unsure = torch.where(offset == 0, 0.0, 2 * EPS * (law.centre.abs() + other.centre.abs()))
    own = _mean_off(law, law) + _mean_off(other, law)
    if law.axes is None:
        return offset.T, (unsure + own).T
    size = 4 * EPS * torch.linalg.vector_norm(offset, dim=-1, keepdim=True) + torch.linalg.vector_norm(unsure, dim=-1, keepdim=True)
    return (offset @ law.axes).T, (size + own).T


def _mean_off(part: LinearLaw, law: LinearLaw) -> Tensor:
    """What the mean of one law may be off by on the axes of another, (s, d)."""
    if part.mean_off is None:
        return torch.zeros_like(law.centre)
    off = part.mean_off.to(law.centre.device)
    return off if (part.axes is None) == (law.axes is None) else torch.linalg.vector_norm(off, dim=-1, keepdim=True).expand_as(off)
