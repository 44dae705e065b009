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
_MIXED = (
    *("log density", "force", "force, coordinates first", "force, as it is compiled", "noised log density", "noised force", "noised force, coordinates first"),
    *("noised force, one level a point", "noised force of one point", "means along a direction", "variances along a direction"),
    *("mean", "covariance", "components", "draws", "curvature far out"),
)
_NORMAL = (
    *("log density", "force", "force, from F", "covariance", "noised log density", "noised force"),
    *("noised force, from its density", "draws"),
)
_ALONG = ("mean along a direction", "variance along a direction", "L", "log-Sobolev", "other constants")
_LS = ("L of two round components", "L of two that are near", "L of two apart on their narrow side", "L of two apart on their wide side")
MIXTURES = Routes(
    "routes_mixtures",
    "Gaussians and mixtures in space",
    {f"{kind} components: {name}": 1e-12 for kind in ("round", "turned") for name in _MIXED}
    | _of("constants", dict.fromkeys(_LS, 1e-12))
    | _of("Gaussian", dict.fromkeys(_NORMAL + _ALONG, 1e-12))
    | _of("diagonal Gaussian", dict.fromkeys(_NORMAL, 1e-12)),
)
_ON_THE_LINE = ("log density", "force", "curvature", "distribution function", "survival", "quantiles", "draws")
_MORE = ("noised force", "noised force, one level a point", "noised variances", "third moment", "shares", "mean", "variance", "curvature far out")
NORMAL_LINE = Routes(
    "routes_normal_line",
    "Gaussians and mixtures on the line",
    _of(
        "Gaussian",
        dict.fromkeys(("default variance", "noised log density", "noised force", *_ON_THE_LINE, *(f"moment of order {k}" for k in (2, 3, 5, 6))), 1e-12),
    )
    | _of("mixture", dict.fromkeys(_ON_THE_LINE + _MORE, 1e-11) | {"L": 1e-8})
    | _of("tails that cross", {"L, left": 1e-6, "L, right": 1e-6, "L, one as wide": 1e-6}),
)
TARGETS = (SHAPES, LATTICE, WEIGHTED, MIXTURES, NORMAL_LINE)
