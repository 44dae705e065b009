"""Potentials as one writes them down, which overflow or underflow far out, have the laws of those that do not."""

from __future__ import annotations

import math
from collections.abc import Callable

import pytest
import torch
from torch import Tensor

from pmmtheory.divergences import kl
from pmmtheory.dynamics import Overdamped, Underdamped
from pmmtheory.laws import stationary_law
from pmmtheory.schemes import SGLD, EulerMaruyama, PoissonMidpoint, RandomizedMidpoint, Scheme
from pmmtheory.targets import Potential, Target

Potentials = tuple[Callable[[Tensor], Tensor], Callable[[Tensor], Tensor]]


def cosh(x: Tensor) -> Tensor:
    return 2 * torch.log(2 * torch.cosh(x)) + 0.3 * x**2


def cosh_that_holds(x: Tensor) -> Tensor:
    return 2 * torch.logaddexp(x, -x) + 0.3 * x**2


def mixture(x: Tensor) -> Tensor:
    return -torch.log(0.4 * torch.exp(-(x**2) / 2) + 0.6 * torch.exp(-((x - 3) ** 2) / 2))


def mixture_that_holds(x: Tensor) -> Tensor:
    return -torch.logaddexp(math.log(0.4) - x**2 / 2, math.log(0.6) - (x - 3) ** 2 / 2)


PAIRS: dict[str, Potentials] = {"cosh": (cosh, cosh_that_holds), "mixture": (mixture, mixture_that_holds)}
SCHEMES: dict[str, Callable[[Target], Scheme]] = {
    "lmc": lambda target: EulerMaruyama(Overdamped(target), 0.1),
    "rmm": lambda target: RandomizedMidpoint(Overdamped(target), 0.1),
    "pmm": lambda target: PoissonMidpoint(Overdamped(target), 0.05, 5),
    "sgld": lambda target: SGLD(Overdamped(target), 0.1, 1.0),
    "ulmc": lambda target: EulerMaruyama(Underdamped(target, 1.0), 0.1),
}


def same(scheme: Callable[[Target], Scheme], one: Target, other: Target, rtol: float) -> None:
    found, true = (kl(stationary_law(scheme(target), rtol=rtol), target) for target in (one, other))
    assert abs(found.value - true.value) <= found.error + true.error + 1e-12


@pytest.mark.slow
@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("pair", PAIRS)
def test_on_the_line(pair: str, scheme: str) -> None:
    written, that_holds = PAIRS[pair]
    same(SCHEMES[scheme], Potential(written), Potential(that_holds), 1e-4)


@pytest.mark.slow
@pytest.mark.parametrize("scheme", ["lmc", "sgld"])
@pytest.mark.parametrize("pair", PAIRS)
def test_in_the_plane(pair: str, scheme: str) -> None:
    one, other = (Potential(lambda x, f=f: f(x[..., 0]) + x[..., 1] ** 2 / 2, dim=2) for f in PAIRS[pair])
    same(SCHEMES[scheme], one, other, 1e-2)
