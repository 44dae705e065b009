"""Long steps of underdamped splittings: what is said of their laws holds where series in modes, frequencies and kicks converge slowly."""

from __future__ import annotations

import pytest
import torch

from pmmtheory.divergences import tv
from pmmtheory.dynamics import Underdamped
from pmmtheory.errors import NotConverged
from pmmtheory.laws import PlaneLaw, stationary_law
from pmmtheory.schemes import ABOBA, BAOAB, OBABO, UBU, Scheme
from pmmtheory.targets import Cosine, Gaussian, GaussianMixture, LogCosh, Potential
from pmmtheory.targets.line import LineTarget
from tests.oracles.splittings import OnGrid, stationary

STEEP = Cosine(1.0, 2.0, 0.7)
TWO = GaussianMixture([0.9, 0.1], [0.0, 2.0], [1.0, 0.8])
WELLS = Potential(lambda x: x * x / 2 - 2 * torch.log1p(x * x))
CASES: list[tuple[LineTarget, type[Scheme], float, float, float]] = [
    (STEEP, ABOBA, 10.0, 0.584, 0.1),
    (STEEP, ABOBA, 10.0, 0.584, 0.006),
    (STEEP, OBABO, 1.0, 0.2, 1e-3),
    (TWO, BAOAB, 10.0, 0.45, 1e-2),
    (TWO, OBABO, 10.0, 0.45, 1e-2),
    (WELLS, ABOBA, 5.0, 0.282, 1e-2),
]


def apart(law: PlaneLaw, own: OnGrid) -> float:
    """The total variation to the law by another route."""
    u, v = torch.meshgrid(own.u, own.v, indexing="ij")
    return float((law.density(torch.stack([u, v], -1)) - own.p).abs().sum()) * own.cell / 2


@pytest.mark.slow
@pytest.mark.parametrize(("target", "scheme", "friction", "step", "rtol"), CASES)
def test_a_splitting_by_another_route(target: LineTarget, scheme: type[Scheme], friction: float, step: float, rtol: float) -> None:
    law = stationary_law(scheme(Underdamped(target, friction), step), rtol=rtol)
    rough, own = (stationary(target, friction, scheme.__name__, step, n, m) for n, m in ((160, 96), (200, 120)))
    assert apart(law, rough) <= law.numerical_error
    for power in (1, 2, 4):
        unsure = abs(own.moment(0, power) - rough.moment(0, power))
        assert abs(law.velocity.moment(power).value - own.moment(0, power)) <= law.velocity.moment(power).error + 3 * unsure + 1e-12
    found = tv(law.velocity, Gaussian())
    assert abs(found.value - own.velocity_tv) <= found.error + 3 * abs(own.velocity_tv - rough.velocity_tv) + 1e-7


def test_two_resolutions_alone_do_not_tell() -> None:
    """Where terms in the kicks fall slowly the finer law is off by more than the change from the coarser one."""
    law = stationary_law(ABOBA(Underdamped(STEEP, 10.0), 0.584), rtol=0.006)
    assert law.errors["resolution"] < apart(law, stationary(STEEP, 10.0, "ABOBA", 0.584)) < law.errors["resolution"] + law.errors["series"]


@pytest.mark.slow
def test_tails_that_take_many_positions() -> None:
    """Grids begin a level coarser where the usual two would have too many unknowns; a finer one than can be had is refused with what was reached."""
    target = LogCosh(1.0)
    scheme = BAOAB(Underdamped(target, 3.0), 0.25)
    law, own = stationary_law(scheme, rtol=1e-3), stationary(target, 3.0, "BAOAB", 0.25, 640, 80)
    assert law.modes.shape[1] == 11
    assert apart(law, own) <= law.numerical_error < 1e-4
    with pytest.raises(NotConverged, match=r"positions times 15 modes of the velocity, reached a numerical error of \d"):
        stationary_law(scheme, rtol=1e-12)


@pytest.mark.parametrize(("scheme", "friction", "step"), [(OBABO, 10.0, 0.4), (UBU, 10.0, 0.4), (UBU, 6.0, 0.36), (UBU, 10.0, 0.48)])
def test_the_mean_velocity_of_an_even_target(scheme: type[Scheme], friction: float, step: float) -> None:
    """It is 0. What both resolutions leave of the law at the ends of the positions makes another one of it, by far more than they differ."""
    law = stationary_law(scheme(Underdamped(WELLS, friction), step), rtol=0.1)
    found = law.velocity.moment(1)
    assert abs(found.value) <= found.error
    assert found.parts["resolution"] < abs(found.value) <= 9 * law.velocity.errors["positions"]


def test_modes_that_grow_are_no_series() -> None:
    """Of a long step on two modes further ones of the velocity are larger and larger: the error says so."""
    law = stationary_law(UBU(Underdamped(TWO, 2.0), 0.52), rtol=0.1)
    assert law.coarse is not None
    last, before = (float((one.modes[:, -4:].abs().sum(0) * one.spacing).max()) for one in (law, law.coarse))
    assert last > before
    assert law.errors["series"] >= 10 * last
