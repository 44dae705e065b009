"""Targets in the plane and products, next to sums over a fine grid and to their factors."""

from __future__ import annotations

import math

import numpy as np
import torch
from scipy import stats
from torch import Tensor

from experiments.measures._of_targets import known, named, points, pulled, slope
from experiments.measures._routes import apart, compared, farthest, held
from pmmtheory.estimate import Estimate
from pmmtheory.targets import Cosine, Gaussian, GaussianMixture, LogCosh, Potential, Product
from pmmtheory.targets.line import on_the_line

_UNIT, _ASIDE, _SEED = np.array([0.6, 0.8]), 20.0, 3


_PLANE = (
    *("force", "log density", "mean", "covariance", "potential along a direction", "log density along a direction", "the same from a table"),
    *("mean along a direction", "variance along a direction"),
)
_PRODUCT = (
    *("log density", "potential", "force", "noised force", "noised force, one level a point", "variances", "mean", "draws"),
    *("log density along a direction", "law along an axis", "constants"),
)
_WITHIN: dict[str, float] = {f"plane: {name}": 1e-10 for name in _PLANE} | {f"product: {name}": 1e-10 for name in _PRODUCT}


@compared
def measure(device: str) -> dict[str, Estimate]:
    """The law of a user's potential in the plane and along a direction; densities, forces, moments and draws of products."""
    found = named("plane", _plane()) | named("product", _product())
    return held(found, _WITHIN)


def _function(x: Tensor) -> Tensor:
    first, second = x[..., 0] - 1, x[..., 1] - _ASIDE
    return first**2 / 1.4 + first * second / 3 + (second**2 - 1) ** 2 / 4 + second / 5


def _plain(x: np.ndarray, height: np.ndarray) -> np.ndarray:
    y = height - _ASIDE
    return np.asarray((x - 1) ** 2 / 1.4 + (x - 1) * y / 3 + (y * y - 1) ** 2 / 4 + y / 5)


def _slopes(x: np.ndarray, height: np.ndarray) -> np.ndarray:
    y = height - _ASIDE
    return np.stack([(x - 1) / 0.7 + y / 3, (x - 1) / 3 + y * (y * y - 1) + 0.2], 1)


def _plane() -> dict[str, Estimate]:
    target, x = Potential(_function, dim=2, points=[(1.0, _ASIDE)]), points(6, 2) + torch.tensor([0.0, _ASIDE])
    axis, step = np.linspace(-8.0, 8.0, 321, retstep=True)
    first, second = np.meshgrid(axis + 1, axis + _ASIDE, indexing="ij")
    law = np.exp(-_plain(first, second)) * step**2
    mass = law.sum()
    mean = np.array([(law * first).sum(), (law * second).sum()]) / mass
    off = np.stack([first - mean[0], second - mean[1]])
    covariance = np.einsum("iab,jab,ab->ij", off, off, law) / mass
    aside, places = on_the_line(target.along(torch.tensor(_UNIT))), np.array([15.0, 16.2, 17.5, 19.0])
    across = np.linspace(0.0, 24.0, 2001)
    lines = places[:, None, None] * _UNIT + across[:, None] * np.array([-0.8, 0.6])
    marginal = np.exp(-_plain(lines[..., 0], lines[..., 1])).sum(1) * (across[1] - across[0])
    many = torch.linspace(8.0, 26.0, 406, dtype=torch.float64)
    each = torch.cat([aside.log_density(few) for few in many.split(29)])
    return {
        "force": farthest(target.drift(x).numpy(), -_slopes(*x.numpy().T)),
        "log density": farthest(target.log_density(x).numpy(), -_plain(*x.numpy().T) - math.log(mass)),
        "mean": farthest(target.mean.numpy(), mean),
        "covariance": farthest(target.covariance.numpy(), covariance),
        "potential along a direction": farthest(aside.potential(torch.as_tensor(places)).numpy() + target.plane.least, -np.log(marginal)),
        "log density along a direction": farthest(aside.log_density(torch.as_tensor(places)).numpy(), np.log(marginal / mass)),
        "the same from a table": farthest(aside.log_density(many).numpy(), each.numpy()),
        "mean along a direction": apart(aside.mean, _UNIT @ mean),
        "variance along a direction": apart(aside.covariance, _UNIT @ covariance @ _UNIT),
    }


def _product() -> dict[str, Estimate]:
    shared = LogCosh(0.8)
    factors = [Gaussian(0.5, 2.0), shared, Cosine(0.4, 1.2), shared]
    target, x = Product(factors), points(6, 4)
    parts = [factor.log_density(x[:, j]) for j, factor in enumerate(factors)]
    draws = target.sample(3, _SEED).numpy()
    seeds = torch.randint(2**62, (3,), generator=torch.Generator().manual_seed(_SEED)).tolist()
    uniform = torch.rand(6, generator=torch.Generator().manual_seed(seeds[1]), dtype=torch.float64).numpy().reshape(3, 2)
    mixed = Product([GaussianMixture([0.4, 0.6], [-1.0, 1.5], [0.5, 0.8]), Gaussian(0.3, 1.7)])
    noised = mixed.noised(0.8)
    levels = torch.linspace(0.3, 0.9, 6, dtype=torch.float64)[:, None]
    apiece = torch.cat([mixed.noised(float(level)).drift(point[None]) for level, point in zip(levels, x[:, :2], strict=True)])
    aside = mixed.along([0.6, 0.8])
    law = GaussianMixture([0.4, 0.6], [[-1.0, 0.3], [1.5, 0.3]], covariances=[np.diag([0.5, 1.7]).tolist(), np.diag([0.8, 1.7]).tolist()]).along([0.6, 0.8])
    places = torch.tensor([-2.0, 0.1, 1.3], dtype=torch.float64)
    constants = np.array([float(target.smoothness), known(target.poincare)])
    return {
        "log density": farthest(target.log_density(x).numpy(), torch.stack(parts).sum(0).numpy()),
        "potential": farthest(target.potential(x).diff().numpy(), -torch.stack(parts).sum(0).diff().numpy()),
        "force": pulled(target, x),
        "noised force": farthest(mixed.noised_drift(x[:, :2], 0.8).numpy(), slope(noised.log_density, x[:, :2]).numpy()),
        "noised force, one level a point": farthest(mixed.noised_drift(x[:, :2], levels).numpy(), apiece.numpy()),
        "variances": farthest(target.variances.numpy(), np.array([2.0, (math.pi * 0.8) ** 2 / 4, factors[2].covariance, (math.pi * 0.8) ** 2 / 4])),
        "mean": farthest(target.mean.numpy(), np.array([0.5, 0.0, 0.0, 0.0])),
        "draws": farthest(stats.hypsecant(scale=0.8).cdf(draws[:, [1, 3]]), uniform),
        "log density along a direction": farthest(aside.log_density(places).numpy(), law.log_density(places).numpy()),
        "law along an axis": farthest(target.along([0.0, 0.0, 2.0, 0.0]).log_density(x[:, 2]).numpy(), parts[2].numpy()),
        "constants": farthest(constants, np.array([max(1 / 0.64, 1 + 0.4 * 1.44), min(0.5, 0.25 / 0.64, known(factors[2].poincare))])),
    }
