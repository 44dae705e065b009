"""Targets on the line, next to laws of scipy and to sums over fine grids."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import torch
from scipy import stats

from experiments.measures._of_targets import known, named, pulled, slope
from experiments.measures._routes import apart, compared, farthest, held
from pmmtheory.estimate import Estimate
from pmmtheory.targets import Cosine, DoubleWell, LogCosh, Potential
from pmmtheory.targets.line import LineTarget

_PLACES = torch.tensor([-1.9, -0.7, 0.2, 0.9, 1.6], dtype=torch.float64)
_LEVELS = np.array([1e-3, 0.2, 0.5, 0.7, 0.99])

Formula = Callable[[np.ndarray], np.ndarray]


_BOUNDS, _SCANNED = {"poincare": 1e-8, "lsi": 1e-8}, {"L": 1e-7, "least curvature": 1e-7}
_SUMMED = (
    *("potential", "force", "curvature", "log density", "mean", "variance", "fifth moment", "distribution function", "survival", "quantiles"),
    *("draws", "far below"),
)
_KNOWN = ("log density", "force", "curvature", "distribution function", "survival", "quantiles", "mean", "variance")
_OF = {
    "cosine": dict.fromkeys(_SUMMED, 1e-10) | _BOUNDS | _SCANNED,
    "double well": dict.fromkeys(_SUMMED, 1e-10) | _BOUNDS,
    "user's own": dict.fromkeys(_SUMMED, 1e-10) | _BOUNDS | _SCANNED,
    "log cosh": dict.fromkeys(_KNOWN, 1e-10) | dict.fromkeys(("potential", "L", "poincare", "curvature far out"), 1e-10),
    "logistic": dict.fromkeys(_KNOWN, 1e-10) | {"L": 1e-9},
    "defaults": {"of all": 1e-10},
}
_WITHIN: dict[str, float] = {f"{kind}: {name}": within for kind, known in _OF.items() for name, within in known.items()}


@compared
def measure(device: str) -> dict[str, Estimate]:
    """Potentials, forces, curvatures, densities, distribution functions, quantiles, moments and constants."""
    cosine, well = Cosine(0.8, 1.7, 0.4), DoubleWell(1.3, 0.8)
    found = named("cosine", _of(cosine, lambda x: x**2 / 2 + 0.8 * np.cos(1.7 * x + 0.4), np.array([-7.0, -11.5])) | _constants(cosine) | _declared(cosine))
    found |= named("double well", _of(well, lambda x: 1.3 * ((x / 0.8) ** 2 - 1) ** 2, np.array([-2.2, -2.6])) | _constants(well))
    leaning = Potential(lambda x: x**2 / 3 + torch.log(torch.cosh(2 * x - 1)) / 2)
    found |= named(
        "user's own", _of(leaning, lambda x: x**2 / 3 + np.log(np.cosh(2 * x - 1)) / 2, np.array([-7.0, -11.5])) | _declared(leaning) | _convex(leaning)
    )
    found |= named("log cosh", _known(LogCosh(0.7), stats.hypsecant(scale=0.7)) | _log_cosh())
    logistic = Potential(lambda x: -torch.nn.functional.logsigmoid((x - 3) / 0.5) - torch.nn.functional.logsigmoid((3 - x) / 0.5))
    found |= named("logistic", _known(logistic, stats.logistic(3, 0.5)) | {"L": apart(float(logistic.smoothness), 0.5 / 0.25)})
    found |= named("defaults", _defaults())
    return held(found, _WITHIN)


def _defaults() -> dict[str, Estimate]:
    cosine, well = Cosine(), DoubleWell()
    told = np.array([cosine.amplitude, cosine.frequency, cosine.phase, well.barrier, well.separation, LogCosh().scale])
    return {"of all": farthest(told, np.array([0.5, 1.0, 0.0, 1.0, 1.0, 1.0]))}


def _of(target: LineTarget, formula: Formula, far: np.ndarray) -> dict[str, Estimate]:
    """By the trapezoid rule, which has all digits on the whole line; shares below a place, by that rule after x = place - e^s."""
    x, step = np.linspace(-12.0, 12.0, 4001, retstep=True)
    density = np.exp(-formula(x))
    mass = density.sum() * step
    mean = (density @ x) * step / mass
    at = _PLACES.numpy()
    found_at = target.quantile(_LEVELS).numpy()
    return {
        "potential": farthest(target.potential(_PLACES).numpy(), formula(at)),
        "force": pulled(target, _PLACES),
        "curvature": farthest(target.curvature(_PLACES).numpy(), -slope(target.drift, _PLACES).numpy()),
        "log density": farthest(target.log_density(_PLACES).numpy(), -formula(at) - math.log(mass)),
        "mean": apart(target.mean + 1, mean + 1),
        "variance": apart(target.covariance, (density @ (x - mean) ** 2) * step / mass),
        "fifth moment": apart(target.moment_about(0.4, 5), (density @ (x - 0.4) ** 5) * step / mass),
        "distribution function": farthest(target.cdf(_PLACES).numpy(), _below(formula, at) / mass),
        "survival": farthest(target.survival(_PLACES).numpy(), _below(lambda y: formula(-y), -at) / mass),
        "quantiles": farthest(_below(formula, found_at) / mass, _LEVELS),
        "draws": farthest(_below(formula, target.sample(4, 2).numpy()) / mass, _uniform(4, 2)),
        "far below": farthest(target.cdf(torch.as_tensor(far)).log().numpy(), np.log(_below(formula, far) / mass)),
    }


def _uniform(n: int, seed: int) -> np.ndarray:
    found: np.ndarray = torch.rand(n, generator=torch.Generator().manual_seed(seed), dtype=torch.float64).numpy()
    return found


def _below(formula: Formula, places: np.ndarray) -> np.ndarray:
    """int exp(-F) below each place: y = place - sinh-like steps e^{s - e^-s} make it a smooth integral over the whole line."""
    s, step = np.linspace(-5.0, 4.0, 1501, retstep=True)
    out = np.exp(s - np.exp(-s))
    return np.array([(np.exp(-formula(place - out)) * out * (1 + np.exp(-s))).sum() * step for place in places])


def _constants(target: LineTarget) -> dict[str, Estimate]:
    """The bounds of Muckenhoupt and of Barthe and Roberto: sup_x mass(x) weight(mass(x)) int_median^x 1/pi on both sides of the median.

    It is taken over eighths of the panels, and raised by the larger change to a neighbour.
    """
    edges, median = target.quadrature.edges.numpy(), float(target.quantile(0.5))
    fine = np.unique(np.append(np.linspace(edges[:-1], edges[1:], 9).ravel(), median))
    fine = fine[np.append(True, np.diff(fine) > 1e-12)]
    nodes, weights = np.polynomial.legendre.leggauss(16)
    worst = {"poincare": 0.0, "lsi": 0.0}
    for side in (-1, 1):
        x = np.sort(side * fine[side * fine >= side * median - 1e-12]) * side
        panels = (x[:-1, None] + x[1:, None]) / 2 + np.diff(x)[:, None] / 2 * nodes
        crossed = np.cumsum((1 / target.density(torch.as_tensor(panels)).numpy()) @ weights * np.abs(np.diff(x)) / 2)[:-1]
        mass = (target.survival if side > 0 else target.cdf)(torch.as_tensor(x[1:-1])).numpy()
        for name, factor, weight in (("poincare", 4, np.ones_like(mass)), ("lsi", 2, np.log(1 + math.e**2 / mass))):
            value = factor * mass * crossed * weight
            best = int(value.argmax())
            worst[name] = max(worst[name], value[best] ** 2 / value[max(best - 1, 0) : best + 2].min())
    return {name: apart(known(getattr(target, name)), 1 / bound) for name, bound in worst.items()}


def _declared(target: LineTarget) -> dict[str, Estimate]:
    """The extremes of F'', by a scan."""
    bends = target.curvature(torch.linspace(-6, 6, 200_001, dtype=torch.float64)).numpy()
    return {"L": apart(float(target.smoothness), np.abs(bends).max()), "least curvature": apart(target.strong_convexity, bends.min())}


def _convex(target: LineTarget) -> dict[str, Estimate]:
    """The least F'' = 2/3 far out is a bound on both constants."""
    return {"poincare": apart(known(target.poincare), 2 / 3), "lsi": apart(known(target.lsi), 2 / 3)}


def _known(target: LineTarget, law: stats.rv_continuous) -> dict[str, Estimate]:
    """Next to scipy's, far out too."""
    at = np.array([-9.0, -0.6, 0.5, 3.1, 21.0])
    x = torch.as_tensor(at)
    return {
        "log density": farthest(target.log_density(x).numpy(), law.logpdf(at)),
        "force": pulled(target, x),
        "curvature": farthest(target.curvature(x).numpy(), -slope(target.drift, x).numpy()),
        "distribution function": farthest(target.cdf(x).log().numpy(), np.log(law.cdf(at))),
        "survival": farthest(target.survival(x).log().numpy(), np.log(law.sf(at))),
        "quantiles": farthest(target.quantile(_LEVELS).numpy(), law.ppf(_LEVELS)),
        "mean": apart(target.mean + 1, law.mean() + 1),
        "variance": apart(target.covariance, law.var()),
    }


def _log_cosh() -> dict[str, Estimate]:
    target, s = LogCosh(0.7), 0.7
    found = {"potential": farthest(target.potential(_PLACES).numpy(), np.log(np.cosh(_PLACES.numpy() / s)))}
    found |= {
        "L": apart(float(target.smoothness), float(target.curvature(torch.zeros(1, dtype=torch.float64)))),
        "poincare": apart(known(target.poincare), 0.25 / s**2),
    }
    return found | {"curvature far out": apart(1 + target.strong_convexity + sum(target.tail_curvature), 1.0)}
