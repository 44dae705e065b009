"""A number, as a bound that needs no computing."""

from __future__ import annotations

from pmmtheory.divergences import Estimate


def measure(device: str, value: float) -> dict[str, Estimate]:
    """value, with error zero."""
    return {"value": Estimate(value, 0.0, "given")}
