"""KL of LMC under a log-Sobolev inequality: Vempala & Wibisono 2019."""

from __future__ import annotations

import math

from pmmtheory.errors import count, positive, real
from pmmtheory.theory.assumption import require
from pmmtheory.theory.monomial import monomial
from pmmtheory.theory.theorem import Theorem

_SOURCE = "Vempala & Wibisono 2019, Theorem 1"


def vempala_wibisono(lsi: float, smoothness: float, step_size: float, steps: int, initial_kl: float, dim: int = 1) -> float:
    """KL after N steps of LMC: exp(-lsi step N) KL_0 + 8 d L^2 step / lsi, for step <= lsi/(4 L^2).

    Every constant is known. Source: Vempala & Wibisono 2019, Theorem 1.

    Raises
    ------
    AssumptionViolated
        Where the step is larger than the theorem allows, or lsi exceeds L.

    Examples
    --------
    >>> vempala_wibisono(lsi=1.0, smoothness=1.0, step_size=0.25, steps=0, initial_kl=1.0)
    3.0
    """
    lam, smooth, step = positive("lsi", lsi), positive("smoothness", smoothness), positive("step_size", step_size)
    n, d, start = count("steps", steps, 0), count("dim", dim), real("initial_kl", initial_kl)
    require(lam <= smooth * (1 + 1e-12), "lsi", lsi, _SOURCE, f"lsi <= L = {smooth:.6g}")
    largest = monomial((lam, 1), (smooth, -2), (4.0, -1))
    require(step <= largest * (1 + 1e-12), "step_size", step_size, _SOURCE, f"step <= lsi/(4 L^2) = {largest:.6g}")
    require(start >= 0, "initial_kl", initial_kl, _SOURCE, "KL_0 >= 0, as it is of any two laws")
    return math.exp(-lam * step * n) * start + monomial((8.0, 1), (d, 1), (smooth, 2), (step, 1), (lam, -1))


theorems = (
    Theorem(
        "VW 1",
        _SOURCE,
        "LSI",
        "<= e^(-lsi a N) KL0 + 8dL^2a/lsi",
        ("step <= lsi/(4 L^2)", "lsi <= L", "log-Sobolev inequality with constant lsi", "F is L-smooth"),
        "KL(LMC after N steps || target) <= exp(-lsi step N) KL_0 + 8 d L^2 step/lsi",
        vempala_wibisono,
    ),
)
