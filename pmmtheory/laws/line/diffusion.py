"""The exact law of the overdamped Langevin diffusion itself: the reference for chains after a fixed time."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from pmmtheory.errors import InvalidParameter, NotConverged, positive
from pmmtheory.laws.line.law import LineLaw
from pmmtheory.numerics.devices import known_device
from pmmtheory.numerics.interpolation import finer
from pmmtheory.targets.line import LineTarget, on_the_line

_LEVELS = 5
_LARGEST = 2500
_EPS = 2.0**-52
_DECAYED = 34.0

_FINER = 2
"""How much finer than the grid of the computation the law is tabulated: what evolves is band limited."""


def diffusion_law(target: LineTarget, initial: LineTarget, time: float, rtol: float = 1e-9, device: str = "cpu") -> LineLaw:
    """The law at `time` of dX = -F'(X) dt + sqrt(2) dB started from `initial`.

    p_t = sqrt(pi) exp(-t H) (p_0 / sqrt(pi)) with the Schroedinger operator H = -d^2/dx^2 + F'^2/4 - F''/2, whose second
    derivative is that of trigonometric interpolation on a uniform grid: spectrally accurate where p_0/sqrt(pi) decays. The errors of the law are
    "resolution", the distance to the law on a coarser grid over a smaller box; "ends"; "rounding", of the eigenvalues over the time or the
    relaxation time, times the norm of p_0/sqrt(pi); and "ground state", by which the lowest eigenvalue misses zero.

    Raises
    ------
    InvalidParameter
        If F' jumps: F'' then has a point mass, which no grid sees.
    NotConverged
        If the errors do not fall to rtol, e.g. when `initial` is more than twice as wide as `target`, or either has features too narrow for a uniform grid.

    Examples
    --------
    >>> from pmmtheory.targets import Gaussian
    >>> law = diffusion_law(Gaussian(), Gaussian(1.0, 0.5), time=0.3)
    >>> round(law.mean / math.exp(-0.3), 10), round((1 - law.covariance) / math.exp(-0.6), 10)
    (1.0, 0.5)
    """
    duration, rtol, place = positive("time", time), positive("rtol", rtol), known_device(device)
    what = "the law of the diffusion"
    require_bounded_curvature(on_the_line(target))
    ends = _box(target, on_the_line(initial, "initial"))
    if ends is None:
        raise NotConverged(f"{what} from a start so wide that p_0/sqrt(pi) does not decay", math.nan, rtol)
    law, reached = _at_level(target, initial, duration, 0, ends, place, what), math.inf
    for level in range(1, _LEVELS):
        law = _at_level(target, initial, duration, level, ends, place, what).resolved_by(law)
        reached = min(reached, law.numerical_error)
        if law.numerical_error <= rtol:
            return law
    raise NotConverged(what, reached, rtol)


def spectral_gap(target: LineTarget) -> float:
    """The smallest positive eigenvalue of the diffusion's generator: the best Poincare constant of the target, to 1e-6.

    Raises
    ------
    InvalidParameter
        If F' jumps.
    NotConverged
        If boxes of one and 1.3 times the support, or two grids, disagree by more than 1e-6, as boxes do for a continuous spectrum (exponential tails),
        or the gap is below the rounding of the eigenvalues (modes far apart).

    Examples
    --------
    >>> from pmmtheory.targets import Gaussian
    >>> round(spectral_gap(Gaussian(0.0, 1 / 1.7)), 9)
    1.7
    """
    require_bounded_curvature(on_the_line(target))
    (gap, error), (wider, _), (finer, _) = (_gap_in_box(target, level, factor) for level, factor in ((1, 1.0), (1, 1.3), (2, 1.1)))
    if not error <= 1e-6 * gap:
        raise NotConverged("the spectral gap of the diffusion (rounding and lowest eigenvalue, relative to the gap)", error / abs(gap), 1e-6)
    if not abs(gap - finer) <= 1e-6 * gap and abs(gap - finer) > 2 * abs(gap - wider):
        raise NotConverged("the spectral gap of the diffusion (relative difference of two grids)", abs(gap - finer) / gap, 1e-6)
    if not max(abs(gap - wider), abs(gap - finer)) <= 1e-6 * gap:
        raise NotConverged("the spectral gap of the diffusion (relative difference of two boxes)", abs(gap - wider) / gap, 1e-6)
    return gap


def require_bounded_curvature(target: LineTarget) -> None:
    """Raise InvalidParameter where F' jumps."""
    for place, jump in zip(target.quadrature.kinks, target.quadrature.jumps, strict=True):
        if jump:
            raise InvalidParameter("target", target.name, f"a target whose F' does not jump, as it does at {place:g}")


