"""The lattice field phi^4 on a few sites, next to plain sums over a grid of all sites."""

from __future__ import annotations

import math

import numpy as np
import torch
from scipy.optimize import brentq

from experiments.measures._of_targets import points, pulled
from experiments.measures._routes import apart, compared, farthest, held
from pmmtheory.estimate import Estimate
from pmmtheory.targets import Phi4

_COUPLING, _BARRIER, _FIELD = 0.8, 0.7, 0.3
_DRAWS, _MANY, _SEED = 600, 4100, 5
_ENDS, _GRID = 3.6, 97


_DEFINED = {"defaults": 1e-10, "potential": 1e-10, "force": 1e-10, "log density": 1e-10, "covariance": 1e-10}
_SUMMED = {"log density": 1e-10, "log normaliser": 1e-10, "mean": 1e-10, "covariance": 1e-10, "draws": 1e-10, "how many are drawn": 1e-10}
_WITHIN: dict[str, float] = _DEFINED | _SUMMED


@compared
def measure(device: str) -> dict[str, Estimate]:
    """Potential, force, normaliser and moments on three sites; draws of two, each from the grid and the numbers that the generator gives."""
    target, x = Phi4(3, _COUPLING, _BARRIER, _FIELD), points(6, 3, scale=0.8)
    axis = np.linspace(-_ENDS, _ENDS, _GRID)
    weight = np.exp(-_potential(np.stack(np.meshgrid(axis, axis, axis, indexing="ij"), -1)))
    mass = weight.sum()
    sites = [np.moveaxis(weight, k, 0).reshape(_GRID, -1).sum(1) / mass for k in range(3)]
    mean = np.array([axis @ law for law in sites])
    covariance = np.diag([(axis - m) ** 2 @ law for m, law in zip(mean, sites, strict=True)])
    for j, k in ((0, 1), (0, 2), (1, 2)):
        both = weight.sum(3 - j - k) / mass
        covariance[j, k] = covariance[k, j] = (axis - mean[j]) @ both @ (axis - mean[k])
    log_mass = math.log(mass) + 3 * math.log(axis[1] - axis[0])
    found = {
        "potential": farthest(target.potential(x).numpy(), _potential(x.numpy())),
        "force": pulled(target, x),
        "log density": farthest(target.log_density(x).numpy(), -_potential(x.numpy()) - log_mass),
        "log normaliser": apart(target.log_normaliser, log_mass),
        "mean": farthest(target.mean.numpy(), mean),
        "covariance": farthest(target.covariance.numpy(), covariance),
        "defaults": farthest(np.array([(one := Phi4()).coupling, one.barrier, one.field + 1]), np.ones(3)),
        "draws": farthest(Phi4(2, _COUPLING, _BARRIER, _FIELD).sample(_DRAWS, _SEED).numpy(), _draws()),
        "how many are drawn": apart(len(Phi4(2).sample(_MANY)), _MANY),
    }
    return held(found, _WITHIN)


def _alone(x: np.ndarray | float) -> np.ndarray:
    return np.asarray(_BARRIER * (x**2 - 1) ** 2 - _FIELD * x)


def _potential(x: np.ndarray) -> np.ndarray:
    found: np.ndarray = sum(_COUPLING * (x[..., k + 1] - x[..., k]) ** 2 / 2 for k in range(x.shape[-1] - 1)) + _alone(x).sum(-1)
    return found


def _draws() -> np.ndarray:
    """On a grid moved by a uniform number, the first place below which the share of the mass is at least another uniform number."""
    least = min(_alone(np.linspace(-2, 2, 400_001)))
    ends = [brentq(lambda x: float(_alone(x)) - least - 60, *sorted((0.0, far)), xtol=1e-14) for far in (-9.0, 9.0)]
    step = (ends[1] - ends[0]) / (Phi4(2, _COUPLING, _BARRIER, _FIELD).moments.nodes - 1)
    fine, generator, found = np.linspace(ends[0], ends[1], 90), torch.Generator().manual_seed(_SEED), np.empty((_DRAWS, 2))
    second = np.exp(-_alone(fine))
    for k in (0, 1):
        moved, level = torch.rand((2, _DRAWS), generator=generator, dtype=torch.float64).numpy()
        for row in range(_DRAWS):
            grid = ends[0] + step * (np.arange(round((ends[1] - ends[0]) / step)) + moved[row])
            beside = np.exp(-_COUPLING / 2 * (grid - found[row, 0]) ** 2) if k else np.exp(-_COUPLING / 2 * (grid[:, None] - fine) ** 2) @ second
            law = np.exp(-_alone(grid)) * beside
            found[row, k] = grid[np.searchsorted(np.cumsum(law) / law.sum(), level[row])]
    return found
