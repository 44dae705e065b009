"""Targets on the line and in the plane, each number by a second computation: laws of scipy, sums over fine grids."""

from __future__ import annotations

from experiments.studies._routes import Routes

_SUMMED = (
    *("potential", "force", "curvature", "log density", "mean", "variance", "fifth moment", "distribution function", "survival", "quantiles"),
    *("draws", "far below"),
)
_KNOWN = ("log density", "force", "curvature", "distribution function", "survival", "quantiles", "mean", "variance")
_BOUNDS, _SCANNED = {"poincare": 1e-8, "lsi": 1e-8}, {"L": 1e-7, "least curvature": 1e-7}
_OF = {
    "cosine": dict.fromkeys(_SUMMED, 1e-11) | _BOUNDS | _SCANNED,
    "double well": dict.fromkeys(_SUMMED, 1e-11) | _BOUNDS,
    "user's own": dict.fromkeys(_SUMMED, 1e-11) | _BOUNDS | _SCANNED,
    "log cosh": dict.fromkeys(_KNOWN, 1e-11) | dict.fromkeys(("potential", "L", "poincare", "curvature far out"), 1e-13),
    "logistic": dict.fromkeys(_KNOWN, 1e-11) | {"L": 1e-9},
    "defaults": {"of all": 1e-15},
}
LINE = Routes("routes_line", "targets on the line", {f"{kind}: {name}": within for kind, known in _OF.items() for name, within in known.items()})
_PLANE = (
    *("force", "log density", "mean", "covariance", "potential along a direction", "log density along a direction", "the same from a table"),
    *("mean along a direction", "variance along a direction"),
)
_PRODUCT = (
    *("log density", "potential", "force", "noised force", "noised force, one level a point", "variances", "mean", "draws"),
    *("log density along a direction", "law along an axis", "constants"),
)
PLANE = Routes(
    "routes_plane",
    "targets in the plane, products",
    {f"plane: {name}": 1e-11 for name in _PLANE} | {f"product: {name}": 1e-11 for name in _PRODUCT},
)
_LAPLACE = (
    *("places of kinks", "jumps of the force", "log density", "distribution function", "survival", "quantiles", "far quantiles"),
    *("moment of order 4", "moment of order 12"),
)
_SLOPES = ("places of kinks", "slopes far out", "L", "least curvature", "shares", "mean", "variance", "slopes of a ripple far out")
KINKS = Routes(
    "routes_kinks",
    "kinks, tails, needles, far origins",
    {f"Laplace: {name}": 1e-12 for name in _LAPLACE}
    | {f"two slopes: {name}": 1e-11 for name in _SLOPES}
    | {f"two rates: {name}": within for name, within in {"poincare": 1e-8, "shares": 1e-12, "far survival": 1e-12}.items()}
    | {"a supremum that is not attained": 1e-11}
    | {f"far from the origin: {name}": within for name, within in {"mean": 1e-8, "deviation": 1e-10, "shares": 1e-10, "quantiles": 1e-8}.items()}
    | {f"needle: {name}": within for name, within in {"mean": 1e-11, "variance": 1e-11, "shares": 1e-10}.items()},
)
MANY = (LINE, PLANE, KINKS)