def _gap_in_box(target: LineTarget, level: int, factor: float) -> tuple[float, float]:
    """The gap, and its rounding together with what the lowest eigenvalue, which is zero, is off by."""
    low, high = _stretched(target.quadrature.low, target.quadrature.high, factor)
    spacing, x = _grid((target,), low, high, level, "cpu", "the spectral gap of the diffusion")
    energies = torch.linalg.eigvalsh(_schroedinger(target, x, spacing))
    return float(energies[1] - energies[0]), abs(float(energies[0])) + 4 * _EPS * float(energies[-1])


def _at_level(target: LineTarget, initial: LineTarget, time: float, level: int, ends: tuple[float, float], device: str, what: str) -> LineLaw:
    low, high = _stretched(*ends, 1.02 + 0.04 * level)
    spacing, x = _grid((target, initial), low, high, level, device, what)
    energies, states = torch.linalg.eigh(_schroedinger(target, x, spacing))
    start = torch.exp(initial.log_density(x) - target.log_density(x) / 2)
    evolved = states @ (torch.exp(-time * (energies - energies[0])) * (states.T @ start))
    between = x[0] + spacing / _FINER * torch.arange(_FINER * len(x), dtype=x.dtype, device=x.device)
    law = LineLaw(between, torch.exp(target.log_density(between) / 2) * finer(evolved, _FINER), target.density)
    size = float(torch.linalg.vector_norm(start)) * math.sqrt(spacing)
    gap, rounding = float(energies[1] - energies[0]), 4 * _EPS * float(energies[-1])
    memory = min(time, 1 / gap) if gap > 10 * rounding else time
    law.errors["rounding"] = size * (rounding * memory + 8 * _EPS) / 2
    law.errors["ground state"] = max(0.0, abs(float(energies[0])) - rounding) * memory
    return law


def _box(target: LineTarget, initial: LineTarget) -> tuple[float, float] | None:
    """The supports of both, moved outwards by up to six times until p_0/sqrt(pi) has decayed at the ends; None where it has not."""
    low = min(target.quadrature.low, initial.quadrature.low)
    high = max(target.quadrature.high, initial.quadrature.high)
    middle, half = (low + high) / 2, (high - low) / 2
    t = torch.linspace(-6, 6, 2401, dtype=torch.float64)
    x = middle + half * t
    size = initial.log_density(x) - target.log_density(x) / 2
    peak = float(size[t.abs() <= 1].max())
    inside = torch.nonzero((t.abs() <= 1) | (size > peak - _DECAYED)).flatten()
    if inside[0] == 0 or inside[-1] == len(t) - 1:
        return None
    return float(x[inside[0]]), float(x[inside[-1]])


def _stretched(low: float, high: float, factor: float) -> tuple[float, float]:
    more = (factor - 1) * (high - low) / 2
    return low - more, high + more


def _grid(targets: tuple[LineTarget, ...], low: float, high: float, level: int, device: str, what: str) -> tuple[float, Tensor]:
    """A spacing, and an odd number of points over the box."""
    steepest = max(t._extreme_curvature(1.0) for t in targets)
    n = math.ceil((high - low) / (0.3 / math.sqrt(steepest)) * 1.25**level) // 2 * 2 + 1
    if n > _LARGEST:
        raise NotConverged(f"{what} of {targets[0].name}, whose narrowest feature takes a grid of {n} points,", math.nan, 1e-9)
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
