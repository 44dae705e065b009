"""Score evaluations of the randomized midpoint for diffusion models: Gupta, Cai & Chen 2024."""

from __future__ import annotations

from pmmtheory.theory.complexity import Complexity, Powers
from pmmtheory.theory.theorem import Theorem

_SOURCE = "Gupta, Cai & Chen 2024: randomized midpoint for diffusion models"


def gupta_cai_chen_calls(accuracy: float, dim: int, constant: float = 1.0) -> float:
    """Score evaluations for TV <= accuracy, smooth scores, up to logarithms: d^(5/12)/eps.

    How it grows with the smoothness of the scores is not stated here, and neither is the constant known. Source: Gupta, Cai & Chen 2024 (arXiv 2406.00924).

    Raises
    ------
    AssumptionViolated
        Unless 0 < accuracy <= 1.

    Examples
    --------
    >>> round(gupta_cai_chen_calls(accuracy=0.01, dim=4096), 9)
    3200.0
    """
    return Complexity(_SOURCE, "TV <= eps", [Powers(-1, None, 5 / 12)]).calls(accuracy, None, dim, constant)


theorems = (
    Theorem(
        "GCC calls",
        _SOURCE,
        "scores",
        "TV: d^5/12/e",
        ("0 < eps <= 1", "smooth scores, accurate enough"),
        "TV <= eps in d^(5/12)/eps evaluations of the score, up to logarithms; how they grow with its smoothness is not stated here",
        gupta_cai_chen_calls,
    ),
)
