"""What a theorem assumes, checked where its bound is called."""

from __future__ import annotations

from typing import Any

from pmmtheory.errors import InvalidParameter


class AssumptionViolated(InvalidParameter):
    """A bound was asked for where its theorem does not say it; the message names the assumption.

    Attributes
    ----------
    theorem, assumption : str

    Examples
    --------
    >>> print(AssumptionViolated("step_size", 0.3, "VW 1", "step <= lsi/(4 L^2) = 0.25"))
    step_size = 0.3 is not allowed: VW 1 assumes step <= lsi/(4 L^2) = 0.25.
    """

    def __init__(self, name: str, value: Any, theorem: str, assumption: str):
        super().__init__(name, value, f"{theorem} assumes {assumption}")
        self.theorem, self.assumption = theorem, assumption


def require(holds: bool, name: str, value: Any, theorem: str, assumption: str) -> None:
    """Raise AssumptionViolated unless it holds."""
    if not holds:
        raise AssumptionViolated(name, value, theorem, assumption)
