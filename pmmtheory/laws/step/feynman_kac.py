"""The law of a Poisson midpoint step: a functional of a Gaussian walk, integrated over all midpoints at once.

On the line, from x, with D_s(w) = b(A_{sa} x + G_{sa} b0 + w, t + sa) - b0 and W the noise of the trajectory,

    E exp(i xi (X' - A_a x - G_a b0)) = E[ exp(i xi W_1) prod_j (1 - p + p exp(i xi push(D_{s_j}(W_{s_j})))) ]

where a push is carried to the end of the step. Write u_j(v) for the density of v = W_{s_j} / std weighted by the product up
to s_j. It moves forward by pointwise products, of modulus at most one, and by the Gaussian transition v -> rho v + sqrt(1 -
rho^2) Z, rho^2 the share of the variance at s_{j+1} that was there at s_j, a contraction. On a uniform grid of v both are
spectrally accurate: u is band limited up to its own smoothness.

For large and infinite K the walk takes N << K symmetric steps instead, with the factor per step

    m_N = (1 + y/2N) / (1 - y/2N),   y = g / (1 + g/2K),   g = exp(i xi push(D)) - 1,

which is 1 + g/K at N = K and exp(g/N) up to N^-3. The result is even in 1/N, so few small N extrapolate it to N = K at a
cost that does not grow with K.
"""

from __future__ import annotations

import math
from functools import lru_cache

import numpy as np
import torch
from torch import Tensor

from pmmtheory.errors import room_for
from pmmtheory.laws.step.midpoint_step import SOON, MidpointStep, checked
from pmmtheory.laws.step.midpoint_waves import Waves, factor, few, half_factor, whole_factor
from pmmtheory.laws.step.slopes import slopes
from pmmtheory.numerics.chebyshev import PI
from pmmtheory.numerics.interpolation import lagrange
from pmmtheory.schemes import PoissonStructure, Scheme

_CHUNK = 50_000
"""Complex numbers in one block of work: a block stays in cache."""

_DIRECT = 40
"""The largest K whose substeps are walked one by one, where the dynamics has times between them."""

_ACROSS_KINKS = 1.6
"""How much finer the grid of a level is where the force has kinks: the trapezoid rule is then only of second order."""

_LADDERS = ((2, 3), (2, 3, 4), (2, 3, 4, 6), (2, 3, 4, 6, 8), (3, 4, 6, 8, 12), (3, 4, 6, 8, 12, 16), (4, 6, 8, 12, 16, 24), (4, 6, 8, 12, 16, 24, 32))
"""The N from which larger K are extrapolated: the error falls with the product of all 1/N^2 and with the step."""


