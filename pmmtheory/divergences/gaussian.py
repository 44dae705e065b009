"""Closed forms between Gaussians in any dimension, from the factors of their covariances.

A covariance given as a matrix is known through its eigenvalues and axes, which are exact for a matrix that differs from it by a few
units of rounding of its norm: the part "axes" of an error is what such a change does to the distance, "rounding" the rest.
"""

from __future__ import annotations

import math
from functools import cached_property

import torch
from torch import Tensor

from pmmtheory.divergences.gaussian_line import tv_line_gaussian
from pmmtheory.divergences.gaussian_power import EPS, closed_form, power_sum, surplus
from pmmtheory.errors import InvalidParameter
from pmmtheory.estimate import Estimate
from pmmtheory.targets import Gaussian


def kl_gaussian(p: Gaussian, q: Gaussian) -> Estimate:
    """(sum (r - 1 - log r) + |B^-1 (m_p - m_q)|^2) / 2 over the eigenvalues r of Q^-1 P, with Q = B B'."""
    pair = _Pair("kl", p, q)
    x, eta = pair.excess, pair.uncertain
    square = float((pair.pull**2).sum())
    spread = float(surplus(x, pair.ratio).sum())
    carried = float((x.abs() * eta - eta - torch.log1p(-eta)).sum())
    if not pair.common:  # apart from each other, the trace and the determinant know more
        trace, logs = float((x + 1).sum()), torch.cat([torch.log(pair.a), torch.log(pair.b)])
        other = pair.known * (trace + 2 * p.dim) + EPS * (trace + 2 * p.dim + 2 * float(logs.abs().sum()))
        if not carried <= other:
            spread, carried = trace - p.dim - float(torch.log(pair.a).sum() - torch.log(pair.b).sum()), other
    axes = (carried + square * 2 * pair.known) / 2
    value = (spread + square) / 2
    return closed_form("kl", p.name, value, axes=axes, rounding=16 * EPS * value)


def w2_gaussian(p: Gaussian, q: Gaussian) -> Estimate:
    """(|m_p - m_q|^2 + min |A - B U|^2)^(1/2) over rotations U, with P = A A' and Q = B B'.

    The rotation comes from the singular vectors of B'A: an error there enters by its square alone, and near laws keep their digits.
    """
    pair = _Pair("w2", p, q)
    a, b = torch.sqrt(pair.a), torch.sqrt(pair.b)
    lost, short = 4 * EPS * pair.gap_of_roots, 0.0
    if pair.common:
        moved = pair.gap_of_roots
    else:
        left, sigma, right = torch.linalg.svd(b[:, None] * pair.overlap * a)
        moved = float(torch.linalg.matrix_norm(pair.overlap * a - b[:, None] * (left @ right)))
        unit = EPS * (4 + 2 * math.sqrt(p.dim))
        slack = unit * float(a.max() * b.max())
        short = float((4 * slack**2 / (sigma + slack)).sum())
        lost = unit * float(torch.linalg.vector_norm(a) + torch.linalg.vector_norm(b))
    shift = float(torch.linalg.vector_norm(pair.shift))
    value = math.hypot(shift, moved)
    lost = min(math.sqrt(short), short / moved if moved else math.inf) + lost
    factors = [] if pair.same else [(pair.a, pair.off_p), (pair.b, pair.off_q)]
    axes = sum(math.sqrt(float(torch.minimum(torch.full_like(v, e), e * e / v).sum())) for v, e in factors)
    return closed_form("w2", p.name, value, axes=_in_hypot(value, moved, axes), rounding=_in_hypot(value, moved, lost) + 4 * EPS * value)


def chi2_gaussian(p: Gaussian, q: Gaussian) -> Estimate:
    """exp(sum (t^2/(2 - r) - log(r (2 - r))/2)) - 1 over the eigenvalues r of Q^-1 P, t = B^-1 (m_p - m_q) on their axes; infinite unless all r < 2."""
    pair = _Pair("chi2", p, q)
    x, t, eta = pair.excess, pair.pull, pair.uncertain
    if not float(x.max()) < 1:
        raise InvalidParameter("law", p.name, "laws whose chi2 is finite")
    off = pair.ratio * eta + 4 * EPS * x.abs()
    room = 1 - x - off - 2 * pair.known * (3 + x)
    if not float(room.min()) > 0:
        raise InvalidParameter("law", p.name, "laws whose chi2 is surely finite: rounding may hide a direction in which it has twice the variance of the other")
    log = float((t * t / (1 - x) - torch.log1p(-x * x) / 2).sum())
    wider = (x.abs() + off).clamp_max(1 - 1e-16)
    carried = float((t * t * (2 * off + 6 * pair.known) / ((1 - x) * room) + (torch.log1p(-x * x) - torch.log1p(-wider * wider)) / 2).sum())
    if not log + carried < 709:
        raise InvalidParameter("law", p.name, "laws whose chi2 is finite in double precision: below 1e308")
    value = math.expm1(log)
    return closed_form("chi2", p.name, value, axes=(1 + value) * math.expm1(carried), rounding=4 * EPS * (1 + value) * log)


def log_power_gaussian(p: Gaussian, q: Gaussian, order: float) -> Estimate:
    """log int p^a q^(1 - a), a the order; infinite unless a P^-1 + (1 - a) Q^-1 is positive definite."""
    name = f"renyi of order {order:g}"
    pair = _Pair(name, p, q)
    value, carried, digits = power_sum(order, pair.excess, pair.ratio, pair.pull**2, pair.uncertain, pair.known, p.name)
    return closed_form(name, p.name, value, axes=carried, rounding=digits)


