"""The strategies draw what they promise, cover every scheme, and shrink to the plainest value."""

from __future__ import annotations

import math
import os
import subprocess
import sys
from collections.abc import Callable

import pytest
import torch
from hypothesis import HealthCheck, Phase, find, given, settings
from hypothesis import strategies as st
from hypothesis.errors import NoSuchExample
from hypothesis.strategies import SearchStrategy

from pmmtheory.dynamics import Dynamics, Overdamped, Underdamped
from pmmtheory.errors import InvalidParameter
from pmmtheory.particles import simulate
from pmmtheory.schemes import BAOAB, EulerMaruyama, PoissonMidpoint, RandomizedMidpoint, Scheme, Splitting
from pmmtheory.targets import Cosine, DoubleWell, Gaussian, GaussianMixture, LogCosh, Target
from pmmtheory.testing import strategies
from pmmtheory.testing.strategies import scheme_classes, schemes, step_sizes, substeps, targets

quick = settings(max_examples=25, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])


@st.composite
def _placed_schemes(draw: st.DrawFn, dim: int, dynamics: Callable[[Target], Dynamics] = Overdamped) -> Scheme:
    return draw(schemes(draw(targets(dim)), dynamics))


def _underdamped(target: Target) -> Underdamped:
    return Underdamped(target, friction=2.0)


def _drawn(strategy: SearchStrategy, condition: object) -> object:
    """One that is drawn, as it is."""
    return find(strategy, condition, settings=settings(max_examples=300, derandomize=True, database=None, phases=[Phase.generate]))


def _plainest(strategy: SearchStrategy, condition: object) -> object:
    return find(strategy, condition, settings=settings(max_examples=300, derandomize=True, database=None))


@pytest.mark.slow
@quick
@given(st.integers(1, 4).flatmap(targets))
def test_a_target_has_a_finite_drift_and_smoothness(target: Target) -> None:
    x = target.sample(5, seed=3)
    drift = target.drift(x)
    assert drift.shape == x.shape
    assert bool(torch.isfinite(drift).all())
    assert 0 < float(target.smoothness) < math.inf


@quick
@given(st.data())
def test_a_step_is_between_a_hundredth_and_15_hundredths_of_one_over_smoothness(data: st.DataObject) -> None:
    target = data.draw(targets())
    scaled = data.draw(step_sizes(target)) * float(target.smoothness)
    slack = 8 * torch.finfo(torch.float64).eps
    assert 0.01 * (1 - slack) <= scaled <= 0.15 * (1 + slack)


@quick
@given(substeps())
def test_substeps_are_1_to_40_or_infinite(k: float) -> None:
    assert k == math.inf or (isinstance(k, int) and 1 <= k <= 40)


@pytest.mark.slow
@quick
@given(st.integers(1, 3).flatmap(_placed_schemes))
def test_a_drawn_scheme_can_be_stepped(scheme: Scheme) -> None:
    x = simulate(scheme, particles=4, steps=2, seed=1)
    assert bool(torch.isfinite(x).all())


@pytest.mark.slow
@quick
@given(st.integers(1, 3).flatmap(lambda dim: _placed_schemes(dim, _underdamped)))
def test_a_drawn_underdamped_scheme_can_be_stepped(scheme: Scheme) -> None:
    x = simulate(scheme, particles=4, steps=2, seed=1)
    assert x.shape == (4, *scheme.dynamics.state_shape)
    assert bool(torch.isfinite(x).all())


@pytest.mark.slow
@pytest.mark.parametrize("dynamics", [Overdamped, _underdamped])
def test_splittings_are_drawn_underdamped_only(dynamics: Callable[[Target], Dynamics]) -> None:
    def splits(scheme: Scheme) -> bool:
        return isinstance(scheme, Splitting)

    if dynamics is Overdamped:
        with pytest.raises(NoSuchExample):
            _drawn(schemes(Gaussian(), dynamics), splits)
    else:
        assert splits(_drawn(schemes(Gaussian(), dynamics), splits))  # type: ignore[arg-type]


@pytest.mark.slow
@pytest.mark.parametrize("kind", [Gaussian, GaussianMixture, Cosine, LogCosh])
def test_every_kind_of_target_is_drawn(kind: type[Target]) -> None:
    assert isinstance(_drawn(targets(), lambda target: isinstance(target, kind)), kind)


