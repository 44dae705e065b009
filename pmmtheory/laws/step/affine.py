"""One step of a scheme on a Gaussian target: a random affine map on every axis, read off from the scheme itself."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from pmmtheory.dynamics.factors import blocks_last, covariance
from pmmtheory.errors import InvalidParameter
from pmmtheory.laws.step.cubature import Cubature
from pmmtheory.schemes import Scheme

_LARGEST = 2_000_000
"""Numbers in the states, or the draws, of the steps taken at once."""

_ROUNDINGS = 2e-14
"""What a step and its slopes may be off by for every unit that states lie away from zero."""

_SWEPT, _LEAST, _REACH = 320, 2, 7.0
"""Numbers in the states that are tried where the law is, how many states at least at every node, and how many deviations from the mean."""


@dataclass(frozen=True)
class AffineSteps:
    """X' = R X + r + N(0, Q) on each axis, for every node of the draws that all axes share.

    matrix, noise : (q, axes, s, s) tensors R and Q; offset : (q, axes, s) tensor r; weights : (q,) tensor.
    """

    matrix: Tensor
    offset: Tensor
    noise: Tensor
    weights: Tensor


def affine_steps(chain: Scheme, variances: Tensor, at: Cubature, t: float = 0.0, checked: bool = True, swept: bool = True, around: float = 0.0) -> AffineSteps:
    """The steps at time t of a chain on two or more axes of a Gaussian with these variances, by unit vectors, at nodes of its draws but for the normal ones.

    checked : whether other states and draws are tried; not so where the same step has been checked on other data.
    swept : whether they are so all over where the law is, not only near and far. around : the position that states are told from.

    Raises
    ------
    InvalidParameter
        Where the step is not affine in the state and its normals, or its noise depends on the state.
    """
    shape, device = chain.dynamics.state_shape, variances.device
    normals = [name for name, draw in chain.draws.items() if draw.normal]
    draws, weights, layers = at.draws, at.weights, at.layers
    zero = torch.zeros((weights.shape[0], *shape), dtype=torch.float64, device=device)
    still = {name: torch.zeros((layers, *zero.shape) if layers else zero.shape, dtype=torch.float64, device=device) for name in normals}
    units = torch.stack(unit_states(zero, chain.dynamics.blocks))
    columns = [_Probes.of(zero, {name: _unit_draws(still[name], units, layers)}) for name in normals]
    tests = _tests(chain, units, still, variances, swept) if checked else []
    means, noise = _answers(chain, t, draws, still, [_Probes(zero[None], {}), _Probes(units, {}), *columns, *tests], around)
    s, probed = len(units), len(units) + sum(map(len, columns))
    offset, moved = means[0], means[1 : 1 + probed] - means[0]
    steps = _Affine(offset, torch.stack([*moved[:s]], -1), moved[s:])
    _check(chain, steps, tests, means[1 + probed :], around)
    if not torch.allclose(noise, noise[:1].expand(noise.shape), rtol=1e-9, atol=0.0):
        raise InvalidParameter("scheme", chain.name, "a step whose noise does not depend on the state, for a law by its moments")
    added = (steps.columns[..., :, None] * steps.columns[..., None, :]).sum(0)
    return AffineSteps(steps.matrix, offset, noise[0] + added, weights)


def unit_states(zero: Tensor, blocks: int) -> list[Tensor]:
    """For every block, states with one in it and zero elsewhere."""
    units = [torch.zeros_like(zero) for _ in range(blocks)]
    for k, unit in enumerate(units):
        (unit if blocks == 1 else unit[:, k]).fill_(1.0)
    return units


@dataclass(frozen=True)
class _Probes:
    """States (m, q, *state_shape) tried together, and the normal draws of each, with layers as second axis where there are: those not here are zero."""

    states: Tensor
    normals: dict[str, Tensor]

    @classmethod
    def of(cls, state: Tensor, normals: dict[str, Tensor]) -> _Probes:
        """One state with several draws."""
        return cls(state.expand(len(next(iter(normals.values()))), *state.shape), normals)

    @classmethod
    def joined(cls, some: Sequence[_Probes], still: dict[str, Tensor]) -> _Probes:
        """Several together, with all draws."""
        normals = {name: torch.cat([part.normals.get(name, z.expand(len(part), *z.shape)) for part in some]) for name, z in still.items()}
        return cls(torch.cat([part.states for part in some]), normals)

    def split(self, size: int) -> Iterator[_Probes]:
        """In parts of so many."""
        for first in range(0, len(self), size):
            part = slice(first, first + size)
            yield _Probes(self.states[part], {name: z[part] for name, z in self.normals.items()})

    def __len__(self) -> int:
        return len(self.states)


@dataclass(frozen=True)
class _Affine:
    """X' = matrix X + offset + sum_k columns[k] Z_k, on every axis and for every node."""

    offset: Tensor
    matrix: Tensor
    columns: Tensor


