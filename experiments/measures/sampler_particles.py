"""The distance of what a diffusion sampler generates from the data, by particles: where its exact law is out of reach."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from experiments.catalogue import build_data, build_sampler
from pmmtheory.divergences import Estimate, w2
from pmmtheory.schedulers import ExactPredictor
from pmmtheory.targets.target import generator


def measure(
    device: str, data: str, sampler: str, steps: int, particles: int, size: int = 1000, schedule: str = "linear", call_noise: float = 0.0, **options: Any
) -> dict[str, Estimate]:
    """w2 with its standard error, and the expected calls. With call_noise every answer of the predictor has independent noise of that standard deviation."""
    made = build_sampler(sampler, schedule, size, steps, **options)
    target = build_data(data)
    predictor = _Noisy(ExactPredictor(target, made.schedule), call_noise, device)
    start = made.schedule.marginal(target, size).sample(particles).to(device)
    return {"w2": w2(made.sample(predictor, start).cpu(), made.schedule.marginal(target, made.end)), "calls": Estimate(made.calls, 0.0, "expected")}


class _Noisy:
    """A predictor whose answers carry independent noise."""

    def __init__(self, predictor: ExactPredictor, size: float, device: str):
        self.predictor, self.target, self.size = predictor, predictor.target, size
        self.generator = generator(7, device)

    def __call__(self, x: Tensor, t: Any) -> Tensor:
        asked = self.predictor(x, t)
        return asked + self.size * torch.randn(asked.shape, generator=self.generator, dtype=asked.dtype, device=asked.device) if self.size else asked
