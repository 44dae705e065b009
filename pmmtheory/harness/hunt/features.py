"""What is asked of a law when it is compared with another form of itself: numbers that do not change with the axis."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import torch

from pmmtheory.divergences import chi2, kl, tv, w2
from pmmtheory.errors import PmmError
from pmmtheory.estimate import Estimate
from pmmtheory.harness.hunt.compared import Compared, compare
from pmmtheory.harness.hunt.draw import Draw
from pmmtheory.targets.line import LineTarget

DISTANCES = {"tv": tv, "w2": w2, "kl": kl, "chi2": chi2}


def ways(draw: Draw) -> list[str]:
    """The distances to compare; w2, which costs most, in one case of four."""
    return ["tv", "kl", "chi2"] if draw.unit() < 0.75 else ["tv", "kl", "chi2", "w2"]


def on_line(
    one: Any, other: Any, scale: float, shift: float, mirror: bool, targets: tuple[LineTarget, LineTarget], distances: Sequence[str]
) -> Iterator[Compared]:
    """`other` must be the law of +-scale X + shift, X from `one`."""
    if one.truncated or other.truncated:  # the law of a killed chain depends on its grid
        return
    sign = -scale if mirror else scale
    first, second = one.moment(1), one.moment(2)
    yield compare("mean", affine(first, sign, shift), other.moment(1))
    square = Estimate(
        scale**2 * second.value + 2 * sign * shift * first.value + shift**2,
        scale**2 * second.error + abs(2 * scale * shift) * first.error + 4e-16 * shift**2,
        "",
    )
    yield compare("second moment", square, other.moment(2))
    yield from cdfs(one, other, sign, shift)
    for name in distances:
        yield from same_distance(name, (one, targets[0]), (other, targets[1]), scale)


def cdfs(one: Any, other: Any, sign: float, shift: float) -> Iterator[Compared]:
    """The distribution functions at points where the first law has mass."""
    points = torch.linspace(float(one.grid[0]), float(one.grid[-1]), 9, dtype=torch.float64)[1:-1]
    middle = one.mean + math.sqrt(max(one.covariance, 0.0)) * torch.tensor([-1.0, 0.0, 0.5], dtype=torch.float64)
    for x in torch.cat([points, middle]).tolist():
        below, moved = float(one.cdf(x)), float(other.cdf(sign * x + shift))
        slope = float(one.density(x)) * 4e-16 * (abs(shift / sign) + abs(x))
        yield compare(f"cdf at {x:.6g}", below, 1 - moved if sign < 0 else moved, one.numerical_error + other.numerical_error + slope + 1e-14)


def same_distance(name: str, one: tuple[Any, Any], other: tuple[Any, Any], scale: float) -> Iterator[Compared]:
    """A distance of two pairs; one that is refused is not compared, unless only one of the pairs has it infinite."""
    found = [attempt(name, *pair) for pair in (one, other)]
    if None in found:
        return
    first, second = found
    assert first is not None and second is not None
    yield compare(name, affine(first, scale if name == "w2" else 1.0, 0.0), second)


def attempt(name: str, law: Any, other: Any, among: Mapping[str, Callable[[Any, Any], Estimate]] = DISTANCES) -> Estimate | None:
    """The distance, or None where it is refused."""
    try:
        return among[name](law, other)
    except PmmError:
        return None


def affine(estimate: Estimate, sign: float, shift: float) -> Estimate:
    """The estimate of sign times a number plus a shift."""
    return Estimate(sign * estimate.value + shift, abs(sign) * estimate.error + 4e-16 * abs(shift), estimate.method)
