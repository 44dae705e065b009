"""Rare events in the draws of a step at a later time, in the plane, and in the phase plane."""

from __future__ import annotations

import math

import pytest
import torch

from pmmtheory.divergences import chi2, kl
from pmmtheory.dynamics import ReverseDiffusion, Underdamped
from pmmtheory.errors import InvalidParameter, NotConverged
from pmmtheory.laws import stationary_law, transient_law
from pmmtheory.schemes import Scheme, Uniform
from pmmtheory.targets import Gaussian, GaussianMixture


class Late(Scheme):
    """Euler-Maruyama that is kicked, by `size` with a small chance, after its first step only."""

    drift_calls = 1

    def __init__(self, dynamics, step_size, chance, size):  # type: ignore[no-untyped-def]
        super().__init__(dynamics, step_size)
        self.chance, self.size, self.draws = chance, size, {"u": Uniform()}

    def step(self, x, t, draws):  # type: ignore[no-untyped-def]
        system, a = self.dynamics, self.step_size
        kick = self.size * (draws["u"] < self.chance * (t > a / 2)).double()
        return x + a * system.drift(x, t) + kick, system.noise(a, t)


@pytest.mark.parametrize(("n", "chance", "size"), [(2, 2.6e-5, 28.4), (3, 1e-3, -17.0), (3, 1e-7, 12.0)])
def test_a_kick_at_a_later_time_is_seen(n: int, chance: float, size: float) -> None:
    dynamics = ReverseDiffusion(Gaussian(1.0, 0.5), 2.0, 0.3)
    scheme, start = Late(dynamics, dynamics.duration / n, chance, size), Gaussian(0.5, 1.2)
    law = transient_law(scheme, start, n, rtol=1e-6)
    mean, square = 0.5, 1.2 + 0.25
    for k in range(n):
        ends = [float(scheme.step(torch.tensor(x, dtype=torch.float64), k * scheme.step_size, {"u": torch.tensor(1.0)})[0]) for x in (0.0, 1.0)]
        shift, slope, likely = ends[0], ends[1] - ends[0], chance * (k > 0)
        noise = float(dynamics.noise(scheme.step_size, k * scheme.step_size)) ** 2
        moved = slope * mean + shift
        square = slope**2 * square + 2 * slope * shift * mean + shift**2 + noise + likely * (2 * size * moved + size**2)
        mean = moved + likely * size
    for order, right in ((1, mean), (2, square)):
        found = law.moment(order)
        assert abs(found.value - right) <= found.error + 1e-12 * abs(right) and found.error < 1e-5 * square


@pytest.mark.parametrize(
    ("chance", "size", "variance", "stop", "n", "rtol"),
    [
        (3.3e-9, -28.0, 0.25, 0.5, 3, 1e-2),
        (3.3e-9, -28.0, 0.25, 0.5, 3, 1e-4),
        (1.1e-8, -32.6, 2.0, 0.5, 2, 1e-2),
        (1.1e-8, -32.6, 2.0, 0.5, 3, 1e-2),
        (3.8e-9, 32.2, 0.25, 0.02, 2, 1e-3),
        (5.8e-9, -26.5, 1.0, 0.02, 2, 1e-3),
        (1.1e-9, 35.4, 1.0, 0.3, 3, 1e-4),
    ],
)
def test_a_kick_too_rare_for_a_moving_grid_is_in_the_error_of_kl(chance: float, size: float, variance: float, stop: float, n: int, rtol: float) -> None:
    """KL of a sum of Gaussians, one for each set of steps that are kicked, against a quadrature."""
    dynamics = ReverseDiffusion(Gaussian(1.0, variance), 2.0, stop)
    scheme, start, end = Late(dynamics, dynamics.duration / n, chance, size), dynamics.marginal(2.0), dynamics.marginal(stop)
    parts = [(1.0, float(start.mean), float(start.covariance))]
    for k in range(n):
        t, likely = k * scheme.step_size, chance * (k > 0)
        low, high = (float(scheme.step(torch.tensor(x, dtype=torch.float64), t, {"u": torch.tensor(1.0)})[0]) for x in (0.0, 1.0))
        slope, noise = high - low, float(dynamics.noise(scheme.step_size, t)) ** 2
        parts = [(w * c, slope * m + low + kick, slope**2 * v + noise) for w, m, v in parts for c, kick in ((1 - likely, 0.0), (likely, size)) if c]
    x = torch.linspace(-60, 60, 400_001, dtype=torch.float64)
    log_p = torch.stack([math.log(w) - (x - m) ** 2 / 2 / v - math.log(2 * math.pi * v) / 2 for w, m, v in parts]).logsumexp(0)
    true = float((torch.exp(log_p) * (log_p - end.log_density(x))).sum() * (x[1] - x[0]))
    found = kl(transient_law(scheme, start, n, rtol=rtol), end)
    assert abs(found.value - true) <= found.error + 1e-9 and found.error < 1e-4


