"""Laws of four kinds beside their references, and every divergence of them: on the line, over time, in the phase plane and in the plane."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, NamedTuple

import torch
from torch import Tensor

from pmmtheory.divergences import Estimate, chi2, hellinger, kl, renyi, reverse_kl, tv, w2, weak
from pmmtheory.dynamics import Overdamped
from pmmtheory.harness.hunt import chains, samplers, targets
from pmmtheory.harness.hunt.draw import Draw
from pmmtheory.laws import stationary_law, transient_law
from pmmtheory.schedulers import ExactPredictor
from pmmtheory.schemes import EulerMaruyama
from pmmtheory.targets import GaussianMixture

_SHORTER = 0.6
_SAMPLERS = "DDPM", "DDIM1", *samplers.DETERMINISTIC, "RandomizedMidpointScheduler"

Pairs = list[tuple[str, Any, Any]]
"""In words what a reference is, a law, and the reference."""

DISTANCES: dict[str, Callable[[Any, Any], Estimate]] = {
    "kl": kl,
    "reverse_kl": reverse_kl,
    "chi2": chi2,
    "renyi of order 3": lambda law, other: renyi(law, other, 3.0),
    "hellinger": hellinger,
    "tv": tv,
    "w2": w2,
    "weak": lambda law, other: weak(law, other, _bend),
}


def _pairs(law: Any, target: Any, other: Any) -> Pairs:
    """Each of the laws beside the target, and beside the law of other steps."""
    pairs = [("to the target", law, target), ("to the law of other steps", law, other)]
    if hasattr(law, "position"):
        pairs += [(f"of positions {words}", law.position, getattr(to, "position", to)) for words, _, to in pairs]
    return pairs


def _bend(x: Tensor) -> Tensor:
    return torch.tanh(x if x.ndim < 2 or x.shape[-1] != 2 else x.sum(-1))


def _on_the_line(case: dict[str, Any], rtol: float) -> Pairs:
    return _pairs(chains.law(case, rtol), targets.build(case["target"]), chains.law(case | {"step": _SHORTER * case["step"]}, rtol))


def _sampled(case: dict[str, Any], rtol: float) -> Pairs:
    data, options = targets.build(case["data"]), case["sampler"]["options"]
    one, other = (samplers.build(case["sampler"] | {"options": options | {"steps": options["steps"] + more}}) for more in (0, 2))
    law, finer = (transient_law(made.chain(ExactPredictor(data, made.schedule)), rtol=rtol) for made in (one, other))
    return _pairs(law, one.schedule.marginal(data, one.end), finer)


def _in_the_plane(case: dict[str, Any], rtol: float) -> Pairs:
    spec, c, s = case["target"], math.cos(case["angle"]), math.sin(case["angle"])
    turn = torch.tensor([[c, -s], [s, c]], dtype=torch.float64)
    covariances = [turn @ torch.diag(torch.tensor([v, case["across"]], dtype=torch.float64)) @ turn.T for v in spec["variances"]]
    target = GaussianMixture(spec["weights"], [(m * turn[:, 0]).tolist() for m in spec["means"]], covariances=torch.stack(covariances))
    step = case["share"] * min(*spec["variances"], case["across"])
    law, other = (stationary_law(EulerMaruyama(Overdamped(target), share * step), rtol=rtol) for share in (1.0, _SHORTER))
    return _pairs(law, target, other)


def _far_data(draw: Draw) -> dict[str, Any]:
    """Two modes, one of them faint, up to twenty deviations apart."""
    weight = draw.log(1e-1, 1e-11)
    return {
        "kind": "mixture",
        "weights": [1 - weight, weight],
        "means": [0.0, draw.real(2.0, 18.0)],
        "variances": [draw.log(1.0, 0.1), draw.log(1.0, 0.1)],
    }


def _data(draw: Draw) -> dict[str, Any]:
    return _far_data(draw) if draw.chance(0.5) else targets.mixture(draw, 3.0)


class Kind(NamedTuple):
    """How a case is drawn, what is compared in it at an `rtol`, and a tight one."""

    draw: Callable[[Draw], dict[str, Any]]
    pairs: Callable[[dict[str, Any], float], Pairs]
    tight: float


KINDS = {
    "line": Kind(lambda draw: chains.overdamped(draw, chains.nearer(targets.smooth)), _on_the_line, 1e-6),
    "sampler": Kind(lambda draw: {"sampler": samplers.sampler(draw, _SAMPLERS), "data": _data(draw)}, _sampled, 1e-8),
    "phase plane": Kind(chains.underdamped, _on_the_line, 1e-5),
    "plane": Kind(
        lambda draw: {"target": _data(draw), "angle": draw.real(0.0, 1.5), "across": draw.log(1.0, 0.3), "share": draw.log(0.3, 0.05)}, _in_the_plane, 1e-7
    ),
}
