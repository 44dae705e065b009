"""What is predicted for the KL of paths: theory.path_terms."""

from __future__ import annotations

from pmmtheory.estimate import Estimate
from pmmtheory.harness.catalogue import build_gaussian, build_target
from pmmtheory.theory.path_terms import coarse_path_constant, far_start_constant, fine_path_constant, underdamped_path_constant

_DIGITS = 1e-10


def measure(
    device: str, target: str, substeps: int, midpoints: str = "bernoulli", dim: int = 1, wider: float | None = None, friction: float | None = None
) -> dict[str, Estimate]:
    """The limits of KL/step^4 a step: coarse, and with independent midpoints fine; and of the excess from a wider Gaussian; with a friction of KL/step^6."""
    goal = build_target(target, dim)
    if friction is not None:
        value = underdamped_path_constant(goal, friction, substeps, midpoints)
        return {"coarse": Estimate(value, _DIGITS * value, "closed form")}
    found = {"coarse": coarse_path_constant(goal, substeps, midpoints)}
    if midpoints == "bernoulli":
        found["fine"] = fine_path_constant(goal, substeps)
    if wider is not None:
        found["excess"] = far_start_constant(dim, substeps, wider - 1) / float(build_gaussian(target, dim).variances[0]) ** 4
    return {name: Estimate(value, _DIGITS * abs(value), "closed form") for name, value in found.items()}
