"""Score evaluations of the randomized midpoint for diffusion models: Li & Jiao 2024."""

from __future__ import annotations

from pmmtheory.theory.complexity import Complexity, Powers
from pmmtheory.theory.theorem import Theorem

_SOURCE = "Li & Jiao 2024: randomized midpoint for diffusion models"


def li_jiao_calls(accuracy: float, dim: int, constant: float = 1.0) -> float:
    """Score evaluations for TV <= accuracy, smooth scores, up to logarithms: d^(1/3)/eps^(2/3), which is TV of order 3/2 in the step.

    How it grows with the smoothness of the scores is not stated here, and neither is the constant known. Source: Li & Jiao 2024 (arXiv 2410.13738), abstract.

    Raises
    ------
    AssumptionViolated
        Unless 0 < accuracy <= 1.

    Examples
    --------
    >>> round(li_jiao_calls(accuracy=0.001, dim=1000), 9)
    1000.0
    """
    return Complexity(_SOURCE, "TV <= eps", [Powers(-2 / 3, None, 1 / 3)]).calls(accuracy, None, dim, constant)


theorems = (
    Theorem(
        "LJ calls",
        _SOURCE,
        "scores",
        "TV: d^1/3/e^2/3",
        ("0 < eps <= 1", "smooth scores, accurate enough"),
        "TV <= eps in d^(1/3)/eps^(2/3) evaluations of the score, up to logarithms; how they grow with its smoothness is not stated here",
        li_jiao_calls,
    ),
)
