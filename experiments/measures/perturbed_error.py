"""How far wrong answers of the predictor move what a sampler generates."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from pmmtheory.divergences import Estimate, tv, w2
from pmmtheory.harness.data import build_data
from pmmtheory.harness.samplers import build_sampler
from pmmtheory.laws import transient_law
from pmmtheory.noise.coefficients import AffineStep, variant_named
from pmmtheory.schedulers import ExactPredictor, NoiseLevels, PerturbedPredictor
from pmmtheory.schemes import EulerMaruyama


def measure(
    device: str,
    data: str,
    sampler: str,
    steps: int,
    perturbation: float = 0.0,
    call_noise: float = 0.0,
    size: int = 1000,
    schedule: str = "linear",
    end: int = 100,
    **options: Any,
) -> dict[str, Estimate]:
    """w2 and tv between the laws with right and with wrong answers: off by a wave of root mean square `perturbation`, or, for DDPM, by independent
    noise of standard deviation `call_noise` in every call, which adds to the noise of the step."""
    made = build_sampler(sampler, schedule, size, steps, end=end, **options)
    target = build_data(data)
    exact = ExactPredictor(target, made.schedule)

    def noisy(t: NoiseLevels, s: NoiseLevels) -> AffineStep:
        a, b, noise = variant_named(str(options["variant"]))(t, s)
        return AffineStep(a, b, np.hypot(noise, b * call_noise))

    right = made.chain(exact)
    wrong = (
        made.chain(PerturbedPredictor(exact, perturbation)) if perturbation else replace(right, scheme=EulerMaruyama(made.dynamics(exact, None, noisy), 1.0))
    )
    laws = [transient_law(chain, rtol=1e-7, device=device) for chain in (wrong, right)]
    return {"w2": w2(*laws), "tv": tv(*laws)}
