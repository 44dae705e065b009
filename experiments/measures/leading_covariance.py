"""The predicted constants of the stationary covariance of a scheme on the Gaussian target."""

from __future__ import annotations

import math

from pmmtheory.estimate import Estimate
from pmmtheory.harness.catalogue import build_gaussian, number_of_substeps, scheme_class
from pmmtheory.theory import LeadingCovariance, leading_covariance


def measure(
    device: str,
    target: str,
    scheme: str,
    friction: float | None = None,
    substeps: float | str = "inf",
    midpoints: str = "bernoulli",
    substeps_times_step: float | None = None,
    growth: int = 1,
) -> dict[str, Estimate]:
    """uu, uv and vv, each at its own order, and with the sign changed ("-uu"); an entry without an error is missing.

    With random midpoints also `uniform`: the limit of sup over d of W2/(sqrt(d/curvature) step^(3/2)), the half of the standard
    deviation of the random variance.
    """
    found = predict(target, scheme, friction, substeps, midpoints, substeps_times_step, growth)
    constants = {entry: constant for entry, (_, constant) in found.first.items()}
    constants |= {f"-{entry}": -constant for entry, constant in constants.items()}
    if found.spread["uu"] > 0:
        constants["uniform"] = math.sqrt(found.spread["uu"]) / 2
    return {name: Estimate(value, 1e-13 * abs(value), "symbolic expansion") for name, value in constants.items()}


def predict(
    target: str,
    scheme: str,
    friction: float | None,
    substeps: float | str,
    midpoints: str,
    substeps_times_step: float | None = None,
    growth: int = 1,
) -> LeadingCovariance:
    """leading_covariance of a cell's plain parameters."""
    curvature = float(build_gaussian(target).smoothness)
    return leading_covariance(scheme_class(scheme), curvature, friction, number_of_substeps(substeps), midpoints, substeps_times_step, growth)
