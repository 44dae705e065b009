"""The distance of what a diffusion sampler generates from the data, by particles: where its exact law is out of reach."""

from __future__ import annotations

from typing import Any

from pmmtheory.divergences import Estimate, w2
from pmmtheory.harness.data import build_data
from pmmtheory.harness.samplers import build_sampler
from pmmtheory.schedulers import ExactPredictor, NoisyPredictor


def measure(
    device: str,
    data: str,
    sampler: str,
    steps: int,
    particles: int,
    size: int = 1000,
    schedule: str = "linear",
    call_noise: float = 0.0,
    **options: Any,
) -> dict[str, Estimate]:
    """w2 with its standard error, and the expected calls; with `call_noise`, of a predictor that adds independent noise of that size to every answer."""
    made = build_sampler(sampler, schedule, size, steps, **options)
    target = build_data(data)
    exact = ExactPredictor(target, made.schedule)
    predictor = NoisyPredictor(exact, call_noise) if call_noise else exact
    start = made.schedule.marginal(target, size).sample(particles).to(device)
    end = made.sample(predictor, start, independent=True).cpu()
    return {"w2": w2(end, made.schedule.marginal(target, made.end)), "calls": Estimate(made.calls, 0.0, "expected")}
