"""Divergences between laws by moments of a position and a velocity, next to the formulas for whole matrices."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import torch
from scipy import linalg

from experiments.measures._gaussian_formulas import Moments, against, kl, log_power, on_line, w2
from experiments.measures._routes import apart, attempt, beside, compared, held
from pmmtheory import divergences
from pmmtheory.estimate import Estimate
from pmmtheory.laws import LinearLaw
from pmmtheory.noise.levels import Numbers
from pmmtheory.targets import Gaussian

_AXES = linalg.expm(np.array([[0.0, 0.7, -0.3], [-0.7, 0.0, 0.5], [0.3, -0.5, 0.0]]))
_BLOCKS = np.array([[[1.7, 0.3], [0.3, 1.2]], [[0.6, -0.2], [-0.2, 0.9]], [[1.1, 0.4], [0.4, 0.8]]])
_OTHERS = np.array([[[1.3, -0.1], [-0.1, 1.6]], [[0.8, 0.3], [0.3, 1.0]], [[2.4, 0.2], [0.2, 0.9]]])
_CENTRE = np.array([[0.4, -0.3, 0.6], [0.1, 0.2, -0.2]])
_SMALL = np.array([[0.02, -0.01], [-0.01, 0.03]])
_NEAR = _BLOCKS + _SMALL
PAIRS = {
    "positions and velocities": (_BLOCKS, 0 * _CENTRE, _OTHERS),
    "positions and velocities, near": (_BLOCKS, 0.98 * _CENTRE, _NEAR),
    "positions": (_BLOCKS[:, :1, :1], 0 * _CENTRE[:1], _OTHERS[:, :1, :1]),
    "positions, near": (_BLOCKS[:, :1, :1], 0.98 * _CENTRE[:1], _NEAR[:, :1, :1]),
}
_UNSURE = 1e-6
WIDE = "velocities of five times the variance"
ORDERS = (0.3, 1.5, 2.0)


@compared
def measure(device: str) -> dict[str, Estimate]:
    """Each divergence of laws on three axes, and of laws on the line next to those of Gaussians."""
    found: dict[str, Estimate] = {}
    for label, (blocks, centre, others) in PAIRS.items():
        one, two = _law(_CENTRE[: len(centre)], blocks), _law(centre, others)
        p, q = _whole(_CENTRE[: len(centre)], blocks), _whole(centre, others)
        found |= {f"{name}, {label}": number for name, number in against(one, two, p, q, ORDERS).items()}
        found[f"w2, {label}"] = beside(attempt(divergences.w2, one, two), w2(p, q))
        found[f"frechet, {label}"] = beside(attempt(divergences.frechet, one, two), w2(p, q))
    wide = _BLOCKS * np.array([[1.0, math.sqrt(5)], [math.sqrt(5), 5.0]])
    found[f"kl, {WIDE}"] = beside(attempt(divergences.kl, _law(_CENTRE, wide), _law(_CENTRE, _OTHERS)), kl(_whole(_CENTRE, wide), _whole(_CENTRE, _OTHERS)))
    but = {f"{name}, its error": 1e-5 for name in ("kl", "w2", "renyi of order 0.3", "renyi of order 1.5")}
    return held(found | _target() | _line() | _given() | _carried() | _scaled(), but=but)


def _law(centre: Numbers, blocks: Numbers, axes: Numbers | None = _AXES) -> LinearLaw:
    return LinearLaw(torch.as_tensor(centre), torch.as_tensor(blocks), None if axes is None else torch.as_tensor(axes), True)


def _whole(centre: Numbers, blocks: Numbers) -> Moments:
    return _joined(centre, blocks, _AXES)


def _joined(centre: Numbers, blocks: Numbers, axes: Numbers) -> Moments:
    parts = [np.kron(block, np.outer(axis, axis)) for block, axis in zip(blocks, axes.T, strict=True)]
    return centre.reshape(-1), np.sum(parts, 0)


def _target() -> dict[str, Estimate]:
    """The law of a target is its own times that of a standard normal velocity."""
    mean, variances = np.array([-0.1, 0.5, 0.2]), np.array([1.7, 0.6, 1.1])
    target = Gaussian(mean, (_AXES * variances) @ _AXES.T)
    law = LinearLaw(torch.as_tensor(_CENTRE), torch.as_tensor(_BLOCKS[np.argsort(variances)]), target.axes, True)
    axes = np.asarray(target.axes)
    p = _joined(_CENTRE, np.asarray(law.blocks), axes)
    q = np.concatenate([mean, np.zeros(3)]), linalg.block_diag((_AXES * variances) @ _AXES.T, np.eye(3))
    return {
        "kl, to a target": beside(attempt(divergences.kl, law, target), kl(p, q)),
        "w2, to a target": beside(attempt(divergences.w2, law, target), w2(p, q)),
    }


def _line() -> dict[str, Estimate]:
    one, two = _law(np.array([[0.4]]), np.array([[[1.7]]]), None), _law(np.array([[-0.3]]), np.array([[[0.6]]]), None)
    p, q = (0.4, 1.7), (-0.3, 0.6)
    return {
        "tv, on the line": beside(attempt(divergences.tv, one, two), on_line(p, q, "pdf") / 2),
        "w1, on the line": beside(attempt(divergences.w1, one, two), on_line(p, q, "cdf")),
    }


def _given() -> dict[str, Estimate]:
    """The coupling given random times adds 2 s (high - low) to the square of Frechet's distance, s the deviations of the other."""
    variances, others, low = np.array([1.7, 0.6, 1.1]), np.array([1.3, 0.8, 2.4]), np.array([1.29, 0.75, 1.0])
    high = np.sqrt(variances)
    law = LinearLaw(torch.zeros(1, 3, dtype=torch.float64), torch.as_tensor(variances)[:, None, None], None, False)
    bounds = torch.as_tensor(low), torch.as_tensor(high)
    given = LinearLaw(law.centre, law.blocks, None, False, given=lambda: bounds)
    target = Gaussian([0.2, 0.0, -0.1], others)
    below, above = (attempt(lambda k=k: divergences.w2_bounds(given, target)[k]) for k in (0, 1))
    shift, widths = 0.05, np.sqrt(others)
    return {
        "w2 from below": beside(below, math.sqrt(shift + float(((high - widths) ** 2).sum()))),
        "w2 from above": beside(above, math.sqrt(shift + float((variances - 2 * low * widths + others).sum()))),
    }


