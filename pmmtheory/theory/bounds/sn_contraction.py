"""How the Poisson midpoint method forgets its start: Srinivasan & Nagaraj 2025."""

from __future__ import annotations

import math

from pmmtheory.errors import count, positive, real
from pmmtheory.theory.assumption import require
from pmmtheory.theory.theorem import Theorem

_SOURCE = "Srinivasan & Nagaraj 2025: contraction"


def srinivasan_nagaraj_contraction(
    step_size: float, substeps: int, steps: int, lsi: float, smoothness: float, initial_w2: float, *, step_constant: float = 1.0
) -> float:
    """W2 of the laws from two starts after T steps of PMM: (1 - lsi step/(2 K))^(K T) W2_0, a factor 1 - lsi step/(2 K) a substep.

    lsi is the constant of strong log-concavity. Which steps are allowed is an absolute constant that is not known: step L <= c.
    Source: Srinivasan & Nagaraj 2025 (arXiv 2506.07614). That the factor is that of W2 for one substep is our reading.

    Raises
    ------
    AssumptionViolated
        Where step L > c, or lsi > L.

    Examples
    --------
    >>> srinivasan_nagaraj_contraction(step_size=0.5, substeps=1, steps=2, lsi=1.0, smoothness=1.0, initial_w2=1.0)
    0.5625
    """
    a, k, n, lam = positive("step_size", step_size), count("substeps", substeps), count("steps", steps, 0), positive("lsi", lsi)
    smooth, start, c = positive("smoothness", smoothness), real("initial_w2", initial_w2), positive("step_constant", step_constant)
    require(start >= 0, "initial_w2", initial_w2, _SOURCE, "W2_0 >= 0")
    require(lam <= smooth * (1 + 1e-12), "lsi", lsi, _SOURCE, f"lsi <= L = {smooth:.6g}")
    require(a * smooth <= c, "step_size", step_size, _SOURCE, f"step L <= c = {c:g}")
    require(lam * a / (2 * k) <= 1, "step_size", step_size, _SOURCE, "lsi step/(2 K) <= 1")
    left = lam * a / (2 * k)
    return 0.0 if left == 1 and n else max(math.exp(n * k * math.log1p(-left)) if left < 1 else 1.0, 5e-324) * start


theorems = (
    Theorem(
        "SN contracts",
        _SOURCE,
        "convex",
        "W2 <= (1 - lsi a/2K)^(KT) W2_0",
        ("step L <= c", "lsi <= L", "F is strongly convex with constant lsi, and L-smooth"),
        "W2(law from one start, law from another) <= (1 - lsi alpha/(2K))^(KT) W2(starts)",
        srinivasan_nagaraj_contraction,
    ),
)
