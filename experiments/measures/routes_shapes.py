"""The ring, the banana and the funnel, next to their definitions."""

from __future__ import annotations

import math

import numpy as np
import torch
from scipy import stats

from experiments.measures._of_targets import integral, named, normals, points, pulled, steepest
from experiments.measures._routes import apart, compared, farthest, held
from pmmtheory.estimate import Estimate
from pmmtheory.targets import Banana, Funnel, Ring

_DRAWS, _SEED = 5, 3


_DEFINED = {"defaults": 1e-10, "potential": 1e-10, "force": 1e-10, "log density": 1e-10, "covariance": 1e-10}
_RING = {"radii of draws": 1e-10, "angles of draws": 1e-10, "L, at the centre": 1e-10, "L, far out": 1e-10}
_BANANA = {"draws": 1e-10} | {f"L without a bend, {name}": 1e-10 for name in ("along the ridge", "across the ridge", "in further coordinates")}
_WITHIN: dict[str, float] = named("ring", _DEFINED | _RING) | named("banana", _DEFINED | _BANANA) | named("funnel", _DEFINED | {"draws": 1e-10})


@compared
def measure(device: str) -> dict[str, Estimate]:
    """Potentials, forces, densities, moments, draws and L of each."""
    found = _ring() | _banana() | _funnel()
    return held(found, _WITHIN)


def _ring() -> dict[str, Estimate]:
    target, x = Ring(radius=2.0, width=1.1, smoothing=0.9), points(6, 2)
    middle = math.hypot(2.0, 0.9)

    def density(size: float) -> float:
        return 2 * math.pi * size * math.exp(-((math.hypot(size, 0.9) - middle) ** 2) / 2 / 1.1**2)

    mass = integral(density, 0.0, 15.0, 2.0)
    spread = integral(lambda size: size**2 * density(size), 0.0, 15.0, 2.0) / mass / 2
    f = (np.hypot(np.hypot(*x.numpy().T), 0.9) - middle) ** 2 / 2 / 1.1**2
    draws = target.sample(_DRAWS, _SEED).numpy()
    share, turn = torch.rand((2, _DRAWS), generator=torch.Generator().manual_seed(_SEED), dtype=torch.float64).numpy()
    below = np.array([integral(density, 0.0, size) / mass for size in np.hypot(*draws.T)])
    angles = np.arctan2(draws[:, 1], draws[:, 0]) % (2 * math.pi) / (2 * math.pi)
    found = {
        "defaults": farthest(np.array([(one := Ring()).radius, one.width, one.smoothing]), np.array([2.0, 0.3, 1.0])),
        "potential": farthest(target.potential(x).numpy(), f),
        "force": pulled(target, x),
        "log density": farthest(target.log_density(x).numpy(), -f - math.log(mass)),
        "covariance": farthest(target.covariance.numpy(), spread * np.eye(2)),
        "radii of draws": farthest(below, share),
        "angles of draws": farthest(angles, turn),
    }
    for name, smoothing in (("at the centre", None), ("far out", 2.0)):
        other = Ring(2.0, 1.1, smoothing)
        found[f"L, {name}"] = apart(float(other.smoothness), steepest(other.potential, ([0.0, 0.0], [1e5, 0.0])))
    return {f"ring: {name}": number for name, number in found.items()}


def _banana() -> dict[str, Estimate]:
    target, x, z = Banana(dim=3, deviation=1.3, bend=0.7, variance=0.6), points(6, 3), normals(_DRAWS, 3, _SEED)
    first, second, third = x.numpy().T
    off = second - 0.7 * (first**2 - 1.3**2)
    log_density = stats.norm(0, 1.3).logpdf(first) + stats.norm(0, math.sqrt(0.6)).logpdf(off) + stats.norm.logpdf(third)
    draws = np.stack([1.3 * z[:, 0], math.sqrt(0.6) * z[:, 1] + 0.7 * 1.3**2 * (z[:, 0] ** 2 - 1), z[:, 2]], 1)
    nodes, weights = np.polynomial.hermite_e.hermegauss(12)
    bent = (weights / weights.sum()) @ (0.7 * 1.3**2 * (nodes**2 - 1)) ** 2
    found = {
        "defaults": farthest(np.array([(one := Banana()).deviation, one.bend, one.variance]), np.ones(3)),
        "potential": farthest(target.potential(x).numpy(), first**2 / 2 / 1.3**2 + off**2 / 2 / 0.6 + third**2 / 2),
        "force": pulled(target, x),
        "log density": farthest(target.log_density(x).numpy(), log_density),
        "covariance": farthest(target.covariance.numpy(), np.diag([1.3**2, 0.6 + bent, 1.0])),
        "draws": farthest(target.sample(_DRAWS, _SEED).numpy(), draws),
    }
    for name, deviation, variance in (("along the ridge", 0.4, 2.0), ("across the ridge", 2.0, 0.3), ("in further coordinates", 2.0, 3.0)):
        straight = Banana(3, deviation, 0.0, variance)
        found[f"L without a bend, {name}"] = apart(float(straight.smoothness), steepest(straight.potential, [[0.1, 0.2, 0.3]]))
    return {f"banana: {name}": number for name, number in found.items()}


def _funnel() -> dict[str, Estimate]:
    target, x, z = Funnel(dim=4, deviation=1.4), points(6, 4), normals(_DRAWS, 4, _SEED)
    neck, others = x.numpy()[:, :1], x.numpy()[:, 1:]
    log_density = stats.norm(0, 1.4).logpdf(neck[:, 0]) + stats.norm(0, np.exp(neck / 2)).logpdf(others).sum(1)
    f = neck[:, 0] ** 2 / 2 / 1.4**2 + 1.5 * neck[:, 0] + (np.exp(-neck) * others**2).sum(1) / 2
    nodes, weights = np.polynomial.hermite_e.hermegauss(40)
    wide = (weights / weights.sum()) @ np.exp(1.4 * nodes)
    found = {
        "defaults": apart(Funnel().deviation, 3.0),
        "potential": farthest(target.potential(x).numpy(), f),
        "force": pulled(target, x),
        "log density": farthest(target.log_density(x).numpy(), log_density),
        "covariance": farthest(target.covariance.numpy(), np.diag([1.4**2, wide, wide, wide])),
        "draws": farthest(target.sample(_DRAWS, _SEED).numpy(), np.concatenate([1.4 * z[:, :1], z[:, 1:] * np.exp(0.7 * z[:, :1])], 1)),
    }
    return {f"funnel: {name}": number for name, number in found.items()}
