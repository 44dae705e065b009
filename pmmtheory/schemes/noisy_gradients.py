"""What schemes with noisy gradients have in common."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from pmmtheory.dynamics import Dynamics, Overdamped
from pmmtheory.errors import InvalidParameter, real
from pmmtheory.schemes.scheme import Scheme


class NoisyGradients(Scheme):
    """Overdamped steps whose gradients have errors sigma xi, xi standard normal and new in each: of order 1.

    Raises
    ------
    InvalidParameter
        For other dynamics, and for a sigma that is negative or not finite.
    """

    orders: Mapping[type[Dynamics], float] = {Overdamped: 1}

    def __init__(self, dynamics: Dynamics, step_size: float, gradient_noise: float = 1.0):
        super().__init__(dynamics, step_size)
        if not isinstance(dynamics, Overdamped):
            raise InvalidParameter("dynamics", type(dynamics).__name__, "Overdamped")
        self.gradient_noise = real("gradient_noise", gradient_noise)
        if self.gradient_noise < 0:
            raise InvalidParameter("gradient_noise", gradient_noise, "0 or above")

    @property
    def exact_with(self) -> Literal["constant force", "neither"]:  # type: ignore[override]
        """Noisy gradients are those of no diffusion."""
        return "constant force" if self.gradient_noise == 0 else "neither"
