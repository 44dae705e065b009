"""Integrals on the line by Chebyshev polynomials and Gauss rules, for leading terms whose phi is written out."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
from numpy.polynomial import Chebyshev
from scipy.optimize import brentq

Function = Callable[[np.ndarray], np.ndarray]
_DEGREE, _GRID = 120, 801
_ROUND = np.polynomial.legendre.leggauss(160)


class Line:
    """F, F' and F'' written out, and integrals between ends and places where they or phi are not smooth."""

    def __init__(self, potential: Function, slope: Function, curvature: Function, cuts: tuple[float, ...]):
        self.slope, self.curvature, self.cuts = slope, curvature, cuts
        mass = sum(float(part.integ()(b) - part.integ()(a)) for part, a, b in self._parts(lambda x: np.exp(-potential(x))))
        self.density: Function = lambda x: np.exp(-potential(x)) / mass

    def _parts(self, f: Function) -> list[tuple[Chebyshev, float, float]]:
        return [(Chebyshev.interpolate(f, _DEGREE, domain=[a, b]), a, b) for a, b in zip(self.cuts, self.cuts[1:], strict=False)]

    def integral(self, f: Function) -> Function:
        """From the left end."""
        parts, start, pieces = self._parts(f), 0.0, []
        for part, a, b in parts:
            whole = part.integ()
            pieces.append((start - whole(a), whole))
            start += whole(b) - whole(a)

        def at(x: np.ndarray) -> np.ndarray:
            place = np.clip(np.searchsorted(self.cuts, x, side="right") - 1, 0, len(pieces) - 1)
            return np.choose(place, [shift + whole(x) for shift, whole in pieces])

        return at

    def mean(self, f: Function, cuts: tuple[float, ...] = ()) -> float:
        """E f, by a Gauss rule between the cuts."""
        total, ends = 0.0, sorted({*self.cuts, *cuts})
        for a, b in zip(ends, ends[1:], strict=False):
            x = (a + b) / 2 + (b - a) / 2 * _ROUND[0]
            total += (b - a) / 2 * float(_ROUND[1] @ (f(x) * self.density(x)))
        return total

    def distances(self, phi: Function) -> tuple[float, float, float]:
        """Of pi (1 + a phi): KL/a^2, TV/a and W2/a."""
        grid = np.unique(np.concatenate([np.linspace(a, b, _GRID)[1:-1] for a, b in zip(self.cuts, self.cuts[1:], strict=False)]))
        signs = np.flatnonzero(np.diff(np.sign(phi(grid))))
        zeros = tuple(brentq(lambda x: float(phi(np.array([x]))[0]), grid[i], grid[i + 1], xtol=1e-13) for i in signs)
        flow = self.integral(lambda x: phi(x) * self.density(x))
        end = flow(np.array(self.cuts[-1:]))[0]
        middle = self.integral(self.density)

        def squared(x: np.ndarray) -> np.ndarray:
            gained = np.where(middle(x) < 0.5, flow(x), flow(x) - end)
            return (gained / self.density(x)) ** 2

        return self.mean(lambda x: phi(x) ** 2) / 2, self.mean(lambda x: np.abs(phi(x)), zeros) / 2, math.sqrt(self.mean(squared))
