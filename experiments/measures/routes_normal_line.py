"""Gaussians and mixtures of them on the line, next to scipy and to scans."""

from __future__ import annotations

import math

import numpy as np
import torch
from scipy import stats

from experiments.measures._of_targets import named, normals, pulled, slope
from experiments.measures._routes import apart, compared, farthest, held
from pmmtheory.estimate import Estimate
from pmmtheory.targets import Gaussian, GaussianMixture

_DRAWS, _SEED = 6, 4
_WEIGHTS, _MEANS, _VARIANCES = np.array([0.3, 0.5, 0.2]), np.array([-1.4, 0.6, 2.1]), np.array([0.5, 0.9, 0.3])
_PLACES = np.array([-8.0, -2.5, -0.3, 0.4, 1.7, 3.1, 9.0])
_GRID, _STEP = np.linspace(-16.0, 16.0, 2001, retstep=True)
"""On which the trapezoid rule has all digits."""
_LEVELS = np.array([1e-12, 0.01, 0.3, 0.5, 0.8, 0.999])


_ON_THE_LINE = ("log density", "force", "curvature", "distribution function", "survival", "quantiles", "draws")
_MORE = ("noised force", "noised force, one level a point", "noised variances", "third moment", "shares", "mean", "variance", "curvature far out")
_WITHIN: dict[str, float] = (
    named(
        "Gaussian",
        dict.fromkeys(("default variance", "noised log density", "noised force", *_ON_THE_LINE, *(f"moment of order {k}" for k in (2, 3, 5, 6))), 1e-10),
    )
    | named("mixture", dict.fromkeys(_ON_THE_LINE + _MORE, 1e-10) | {"L": 1e-8})
    | named("tails that cross", {"L, left": 1e-6, "L, right": 1e-6, "L, one as wide": 1e-6})
)


@compared
def measure(device: str) -> dict[str, Estimate]:
    """Densities, forces, curvatures, distribution functions, quantiles, moments, draws and L."""
    found = named("Gaussian", _gaussian())
    found |= named("mixture", _mixture())
    found |= named("tails that cross", _crossed())
    return held(found, _WITHIN)


def _gaussian() -> dict[str, Estimate]:
    target, known = Gaussian(0.7, 1.8), stats.norm(0.7, math.sqrt(1.8))
    x, z = torch.as_tensor(_PLACES), normals(_DRAWS, 1, _SEED)[:, 0]
    noised, other = target.noised(0.8), stats.norm(0.8 * 0.7, math.sqrt(0.64 * 1.8 + 0.36))
    found = {
        "default variance": apart(Gaussian().covariance, 1.0),
        "noised log density": farthest(noised.log_density(x).numpy(), other.logpdf(_PLACES)),
        "noised force": farthest(target.noised_drift(x, 0.8).numpy(), slope(noised.log_density, x).numpy()),
        "log density": farthest(target.log_density(x).numpy(), known.logpdf(_PLACES)),
        "force": pulled(target, x),
        "curvature": farthest(target.curvature(x).numpy(), np.full(7, 1 / 1.8)),
        "distribution function": farthest(target.cdf(x).log().numpy(), known.logcdf(_PLACES)),
        "survival": farthest(target.survival(x).log().numpy(), known.logsf(_PLACES)),
        "quantiles": farthest(target.quantile(_LEVELS).numpy(), known.ppf(_LEVELS)),
        "draws": farthest(target.sample(_DRAWS, _SEED).numpy(), 0.7 + math.sqrt(1.8) * z),
    }
    for k in (2, 3, 5, 6):
        found[f"moment of order {k}"] = apart(target.moment_about(-0.4, k), float(known.pdf(_GRID) * _STEP @ (_GRID + 0.4) ** k))
    return found


def _density(x: np.ndarray) -> np.ndarray:
    return np.asarray(sum(w * stats.norm(m, math.sqrt(v)).pdf(x) for w, m, v in zip(_WEIGHTS, _MEANS, _VARIANCES, strict=True)))


