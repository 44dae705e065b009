"""Drift calls of the underdamped randomized midpoint method: Shen & Lee 2019."""

from __future__ import annotations

from pmmtheory.theory.complexity import Complexity, Powers
from pmmtheory.theory.theorem import Theorem

_SOURCE = "Shen & Lee 2019: complexity of underdamped RMM"


def shen_lee_calls(accuracy: float, condition: float, constant: float = 1.0) -> float:
    """Drift calls for W2 <= accuracy sqrt(d/lsi) on strongly log-concave targets, up to logarithms: kappa^(7/6)/eps^(1/3) + kappa/eps^(2/3).

    In these units d does not enter. The constant is not known. Source: Shen & Lee 2019.

    Raises
    ------
    AssumptionViolated
        Unless 0 < accuracy <= 1 and condition >= 1.

    Examples
    --------
    >>> round(shen_lee_calls(accuracy=1e-3, condition=64.0), 9)
    7680.0
    """
    return Complexity(_SOURCE, "W2 <= eps sqrt(d/lsi)", [Powers(-1 / 3, 7 / 6, 0), Powers(-2 / 3, 1, 0)]).calls(accuracy, condition, None, constant)


theorems = (
    Theorem(
        "SL calls",
        _SOURCE,
        "convex",
        "W2: k^7/6/e^1/3 + k/e^2/3",
        ("0 < eps <= 1", "kappa >= 1", "F is strongly convex with constant lsi, and L-smooth"),
        "W2 <= eps sqrt(d/lsi) in kappa^(7/6)/eps^(1/3) + kappa/eps^(2/3) calls of underdamped RMM, up to logarithms",
        shen_lee_calls,
    ),
)
