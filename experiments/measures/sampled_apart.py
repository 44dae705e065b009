"""Particles against the law that is computed: E |x|^2/d of a chain in twenty independent coordinates, each of which alone has a law on the line."""

from __future__ import annotations

from typing import Any

from experiments.measures._in_many import SIGMAS, centred_square, in_many
from pmmtheory.estimate import Estimate
from pmmtheory.harness.catalogue import scheme_on
from pmmtheory.laws import stationary_law
from pmmtheory.particles import expectations
from pmmtheory.targets import Cosine


def measure(device: str, scheme: str, step_size: float, wrong: float = 1.0, particles: int = 1000, time: float = 10.0, **options: Any) -> dict[str, Estimate]:
    """apart, the difference, and allowed, three standard errors; the particles take steps `wrong` times as large."""
    law = stationary_law(scheme_on(Cosine(), scheme, step_size, **options), rtol=1e-5, device=device)
    exact = law.moment(2) if "friction" not in options else law.position.moment(2)
    own = in_many("cosines")
    made = scheme_on(own, scheme, wrong * step_size, **options)
    steps = round(time / made.step_size)
    found = expectations(made, {"square": centred_square(own)}, particles=particles, steps=steps, burn_in=steps // 2, device=device)["square"]
    return {"apart": Estimate(abs(found.value - exact.value), exact.error, "particles and a law"), "allowed": Estimate(SIGMAS * found.error, 0.0, "sampling")}
