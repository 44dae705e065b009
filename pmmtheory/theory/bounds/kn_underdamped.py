"""KL of the underdamped Poisson midpoint method from ULMC(step/K): Kandasamy & Nagaraj 2024, Theorem 3."""

from __future__ import annotations

import math

from pmmtheory.errors import count, positive, real
from pmmtheory.theory.assumption import require
from pmmtheory.theory.monomial import monomial
from pmmtheory.theory.theorem import Theorem

_SOURCE = "Kandasamy & Nagaraj 2024, Theorem 3"


def kandasamy_nagaraj_underdamped(
    step_size: float,
    substeps: int,
    steps: int,
    dim: int,
    smoothness: float,
    friction: float,
    initial_energy: float,
    initial_velocity: float,
    *,
    constant: float = 1.0,
    friction_constant: float = 1.0,
    step_constant: float = 1.0,
    horizon_constant: float = 1.0,
) -> float:
    """KL(path of PMM, Option 1 || path of ULMC(step/K)): C alpha^6 L^4/g^2 (E F(U_0 + V_0/g) - F* + E|V_0|^2 + 1) + C K alpha^7 L^4 T^2 (d + log K)^2/g.

    By data processing it bounds the KL of the laws at time T, and of the positions, too. C, C', c1 and c2 are absolute constants that are not known.
    Source: Kandasamy & Nagaraj 2024, Theorem 3.

    Parameters
    ----------
    step_size, substeps, steps : float, int, int
        The large step alpha, K and T.
    dim, smoothness, friction : int, float, float
        d, L and g.
    initial_energy, initial_velocity : float
        E F(U_0 + V_0/g) - min F, and E|V_0|^2.
    constant, friction_constant, step_constant, horizon_constant : float
        C; C', c1 and c2 in g > C' sqrt(L), alpha g < c1 and T < c2 g/(L^2 alpha^3).

    Raises
    ------
    AssumptionViolated
        Outside these.

    Examples
    --------
    >>> where = dict(dim=1, smoothness=1.0, friction=2.0, initial_energy=1.0, initial_velocity=1.0)
    >>> round(kandasamy_nagaraj_underdamped(step_size=0.1, substeps=1, steps=10, **where), 12)
    5.75e-06
    """
    a, k, n, d = positive("step_size", step_size), count("substeps", substeps), count("steps", steps), count("dim", dim)
    smooth, g, c = positive("smoothness", smoothness), positive("friction", friction), positive("constant", constant)
    energy, speed = real("initial_energy", initial_energy), real("initial_velocity", initial_velocity)
    c0, c1, c2 = positive("friction_constant", friction_constant), positive("step_constant", step_constant), positive("horizon_constant", horizon_constant)
    require(energy >= 0, "initial_energy", initial_energy, _SOURCE, "E F(U_0 + V_0/g) - min F >= 0")
    require(speed >= 0, "initial_velocity", initial_velocity, _SOURCE, "E|V_0|^2 >= 0")
    require(g > c0 * math.sqrt(smooth), "friction", friction, _SOURCE, f"friction > C' sqrt(L) = {c0 * math.sqrt(smooth):.6g}")
    require(monomial((a, 1), (g, 1)) < c1, "step_size", step_size, _SOURCE, f"alpha friction < c1 = {c1:g}")
    longest = monomial((c2, 1), (g, 1), (smooth, -2), (a, -3))
    require(n < longest, "steps", steps, _SOURCE, f"T < c2 friction/(L^2 alpha^3) = {longest:.6g}")
    first = monomial((c, 1), (a, 6), (smooth, 4), (g, -2), (energy + speed + 1, 1))
    return first + monomial((c, 1), (k, 1), (a, 7), (smooth, 4), (n, 2), (d + math.log(k), 2), (g, -1))


def kandasamy_nagaraj_underdamped_rate(growth_of_substeps: float) -> float:
    """The exponent of the step in KL(PMM || ULMC(step/K)) after a fixed time, for K growing like step^(-growth).

    Theorem 3 bounds the KL of the paths by C step^6 + C' K step^7 T^2; with T = time/step and K = step^(-growth) that is step^(5 - growth).
    Source: Kandasamy & Nagaraj 2024, Theorem 3.

    Examples
    --------
    >>> kandasamy_nagaraj_underdamped_rate(0), kandasamy_nagaraj_underdamped_rate(1)
    (5, 4)
    """
    real("growth_of_substeps", growth_of_substeps)
    return 5 - growth_of_substeps


theorems = (
    Theorem(
        "KN 3",
        _SOURCE,
        "L-smooth",
        "<= C a^6L^4/g^2 (1 + aKgd^2T^2)",
        ("friction > C' sqrt(L)", "alpha friction < c1", "T < c2 friction/(L^2 alpha^3)", "F is L-smooth", "midpoints of Option 1 (Bernoulli)"),
        "KL(path of PMM || path of ULMC(alpha/K)) <= C alpha^6 L^4/g^2 (E F(U_0 + V_0/g) - F* + E|V_0|^2 + 1) + C K alpha^7 L^4 T^2 (d + log K)^2/g",
        kandasamy_nagaraj_underdamped,
    ),
)
