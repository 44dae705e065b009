"""What check_scheme reports: strictness, progress, a limit on time, and the order that is declared for the dynamics."""

from __future__ import annotations

import contextlib
import subprocess
import sys
import threading
import time
from collections.abc import Mapping
from typing import Any

import pytest
import torch
from torch import Tensor

from pmmtheory.dynamics import Dynamics, Overdamped, Underdamped
from pmmtheory.errors import InvalidParameter
from pmmtheory.schemes import EulerMaruyama, Scheme
from pmmtheory.testing import BrokenScheme, UncheckedScheme, check_scheme, time_limit
from pmmtheory.testing.broken import HalvedNoise, SingleMidpoint
from pmmtheory.testing.check_scheme import LAWS
from pmmtheory.testing.time_limit import TimeIsUp, limited
from tests.testing.subjects import LONG, Euler, all_but, broken, underdamped


class OnlySpace(Euler):
    def __init__(self, dynamics: Any, step_size: float):
        super().__init__(dynamics, step_size)
        if dynamics.target.dim == 1:
            raise InvalidParameter("dynamics", "dimension 1", "at least two dimensions")


class Endless(Euler):
    """A step of a point near zero never ends."""

    def step(self, x: Tensor, t: Any, draws: Any) -> tuple[Tensor, Any]:
        while bool((torch.abs(x) < 10).any()):
            time.sleep(0.01)
        return super().step(x, t, draws)


class EndlessAndDeaf(Endless):
    """It catches what stops it, once."""

    def step(self, x: Tensor, t: Any, draws: Any) -> tuple[Tensor, Any]:
        try:
            return super().step(x, t, draws)
        except BaseException:
            return super().step(x, t, draws)


class FirstOrder(Euler):
    orders: Mapping[type[Dynamics], float] = {Overdamped: 1}


class SecondOrder(Euler):
    orders: Mapping[type[Dynamics], float] = {Overdamped: 2, Underdamped: 1}


@pytest.mark.slow
def test_strictly_a_law_that_could_not_be_computed_is_a_failure() -> None:
    loose = check_scheme(OnlySpace, skip=LONG)
    assert set(loose.failures) == {"mass", "small steps"}
    with pytest.raises(UncheckedScheme, match='for the law "mass": the scheme cannot be built in dimension 1 .*small steps') as caught:
        check_scheme(OnlySpace, skip=LONG, strict=True)
    assert caught.value.law == "mass"
    assert check_scheme(OnlySpace, skip=["mass", "small steps", *LONG], strict=True)


@pytest.mark.slow
def test_strictly_what_is_not_claimed_is_no_failure() -> None:
    checked = check_scheme(SingleMidpoint, skip=["law and particles"], strict=True)
    assert set(checked.skipped) == {"law and particles", "stationary Gaussian", "weak order"}
    assert not checked.failures


def test_strictly_a_broken_law_comes_before_one_that_was_not_computed() -> None:
    class Both(OnlySpace, HalvedNoise):
        drift_calls = 1.0

        def step(self, x: Tensor, t: Any, draws: Any) -> tuple[Tensor, Any]:
            mean, factor = Euler.step(self, x, t, draws)
            return mean, factor / 2

    error = broken(Both, strict=True)
    assert error.law == "affine semigroup"
    assert not isinstance(error, UncheckedScheme)


@pytest.mark.slow
def test_the_result_says_what_was_skipped_in_a_sentence_each() -> None:
    lines = str(check_scheme(EulerMaruyama, skip=LONG)).splitlines()
    assert lines[0].startswith("EulerMaruyama: 8 laws checked (shapes, seed")
    assert lines[1:] == [
        'The law "law and particles" was not checked: left out by the caller.',
        'The law "stationary Gaussian" was not checked: no closed form of the stationary variance is given.',
        'The law "weak order" was not checked: left out by the caller.',
    ]