def midpoint_characteristic(scheme: Scheme, x: Tensor, t: float, spacing: float, count: int, level: int, depth: float) -> Tensor:
    """See laws.characteristic.characteristic; x of shape (n,), result (n, count)."""
    pmm = checked(scheme)
    step, frequencies = MidpointStep(pmm, t), spacing * torch.arange(count, dtype=x.dtype, device=x.device)
    roughness = float(torch.cat(slopes(scheme, x, t)).max())
    highest = spacing * count * step.width(1.0)
    finer = _ACROSS_KINKS**level if getattr(pmm.dynamics.target, "kinks", ()) else 1.0
    walk = walk_grid(math.ceil(finer * max(highest + 2.5, (depth + highest * (1 + roughness)) / 2)), round(depth, 1))
    ladder = _LADDERS[level + (roughness > 0.01) + (roughness > 0.04)]
    told = few(count, round(highest, 2), roughness, level)
    if told is not None:
        frequencies = frequencies[torch.as_tensor(told.chosen, device=x.device)]
    waves = Waves(frequencies, even=told is None)
    held = len(frequencies) if pmm.midpoints.several or not waves.even else 2 * math.isqrt(len(frequencies))
    rows = max(1, _CHUNK // (len(walk.nodes) * held))
    found = torch.cat([_functional(step, part, waves, walk, ladder, level) for part in x.split(rows)])
    return found if told is None else found @ torch.as_tensor(told.carry.T, dtype=found.dtype, device=x.device)


def midpoint_moments(scheme: Scheme, x: Tensor, t: float) -> tuple[Tensor, Tensor]:
    """E(X' - c) and E(X' - c)^2 with c = A_a x + G_a b(x), by the same recursion on the first two powers of the push."""
    pmm = checked(scheme)
    step, walk = MidpointStep(pmm, t), walk_grid(14, 8.4)
    if not pmm.midpoints.several:
        mean, square = _single_moments(step, x, walk)
    elif _direct(pmm):
        mean, square = _bernoulli_moments(step, int(pmm.substeps), x, walk)
    else:  # sums over substeps of polynomials are polynomials in 1/K
        ladder = (1, 2, 3, 4, 6, 8)
        weights = lagrange([1 / n for n in ladder], 1 / pmm.substeps)
        mean, square = torch.stack([w * _bernoulli_moments(step, n, x, walk) for w, n in zip(weights, ladder, strict=True)]).sum(0)
    return mean, square


class WalkGrid:
    """The uniform grid of v with trapezoid weights of the standard Gaussian, and the transitions on it."""

    def __init__(self, band: float, reach: float):
        room_for("the walk over the midpoints of a step", (2 * reach * band / math.pi) ** 2)
        count = 2 * math.ceil(reach * band / math.pi) + 1
        self.nodes = np.linspace(-reach, reach, count)
        self.reach = reach
        density = np.exp(-(self.nodes**2) / 2)
        self.weights = density / density.sum()
        places = np.arange(count // 2 + 1)
        ends = 2 * PI / count * (np.outer(places, places) % count)
        self._ends = np.cos(ends), np.sin(ends)
        self._transitions: dict[float, np.ndarray] = {}

    def transition(self, kept: float) -> np.ndarray:
        """The matrix that carries u over rho^2 = `kept`, by trigonometric interpolation: it keeps the mass exactly."""
        if kept not in self._transitions:
            if len(self._transitions) > 100:  # of dynamics that depend on time no two are alike
                self._transitions.clear()
            self._transitions[kept] = self._transition(kept)
        return self._transitions[kept]

    def _transition(self, kept: float) -> np.ndarray:
        """In extended precision: rounding in double takes a little of the mass in every one of K transitions, always the same, and no level tells."""
        long, (cosines, sines) = np.longdouble, self._ends
        m, k = len(self.nodes), np.arange(len(cosines)).astype(long)
        w = np.where(k > 0, long(2), long(1)) / m * np.exp(-((PI / self.reach * (m - 1) / m * k) ** 2) * (1 - long(kept)) / 2)
        starts = np.sqrt(long(kept)) * 2 * PI / m * np.outer(k, k)
        even = ((cosines * w) @ np.cos(starts)).astype(np.float64)
        odd = ((sines * w) @ np.sin(starts)).astype(np.float64)
        right = np.concatenate([(even - odd)[:, :0:-1], even + odd], 1)  # from all nodes to those with v >= 0
        whole: np.ndarray = np.concatenate([right[:0:-1, ::-1], right])
        return whole


@lru_cache(maxsize=64)
def walk_grid(band: float, reach: float) -> WalkGrid:
    """The grid of [-reach, reach] whose Nyquist frequency is `band`; it must exceed all frequencies at which the law is read."""
    return WalkGrid(band, reach)


def _direct(pmm: PoissonStructure) -> bool:
    """Whether the substeps are walked one by one."""
    return pmm.substeps <= _DIRECT or pmm.dynamics.grain > 0


def _functional(step: MidpointStep, x: Tensor, waves: Waves, walk: WalkGrid, ladder: tuple[int, ...], level: int) -> Tensor:
    pmm = step.pmm
    if not pmm.midpoints.several:
        return _single(step, x, waves, walk, level)
    if _direct(pmm):
        return _bernoulli(step, (int(pmm.substeps),), x, waves, walk)[0]
    weights = lagrange([1 / n**2 for n in ladder], 1 / pmm.substeps**2)
    return torch.stack([w * found for w, found in zip(weights, _bernoulli(step, ladder, x, waves, walk), strict=True)]).sum(0)


def _bernoulli(step: MidpointStep, ladder: tuple[int, ...], x: Tensor, waves: Waves, walk: WalkGrid) -> list[Tensor]:
    """The characteristic functions for independent midpoints by walks of these numbers N of steps, each (n, count); exact for the one N = K.

    All walks advance together: they share what is pushed at the times that they have in common.
    """
    pmm = step.pmm
    nodes, weights = (torch.as_tensor(a, device=x.device) for a in (walk.nodes, walk.weights))
    room_for(f"the law of {pmm.name} after a step", float(len(nodes)) * len(waves.frequencies) * len(x) * len(ladder), 16)
    start = weights.to(torch.complex128)[:, None, None]
    u = {steps: start.repeat(1, x.shape[0], len(waves.frequencies)) for steps in ladder}
    exact = ladder == (pmm.substeps,)
    first = None if exact else step.push(SOON, x, nodes)
    if first is not None and float(first.abs().max()) > 1e-12 * step.width(1.0):
        # half a step at the start of the symmetric walk; the chain itself has no midpoint at time 0
        wave = waves.parts(first)
        for steps, now in u.items():
            now.mul_(half_factor(wave, steps, pmm))
    times = sorted({j / steps for steps in ladder for j in range(1, steps + (not exact))})
    for s, wave in zip(times, (wave for block in step.blocks(times, x, nodes) for wave in waves.each(block)), strict=True):
        for steps in (steps for steps in ladder if round(s * steps) / steps == s):
            if exact:
                u[steps].mul_(whole_factor(wave, pmm))
            elif s < 1:
                u[steps].mul_(factor(wave, steps, pmm))
            else:  # half a step at the end of the symmetric walk; the chain itself has no midpoint at time 1
                u[steps].mul_(half_factor(wave, steps, pmm))
            after = (round(s * steps) + 1) / steps
            if after < 1 + (not exact) / steps:
                kept = (step.width(s) / step.width(after)) ** 2
                flat = torch.view_as_real(u[steps]).reshape(len(nodes), -1)
                u[steps] = torch.view_as_complex((torch.as_tensor(walk.transition(kept), device=x.device) @ flat).reshape(*u[steps].shape, 2))
    return [u[steps].mul_(waves.readout(step, 1 - exact / steps if steps > 1 else 1.0, nodes)[:, None]).sum(0) for steps in ladder]


def _single(step: MidpointStep, x: Tensor, waves: Waves, walk: WalkGrid, level: int) -> Tensor:
    """The same for one midpoint: a sum over its time."""
    nodes, weights = (torch.as_tensor(a, device=x.device) for a in (walk.nodes, walk.weights))
    total = torch.zeros((x.shape[0], len(waves.frequencies)), dtype=torch.complex128, device=x.device)
    times, shares = (part.tolist() for part in step.pmm.midpoints.one(level))
    for s, share, push in zip(times, shares, step.pushes(times, x, nodes), strict=True):
        total += waves.summed(push + step.width(s) * nodes[:, None], share * weights) * waves.damping(step, s)
    return total


def _bernoulli_moments(step: MidpointStep, steps: int, x: Tensor, walk: WalkGrid) -> Tensor:
    """E(X' - c) and E(X' - c)^2, stacked, from E[S; W_s] and E[S^2; W_s] of the sum S of all pushes."""
    p = step.pmm.intensity / steps
    nodes, weights = (torch.as_tensor(a, device=x.device)[:, None] for a in (walk.nodes, walk.weights))
    first = torch.zeros((nodes.shape[0], x.shape[0]), dtype=x.dtype, device=x.device)
    second = torch.zeros_like(first)
    for j, push in enumerate(step.pushes([j / steps for j in range(1, steps)], x, nodes[:, 0]), 1):
        second = second + 2 * p * push * first + p * push**2 * weights
        first = first + p * push * weights
        if j < steps - 1:
            kept = (step.width(j / steps) / step.width((j + 1) / steps)) ** 2
            move = torch.as_tensor(walk.transition(kept), device=x.device)
            first, second = move @ first, move @ second
    noise = step.width(1 - 1 / steps) * nodes
    return torch.stack([first.sum(0), (second + 2 * noise * first).sum(0) + step.width(1.0) ** 2])


def _single_moments(step: MidpointStep, x: Tensor, walk: WalkGrid) -> Tensor:
    nodes, weights = (torch.as_tensor(a, device=x.device)[:, None] for a in (walk.nodes, walk.weights))
    total = torch.zeros((2, x.shape[0]), dtype=x.dtype, device=x.device)
    times, shares = (part.tolist() for part in step.pmm.midpoints.one(1))
    for s, share, push in zip(times, shares, step.pushes(times, x, nodes[:, 0]), strict=True):
        noise = step.width(s) * nodes
        total += share * torch.stack([(push * weights).sum(0), ((push**2 + 2 * noise * push) * weights).sum(0)])
    return total + torch.tensor([[0.0], [step.width(1.0) ** 2]], dtype=x.dtype, device=x.device)
