"""W2 of a normal vector with a small independent part: Srinivasan & Nagaraj 2025, Lemma 1."""

from __future__ import annotations

from pmmtheory.errors import real
from pmmtheory.theory.assumption import require
from pmmtheory.theory.monomial import monomial
from pmmtheory.theory.theorem import Theorem

_SOURCE = "Srinivasan & Nagaraj 2025, Lemma 1"


def srinivasan_nagaraj_perturbation(variance: float, radius: float) -> float:
    """W2(Z, Z + V)^2 <= (11/2) nu^2 + 30 nu 1{beta^2 > 1}, with V centred, independent of Z from N(0, I), and |V| <= beta.

    Both constants are known. (Beyond beta = 1 the coupling of Z with Z + V gives nu.)
    Source: Srinivasan & Nagaraj 2025 (arXiv 2506.07614), Lemma 1.

    Parameters
    ----------
    variance, radius : float
        nu = E|V|^2 and beta.

    Raises
    ------
    AssumptionViolated
        Unless 0 <= nu <= beta^2.

    Examples
    --------
    >>> srinivasan_nagaraj_perturbation(0.5, 1.0), srinivasan_nagaraj_perturbation(0.5, 2.0)
    (1.375, 16.375)
    """
    nu, beta = real("variance", variance), real("radius", radius)
    require(beta >= 0, "radius", radius, _SOURCE, "|V| <= beta, which is at least 0")
    require(nu >= 0, "variance", variance, _SOURCE, "nu = E|V|^2 >= 0")
    largest = monomial((beta, 2))
    require(nu <= largest * (1 + 1e-12), "variance", variance, _SOURCE, f"|V| <= beta, so that nu <= beta^2 = {largest:.6g}")
    return monomial((5.5, 1), (nu, 2)) + (30 * nu if largest > 1 else 0.0)


theorems = (
    Theorem(
        "SN lemma 1",
        _SOURCE,
        "|V|<=b",
        "W2^2 <= 5.5nu^2 + 30nu 1{b>1}",
        ("0 <= nu <= beta^2", "Z from N(0, I) and V are independent", "E V = 0, |V| <= beta, nu = E|V|^2"),
        "W2^2(Z, Z + V) <= (11/2) nu^2 + 30 nu 1{beta^2 > 1}",
        srinivasan_nagaraj_perturbation,
    ),
)