@pytest.mark.slow
def test_progress_is_a_line_a_law(capsys: pytest.CaptureFixture[str]) -> None:
    check_scheme(EulerMaruyama, skip=LONG)
    assert capsys.readouterr() == ("", "")
    check_scheme(EulerMaruyama, skip=LONG, progress=True)
    out, err = capsys.readouterr()
    assert out == ""
    assert [line.split(": ")[1] for line in err.splitlines()] == list(LAWS)
    with pytest.raises(BrokenScheme):
        check_scheme(HalvedNoise, progress=True)
    assert capsys.readouterr().err.splitlines()[-1].startswith("HalvedNoise: affine semigroup: broken")


@pytest.mark.slow
@pytest.mark.parametrize("scheme", [Endless, EndlessAndDeaf])
def test_a_law_that_never_ends_is_stopped_and_the_rest_is_not_run(scheme: type[Scheme]) -> None:
    begun = time.monotonic()
    skip = ["shapes", "seed", "float32 and float64", "batch equals loop"]
    checked = check_scheme(scheme, skip=skip, time_limit=0.3)
    assert time.monotonic() - begun < 5
    assert checked == ()
    assert "within the time limit" in checked.skipped["drift calls"]
    assert "not run" in checked.skipped["weak order"]
    with pytest.raises(UncheckedScheme, match="within the time limit"):
        check_scheme(scheme, skip=skip, time_limit=0.3, strict=True)


@pytest.mark.slow
def test_a_limit_that_is_not_reached_changes_nothing() -> None:
    assert check_scheme(EulerMaruyama, skip=LONG, time_limit=600) == check_scheme(EulerMaruyama, skip=LONG)


@pytest.mark.slow
def test_a_limit_holds_in_another_thread() -> None:
    seen: list[Any] = []

    def work() -> None:
        seen.append(check_scheme(Endless, skip=["shapes", "seed", "float32 and float64", "batch equals loop"], time_limit=0.2))

    worker = threading.Thread(target=work)
    worker.start()
    worker.join(10)
    assert seen and seen[0].failures


@pytest.mark.slow
def test_nothing_is_raised_after_the_body_has_ended() -> None:
    for _ in range(20):
        with contextlib.suppress(TimeIsUp):
            limited(0.001, lambda: time.sleep(0.01))
    time.sleep(0.05)


AFTER_A_LIMIT = """
import contextlib, runpy, sys, time
TimeIsUp, limited = map(runpy.run_path(sys.argv[1]).get, ("TimeIsUp", "limited"))
for seconds in (9.0, 0.001):
    with contextlib.suppress(TimeIsUp):
        limited(seconds, lambda: time.sleep(0.01))
sys.setprofile(lambda *event: None)
(lambda: None)()
sys.setprofile(None)
print("traced")
"""


@pytest.mark.slow
def test_calls_can_be_traced_after_a_limit() -> None:
    """An exception that is still to come at the end would be looked for between any two operations from then on."""
    ran = subprocess.run([sys.executable, "-c", AFTER_A_LIMIT, time_limit.__file__], capture_output=True, text=True, timeout=60)
    assert ran.stdout == "traced\n"


@pytest.mark.parametrize("limit", [0, -1.0, float("nan"), "soon"])
def test_a_wrong_limit_is_named(limit: Any) -> None:
    with pytest.raises(InvalidParameter, match="^time_limit = "):
        check_scheme(EulerMaruyama, time_limit=limit)


@pytest.mark.slow
def test_the_order_is_the_one_declared_for_the_dynamics() -> None:
    assert broken(SecondOrder, skip=all_but("weak order")).law == "weak order"
    assert check_scheme(SecondOrder, skip=all_but("weak order"), dynamics=underdamped) == ("weak order",)


def test_where_no_order_is_declared_for_the_dynamics_it_is_said() -> None:
    reason = check_scheme(FirstOrder, skip=all_but("weak order"), dynamics=underdamped, strict=True).skipped["weak order"]
    assert reason == "no order is claimed: `orders` declares none for Underdamped, but Overdamped: 1"
