"""The predicted constants of an underdamped scheme's stationary error, from its own step."""

from __future__ import annotations

from pmmtheory.estimate import Estimate
from pmmtheory.harness.catalogue import build_target, number_of_substeps, scheme_class
from pmmtheory.theory import phase_leading_term


def measure(device: str, target: str, scheme: str, friction: float, substeps: float | str = "inf", midpoints: str = "bernoulli") -> dict[str, Estimate]:
    """By the names that plane_error gives them, the limits of KL/step^(2p), TV/step^p and W2/step^p of the laws of position, velocity and both."""
    term = phase_leading_term(scheme_class(scheme), build_target(target), friction, number_of_substeps(substeps), midpoints)
    found: dict[str, Estimate] = {}
    for law in ("position", "velocity", "joint"):
        side = getattr(term, law)
        found |= {f"{law} {distance}": constant for distance in ("kl", "tv", "w2") if (constant := getattr(side, distance)) is not None}
    return found
