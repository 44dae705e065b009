"""What a step with several random midpoints makes of masses in the plane, where no series of it ends: by its characteristic function from every start, at the
frequencies of a grid."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from pmmtheory.errors import NotConverged
from pmmtheory.laws.plane.bumps import ends_of
from pmmtheory.laws.plane.resolution import Axes, Resolution
from pmmtheory.laws.step.characteristic import centre
from pmmtheory.laws.step.midpoint_series import TOLD, heaviest, midpoint_series, nodes_for, untold
from pmmtheory.laws.step.plane_waves import plane_waves
from pmmtheory.numerics.few_waves import FewWaves
from pmmtheory.numerics.truncated_series import place

_SEEN, _TRIED, _HELD = 24, 40, 10
"""Starts on which the rule for the noise is chosen, at so many frequencies, and frequencies at which all are held against what few tell."""

_DEGREES, _MANY = range(5, 34, 2), 0.75
"""Degrees of the polynomials that tell; and the share of the starts seen for which one must tell to be tried for all."""

_STEP, _LIGHTER = 4, 50.0
"""By how much lower degrees are tried from starts of so many times less mass, and higher ones where they do not tell."""

_MORE_NODES, _MOST_NODES = 2, 24
"""By how many nodes an axis rules for the noise grow, and up to how many."""

_RULED, _UNRULED = 0.02, 0.2
"""What share of rtol a rule for the noise may leave in doubt for no finer one to be tried; and the best of all, for the law not to be refused."""

_ENOUGH = 4.0
"""How many times the mass a step may leave out few frequencies may leave in doubt: waves of more would be taken for those of the law."""

_WIDE = 12.0
"""How many deviations of its noise long and wide what a step makes of one start is."""

_RIM = 0.15
"""By what share of its length a grid is longer on both sides while a law is found: mass that is beyond its ends, but not farther, comes in again there."""

_STARTS = 64
"""Starts that are added up at once."""


@dataclass(frozen=True)
class Told:
    """What a step from some starts is at few frequencies that tell the others.

    Attributes
    ----------
    groups : list
        Frequencies, starts, and the characteristic function there, (starts, k).
    highest : (2,) array
        The highest of those that they tell.
    doubt : float
        What they and the rule for the noise leave in doubt, in total variation.
    """

    groups: list[tuple[FewWaves, Tensor, Tensor]]
    highest: np.ndarray
    doubt: float


@dataclass
class Waves:
    """Masses at x, (n, 2), and where the step at time t takes them: around their means, with the deviations of a step.

    Attributes
    ----------
    mean, deviation : (n, 2) tensors
    ends : (2, 2) tensor
        Low and high on both axes of where there is mass after the step.
    doubt : float
        What rules for the noise leave in doubt, in total variation.
    """

    chain: Resolution
    x: Tensor
    masses: Tensor
    t: float
    nodes: int
    mean: Tensor
    deviation: Tensor
    ends: Tensor
    doubt: float
    _told: Told | None = None

    def on(self, axes: Axes) -> tuple[Tensor, float]:
        """Masses on a product of grids, and what in them is in doubt, in total variation: what few frequencies and rules do not tell, and what went so far
        beyond the grid that it came in again, which second moments tell."""
        noise = self.chain.noise(self.t)
        spacings = [float(axis[1] - axis[0]) for axis in axes]
        beyond = [math.ceil(_RIM * len(axis)) for axis in axes]
        counts = [2 * more + len(axis) + 1 - len(axis) % 2 for axis, more in zip(axes, beyond, strict=True)]
        corner = torch.stack([axis[0] - more * spacing for axis, more, spacing in zip(axes, beyond, spacings, strict=True)])
        waves = [2 * math.pi * noise * f for f in (np.fft.fftfreq(counts[0], spacings[0]), np.fft.rfftfreq(counts[1], spacings[1]))]
        zeta = np.stack(np.meshgrid(*waves, indexing="ij"), -1).reshape(-1, 2)
        least = float(self.deviation.min()) / noise
        kept = ((least * zeta) ** 2).sum(1) / 2 < math.log(1e3 / self.chain.tolerance)
        total = torch.zeros(len(zeta), dtype=torch.complex128, device=self.x.device)
        told = self._told = self._telling(zeta[kept])
        total[torch.as_tensor(kept, device=self.x.device)] = self._summed(told, zeta[kept], corner)
        total[0] = self.masses.sum()
        whole = torch.fft.irfft2(total.reshape(counts[0], -1), s=counts)
        inside = whole[beyond[0] : beyond[0] + len(axes[0]), beyond[1] : beyond[1] + len(axes[1])]
        return inside, told.doubt + self._came_in(whole, corner, spacings)

    def _came_in(self, whole: Tensor, corner: Tensor, spacings: list[float]) -> float:
        """At most how much mass is missing from far out, by second moments about the middle of the grid."""
        found = 0.0
        for k, spacing in enumerate(spacings):
            half = spacing * whole.shape[k] / 2
            off = torch.arange(whole.shape[k], dtype=whole.dtype, device=whole.device) * spacing - half
            middle = float(corner[k]) + half
            square = float(self.masses @ ((self.mean[:, k] - middle) ** 2 + self.deviation[:, k] ** 2))
            found += abs(square - float(whole.sum(1 - k) @ off**2)) / (4 * _RIM / (1 + 2 * _RIM) * half**2)
        return found

    def _summed(self, told: Told, zeta: np.ndarray, corner: Tensor) -> Tensor:
        """The conjugate of E exp(i zeta . (X' - corner) / w) at frequencies (n, 2)."""
        offset = (centre(self.chain.scheme, self.x, self.t).detach() - corner.to(self.x)) / self.chain.noise(self.t)
        waves, total = torch.as_tensor(zeta.T, device=self.x.device), torch.zeros((2, zeta.shape[0]), dtype=torch.float64, device=self.x.device)
        for few, own, known in told.groups:
            real, imaginary = self._carry(few, zeta)
            for some, values in zip(own.split(_STARTS), known.split(_STARTS), strict=True):
                angle, mass = offset[some] @ waves, self.masses[some]
                cosine, sine, along, across = torch.cos(angle), torch.sin(angle), values.real @ real, values.imag @ imaginary
                total[0] += mass @ (along * cosine - across * sine)
                total[1] -= mass @ (along * sine + across * cosine)
        return torch.complex(total[0], total[1])

    def _carry(self, few: FewWaves, zeta: np.ndarray) -> list[Tensor]:
        return [torch.as_tensor(part.T, device=self.x.device) for part in few.carry(zeta)]

    def _at(self, starts: Tensor, zeta: np.ndarray, nodes: int) -> Tensor:
        """The characteristic function from some starts, (starts, k)."""
        chain = self.chain
        return plane_waves(chain.scheme, self.x[starts], self.t, torch.as_tensor(zeta, device=self.x.device), chain.level, nodes)

    def _telling(self, zeta: np.ndarray) -> Told:
        """What the step is at few frequencies that tell these: at those of before, if these are none beyond."""
        if self._told is not None and bool((np.abs(zeta).max(0) <= 1.001 * self._told.highest).all()):
            return self._told
        some, shares = heaviest(self.masses.abs() / self.masses.abs().sum(), _SEEN)
        order = np.random.default_rng(0).permutation(len(zeta))
        place = order[:_HELD]
        held = zeta[place]
        cell = math.prod(float(np.diff(np.unique(part.round(9)))[0]) for part in zeta.T)
        scale = _WIDE / (4 * math.pi) * math.sqrt(2 * len(zeta) * cell)
        nodes, unsure = self._ruled(some, zeta[order[:_TRIED]], scale * shares)
        deviations = (self.deviation[some].T @ shares).cpu().numpy() / self.chain.noise(self.t)
        heavy, right = self.masses.abs(), self._at(torch.arange(len(self.x), device=self.x.device), held, nodes)
        enough = _ENOUGH * self.chain.tolerance * (heavy / heavy.sum() + 1 / len(heavy)) / 2

        def tried(starts: Tensor, own: int) -> tuple[FewWaves, Tensor, Tensor]:
            """Frequencies for a degree, what the step is there, and what is off by it from each start."""
            few = FewWaves.among(zeta, deviations, own)
            values, lacking = self._at(starts, few.zeta, nodes), few.lacking(zeta)
            usual = math.sqrt(float((lacking**2).mean() / (lacking[place] ** 2).mean()))  # of what is not told everywhere, over that at these frequencies
            return few, values, usual * scale * heavy[starts] * (self._carried(few, held, values) - right[starts]).abs().square().mean(1).sqrt()

        first = next((own for own in _DEGREES if float((tried(some, own)[2] <= enough[some]).double().mean()) > _MANY), _DEGREES[-1])
        lighter = torch.floor(torch.log(heavy.max() / heavy) / math.log(_LIGHTER)).long()
        degree, groups, pending = (first - _STEP * lighter).clamp_min(_DEGREES[0]), [], torch.arange(len(self.x), device=self.x.device)
        while len(pending):
            later = []
            for own in degree[pending].unique().tolist():
                starts = pending[degree[pending] == own]
                few, values, off = tried(starts, own)
                told = (off <= enough[starts]) | (own >= _DEGREES[-1])
                groups.append((few, starts[told], values[told]))
                unsure += float(off[told].sum())
                later.append(starts[~told])
            pending = torch.cat(later)
            degree[pending] += _STEP
        if unsure > self.chain.rtol:
            raise NotConverged(f"the characteristic function of {self.chain.scheme.name} at few frequencies", unsure, self.chain.rtol)
        return Told(groups, np.abs(zeta).max(0), unsure)

    def _ruled(self, some: Tensor, held: np.ndarray, weights: Tensor) -> tuple[int, float]:
        """Nodes an axis that tell the noise from some starts, and what they leave in doubt."""
        nodes, now, least = self.nodes, self._at(some, held, self.nodes), (math.inf, 0)
        while nodes <= _MOST_NODES and least[0] > _RULED * self.chain.rtol:
            finer = self._at(some, held, nodes + _MORE_NODES)
            least = min(least, (float(weights @ (finer - now).abs().square().mean(1).sqrt()), nodes))
            nodes, now = nodes + _MORE_NODES, finer
        if least[0] > _UNRULED * self.chain.rtol:
            raise NotConverged(f"a rule for the noise of a step of {self.chain.scheme.name}, within which its force turns,", least[0], self.chain.rtol)
        return least[1], least[0]

    def _carried(self, few: FewWaves, zeta: np.ndarray, values: Tensor) -> Tensor:
        """Values at few frequencies, (starts, k), carried to others."""
        real, imaginary = self._carry(few, zeta)
        return torch.complex(values.real @ real, values.imag @ imaginary)


def by_waves(chain: Resolution, x: Tensor, masses: Tensor, t: float) -> Waves:
    """What the step at time t makes of masses at x, (n, 2)."""
    some, shares = heaviest(masses.abs() / masses.abs().sum(), _SEEN)
    nodes = nodes_for(chain.scheme, x[some], shares, TOLD * chain.rtol, t) + chain.level
    mean, series = midpoint_series(chain.scheme, x, torch.full((len(x),), 2, device=x.device), chain.level, nodes, t)
    deviation = chain.noise(t) * torch.sqrt(1 + 2 * torch.stack([series[place(2, 0)], series[place(0, 2)]], -1))
    ends = ends_of(mean, deviation, masses * len(masses), chain.tolerance)
    return Waves(chain, x, masses, t, nodes, mean, deviation, ends, float(masses.abs() @ untold(chain.scheme, x, nodes, t)))
