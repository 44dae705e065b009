"""Drift calls for TV <= eps under a log-Sobolev inequality: the quadratic speed-up of Kandasamy & Nagaraj 2024."""

from __future__ import annotations

from pmmtheory.errors import choice
from pmmtheory.theory.complexity import Complexity, Powers
from pmmtheory.theory.theorem import Theorem

_SOURCE = "Kandasamy & Nagaraj 2024: the quadratic speed-up under LSI"

KANDASAMY_NAGARAJ = {
    "LMC": Complexity(_SOURCE, "TV <= eps", [Powers(-2, 2, 1)]),
    "PMM": Complexity(_SOURCE, "TV <= eps", [Powers(-1, 3 / 2, 3 / 4)]),
    "ULMC": Complexity(_SOURCE, "TV <= eps", [Powers(-1, 3 / 2, 1 / 2)]),
    "underdamped PMM": Complexity(_SOURCE, "TV <= eps", [Powers(-1 / 2, 17 / 12, 5 / 12)]),
}
"""By scheme: kappa^2 d/eps^2, kappa^(3/2) d^(3/4)/eps, kappa^(3/2) d^(1/2)/eps and kappa^(17/12) d^(5/12)/eps^(1/2)."""


def kandasamy_nagaraj_calls(scheme: str, accuracy: float, condition: float, dim: int, constant: float = 1.0) -> float:
    """Drift calls for TV <= accuracy, up to logarithms: KANDASAMY_NAGARAJ[scheme], of "LMC", "PMM", "ULMC" or "underdamped PMM".

    Those of PMM follow from Theorems 2 and 3 with T the mixing time and K so large that LMC(step/K) or ULMC(step/K) is accurate.
    The constant is not known. Source: Kandasamy & Nagaraj 2024.

    Raises
    ------
    AssumptionViolated
        Unless 0 < accuracy <= 1 and condition >= 1.

    Examples
    --------
    >>> kandasamy_nagaraj_calls("LMC", 0.01, 1.0, 16), kandasamy_nagaraj_calls("PMM", 0.01, 1.0, 16)
    (160000.0, 800.0)
    """
    return KANDASAMY_NAGARAJ[choice("scheme", scheme, KANDASAMY_NAGARAJ)].calls(accuracy, condition, dim, constant)


theorems = (
    Theorem(
        "KN calls",
        _SOURCE,
        "LSI",
        "TV: PMM 1/e, underdamped 1/e^.5",
        ("0 < eps <= 1", "kappa >= 1", "log-Sobolev inequality", "F is L-smooth"),
        "TV <= eps in kappa^2 d/eps^2 (LMC), kappa^(3/2) d^(3/4)/eps (PMM), kappa^(3/2) d^(1/2)/eps (ULMC), "
        "kappa^(17/12) d^(5/12)/eps^(1/2) (underdamped PMM) calls, up to logarithms",
        kandasamy_nagaraj_calls,
    ),
)
