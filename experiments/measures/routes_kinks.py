"""Potentials with kinks, needles, wells, tails of other slopes, and far from the origin, next to laws in closed form."""

from __future__ import annotations

import math

import numpy as np
import torch
from scipy import stats
from torch import Tensor

from experiments.measures._of_targets import known, named
from experiments.measures._routes import apart, compared, farthest, held
from pmmtheory.estimate import Estimate
from pmmtheory.targets import Cosine, Potential
from pmmtheory.targets.extremes import maximum
from pmmtheory.targets.region import region

_LEVELS = np.array([1e-6, 0.2, 0.5, 0.7, 0.9999])
_LAPLACE = (
    *("places of kinks", "jumps of the force", "log density", "distribution function", "survival", "quantiles", "far quantiles"),
    *("moment of order 4", "moment of order 12"),
)
_SLOPES = ("places of kinks", "slopes far out", "L", "least curvature", "shares", "mean", "variance", "slopes of a ripple far out")
_WITHIN: dict[str, float] = (
    {f"Laplace: {name}": 1e-10 for name in _LAPLACE}
    | {f"two slopes: {name}": 1e-10 for name in _SLOPES}
    | {f"two rates: {name}": within for name, within in {"poincare": 1e-8, "shares": 1e-10, "far survival": 1e-10}.items()}
    | {"a supremum that is not attained": 1e-10}
    | {f"far from the origin: {name}": within for name, within in {"mean": 1e-8, "deviation": 1e-10, "shares": 1e-10, "quantiles": 1e-8}.items()}
    | {f"needle: {name}": within for name, within in {"mean": 1e-10, "variance": 1e-10, "shares": 1e-10}.items()}
    | {f"two wells: {name}": within for name, within in {"places": 1e-6, "the least of F": 1e-9}.items()}
)


@compared
def measure(device: str) -> dict[str, Estimate]:
    """Places of kinks and jumps there, moments, shares, quantiles, and slopes of the force far out."""
    found = named("Laplace", _laplace())
    found |= named("two slopes", _two_slopes())
    found |= named("far from the origin", _far())
    found |= named("two rates", _two_rates()) | {"a supremum that is not attained": _supremum()}
    found |= named("needle", _needle())
    found |= named("two wells", _two_wells())
    return held(found, _WITHIN)


def _two_wells() -> dict[str, Estimate]:
    """F = 2 (y^2 - 1)^2 + y/10 + 1, y = (x - 5)/3: roots of F' by numpy."""
    y = np.polynomial.Polynomial([-5.0, 1.0]) / 3.0
    f = 2 * (y**2 - 1) ** 2 + y / 10 + 1
    slopes = f.deriv().roots()
    places = np.array([x for x in np.sort(slopes.real) if f.deriv(2)(x) > 0])
    found = region(lambda x: 2 * (((x - 5) / 3) ** 2 - 1) ** 2 + (x - 5) / 30 + 1)
    return {
        "places": farthest(np.sort([place for place, _ in found.landmarks]), places),
        "the least of F": apart(found.minimum, float(f(places).min())),
    }


def _laplace() -> dict[str, Estimate]:
    """F = 2 |x - 0.3|: the law of Laplace."""
    target, law = Potential(lambda x: 2 * torch.abs(x - 0.3)), stats.laplace(0.3, 0.5)
    at = np.array([-30.0, -2.0, 0.3, 1.5, 25.0])
    x = torch.as_tensor(at)
    found = {
        "places of kinks": farthest(np.array(target.kinks), np.array([0.3])),
        "jumps of the force": farthest(np.array(target.quadrature.jumps), np.array([4.0])),
        "log density": farthest(target.log_density(x).numpy(), law.logpdf(at)),
        "distribution function": farthest(target.cdf(x).log().numpy(), np.log(law.cdf(at))),
        "survival": farthest(target.survival(x).log().numpy(), np.log(law.sf(at))),
        "quantiles": farthest(target.quantile(_LEVELS).numpy(), law.ppf(_LEVELS)),
        "far quantiles": farthest(target.quantile(np.array([1e-60, 1e-25])).numpy(), 0.3 + np.log(2 * np.array([1e-60, 1e-25])) / 2),
    }
    for k in (4, 12):
        found[f"moment of order {k}"] = apart(target.moment_about(0.3, k), math.factorial(k) / 2**k)
    return found


