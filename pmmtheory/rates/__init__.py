"""From measured errors to rates, constants and verdicts."""

from pmmtheory.rates.fit import RateFit, fit_rate

__all__ = ["RateFit", "fit_rate"]
