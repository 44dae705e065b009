"""A user's step in space, with a force and a noise of its own on each axis: what the laws by moments say of an axis against the law of that axis alone."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import torch
from torch import Tensor

from pmmtheory.divergences import w2
from pmmtheory.dynamics import Overdamped
from pmmtheory.harness.hunt.chains import rounded
from pmmtheory.harness.hunt.compared import Compared, compare
from pmmtheory.harness.hunt.draw import Draw
from pmmtheory.laws import transient_law
from pmmtheory.schemes import EulerMaruyama, RandomizedMidpoint, Scheme
from pmmtheory.targets import Gaussian


def draw(draw: Draw) -> dict[str, Any]:
    dim, alike = draw.whole(2, 3), draw.chance(0.5)
    variances = [draw.log(1.0, 0.2) for _ in range(dim)]
    return {
        "name": draw.one_of(["EulerMaruyama", "RandomizedMidpoint"]),
        "variances": [variances[0]] * dim if alike else variances,
        "noise": [draw.real(1.0, 0.5) for _ in range(dim)] if draw.chance(0.7) else [1.0] * dim,
        "force": [draw.real(1.0, 0.5) for _ in range(dim)] if draw.chance(0.4) else [1.0] * dim,
        "spread": draw.log(1.0, 0.3),
        "step": rounded(draw.real(0.2, 0.02) * min(variances)),
        "steps": draw.whole(1, 4),
    }


def check(name: str, variances: list[float], noise: list[float], force: list[float], spread: float, step: float, steps: int) -> Iterator[Compared]:
    dim = len(variances)

    def chain(axes: slice) -> tuple[Scheme, Gaussian]:
        part = variances[axes]
        target = Gaussian([0.0] * len(part), part) if len(part) > 1 else Gaussian(0.0, part[0])
        start = Gaussian([0.0] * len(part), spread) if len(part) > 1 else Gaussian(0.0, spread)
        return _stretched(name, noise[axes], force[axes])(Overdamped(target), step), start

    whole, start = chain(slice(None))
    law = transient_law(whole, start, steps, engine="gaussian")
    for axis in range(dim):
        alone, begin = chain(slice(axis, axis + 1))
        on_line = transient_law(alone, begin, steps, engine="line")
        other = on_line.moment(2)
        yield compare(f"variance of axis {axis}", float(law.covariance[axis, axis]), other, law.numerical_error * float(other))
        if law.gaussian:
            known = Gaussian(0.0, float(law.covariance[axis, axis]))
            yield Compared(f"w2 of axis {axis} from its law alone", float(w2(on_line, known)), 0.0, w2(on_line, known).error + law.numerical_error)


def _stretched(name: str, noise: list[float], force: list[float]) -> type[Scheme]:
    base: Any = {"EulerMaruyama": EulerMaruyama, "RandomizedMidpoint": RandomizedMidpoint}[name]

    class Stretched(base):  # type: ignore[misc]
        def step(self, x: Tensor, t: Any, draws: Mapping[str, Any]) -> tuple[Tensor, Any]:
            mean, factor = base.step(self, x, t, draws)
            wide, strong = (torch.tensor(numbers, dtype=x.dtype) if len(numbers) > 1 else numbers[0] for numbers in (noise, force))
            return x + strong * (mean - x), wide * factor

    return Stretched
