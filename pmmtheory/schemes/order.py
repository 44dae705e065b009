"""How fast the stationary law of a scheme approaches its target, as data."""

from __future__ import annotations

from dataclasses import dataclass

from pmmtheory.errors import InvalidParameter

_FACTORS = {"tv": 1, "w2": 1, "kl": 2, "chi2": 2, "renyi": 2}
"""How many times the order of the law each distance falls with."""


@dataclass(frozen=True)
class Order:
    """The law that a chain settles in is the target up to step^law, for small steps on smooth targets with linear tails of the force.

    Where it is pi (1 + step^p phi + ...), total variation and W2 fall like step^p, and KL, chi2 and Renyi divergences, which are quadratic in phi,
    like step^(2p).

    Attributes
    ----------
    law : float
        p, for the whole state.
    on_gaussians : float, optional
        p there, where it is higher; infinite where the law is exact.

    Examples
    --------
    >>> Order(2, on_gaussians=3).of("kl"), Order(2, on_gaussians=3).of("tv", gaussian=True)
    (4, 3)
    """

    law: float
    on_gaussians: float | None = None

    def of(self, distance: str, gaussian: bool = False) -> float:
        """The exponent of a distance; raises InvalidParameter for an unknown one."""
        if distance not in _FACTORS:
            raise InvalidParameter("distance", distance, ", ".join(_FACTORS))
        p = self.on_gaussians if gaussian and self.on_gaussians is not None else self.law
        return _FACTORS[distance] * p
