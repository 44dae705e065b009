"""Drift calls of the overdamped randomized midpoint method for a given KL: Altschuler & Chewi 2024."""

from __future__ import annotations

from pmmtheory.theory.complexity import Complexity, Powers
from pmmtheory.theory.theorem import Theorem

_SOURCE = "Altschuler & Chewi 2024: complexity of RMM in KL"


def altschuler_chewi_calls(accuracy: float, dim: int, constant: float = 1.0) -> float:
    """Drift calls of RMM for KL <= accuracy^2, strongly log-concave or under LSI, up to logarithms: sqrt(d)/eps.

    How it grows with kappa is not stated here, and neither is the constant known. That eps^2 bounds KL is our reading (Pinsker's inequality
    then has eps bound TV).
    Source: Altschuler & Chewi 2024 (arXiv 2412.17997), abstract.

    Raises
    ------
    AssumptionViolated
        Unless 0 < accuracy <= 1.

    Examples
    --------
    >>> altschuler_chewi_calls(accuracy=0.01, dim=16)
    400.0
    """
    return Complexity(_SOURCE, "KL <= eps^2", [Powers(-1, None, 1 / 2)]).calls(accuracy, None, dim, constant)


theorems = (
    Theorem(
        "AC calls",
        _SOURCE,
        "LSI",
        "KL: d^1/2/e",
        ("0 < eps <= 1", "log-Sobolev inequality", "F is L-smooth"),
        "KL <= eps^2 in sqrt(d)/eps calls of overdamped RMM, up to logarithms; how they grow with kappa is not stated here",
        altschuler_chewi_calls,
    ),
)
