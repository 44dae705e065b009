"""The exact law of the overdamped Langevin diffusion itself: the reference for chains after a fixed time."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from pmmtheory.errors import NotConverged, positive
from pmmtheory.laws.line_law import LineLaw
from pmmtheory.targets.line import LineTarget

_LEVELS = 5


def diffusion_law(target: LineTarget, initial: LineTarget, time: float, rtol: float = 1e-9, device: str = "cpu") -> LineLaw:
    """The law at `time` of dX = -F'(X) dt + sqrt(2) dB started from `initial`.

    p_t = sqrt(pi) exp(-t H) (p_0 / sqrt(pi)) with the Schroedinger operator H = -d^2/dx^2 + F'^2/4 - F''/2, whose second
    derivative is that of trigonometric interpolation on a uniform grid: spectrally accurate where p_0/sqrt(pi) decays.

    Raises
    ------
    NotConverged
        If two resolutions do not agree to rtol in total variation, e.g. when `initial` is more than twice as wide as `target`.

    Examples
    --------
    >>> from pmmtheory.targets import Gaussian
    >>> law = diffusion_law(Gaussian(), Gaussian(1.0, 0.5), time=0.3)
    >>> round(law.mean / math.exp(-0.3), 10), round((1 - law.covariance) / math.exp(-0.6), 10)
    (1.0, 0.5)
    """
    duration = positive("time", time)
    law, reached = _at_level(target, initial, duration, 0, device), math.inf
    for level in range(1, _LEVELS):
        law = _at_level(target, initial, duration, level, device).resolved_by(law)
        reached = min(reached, law.numerical_error)
        if law.numerical_error <= rtol:
            return law
    raise NotConverged("the law of the diffusion", reached, rtol)


def spectral_gap(target: LineTarget) -> float:
    """The smallest positive eigenvalue of the diffusion's generator: the best Poincare constant of the target.

    Raises
    ------
    NotConverged
        If boxes of one and 1.3 times the support disagree by more than 1e-6, as they do for a continuous spectrum (exponential tails).

    Examples
    --------
    >>> from pmmtheory.targets import Gaussian
    >>> round(spectral_gap(Gaussian(0.0, 1 / 1.7)), 9)
    1.7
    """
    gap, wider = (_gap_in_box(target, factor) for factor in (1.0, 1.3))
    if not abs(gap - wider) <= 1e-6 * gap:
        raise NotConverged("the spectral gap of the diffusion (relative difference of two boxes)", abs(gap - wider) / gap, 1e-6)
    return gap


def _gap_in_box(target: LineTarget, factor: float) -> float:
    spacing, x = _grid(target, target, 1, "cpu", factor)
    energies = torch.linalg.eigvalsh(_schroedinger(target, x, spacing))
    return float(energies[1] - energies[0])


def _at_level(target: LineTarget, initial: LineTarget, time: float, level: int, device: str) -> LineLaw:
    spacing, x = _grid(target, initial, level, device)
    energies, states = torch.linalg.eigh(_schroedinger(target, x, spacing))
    root = torch.exp(target.log_density(x) / 2)
    start = torch.exp(initial.log_density(x) - target.log_density(x) / 2)
    evolved = states @ (torch.exp(-time * energies) * (states.T @ start))
    return LineLaw(x, root * evolved, target.density)


def _grid(target: LineTarget, initial: LineTarget, level: int, device: str, factor: float = 1.0) -> tuple[float, Tensor]:
    """A spacing, and an odd number of points that cover both supports, stretched by the factor."""
    low = min(target.quadrature.low, initial.quadrature.low)
    high = max(target.quadrature.high, initial.quadrature.high)
    stretch = (factor - 1) * (high - low) / 2
    low, high = low - stretch, high + stretch
    steepest = max(t._extreme_curvature(1.0) for t in (target, initial))
    n = math.ceil((high - low) / (0.3 / math.sqrt(steepest)) * 1.25**level) // 2 * 2 + 1
    spacing = (high - low) / n
    return spacing, low + spacing * torch.arange(n, dtype=torch.float64, device=device)


def _schroedinger(target: LineTarget, x: Tensor, spacing: float) -> Tensor:
    """-d^2/dx^2 + F'^2/4 - F''/2 on the grid."""
    kinetic = _second_derivative(x.shape[0], spacing, str(x.device)).neg_()
    return kinetic + torch.diag(target.drift(x) ** 2 / 4 - target.curvature(x) / 2)


def _second_derivative(n: int, spacing: float, device: str) -> Tensor:
    """The second derivative of the trigonometric interpolant on n (odd) points of a period."""
    frequencies = 2 * math.pi * torch.fft.fftfreq(n, spacing, dtype=torch.float64, device=device)
    spectrum = torch.fft.fft(torch.eye(n, dtype=torch.complex128, device=device), dim=0)
    matrix: Tensor = torch.fft.ifft(-(frequencies[:, None] ** 2) * spectrum, dim=0).real
    return matrix
