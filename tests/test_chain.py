"""A chain says once what its law and its particles are of; and what engines make of where it starts."""

from __future__ import annotations

from typing import Any

import pytest
import torch

from pmmtheory.chain import Chain
from pmmtheory.dynamics import Overdamped, ReverseDiffusion, Underdamped
from pmmtheory.errors import InvalidParameter
from pmmtheory.laws import Law, stationary_law, transient_law, transient_laws
from pmmtheory.particles import simulate
from pmmtheory.schedulers import DDPM, ExactPredictor, NoiseSchedule
from pmmtheory.schemes import BAOAB, EulerMaruyama, Scheme
from pmmtheory.targets import Cosine, Gaussian, GaussianMixture, Product

LMC = EulerMaruyama(Overdamped(Gaussian()), 0.1)
MIXTURE = GaussianMixture([0.5, 0.5], [[0.0, 0.0], [1.0, 1.0]], [1.0, 1.0])
SAMPLER = DDPM(NoiseSchedule.linear(), 4, end=100).chain(ExactPredictor(Gaussian(0.3, 0.5), NoiseSchedule.linear()))
REVERSE = EulerMaruyama(ReverseDiffusion(MIXTURE, 1.0, 0.2), 0.2)


def test_the_law_and_the_particles_of_a_chain_are_those_of_its_parts() -> None:
    chain = Chain(LMC, Gaussian(2.0, 0.5), 3)
    one, other = transient_law(chain), transient_law(LMC, Gaussian(2.0, 0.5), 3)
    assert torch.equal(one.values, other.values)
    assert torch.equal(simulate(chain, 50), simulate(LMC, 50, 3, initial=Gaussian(2.0, 0.5)))
    assert stationary_law(Chain(LMC)).covariance == stationary_law(LMC).covariance
    assert transient_law(Chain(LMC), 2.0, 1).mean == transient_law(Chain(LMC, 2.0), steps=1).mean == pytest.approx(1.8)


@pytest.mark.parametrize(
    ("run", "named"),
    [
        (lambda: Chain("LMC"), "scheme"),  # type: ignore[arg-type]
        (lambda: Chain(LMC, steps=-1), "steps"),
        (lambda: Chain(LMC, steps=1.5), "steps"),  # type: ignore[arg-type]
        (lambda: Chain(REVERSE, steps=5), "steps"),  # beyond its end
        (lambda: transient_law(Chain(LMC, 2.0, 3), 1.0), "initial"),
        (lambda: transient_law(Chain(LMC, 2.0, 3), steps=4), "steps"),
        (lambda: transient_law(Chain(LMC, 2.0)), "steps"),
        (lambda: transient_law(LMC, steps=3), "initial"),
        (lambda: simulate(Chain(LMC, 2.0), 5), "steps"),
    ],
)
def test_what_is_not_said_or_said_twice_is_named(run: Any, named: str) -> None:
    with pytest.raises(InvalidParameter, match=f"^{named} = "):
        run()


@pytest.mark.parametrize(
    ("scheme", "start", "allowed"),
    [
        (LMC, "here", "a target, a law, one finite point"),
        (LMC, MIXTURE, "a target or a law on the line, or a number"),
        (BAOAB(Underdamped(Cosine(), 1.0), 0.1), 2.0, "a target on the line, or a law in the phase plane"),
        (REVERSE, Gaussian(), "a Gaussian, a mixture or a law in the plane"),
        (EulerMaruyama(Overdamped(Product([Cosine()] * 3)), 0.1), Product([Cosine()] * 2), "a Product or law of 3 coordinates"),
        (EulerMaruyama(Overdamped(Gaussian(dim=3)), 0.1), Gaussian(dim=2), "a Gaussian that is isotropic"),
    ],
)
def test_a_start_that_no_engine_takes(scheme: Scheme, start: Any, allowed: str) -> None:
    with pytest.raises(InvalidParameter, match=f"^initial = .*{allowed}"):
        transient_law(scheme, start, 2)


def test_the_engine_is_one_that_takes_the_start() -> None:
    """The line cannot go on from moments: the engine of Gaussians can, and is asked next."""
    begun = stationary_law(EulerMaruyama(Overdamped(Gaussian()), 0.5), engine="gaussian")
    later = transient_law(LMC, begun, 2)
    assert later.covariance == pytest.approx(0.9**4 * begun.covariance + 0.2 * (1 + 0.9**2), rel=1e-14)
    with pytest.raises(InvalidParameter, match="^initial = "):
        transient_law(LMC, begun, 2, engine="line")


STARTED: list[tuple[Scheme, Law]] = [
    (LMC, stationary_law(EulerMaruyama(Overdamped(Gaussian()), 0.5))),
    (LMC, stationary_law(EulerMaruyama(Overdamped(Gaussian()), 0.5), engine="gaussian")),
    (SAMPLER.scheme, transient_law(EulerMaruyama(Overdamped(Gaussian()), 0.5), 0.3, 2)),
    (SAMPLER.scheme, stationary_law(EulerMaruyama(Overdamped(Gaussian()), 0.5), engine="gaussian")),
    (BAOAB(Underdamped(Cosine(), 1.0), 0.1), stationary_law(BAOAB(Underdamped(Cosine(), 1.0), 0.2), rtol=1e-4)),
    (EulerMaruyama(Overdamped(Product([Cosine()] * 2)), 0.1), stationary_law(EulerMaruyama(Overdamped(Product([Cosine()] * 2)), 0.2))),
    (REVERSE, transient_law(REVERSE, MIXTURE, 1, rtol=1e-4)),
]


@pytest.mark.parametrize(("scheme", "start"), STARTED)
def test_what_a_start_is_off_by_is_part_of_every_later_error(scheme: Scheme, start: Law) -> None:
    assert start.numerical_error > 0
    same, *later = transient_laws(scheme, start, [0, 1, 2], rtol=1e-4)
    assert same.errors == start.errors and bool((torch.as_tensor(same.covariance) == torch.as_tensor(start.covariance)).all())
    for law in later:
        assert law.errors["start"] == pytest.approx(start.numerical_error, rel=1e-12) and law.numerical_error > start.numerical_error