class Heated(Late):
    """It is kicked at its first step too, to where its noise is `heat` times as large."""

    heat = 8.0

    def step(self, x, t, draws):  # type: ignore[no-untyped-def]
        system, a = self.dynamics, self.step_size
        hit = (draws["u"] < self.chance).double()
        moved = system.transport(a, x, t) + system.respond(a, system.drift(x, t), t)
        return moved + self.size * hit, system.noise(a, t) * (1 + (self.heat - 1) * hit)


@pytest.mark.parametrize("rtol", [1e-2, 1e-3, 1e-4])
def test_a_wide_kick_to_where_the_reference_is_no_number_is_in_the_error_of_kl(rtol: float) -> None:
    """Where its density is exp(-2700), mass counts 2700, not the 700 of the least number."""
    dynamics, chance, size = ReverseDiffusion(Gaussian(0.0, 0.25), 2.0, 0.3, "exponential"), 1.5988e-7, 12.108
    scheme, start, end = Heated(dynamics, dynamics.duration, chance, size), dynamics.marginal(2.0), dynamics.marginal(0.3)
    cold, hot = {"u": torch.tensor(1.0)}, {"u": torch.tensor(0.0)}
    (low, noise), (_, heat), (high, _) = (scheme.step(torch.tensor(x, dtype=torch.float64), 0.0, draws) for x, draws in ((0.0, cold), (0.0, hot), (1.0, cold)))
    slope, x = float(high - low), torch.linspace(-600, 600, 400_001, dtype=torch.float64)
    laws = [(1 - chance, 0.0, float(noise)), (chance, size, float(heat))]
    parts = [(w, slope * float(start.mean) + float(low) + kick, slope**2 * float(start.covariance) + s**2) for w, kick, s in laws]
    log_p = torch.stack([math.log(w) - (x - m) ** 2 / 2 / v - math.log(2 * math.pi * v) / 2 for w, m, v in parts]).logsumexp(0)
    true = float((torch.exp(log_p) * (log_p - end.log_density(x))).sum() * (x[1] - x[0]))
    found = kl(transient_law(scheme, start, 1, rtol=rtol), end)
    assert abs(found.value - true) <= found.error + 1e-9 and found.error < 1e-3


@pytest.mark.parametrize(("size", "variance", "n", "rtol"), [(-28.0, 0.25, 3, 1e-6), (-28.0, 0.25, 3, 1e-4), (-32.6, 2.0, 2, 1e-3)])
def test_chi2_of_a_kick_that_is_seen_is_refused(size: float, variance: float, n: int, rtol: float) -> None:
    """It is above 1e300, and without the kick below 1."""
    dynamics = ReverseDiffusion(Gaussian(1.0, variance), 2.0, 0.5)
    law = transient_law(Late(dynamics, dynamics.duration / n, 3.3e-9, size), dynamics.marginal(2.0), n, rtol=rtol)
    with pytest.raises(InvalidParameter, match="tails are not known well enough|tails that seem too heavy"):
        chi2(law, dynamics.marginal(0.5))


