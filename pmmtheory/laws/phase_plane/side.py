"""A law in the phase plane, or the invariant law of a target there, as p(u, v) = pi(u) phi(v) sum_n rho_n(u) h_n(v) at any point."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from pmmtheory.laws.phase_plane.law import PlaneLaw
from pmmtheory.numerics.hermite import hermite
from pmmtheory.targets.line import LineTarget

_PANEL = 5
"""Spacings of a law's grid in a panel of a quadrature rule."""

_FAINT = 1e-10
"""A share of the largest density below which few digits are known."""

_LEAST, DOUBTED = 1e-12, 1e-3
"""Between what p/(pi phi) is that the resolution of a law does not tell from none: its change from the lower one, within these."""


@dataclass(frozen=True)
class Side:
    """One of the two laws of a distance; without `law` it is that of the target itself.

    low, high : where it lives. width : a length on which a polynomial of degree ten follows it.
    """

    target: LineTarget
    law: PlaneLaw | None
    low: float
    high: float
    width: float
    device: torch.device

    @classmethod
    def of_law(cls, law: PlaneLaw) -> Side:
        return cls(law.target, law, float(law.grid[0]), float(law.grid[-1]), _PANEL * law.spacing, law.grid.device)

    @classmethod
    def of_target(cls, target: LineTarget) -> Side | None:
        """None off the line."""
        if target.dim != 1:
            return None
        low, high = target.quadrature.low, target.quadrature.high
        return cls(target, None, low, high, min(0.6 / math.sqrt(target._extreme_curvature(1.0)), (high - low) / 8), torch.device("cpu"))

    @property
    def coarse(self) -> Side | None:
        """The law at its lower resolution."""
        return None if self.law is None or self.law.coarse is None else Side.of_law(self.law.coarse)

    @property
    def carried(self) -> float:
        """What the law may be off by in total variation, apart from its resolution."""
        return 0.0 if self.law is None else sum(error for kind, error in self.law.errors.items() if kind != "resolution")

    @property
    def breaks(self) -> tuple[float, ...]:
        """Where the law begins to be continued, in itself and in what is told."""
        return () if self.law is None else self.law.breaks

    @property
    def modes(self) -> int:
        return 2 if self.law is None else max(2, self.law.modes.shape[1])

    def log_density(self, u: Tensor) -> Tensor:
        """log pi(u)."""
        return self.target.log_density(u)

    def rho(self, u: Tensor) -> Tensor:
        """rho_n(u), (n, modes): constant where the law is not told."""
        if self.law is None:
            return torch.ones((len(u), 1), dtype=u.dtype, device=u.device)
        return self.law.ratios_at(u)

    def modes_at(self, u: Tensor, size: int) -> Tensor:
        """c_n(u), (n, size): those of the law as it is, beyond where it is told too."""
        found = torch.exp(self.log_density(u))[:, None] if self.law is None else self.law._modes_at(u)
        return torch.nn.functional.pad(found, (0, size - found.shape[1]))

    def ratio(self, u: Tensor, v: Tensor) -> Tensor:
        """p(u, v) / (pi(u) phi(v)) on a product, (n, k), as the series has it: negative far out, where rounding decides."""
        if self.law is None:
            return torch.ones((len(u), 1), dtype=u.dtype, device=u.device)
        rho = self.rho(u)
        return rho @ hermite(v, rho.shape[1])

    def least(self, u: Tensor, v: Tensor, ratio: Tensor) -> Tensor:
        """The least of it that is told from none, where it is this."""
        if self.law is None:
            return torch.zeros_like(ratio)
        coarse = self.coarse
        return torch.full_like(ratio, DOUBTED) if coarse is None else (ratio - coarse.ratio(u, v)).abs().clamp(_LEAST, DOUBTED)

    def faint(self, u: Tensor) -> Tensor:
        """Whether the density of the position is so small, (n,), that few of its digits are known, or it is continued."""
        if self.law is None:
            return torch.zeros_like(u, dtype=torch.bool)
        return self.rho(u)[:, 0] * torch.exp(self.log_density(u)) < _FAINT * self.law.modes[:, 0].max()

    def unseen(self, reference: LineTarget, order: float) -> float:
        """What the law may lack of int p^a pi^(1 - a) for that target and this a > 1."""
        return 0.0 if self.law is None or self.law.unseen is None else self.law.unseen.power(order, reference.log_density)

    def unsure(self, u: Tensor) -> Tensor:
        """By how much log p may be off where it is continued: what goes on growing as where it was told last, against staying constant."""
        if self.law is None:
            return torch.zeros_like(u)
        return self.law.doubt(u)
