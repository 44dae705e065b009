"""The relative errors of the stationary covariance of a scheme on the Gaussian target."""

from __future__ import annotations

from pmmtheory.estimate import Estimate
from pmmtheory.harness.catalogue import build_gaussian, build_scheme
from pmmtheory.laws import stationary_law

ROUNDING = 1e-12
"""An error above this is none of rounding."""


def measure(
    device: str,
    target: str,
    scheme: str,
    step_size: float,
    friction: float | None = None,
    substeps: float | str | None = None,
    midpoints: str | None = None,
) -> dict[str, Estimate]:
    """uu = curvature E U^2 - 1, uv = sqrt(curvature) E UV and vv = E V^2 - 1, with U centred; overdamped uu alone.

    Each also with its sign changed ("-uu") and without a sign ("|uu|"), and `rounding`, the stated bound on exact ones.
    """
    width = [float(build_gaussian(target).variances) ** 0.5, 1.0]
    law = stationary_law(build_scheme(scheme, target, step_size, substeps, midpoints, friction), device=device, engine="gaussian")
    found = {"rounding": Estimate(ROUNDING, 0.0, "stated")}
    for i in range(law.size):
        for j in range(i, law.size):
            error = float(law.blocks[0, i, j]) / (width[i] * width[j]) - (i == j)
            for sign, value in (("", error), ("-", -error), ("|", abs(error))):
                name = f"{sign}{'uv'[i]}{'uv'[j]}{sign if sign == '|' else ''}"
                found[name] = Estimate(value, law.numerical_error, "exact covariance")
    return found
