"""Laws in the phase plane on Gaussians against closed forms: moments, and kl, chi2 and tv to the target and between two laws, both ways."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import numpy as np

from pmmtheory import schemes
from pmmtheory.divergences import chi2, kl, tv
from pmmtheory.dynamics import Underdamped
from pmmtheory.errors import PmmError
from pmmtheory.harness.hunt import gaussians
from pmmtheory.harness.hunt.chains import SPLITTINGS
from pmmtheory.harness.hunt.compared import Compared, compare
from pmmtheory.harness.hunt.draw import Draw
from pmmtheory.laws import stationary_law
from pmmtheory.targets import Gaussian


def draw(draw: Draw) -> dict[str, Any]:
    apart = draw.one_of([0.5, 3.0])
    names = (*SPLITTINGS, "EulerMaruyama")
    laws = []
    for _ in range(2):
        variance = draw.log(1.0, 3.0) if draw.chance(0.5) else draw.log(1.0, 0.3)
        laws.append((draw.one_of(names), draw.place(apart), variance, draw.log(2.0, 0.8), draw.real(0.2, 0.35)))
    return {"laws": laws, "to_target": draw.chance(0.5)}


def check(laws: list[tuple[str, float, float, float, float]], to_target: bool) -> Iterator[Compared]:
    made, exact = [], []
    for name, mean, variance, friction, share in laws[: 1 if to_target else 2]:
        step = share * math.sqrt(variance)
        made.append(stationary_law(getattr(schemes, name)(Underdamped(Gaussian(mean, variance), friction), step), rtol=1e-5, engine="phase_plane"))
        exact.append(gaussians.kinetic(name, mean, variance, friction, step))
    if to_target:
        _, mean, variance, _, _ = laws[0]
        made.append(Gaussian(mean, variance))
        exact.append((np.array([mean, 0.0]), np.diag([variance, 1.0])))
    law, (centre, covariance) = made[0], exact[0]
    for k, part in ((0, law.position), (1, law.velocity)):
        yield compare(f"mean of block {k}", part.moment(1), centre[k])
        yield compare(f"square of block {k}", part.moment(2), covariance[k, k] + centre[k] ** 2)
    refusal = None
    for one, other in [(0, 1)] if to_target else [(0, 1), (1, 0)]:
        for name, distance in (("kl", kl), ("chi2", chi2), ("tv", tv)):
            try:
                found = distance(made[one], made[other])
            except PmmError as error:
                refusal = error if name != "chi2" else refusal
                continue
            yield _against(f"{name}({one}, {other})", name, found, exact[one], exact[other])
    if refusal is not None:
        raise refusal


def _against(words: str, name: str, found: Any, p: Any, q: Any) -> Compared:
    if name == "tv":
        fine, coarse = (gaussians.tv_plane(p, q, n) for n in (32_000, 20_000))
        return compare(words, found, fine, 4 * abs(fine - coarse) + 1e-8)  # kinks: two rules may agree by luck
    value = getattr(gaussians, name)(p, q)
    return compare(words, found, value, 1e-12 * value if math.isfinite(value) else 0.0)
