"""What the rules of a distance see of the masses of both laws: int q (p/q) and int q are 1. Two resolutions with a gap in common agree, and this does not."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import torch
from torch import Tensor

from pmmtheory.divergences.generator import Generator
from pmmtheory.divergences.measured import measured
from pmmtheory.estimate import Estimate
from pmmtheory.harness.hunt import chains, targets
from pmmtheory.harness.hunt.compared import Compared
from pmmtheory.harness.hunt.draw import Draw

_ROUNDED = 1e-12
"""What is left of a number by sums that are rounded in another order."""


class Linear(Generator):
    """a t + b, whose integral is a times the mass of the first law and b times that of the reference."""

    def __init__(self, name: str, a: float, b: float):
        self.name, self.a, self.b = name, a, b

    def near(self, r: Tensor, log: Tensor) -> Tensor:
        return self.a * (1 + r) + self.b

    def far(self, p: Tensor, q: Tensor, log: Tensor) -> Tensor:
        return self.a * p + self.b * q

    def slope(self, r: Tensor, log: Tensor) -> Tensor:
        return torch.full_like(log, self.a)

    def curvature(self, log: Tensor) -> Tensor:
        return torch.zeros_like(log)

    def pull(self, r: Tensor, log: Tensor) -> Tensor:
        return torch.full_like(log, self.b)


MASSES = Linear("mass", 1.0, 0.0), Linear("mass of the reference", 0.0, 1.0)


def draw(draw: Draw) -> dict[str, Any]:
    underdamped = draw.chance(0.2)
    chain = chains.underdamped(draw) if underdamped else chains.overdamped(draw)
    rtol = draw.one_of([chains.tolerance(draw, chain), 1e-2, 1e-1])
    return {"chain": chain, "rtol": rtol, "other": targets.any_target(draw), "shorter": draw.real(0.5, 0.3)}


def check(chain: chains.Chain, rtol: float, other: Any, shorter: float) -> Iterator[Compared]:
    law, target = chains.law(chain, rtol), targets.build(chain["target"])
    if chain["friction"] is not None:
        yield from _both("in the phase plane", law, target)
        law = law.position
    yield from _both("beside its target", law, target)
    yield from _both("beside another target", law, targets.build(other))
    if chain["friction"] is None:
        yield from _both("beside the law of a shorter step", law, chains.law(chain | {"step": chain["step"] * shorter}, rtol))


def _both(where: str, law: Any, other: Any) -> Iterator[Compared]:
    for f in MASSES:
        found = measured(f, law, other)
        yield Compared(f"{f.name} {where}", found.value, 1.0, seen(found) + _ROUNDED)


def seen(found: Estimate) -> float:
    """The error of a mass: in planes "resolution" holds the mass of the coarser law, which is all there is."""
    return found.error - (found.parts["resolution"] if found.parts["resolution"] > 1 else 0.0)
