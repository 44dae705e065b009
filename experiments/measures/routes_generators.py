"""Generators of f-divergences with their derivatives, next to f itself in fifty digits and its differences."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal, localcontext

import numpy as np
import torch

from experiments.measures._routes import compared, farthest, held
from pmmtheory.divergences.generator import Generator
from pmmtheory.divergences.generators.chi2 import Chi2
from pmmtheory.divergences.generators.hellinger import Hellinger
from pmmtheory.divergences.generators.kl import KL
from pmmtheory.divergences.generators.renyi import Renyi
from pmmtheory.divergences.generators.reverse_kl import ReverseKL
from pmmtheory.estimate import Estimate
from pmmtheory.noise.levels import Numbers

Function = Callable[[Decimal], Decimal]


def _renyi(a: str, sign: int) -> Function:
    return lambda t: sign * (t ** Decimal(a) - 1 - Decimal(a) * (t - 1))


KINDS: dict[str, tuple[Generator, Function]] = {
    "kl": (KL(), lambda t: t * t.ln() - t + 1),
    "reverse_kl": (ReverseKL(), lambda t: t - 1 - t.ln()),
    "chi2": (Chi2(), lambda t: (t - 1) ** 2),
    "hellinger": (Hellinger(), lambda t: (1 - t.sqrt()) ** 2 / 2),
    "renyi of order 0.3": (Renyi(), _renyi("0.3", -1)),
    "renyi of order 1.5": (Renyi(1.5), _renyi("1.5", 1)),
    "renyi of order 3.5": (Renyi(3.5), _renyi("3.5", 1)),
}
NAMES = ("f near 1", "f", "f of large ratios", "the slope", "the curvature", "the pull", "f of nothing", "the bend", "a share of mass")
PLAIN = "the pull, or t f' for large t, from f and f'"
_NEAR = [9.9e-3, -9.9e-3]
_NEARER = {"kl": 9.9e-4}
"""Where series are taken; 3e-4 for others."""
_RATIOS = [0.02, 0.5, 0.8, 1.3, 4.0, 300.0, 1e10]
_LARGE, _MASS, _STEP = 1e16, 0.7, Decimal("1e-16")
_NONE = Decimal(-700)


@compared
def measure(device: str) -> dict[str, Estimate]:
    """f where digits cancel, elsewhere, and where q underflows beside p; f', t f'' and f - t f'; and the numbers that are made of them."""
    found: dict[str, Estimate] = {}
    with localcontext() as context:
        context.prec = 60
        for name, (generator, f) in KINDS.items():
            found |= {f"{what}, {name}": farthest(one, other) for what, (one, other) in _both(generator, f, _NEARER.get(name, 3e-4)).items()}
        t = [Decimal(4), Decimal(_LARGE)]
        slopes = [KL().slope(torch.zeros(1), torch.tensor([float(x.ln())], dtype=torch.float64)).item() for x in t]
        log, r = (torch.tensor([float(part) for part in parts], dtype=torch.float64) for parts in ([x.ln() for x in t], [x - 1 for x in t]))
        plain = np.array([float(KINDS["kl"][1](t[0])) - 4 * slopes[0], _LARGE * slopes[1]])
        found[PLAIN] = farthest(Generator.pull(KL(), r, log).numpy() / plain, np.ones(2))
    return held(found, 2e-11, {"f near 1, kl": 1e-12, "f near 1, reverse_kl": 1e-12})


def _both(generator: Generator, f: Function, nearer: float) -> dict[str, tuple[Numbers, Numbers]]:
    """Ours and the other, relative to the other where it is not 0."""
    excess = [*_NEAR, nearer, -nearer]
    ratios, near = [Decimal(t) for t in _RATIOS], [1 + Decimal(r) for r in excess]
    r, log = torch.tensor([float(t - 1) for t in ratios], dtype=torch.float64), torch.tensor([float(t.ln()) for t in ratios], dtype=torch.float64)
    close = torch.tensor(excess, dtype=torch.float64), torch.tensor([float(t.ln()) for t in near], dtype=torch.float64)
    slopes = [(f(t * (1 + _STEP)) - f(t * (1 - _STEP))) / (2 * _STEP * t) for t in ratios]
    bends = [(f(t * (1 + _STEP)) - 2 * f(t) + f(t * (1 - _STEP))) / (_STEP * _STEP * t) for t in ratios]
    bend = (f(1 + _STEP) + f(1 - _STEP)) / _STEP**2
    large, p, q = Decimal(_LARGE), torch.tensor([_MASS], dtype=torch.float64), torch.tensor([_MASS / _LARGE], dtype=torch.float64)
    far = generator.far(p, q, torch.log(p / q))
    return {
        "f near 1": _relative(generator.near(*close), [f(t) for t in near]),
        "f": _relative(generator.between(torch.exp(log), torch.ones_like(log), log, r), [f(t) for t in ratios]),
        "f of large ratios": _relative(far, [Decimal(_MASS) / large * f(large)]),
        "the slope": _relative(generator.slope(r, log), slopes),
        "the curvature": _relative(generator.curvature(log), bends),
        "the pull": _relative(generator.pull(r, log), [f(t) - t * slope for t, slope in zip(ratios, slopes, strict=True)]),
        "f of nothing": _relative(torch.tensor([generator.at_none()], dtype=torch.float64), [f(_NONE.exp())]),
        "the bend": _relative(torch.tensor([generator.bend], dtype=torch.float64), [bend]),
        "a share of mass": _relative(torch.tensor([generator.per_mass(3.0)], dtype=torch.float64), [f(Decimal(3).exp()) / Decimal(3).exp()]),
    }


def _relative(one: torch.Tensor, other: list[Decimal]) -> tuple[Numbers, Numbers]:
    numbers = np.array([float(number) for number in other])
    return np.nan_to_num(one.double().numpy() / numbers), np.ones_like(numbers)
