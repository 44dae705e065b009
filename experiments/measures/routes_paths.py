"""KL of coarse paths, next to sums over all sets of midpoints and to quadrature of the densities of a step."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable

import numpy as np

from experiments.measures._routes import apart, compared, held, stated
from experiments.measures._written_out import fine_steps, parts_of_step
from pmmtheory.divergences import path_kl
from pmmtheory.divergences.paths.line import LinePaths
from pmmtheory.divergences.paths.paths import Paths
from pmmtheory.divergences.paths.radii import Begun, radii
from pmmtheory.divergences.paths.step_mixture import StepMixture, step_mixture
from pmmtheory.dynamics import Overdamped
from pmmtheory.estimate import Estimate
from pmmtheory.noise.levels import Numbers
from pmmtheory.schemes import EulerMaruyama, PoissonMidpoint
from pmmtheory.targets import Cosine, Gaussian, Target

_STEP, _WIDTH, _START = 0.25, 0.8, 1.3
_RIPPLE = 0.5, 1.5, 0.3
_MANY = 13
"""Substeps of which sums over the substeps stand for all sets."""
_LONG = 150
"""Steps after which a chain has long become stationary."""


_SETS = ("bernoulli", "single")
_POWERS = ((1, 0), (0, 1), (2, 0), (1, 1), (0, 2), (1, 2), (0, 3))
_WITHIN: dict[str, float] = {
    **{f"kl of coarse paths {where}, {midpoints}": 2e-6 for where in ("in 3 dimensions", "on the line") for midpoints in _SETS},
    **{f"kl of {steps} steps on a rippled target": 1e-7 for steps in (2, 150)},
    **{f"kl of {steps} steps on a rippled target, stated error": 3e-8 for steps in (2, 150)},
    **{f"kl of coarse paths in 3 dimensions, {midpoints}, stated error": 5e-10 for midpoints in _SETS},
    **{f"kl of coarse paths on the line, {midpoints}, stated error": 5e-8 for midpoints in _SETS},
    **{f"mean of shift^{a} excess^{b}, 13 substeps": 1e-10 for a, b in _POWERS},
    **{f"sum of E |X|^{2 * k}": 1e-10 for k in range(6)},
}


@compared
def measure(device: str) -> dict[str, Estimate]:
    """On Gaussians in three dimensions and on the line, on a rippled target, and the parts that they are made of."""
    pairs = {}
    for midpoints in ("bernoulli", "single"):
        scheme, fine = _chains(Gaussian(np.zeros(3), _WIDTH), _STEP, 3, midpoints)
        seen = path_kl(scheme, fine, 2, Gaussian(np.zeros(3), _START))
        pairs[f"kl of coarse paths in 3 dimensions, {midpoints}"] = seen, _two_steps(midpoints, _in_space)
        scheme, fine = _chains(Gaussian(0.0, _WIDTH), _STEP, 3, midpoints)
        seen = LinePaths().kl(Paths(scheme, fine, 3, 2, Gaussian(0.0, _START)))
        pairs[f"kl of coarse paths on the line, {midpoints}"] = seen, _two_steps(midpoints, _on_line)
    scheme, fine = _chains(Cosine(*_RIPPLE), 2 * _STEP, 2, "bernoulli")
    for steps in (2, _LONG):
        pairs[f"kl of {steps} steps on a rippled target"] = path_kl(scheme, fine, steps, Gaussian(0.0, _START)), _rippled(steps)
    found = {name: apart(float(seen), exact) for name, (seen, exact) in pairs.items()}
    found |= {f"{name}, stated error": stated(seen) for name, (seen, _) in pairs.items()}
    found |= _mixture() | _radii()
    return held(found, _WITHIN)


def _chains(target: Target, step: float, substeps: int, midpoints: str) -> tuple[PoissonMidpoint, EulerMaruyama]:
    dynamics = Overdamped(target)
    return PoissonMidpoint(dynamics, step, substeps, midpoints), EulerMaruyama(dynamics, step / substeps)


def _two_steps(midpoints: str, mean_kl: Callable[[float, tuple[Numbers, ...], tuple[float, float]], float]) -> float:
    """From a Gaussian, and from the mixture that one step makes of it."""
    parts, fine = parts_of_step(_STEP, 3, midpoints, 1 / _WIDTH), fine_steps(_STEP, 3, 1 / _WIDTH)
    after = [(w, m * m * _START + v) for w, m, v in zip(*parts, strict=True)]
    return math.fsum(w * mean_kl(variance, parts, fine) for w, variance in [(1.0, _START), *after])


def _on_line(variance: float, parts: tuple[Numbers, ...], fine: tuple[float, float]) -> float:
    """E KL of a step from x ~ N(0, variance): Gauss-Hermite for x, the trapezoid rule for where it leads."""
    nodes, shares = np.polynomial.hermite_e.hermegauss(20)
    x, y = math.sqrt(variance) * nodes[:, None], math.sqrt(fine[1]) * np.linspace(-10, 10, 101)
    return float(shares @ _terms(y, parts, fine, x, 1).sum(1)) * float(y[1] - y[0]) / math.sqrt(2 * math.pi)


def _in_space(variance: float, parts: tuple[Numbers, ...], fine: tuple[float, float]) -> float:
    """The same in R^3: |x| by a Gauss rule of its law, what is along x and how far off it the step leads by the trapezoid rule."""
    nodes, shares = np.polynomial.hermite_e.hermegauss(18)
    shares = shares * nodes**2 / math.sqrt(2 * math.pi)  # |x|^2 has the law of a chi-squared variable with three degrees of freedom
    x, scale = math.sqrt(variance) * np.abs(nodes[:, None, None]), math.sqrt(fine[1])
    along, off = scale * np.linspace(-9, 9, 61)[:, None], scale * np.linspace(0, 9, 161)
    simpson = np.where(np.arange(161) % 2, 4.0, 2.0) / 3 * float(off[1] - off[0])
    simpson[[0, -1]] /= 2
    terms = _terms(along, parts, fine, x, 3, off)
    return float(shares @ (terms * 2 * math.pi * off @ simpson).sum(1)) * float(along[1, 0] - along[0, 0])


def _terms(y: Numbers, parts: tuple[Numbers, ...], fine: tuple[float, float], x: Numbers, dim: int, off: Numbers | float = 0.0) -> Numbers:
    """q (r log r - r + 1) at m x + y along x and `off` beside it."""
    slope, variance = fine
    q = np.exp(-(y**2 + off**2) / (2 * variance)) / (2 * math.pi * variance) ** (dim / 2)
    p = sum(w * np.exp(-((y + (slope - m) * x) ** 2 + off**2) / (2 * v)) / (2 * math.pi * v) ** (dim / 2) for w, m, v in zip(*parts, strict=True))
    return _entropy(p, q)


def _entropy(p: Numbers, q: Numbers) -> Numbers:
    u = (p - q) / q
    found: Numbers = q * ((1 + u) * np.log1p(u) - u)
    return found


def _rippled(steps: int) -> float:
    """Two substeps of F = x^2/2 + a cos(w x + b): from X_1 = x + h b(x) + s z the second adds h (b(x) + 2 H (b(X_1) - b(x))), H = 0 or 1."""
    a, w, b = _RIPPLE
    h = _STEP
    s = math.sqrt(2 * h)

    def force(at: Numbers) -> Numbers:
        found: Numbers = -at + a * w * np.sin(w * at + b)
        return found

    x, z = np.linspace(-9, 9, 181)[:, None], np.linspace(-8, 8, 49)
    y, dx = x[:, 0], 0.1
    normal = np.exp(-z * z / 2) / math.sqrt(2 * math.pi) * (z[1] - z[0])
    first = x + h * force(x) + s * z

    def density(middle: Numbers) -> Numbers:
        bells: Numbers = np.einsum("xzy,z->xy", np.exp(-((y - middle[..., None]) ** 2) / (2 * s * s)), normal) / (s * math.sqrt(2 * math.pi))
        return bells

    q, p = density(first + h * force(first)), (density(first + h * force(x)) + density(first + h * (2 * force(first) - force(x)))) / 2
    start = np.exp(-y * y / (2 * _START)) / math.sqrt(2 * math.pi * _START) * dx
    each = np.where(q > 1e-13 * q.max(1, keepdims=True), _entropy(p, np.maximum(q, 1e-290)), 0.0).sum(1) * dx
    laws = itertools.accumulate(range(steps - 1), lambda now, _: now @ p * dx, initial=start)
    return float(sum(laws, np.zeros(1)) @ each)


def _mixture() -> dict[str, Estimate]:
    """Moments of the slope and the variance of a step with many substeps, over all sets."""
    weights, slopes, variances = parts_of_step(_STEP, _MANY, "bernoulli", 1 / _WIDTH)
    seen = step_mixture(*_chains(Gaussian(np.zeros(2), _WIDTH), _STEP, _MANY, "bernoulli"), _MANY, _WIDTH, 3)
    slope, variance = fine_steps(_STEP, _MANY, 1 / _WIDTH)
    shifts, excess = (slopes - slope) / math.sqrt(variance), variances / variance - 1
    found = {}
    for a, b in ((1, 0), (0, 1), (2, 0), (1, 1), (0, 2), (1, 2), (0, 3)):
        exact = float(weights @ (shifts**a * excess**b))
        found[f"mean of shift^{a} excess^{b}, {_MANY} substeps"] = apart(float(seen.weights @ (seen.shifts**a * seen.excess**b)), exact)
    return found


def _radii() -> dict[str, Estimate]:
    """Sums over three steps of E |X_t|^2k in three dimensions, over all sequences of sets."""
    parts = parts_of_step(_STEP, 3, "bernoulli", 1 / _WIDTH)
    laws, now = [(1.0, _START)], [(1.0, _START)]
    for _ in range(2):
        now = [(share * w, m * m * c + v) for share, c in now for w, m, v in zip(*parts, strict=True)]
        laws += now
    at = radii(Begun(3, np.array([_START]), np.ones(1)), StepMixture(*parts, *fine_steps(_STEP, 3, 1 / _WIDTH)), 3, 6)
    exact = [sum(w * c**k for w, c in laws) * math.prod(3 + 2 * i for i in range(k)) for k in range(6)]
    return {f"sum of E |X|^{2 * k}": apart(float(at.weights @ at.places**k), exact[k]) for k in range(6)}