def _mixture() -> dict[str, Estimate]:
    target, x = GaussianMixture(_WEIGHTS, _MEANS, _VARIANCES), torch.as_tensor(_PLACES)
    parts = [stats.norm(m, math.sqrt(v)) for m, v in zip(_MEANS, _VARIANCES, strict=True)]
    below, above = (sum(w * getattr(part, name)(_PLACES) for w, part in zip(_WEIGHTS, parts, strict=True)) for name in ("cdf", "sf"))
    found_at = target.quantile(_LEVELS).numpy()
    reached = sum(w * part.cdf(found_at) for w, part in zip(_WEIGHTS, parts, strict=True))
    generator = torch.Generator().manual_seed(_SEED)
    chosen = torch.multinomial(torch.as_tensor(_WEIGHTS), _DRAWS, replacement=True, generator=generator).numpy()
    z = torch.randn((_DRAWS, 1), generator=generator, dtype=torch.float64).numpy()[:, 0]
    fine = torch.linspace(-6, 7, 130_001, dtype=torch.float64)
    levels = torch.linspace(0.3, 0.9, 7, dtype=torch.float64)
    noised = target.noised(0.8)
    apiece = np.array([float(slope(target.noised(float(a)).log_density, p[None])) for a, p in zip(levels, x, strict=True)])
    components = target.components
    assert components is not None
    return {
        "log density": farthest(target.log_density(x).numpy(), np.log(_density(_PLACES))),
        "force": pulled(target, x),
        "noised force": farthest(target.noised_drift(x, 0.8).numpy(), slope(noised.log_density, x).numpy()),
        "noised force, one level a point": farthest(target.noised_drift(x, levels).numpy(), apiece),
        "noised variances": farthest(noised.variances.numpy(), 0.64 * _VARIANCES + 0.36),
        "curvature": farthest(target.curvature(x).numpy(), -slope(target.drift, x).numpy()),
        "distribution function": farthest(target.cdf(x).log().numpy(), np.log(below)),
        "survival": farthest(target.survival(x).log().numpy(), np.log(above)),
        "quantiles": farthest(np.log(reached), np.log(_LEVELS)),
        "third moment": apart(target.moment_about(0.3, 3), float(_density(_GRID) * _STEP @ (_GRID - 0.3) ** 3)),
        "shares": farthest(components[0].numpy(), _WEIGHTS),
        "mean": apart(target.mean, _WEIGHTS @ _MEANS),
        "variance": apart(target.covariance, _WEIGHTS @ (_VARIANCES + _MEANS**2) - (_WEIGHTS @ _MEANS) ** 2),
        "draws": farthest(target.sample(_DRAWS, _SEED).numpy(), _MEANS[chosen] + np.sqrt(_VARIANCES[chosen]) * z),
        "L": apart(float(target.smoothness), float(target.curvature(fine).abs().max())),
        "curvature far out": apart(target.tail_curvature[0], 1 / 0.9),
    }


def _crossed() -> dict[str, Estimate]:
    """Far beyond all mass one component takes over from another, and F'' is extreme there: where both weigh the same it is 1/v - (difference of slopes)^2/4."""
    found, little = {}, 1e-300
    for name, (first, second), (v, w) in (("left", (2.0, -3.0), (1.0, 4.0)), ("right", (-2.0, 3.0), (1.0, 4.0)), ("one as wide", (0.0, 3.0), (1.0, 1.0))):
        target = GaussianMixture([1 - little, little], [first, second], [v, w])
        if v == w:
            places = np.array([(second + first) / 2 - v * math.log(little) / (second - first)])
        else:
            level = -2 * math.log(little) + math.log(w / v)
            places = np.roots([1 / v - 1 / w, -2 * first / v + 2 * second / w, first**2 / v - second**2 / w - level])
        around = torch.as_tensor(places)[:, None] + torch.linspace(-0.2, 0.2, 20_001, dtype=torch.float64)
        found[f"L, {name}"] = apart(float(target.smoothness), float(target.curvature(around).abs().max()))
    return found
