"""What every engine and every law keeps to, found by folder, on every kind of chain that an engine says it supports; and that engines agree."""

from __future__ import annotations

import math
from typing import Any

import pytest
import torch

from pmmtheory.chain import Chain
from pmmtheory.divergences import kl, tv
from pmmtheory.dynamics import Dynamics, Overdamped, Underdamped
from pmmtheory.errors import InvalidParameter, PmmError
from pmmtheory.harness.engine_table import CHAINS, built
from pmmtheory.laws import Engine, LineLaw, engines, stationary_law, transient_law
from pmmtheory.laws.engine import engine_for
from pmmtheory.laws.law import Law
from pmmtheory.schemes import EulerMaruyama, PoissonMidpoint, RandomizedMidpoint, Scheme, TamedEuler
from pmmtheory.schemes.found import found_schemes
from pmmtheory.targets import Gaussian, Product

TARGET = Gaussian(0.4, 0.7)

SHORTER = {"several_midpoints": 0.01}
"""The step of chains of an engine that serves no longer ones on these targets."""

CASES = [
    pytest.param(engine, scheme, stationary, id=f"{engine.name}: {scheme.name}, {words}, {'stationary' if stationary else 'some steps'}")
    for engine in engines()
    for words, dynamics in CHAINS.items()
    for scheme in [built(kind, dynamics, SHORTER.get(engine.name, 0.1)) for kind in (EulerMaruyama, RandomizedMidpoint, PoissonMidpoint)]
    for stationary in (True, False)
    if scheme is not None
    and engine.supports(Chain(scheme), stationary) is None
    and not (engine.name == "plane" and isinstance(scheme, RandomizedMidpoint))  # ends with too little noise for its grids
    and not (engine.name == "potential_plane" and isinstance(scheme, RandomizedMidpoint))  # takes most of a minute
]


def start(scheme: Scheme) -> Any:
    """Where the process starts, or the target."""
    return scheme.dynamics.law_at(0.0)


def laws(engine: Engine, scheme: Scheme, stationary: bool) -> list[Law]:
    if stationary:
        return [engine.stationary(scheme, engine.default_rtol, "cpu")]
    return list(engine.transients(Chain(scheme, start(scheme)), [2, 3], engine.default_rtol, "cpu"))


def test_every_engine_is_seen() -> None:
    assert {engine.name for engine, _, _ in (case.values for case in CASES)} == {engine.name for engine in engines()}
    assert {"line", "phase_plane", "gaussian", "product"} <= set(FIRST)
    assert [engine.rank for engine in engines()] == sorted({engine.rank for engine in engines()})


@pytest.mark.slow
@pytest.mark.parametrize(("engine", "scheme", "stationary"), CASES)
def test_what_it_supports_it_computes(engine: Engine, scheme: Scheme, stationary: bool) -> None:
    for law in laws(engine, scheme, stationary):
        assert law.errors and all(math.isfinite(error) and error >= 0 for error in law.errors.values())
        assert law.numerical_error == sum(law.errors.values()) <= engine.default_rtol
        assert law.dim == scheme.dynamics.target.dim
        mean, covariance = numbers(law.mean), numbers(law.covariance)
        assert bool(torch.isfinite(mean).all()) and bool(torch.isfinite(covariance).all())
        assert covariance.ndim == 0 or torch.allclose(covariance, covariance.mT)


@pytest.mark.parametrize("engine", engines(), ids=lambda engine: engine.name)
def test_what_it_does_not_support_it_refuses_in_a_sentence(engine: Engine) -> None:
    refused = 0
    for dynamics in CHAINS.values():
        scheme = built(EulerMaruyama, dynamics, 0.1)
        assert scheme is not None
        refusal = engine.supports(Chain(scheme), True)
        if refusal is not None:
            refused += 1
            assert refusal.parameter and refusal.allowed and refusal.parameter in str(refusal.error)
            with pytest.raises(InvalidParameter):
                engine_for(Chain(scheme), True, engine.name)
    assert refused


FIRST = {engine.name: scheme for engine, scheme, stationary in reversed([case.values for case in CASES]) if not stationary and scheme.dynamics.autonomous}
"""A chain of each engine whose steps do not depend on time: that begins at 0 for every law to start from."""


