"""The declared number of drift evaluations is that of new positions: a force that the step before has found is free."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from torch import Tensor

from pmmtheory.dynamics import Dynamics
from pmmtheory.schemes import BAOAB, OBABO, PoissonMidpoint, Scheme, Splitting
from pmmtheory.targets import Target
from pmmtheory.testing import check_scheme
from tests.testing.subjects import Euler, all_but, broken, everywhere, underdamped

REST = all_but("drift calls")


class WrongCost(Euler):
    drift_calls = 2.0


class NoCost(Euler):
    drift_calls = None  # type: ignore[assignment]


class SecretCost(Euler):
    def force(self, x: Tensor, t: Any) -> Tensor:
        return (self.dynamics.drift(x, t) + self.dynamics.target.drift(self.dynamics.position(x))) / 2


class Careful(Euler):
    """The force at the start is taken, and thrown away, again at the next state's position before its noise."""

    def step(self, x: Tensor, t: Any, draws: Any) -> tuple[Tensor, Any]:
        mean, factor = super().step(x, t, draws)
        self.dynamics.drift(mean, t)
        return mean, factor


@pytest.mark.slow
@everywhere
@pytest.mark.parametrize(
    ("scheme", "words"),
    [
        (WrongCost, "the declared number of drift evaluations a step is 2, not 1"),
        (NoCost, "drift_calls is None"),
        (SecretCost, "is 1, not 2"),
        (Careful, "is 1, not 2"),
    ],
)
def test_a_wrong_cost_is_seen(scheme: type[Scheme], words: str, dynamics: Callable[[Target], Dynamics]) -> None:
    error = broken(scheme, dynamics=dynamics)
    assert error.law == "drift calls"
    assert words in str(error)


class Twice(BAOAB):
    """Both forces of a step are counted."""

    drift_calls = 2.0


class TwoKicks(Splitting):
    """Two new positions a step, declared as one."""

    parts = (("A", 0.25), ("B", 0.5), ("A", 0.5), ("B", 0.5), ("A", 0.25), ("O", 1.0))


class NoisyEnd(Splitting):
    """The force at the end of the step is not that at the start of the next: noise moves the position in between."""

    parts = (("B", 0.5), ("A", 1.0), ("B", 0.5), ("U", 1.0))


@pytest.mark.slow
@pytest.mark.parametrize(("scheme", "seen"), [(Twice, "is 2, not 1"), (TwoKicks, "is 1, not 2"), (NoisyEnd, "is 1, not 2")])
def test_forces_carry_over_where_positions_do(scheme: type[Splitting], seen: str) -> None:
    error = broken(scheme, dynamics=underdamped)
    assert error.law == "drift calls"
    assert seen in str(error)


@pytest.mark.slow
@pytest.mark.parametrize("scheme", [BAOAB, OBABO])
def test_a_carried_force_is_free(scheme: type[Splitting]) -> None:
    assert "drift calls" in check_scheme(scheme, dynamics=underdamped, skip=REST)


class OneTooMany(PoissonMidpoint):
    """2 calls a step at every K."""

    drift_calls = 2.0


@pytest.mark.slow
@everywhere
def test_a_share_of_a_call_is_seen(dynamics: Callable[[Target], Dynamics]) -> None:
    assert "drift calls" in check_scheme(PoissonMidpoint, dynamics=dynamics, substeps=10, skip=REST)
    assert broken(OneTooMany, dynamics=dynamics, substeps=10, skip=REST).law == "drift calls"
