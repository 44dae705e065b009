"""The distances of an underdamped scheme's stationary law from its target on the line, in the phase plane."""

from __future__ import annotations

from typing import Any

from pmmtheory.divergences import kl, tv, w2
from pmmtheory.estimate import Estimate
from pmmtheory.harness.catalogue import build_scheme
from pmmtheory.laws import stationary_law
from pmmtheory.targets import Gaussian


def measure(
    device: str,
    target: str,
    scheme: str,
    step_size: float,
    friction: float,
    substeps: float | str | None = None,
    midpoints: str | None = None,
    rtol: float = 1e-5,
) -> dict[str, Estimate]:
    """kl, tv and w2 of the "position" and of the "velocity", kl and tv of the "joint" law; `rtol` is that of the joint law."""
    chain = build_scheme(scheme, target, step_size, substeps, midpoints, friction)
    goal: Any = chain.dynamics.target
    law = stationary_law(chain, rtol=rtol, device=device, engine="phase_plane")
    marginals = {"position": (law.position, goal), "velocity": (law.velocity, Gaussian())}
    found = {f"{part} {distance.__name__}": distance(*pair) for part, pair in marginals.items() for distance in (kl, tv, w2)}
    return found | {f"joint {distance.__name__}": distance(law, goal) for distance in (kl, tv)}
