"""A law in the plane of independent coordinates against the laws of these: marginals, kl, chi2 and w2; and turned, in another unit and place."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import numpy as np

from pmmtheory.divergences import Estimate, chi2, kl, sliced_w2, tv, w2
from pmmtheory.dynamics import Overdamped
from pmmtheory.harness.hunt.chains import rounded
from pmmtheory.harness.hunt.compared import Compared, compare
from pmmtheory.harness.hunt.draw import Draw
from pmmtheory.harness.hunt.features import cdfs
from pmmtheory.laws import transient_law
from pmmtheory.schemes import EulerMaruyama
from pmmtheory.targets import Gaussian, GaussianMixture


def draw(draw: Draw) -> dict[str, Any]:
    variance = draw.log(1.0, 0.3)
    weight = draw.real(0.5, 0.9)
    return {
        "weights": [weight, 1 - weight],
        "means": [draw.place(2.0), draw.place(2.0)],
        "centre": draw.place(1.0),
        "variance": variance,
        "step": rounded(variance * draw.real(0.4, 0.9)),
        "steps": draw.whole(1, 4),
        "start": draw.log(1.0, 0.4),
        "angle": draw.real(0.5, 3.0) if draw.chance(0.4) else None,
        "unit": draw.one_of([1.0, 1e-3, 1e4, 30.0, 1e-7]),
        "shift": draw.one_of([0.0, 0.0, 30.0, -1000.0]),
        "rtol": draw.one_of([1e-4, 1e-5]),
    }


def check(
    weights: list[float],
    means: list[float],
    centre: float,
    variance: float,
    step: float,
    steps: int,
    start: float,
    angle: float | None,
    rtol: float,
    unit: float = 1.0,
    shift: float = 0.0,
) -> Iterator[Compared]:
    points = np.array([[m, centre] for m in means])
    plane = GaussianMixture(weights, points, [variance] * 2)
    line: tuple[Any, Any] = GaussianMixture(weights, means, [variance] * 2), Gaussian(centre, variance)
    law = transient_law(EulerMaruyama(Overdamped(plane), step), Gaussian([0.5, 0.0], start), steps, rtol=rtol)
    parts = [transient_law(EulerMaruyama(Overdamped(target), step), Gaussian(m, start), steps, rtol=1e-9) for target, m in zip(line, (0.5, 0.0), strict=True)]
    for k, axis in enumerate(([1.0, 0.0], [0.0, 1.0])):
        marginal = law.along(axis)
        for order in (1, 2):
            yield compare(f"moment {order} of coordinate {k}", marginal.moment(order), parts[k].moment(order))
        yield from cdfs(parts[k], marginal, 1.0, 0.0)
        yield compare(f"w2 of coordinate {k}", w2(marginal, line[k]), w2(parts[k], line[k]))
    first, second = (kl(part, target) for part, target in zip(parts, line, strict=True))
    yield compare("kl", kl(law, plane), Estimate(first.value + second.value, first.error + second.error, ""))
    first, second = (chi2(part, target) for part, target in zip(parts, line, strict=True))
    both = (1 + first.value) * (1 + second.value) - 1
    yield compare("chi2", chi2(law, plane), Estimate(both, first.error * (1 + second.value) + second.error * (1 + first.value), ""))
    diagonals = [w2(law.along(axis), plane.along(axis)) for axis in ([1.0, 1.0], [-1.0, 1.0])]
    mean = math.sqrt(sum(part.value**2 for part in diagonals) / 2)
    yield compare("sliced w2", sliced_w2(law, plane, 2), Estimate(mean, math.sqrt(sum(part.error**2 for part in diagonals) / 2), ""))
    if angle is None:
        return
    c, s = math.cos(angle), math.sin(angle)
    turn, origin, square = np.array([[c, s], [-s, c]]), shift * unit, unit**2
    turned = GaussianMixture(weights, origin + unit * points @ turn, [variance * square] * 2)
    begun = Gaussian(origin + unit * np.array([0.5, 0.0]) @ turn, start * square)
    again = transient_law(EulerMaruyama(Overdamped(turned), step * square), begun, steps, rtol=rtol)
    for name, distance in (("kl", kl), ("chi2", chi2), ("tv", tv)):
        yield compare(f"{name} after a rotation, in another unit and place", distance(law, plane), distance(again, turned))
    yield from cdfs(parts[0], again.along([c, s]), unit, origin * (c + s))
