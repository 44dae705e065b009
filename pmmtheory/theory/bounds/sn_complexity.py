"""Drift calls for W2 <= eps sqrt(d/lsi) on strongly log-concave targets: the cubic speed-up of Srinivasan & Nagaraj 2025."""

from __future__ import annotations

import math

from pmmtheory.errors import InvalidParameter, count, positive, real
from pmmtheory.theory.assumption import require
from pmmtheory.theory.complexity import Complexity, Powers
from pmmtheory.theory.monomial import monomial
from pmmtheory.theory.theorem import Theorem

_OVER = "Srinivasan & Nagaraj 2025: complexity of overdamped PMM"
_UNDER = "Srinivasan & Nagaraj 2025: complexity of underdamped PMM"
_MEANS = "W2 <= eps sqrt(d/lsi)"

SRINIVASAN_NAGARAJ = {"LMC": 0.5, "RMM": 1.0, "PMM": 1.5, "ULMC": 1.0, "underdamped RMM": 1.5, "underdamped PMM": 3.0}
"""The exponents p in W2 = O(step^p) at stationarity that the complexities of Srinivasan & Nagaraj (arXiv 2506.07614) imply, strongly log-concave targets."""


def srinivasan_nagaraj_calls(accuracy: float, condition: float, dim: int, constant: float = 1.0) -> float:
    """Drift calls of overdamped PMM for W2 <= accuracy sqrt(d/lsi), up to logarithms: (kappa^(4/3) + kappa d^(1/3))/eps^(2/3).

    The constant is not known. Source: Srinivasan & Nagaraj 2025 (arXiv 2506.07614).

    Raises
    ------
    AssumptionViolated
        Unless 0 < accuracy <= 1 and condition >= 1.

    Examples
    --------
    >>> round(srinivasan_nagaraj_calls(accuracy=1e-3, condition=8.0, dim=27), 9)
    4000.0
    """
    return Complexity(_OVER, _MEANS, [Powers(-2 / 3, 4 / 3, 0), Powers(-2 / 3, 1, 1 / 3)]).calls(accuracy, condition, dim, constant)


def srinivasan_nagaraj_step(accuracy: float, lsi: float, smoothness: float, dim: int, constant: float = 1.0) -> tuple[float, int]:
    """The step size and K with which overdamped PMM does so: C min(lsi^(1/3) eps^(2/3)/L^(4/3), eps^(2/3)/(d^(1/3) L)), and max(step L/eps^2, 1) rounded up.

    The constant is not known. Source: Srinivasan & Nagaraj 2025 (arXiv 2506.07614).

    Raises
    ------
    AssumptionViolated
        Unless 0 < accuracy <= 1 and lsi <= L.
    InvalidParameter
        Where K is beyond 2^53.

    Examples
    --------
    >>> step, substeps = srinivasan_nagaraj_step(accuracy=1e-3, lsi=1.0, smoothness=1.0, dim=8)
    >>> round(step, 12), substeps
    (0.005, 5000)
    """
    eps, lam, smooth = real("accuracy", accuracy), positive("lsi", lsi), positive("smoothness", smoothness)
    d, c = count("dim", dim), positive("constant", constant)
    require(0 < eps <= 1, "accuracy", accuracy, _OVER, f"0 < eps <= 1 in {_MEANS}")
    require(lam <= smooth * (1 + 1e-12), "lsi", lsi, _OVER, f"lsi <= L = {smooth:.6g}")
    step = min(monomial((c, 1), (lam, 1 / 3), (eps, 2 / 3), (smooth, -4 / 3)), monomial((c, 1), (eps, 2 / 3), (d, -1 / 3), (smooth, -1)))
    substeps = monomial((step, 1), (smooth, 1), (eps, -2))
    if not substeps < 2.0**53:
        raise InvalidParameter("accuracy", accuracy, "one that needs fewer than 2^53 substeps")
    return step, max(1, math.ceil(substeps * (1 - 1e-12)))


def srinivasan_nagaraj_underdamped_calls(accuracy: float, condition: float, dim: int, p: int = 1, constant: float = 1.0) -> float:
    """Drift calls of underdamped PMM: kappa^(7/6) d^(1/6)/eps^(1/3) + kappa^((11p+6)/(8p+6)) d^(p/(4p+3))/eps^((p+2)/(4p+3)), for any whole p.

    For W2 <= accuracy sqrt(d/lsi), up to logarithms; the constant is not known, and may turn on p. Source: Srinivasan & Nagaraj 2025 (arXiv 2506.07614).

    Raises
    ------
    AssumptionViolated
        Unless 0 < accuracy <= 1 and condition >= 1.

    Examples
    --------
    With a large p the second term is nearly kappa^(11/8) d^(1/4)/eps^(1/4):

    >>> round(srinivasan_nagaraj_underdamped_calls(accuracy=1e-12, condition=1.0, dim=1, p=10**6))
    11000
    """
    q = count("p", p)
    second = Powers(-(q + 2) / (4 * q + 3), (11 * q + 6) / (8 * q + 6), q / (4 * q + 3))
    return Complexity(_UNDER, _MEANS, [Powers(-1 / 3, 7 / 6, 1 / 6), second]).calls(accuracy, condition, dim, constant)


theorems = (
    Theorem(
        "SN calls",
        _OVER,
        "convex",
        "W2: (k^4/3 + k d^1/3)/e^2/3",
        ("0 < eps <= 1", "kappa >= 1", "F is strongly convex with constant lsi, and L-smooth"),
        "W2 <= eps sqrt(d/lsi) in (kappa^(4/3) + kappa d^(1/3))/eps^(2/3) calls of overdamped PMM, up to logarithms",
        srinivasan_nagaraj_calls,
    ),
    Theorem(
        "SN under.",
        _UNDER,
        "convex",
        "W2: k^7/6 d^1/6/e^1/3 + ...",
        ("0 < eps <= 1", "kappa >= 1", "F is strongly convex with constant lsi, and L-smooth"),
        "W2 <= eps sqrt(d/lsi) in kappa^(7/6) d^(1/6)/eps^(1/3) + kappa^((11p+6)/(8p+6)) d^(p/(4p+3))/eps^((p+2)/(4p+3)) calls of underdamped PMM, "
        "any whole p, up to logarithms",
        srinivasan_nagaraj_underdamped_calls,
    ),
)