def _carried() -> dict[str, Estimate]:
    """What a relative error of every variance does to a distance, as its stated part and by the other variances."""
    variances, others = np.array([0.7, 0.6, 0.9]), np.array([1.3, 0.8, 1.0])
    centre = np.zeros((1, 3))
    exact = _law(centre, others[:, None, None], None)
    unsure = replace(_law(centre, variances[:, None, None], None), errors={"rounding": _UNSURE})

    def change(distance: Callable[[Moments, Moments], float], times: float) -> float:
        p, q = (centre[0], np.diag(variances)), (centre[0], np.diag(others))
        return abs(distance((centre[0], np.diag(variances * (1 + times))), q) - distance(p, q))

    found = {
        "kl": (divergences.kl, change(kl, -_UNSURE)),
        "renyi of order 0.3": (lambda one, two: divergences.renyi(one, two, 0.3), change(lambda p, q: log_power(p, q, 0.3) / -0.7, -_UNSURE)),
        "renyi of order 1.5": (lambda one, two: divergences.renyi(one, two, 1.5), change(lambda p, q: log_power(p, q, 1.5) / 0.5, -_UNSURE)),
    }
    parts = {
        f"{name}, its error": apart(attempt(divergence, unsure, exact).parts.get("covariance", 0.0), number) for name, (divergence, number) in found.items()
    }
    moved = math.sqrt(float(variances.sum())) * (math.sqrt(1 + _UNSURE) - 1)
    return parts | {"w2, its error": apart(attempt(divergences.w2, unsure, exact).parts.get("covariance", 0.0), moved)}


def _scaled() -> dict[str, Estimate]:
    """A covariance times (1 + e)^2, all digits of which are there, is e times the root of the trace away."""
    blocks = np.array([[[1.75, 0.5], [0.5, 1.25]], [[0.5, -0.25], [-0.25, 1.0]]])
    little = 2.0**-20
    one, two = (_law(np.zeros((2, 2)), matrix, None) for matrix in (blocks, blocks * (1 + 2 * little + little**2)))
    return {"w2, nearly the same": beside(attempt(divergences.w2, one, two), little * math.sqrt(4.5))}