def _answers(chain: Scheme, t: float, draws: dict[str, Any], still: dict[str, Tensor], probes: list[_Probes], around: float) -> tuple[Tensor, Tensor]:
    """The means (probes, q, axes, s) and the covariances of the last Gaussian (probes, q, axes, s, s), many probes in one step."""
    zero = probes[0].states[0]
    at_once = max(1, _LARGEST // (zero.numel() * max([1, *(len(z) for z in still.values() if z.ndim > zero.ndim)])))
    together = [probes] if sum(map(len, probes)) <= at_once else [[part] for some in probes for part in some.split(at_once)]
    centre, means, covariances = torch.zeros_like(zero[0]), [], []
    chain.dynamics.position(centre).fill_(around)
    for some in together:
        tried = _Probes.joined(some, still)
        normals = {name: z.movedim(0, still[name].ndim - zero.ndim) for name, z in tried.normals.items()}
        mean, factor = chain.step(centre + tried.states, t, draws | normals)
        states = mean.expand(tried.states.shape) - centre
        means.append(blocks_last(states, chain.dynamics))
        covariances.append(covariance(factor, chain.dynamics, states))
    return torch.cat(means), torch.cat(covariances)


def _unit_draws(still: Tensor, units: Tensor, layers: int) -> Tensor:
    """The draws of a normal, all zero but one: in one layer, in one block."""
    draws = still.repeat(max(1, layers) * len(units), *(1,) * still.ndim)
    for number, draw in enumerate(draws):
        draw[number // len(units) if layers else ...] = units[number % len(units)]
    return draws


def _tests(chain: Scheme, units: Tensor, still: dict[str, Tensor], variances: Tensor, swept: bool) -> list[_Probes]:
    """States without normals, and with all of them."""
    drawn = [*_all_draws(units, still, variances), *([_swept(chain, units[0], still, variances)] if swept else [])]
    return [_far_states(units, variances), *([_Probes.joined(drawn, still)] if drawn else [])]


def _far_states(units: Tensor, variances: Tensor) -> _Probes:
    """Two states, near and far and other on every axis."""
    spread = torch.linspace(1.0, 1.9, len(variances), dtype=torch.float64, device=variances.device)[:, None]
    numbers = spread * torch.linspace(-1.7, 2.3, len(units), dtype=torch.float64, device=variances.device)
    numbers[:, 0] *= torch.sqrt(variances)
    return _Probes(torch.stack([_state(units, scale * numbers) for scale in (1.0, -31.0)]), {})


def _all_draws(units: Tensor, still: dict[str, Tensor], variances: Tensor) -> Iterator[_Probes]:
    """States with all normals at once, near and far."""
    numbers = torch.ones((len(variances), len(units)), dtype=torch.float64, device=variances.device)
    numbers[:, 0] *= torch.sqrt(variances)
    generator = torch.Generator().manual_seed(3)
    for scale in (0.4, 1.7, -5.0) if still else ():
        drawn = {name: scale * torch.randn((1, *zero.shape), generator=generator, dtype=torch.float64).to(zero.device) for name, zero in still.items()}
        yield _Probes(_state(units, numbers)[None], drawn)


def _swept(chain: Scheme, like: Tensor, still: dict[str, Tensor], variances: Tensor) -> _Probes:
    """States all over where the law is, others on every axis and at every node, with normals: between near and far a step may be another."""
    system, generator = chain.dynamics, torch.Generator().manual_seed(11)
    mean = torch.as_tensor(system.target.mean, dtype=torch.float64, device=like.device)  # type: ignore[attr-defined]
    width = torch.ones_like(like[0])
    system.position(width).copy_(mean.abs() + _REACH * torch.sqrt(variances if system.autonomous else variances.clamp_min(1.0)))
    times = max(_LEAST, -(-_SWEPT // like.numel()))
    states = width * (2 * torch.rand((times, *like.shape), generator=generator, dtype=torch.float64) - 1).to(like.device)
    drawn = {name: 1.5 * torch.randn((times, *z.shape), generator=generator, dtype=torch.float64).to(z.device) for name, z in still.items()}
    return _Probes(states, drawn)


def _state(units: Tensor, numbers: Tensor) -> Tensor:
    """States with these numbers, (axes, s)."""
    return torch.stack([unit * numbers[:, k] for k, unit in enumerate(units)]).sum(0)


def _check(chain: Scheme, steps: _Affine, tests: list[_Probes], seen: Tensor, around: float) -> None:
    """Compare steps from other states and with other draws with what the unit vectors say."""
    for some, found in zip(tests, seen.split([len(some) for some in tests]), strict=True):
        state = blocks_last(some.states, chain.dynamics)
        told = steps.offset + (steps.matrix @ state[..., None])[..., 0]
        size = (steps.matrix.abs() @ state.abs()[..., None])[..., 0] + steps.offset.abs() + state.abs()
        for column, value in zip(steps.columns, _numbers(chain, some), strict=False):
            part = column * value[..., None]
            told, size = told + part, size + part.abs()
        lost = _ROUNDINGS * abs(around) * (1 + steps.matrix.abs().sum(-1)) * (1 + state.abs().sum(-1, keepdim=True))
        if not bool(((found - told).abs() <= 1e-9 * size + lost).all()):
            kind = "the state and its normal draws" if some.normals else "the state"
            raise InvalidParameter("scheme", chain.name, f"a step that is affine in {kind}, for a law by its moments")


def _numbers(chain: Scheme, probes: _Probes) -> Iterator[Tensor]:
    """The values of every normal number in each of the probes, (m, q, axes), in the order of the columns."""
    for drawn in probes.normals.values():
        layers = drawn.movedim(1, 0) if drawn.ndim > probes.states.ndim else drawn[None]
        for layer in layers:
            yield from blocks_last(layer, chain.dynamics).unbind(-1)
