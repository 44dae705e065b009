"""How far a smooth error of the predictor moves what a sampler generates."""

from __future__ import annotations

from typing import Any

from experiments.catalogue import build_data, build_sampler
from pmmtheory.divergences import Estimate, tv, w2
from pmmtheory.laws import transient_law
from pmmtheory.schedulers import ExactPredictor, PerturbedPredictor


def measure(
    device: str, data: str, sampler: str, steps: int, perturbation: float, size: int = 1000, schedule: str = "linear", end: int = 100, **options: Any
) -> dict[str, Estimate]:
    """w2 and tv between the laws with the exact predictor and with one that is off by a wave of that root mean square."""
    made = build_sampler(sampler, schedule, size, steps, end=end, **options)
    target = build_data(data)
    exact = ExactPredictor(target, made.schedule)
    initial = made.schedule.marginal(target, size)
    right, wrong = (
        transient_law(made.scheme(predictor), initial, made.chain_steps, rtol=1e-7, device=device)
        for predictor in (exact, PerturbedPredictor(exact, perturbation))
    )
    return {"w2": w2(wrong, right), "tv": tv(wrong, right)}