def w1_gaussian(p: Gaussian, q: Gaussian) -> Estimate:
    """On the line E |m + s Z| with m the difference of the means and s that of the standard deviations."""
    shift, a, b = p.mean - q.mean, p.covariance, q.covariance
    spread = abs(a - b) / (math.sqrt(a) + math.sqrt(b))
    value = folded(abs(shift), spread)
    rounding = EPS * (abs(p.mean) + abs(q.mean)) * (shift != 0) + 16 * EPS * value
    return closed_form("w1", p.name, value, rounding=rounding)


def folded(shift: float, spread: float) -> float:
    """E |shift + spread Z| for a standard normal Z."""
    if spread == 0:
        return shift
    z = shift / spread
    return spread * math.sqrt(2 / math.pi) * math.exp(-z * z / 2) + shift * math.erf(z / math.sqrt(2))


def tv_gaussian(p: Gaussian, q: Gaussian) -> Estimate:
    """Half of int |p - q| for d = 1, exact at the crossings."""
    value, error = tv_line_gaussian((q.mean - p.mean) / math.sqrt(p.covariance), (q.covariance - p.covariance) / p.covariance, q.covariance / p.covariance)
    return Estimate.of(value, "closed form", rounding=error)


class _Pair:
    """Two Gaussians by their variances a and b on axes of their own.

    Attributes
    ----------
    common : bool
        Whether one set of axes serves both.
    same : bool
        Whether the factors of both covariances are one.
    off_p, off_q : float
        By how much a covariance may differ from its factors, in norm.
    """

    def __init__(self, name: str, p: Gaussian, q: Gaussian):
        self.name, self.p = name, p
        self.a, self.b = p.variances, q.variances
        self.shift = (torch.as_tensor(p.mean, dtype=torch.float64) - torch.as_tensor(q.mean, dtype=torch.float64)).reshape(-1)
        together = (p.axes is None and q.axes is None) or (p.axes is not None and q.axes is not None and torch.equal(p.axes, q.axes))
        self.common = together or p.isotropic or q.isotropic
        self.same = together and torch.equal(self.a, self.b)
        self.off_p, self.off_q = p.unsure, q.unsure
        self._axes = (p.axes if together or q.isotropic else q.axes), q.axes

    @cached_property
    def overlap(self) -> Tensor:
        """U'V for the axes V of p and U of q."""
        own, other = (torch.eye(g, dtype=torch.float64) if axes is None else axes for g, axes in ((len(self.a), self.p.axes), (len(self.a), self._axes[1])))
        turned: Tensor = other.T @ own
        return turned

    @property
    def gap_of_roots(self) -> float:
        """|P^1/2 - Q^1/2| where the axes are common."""
        return float(torch.linalg.vector_norm((self.a - self.b) / (torch.sqrt(self.a) + torch.sqrt(self.b))))

    @cached_property
    def known(self) -> float:
        """A bound on the relative error of every r, as forms: of both covariances, and of the product of their factors."""
        p, q = self.off_p / float(self.a.min()), self.off_q / float(self.b.min())
        product = 0.0 if self.common else 2 * EPS * (4 + 2 * math.sqrt(len(self.a))) * math.sqrt(min(float(v.max() / v.min()) for v in (self.a, self.b)))
        if not p + q + product < 0.25:
            allowed = f"covariances that are known well enough for {self.name}: their condition numbers leave no digits"
            raise InvalidParameter("covariance", f"a matrix with eigenvalues from {float(self.a.min()):.3g} to {float(self.a.max()):.3g}", allowed)
        return (p + q) / (1 - q) + product

    @cached_property
    def _whitened(self) -> tuple[Tensor, Tensor]:
        """The singular vectors and values of B^-1 A."""
        left, sigma, _ = torch.linalg.svd(self.overlap * torch.sqrt(self.a) / torch.sqrt(self.b)[:, None])
        return left, sigma

    @cached_property
    def excess(self) -> Tensor:
        """r - 1."""
        sigma = None if self.common else self._whitened[1]
        apart: Tensor = (self.a - self.b) / self.b if sigma is None else (sigma - 1) * (sigma + 1)
        return apart

    @property
    def ratio(self) -> Tensor:
        """r."""
        return self.a / self.b if self.common else self._whitened[1] ** 2

    @cached_property
    def uncertain(self) -> Tensor:
        """The relative error of every r; at most 1/2, which says that it is not known."""
        if self.common:
            return torch.full_like(self.a, 0.0 if self.same else self.known)
        sigma = self._whitened[1]
        return (self.known + EPS * (8 + 4 * math.sqrt(len(sigma))) * sigma.max() / sigma.clamp_min(1e-300)).clamp_max(0.5)

    @cached_property
    def pull(self) -> Tensor:
        """B^-1 (m_p - m_q) on the axes of r."""
        axes = self._axes[0 if self.common else 1]
        turned = (self.shift if axes is None else self.shift @ axes) / torch.sqrt(self.b)
        return turned if self.common else turned @ self._whitened[0]


def _in_hypot(value: float, part: float, change: float) -> float:
    """What a change of one part of a root of squares does to it."""
    top = change * (2 * part + change)
    return top / (value + math.sqrt(value * value + top)) if top else 0.0
