"""KL of the paths of a chain from those of LMC(step/K), or ULMC(step/K), from the target or from a wider Gaussian."""

from __future__ import annotations

from typing import Any

from pmmtheory.divergences import path_kl
from pmmtheory.dynamics import Dynamics
from pmmtheory.estimate import Estimate
from pmmtheory.harness.catalogue import build_gaussian, build_scheme
from pmmtheory.schemes import EulerMaruyama
from pmmtheory.targets import Gaussian


def measure(
    device: str,
    target: str,
    step_size: float,
    substeps: int,
    scheme: str = "PoissonMidpoint",
    midpoints: str = "bernoulli",
    dim: int = 1,
    steps: int = 1,
    path: str = "coarse",
    wider: float | None = None,
    friction: float | None = None,
) -> dict[str, Estimate]:
    """kl over `steps` large steps from the target; and with `wider`, the excess over it from a Gaussian whose variance is so many times that of the target."""
    chain = build_scheme(scheme, target, step_size, substeps, midpoints, friction, dim)
    dynamics: Dynamics = chain.dynamics
    fine = EulerMaruyama(dynamics, step_size / substeps)
    found: dict[str, Any] = {"kl": path_kl(chain, fine, steps, path=path)}
    if wider is not None:
        goal = build_gaussian(target, dim)
        start = Gaussian(goal.mean, float(goal.variances[0]) * wider, dim=dim)
        found["excess"] = path_kl(chain, fine, steps, start, path) - found["kl"]
    return found
