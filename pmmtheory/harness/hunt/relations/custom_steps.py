"""Steps of a user with jumps in their draws, on Gaussians: mean and square against closed forms, by two engines."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Any

import torch
from scipy.special import ndtr
from torch import Tensor

from pmmtheory.dynamics import Overdamped
from pmmtheory.errors import PmmError
from pmmtheory.harness.hunt import targets
from pmmtheory.harness.hunt.chains import rounded
from pmmtheory.harness.hunt.compared import Compared, compare
from pmmtheory.harness.hunt.draw import Draw
from pmmtheory.laws import stationary_law
from pmmtheory.schemes import Normal, Scheme, Uniform


class Kicked(Scheme):
    """x + h (b + s) + sqrt(2h) Z, where s is one of two numbers as the draw is below a cut; with a share of |z| or u^2 besides."""

    drift_calls = 1.0

    def __init__(self, dynamics: Overdamped, step_size: float, draw: str, cut: float, kicks: tuple[float, float]):
        super().__init__(dynamics, step_size)
        self.draws = {"u": Uniform() if draw == "uniform" else Normal()}
        self.cut, self.kicks = cut, kicks

    def step(self, x: Tensor, t: Any, draws: Mapping[str, Any]) -> tuple[Tensor, Any]:
        low, high = self.kicks
        kick = torch.where(draws["u"] < self.cut, torch.as_tensor(low, dtype=x.dtype), torch.as_tensor(high, dtype=x.dtype))
        return x + self.step_size * (self.dynamics.drift(x, t) + kick), math.sqrt(2 * self.step_size)


def draw(draw: Draw) -> dict[str, Any]:
    target = targets.gaussian(draw)
    kind = draw.one_of(["uniform", "normal"])
    kicks = [draw.real(-1.0, -3.0), draw.real(1.0, 3.0)]
    cut = draw.real(0.5, 0.1) if kind == "uniform" else draw.real(0.0, 1.0)
    if draw.chance(0.5):
        p = _below(kind, cut)
        kicks[1] = -p * kicks[0] / (1 - p)
    return {
        "target": target,
        "step": rounded(target["variance"] * draw.real(0.5, 0.1)),
        "kind": kind,
        "cut": cut,
        "kicks": kicks,
        "rtol": draw.one_of([1e-5, 1e-7]),
    }


def check(target: Any, step: float, kind: str, cut: float, kicks: list[float], rtol: float) -> Iterator[Compared]:
    scheme = Kicked(Overdamped(targets.build(target)), step, kind, cut, (kicks[0], kicks[1]))
    p = _below(kind, cut)
    push = p * kicks[0] + (1 - p) * kicks[1]
    spread = p * (1 - p) * (kicks[1] - kicks[0]) ** 2
    pull = step / target["variance"]
    mean = target["mean"] + target["variance"] * push
    variance = (step**2 * spread + 2 * step) / (pull * (2 - pull))
    law = stationary_law(scheme, rtol=rtol, engine="line")
    yield compare("mean", law.moment(1), mean)
    yield compare("second moment", law.moment(2), variance + mean**2)
    try:
        law = stationary_law(scheme, rtol=rtol, engine="gaussian")
    except PmmError as error:
        if kind == "uniform" and abs(push) < 1e-12:
            raise error
        return  # moments are for steps that keep the mean and are linear in their normal draws
    yield compare("mean by moments", float(law.mean), mean, law.numerical_error * math.sqrt(variance))
    yield compare("variance by moments", float(law.covariance), variance, law.numerical_error * variance)


def _below(kind: str, cut: float) -> float:
    """The probability that the draw is below the cut."""
    return cut if kind == "uniform" else float(ndtr(cut))
