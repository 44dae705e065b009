"""hellinger, reverse_kl and renyi of Gaussians in closed form, near and far apart and of very different widths, against eighty digits."""

from __future__ import annotations

import math
from collections.abc import Iterator
from functools import partial
from typing import Any

from pmmtheory.divergences import hellinger, renyi, reverse_kl
from pmmtheory.errors import PmmError
from pmmtheory.harness.hunt import gaussians
from pmmtheory.harness.hunt.compared import Compared, compare
from pmmtheory.harness.hunt.draw import Draw
from pmmtheory.harness.hunt.relations import closed_forms
from pmmtheory.targets import Gaussian


def draw(draw: Draw) -> dict[str, Any]:
    drawn = closed_forms.draw(draw)
    return {**drawn, "order": draw.one_of([2.0, 0.5, 0.1, 0.99, 1.01, 3.0, 20.0])}


def check(pair: list[dict[str, list[float]]], angles: list[float], scale: float, own: bool, order: float) -> Iterator[Compared]:
    raw = closed_forms.parameters(pair, angles, scale, own)
    flat = len(pair[0]["mean"]) == 1
    made = [Gaussian(float(m[0]), float(c[0, 0])) if flat else Gaussian(m, c) for m, c in raw]
    routes: list[tuple[Any, Any]] = [
        (hellinger, gaussians.hellinger(*raw)),
        (reverse_kl, gaussians.reverse_kl(*raw)),
        (partial(renyi, order=order), gaussians.power(raw[0], raw[1], order) / (order - 1)),
    ]
    refusal = None
    for distance, truth in routes:
        try:
            found = distance(*made)
        except PmmError as error:
            refusal = refusal if math.isinf(truth) else error
            continue
        yield compare(getattr(distance, "__name__", f"renyi of order {order}"), found, truth, 1e-30)
    if refusal is not None:
        raise refusal
