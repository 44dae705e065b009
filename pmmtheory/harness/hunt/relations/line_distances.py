"""hellinger, reverse_kl, w1 and weak errors of laws of LMC on Gaussians, moved, scaled and reflected, against closed forms; and their inequalities."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import torch

from pmmtheory.divergences import Estimate, hellinger, kl, reverse_kl, tv, w1, w2, weak
from pmmtheory.dynamics import Overdamped
from pmmtheory.errors import PmmError
from pmmtheory.harness.hunt import gaussians
from pmmtheory.harness.hunt.compared import Compared, compare
from pmmtheory.harness.hunt.draw import Draw
from pmmtheory.laws import stationary_law
from pmmtheory.schemes import EulerMaruyama
from pmmtheory.targets import Gaussian


def draw(draw: Draw) -> dict[str, Any]:
    apart = draw.one_of([0.25, 4.0, 1.0])
    return {
        "laws": [(draw.place(apart), draw.log(1.0, 10.0) if draw.chance(0.5) else draw.log(1.0, 0.1), draw.real(0.1, 0.9)) for _ in range(2)],
        "to_target": draw.chance(0.4),
        "shift": draw.one_of([0.0, 1e5, -1000.0]),
        "scale": draw.one_of([1.0, 1e-4, 1e4, -1.0]),
    }


def check(laws: list[tuple[float, float, float]], to_target: bool, shift: float, scale: float) -> Iterator[Compared]:
    made, exact, targets = [], [], []
    for mean, variance, share in laws:
        place, spread = shift + scale * mean, scale * scale * variance
        targets.append(Gaussian(place, spread))
        made.append(stationary_law(EulerMaruyama(Overdamped(targets[-1]), share * spread), rtol=1e-6))
        exact.append(gaussians.lmc(place, spread, share * spread))
    other = made[1]
    if to_target:
        other, exact[1] = targets[1], (targets[1].mean, targets[1].covariance)
    refusal = None
    for distance in (hellinger, w1, reverse_kl):
        try:
            found = distance(made[0], other)
        except PmmError as error:
            refusal = error
            continue
        yield compare(distance.__name__, found, getattr(gaussians, distance.__name__)(*exact))
        if distance is w1 and found.value > (more := w2(made[0], other)).value:
            yield compare("w1 beside w2", found, more)
    centre = exact[0][0]
    yield compare("weak of x", weak(made[0], other, lambda x: x), abs(exact[0][0] - exact[1][0]), 4e-16 * abs(shift))
    square = exact[0][1] - exact[1][1] - (exact[1][0] - centre) ** 2
    yield compare("weak of x^2", weak(made[0], other, lambda x: (x - centre) ** 2), abs(square), 1e-14 * scale * scale + 4e-16 * abs(shift * scale))
    yield compare("weak of a jump", weak(made[0], other, lambda x: (x > centre).to(x)), abs(0.5 - _above(centre, exact[1])))
    yield from _ordered(hellinger(made[0], other), tv(made[0], other))
    if not to_target:
        yield compare("reverse_kl is kl the other way round", reverse_kl(made[0], made[1]), kl(made[1], made[0]))
    if refusal is not None:
        raise refusal


def _above(place: float, law: tuple[float, float]) -> float:
    return float(torch.special.ndtr(torch.tensor((law[0] - place) / math.sqrt(law[1]), dtype=torch.float64)))


def _ordered(root: Estimate, variation: Estimate) -> Iterator[Compared]:
    """H^2 <= TV <= H (2 - H^2)^1/2."""
    low, high = root.value**2, root.value * math.sqrt(2 - root.value**2)
    if low > variation.value:
        yield compare("hellinger squared beside tv", Estimate(low, 2 * root.error, ""), variation)
    if variation.value > high:
        yield compare("tv beside hellinger", variation, Estimate(high, 2 * root.error, ""))
