"""One step of a scheme on a Gaussian target: a random affine map on every axis, read off from the scheme itself."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

from pmmtheory.dynamics import BlockFactor, Dynamics
from pmmtheory.errors import InvalidParameter
from pmmtheory.laws.midpoint_sets import midpoint_sets
from pmmtheory.schemes import Midpoints, Normal, PoissonMidpoint, Scheme
from pmmtheory.targets import Gaussian


@dataclass(frozen=True)
class AffineSteps:
    """X' = R X + N(0, Q) on each axis, for every node of the draws that all axes share.

    matrix, noise : (q, axes, s, s) tensors R and Q; weights : (q,) tensor.
    """

    matrix: Tensor
    noise: Tensor
    weights: Tensor


@dataclass(frozen=True)
class StepMoments:
    """E R (axes, s, s), E R (x) R (axes, s^2, s^2) and E Q (axes, s, s) of a random affine step."""

    mean: Tensor
    square: Tensor
    noise: Tensor


def affine_steps(scheme: Scheme, variances: Tensor, level: int) -> AffineSteps:
    """The steps on the axes of a centred Gaussian with these variances (at least two), by unit vectors.

    Raises
    ------
    InvalidParameter
        Where the step is not affine in the state and its normals, or its noise depends on the state.
    """
    chain = scheme.over(scheme.dynamics.on(Gaussian(0.0, variances)))
    shape, device = chain.dynamics.state_shape, variances.device
    draws, weights = _shared(chain, level, device)
    normals = [name for name, draw in chain.draws.items() if isinstance(draw, Normal)]
    layers = draws["midpoints"][0].shape[0] if "midpoints" in draws else 0
    q = weights.shape[0]
    zero = torch.zeros((q, *shape), dtype=torch.float64, device=device)
    still = {name: torch.zeros((layers, *zero.shape) if layers else zero.shape, dtype=torch.float64, device=device) for name in normals}
    units = [_unit(zero, k, chain.dynamics.blocks) for k in range(chain.dynamics.blocks)]

    def mean(x: Tensor, **moved: Tensor) -> Tensor:
        return chain.step(x, 0.0, draws | still | moved)[0].expand(zero.shape)

    matrix = torch.stack([_blocks(mean(unit), chain.dynamics) for unit in units], -1)
    factor = chain.step(zero, 0.0, draws | still)[1]
    noise = _covariance(factor, chain.dynamics, q, len(variances))
    for name in normals:
        for layer in range(max(1, layers)):
            for unit in units:
                z = still[name].clone()
                if layers:
                    z[layer] = unit
                else:
                    z += unit
                column = _blocks(mean(zero, **{name: z}), chain.dynamics)
                noise = noise + column[..., :, None] * column[..., None, :]
    _check(chain, units, matrix, mean)
    return AffineSteps(matrix, noise, weights)


def step_moments(scheme: Scheme, variances: Tensor, level: int) -> StepMoments:
    """The moments of one step on the axes of a centred Gaussian with these variances."""
    own = isinstance(scheme, PoissonMidpoint) and (type(scheme).step, type(scheme).push) == (PoissonMidpoint.step, PoissonMidpoint.push)
    if isinstance(scheme, PoissonMidpoint) and own and scheme.midpoints.kind == "bernoulli":
        return _poisson_moments(scheme, variances)
    steps = affine_steps(scheme, variances, level)
    square = torch.einsum("q,qaik,qajl->aijkl", steps.weights, steps.matrix, steps.matrix)
    s = steps.matrix.shape[-1]
    mean, noise = (torch.einsum("q,qaij->aij", steps.weights, part) for part in (steps.matrix, steps.noise))
    return StepMoments(mean, square.reshape(-1, s * s, s * s), noise)


def _shared(chain: Scheme, level: int, device: torch.device) -> tuple[dict[str, Any], Tensor]:
    """Nodes of all draws that the axes share, shape (q, 1, ...), and their weights."""
    ones = (1,) * len(chain.dynamics.state_shape)
    names = [name for name, draw in chain.draws.items() if not isinstance(draw, (Normal, Midpoints))]
    rules = [chain.draws[name].rule(level) for name in names]
    grids = np.meshgrid(*(rule[0] for rule in rules), indexing="ij")
    weights = np.ones(1)
    for _, w in rules:
        weights = np.multiply.outer(weights, w).reshape(-1)
    draws: dict[str, Any] = {name: torch.as_tensor(grid.reshape(-1, *ones), device=device) for name, grid in zip(names, grids, strict=True)}
    for name, draw in chain.draws.items():
        if isinstance(draw, Midpoints):
            times, marks, weights = midpoint_sets(draw, level)
            draws[name] = tuple(torch.as_tensor(a, device=device).reshape(*a.shape, *ones) for a in (times, marks))
    return draws, torch.as_tensor(weights, device=device)


def _unit(zero: Tensor, k: int, blocks: int) -> Tensor:
    """States with one in block k and zero elsewhere."""
    unit = torch.zeros_like(zero)
    (unit if blocks == 1 else unit[:, k]).fill_(1.0)
    return unit


def _blocks(state: Tensor, system: Dynamics) -> Tensor:
    """States as (q, axes, s)."""
    return state[..., None] if system.blocks == 1 else state.movedim(-2, -1)


def _covariance(factor: Any, system: Dynamics, q: int, axes: int) -> Tensor:
    """The covariance of factor * Z on every axis, (q, axes, s, s)."""
    if isinstance(factor, BlockFactor):
        uu, uv, vv = (torch.as_tensor(entry, dtype=torch.float64).expand(q, axes) for entry in factor.covariance)
        return torch.stack([torch.stack([uu, uv], -1), torch.stack([uv, vv], -1)], -2)
    squares = torch.as_tensor(factor, dtype=torch.float64) ** 2
    if system.blocks == 1:
        return squares.expand(q, axes)[..., None, None]
    each = squares.expand(q, system.blocks, axes).movedim(-2, -1)
    return torch.diag_embed(each)


def _check(chain: Scheme, units: list[Tensor], matrix: Tensor, mean: Any) -> None:
    """Compare a step from one more state with what the unit vectors say."""
    numbers = torch.linspace(-1.7, 2.3, len(units), dtype=torch.float64, device=matrix.device)
    seen = _blocks(mean(sum(c * unit for c, unit in zip(numbers, units, strict=True))), chain.dynamics)
    told = matrix @ numbers
    if not torch.allclose(seen, told, rtol=1e-9, atol=1e-9 * float(told.abs().max())):
        raise InvalidParameter("scheme", chain.name, "a step that is affine in the state, for a law by its moments")


def _poisson_moments(pmm: PoissonMidpoint, variances: Tensor) -> StepMoments:
    """Bernoulli midpoints, by the moments of (X_0, Xhat, X) over the K substeps: a linear recursion, raised to the power K.

    Xhat' = A Xhat + G b0 + Gamma Z, X' = A X + G (b0 + K H (b(Xhat) - b0)) + Gamma Z with b = -position/variance. For
    K = inf the jumps come at the rate intensity/a and the recursion is a linear differential equation.
    """
    system, a, k = pmm.dynamics, pmm.step_size, pmm.substeps
    s, curvature = system.blocks, 1 / variances
    linear, push, spread = _generator(system) if k == math.inf else _substep(system, a / k)
    linear, push, spread = (part.to(curvature) for part in (linear, push, spread))
    force = -curvature[:, None, None] * push[:, None] * torch.eye(s, dtype=push.dtype, device=push.device)[0]
    drift = torch.zeros((len(variances), 3 * s, 3 * s), dtype=torch.float64, device=push.device)
    jump = torch.zeros_like(drift)
    first, middle, end = (slice(i * s, (i + 1) * s) for i in range(3))
    drift[:, first, first] = 0.0 if k == math.inf else torch.eye(s, dtype=push.dtype, device=push.device)
    for part in (middle, end):
        drift[:, part, part], drift[:, part, first] = linear, force
    weight = a if k == math.inf else k
    jump[:, end, middle], jump[:, end, first] = weight * force, -weight * force
    noise = torch.zeros_like(drift)
    for i in (middle, end):
        for j in (middle, end):
            noise[:, i, j] = spread
    return _evolved(drift, jump, noise, pmm, s)


def _evolved(drift: Tensor, jump: Tensor, noise: Tensor, pmm: PoissonMidpoint, s: int) -> StepMoments:
    axes, n = drift.shape[:2]
    eye = torch.eye(n, dtype=drift.dtype, device=drift.device).expand(axes, n, n)
    if pmm.substeps == math.inf:
        rate = pmm.intensity / pmm.step_size
        mean_generator = drift + rate * jump
        generator = _kron(mean_generator, eye) + _kron(eye, mean_generator) + rate * _kron(jump, jump)
        mean = torch.linalg.matrix_exp(pmm.step_size * mean_generator)
        square = torch.linalg.matrix_exp(pmm.step_size * _augmented(generator, noise, 0.0))
    else:
        k = int(pmm.substeps)
        p = pmm.intensity / k
        mean_step = drift + p * jump
        mean = torch.linalg.matrix_power(mean_step, k)
        square = torch.linalg.matrix_power(_augmented(_kron(mean_step, mean_step) + p * (1 - p) * _kron(jump, jump), noise, 1.0), k)
    start = torch.eye(s, dtype=drift.dtype, device=drift.device).repeat(3, 1)
    last = torch.zeros((s, n), dtype=drift.dtype, device=drift.device)
    last[:, -s:] = torch.eye(s, dtype=drift.dtype)
    into, out = torch.kron(start, start), torch.kron(last, last)
    return StepMoments(last @ mean @ start, out @ square[:, :-1, :-1] @ into, (out @ square[:, :-1, -1:]).reshape(axes, s, s))


def _augmented(linear: Tensor, noise: Tensor, corner: float) -> Tensor:
    """The affine map P -> linear P + noise as one matrix."""
    axes, m = linear.shape[:2]
    whole = torch.zeros((axes, m + 1, m + 1), dtype=linear.dtype, device=linear.device)
    whole[:, :m, :m], whole[:, :m, m], whole[:, m, m] = linear, noise.reshape(axes, m), corner
    return whole


def _kron(a: Tensor, b: Tensor) -> Tensor:
    n = a.shape[-1]
    return torch.einsum("aik,ajl->aijkl", a, b).reshape(-1, n * n, n * n)


def _generator(system: Dynamics) -> tuple[Tensor, Tensor, Tensor]:
    """N, f and D of the SDE."""
    linear, forcing, diffusion = (torch.tensor(part, dtype=torch.float64) for part in (system.linear, system.forcing, system.diffusion))
    return linear, forcing[:, 0], diffusion


def _substep(system: Dynamics, h: float) -> tuple[Tensor, Tensor, Tensor]:
    """A_h, G_h and Gamma_h^2, by unit vectors on the line."""
    line = system.on(Gaussian())
    one = torch.ones((), dtype=torch.float64)
    if system.blocks == 1:
        return line.transport(h, one)[None, None], line.respond(h, one)[None], torch.as_tensor(line.noise(h) ** 2, dtype=torch.float64)[None, None]
    eye = torch.eye(system.blocks, dtype=torch.float64)
    linear = torch.stack([line.transport(h, unit) for unit in eye], -1)
    factor = torch.stack([line.noise(h) * unit for unit in eye], -1)
    return linear, line.respond(h, one), factor @ factor.T
