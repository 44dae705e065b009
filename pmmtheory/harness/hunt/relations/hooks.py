"""Schemes of a user: a piece of a scheme overridden in a subclass is overridden for every engine and for particles, or refused."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import torch

from pmmtheory import schemes
from pmmtheory.dynamics import Overdamped, Underdamped
from pmmtheory.errors import PmmError
from pmmtheory.harness.hunt import targets
from pmmtheory.harness.hunt.chains import poisson, rounded
from pmmtheory.harness.hunt.compared import Compared
from pmmtheory.harness.hunt.draw import Draw
from pmmtheory.harness.hunt.relations.engines import moments
from pmmtheory.harness.hunt.sampled import distance
from pmmtheory.laws import transient_law
from pmmtheory.particles import simulate
from pmmtheory.schemes import Scheme

HOOKS = {
    "PoissonMidpoint": ("midpoint_force", "push", "step", "drift"),
    "EulerMaruyama": ("step", "noise"),
    "RandomizedMidpoint": ("step", "noise"),
    "BAOAB": ("step",),
}


def draw(draw: Draw) -> dict[str, Any]:
    where = draw.one_of(["line", "line", "phase plane", "line"])
    name = draw.one_of(["PoissonMidpoint", "EulerMaruyama", "RandomizedMidpoint"] + (["BAOAB"] if where == "phase plane" else []))
    options = poisson(draw) if name == "PoissonMidpoint" else {}
    variance = draw.log(1.0, 3.0)
    share = draw.log(0.3, 0.1)
    return {
        "where": where,
        "name": name,
        "options": options,
        "hook": draw.one_of(HOOKS[name]),
        "factor": draw.real(0.5, 1.3),
        "target": {"kind": "gaussian", "mean": draw.place(1.0), "variance": variance},
        "step": rounded(share * (variance if where == "line" else math.sqrt(variance))),
        "steps": draw.whole(2, 5),
        "seed": draw.seed(),
    }


def check(where: str, name: str, options: Any, hook: str, factor: float, target: Any, step: float, steps: int, seed: int) -> Iterator[Compared]:
    goal = targets.build(target)
    system = Overdamped(goal) if where == "line" else Underdamped(goal, 2.0)
    scheme = hooked(name, hook, factor)(system, step, **options)
    initial = targets.build(target | {"mean": target["mean"] + 1.0})
    engine = "line" if where == "line" else "phase_plane"
    law = linear = None
    refusal: PmmError | None = None
    try:
        law = transient_law(scheme, initial, steps, rtol=1e-4, engine=engine)
    except PmmError as error:
        refusal = error
    try:
        linear = transient_law(scheme, initial, steps, rtol=1e-8, engine="gaussian")
    except PmmError as error:
        refusal = error
    found = simulate(scheme, 40_000, steps, seed=seed, dtype=torch.float64, initial=initial)
    parts = [found] if where == "line" else [found[:, 0], found[:, 1]]
    blocks = ("position", "velocity")[: len(parts)]
    for block, sample in zip(blocks, parts, strict=True):
        one = law if where == "line" or law is None else getattr(law, block)
        two = linear if where == "line" or linear is None else getattr(linear, block)
        if one is not None:
            yield distance(block, sample, one, 2)
        if two is not None:
            yield from sample_moments(block, sample, two)
        if one is not None and two is not None:
            yield from moments(one, two)
    if refusal is not None and law is None and linear is None:
        raise refusal


def sample_moments(what: str, sample: torch.Tensor, law: Any) -> Iterator[Compared]:
    """Mean and variance of the particles within 6.5 standard errors (one in 1e10), where the law is nearly Gaussian."""
    n, mean, variance = len(sample), float(law.mean), float(law.covariance)
    centred = sample - mean
    yield Compared(f"mean of the {what} by particles", float(sample.mean()), mean, 6.6 * math.sqrt(float((centred**2).mean()) / n))
    square = centred**2
    yield Compared(f"variance of the {what} by particles", float(square.mean()), variance, 7.5 * float(square.std()) / math.sqrt(n))


def hooked(name: str, hook: str, factor: float) -> type[Scheme]:
    """A subclass of a scheme with one piece times the factor."""
    base: Any = getattr(schemes, name)

    class Hooked(base):  # type: ignore[misc]
        pass

    def scaled(self: Any, *arguments: Any) -> Any:
        return factor * getattr(base, hook)(self, *arguments)

    def step(self: Any, x: Any, t: Any, draws: Any) -> Any:
        mean, width = base.step(self, x, t, draws)
        return (x + factor * (mean - x), width) if hook == "step" else (mean, width * factor)

    if hook in ("midpoint_force", "push"):
        setattr(Hooked, hook, scaled)
    elif hook == "drift":
        setattr(Hooked, "__init__", _with_force(base, factor))  # noqa: B010
    else:
        setattr(Hooked, "step", step)  # noqa: B010
    return Hooked


def _with_force(base: Any, factor: float) -> Any:
    """An __init__ that puts the scheme on dynamics whose force is scaled."""

    def init(self: Any, dynamics: Any, step_size: float, **options: Any) -> None:
        kind = type(dynamics)

        class Scaled(kind):  # type: ignore[misc, valid-type]
            def drift(self, x: Any, t: Any = 0.0) -> Any:
                return factor * kind.drift(self, x, t)

        other = Scaled.__new__(Scaled)
        other.__dict__.update(dynamics.__dict__)
        base.__init__(self, other, step_size, **options)

    return init
