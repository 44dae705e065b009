"""How many drift calls a theorem says are enough, as powers of the accuracy, the condition number and the dimension."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from pmmtheory.errors import InvalidParameter, count, positive, real
from pmmtheory.theory.assumption import require
from pmmtheory.theory.monomial import monomial


@dataclass(frozen=True)
class Powers:
    """eps^accuracy kappa^condition d^dim; None where the exponent is not stated here."""

    accuracy: float
    condition: float | None
    dim: float | None


@dataclass(frozen=True)
class Complexity:
    """calls <= constant (sum of terms), up to logarithms.

    Attributes
    ----------
    theorem : str
        The source, for messages.
    accuracy : str
        What eps means.
    terms : sequence of Powers

    Examples
    --------
    >>> shen_lee = Complexity("Shen & Lee 2019", "W2 <= eps sqrt(d/lsi)", [Powers(-1 / 3, 7 / 6, 0), Powers(-2 / 3, 1, 0)])
    >>> round(shen_lee.calls(accuracy=1e-3, condition=1.0), 9), shen_lee.exponent("accuracy")
    (110.0, -0.6666666666666666)
    """

    theorem: str
    accuracy: str
    terms: Sequence[Powers]

    def calls(self, accuracy: float, condition: float | None = None, dim: int | None = None, constant: float = 1.0) -> float:
        """The sum of the terms times the constant; a parameter that enters must be given, and one whose exponent is not stated here must not.

        Raises
        ------
        AssumptionViolated
            Unless 0 < accuracy <= 1 and condition >= 1.
        InvalidParameter
            Where a parameter is missing, or its exponent is not stated here.
        """
        eps, factor = real("accuracy", accuracy), positive("constant", constant)
        require(0 < eps <= 1, "accuracy", accuracy, self.theorem, f"0 < eps <= 1 in {self.accuracy}")
        kappa = self._given("condition", condition)
        if kappa is not None:
            require(kappa >= 1, "condition", condition, self.theorem, "kappa = L/lsi >= 1")
        d = self._given("dim", dim)
        return sum(monomial((factor, 1), (eps, term.accuracy), (kappa or 1.0, term.condition or 0.0), (d or 1.0, term.dim or 0.0)) for term in self.terms)

    def exponent(self, name: str) -> float | None:
        """The largest growth with 1/accuracy, condition or dim, the others fixed: the exponent of the term that wins in the end; None where not stated here."""
        known: list[float | None] = [getattr(term, name) for term in self.terms]
        if None in known:
            return None
        stated = [float(power) for power in known if power is not None]
        return min(stated) if name == "accuracy" else max(stated)

    def _given(self, name: str, value: float | None) -> float | None:
        exponents = [getattr(term, name) for term in self.terms]
        if None in exponents:
            if value is None:
                return None
            raise InvalidParameter(name, value, f"None: how the calls of {self.theorem} grow with it is not stated here")
        if value is None and not any(exponents):
            return None
        return float(count(name, value)) if name == "dim" else positive(name, value)
