"""The sharp form of the perturbation lemma: what a small independent part does to a normal variable, to leading order."""

from __future__ import annotations

from dataclasses import dataclass

from pmmtheory.errors import real
from pmmtheory.theory.assumption import require
from pmmtheory.theory.monomial import monomial
from pmmtheory.theory.theorem import Theorem

_SOURCE = "derived: the sharp small-perturbation lemma"


@dataclass(frozen=True)
class SmallPerturbation:
    """kl and w2_squared of Z + V from Z, to leading order."""

    kl: float
    w2_squared: float


def small_perturbation(variance: float, third_cumulant: float = 0.0) -> SmallPerturbation:
    """KL(Z + V || Z) = nu^2/4 + k3^2/12 + ... and W2(Z, Z + V)^2 = nu^2/4 + k3^2/18 + ..., Z from N(0, 1), V centred and independent.

    The density of Z + V is that of Z times 1 + sum c_k He_k/k!, c_2 = nu and c_3 = k3; to leading order KL is half the sum of c_k^2/k!, and
    W2^2 the sum of c_k^2/(k k!): Hermite polynomials are orthogonal in both norms. What is left out are the cumulants from the fourth on,
    c_4^2/96, ..., and products of them. Source: derived.

    Raises
    ------
    AssumptionViolated
        For nu below 0, or a third cumulant that is not 0 with nu = 0.

    Examples
    --------
    >>> small_perturbation(0.5), small_perturbation(0.5, 3.0).w2_squared
    (SmallPerturbation(kl=0.0625, w2_squared=0.0625), 0.5625)
    """
    nu, k3 = real("variance", variance), real("third_cumulant", third_cumulant)
    require(nu >= 0, "variance", variance, _SOURCE, "nu = E V^2 >= 0")
    require(nu > 0 or k3 == 0, "third_cumulant", third_cumulant, _SOURCE, "a V that is not constant where its third cumulant is not 0")
    square, third = monomial((nu, 2)), monomial((abs(k3), 2))
    return SmallPerturbation(square / 4 + third / 12, square / 4 + third / 18)


theorems = (
    Theorem(
        "small V",
        _SOURCE,
        "small V",
        "W2^2 = nu^2/4 + k3^2/18 + ...",
        ("nu >= 0", "Z from N(0, 1) and V are independent", "E V = 0, and V is small: an expansion, no bound"),
        "W2^2(Z, Z + V) = nu^2/4 + k3^2/18 + ..., KL(Z + V || Z) = nu^2/4 + k3^2/12 + ...",
        small_perturbation,
    ),
)
