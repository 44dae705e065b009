"""One step of a scheme on a Gaussian target: a random affine map on every axis, read off from the scheme itself."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

from pmmtheory.dynamics import BlockFactor, Dynamics
from pmmtheory.errors import InvalidParameter
from pmmtheory.laws.draw_rules import draw_rules
from pmmtheory.laws.midpoint_sets import midpoint_sets
from pmmtheory.laws.poisson_moments import StepMoments, poisson_moments
from pmmtheory.schemes import Draw, Midpoints, Normal, Scheme
from pmmtheory.targets import Gaussian


@dataclass(frozen=True)
class AffineSteps:
    """X' = R X + r + N(0, Q) on each axis, for every node of the draws that all axes share.

    matrix, noise : (q, axes, s, s) tensors R and Q; offset : (q, axes, s) tensor r; weights : (q,) tensor.
    """

    matrix: Tensor
    offset: Tensor
    noise: Tensor
    weights: Tensor


def affine_steps(scheme: Scheme, variances: Tensor, level: int, t: float = 0.0, centres: Tensor | None = None) -> AffineSteps:
    """The steps at time t on the axes of a Gaussian with these variances and means, zero unless given, by unit vectors.

    Raises
    ------
    InvalidParameter
        Where the step is not affine in the state and its normals, or its noise depends on the state.
    """
    if len(variances) == 1:  # two equal axes: dynamics on the line would leave their axis out
        pair = affine_steps(scheme, variances.repeat(2), level, t, None if centres is None else centres.repeat(2))
        return AffineSteps(pair.matrix[:, :1], pair.offset[:, :1], pair.noise[:, :1], pair.weights)
    chain = scheme.over(scheme.dynamics.on(Gaussian(0.0 if centres is None else centres, variances)))
    shape, device = chain.dynamics.state_shape, variances.device
    draws, weights = _shared(chain, level, device)
    normals = [name for name, draw in chain.draws.items() if type(draw) is Normal]
    if any(not (draw.shared if isinstance(draw, Draw) else True) for name, draw in chain.draws.items() if name not in normals):
        raise InvalidParameter("scheme", chain.name, "one whose draws are normal or shared by the coordinates, for a law by its moments")
    layers = draws["midpoints"][0].shape[0] if "midpoints" in draws else 0
    q = weights.shape[0]
    zero = torch.zeros((q, *shape), dtype=torch.float64, device=device)
    still = {name: torch.zeros((layers, *zero.shape) if layers else zero.shape, dtype=torch.float64, device=device) for name in normals}
    units = [_unit(zero, k, chain.dynamics.blocks) for k in range(chain.dynamics.blocks)]

    def mean(x: Tensor, **moved: Tensor) -> Tensor:
        return chain.step(x, t, draws | still | moved)[0].expand(zero.shape)

    offset = _blocks(mean(zero), chain.dynamics)
    matrix = torch.stack([_blocks(mean(unit), chain.dynamics) - offset for unit in units], -1)
    factor = chain.step(zero, t, draws | still)[1]
    noise = _covariance(factor, chain.dynamics, q, len(variances))
    columns: dict[str, list[Tensor]] = {name: [] for name in normals}
    for name in normals:
        for layer in range(max(1, layers)):
            for unit in units:
                z = still[name].clone()
                if layers:
                    z[layer] = unit
                else:
                    z += unit
                column = _blocks(mean(zero, **{name: z}), chain.dynamics) - offset
                columns[name].append(column)
                noise = noise + column[..., :, None] * column[..., None, :]
    _check(chain, units, matrix, offset, mean, variances)
    _check_normals(chain, units, matrix, offset, columns, still, mean, variances)
    elsewhere = _covariance(chain.step(1.7 * units[-1] - 0.6 * units[0], t, draws | still)[1], chain.dynamics, q, len(variances))
    if not torch.allclose(elsewhere, _covariance(factor, chain.dynamics, q, len(variances)), rtol=1e-9, atol=0.0):
        raise InvalidParameter("scheme", chain.name, "a step whose noise does not depend on the state, for a law by its moments")
    return AffineSteps(matrix, offset, noise, weights)


def step_moments(scheme: Scheme, variances: Tensor, level: int) -> StepMoments:
    """The moments of one step on the axes of a centred Gaussian with these variances.

    Raises
    ------
    InvalidParameter
        Where a step moves the mean of the target.
    """
    if len(variances) == 1:  # the matrix exponential loses digits on a batch of one
        pair = step_moments(scheme, variances.repeat(2), level)
        return StepMoments(pair.mean[:1], pair.square[:1], pair.noise[:1], pair.spread[:1], pair.keeps_mean)
    structure = scheme.over(scheme.dynamics.on(Gaussian(0.0, variances))).structure
    if structure is not None and structure.midpoints.kind == "bernoulli":
        return poisson_moments(structure, len(variances))
    steps = affine_steps(scheme, variances, level)
    mean, noise = (torch.einsum("q,qaij->aij", steps.weights, part) for part in (steps.matrix, steps.noise))
    random = steps.matrix - mean
    spread = torch.einsum("q,qaik,qajl->aijkl", steps.weights, random, random)
    square = spread + torch.einsum("aik,ajl->aijkl", mean, mean)
    s = steps.matrix.shape[-1]
    noise = noise + torch.einsum("q,qai,qaj->aij", steps.weights, steps.offset, steps.offset)
    _require_mean(scheme, steps, variances)
    return StepMoments(mean, square.reshape(-1, s * s, s * s), noise, spread.reshape(-1, s * s, s * s), not bool((steps.offset != 0).any()))


def _require_mean(scheme: Scheme, steps: AffineSteps, variances: Tensor) -> None:
    """Raise InvalidParameter unless a step keeps the mean of its target, and what it adds to it at random is independent of the rest."""
    width = torch.ones(steps.offset.shape[1:], dtype=variances.dtype, device=variances.device)
    width[:, 0] = torch.sqrt(variances)
    mean = torch.einsum("q,qai->ai", steps.weights, steps.offset)
    if bool((mean.abs() > 1e-13 * width).any()):
        raise InvalidParameter("scheme", scheme.name, "a step that keeps the mean of a Gaussian target, for a law by its moments")


def _shared(chain: Scheme, level: int, device: torch.device) -> tuple[dict[str, Any], Tensor]:
    """Nodes of all draws that the axes share, shape (q, 1, ...), and their weights."""
    ones = (1,) * len(chain.dynamics.state_shape)
    names = [name for name, draw in chain.draws.items() if type(draw) is not Normal and not isinstance(draw, Midpoints)]
    split = draw_rules(chain, level)
    rules = [split[name] for name in names]
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


def _check(chain: Scheme, units: list[Tensor], matrix: Tensor, offset: Tensor, mean: Any, variances: Tensor) -> None:
    """Compare steps from more states, near and far and other on every axis, with what the unit vectors say."""
    axes, s = len(variances), len(units)
    spread = torch.linspace(1.0, 1.9, axes, dtype=torch.float64, device=matrix.device)[:, None]
    numbers = spread * torch.linspace(-1.7, 2.3, s, dtype=torch.float64, device=matrix.device)
    numbers[:, 0] *= torch.sqrt(variances)
    for scale in (1.0, -31.0):
        here = scale * numbers
        seen = _blocks(mean(sum(unit * (here[:, k]) for k, unit in enumerate(units))), chain.dynamics)
        told = (matrix @ here[..., None])[..., 0] + offset
        size = (matrix.abs() @ here.abs()[..., None])[..., 0] + offset.abs() + here.abs()
        if not bool(((seen - told).abs() <= 1e-9 * size).all()):
            raise InvalidParameter("scheme", chain.name, "a step that is affine in the state, for a law by its moments")


def _check_normals(
    chain: Scheme, units: list[Tensor], matrix: Tensor, offset: Tensor, columns: dict[str, list[Tensor]], still: dict[str, Tensor], mean: Any, variances: Tensor
) -> None:
    """Compare steps with all normals at once, near and far, with what one unit of each says."""
    here = torch.ones(offset.shape[1:], dtype=torch.float64, device=matrix.device)
    here[:, 0] *= torch.sqrt(variances)
    x = torch.stack([unit * here[:, k] for k, unit in enumerate(units)]).sum(0)
    generator = torch.Generator().manual_seed(3)
    for scale in (0.4, 1.7, -5.0) if columns else ():
        drawn = {name: scale * torch.randn(zero.shape, generator=generator, dtype=torch.float64).to(zero.device) for name, zero in still.items()}
        moved = [matrix @ here[..., None]]
        for name, each in columns.items():
            layers = drawn[name] if drawn[name].ndim > units[0].ndim else drawn[name][None]
            parts = [_blocks(layer, chain.dynamics)[..., k, None] for layer in layers for k in range(len(units))]
            moved += [column[..., None] * part[..., None] for column, part in zip(each, parts, strict=True)]
        told = offset + torch.stack(moved).sum(0)[..., 0]
        size = offset.abs() + torch.stack(moved).abs().sum(0)[..., 0] + here
        if not bool(((_blocks(mean(x, **drawn), chain.dynamics) - told).abs() <= 1e-9 * size).all()):
            raise InvalidParameter("scheme", chain.name, "a step that is affine in the state and its normal draws, for a law by its moments")
