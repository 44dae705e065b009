"""The leading error of a scheme's stationary law, by quadrature: the order and every constant.

If one step is exp(a L) + a^(p+1) A + ..., its stationary law is pi (1 + a^p phi + ...) with L phi = -A*1 and
E_pi phi = 0. Then KL = a^(2p) Var(phi)/2, TV = a^p E|phi|/2 and W2 = a^p |phi|_{H^-1(pi)}.
The phi below are derived symbolically in theory.expansion.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from pmmtheory.errors import InvalidParameter, count_or_infinity, positive
from pmmtheory.laws.grid import absolute_integral, cell_integrals, cumulative, interpolate
from pmmtheory.schemes import EulerMaruyama, PoissonMidpoint, RandomizedMidpoint, Scheme
from pmmtheory.targets import Gaussian
from pmmtheory.targets.line import LineTarget


@dataclass(frozen=True)
class LeadingTerm:
    """The stationary law pi (1 + step^order phi + ...) and the constants that follow.

    Attributes
    ----------
    order : int
        p: TV and W2 fall like step^p, KL like step^(2p).
    kl, tv, w2 : float
        The limits of KL/step^(2p), TV/step^p and W2/step^p.
    """

    order: int
    kl: float
    tv: float
    w2: float
    phi: Callable[[Tensor], Tensor]


def leading_term(
    scheme: type[Scheme], target: LineTarget, substeps: float = math.inf, midpoints: str = "bernoulli", substeps_times_step: float | None = None
) -> LeadingTerm:
    """The leading term of a scheme on a smooth one-dimensional target, overdamped.

    Parameters
    ----------
    scheme : EulerMaruyama, RandomizedMidpoint or PoissonMidpoint
    target : target on the line
    substeps, midpoints
        K and the kind of midpoints, for PoissonMidpoint.
    substeps_times_step : float, optional
        For PoissonMidpoint with K = c/step: this c. The terms of order step/K and step^2 then join.

    Raises
    ------
    InvalidParameter
        For a scheme without a known leading term, or a target not on the line.

    Examples
    --------
    >>> from pmmtheory.targets import Gaussian
    >>> term = leading_term(EulerMaruyama, Gaussian())
    >>> term.order, round(term.kl, 10), round(term.w2, 10)     # variance 1 + step/2: KL = step^2/16, W2 = step/4
    (1, 0.0625, 0.25)
    """
    if not isinstance(target, LineTarget) or target.dim != 1:
        raise InvalidParameter("target", getattr(target, "name", target), "a target on the line")
    if issubclass(scheme, EulerMaruyama):
        return _term(target, 1, _euler)
    superconvergent = isinstance(target, Gaussian)
    if issubclass(scheme, RandomizedMidpoint):
        return _term(target, 3, _gaussian_randomized) if superconvergent else _term(target, 2, _randomized)
    if not issubclass(scheme, PoissonMidpoint):
        raise InvalidParameter("scheme", scheme.__name__, "EulerMaruyama, RandomizedMidpoint or PoissonMidpoint")
    if midpoints not in ("bernoulli", "single"):
        raise InvalidParameter("midpoints", midpoints, '"bernoulli" or "single"')
    second = _poisson if midpoints == "bernoulli" else _randomized
    if substeps_times_step is not None:
        c = positive("substeps_times_step", substeps_times_step)
        return _term(target, 2, lambda grid: _euler(grid) / c + second(grid))
    k = count_or_infinity("substeps", substeps)
    if k == math.inf and midpoints == "single" and superconvergent:
        return _term(target, 3, _gaussian_randomized)
    return _term(target, 2, second) if k == math.inf else _term(target, 1, lambda grid: _euler(grid) / k)


@dataclass(frozen=True)
class _Grid:
    """F' and F'' of a target on a fine uniform grid of its support."""

    spacing: float
    slope: Tensor
    curvature: Tensor

    def antiderivative(self, values: Tensor) -> Tensor:
        cells = cell_integrals(values, self.spacing)
        return torch.cat([values.new_zeros(1), torch.cumsum(cells, 0)])


def _euler(grid: _Grid) -> Tensor:
    """|F'|^2/4 - F''/2."""
    return grid.slope**2 / 4 - grid.curvature / 2


def _randomized(grid: _Grid) -> Tensor:
    """-F''^2/12."""
    return -(grid.curvature**2) / 12


def _gaussian_randomized(grid: _Grid) -> Tensor:
    """He_2/12 + He_4/96 of the standardised variable, times lam^3: on a Gaussian of curvature lam order 2 vanishes.

    The relative error of the variance is (a lam)^3/6; the law is a scale mixture whose random variance has relative
    variance (a lam)^3/12, so that the fourth cumulant enters at the same order.
    """
    lam = grid.curvature
    square = grid.slope**2 / lam
    return lam**3 * ((square - 1) / 12 + (square**2 - 6 * square + 3) / 96)


def _poisson(grid: _Grid) -> Tensor:
    """-(5/12) F''^2 + (1/3) int F''^2 F' dx."""
    return -5 / 12 * grid.curvature**2 + grid.antiderivative(grid.curvature**2 * grid.slope) / 3


def _term(target: LineTarget, order: int, phi: Callable[[_Grid], Tensor]) -> LeadingTerm:
    low, high = target.quadrature.low, target.quadrature.high
    n = max(2001, math.ceil((high - low) * 40 * math.sqrt(min(float(target.smoothness), 1e6))))
    x = torch.linspace(low, high, n, dtype=torch.float64)
    spacing = float(x[1] - x[0])
    values = phi(_Grid(spacing, -target.drift(x), target.curvature(x)))
    density = target.density(x)
    values = values - (values * density).sum() / density.sum()
    if float(values.abs().max()) < 1e-10 * float(target.smoothness) ** order:
        raise InvalidParameter("target", target.name, f"one whose error of order {order} does not vanish")
    weighted = values * density
    flow = cumulative(weighted, spacing)
    return LeadingTerm(
        order=order,
        kl=float((values * weighted).sum()) * spacing / 2,
        tv=absolute_integral(weighted, low, spacing) / 2,
        w2=math.sqrt(float((flow**2 / density).sum()) * spacing),
        phi=lambda points: interpolate(values, low, spacing, points),
    )
