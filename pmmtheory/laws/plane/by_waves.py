"""What a step with several random midpoints makes of masses in the plane: by its characteristic function from every start, at the frequencies of a grid."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor

from pmmtheory.errors import NotConverged
from pmmtheory.laws.plane.bumps import ends_of, without_noise
from pmmtheory.laws.plane.resolution import Axes, Resolution
from pmmtheory.laws.step.characteristic import centre
from pmmtheory.laws.step.midpoint_series import TOLD, heaviest, midpoint_series, nodes_for, untold
from pmmtheory.laws.step.midpoint_step import checked
from pmmtheory.laws.step.plane_waves import plane_waves
from pmmtheory.laws.step.poisson_pieces import require_pieces
from pmmtheory.numerics.few_waves import FewWaves
from pmmtheory.numerics.truncated_series import place

_SEEN, _HELD = 24, 40
"""Starts on which few frequencies and rules are chosen, and frequencies at which they are held against what they tell."""

_DEGREES, _STEP, _LIGHTER = range(5, 34, 2), 4, 50.0
"""Degrees of polynomials that frequencies are chosen for; and by how much lower ones serve starts of so many times less mass."""

_MORE_NODES, _MOST_NODES = 2, 24
"""By how many nodes an axis rules for the noise grow, and up to how many."""

_ENOUGH = 4.0
"""How many times the mass a step may leave out either of the two may leave in doubt: waves of more would be taken for those of the law."""

_WIDE = 8.0
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
        Frequencies, the starts, and the characteristic function there, (starts, k), of starts of about the same mass.
    degree, nodes : int
        The degree of the polynomials that tell, from the heaviest starts, and nodes an axis of the rule for the noise.
    doubt : float
        What both leave in doubt, in total variation.
    """

    groups: list[tuple[FewWaves, Tensor, Tensor]]
    degree: int
    nodes: int
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
        """What the step is at few frequencies that tell these: at those of before where they do."""
        some, shares = heaviest(self.masses.abs() / self.masses.abs().sum(), _SEEN)
        held = zeta[np.random.default_rng(0).permutation(len(zeta))[:_HELD]]
        cell = math.prod(float(np.diff(np.unique(part.round(9)))[0]) for part in zeta.T)
        weights = shares * _WIDE / (4 * math.pi) * math.sqrt(2 * len(zeta) * cell)
        enough = _ENOUGH * self.chain.tolerance
        nodes, now, unsure = self._ruled(some, held, weights, enough)
        found = self._told
        if found is not None and found.nodes == nodes:
            known = torch.empty((len(self.x), len(held)), dtype=now.dtype, device=now.device)
            for few, own, values in found.groups:
                known[own] = self._carried(few, held, values)
            left = _size(known[some] - now, weights)
            if left < enough:
                return replace(found, doubt=left + unsure)
        deviations = (self.deviation[some].T @ shares).cpu().numpy() / self.chain.noise(self.t)
        lighter = torch.floor(torch.log(self.masses.abs().max() / self.masses.abs()) / math.log(_LIGHTER)).long()
        for degree in _DEGREES:
            each = (degree - _STEP * lighter).clamp_min(_DEGREES[0])
            fews = {own: FewWaves.among(zeta, deviations, own) for own in each.unique().tolist()}
            known = torch.empty_like(now)
            for own, few in fews.items():
                which = each[some] == own
                known[which] = self._carried(few, held, self._at(some[which], few.zeta, nodes))
            left = _size(known - now, weights)
            if left < enough:
                break
        else:
            raise NotConverged(f"the characteristic function of {self.chain.scheme.name} at few frequencies", math.nan, self.chain.rtol)
        starts = {own: (each == own).nonzero()[:, 0] for own in fews}
        return Told([(few, starts[own], self._at(starts[own], few.zeta, nodes)) for own, few in fews.items()], degree, nodes, left + unsure)

    def _ruled(self, some: Tensor, held: np.ndarray, weights: Tensor, enough: float) -> tuple[int, Tensor, float]:
        """Nodes an axis that tell the noise, the characteristic function by them, and what they leave in doubt."""
        nodes = self.nodes if self._told is None else self._told.nodes
        now = self._at(some, held, nodes)
        while nodes <= _MOST_NODES:
            finer = self._at(some, held, nodes + _MORE_NODES)
            unsure = _size(finer - now, weights)
            if unsure < enough:
                return nodes, now, unsure
            nodes, now = nodes + _MORE_NODES, finer
        raise NotConverged(f"a rule for the noise of a step of {self.chain.scheme.name}, within which its force turns,", math.nan, self.chain.rtol)

    def _carried(self, few: FewWaves, zeta: np.ndarray, values: Tensor) -> Tensor:
        """Values at few frequencies, (starts, k), carried to others."""
        real, imaginary = self._carry(few, zeta)
        return torch.complex(values.real @ real, values.imag @ imaginary)


def _size(off: Tensor, weights: Tensor) -> float:
    """What characteristic functions from some starts, off by this at some frequencies, are off by in total variation, about."""
    return float(weights @ off.abs().square().mean(1).sqrt())


def by_waves(chain: Resolution, x: Tensor, masses: Tensor, t: float) -> Waves:
    """What the step at time t makes of masses at x, (n, 2).

    Raises
    ------
    InvalidParameter
        Naming `scheme` where the step has no noise, or its pieces at that time are not what a walk over its midpoints takes them for.
    """
    if not chain.noise(t) > 0:
        raise without_noise(chain.scheme)
    require_pieces(checked(chain.scheme), t)
    some, shares = heaviest(masses.abs() / masses.abs().sum(), _SEEN)
    nodes = nodes_for(chain.scheme, x[some], shares, TOLD * chain.rtol, t) + chain.level
    mean, series = midpoint_series(chain.scheme, x, torch.full((len(x),), 2, device=x.device), chain.level, nodes, t)
    deviation = chain.noise(t) * torch.sqrt(1 + 2 * torch.stack([series[place(2, 0)], series[place(0, 2)]], -1))
    ends = ends_of(mean, deviation, masses * len(masses), chain.tolerance)
    return Waves(chain, x, masses, t, nodes, mean, deviation, ends, float(masses.abs() @ untold(chain.scheme, x, nodes, t)))
