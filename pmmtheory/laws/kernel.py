"""The transition operator of a chain on a uniform grid of the line."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from pmmtheory.errors import InvalidParameter, NotConverged
from pmmtheory.laws.characteristic import centre, characteristic, one_step_moments
from pmmtheory.schemes import Scheme
from pmmtheory.targets.line import LineTarget

_NEGLIGIBLE = 8.6
"""Standard deviations of a Gaussian beyond which nothing is left in double precision: exp(-8.6^2/2) = 1e-16."""


@dataclass(frozen=True)
class Resolution:
    """The interval on which a law is computed, and how finely."""

    low: float
    high: float
    spacing: float

    def grid(self, device: str) -> Tensor:
        """The uniform grid, shape (n,)."""
        n = max(16, math.ceil((self.high - self.low) / self.spacing) + 1)
        return self.low + self.spacing * torch.arange(n, dtype=torch.float64, device=device)


def noise_scale(scheme: Scheme, x: float) -> float:
    """The standard deviation of one step from x."""
    mean, square = one_step_moments(scheme, torch.tensor([x], dtype=torch.float64), 0.0)
    variance = float(square - mean**2)
    if not variance > 0:
        raise InvalidParameter("scheme", scheme.name, "a step with Gaussian noise: this one is deterministic")
    return math.sqrt(variance)


def grid_spacing(scheme: Scheme, low: float, high: float, level: int, smallest: float = math.inf) -> float:
    """A spacing at which the trapezoid rule is spectrally accurate for the kernel of a step and for the law.

    The kernel has the width of the noise, narrowed by 1 + a max|F''|; the law varies on the scale max|F''|^(-1/2).
    """
    target = scheme.dynamics.target
    assert isinstance(target, LineTarget)
    x = torch.linspace(low, high, 2001, dtype=torch.float64)
    steepest = float(torch.abs(target.curvature(x)).max())
    refine = 1.12**level
    kernel = 0.78 * noise_scale(scheme, target.mean) / (1 + scheme.step_size * steepest)
    return min(kernel, 0.16 / math.sqrt(steepest), smallest) / refine


def transition_matrix(scheme: Scheme, grid: Tensor, t: float, level: int, starts: Tensor | None = None) -> Tensor:
    """P[i, j] = spacing times the density of a step from starts[i] (grid[i] unless given) to grid[j].

    The step is centred at A_a x + G_a b(x), where its law is a narrow bump: its characteristic function is needed at
    some 40 frequencies only, whatever the size of the grid, and one product with a Fourier matrix gives the density
    on a window of the grid. Entries outside the window are zero: their true values are below rounding.
    """
    starts = grid if starts is None else starts
    spacing = float(grid[1] - grid[0])
    target = scheme.dynamics.target
    assert isinstance(target, LineTarget)
    curvature = float(torch.abs(target.curvature(starts)).max())
    sigma = noise_scale(scheme, target.mean)
    reach = sigma * (_NEGLIGIBLE + 1.5) * (1 + 2 * min(scheme.step_size * curvature, 1.0))
    window = 2 * math.ceil(reach / spacing) + 4
    frequency = 2 * math.pi / (window * spacing)
    middle = centre(scheme, starts, t)
    narrowed = sigma * max(0.5, 1 - scheme.step_size * curvature)
    highest = (1 + 0.1 * level) * _NEGLIGIBLE / narrowed
    phi = characteristic(scheme, starts, t, frequency, math.ceil(highest / frequency) + 1, level)
    left = float(torch.abs(phi[:, -1]).max())
    if left > 1e-3:
        raise NotConverged(f"the characteristic function of one step of {scheme.name}, where it should have decayed,", left, 1e-3)
    k = torch.arange(phi.shape[1], dtype=torch.float64, device=grid.device)
    offsets = torch.arange(window, dtype=torch.float64, device=grid.device)
    first = torch.floor((middle - grid[0]) / spacing) - window // 2 + 1
    phase = frequency * (grid[0] + first * spacing - middle)
    shifted = phi * torch.polar(torch.ones_like(phase)[:, None].expand(-1, k.shape[0]), -phase[:, None] * k)
    shifted[:, 0] /= 2
    fourier = torch.polar(
        torch.ones((k.shape[0], window), dtype=torch.float64, device=grid.device), -2 * math.pi / window * torch.remainder(k[:, None] * offsets, window)
    )
    density = (shifted @ fourier).real * (2 / window)
    columns = first[:, None] + offsets
    near = torch.abs(grid[0] + columns * spacing - middle[:, None]) <= reach
    inside = (columns >= 0) & (columns < grid.shape[0]) & near
    matrix = torch.zeros((starts.shape[0], grid.shape[0]), dtype=torch.float64, device=grid.device)
    rows = torch.arange(starts.shape[0], device=grid.device)[:, None].expand_as(columns)
    matrix[rows[inside], columns[inside].to(torch.long)] = density[inside]
    return matrix


def stepper(matrix: Tensor) -> Callable[[Tensor], Tensor]:
    """The map p -> p P, by the band of P alone where that is narrow: the cost of a step is then linear in the grid."""
    n = matrix.shape[0]
    rows, columns = torch.nonzero(matrix, as_tuple=True)
    before, after = int((columns - rows).max()), int((rows - columns).max())
    width = before + after + 1
    if 3 * width > n:
        return lambda p: p @ matrix
    padded = torch.nn.functional.pad(matrix, (0, 0, before, after))
    band = padded.T.as_strided((n, width), (1 + padded.shape[1], padded.shape[1]))  # band[j, k] = P[j - before + k, j]
    band = band.contiguous()
    return lambda p: (torch.nn.functional.pad(p, (before, after)).unfold(0, width, 1) * band).sum(1)
