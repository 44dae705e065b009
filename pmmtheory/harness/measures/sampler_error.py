"""The distance of what a diffusion sampler generates from the noised data at which it stops, by its exact law."""

from __future__ import annotations

from typing import Any

from pmmtheory.divergences import Estimate, tv, w2
from pmmtheory.harness.data import build_data
from pmmtheory.harness.samplers import build_sampler
from pmmtheory.laws import transient_law
from pmmtheory.schedulers import ExactPredictor, PerturbedPredictor
from pmmtheory.targets import Gaussian


def measure(
    device: str,
    data: str,
    sampler: str,
    steps: int,
    size: int = 1000,
    schedule: str = "linear",
    start: str = "marginal",
    perturbation: float = 0.0,
    rtol: float = 1e-6,
    engine: str | None = None,
    **options: Any,
) -> dict[str, Estimate]:
    """tv and w2 after a start at the noised data at time N or, with start = "noise", from N(0, 1); and the expected calls.

    With a perturbation the predictor is off by a wave of that root mean square.
    """
    made = build_sampler(sampler, schedule, size, steps, **options)
    target = build_data(data)
    exact = ExactPredictor(target, made.schedule)
    chain = made.chain(PerturbedPredictor(exact, perturbation) if perturbation else exact, Gaussian() if start == "noise" else None)
    law = transient_law(chain, rtol=rtol, device=device, engine=engine)
    found = {name: distance(law, made.schedule.marginal(target, made.end)) for name, distance in (("tv", tv), ("w2", w2))}
    return found | {"calls": Estimate(made.calls, 0.0, "expected")}
