"""Distances of a chain's stationary law from its target, in the plane."""

from __future__ import annotations

from experiments.measures._in_plane import in_plane
from pmmtheory.divergences import kl, tv
from pmmtheory.dynamics import Overdamped
from pmmtheory.estimate import Estimate
from pmmtheory.harness.catalogue import scheme_class
from pmmtheory.laws import stationary_law

_RTOL = 1e-6
"""Of the law; KL, which is quadratic in what is left of it, has many more digits."""


def measure(device: str, target: str, scheme: str, step_size: float) -> dict[str, Estimate]:
    """kl and tv."""
    own = in_plane(target)
    law = stationary_law(scheme_class(scheme)(Overdamped(own), step_size), rtol=_RTOL, device=device)
    return {"kl": kl(law, own), "tv": tv(law, own)}
