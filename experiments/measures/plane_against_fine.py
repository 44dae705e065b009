"""KL of PMM from the chain it imitates, ULMC with step/K, after a fixed time in the phase plane."""

from __future__ import annotations

from contextlib import suppress

from pmmtheory.divergences import kl, tv
from pmmtheory.errors import NotConverged
from pmmtheory.estimate import Estimate
from pmmtheory.harness.catalogue import build_scheme
from pmmtheory.laws import transient_law
from pmmtheory.targets import Gaussian


def measure(
    device: str, target: str, steps: int, substeps: int, time: float, friction: float, mean: float, variance: float, rtol: float = 6e-8
) -> dict[str, Estimate]:
    """tv of the joint laws after `steps` steps of size time/steps, from N(mean, variance) x N(0, 1), and kl where their tails are known."""
    initial = Gaussian(mean, variance)
    coarse = build_scheme("PoissonMidpoint", target, time / steps, substeps, "bernoulli", friction)
    fine = build_scheme("EulerMaruyama", target, time / (steps * substeps), friction=friction)
    law = transient_law(coarse, initial, steps, rtol, device, engine="phase_plane")
    reference = transient_law(fine, initial, steps * substeps, rtol, device, engine="phase_plane")
    found = {"tv": tv(law, reference)}
    with suppress(NotConverged):
        found["kl"] = kl(law, reference)
    return found
