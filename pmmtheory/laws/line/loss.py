"""What a moving law on the line has left out on the way."""

from __future__ import annotations

from dataclasses import dataclass, replace

from torch import Tensor


@dataclass(frozen=True)
class Loss:
    """Mass that was left out, and where it may be by now.

    Attributes
    ----------
    mass : float
        How much, as far as was seen.
    reach : float
        How far from the mean it may be, in root mean square.
    missed : float
        By how much the second moment was seen to be off for mass that was left out, or put elsewhere.
    cut : float
        The second moment, about the mean, of mass that was left out for being too little to matter: such as the ends of rare kicks.
    apart : float
        How much of that was no tail of the law but lay apart from it.
    """

    mass: float = 0.0
    reach: float = 0.0
    missed: float = 0.0
    cut: float = 0.0
    apart: float = 0.0

    def carried(self, reach: float) -> Loss:
        """After a step that takes the reach there: second moments grow like its square."""
        grown = (reach / self.reach) ** 2 if self.missed or self.cut else 0.0
        return replace(self, reach=reach, missed=grown * self.missed, cut=grown * self.cut)

    def beside(self, masses: Tensor) -> Loss:
        """With what masses lack of 1, or have above it."""
        return replace(self, mass=self.mass + abs(float(masses.sum()) - 1))


NOTHING = Loss()