@pytest.mark.slow
@pytest.mark.parametrize("cls", scheme_classes())
def test_every_scheme_of_the_package_is_drawn(cls: type[Scheme]) -> None:
    """Over the dynamics that it takes, underdamped where it takes both."""
    assert type(_drawn(schemes(Gaussian(), _underdamped) | schemes(Gaussian()), lambda scheme: type(scheme) is cls)) is cls


def test_the_schemes_are_found_in_their_folder() -> None:
    assert {BAOAB, EulerMaruyama, PoissonMidpoint, RandomizedMidpoint} <= set(scheme_classes())
    assert not {Scheme, Splitting} & set(scheme_classes())


@pytest.mark.slow
def test_a_new_scheme_file_is_found_without_an_edit(tmp_path: object, monkeypatch: pytest.MonkeyPatch) -> None:
    import pmmtheory.schemes

    (tmp_path / "twice_as_new.py").write_text(  # type: ignore[operator]
        "from pmmtheory.schemes.euler_maruyama import EulerMaruyama\n"
        "class TwiceAsNew(EulerMaruyama):\n"
        "    def __init__(self, dynamics, step_size, substeps, flavour):\n"
        "        super().__init__(dynamics, step_size)\n"
        "        self.flavour = flavour\n"
    )
    monkeypatch.setattr(pmmtheory.schemes, "__path__", [*pmmtheory.schemes.__path__, str(tmp_path)])
    with pytest.raises(InvalidParameter, match="TwiceAsNew.*flavour=|flavour.*TwiceAsNew"):
        schemes(Gaussian())
    found = _drawn(schemes(Gaussian(), flavour=st.just("sour")), lambda scheme: type(scheme).__name__ == "TwiceAsNew")
    assert found.flavour == "sour"  # type: ignore[attr-defined]
    monkeypatch.delitem(sys.modules, "pmmtheory.schemes.twice_as_new")


@pytest.mark.slow
@pytest.mark.parametrize("midpoints", ["bernoulli", "single"])
@pytest.mark.parametrize("finite", [True, False])
def test_both_kinds_of_midpoints_come_with_finite_and_infinite_substeps(midpoints: str, finite: bool) -> None:
    def wanted(scheme: Scheme) -> bool:
        return isinstance(scheme, PoissonMidpoint) and scheme.midpoints.kind == midpoints and (scheme.substeps < math.inf) == finite

    assert wanted(_drawn(schemes(Gaussian()), wanted))  # type: ignore[arg-type]


@pytest.mark.slow
def test_a_scheme_that_refuses_the_dynamics_is_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    class Picky(EulerMaruyama):
        def __init__(self, dynamics: object, step_size: float):
            raise InvalidParameter("dynamics", dynamics, "another")

    monkeypatch.setattr(strategies, "scheme_classes", lambda: [Picky, EulerMaruyama])
    with pytest.raises(NoSuchExample):
        _drawn(schemes(Gaussian()), lambda scheme: not isinstance(scheme, EulerMaruyama) or isinstance(scheme, Picky))


@pytest.mark.slow
def test_targets_shrink_to_a_plain_gaussian() -> None:
    target = _plainest(targets(), lambda _: True)
    assert isinstance(target, Gaussian)
    assert (target.mean, target.covariance) == (0.0, 1.0)


@pytest.mark.slow
def test_steps_shrink_to_the_largest() -> None:
    assert _plainest(step_sizes(Gaussian()), lambda _: True) == pytest.approx(0.15, rel=1e-15)


@pytest.mark.slow
def test_schemes_shrink_to_the_first_by_name_and_to_one_substep() -> None:
    assert type(_plainest(schemes(Gaussian(), _underdamped), lambda _: True)) is scheme_classes()[0]
    assert _plainest(schemes(Gaussian()), lambda scheme: hasattr(scheme, "substeps")).substeps == 1  # type: ignore[attr-defined]


def test_a_target_without_smoothness_has_no_step_sizes() -> None:
    with pytest.raises(InvalidParameter, match="DoubleWell"):
        step_sizes(DoubleWell())


@pytest.mark.slow
def test_hypothesis_is_imported_by_the_strategies_only_and_scikit_learn_for_none_of_its_files() -> None:
    code = """
import sys, pmmtheory.testing, pmmtheory.testing.broken, pmmtheory.testing.check_scheme
from pmmtheory.images import load_images
load_images("digits")
print(not {"hypothesis", "sklearn"} & set(sys.modules))
"""
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    assert subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True).stdout == "True\n"
