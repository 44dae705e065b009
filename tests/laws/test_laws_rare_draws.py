"""Laws of steps that do something else for a few values of a draw: rare events, narrow ones, kinks, and factors below 0."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import ndtr
from torch import Tensor

from pmmtheory.divergences import kl, tv
from pmmtheory.dynamics import Overdamped
from pmmtheory.errors import NotConverged
from pmmtheory.laws import stationary_law, transient_law
from pmmtheory.laws.step.draw_rules import jumps
from pmmtheory.schemes import Normal, Scheme, Uniform
from pmmtheory.targets import Gaussian

STEP = 0.1


class Kicked(Scheme):
    """LMC with a kick that depends on a uniform number."""

    drift_calls = 1.0

    def __init__(self, kick: Callable[[Tensor], Tensor], step: float = STEP):
        super().__init__(Overdamped(Gaussian()), step)
        self.kick, self.draws = kick, {"u": Uniform()}

    def step(self, x: Tensor, t: Any, draws: Any) -> tuple[Tensor, Any]:
        return x + self.step_size * self.dynamics.drift(x, t) + self.kick(torch.as_tensor(draws["u"])), math.sqrt(2 * self.step_size)


KICKS = {
    "rare": (lambda u: 3.0 * (u < 1e-4), 3e-4),
    "narrow": (lambda u: 3.0 * (torch.abs(u - 0.37) < 2e-4), 1.2e-3),
    "kink": (lambda u: (u - 0.63).clamp_min(0), 0.37**2 / 2),
    "two kinks": (lambda u: torch.abs(u - 0.3).clamp_max(0.5), 0.3**2 / 2 + 0.5**2 / 2 + 0.2 * 0.5),
}


@pytest.mark.parametrize("name", KICKS)
@pytest.mark.parametrize("rtol", [1e-4, 1e-7])
def test_kicks_have_their_mean(name: str, rtol: float) -> None:
    kick, mean = KICKS[name]
    found = stationary_law(Kicked(kick), rtol=rtol).moment(1)
    assert abs(found.value - mean / STEP) <= found.error
    assert found.error < 100 * rtol


def test_heat_with_a_kink_by_moments() -> None:
    class Hot(Kicked):
        def step(self, x: Tensor, t: Any, draws: Any) -> tuple[Tensor, Any]:
            return x + self.step_size * self.dynamics.drift(x, t), math.sqrt(2 * self.step_size) * (1 + self.kick(torch.as_tensor(draws["u"])))

    law = stationary_law(Hot(lambda u: 3 * (u - 0.63).clamp_min(0)), rtol=1e-3, engine="gaussian")
    variance = 2 * STEP * (1 + 3 * 0.37**2 + 3 * 0.37**3) / (1 - (1 - STEP) ** 2)
    assert abs(float(law.covariance) - variance) <= law.numerical_error * variance + 1e-9


def test_a_factor_below_zero_is_as_one_above() -> None:
    class Negative(Scheme):
        drift_calls = 1.0

        def step(self, x: Tensor, t: Any, draws: Any) -> tuple[Tensor, Any]:
            return x + self.step_size * self.dynamics.drift(x, t), -math.sqrt(2 * self.step_size)

    assert float(stationary_law(Negative(Overdamped(Gaussian()), STEP)).covariance) == pytest.approx(1 / (1 - STEP / 2), rel=1e-9)


def kicked(step: float, chance: float, size: float, steps: int) -> tuple[np.ndarray, np.ndarray]:
    """Points, and the density after so many steps from a standard normal of X' = (1 - step) X + sqrt(2 step) Z + size with a chance: the transform of

    exp(-a^2n xi^2/2) prod_k<n exp(-step a^2k xi^2) (1 - chance + chance exp(i size a^k xi)),  a = 1 - step.
    """
    n, half = 2**16, 80.0
    x, xi = (np.arange(n) - n // 2) * (2 * half / n), math.pi / half * np.fft.fftfreq(n, 1 / n)
    wave = np.exp(-(((1 - step) ** steps * xi) ** 2) / 2).astype(complex)
    for k in range(steps):
        pull = (1 - step) ** k
        wave *= np.exp(-step * (pull * xi) ** 2) * (1 - chance + chance * np.exp(-1j * size * pull * xi))
    return x, np.fft.fftshift(np.fft.ifft(wave).real).clip(0) * n / (2 * half)


@pytest.mark.parametrize(
    ("step", "chance", "size", "rtol", "steps"),
    [
        (0.05, 3.63e-6, -11.67, 1e-6, None),
        (0.1, 1e-7, 8.0, 1e-3, None),
        (0.05, 4e-7, 10.85, 1e-6, None),
        (0.8, 1e-5, 30.0, 1e-3, None),
        (0.1, 3.2e-7, 13.4, 1e-5, 2),
        (0.1, 2.8e-9, -12.5, 3e-3, 1),
        (0.05, 5.9e-8, 13.2, 1e-4, 20),
    ],
)
def test_a_rare_kick_beyond_the_ends_of_a_grid(step: float, chance: float, size: float, rtol: float, steps: int | None) -> None:
    """Mass that was kicked off a grid, or out of the window of a step, was missed by all resolutions: KL was off by 160 of its errors."""
    scheme = Kicked(lambda u: size * (u < chance).double(), step)
    law = stationary_law(scheme, rtol=rtol) if steps is None else transient_law(scheme, Gaussian(), steps, rtol=rtol)
    x, p = kicked(step, chance, size, steps or math.ceil(40 / step))
    spacing, seen, target = x[1] - x[0], p > 1e-13, np.exp(-(x**2) / 2) / math.sqrt(2 * math.pi)
    log = np.log(np.where(seen, p, 1.0)) + x**2 / 2 + math.log(2 * math.pi) / 2
    for found, right, rounding in (
        (kl(law, Gaussian()), float((np.where(seen, p * log, 0) - p + target).sum()) * spacing, 2e-11),
        (tv(law, Gaussian()), float(np.abs(p - target).sum()) * spacing / 2, 1e-6),  # the sum meets corners
        (law.moment(1), float((p * x).sum()) * spacing, 1e-12),
        (law.moment(2), float((p * x**2).sum()) * spacing, 1e-11),
    ):
        assert abs(found.value - right) <= found.error + rounding
    assert law.numerical_error <= rtol


@pytest.mark.parametrize("power", [-3, -6, -8.5, -9.4, -11])
def test_a_kick_at_the_end_of_a_uniform_draw_is_seen_as_one_at_its_start(power: float) -> None:
    """To both sides, so that the mean is kept if both are seen alike."""
    chance, size = 10**power, 19.6
    scheme = Kicked(lambda u: size * ((u < chance).double() - (u > 1 - chance).double()))
    law, variance = transient_law(scheme, Gaussian(), 2), 1.0
    for _ in range(2):
        variance = (1 - STEP) ** 2 * variance + 2 * STEP + 2 * chance * size**2
    found = law.moment(2)
    assert abs(found.value - variance) <= found.error + 2e-15 * size**2 and abs(law.moment(1).value) < law.moment(1).error + 2e-15 * size
    assert found.error < 1e-6


class Jumping(Scheme):
    """LMC that is kicked where a normal number is beyond a place on either side of zero."""

    drift_calls = 1.0

    def __init__(self, place: float, size: float):
        super().__init__(Overdamped(Gaussian()), STEP)
        self.place, self.size, self.draws = place, size, {"z": Normal()}

    def step(self, x: Tensor, t: Any, draws: Any) -> tuple[Tensor, Any]:
        beyond = math.copysign(1.0, self.place) * (torch.as_tensor(draws["z"]) - self.place) > 0
        return x + self.step_size * self.dynamics.drift(x, t) + self.size * beyond.double(), math.sqrt(2 * self.step_size)


@pytest.mark.parametrize("place", [-6.5, -4.0, -2.5, -0.7, 0.7, 2.5, 6.5])
def test_a_jump_in_a_normal_draw_is_seen_on_both_sides_of_zero(place: float) -> None:
    found, right = transient_law(Jumping(place, 3.0), Gaussian(), 1, rtol=1e-6).moment(1), 3.0 * float(ndtr(-abs(place)))
    assert abs(found.value - right) <= found.error + 1e-14 and found.error < 1e-9 and abs(found.value - right) < 0.01 * right + 1e-14


@pytest.mark.parametrize(("chance", "size", "rtol"), [(3.63e-6, -11.67, 1e-3), (4e-7, 10.85, 1e-2)])
def test_moments_of_a_rare_kick_at_a_coarse_tolerance(chance: float, size: float, rtol: float) -> None:
    """They were off by 23 and 4 of their errors; KL is refused there, as its integrand is not known to decay."""
    step = 0.05
    law, pull = stationary_law(Kicked(lambda u: size * (u < chance).double(), step), rtol=rtol), 1 - step
    mean = chance * size / step
    square = (2 * step + chance * size**2 + 2 * pull * mean * chance * size) / (1 - pull**2)
    for found, right in ((law.moment(1), mean), (law.moment(2), square)):
        assert abs(found.value - right) <= found.error


@pytest.mark.parametrize("steps", [None, 3])
def test_a_kick_off_every_grid_is_refused(steps: int | None) -> None:
    scheme = Kicked(lambda u: 1000.0 * (u < 1e-6).double())
    with pytest.raises(NotConverged, match="of whose mass a step throws 1e-06 off a grid"):
        stationary_law(scheme, rtol=1e-3) if steps is None else transient_law(scheme, Gaussian(), steps, rtol=1e-3)


@given(chance=st.floats(-9, -0.5).map(lambda power: 10**power), size=st.floats(2, 9))
def test_jumps_next_to_each_other_are_all_seen(chance: float, size: float) -> None:
    scheme = Kicked(lambda u: size * ((u < chance / 2).double() - ((u >= chance / 2) & (u < chance)).double()), 0.2)
    assert jumps(scheme, "u") == pytest.approx((chance / 2, chance), rel=1e-9)
    law = transient_law(scheme, Gaussian(), 1)
    assert abs(float(law.mean)) < 1e-9 and abs(float(law.covariance) - (1.04 + chance * size**2)) < 1e-7