@pytest.mark.slow
@pytest.mark.parametrize("engine", [engine for engine in engines() if engine.name in FIRST], ids=lambda engine: engine.name)
def test_no_step_is_the_start_and_steps_add_up(engine: Engine) -> None:
    """From a law of its own, where it takes one: two steps and one more are three."""
    scheme = FIRST[engine.name]
    two, three = laws(engine, scheme, False)
    assert transient_law(scheme, two, 0, engine=engine.name).numerical_error >= two.numerical_error
    again = transient_law(scheme, two, 1, engine=engine.name)
    assert again.errors["start"] == pytest.approx(two.numerical_error, rel=1e-12)
    off = 10 * (again.numerical_error + three.numerical_error)
    for one, other in ((again.mean, three.mean), (again.covariance, three.covariance)):
        torch.testing.assert_close(numbers(one), numbers(other), rtol=off, atol=off)


PAIRS = [
    pytest.param(kind, dynamics, id=f"{name}, {type(dynamics).__name__}")
    for name, kind in found_schemes().items()
    for dynamics in (Overdamped(TARGET), Underdamped(TARGET, 1.7))
    for scheme in [built(kind, dynamics, 0.15)]
    if scheme is not None and any(engine.supports(Chain(scheme), True) is None for engine in engines())
]


def position(law: Law) -> LineLaw | Any:
    return getattr(law, "position", law)


def numbers(value: Any) -> torch.Tensor:
    return torch.as_tensor(value, dtype=torch.float64)


@pytest.mark.slow
@pytest.mark.parametrize(("kind", "dynamics"), PAIRS)
@pytest.mark.parametrize("stationary", [True, False])
def test_engines_agree(kind: type[Scheme], dynamics: Dynamics, stationary: bool) -> None:
    """Mean and variance of the position on a Gaussian, by every engine that has them; of one coordinate of a product, too."""
    scheme = built(kind, dynamics, 0.15)
    assert scheme is not None
    product = built(kind, dynamics.on(Product([TARGET])), 0.15)
    told = []
    for chain in (scheme, product):
        for engine in engines():
            if chain is None or engine.supports(Chain(chain), stationary) is not None:
                continue
            begun = Gaussian(0.9, 0.5) if chain is scheme else Product([Gaussian(0.9, 0.5)])
            try:
                law = stationary_law(chain, engine=engine.name) if stationary else transient_law(chain, begun, 3, engine=engine.name)
            except PmmError as error:
                assert "reached" in str(error) or "affine" in str(error) or "not allowed" in str(error)
                continue
            part = position(law)
            mean, variance = (float(numbers(value).reshape(-1)[0]) for value in (part.mean, part.covariance))
            told.append((engine.name, mean, variance, 30 * law.numerical_error + 1e-12))
    assert told or kind is TamedEuler  # no step is affine that is tamed, which shows when its law is computed
    for name, mean, variance, off in told[1:]:
        assert abs(mean - told[0][1]) <= off + told[0][3], name
        assert abs(variance - told[0][2]) <= (off + told[0][3]) * max(variance, 1.0), name
    if kind not in (EulerMaruyama,) and not stationary and len(told) > 1:  # it can fail: the law of another scheme is farther away
        other = transient_law(EulerMaruyama(dynamics, 0.3), Gaussian(0.9, 0.5), 3, engine=told[0][0])
        assert abs(float(numbers(position(other).covariance).reshape(-1)[0]) - told[0][2]) > 1e-4


@pytest.mark.parametrize("engine", [engine for engine in engines() if engine.name in ("line", "phase_plane", "gaussian")], ids=lambda engine: engine.name)
def test_a_law_is_at_no_distance_from_itself(engine: Engine) -> None:
    scheme = next(case.values[1] for case in CASES if case.values[0] is engine and case.values[2])
    law = stationary_law(scheme, engine=engine.name)
    for distance in (kl,) if engine.name == "gaussian" else (kl, tv):
        found = distance(position(law), position(law))
        assert abs(found.value) <= found.error + 1e-12
