"""Gaussians and mixtures of them, next to scipy and to plain sums over their components."""

from __future__ import annotations

from unittest.mock import patch

import numpy as np
import torch
from scipy import stats
from torch import Tensor

from experiments.measures._of_targets import hessian, known, named, normals, points, pulled, slope
from experiments.measures._routes import apart, compared, farthest, held
from pmmtheory.estimate import Estimate
from pmmtheory.targets import Gaussian, GaussianMixture

_DRAWS, _SEED, _ALPHA = 6, 4, 0.8
_WEIGHTS = np.array([0.3, 0.45, 0.25])
_MEANS = np.array([[0.4, -1.1], [1.3, 0.6], [-0.9, 0.2]])
_VARIANCES = np.array([0.7, 1.3, 0.4])
_COVARIANCES = np.array([[[1.0, 0.5], [0.5, 0.9]], [[0.6, -0.2], [-0.2, 1.4]], [[0.8, 0.1], [0.1, 0.5]]])


_NORMAL = (
    *("log density", "force", "force, from F", "covariance", "noised log density", "noised force"),
    *("noised force, from its density", "draws"),
)
_MIXED = (
    *("log density", "force", "force, coordinates first", "force, as it is compiled", "noised log density", "noised force", "noised force, coordinates first"),
    *("noised force, one level a point", "noised force of one point", "means along a direction", "variances along a direction"),
    *("mean", "covariance", "components", "draws", "curvature far out"),
)
_LS = ("L of two round components", "L of two that are near", "L of two apart on their narrow side", "L of two apart on their wide side")
_ALONG = ("mean along a direction", "variance along a direction", "L", "log-Sobolev", "other constants")
_WITHIN: dict[str, float] = (
    {f"{kind} components: {name}": 1e-10 for kind in ("round", "turned") for name in _MIXED}
    | named("constants", dict.fromkeys(_LS, 1e-10))
    | named("Gaussian", dict.fromkeys(_NORMAL + _ALONG, 1e-10))
    | named("diagonal Gaussian", dict.fromkeys(_NORMAL, 1e-10))
)


@compared
def measure(device: str) -> dict[str, Estimate]:
    """Densities, forces, noised laws, laws along a direction, moments, draws and constants."""
    round_ones = np.array([v * np.eye(2) for v in _VARIANCES])
    found = named("round components", _of_mixture(GaussianMixture(_WEIGHTS, _MEANS, _VARIANCES), round_ones))
    found |= named("turned components", _of_mixture(GaussianMixture(_WEIGHTS, _MEANS, covariances=_COVARIANCES), _COVARIANCES))
    found |= named("constants", _constants()) | named("Gaussian", _gaussian()) | named("diagonal Gaussian", _diagonal())
    return held(found, _WITHIN)


def _log_density(x: np.ndarray, means: np.ndarray, covariances: np.ndarray) -> np.ndarray:
    parts = [w * stats.multivariate_normal(m, c).pdf(x) for w, m, c in zip(_WEIGHTS, means, covariances, strict=True)]
    return np.asarray(np.log(sum(parts)))


def _force(x: np.ndarray, means: np.ndarray, covariances: np.ndarray) -> np.ndarray:
    """sum_k w_k N_k(x) C_k^-1 (m_k - x) over sum_k w_k N_k(x), one point after another."""
    found = []
    for point in x:
        sizes = [w * stats.multivariate_normal(m, c).pdf(point) for w, m, c in zip(_WEIGHTS, means, covariances, strict=True)]
        pulls = [np.linalg.solve(c, m - point) for m, c in zip(means, covariances, strict=True)]
        found.append(sum(size * pull for size, pull in zip(sizes, pulls, strict=True)) / sum(sizes))
    return np.array(found)