def _two_slopes() -> dict[str, Estimate]:
    """F' = x on the left of 0 and 3 x on the right: halves of two Gaussians."""

    def potential(x: Tensor) -> Tensor:
        return torch.where(x < 0, x * x / 2, 1.5 * x * x)

    target = Potential(potential)
    left = 1 / (1 + 1 / math.sqrt(3))
    places = torch.tensor([-1.4, 0.8], dtype=torch.float64)
    root = math.sqrt(2 / math.pi)
    mean = root * (-left + (1 - left) / math.sqrt(3))
    return {
        "places of kinks": farthest(1 + np.array(target.kinks), np.ones(1)),
        "slopes far out": farthest(np.array(target.tail_curvature), np.array([1.0, 3.0])),
        "L": apart(float(target.smoothness), 3.0),
        "least curvature": apart(target.strong_convexity, 1.0),
        "shares": farthest(target.cdf(places).numpy(), np.array([2 * left * stats.norm.cdf(-1.4), 1 - 2 * (1 - left) * stats.norm.cdf(-0.8 * math.sqrt(3))])),
        "mean": apart(target.mean, mean),
        "variance": apart(target.covariance, left + (1 - left) / 3 - mean**2),
        "slopes of a ripple far out": farthest(np.array(Cosine(0.5, 2.0).tail_curvature), np.ones(2)),
    }


def _two_rates() -> dict[str, Estimate]:
    """F' = -1 on the left of 0 and 3 on the right: the functional of Muckenhoupt tends to 1 far on the left, and to 1/9 far on the right."""
    target = Potential(lambda x: torch.where(x < 0, -x, 3 * x))
    places = np.array([-60.0, -2.0, 0.5, 16.0])
    below = np.where(places < 0, 0.75 * np.exp(np.minimum(places, 0)), 1 - 0.25 * np.exp(-3 * np.maximum(places, 0)))
    return {
        "poincare": apart(known(target.poincare), 0.25),
        "shares": farthest(target.cdf(torch.as_tensor(places)).log().numpy(), np.log(below)),
        "far survival": farthest(target.survival(torch.as_tensor(places[2:])).log().numpy(), math.log(0.25) - 3 * places[2:]),
    }


def _supremum() -> Estimate:
    """Of 2 - |x|^0.1 by a zoom that sees -1, -1/8, -1/64, ... after 48, and is carried on at 1.5 times its rate after 16 turns."""
    found = maximum(lambda x: 2 - torch.abs(x) ** 0.1, torch.tensor([-64.0, 48.0], dtype=torch.float64))
    first, middle, last = 2 - 48**0.1, 2 - 8 ** (-7 * 0.1), 2 - 8 ** (-15 * 0.1)
    ratio = (last - middle) / (middle - first)
    return apart(found, last + 1.5 * (last - middle) * (1 / (1 - ratio) - 1))


def _far() -> dict[str, Estimate]:
    """A narrow law of Gumbel a million widths away."""
    middle, width = 4000.0, 1e-3
    target, law = Potential(lambda x: (x - middle) / width + torch.exp((middle - x) / width)), stats.gumbel_r(middle, width)
    at = middle + width * np.array([-2.0, -0.4, 0.9, 7.0])
    return {
        "mean": apart((target.mean - middle) / width, np.euler_gamma),
        "deviation": apart(math.sqrt(target.covariance) / width, math.pi / math.sqrt(6)),
        "shares": farthest(target.cdf(torch.as_tensor(at)).numpy(), law.cdf(at)),
        "quantiles": farthest((target.quantile(_LEVELS).numpy() - middle) / width, -np.log(-np.log(_LEVELS))),
    }


def _needle() -> dict[str, Estimate]:
    """A third of the mass on a thousandth of the width, far out, at a place that is named."""

    def potential(x: Tensor) -> Tensor:
        wide, needle = -x * x / 2, math.log(0.5 / 1e-4) - (x - 30) ** 2 / 2e-8
        return -torch.logaddexp(wide, needle)

    target = Potential(potential, points=[30.0])
    places = torch.tensor([-0.5, 30.0001], dtype=torch.float64)
    shares = np.array([stats.norm.cdf(-0.5), 1 + 0.5 * stats.norm.cdf(1.0)]) / 1.5
    return {
        "mean": apart(target.mean, 10.0),
        "variance": apart(target.covariance, (2 + 1e-8) / 3 + 200),
        "shares": farthest(target.cdf(places).numpy(), shares),
    }
