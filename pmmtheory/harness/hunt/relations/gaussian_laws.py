"""Divergences between laws of LMC on Gaussians, near and far apart, narrow and wide, against closed forms; each law on a grid of its own."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

from pmmtheory.divergences import chi2, kl, renyi, tv, w2
from pmmtheory.dynamics import Overdamped
from pmmtheory.errors import PmmError
from pmmtheory.harness.hunt import gaussians
from pmmtheory.harness.hunt.compared import Compared, compare
from pmmtheory.harness.hunt.draw import Draw
from pmmtheory.laws import stationary_law
from pmmtheory.schemes import EulerMaruyama
from pmmtheory.targets import Gaussian

NAMES = ("kl", "tv", "w2", "chi2", "renyi")


def draw(draw: Draw) -> dict[str, Any]:
    apart = draw.one_of([0.25, 4.0, 1.0])
    laws = [(draw.place(apart), draw.log(1.0, 10.0) if draw.chance(0.4) else draw.log(1.0, 0.1), draw.real(0.1, 0.9)) for _ in range(2)]
    first = draw.one_of(NAMES)
    return {
        "laws": laws,
        "names": [first, *[name for name in NAMES if name != first]],
        "order": draw.one_of([0.5, 2.0, 0.9, 3.0]),
        "to_target": draw.chance(0.25),
        "rtol": draw.one_of([1e-6, 1e-8]),
    }


def check(laws: list[tuple[float, float, float]], names: list[str], order: float, to_target: bool, rtol: float) -> Iterator[Compared]:
    made, exact = [], []
    for mean, variance, share in laws:
        step = share * variance
        made.append(stationary_law(EulerMaruyama(Overdamped(Gaussian(mean, variance)), step), rtol=rtol))
        exact.append(gaussians.lmc(mean, variance, step))
    other = made[1]
    if to_target:
        other, exact[1] = Gaussian(*laws[1][:2]), laws[1][:2]
    run: dict[str, Callable[[Any, Any], Any]] = {"kl": kl, "tv": tv, "w2": w2, "chi2": chi2, "renyi": partial(renyi, order=order)}
    truth: dict[str, Callable[[Any, Any], float]] = {name: getattr(gaussians, name) for name in NAMES[:-1]}
    truth["renyi"] = partial(gaussians.renyi, order=order)
    refusal = None
    for name in names:
        try:
            found = run[name](made[0], other)
        except PmmError as error:
            refusal = refusal or error
            continue
        yield compare(name, found, truth[name](*exact))
    if refusal is not None and not math.isinf(truth["chi2"](*exact)) and not math.isinf(truth["renyi"](*exact)):
        raise refusal