def _noised(alpha: float, covariances: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    return alpha * _MEANS, alpha**2 * covariances + (1 - alpha**2) * np.eye(2)


def _of_mixture(target: GaussianMixture, covariances: np.ndarray) -> dict[str, Estimate]:
    x = points(7, 2)
    at, levels = x.numpy(), np.linspace(0.3, 0.95, 7)
    apiece = np.concatenate([_force(at[k : k + 1], *_noised(level, covariances)) for k, level in enumerate(levels)])
    unit = np.array([0.6, 0.8])
    aside = target.along(torch.tensor(2 * unit))
    mean = _WEIGHTS @ _MEANS
    spread = sum(w * (c + np.outer(m - mean, m - mean)) for w, m, c in zip(_WEIGHTS, _MEANS, covariances, strict=True))
    with patch("torch.compiler.is_compiling", return_value=True):
        compiled = target.drift(x)
    together = target.drift(x.T.contiguous().T)
    return {
        "log density": farthest(target.log_density(x).numpy(), _log_density(at, _MEANS, covariances)),
        "force": pulled(target, x),
        "force, coordinates first": farthest(together.numpy(), _force(at, _MEANS, covariances)),
        "force, as it is compiled": farthest(compiled.numpy(), _force(at, _MEANS, covariances)),
        "noised log density": farthest(target.noised(_ALPHA).log_density(x).numpy(), _log_density(at, *_noised(_ALPHA, covariances))),
        "noised force": farthest(target.noised_drift(x, _ALPHA).numpy(), _force(at, *_noised(_ALPHA, covariances))),
        "noised force, coordinates first": farthest(target.noised_drift(x.T.contiguous().T, _ALPHA).numpy(), _force(at, *_noised(_ALPHA, covariances))),
        "noised force, one level a point": farthest(target.noised_drift(x, torch.as_tensor(levels)[:, None]).numpy(), apiece),
        "noised force of one point": farthest(target.noised_drift(x[3], torch.tensor(levels[3])).numpy(), apiece[3]),
        "means along a direction": farthest(aside.means[:, 0].numpy(), _MEANS @ unit),
        "variances along a direction": farthest(aside.variances.numpy(), np.array([unit @ c @ unit for c in covariances])),
        "mean": farthest(target.mean.numpy(), mean),
        "covariance": farthest(target.covariance.numpy(), spread),
        "components": farthest(target.covariances.numpy(), covariances),
        "draws": _drawn(target, covariances),
        "curvature far out": apart(target.tail_curvature[0], _far_out(covariances)),
    }


def _far_out(covariances: np.ndarray) -> float:
    """The largest precision of those components that no other is wider than in all directions."""
    left = [c for c in covariances if not any((np.linalg.eigvalsh(other - c) > 0).all() for other in covariances)]
    return max(1 / float(np.linalg.eigvalsh(c)[0]) for c in left)


def _drawn(target: GaussianMixture, covariances: np.ndarray) -> Estimate:
    """The squares (x - m_k)' C_k^-1 (x - m_k) of draws, which are those of the normal numbers that the generator gives after the components."""
    generator = torch.Generator().manual_seed(_SEED)
    chosen = torch.multinomial(torch.as_tensor(_WEIGHTS), _DRAWS, replacement=True, generator=generator).numpy()
    z = torch.randn((_DRAWS, 2), generator=generator, dtype=torch.float64).numpy()
    gaps = target.sample(_DRAWS, _SEED).numpy() - _MEANS[chosen]
    squares = [gap @ np.linalg.solve(covariances[k], gap) for k, gap in zip(chosen, gaps, strict=True)]
    return farthest(np.array(squares), (z**2).sum(1))


def _constants() -> dict[str, Estimate]:
    """L and the curvature far out of mixtures whose second derivatives are known."""
    gap, turned = np.array([1.2, 2.5]), _COVARIANCES[0]
    two = GaussianMixture([0.5, 0.5], np.array([-gap / 2, gap / 2]), [0.6, 0.6])
    near = GaussianMixture([0.5, 0.5], np.array([-gap / 20, gap / 20]), [0.6, 0.6])
    found = {
        "L of two round components": apart(float(two.smoothness), float(np.abs(np.linalg.eigvalsh(hessian(two.potential, [0.0, 0.0]))).max())),
        "L of two that are near": apart(float(near.smoothness), 1 / 0.6),
    }
    variances, axes = np.linalg.eigh(turned)
    for name, side in (("their narrow side", np.array([1.0, -0.9])), ("their wide side", np.array([1.1, 1.0]))):
        along = 4 * side @ axes
        bounds = ((along**2 / variances).sum() / 4 - 1) / variances[0], (along**2 / variances**2).sum() / 4 - 1 / variances[1]
        leaning = GaussianMixture([0.5, 0.5], np.array([-2 * side, 2 * side]), covariances=[turned, turned])
        found[f"L of two apart on {name}"] = apart(float(leaning.smoothness), min(bounds))
    return found


def _gaussian() -> dict[str, Estimate]:
    covariance = np.array([[1.0, 0.5, -0.2], [0.5, 1.4, 0.3], [-0.2, 0.3, 0.6]])
    mean, x, unit = np.array([0.5, -1.0, 2.0]), points(6, 3), np.array([2.0, -1.0, 2.0]) / 3
    found = _of_gaussian(Gaussian(mean, covariance), mean, covariance, x)
    aside = Gaussian(mean, covariance).along(3 * unit)
    values = np.linalg.eigvalsh(covariance)
    told = Gaussian(mean, covariance)
    found |= {"mean along a direction": apart(aside.mean, unit @ mean), "variance along a direction": apart(aside.covariance, unit @ covariance @ unit)}
    found |= {"L": apart(float(told.smoothness), 1 / values[0]), "log-Sobolev": apart(known(told.lsi), 1 / values[-1])}
    constants = np.array([known(told.poincare), told.strong_convexity, *told.tail_curvature])
    return found | {"other constants": farthest(constants, np.array([1 / values[-1], 1 / values[-1], 1 / values[0], 1 / values[0]]))}


def _diagonal() -> dict[str, Estimate]:
    mean, variances = np.array([0.5, -1.0]), np.array([0.7, 1.9])
    return _of_gaussian(Gaussian(mean, variances), mean, np.diag(variances), points(6, 2))


def _of_gaussian(target: Gaussian, mean: np.ndarray, covariance: np.ndarray, x: Tensor) -> dict[str, Estimate]:
    at, wide = x.numpy(), _ALPHA**2 * covariance + (1 - _ALPHA**2) * np.eye(len(mean))
    noised = target.noised(_ALPHA)
    gaps = target.sample(_DRAWS, _SEED).numpy() - mean
    return {
        "log density": farthest(target.log_density(x).numpy(), stats.multivariate_normal(mean, covariance).logpdf(at)),
        "force": farthest(target.drift(x).numpy(), np.linalg.solve(covariance, (mean - at).T).T),
        "force, from F": pulled(target, x),
        "covariance": farthest(target.covariance.numpy(), covariance),
        "noised log density": farthest(noised.log_density(x).numpy(), stats.multivariate_normal(_ALPHA * mean, wide).logpdf(at)),
        "noised force": farthest(target.noised_drift(x, _ALPHA).numpy(), np.linalg.solve(wide, (_ALPHA * mean - at).T).T),
        "noised force, from its density": farthest(noised.drift(x).numpy(), slope(noised.log_density, x).numpy()),
        "draws": farthest((gaps * np.linalg.solve(covariance, gaps.T).T).sum(1), (normals(_DRAWS, len(mean), _SEED) ** 2).sum(1)),
    }
