"""Two engines for one chain on a Gaussian: by quadrature (on the line, in the phase plane, on a moving grid) and by moments, and what they say of distances."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

from pmmtheory.divergences import kl, tv, w2
from pmmtheory.errors import PmmError
from pmmtheory.harness.hunt import chains, targets
from pmmtheory.harness.hunt.compared import Compared, compare
from pmmtheory.harness.hunt.draw import Draw
from pmmtheory.laws import LinearLaw


def draw(draw: Draw) -> dict[str, Any]:
    if draw.chance(0.2):
        chain = chains.underdamped(draw, targets.gaussian)
    else:
        chain = chains.overdamped(draw, targets.gaussian, names=chains.LINE)
    return {"chain": chain, "rtol": chains.tolerance(draw, chain)}


def check(chain: chains.Chain, rtol: float) -> Iterator[Compared]:
    linear: LinearLaw = chains.law(chain, 1e-9, "gaussian")
    target = targets.build(chain["target"])
    if chain["friction"] is None:
        law = chains.law(chain, rtol, "line")
        yield from moments(law, linear)
    else:
        law = chains.law(chain, rtol, "phase_plane")
        yield from moments(law.position, linear.position)
        yield from moments(law.velocity, linear.velocity)
        law, linear = law.position, linear.position
    for name, distance in (("kl", kl), ("w2", w2), ("tv", tv)):
        try:
            one, other = distance(law, target), distance(linear, target)
        except PmmError:  # moments do not give every distance
            continue
        yield compare(name, one, other)


def moments(law: Any, linear: LinearLaw) -> Iterator[Compared]:
    """Mean and second moment of one block."""
    mean, variance = float(linear.mean), float(linear.covariance)
    error = linear.numerical_error
    yield compare("mean", law.moment(1), mean, error * math.sqrt(variance))
    yield compare("second moment", law.moment(2), variance + mean**2, error * (variance + 2 * abs(mean) * math.sqrt(variance)))
