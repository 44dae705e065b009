"""Stationary laws of underdamped splittings on a grid of positions and velocities: shears by Fourier transforms, and the density of an exact friction step."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from pmmtheory.targets.line import LineTarget

Flow = Callable[[Tensor], Tensor]


@dataclass(frozen=True)
class OnGrid:
    """A density p(u, v), (n, m), at positions and velocities."""

    u: Tensor
    v: Tensor
    p: Tensor

    @property
    def cell(self) -> float:
        return float((self.u[1] - self.u[0]) * (self.v[1] - self.v[0]))

    @property
    def velocity_tv(self) -> float:
        """The distance of the velocity from N(0, 1), over a grid eight times as fine."""
        marginal, step = self.p.sum(0) * float(self.u[1] - self.u[0]), float(self.v[1] - self.v[0])
        n = len(marginal)
        fine = torch.fft.irfft(torch.fft.rfft(marginal), n=8 * n) * 8
        v = self.v[0] + step / 8 * torch.arange(8 * n, dtype=torch.float64)
        return float((fine - torch.exp(-v * v / 2) / math.sqrt(2 * math.pi)).abs().sum()) * step / 16

    def moment(self, i: int, j: int) -> float:
        """E U^i V^j."""
        return float(self.u**i @ self.p @ self.v**j) * self.cell


def stationary(target: LineTarget, friction: float, parts: str, step: float, n: int = 160, m: int = 96, width: float = 9.0) -> OnGrid:
    """The law that a step leaves as it is, parts in the order they are taken, each as long as the step over how often it stands there."""
    low, high = target.quadrature.low, target.quadrature.high
    u = low + (high - low) / n * torch.arange(n, dtype=torch.float64)
    v = -width + 2 * width / m * torch.arange(m, dtype=torch.float64)
    flows = {part: _flow(part, target, friction, step / parts.count(part), u, v) for part in set(parts)}
    p = target.density(u)[:, None] * torch.exp(-v * v / 2)
    for _ in range(4000):
        before = p / p.sum()
        p = before
        for part in parts:
            p = flows[part](p)
        if float((p - before).abs().sum()) < 1e-13:
            break
    found = OnGrid(u, v, p)
    return OnGrid(u, v, p / (p.sum() * found.cell))


def _flow(part: str, target: LineTarget, friction: float, time: float, u: Tensor, v: Tensor) -> Flow:
    if part == "A":
        turn = _turns(u, time * v)
        return lambda p: torch.fft.irfft(torch.fft.rfft(p, dim=0) * turn, n=len(u), dim=0)
    if part == "B":
        turn = _turns(v, time * target.drift(u)).T
        return lambda p: torch.fft.irfft(torch.fft.rfft(p, dim=1) * turn, n=len(v), dim=1)
    kept, spacing = math.exp(-friction * time), float(v[1] - v[0])
    spread = math.sqrt(1 - kept**2)
    fine = v[0] + spacing / 8 * torch.arange(8 * len(v), dtype=torch.float64)
    kernel = torch.exp(-(((v[:, None] - kept * fine) / spread) ** 2) / 2) / (spread * math.sqrt(2 * math.pi)) * spacing / 8
    return lambda p: torch.fft.irfft(torch.fft.rfft(p, dim=1), n=len(fine), dim=1) * 8 @ kernel.T


def _turns(x: Tensor, shift: Tensor) -> Tensor:
    """What moves waves on a grid by each shift: (frequencies, shifts)."""
    frequencies = 2 * math.pi * torch.fft.rfftfreq(len(x), float(x[1] - x[0]), dtype=torch.float64)
    turn = torch.exp(-1j * frequencies[:, None] * shift)
    turn[-1] = turn[-1].real.to(turn.dtype)
    return turn
