"""What starting a reverse process from N(0, 1) costs, apart from its steps."""

from __future__ import annotations

from pmmtheory.divergences import Estimate, tv
from pmmtheory.dynamics import ReverseDiffusion
from pmmtheory.harness.data import build_data
from pmmtheory.laws import transient_law
from pmmtheory.schemes import EulerMaruyama
from pmmtheory.targets import Gaussian


def measure(device: str, data: str, steps: int, horizon: float, stop: float) -> dict[str, Estimate]:
    """Total variation distances: initial, between the starts; moved, between the ends of the two chains; total, of the chain from N(0, 1)."""
    reverse = ReverseDiffusion(build_data(data), horizon, stop, "exponential")
    chain = EulerMaruyama(reverse, reverse.duration / steps)
    right, noise = (transient_law(chain, start, steps, rtol=1e-7, device=device) for start in (reverse.marginal(horizon), Gaussian()))
    initial = tv(transient_law(chain, Gaussian(), 0, device=device), reverse.marginal(horizon))
    discretised, moved, total = tv(right, reverse.marginal(stop)), tv(noise, right), tv(noise, reverse.marginal(stop))
    both = Estimate(discretised.value + initial.value, discretised.error + initial.error, "exact law on the line")
    return {"initial": initial, "discretised": discretised, "moved": moved, "moved_bound": initial, "total": total, "total_bound": both}
