"""KL of the Poisson midpoint method from LMC(step/K): Kandasamy & Nagaraj 2024, Theorem 2."""

from __future__ import annotations

from pmmtheory.errors import count, positive, real
from pmmtheory.theory.assumption import require
from pmmtheory.theory.monomial import monomial
from pmmtheory.theory.theorem import Theorem

_SOURCE = "Kandasamy & Nagaraj 2024, Theorem 2"


def kandasamy_nagaraj(
    step_size: float,
    substeps: int,
    steps: int,
    dim: int,
    smoothness: float,
    initial_energy: float,
    *,
    constant: float = 1.0,
    step_constant: float = 1.0,
    horizon_constant: float = 1.0,
) -> float:
    """KL(path of PMM, Option 1 || path of LMC(step/K)) over T large steps: C (L^4 step^4 (E F(X_0) - F* + 1) + L^4 step^4 K d^2 T).

    By data processing it bounds the KL of the laws at time T too. C, c1 and c2 are absolute constants that are not known. Moments of the chain
    that grow slowly are assumed too, which no number given here tells. Source: Kandasamy & Nagaraj 2024, Theorem 2.

    Parameters
    ----------
    step_size, substeps, steps : float, int, int
        The large step alpha, K and T.
    dim, smoothness : int, float
        d and L.
    initial_energy : float
        E F(X_0) - min F.
    constant, step_constant, horizon_constant : float
        C; c1 and c2 in alpha L < c1 and alpha^3 L^3 T < c2.

    Raises
    ------
    AssumptionViolated
        Outside these.

    Examples
    --------
    >>> round(kandasamy_nagaraj(step_size=0.1, substeps=10, steps=100, dim=2, smoothness=1.0, initial_energy=1.0), 10)
    0.4002
    >>> kandasamy_nagaraj(step_size=0.1, substeps=10, steps=2000, dim=2, smoothness=1.0, initial_energy=1.0)
    Traceback (most recent call last):
    ...
    pmmtheory.theory.assumption.AssumptionViolated: steps = 2000 is not allowed: Kandasamy & Nagaraj 2024, Theorem 2 assumes alpha^3 L^3 T < c2 = 1.
    """
    a, k, n, d = positive("step_size", step_size), count("substeps", substeps), count("steps", steps), count("dim", dim)
    smooth, energy, c = positive("smoothness", smoothness), real("initial_energy", initial_energy), positive("constant", constant)
    c1, c2 = positive("step_constant", step_constant), positive("horizon_constant", horizon_constant)
    require(energy >= 0, "initial_energy", initial_energy, _SOURCE, "E F(X_0) - min F >= 0")
    require(monomial((a, 1), (smooth, 1)) < c1, "step_size", step_size, _SOURCE, f"alpha L < c1 = {c1:g}")
    require(monomial((a, 3), (smooth, 3), (n, 1)) < c2, "steps", steps, _SOURCE, f"alpha^3 L^3 T < c2 = {c2:g}")
    return monomial((c, 1), (smooth, 4), (a, 4), (energy + 1, 1)) + monomial((c, 1), (smooth, 4), (a, 4), (k, 1), (d, 2), (n, 1))


def kandasamy_nagaraj_rate(growth_of_substeps: float) -> float:
    """The exponent of the step in KL(PMM || LMC(step/K)) after a fixed time, for K growing like step^(-growth).

    Theorem 2 bounds the KL of the paths by C step^4 + C' step^4 K T; with T = time/step and K = step^(-growth) that is step^(3 - growth).
    Source: Kandasamy & Nagaraj 2024, Theorem 2.

    Examples
    --------
    >>> kandasamy_nagaraj_rate(0), kandasamy_nagaraj_rate(1)
    (3, 2)
    """
    real("growth_of_substeps", growth_of_substeps)
    return 3 - growth_of_substeps


theorems = (
    Theorem(
        "KN 2",
        _SOURCE,
        "L-smooth",
        "<= C (aL)^4 (EF + 1 + K d^2 T)",
        ("alpha L < c1", "alpha^3 L^3 T < c2", "F is L-smooth", "the moments of the chain grow slowly", "midpoints of Option 1 (Bernoulli)"),
        "KL(path of PMM || path of LMC(alpha/K)) <= C L^4 alpha^4 (E F(X_0) - F* + 1) + C L^4 alpha^4 K d^2 T",
        kandasamy_nagaraj,
    ),
)
