"""Splitting integrators of underdamped Langevin dynamics: a sequence of exact flows."""

from __future__ import annotations

import math
from abc import abstractmethod
from collections.abc import Mapping
from typing import Any

from torch import Tensor

from pmmtheory.dynamics import BlockFactor, Dynamics, Underdamped
from pmmtheory.dynamics.block_factor import join
from pmmtheory.errors import InvalidParameter, real
from pmmtheory.schemes.draws import Normal
from pmmtheory.schemes.scheme import Scheme


class Splitting(Scheme):
    """The composition of the flows in `parts`, from left to right, each for its share c of the step a:

        A: U += c a V                 B: V += c a b(U)
        O: V = e V + sqrt(1 - e^2) Z with e = exp(-friction c a)
        U: the exact flow of A and O together, A_{ca} (U, V) + Gamma_{ca} Z.

    A splitting is a subclass that gives `parts`, at least one of which is O or U, and `orders`. One drift evaluation a step: equal
    positions share a force, and where a step ends with B the next one begins with the same force.

    Raises
    ------
    InvalidParameter
        Unless the dynamics is Underdamped, or for parts that are no such flows.

    Source: Leimkuhler & Matthews 2013; Bou-Rabee & Owhadi 2010; Zapatero 2017; Sanz-Serna & Zygalakis 2021.
    """

    drift_calls = 1.0
    exact_with = "neither"

    @property
    @abstractmethod
    def parts(self) -> tuple[tuple[str, float], ...]:
        """The flows by letter, with their shares of the step: a class attribute of each splitting."""

    def __init__(self, dynamics: Dynamics, step_size: float):
        super().__init__(dynamics, step_size)
        if not isinstance(dynamics, Underdamped):
            raise InvalidParameter("dynamics", type(dynamics).__name__, "Underdamped, for a splitting of position, velocity and friction")
        _check(self.parts)
        noisy = [i for i, (letter, _) in enumerate(self.parts) if letter in "OU"]
        self._last = noisy[-1] if _linear_after(self.parts[noisy[-1] :]) else None
        self.draws = {f"z{i}": Normal() for i in noisy if i != self._last}

    @property
    def _system(self) -> Underdamped:
        assert isinstance(self.dynamics, Underdamped)
        return self.dynamics

    def step(self, x: Tensor, t: Any, draws: Mapping[str, Any]) -> tuple[Tensor, Any]:
        system, force = self._system, None
        u, v = x.unbind(system.axis)
        for i, (letter, share) in enumerate(self.parts):
            h, z = share * self.step_size, draws.get(f"z{i}")
            if letter == "B":
                force = system.drift(join(u, v, system.axis), t) if force is None else force
                v = v + h * force
                continue
            if letter == "O":
                decay, width = _friction(system, h)
                v = decay * v if z is None else decay * v + width * system.velocity(z)
                continue
            force = None
            if letter == "A":
                u = u + h * v
            else:
                moved = system.transport(h, join(u, v, system.axis))
                u, v = (moved if z is None else moved + system.noise(h) * z).unbind(system.axis)
        return join(u, v, system.axis), 0.0 if self._last is None else self._factor(self._last)

    def _factor(self, last: int) -> BlockFactor:
        """What the last noise becomes by the flows after it; B leaves it alone, since the position there does not feel it."""
        system, (letter, share) = self._system, self.parts[last]
        if letter == "O":
            _, width = _friction(system, share * self.step_size)
            uu, uv, vv = 0.0, 0.0, width**2
        else:
            uu, uv, vv = (float(entry) for entry in system.noise(share * self.step_size).covariance)
        for letter, share in self.parts[last + 1 :]:
            if letter == "A":
                h = share * self.step_size
                uu, uv = uu + 2 * h * uv + h * h * vv, uv + h * vv
        return BlockFactor.of(uu, uv, vv, system.axis)


def _check(parts: Any) -> None:
    """Raise InvalidParameter unless these are flows with their shares of a step, and one of them has noise."""
    if not isinstance(parts, tuple | list):
        raise InvalidParameter("parts", parts, 'a tuple of pairs of a letter "A", "B", "O" or "U" and its share of the step')
    for part in parts:
        if not (isinstance(part, tuple) and len(part) == 2 and part[0] in ("A", "B", "O", "U")):
            raise InvalidParameter("parts", part, 'pairs of a letter "A", "B", "O" or "U" and its share of the step')
        share = real("parts", part[1], "a finite share of the step")
        if not (share > 0 or (share < 0 and part[0] in "AB")):
            raise InvalidParameter("parts", part, "shares above 0; those of A and B may be negative")
    if not any(letter in "OU" for letter, _ in parts):
        raise InvalidParameter("parts", parts, 'at least one "O" or "U", for a chain with noise')


def _friction(system: Underdamped, h: float) -> tuple[float, float]:
    """The decay of the velocity over h, and the width of the noise that makes up for it."""
    return math.exp(-system.friction * h), math.sqrt(-math.expm1(-2 * system.friction * h))


def _linear_after(parts: tuple[tuple[str, float], ...]) -> bool:
    """Whether no force is taken at a position that the noise of the first part has moved."""
    moved = parts[0][0] == "U"
    for letter, _ in parts[1:]:
        if letter == "B" and moved:
            return False
        moved = moved or letter == "A"
    return True
