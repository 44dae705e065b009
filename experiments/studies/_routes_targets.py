"""Targets, each number by a second computation: closed forms, plain loops, quadrature by scipy."""

from __future__ import annotations

from collections.abc import Mapping

from experiments.studies._routes import Routes


def _of(name: str, within: Mapping[str, float]) -> dict[str, float]:
    """The numbers of one target among those of a measure."""
    return {f"{name}: {number}": bound for number, bound in within.items()}


_DEFINED = {"defaults": 1e-15, "potential": 1e-13, "force": 1e-13, "log density": 1e-12, "covariance": 1e-12}
_RING = {"radii of draws": 1e-11, "angles of draws": 1e-13, "L, at the centre": 1e-12, "L, far out": 1e-12}
_BANANA = {"draws": 1e-13} | {f"L without a bend, {name}": 1e-12 for name in ("along the ridge", "across the ridge", "in further coordinates")}
SHAPES = Routes(
    "routes_shapes",
    "ring, banana, funnel",
    _of("ring", _DEFINED | _RING) | _of("banana", _DEFINED | _BANANA) | _of("funnel", _DEFINED | {"draws": 1e-13}),
)
_SUMMED = {"log density": 1e-11, "log normaliser": 1e-11, "mean": 1e-10, "covariance": 1e-10, "draws": 1e-10, "how many are drawn": 1e-15}
LATTICE = Routes("routes_lattice", "phi^4 on 3 sites", _DEFINED | _SUMMED)
_MOMENTS = ("mean", "covariance", "standard errors of the mean", "standard errors of the covariance", "log normaliser", "its standard error", "draws worth")
_POSTERIOR = {"defaults": 1e-15, "potential": 1e-13, "force": 1e-13, "mode": 1e-6, "L": 1e-11, "least curvature": 1e-8}
WEIGHTED = Routes(
    "routes_weighted",
    "importance sampling, logistic regression",
    _of("posterior", _POSTERIOR | dict.fromkeys(_MOMENTS, 1e-9)) | _of("from far away", dict.fromkeys(_MOMENTS, 1e-9)) | {"breast cancer: L": 1e-10},
)
TARGETS = (SHAPES, LATTICE, WEIGHTED)
