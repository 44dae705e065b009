"""Schemes that jump are recognised, and checked by particles: right ones pass, wrong ones are seen."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
import torch
from torch import Tensor

from pmmtheory.dynamics import Dynamics, Overdamped
from pmmtheory.schemes import OBABO, Draw, EulerMaruyama, Normal, PoissonMidpoint, RandomizedMidpoint, Scheme, Uniform
from pmmtheory.targets import GaussianMixture
from pmmtheory.testing import check_scheme
from pmmtheory.testing.check_scheme import JUMPING_LAWS
from pmmtheory.testing.jumps import Jumps, find_jumps
from tests.testing.jumping import MALA, AcceptsMore, Barker, BiasedMinibatch, LargeMinibatch, Minibatch, NoProposalRatio, ShortProposalRatio, SmallMinibatch
from tests.testing.subjects import Euler, broken, underdamped

TARGET = GaussianMixture(weights=[0.5, 0.5], means=[-1.5, 1.5], variances=[1.0, 1.0])


def only(*laws: str) -> list[str]:
    return [law for law in JUMPING_LAWS if law not in laws]


class Sometimes(Euler):
    """A push to one side or the other, by a number that rules split at."""

    draws: Mapping[str, Draw] = {"u": Uniform()}

    def step(self, x: Tensor, t: Any, draws: Mapping[str, Any]) -> tuple[Tensor, Any]:
        return x + self.step_size * (self.dynamics.drift(x, t) + torch.sign(draws["u"] - 0.3)), self.size()


class FarNormal(Euler):
    """The drift is left out where a normal is on the other side than the state."""

    draws: Mapping[str, Draw] = {"z": Normal()}

    def step(self, x: Tensor, t: Any, draws: Mapping[str, Any]) -> tuple[Tensor, Any]:
        return x + self.step_size * self.dynamics.drift(x, t) * (draws["z"] > torch.tanh(x)), self.size()


@pytest.mark.parametrize(
    ("scheme", "jumps"),
    [
        (EulerMaruyama, Jumps()),
        (RandomizedMidpoint, Jumps()),
        (PoissonMidpoint, Jumps()),
        (SmallMinibatch, Jumps(("i",), (), False)),
        (Sometimes, Jumps(("u",), (), False)),
        (Minibatch, Jumps(("i",), ("i",), False)),
        (FarNormal, Jumps(("z",), ("z",), False)),
        (MALA, Jumps(("z", "u"), ("z", "u"), True)),
    ],
)
def test_jumps_are_recognised(scheme: type[Scheme], jumps: Jumps) -> None:
    assert find_jumps(scheme(Overdamped(TARGET), 0.1)) == jumps


def test_no_jumps_in_normals_of_a_splitting() -> None:
    assert find_jumps(OBABO(underdamped(TARGET), 0.1)) == Jumps()


@pytest.mark.slow
def test_a_right_accept_and_reject_step_passes_every_law_strictly() -> None:
    checked = check_scheme(MALA, strict=True)
    assert {"mass", "small steps", "invariance"} <= set(checked)
    assert not checked.failures
    assert "probability 1e-09" in checked.notes["invariance"]
    assert "standard errors" in checked.notes["small steps"]


@pytest.mark.slow
@pytest.mark.parametrize("scheme", [NoProposalRatio, ShortProposalRatio, AcceptsMore])
def test_a_wrong_acceptance_is_seen_by_invariance(scheme: type[Scheme]) -> None:
    error = broken(scheme, skip=only("invariance"))
    assert error.law == "invariance"
    assert "from the target" in str(error)


@pytest.mark.slow
def test_the_first_broken_law_is_named() -> None:
    assert broken(NoProposalRatio).law == "small steps"


@pytest.mark.slow
def test_half_the_time_is_no_fault_of_invariance_but_of_small_steps() -> None:
    assert check_scheme(Barker, skip=only("invariance")) == ("invariance",)
    assert broken(Barker, skip=only("small steps")).law == "small steps"


@pytest.mark.slow
def test_exactness_is_held_against_a_scheme_that_claims_it() -> None:
    error = broken(Minibatch, order=float("inf"), skip=only("invariance"))
    assert error.law == "invariance"


def test_a_bias_is_reported_where_nothing_is_claimed() -> None:
    class Silent(Minibatch):
        orders: Mapping[type[Dynamics], float] = {}

    reason = check_scheme(Silent, skip=only("invariance", "weak order"), strict=True).skipped
    assert "may be noise" in reason["invariance"]
    assert "no order is claimed" in reason["weak order"]


@pytest.mark.slow
def test_a_stochastic_gradient_is_held_to_its_order_by_particles() -> None:
    checked = check_scheme(Minibatch, strict=True)
    assert {"small steps", "weak order"} <= set(checked)
    assert "the bias over the step there is" in checked.notes["weak order"]


@pytest.mark.slow
def test_a_stochastic_gradient_that_all_rules_know_has_an_exact_law() -> None:
    checked = check_scheme(SmallMinibatch, strict=True)
    assert {"law and particles", "weak order"} <= set(checked)
    assert not checked.notes


@pytest.mark.parametrize("order", [20, 60, 1e300])
def test_orders_that_particles_do_not_tell_are_no_fault(order: float) -> None:
    assert "do not tell orders as high as" in check_scheme(Minibatch, order=order, skip=only("weak order")).failures["weak order"]


@pytest.mark.slow
@pytest.mark.parametrize(("scheme", "order"), [(Minibatch, 2), (BiasedMinibatch, 1), (LargeMinibatch, 1)])
def test_an_order_that_is_not_there_is_seen_by_particles(scheme: type[Scheme], order: int) -> None:
    error = broken(scheme, order=order, skip=only("weak order"))
    assert error.law == "weak order"
    assert "one step from the target" in str(error)


@pytest.mark.slow
@pytest.mark.parametrize("scheme", [BiasedMinibatch, LargeMinibatch])
def test_a_wrong_limit_is_seen_by_particles(scheme: type[Scheme]) -> None:
    assert broken(scheme, skip=only("small steps")).law == "small steps"


def test_exactness_with_a_constant_drift_is_held_against_who_says_it() -> None:
    class Exact(Minibatch):
        exact_with = "constant force"

    assert "does not say so" in check_scheme(Minibatch, skip=only("affine semigroup"), strict=True).skipped["affine semigroup"]
    assert broken(Exact, skip=only("affine semigroup")).law == "affine semigroup"