@pytest.mark.parametrize(
    ("chance", "size", "variance", "stop", "n", "rtol"),
    [(1.1e-9, -8.6, 1.0, 0.3, 2, 1e-2), (6.7e-11, 26.0, 0.25, 0.5, 3, 1e-2), (3.5e-8, 17.7, 1.0, 0.5, 3, 1e-3), (4.0e-8, 8.8, 2.0, 0.3, 3, 1e-3)],
)
def test_chi2_of_a_kick_that_a_moving_grid_cuts_off_is_refused(chance: float, size: float, variance: float, stop: float, n: int, rtol: float) -> None:
    """The mass apart from the rest that a step makes is told before the grid cuts it off; chi2 without it was up to 1e100 too small."""
    dynamics = ReverseDiffusion(Gaussian(1.0, variance), 2.0, stop)
    scheme = Heated(dynamics, dynamics.duration / n, chance, size)
    scheme.heat = 1.0
    law = transient_law(scheme, dynamics.marginal(2.0), n, rtol=rtol)
    with pytest.raises(InvalidParameter, match="tails are not known well enough|tails that seem too heavy"):
        chi2(law, dynamics.marginal(stop))
    calm = transient_law(Heated(dynamics, dynamics.duration / n, 0.0, size), dynamics.marginal(2.0), n, rtol=rtol / 10)
    told = chi2(calm, dynamics.marginal(stop))
    assert told.error < 0.5 * told.value


def test_a_kick_at_a_later_time_is_seen_in_the_plane() -> None:
    """The mean of a Gaussian: each coordinate by itself."""
    plane = ReverseDiffusion(GaussianMixture([1.0], [[0.0, 0.0]], [1.0]), 2.0, 0.3)
    line = ReverseDiffusion(Gaussian(), 2.0, 0.3)
    laws = [transient_law(Late(dynamics, dynamics.duration / 2, 1e-4, 8.0), dynamics.marginal(2.0), 2) for dynamics in (plane, line)]
    assert abs(float(laws[0].mean[0]) - float(laws[1].mean)) < 1e-9 and float(laws[1].mean) > 7e-4


class Either(Scheme):
    """The exponential integrator, kicked in position and velocity one way or the other with a small chance."""

    drift_calls = 1

    def __init__(self, dynamics, step_size, chance, kick):  # type: ignore[no-untyped-def]
        super().__init__(dynamics, step_size)
        self.chance, self.kick, self.draws = chance, torch.tensor(kick, dtype=torch.float64), {"u": Uniform()}

    def step(self, x, t, draws):  # type: ignore[no-untyped-def]
        system, a, u = self.dynamics, self.step_size, torch.as_tensor(draws["u"])
        u = u if u.ndim and u.shape[-1] == 1 else u[..., None]
        side = (u < self.chance / 2).double() - (u > 1 - self.chance / 2).double()
        return system.transport(a, x, t) + system.respond(a, system.drift(x, t), t) + self.kick * side, system.noise(a, t)


@pytest.mark.parametrize("steps", [1, None])
def test_far_kicks_to_both_sides_do_not_come_in_again_in_the_phase_plane(steps: int | None) -> None:
    scheme = Either(Underdamped(Gaussian(), 1.0), 0.1, 8.1e-5, (27.9, 0.0))
    with pytest.raises(NotConverged, match="beyond the positions near its target"):
        stationary_law(scheme) if steps is None else transient_law(scheme, Gaussian(0.5, 0.7), steps)


@pytest.mark.parametrize(("chance", "kick"), [(8.1e-5, 32.0), (1e-5, 3.0), (1e-2, 2.0)])
@pytest.mark.parametrize("steps", [1, 3, None])
def test_kicks_of_the_velocity_to_both_sides_are_told_where_their_series_grows(chance: float, kick: float, steps: int | None) -> None:
    """Odd moments of such kicks are 0: two levels that differ by one of those agree on a law that is false."""
    scheme = Either(Underdamped(Gaussian(), 1.0), 0.1, chance, (0.0, kick))
    with pytest.raises(NotConverged, match="reached a numerical error|is out of reach"):
        stationary_law(scheme) if steps is None else transient_law(scheme, Gaussian(0.5, 0.7), steps)


def test_a_small_kick_to_both_sides_has_a_law_in_the_phase_plane() -> None:
    scheme = Either(Underdamped(Gaussian(), 1.0), 0.1, 1e-3, (0.3, 0.2))
    law = transient_law(scheme, Gaussian(0.5, 0.7), 1)
    still = transient_law(Either(Underdamped(Gaussian(), 1.0), 0.1, 0.0, (0.0, 0.0)), Gaussian(0.5, 0.7), 1)
    for orders, more in (((2, 0), 0.09), ((1, 1), 0.06), ((0, 2), 0.04)):
        both = law.moment(*orders), still.moment(*orders)
        assert abs(both[0].value - both[1].value - 1e-3 * more) <= both[0].error + both[1].error < 1e-6
