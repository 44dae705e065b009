"""The transition operator of an underdamped chain on the line, on densities of the phase plane.

A density is p(u, v) = phi(v) sum_n c_n(u) h_n(v), phi the standard normal density and h_n its orthonormal Hermite polynomials:
c_n(u) on a uniform grid, where the trapezoid rule is spectrally accurate. A step maps it to

    c'_m(u') = (1/2 pi) int dxi e^(-i xi u') sum_i delta sum_n c_n(u_i) E_v h_n(v) E[e^(i xi U') h_m(V') | u_i, v],

with E_v by a Gauss rule. Every scheme is close to the exponential integrator, whose step is one Gaussian N(c, S): with

    E exp(i xi U' + t V') = exp(i xi c_u + t c_v + (i xi, t) S (i xi, t)'/2) R(xi, t),

R is close to 1 and slow in all its arguments. It is expanded in powers of t, computed at few xi and v, and interpolated.
The coefficients of t are moments of the kicks of the velocity: a series that is cut where they still grow is told by `Transition.cut`.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from pmmtheory.dynamics.underdamped import underdamped
from pmmtheory.errors import InvalidParameter
from pmmtheory.laws.phase_plane.midpoints import parts_by_midpoints
from pmmtheory.laws.phase_plane.nodes import Gaussians, Part, parts_by_draws
from pmmtheory.numerics.hermite import hermite
from pmmtheory.numerics.polar import polar
from pmmtheory.numerics.rules import gauss_hermite
from pmmtheory.schemes import Scheme

_CHUNK = 150_000
"""Complex numbers in one block of work."""


@dataclass(frozen=True)
class Plane:
    """A uniform grid of positions and the number of Hermite polynomials of the velocity."""

    grid: Tensor
    modes: int

    @property
    def spacing(self) -> float:
        return float(self.grid[1] - self.grid[0])


@dataclass(frozen=True)
class Transition:
    """One step.

    Attributes
    ----------
    matrix : (n m, n m) tensor
        For n positions and m modes: c'.flatten() = matrix @ c.flatten().
    last : (n, 4, k) tensor
        sqrt(j!) times the sizes of the last coefficients of t^j in R(0, t), from every position and velocity of a Gauss rule.
    velocities : pair of (k,) tensors
        The nodes and weights of that.
    """

    matrix: Tensor
    last: Tensor
    velocities: tuple[Tensor, Tensor]

    def cut(self, modes: Tensor, spacing: float) -> float:
        """What the end of the series in t may leave out of the law after a step from one with these modes, (n, m), in total variation.

        Terms of even and of odd powers are continued apart, by their last ratios: where kicks go to both sides alike the odd ones are 0, and two levels
        that differ by one of those agree. What is no more than the last term shows in the comparison of two levels.
        """
        v, weights = self.velocities
        density = (modes @ hermite(v, modes.shape[1])).abs() * weights * spacing
        b, a, d, c = torch.einsum("ujk,uk->j", self.last, density).tolist()
        left = max(d * d / b if b else 0.0, c * c / a if a else 0.0)
        return float(max(left - c, 0.0)) / 2


def transition(scheme: Scheme, plane: Plane, t: float, level: int) -> Transition:
    """A step on a grid of positions, at a resolution."""
    grid, m, device = plane.grid, plane.modes, plane.grid.device
    v, w = (torch.as_tensor(part, device=device) for part in gauss_hermite(m + 8))
    frequencies = 2 * math.pi / (len(grid) * plane.spacing) * torch.arange((len(grid) + 1) // 2, dtype=torch.float64, device=device)
    highest = float(frequencies[-1])
    damped = highest * math.sqrt(float(underdamped(scheme.dynamics).noise(scheme.step_size).covariance[0]))  # R varies with the noise of the position
    nodes, spread = _chebyshev(highest, 11 + 3 * level + math.ceil(2 * damped), frequencies)
    ratios, plain, test = _ratios(scheme, grid, v, nodes, t, level), _Plain.of(scheme, grid, v, frequencies, m, t), hermite(v, m) * w
    tested = torch.empty((m, len(grid), m, len(frequencies)), dtype=spread.dtype, device=device)
    some = max(1, _CHUNK // (len(v) * len(frequencies) * m))
    for first in range(0, len(grid), some):
        block = slice(first, first + some)
        values = torch.view_as_real(_joined(ratios[block] @ spread, plain.coefficients(block))).flatten(-2)
        means = torch.view_as_complex((test @ values).unflatten(-1, (-1, 2)))  # (positions, modes, tested modes, frequencies)
        torch.mul(means.movedim(0, 1), plain.waves[:, block, None], out=tested[:, block])
    weight = (1 + (frequencies > 0).to(grid)) / len(grid)
    back = torch.view_as_real(polar(None, grid[:, None] * frequencies) * weight)
    both = back.flatten(1), torch.view_as_real(tested).reshape(-1, 2 * len(frequencies))
    matrix = (both[0] @ both[1].T).reshape(len(grid) * m, len(grid) * m)  # the real part of a complex product
    sizes = torch.sqrt(torch.cumprod(torch.arange(ratios.shape[1], dtype=grid.dtype, device=device).clamp_min(1), 0))
    return Transition(matrix, ratios[:, -4:, :, 0].abs() * sizes[-4:, None], (v, w))


@dataclass(frozen=True)
class _Plain:
    """E[exp(i xi U') He_m(V')] / m! of the exponential integrator, the Taylor coefficients of exp(i xi c_u - xi^2 uu/2 + y t - (1 - vv) t^2/2)
    with y = c_v + i xi uv, where c_u and c_v are a function of the position plus a multiple of the velocity.

    still : coefficients from positions that move nothing, (modes, velocities * frequencies). moved : (positions, modes, modes), what turns them into
    those from other positions but for `waves`, (modes, positions, frequencies): exp(i xi c_u) for no velocity, times sqrt(m!).
    """

    still: Tensor
    moved: Tensor
    waves: Tensor
    velocities: int

    @classmethod
    def of(cls, scheme: Scheme, grid: Tensor, v: Tensor, frequencies: Tensor, modes: int, t: float) -> _Plain:
        system, a = underdamped(scheme.dynamics), scheme.step_size
        uu, uv, vv = (float(entry) for entry in system.noise(a).covariance)
        starts = torch.stack([grid, torch.zeros_like(grid)], -1)
        centre, by = system.transport(a, starts) + system.respond(a, system.drift(starts, t)), system.transport(a, grid.new_tensor([0.0, 1.0]))
        y = torch.complex((float(by[1]) * v)[:, None].expand(-1, len(frequencies)), (uv * frequencies).expand(len(v), -1))
        wave = polar(torch.exp(-(frequencies**2) * uu / 2), float(by[0]) * v[:, None] * frequencies)
        still = torch.stack(_coefficients(wave, y, torch.tensor(1 - vv, dtype=torch.float64), modes)).flatten(1)
        kicked = system.velocity(centre)
        kicks = torch.stack(_coefficients(torch.ones_like(kicked), kicked, kicked.new_zeros(()), modes), -1)
        order = torch.arange(modes, device=grid.device)
        moved = torch.tril(kicks[:, (order[:, None] - order).clamp_min(0)])
        factorials = torch.tensor([math.sqrt(math.factorial(m)) for m in range(modes)], dtype=torch.float64, device=grid.device)
        return cls(still, moved, factorials[:, None, None] * polar(None, system.position(centre)[:, None] * frequencies), len(v))

    def coefficients(self, block: slice) -> Tensor:
        """From some positions, without their waves: (positions, modes, velocities, frequencies)."""
        moved = self.moved[block]
        found = moved.flatten(0, 1) @ torch.view_as_real(self.still).flatten(1)
        return torch.view_as_complex(found.reshape(*moved.shape[:2], self.velocities, -1, 2))


def _coefficients(first: Tensor, y: Tensor, narrow: Tensor, count: int) -> list[Tensor]:
    """The Taylor coefficients in t of first * exp(y t - narrow t^2/2)."""
    rows = [first, first * y]
    for m in range(1, count - 1):
        rows.append((y * rows[m] - narrow * rows[m - 1]) / (m + 1))
    return rows[:count]


def _joined(ratio: Tensor, plain: Tensor) -> Tensor:
    """The product of two power series, whose coefficients are along the second axis, as far as those of the second go."""
    total = ratio[:, :1] * plain
    for k in range(1, min(ratio.shape[1], plain.shape[1])):
        total[:, k:].addcmul_(ratio[:, k, None], plain[:, : plain.shape[1] - k])
    return total


def _ratios(scheme: Scheme, grid: Tensor, v: Tensor, frequencies: Tensor, t: float, level: int) -> Tensor:
    """The Taylor coefficients in t of R(xi, t) from every position and velocity, (positions, powers, velocities, frequencies).

    Computed at fewer velocities and carried to the others by a polynomial.
    """
    few, weights = (torch.as_tensor(part, device=grid.device) for part in gauss_hermite(9 + 2 * level))
    carry = hermite(v, len(few)).T @ (hermite(few, len(few)) * weights)
    starts = torch.cartesian_prod(grid, few)
    powers = 6 + level
    result = torch.zeros((len(starts), len(frequencies), powers), dtype=torch.complex128, device=grid.device)
    parts = _gaussian_parts(scheme, t, level, grid)
    for size, part in parts:
        rows = max(8, _CHUNK // (size * len(frequencies)))
        for first in range(0, len(starts), rows):
            block = slice(first, first + rows)
            result[block] += _ratio(scheme, part(starts[block]), starts[block], frequencies, powers, t)
    shaped = torch.view_as_real(result.reshape(len(grid), len(few), len(frequencies), powers).movedim(-1, 1).contiguous())
    return torch.view_as_complex((carry @ shaped.flatten(-2)).unflatten(-1, (-1, 2)))


def _gaussian_parts(scheme: Scheme, t: float, level: int, grid: Tensor) -> list[Part]:
    """The law of a step from positions of a grid as parts that add up."""
    if any(draw.layered for draw in scheme.draws.values()):
        if scheme.structure is None:
            allowed = "one that declares its structure (PoissonMidpoint with its own step), for the law of random midpoints in the phase plane"
            raise InvalidParameter("scheme", scheme.name, allowed)
        return parts_by_midpoints(scheme.structure, t, level, grid)
    return [parts_by_draws(scheme, t, level, grid)]


def _ratio(scheme: Scheme, part: Gaussians, starts: Tensor, frequencies: Tensor, powers: int, t: float) -> Tensor:
    """What some of the Gaussians of a step add to R: sum_q w_q exp(i xi d_u - xi^2 (uu - S_uu)/2 + t (d_v + i xi (uv - S_uv)) + t^2 (vv - S_vv)/2).

    Those of one covariance are added up first: sums over q of waves in d_u times the Taylor coefficients of exp(t d_v + t^2 (vv - S_vv)/2).
    """
    system, q = underdamped(scheme.dynamics), part.together
    uu, uv, vv = (float(entry) for entry in system.noise(scheme.step_size).covariance)
    centre = system.transport(scheme.step_size, starts) + system.respond(scheme.step_size, system.drift(starts, t))
    away, kick = (part.mean_u - centre[:, :1]).unflatten(1, (-1, q)), (part.mean_v - centre[:, 1:]).unflatten(1, (-1, q))  # (starts, covariances, q)
    spread, mixed, narrow = part.uu[::q, None] - uu, part.uv[::q, None] - uv, vv - part.vv[::q, None]
    weights = part.weights.unflatten(0, (-1, q)).expand(kick.shape)
    rows = torch.stack(_coefficients(weights, kick, narrow, powers), -1)
    angle = away[:, :, None] * frequencies[:, None]
    sums = torch.complex(torch.cos(angle) @ rows, torch.sin(angle) @ rows)  # (starts, covariances, frequencies, powers)
    tilt = torch.stack(_coefficients(torch.exp(-(frequencies**2) * spread / 2), 1j * frequencies * mixed, frequencies.new_zeros(()), powers), -1)
    mixing = torch.stack([torch.nn.functional.pad(tilt, (k, 0))[..., :powers] for k in range(powers)], -2)
    return torch.einsum("scfk,cfkm->sfm", sums, mixing)


def _chebyshev(highest: float, count: int, at: Tensor) -> tuple[Tensor, Tensor]:
    """Chebyshev nodes on [0, highest] and the matrix (nodes, points) that interpolates from them, or the points themselves where they are fewer."""
    if len(at) <= count:
        return at, torch.eye(len(at), dtype=torch.complex128, device=at.device)
    angle = (np.arange(count) + 0.5) * math.pi / count
    nodes = highest * (1 - np.cos(angle)) / 2
    vandermonde = np.cos(np.outer(np.arange(count), np.arccos(np.clip(2 * nodes / highest - 1, -1, 1)))).T
    wanted = np.cos(np.outer(np.arange(count), np.arccos(np.clip(2 * at.cpu().numpy() / highest - 1, -1, 1)))).T
    matrix = np.linalg.solve(vandermonde.T, wanted.T)
    return torch.as_tensor(nodes, device=at.device), torch.as_tensor(matrix, device=at.device).to(torch.complex128)
