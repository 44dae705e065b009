"""The stationary covariance P = E R P R' + E Q of a random affine step, and what rounding does to it; in units of the widths of the target."""

from __future__ import annotations

import torch
from torch import Tensor

from pmmtheory.laws.gaussian.mean_after import UNIT
from pmmtheory.laws.step.poisson_moments import StepMoments


def stationary_covariance(moments: StepMoments, widths: Tensor) -> Tensor:
    """P on every axis, (axes, s, s): the widths of its blocks there, (axes, s), keep the equations of a size."""
    square, noise, pairs = _scaled(moments, widths)
    solved: Tensor = torch.linalg.solve(_eye(square) - square, noise) * pairs
    return solved.reshape(moments.noise.shape)


def rounding(moments: StepMoments, found: Tensor, widths: Tensor) -> float:
    """What P is off by, relative to its own widths: |1 - E R (x) R|^-1 times the residual and what rounding does to the terms of the equation.

    The entries of R and the factors of Q come from differences of states, so that in units of the widths of the target they are known to eps. R P
    and Q are what such errors are multiplied by: they can be small where forces have cancelled, as at the edge of stability.
    """
    square, noise, pairs = _scaled(moments, widths)
    p, axes, s = found.reshape(noise.shape) / pairs, *widths.shape
    residual = (p - square @ p - noise).abs() + UNIT * (p.abs() + square.abs() @ p.abs() + noise.abs())
    largest = (moments.mean * widths[:, None, :] / widths[:, :, None]).abs().amax((-2, -1), keepdim=True).clamp_min(1.0)
    block, pushes = p.reshape(axes, s, s), square.reshape(axes, s, s, s, s).diagonal(dim1=1, dim2=2)
    moved = torch.sqrt(torch.einsum("akli,akj,alj->aij", pushes, block, block).clamp_min(0)).sum(-1, keepdim=True) * largest
    thrown = torch.sqrt(noise.reshape(axes, s, s).diagonal(dim1=-2, dim2=-1))[..., None]
    thrown = thrown * thrown.amax(1, keepdim=True)
    terms = residual + UNIT * (moved + moved.mT + thrown + thrown.mT).reshape(noise.shape)
    off = torch.linalg.inv(_eye(square) - square).abs() @ terms
    return float((off * pairs / _pairs(torch.sqrt(torch.diagonal(found, dim1=-2, dim2=-1)))).max())


def _scaled(moments: StepMoments, widths: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """E R (x) R and E Q in units of products of widths, and these."""
    pairs = _pairs(widths)
    return moments.square / pairs * pairs.mT, moments.noise.reshape(pairs.shape) / pairs, pairs


def _pairs(widths: Tensor) -> Tensor:
    """Products of two widths on every axis, a column (axes, s^2, 1)."""
    return (widths[:, :, None] * widths[:, None, :]).reshape(len(widths), -1, 1)


def _eye(square: Tensor) -> Tensor:
    return torch.eye(square.shape[-1], dtype=square.dtype, device=square.device)
