"""KL of the coarse path of the Poisson midpoint method from the fine chain, by what perturbs its noise: Kandasamy & Nagaraj 2024, Theorem 1."""

from __future__ import annotations

from collections.abc import Callable

from pmmtheory.errors import InvalidParameter, count, positive, real
from pmmtheory.theory.assumption import require
from pmmtheory.theory.monomial import monomial
from pmmtheory.theory.theorem import Theorem

_SOURCE = "Kandasamy & Nagaraj 2024, Theorem 1"


def kandasamy_nagaraj_path(bias: float, moments: Callable[[float], float], substeps: int, power: float = 2.0, constant: float = 1.0) -> float:
    """KL(coarse path of PMM, Option 1 || the chain with step/K): sum E|B|^2 + C sum E(beta^4/K^2 + beta^6/K^2 + beta^10/K^3 + beta^(2r)/K).

    B = Gamma_h^-1 G_h (b(Xhat_i) - b(X_i)) is the bias of a substep, beta = |K Gamma_h^-1 G_h (b(Xhat_i) - b_0)| the size of a push, and the sums run over all
    T K substeps. Overdamped Gamma_h^-1 G_h = sqrt(h/2). Nothing is assumed of the target, and drifts may depend on time.
    Source: Kandasamy & Nagaraj 2024, Theorem 1.

    Parameters
    ----------
    bias : float
        sum E|B|^2.
    moments : callable
        Of p, the sum of E beta^p; asked for p = 4, 6, 10 and 2 r.
    substeps : int
        K.
    power : float
        r >= 1.
    constant : float
        C, an absolute constant that is not known; it may turn on r.

    Raises
    ------
    AssumptionViolated
        For power below 1.

    Examples
    --------
    One substep with beta = 1/10, and none that is biased:

    >>> round(kandasamy_nagaraj_path(bias=0.0, moments=lambda p: 0.1**p, substeps=10, power=5), 10)
    1.01e-06
    """
    start, k, r, c = real("bias", bias), count("substeps", substeps), positive("power", power), positive("constant", constant)
    require(start >= 0, "bias", bias, _SOURCE, "sum E|B|^2 >= 0")
    require(r >= 1, "power", power, _SOURCE, "r >= 1")
    return start + sum(monomial((c, 1), (_moment(moments, p), 1), (k, -q)) for p, q in ((4.0, 2), (6.0, 2), (10.0, 3), (2 * r, 1)))


def _moment(moments: Callable[[float], float], p: float) -> float:
    if not callable(moments):
        raise InvalidParameter("moments", moments, "a function of p")
    try:
        value = real("moments", moments(p), f"a function of p whose value at {p:g} is a finite number of at least 0")
    except (TypeError, OverflowError):
        value = -1.0
    if not value >= 0:
        raise InvalidParameter("moments", moments, f"a function of p whose value at {p:g} is a finite number of at least 0")
    return value


theorems = (
    Theorem(
        "KN 1",
        _SOURCE,
        "any",
        "path <= sum B^2 + C b^4/K^2 + ...",
        ("r >= 1", "midpoints of Option 1 (Bernoulli)", "nothing of the target: no mixing, and drifts may depend on time"),
        "KL(coarse path of PMM || chain with step/K) <= sum E|B|^2 + C sum E[beta^4/K^2 + beta^6/K^2 + beta^10/K^3 + beta^(2r)/K]",
        kandasamy_nagaraj_path,
    ),
)
