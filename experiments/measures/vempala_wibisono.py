"""KL of LMC after a fixed time against the bound of Vempala and Wibisono."""

from __future__ import annotations

import math

from pmmtheory.divergences import Estimate, kl
from pmmtheory.harness.catalogue import build_scheme
from pmmtheory.laws import transient_laws
from pmmtheory.targets import Gaussian
from pmmtheory.targets.line import LineTarget
from pmmtheory.theory.bounds import vempala_wibisono


def measure(device: str, target: str, steps: int, time: float, mean: float, variance: float) -> dict[str, Estimate]:
    """kl after `steps` steps of size time/steps from N(mean, variance), and the bound on it."""
    chain = build_scheme("EulerMaruyama", target, time / steps)
    goal = chain.dynamics.target
    assert isinstance(goal, LineTarget) and goal.lsi is not None
    start, end = transient_laws(chain, Gaussian(mean, variance), [0, steps], device=device)
    bound = vempala_wibisono(float(goal.lsi), float(goal.smoothness), time / steps, steps, float(kl(start, goal)))
    assert math.isfinite(bound)
    return {"kl": kl(end, goal), "bound": Estimate(bound, 1e-9 * bound, "Vempala & Wibisono 2019, Theorem 1")}
