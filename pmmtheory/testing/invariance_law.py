"""The law of invariance, by particles: a chain that starts from the target stays there."""

from __future__ import annotations

import math

import torch
from scipy.special import ndtri
from torch import Tensor

from pmmtheory.particles import simulate
from pmmtheory.particles.simulate import stream
from pmmtheory.schemes import Scheme
from pmmtheory.testing.defects import FUNCTIONS, bias_rates
from pmmtheory.testing.subject import LINE, SEED, SPACE, Skipped, Subject, Unclaimed, require

_PARTICLES = 65_536
_STEPS = 8
_SIZES = (0.4, 0.1)
_FALSE_ALARM = 1e-9
"""Probability with which all tests together call a right scheme broken."""

_MISSED = 0.01
"""Probability with which a test misses a fault of the size that it is said to see."""


def invariance(subject: Subject) -> str:
    """X_0 ~ target implies X_n ~ target: moments 1 to 4 and the distribution function of each coordinate, after 8 steps of 0.4
    and of 0.1; on the line, means after one step.

    Moments are those of the particles at the end less those at the start, which shares the noise of the start; the distribution function is held
    against the target's by sup |F_n - F| <= sqrt(log(2/p)/(2n)) (Massart 1990). All tests together have the stated false-alarm probability.
    """
    if not subject.claims_invariance:
        claim = "it claims no order and never stays where it is" if subject.order is None else f"it claims the order {subject.order:g}, not an exact one"
        raise Unclaimed(f"{claim}: {_bias(subject)}")
    if subject.observes:
        raise Skipped("where the chain starts so that what it observes has the law of the target is not known")
    tests = len(_SIZES) * (len(FUNCTIONS) + sum(5 * dim for dim in subject.dims))
    one_step = _one_step(subject, tests)
    for dim in subject.dims:
        for size in _SIZES:
            scheme = subject.on(LINE if dim == 1 else SPACE, size)
            for number, (before, after, below) in enumerate(_coordinates(scheme)):
                place = f"after {_STEPS} steps of {size:g} from the target" + (f" in dimension 3, coordinate {number}" if dim > 1 else "")
                _moments(before, after, tests, place)
                gap = torch.tensor(_gap(below), dtype=torch.float64)
                what = f"{place}, the distribution function of {_PARTICLES} particles is off that of the target by"
                require(gap, torch.zeros_like(gap), _bound(_FALSE_ALARM / tests), what)
    return one_step + _power(tests)


def _one_step(subject: Subject, tests: int) -> str:
    """The means of some functions after one step from the target on the line, with the noise of its normals taken out: the sharpest test of positions."""
    if 1 not in subject.dims or subject.dynamics(LINE).blocks > 1:
        return ""
    least = 0.0
    for size in _SIZES:
        for name, (value, error) in bias_rates(subject.on_line(step_size=size), SEED).items():
            seen = torch.tensor(value, dtype=torch.float64)
            require(seen, torch.zeros_like(seen), _sigmas(tests) * error, f"one step of {size:g} from the target changes the mean of {name}, over the step, by")
            least = max(least, (_sigmas(tests) - float(ndtri(_MISSED))) * error)
    return f"a bias of one step, over the step, of {least:.2g} in the means of {', '.join(FUNCTIONS)} is seen with probability {1 - _MISSED:g}; "


def _moments(before: Tensor, after: Tensor, tests: int, place: str) -> None:
    middle, scale = before.mean(), before.std()
    for k in (1, 2, 3, 4):
        start, change = ((before - middle) / scale) ** k, ((after - middle) / scale) ** k
        change = change - start
        allowed = _sigmas(tests) * float(change.std()) / math.sqrt(len(before))
        require(start.mean() + change.mean(), start.mean(), allowed, f"{place}, the moment {k} of {_PARTICLES} particles, in units of their deviation, is")


def _coordinates(scheme: Scheme) -> list[tuple[Tensor, Tensor, Tensor]]:
    """For each coordinate of the position: its values at the start and at the end, and the target's distribution function at those, ascending."""
    system, target = scheme.dynamics, scheme.dynamics.target
    start = system.lift(target.sample(_PARTICLES, SEED).reshape(_PARTICLES, *system.state_shape[system.blocks > 1 :]), stream(SEED, -1, "cpu"))
    end = simulate(scheme, _PARTICLES, _STEPS, seed=SEED, dtype=torch.float64, initial=start)
    before, after = (system.position(x).reshape(_PARTICLES, -1).double() for x in (start, end))
    columns = []
    for j in range(before.shape[1]):
        x = torch.sort(after[:, j]).values
        if target.dim == 1:
            below = LINE.cdf(x)
        else:
            below = torch.special.ndtr((x - SPACE.mean[j]) / torch.as_tensor(SPACE.covariance).diagonal()[j] ** 0.5)
        columns.append((before[:, j], after[:, j], below))
    return columns


def _gap(below: Tensor) -> float:
    ranks = torch.arange(len(below) + 1, dtype=torch.float64) / len(below)
    return float(torch.maximum((ranks[1:] - below).max(), (below - ranks[:-1]).max()))


def _bound(chance: float) -> float:
    """What sup |F_n - F| exceeds with at most this probability."""
    return math.sqrt(math.log(2 / chance) / (2 * _PARTICLES))


def _sigmas(tests: int) -> float:
    return -float(ndtri(_FALSE_ALARM / tests / 2))


def _power(tests: int) -> str:
    shape, moment = _bound(_FALSE_ALARM / tests) + _bound(_MISSED), _sigmas(tests) - float(ndtri(_MISSED))
    return (
        f"{tests} tests with {_PARTICLES} particles call a right scheme broken with probability {_FALSE_ALARM:g}; after {_STEPS} steps a law off the "
        f"target by {shape:.2g} in its distribution function, or in a moment by {moment:.2g} standard errors, is seen with probability {1 - _MISSED:g}"
    )


def _bias(subject: Subject) -> str:
    """How far from the target the particles are, with the noise of that."""
    scheme = subject.on(LINE if 1 in subject.dims else SPACE)
    gap = max(_gap(below) for _, _, below in _coordinates(scheme))
    place = f"after {_STEPS} steps of {scheme.step_size:g} from the target"
    return f"{place} its distribution function is off by {gap:.2g}, of which {_bound(_MISSED):.2g} may be noise"
