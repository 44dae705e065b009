"""Laws of increasing functions on the line, and of deterministic chains: against closed forms, and quantile by quantile."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import norm

from pmmtheory.divergences import tv, w2
from pmmtheory.errors import InvalidParameter, NotMonotone, PmmError
from pmmtheory.laws import LineLaw, transient_law, transient_laws
from pmmtheory.laws.inhomogeneous.pushforward import IncreasingMap, pushed
from pmmtheory.laws.line.start import start_on_line
from pmmtheory.schedulers import DDIM, ExactPredictor, NoiseSchedule
from pmmtheory.schemes import Scheme
from pmmtheory.targets import Gaussian, GaussianMixture

Map = Callable[[torch.Tensor], torch.Tensor]
WEIGHTS, MEANS, VARIANCES = np.array([0.4, 0.6]), np.array([-1.5, 1.0]), np.array([0.1, 0.3])
DATA = GaussianMixture(WEIGHTS, MEANS, VARIANCES)
SCHEDULE = NoiseSchedule.linear()
STEPS = 20

MAPS: dict[str, tuple[Map, Map]] = {
    "sinh": (torch.sinh, torch.cosh),
    "wave": (lambda x: x + torch.sin(x) / 2, lambda x: 1 + torch.cos(x) / 2),
    "cube": (lambda x: x + x**3 / 3, lambda x: 1 + x**2),
    "steep": (lambda x: x + torch.tanh(200 * (x - 0.3)), lambda x: 1 + 200 / torch.cosh((200 * (x - 0.3)).clamp(-300, 300)) ** 2),
    "flat": (lambda x: x - 0.999 * torch.tanh(x), lambda x: 1 - 0.999 / torch.cosh(x) ** 2),
}


def law_of(source: Gaussian | GaussianMixture | LineLaw, move: Map, spacing: float, reference: Map) -> LineLaw:
    grid, density, _ = pushed(start_on_line(source), IncreasingMap(move, "a map"), spacing)
    return LineLaw(grid, density, reference)


def inverse(move: Map, y: torch.Tensor) -> torch.Tensor:
    """By bisection."""
    low, high = torch.full_like(y, -30.0), torch.full_like(y, 30.0)
    for _ in range(110):
        middle = (low + high) / 2
        below = move(middle) < y
        low, high = torch.where(below, middle, low), torch.where(below, high, middle)
    return (low + high) / 2


@pytest.mark.parametrize("name", MAPS)
@pytest.mark.parametrize("doubt", [1e-12, 1e-8, 1e-4])
def test_slopes_are_within_their_doubt(name: str, doubt: float) -> None:
    """From tables fine and coarse, of points that are not equally far from each other."""
    move, slope = MAPS[name]
    for count in (60, 400):
        x = torch.linspace(-3, 3, count, dtype=torch.float64) + 0.3 / count * torch.sin(torch.arange(count, dtype=torch.float64))
        flow = IncreasingMap(move, "a map")
        table = flow.known(x)
        goal = torch.linspace(float(table[1][1]), float(table[1][-2]), 301, dtype=torch.float64)
        at, found, off = flow.inverse(goal, *table, doubt)
        assert bool((off <= doubt).all())
        assert bool((torch.abs(move(at) - goal) <= slope(at) * 1e-12 + 1e-14 * goal.abs().max()).all())
        assert bool((torch.abs(found / slope(at) - 1) <= off + 1e-9 * doubt + 1e-12).all())


@pytest.mark.slow
@given(mean=st.floats(-2, 2), variance=st.floats(0.1, 3), slope=st.floats(0.05, 20), shift=st.floats(-5, 5))
def test_affine_maps(mean: float, variance: float, slope: float, shift: float) -> None:
    source, image = Gaussian(mean, variance), Gaussian(slope * mean + shift, slope**2 * variance)
    spacing = 0.2 * slope * math.sqrt(variance)
    grid, density, _ = pushed(start_on_line(source), IncreasingMap(lambda x: slope * x + shift, "a map"), spacing, least=40)
    assert float(grid[1] - grid[0]) == pytest.approx(spacing, rel=0.05)
    assert torch.allclose(density, image.density(grid), rtol=1e-9, atol=1e-13 / slope)
    law = law_of(source, lambda x: slope * x + shift, spacing, image.density)
    assert law.mean == pytest.approx(image.mean, abs=1e-10 * slope + 1e-12)
    assert law.covariance == pytest.approx(image.covariance, rel=1e-10)


def test_affine_maps_have_the_wasserstein_distance_of_gaussians() -> None:
    """sqrt((difference of means)^2 + (difference of deviations)^2)."""
    law = law_of(Gaussian(0.5, 0.8), lambda x: 1.7 * x - 0.4, 0.1, Gaussian(0.45, 2.312).density)
    law.resolved_by(law_of(Gaussian(0.5, 0.8), lambda x: 1.7 * x - 0.4, 0.13, Gaussian(0.45, 2.312).density))
    distance = w2(law, Gaussian(0.5, 0.8))
    assert float(distance) == pytest.approx(math.hypot(1.7 * 0.5 - 0.4 - 0.5, 0.7 * math.sqrt(0.8)), abs=1e-9 + 4 * distance.error)


@pytest.mark.parametrize("name", MAPS)
def test_smooth_maps(name: str) -> None:
    """p(x)/move'(x) at every point of the grid, x by bisection."""
    move, derivative = MAPS[name]
    source = Gaussian(0.2, 0.7)
    grid, density, _ = pushed(start_on_line(source), IncreasingMap(move, "a map"), 0.05)
    x = inverse(move, grid)
    exact = source.density(x) / derivative(x)
    assert bool((density >= 0).all())
    assert torch.allclose(density, exact, rtol=1e-7, atol=1e-12 * float(exact.max()))


@pytest.mark.slow
@pytest.mark.parametrize("name", ["sinh", "wave", "cube"])
def test_smooth_maps_move_by_the_wasserstein_distance(name: str) -> None:
    """An increasing map is the optimal transport: W2^2 = E (move(X) - X)^2; and masses and distribution functions agree."""
    move, _ = MAPS[name]
    source = Gaussian(0.1, 0.4)
    law, coarse = (law_of(source, move, spacing, lambda x: torch.exp(-torch.sqrt(1 + x * x) / 3)) for spacing in (0.02, 0.025))
    law.resolved_by(coarse)
    x = torch.linspace(-7, 7, 20001, dtype=torch.float64)
    exact = math.sqrt(float((source.density(x) * (move(x) - x) ** 2).sum()) * float(x[1] - x[0]))
    distance = w2(law, source)
    assert float(distance) == pytest.approx(exact, abs=1e-6 + 4 * distance.error)
    places = torch.linspace(-1.5, 1.5, 13, dtype=torch.float64)
    assert torch.allclose(law.cdf(move(places)), source.cdf(places), atol=1e-8)


@pytest.mark.slow
@given(steepness=st.floats(1, 3000), where=st.floats(-1, 1))
def test_steep_maps_keep_the_mass(steepness: float, where: float) -> None:
    """Two parts of a law that a steep map tears apart, with a gap between them that holds little."""
    grid, density, _ = pushed(start_on_line(Gaussian()), IncreasingMap(lambda x: x + torch.tanh(steepness * (x - where)), "a map"), 0.01)
    assert bool(torch.isfinite(density).all()) and bool((density >= 0).all())
    mass = float(density.sum() * (grid[1] - grid[0]))
    assert mass == pytest.approx(1, abs=5e-3)  # the density jumps: its sum has an error of about a spacing
    for x in (where - 2.0, where + 2.0):
        end = x + math.tanh(steepness * (x - where))
        assert float(density[grid <= end].sum() * (grid[1] - grid[0])) == pytest.approx(norm.cdf(x), abs=5e-3)


def test_laws_are_pushed_like_targets() -> None:
    """A law on a grid, twice: the square of a map is the map of the square."""
    move, _ = MAPS["wave"]
    first = law_of(Gaussian(), move, 0.02, Gaussian(0.0, 1.5).density)
    grid, density, _ = pushed(start_on_line(first), IncreasingMap(move, "a map"), 0.02)
    once_grid, once, _ = pushed(start_on_line(Gaussian()), IncreasingMap(lambda x: move(move(x)), "a map"), 0.02)
    inside = (once_grid > float(grid[0])) & (once_grid < float(grid[-1]))
    second = LineLaw(grid, density, Gaussian(0.0, 1.5).density)
    assert float((second.density(once_grid[inside]) - once[inside]).abs().max()) < 1e-6


@pytest.mark.parametrize(
    ("move", "low", "high"),
    [
        (lambda x: -x, -10.0, 10.0),
        (lambda x: x**3 - x, -1 / math.sqrt(3), 1 / math.sqrt(3)),
        (lambda x: x + 2 * torch.exp(-((x - 1) ** 2) * 4), 1.0, 2.5),
        (lambda x: 0 * x + 1.0, -10.0, 10.0),
        (lambda x: torch.sqrt(x - 20) + x, -10.0, 10.0),
    ],
    ids=["falling", "fold", "bump", "constant", "nan"],
)
def test_maps_that_fall_are_refused(move: Map, low: float, high: float) -> None:
    with pytest.raises(NotMonotone, match="^my sampler is not an increasing map of the line: its derivative at .* particles") as error:
        pushed(start_on_line(Gaussian()), IncreasingMap(move, "my sampler"), 0.05)
    assert low <= error.value.where <= high
    assert f"{error.value.where:.6g}" in str(error.value)
    assert isinstance(error.value, PmmError)


def test_a_fold_that_holds_no_mass_is_allowed() -> None:
    """Falling from x = 20 on only."""
    grid, density, _ = pushed(start_on_line(Gaussian()), IncreasingMap(lambda x: x - torch.relu(x - 20) * 3, "a map"), 0.1)
    assert torch.allclose(density, Gaussian().density(grid), rtol=1e-9)


def test_a_narrow_fold_is_refused_or_seen_in_the_mass() -> None:
    """Of width 0.002: where no point of the search meets it, the density does not integrate to one."""
    try:
        grid, density, _ = pushed(start_on_line(Gaussian()), IncreasingMap(lambda x: x - 0.05 * torch.tanh(500 * (x - 0.3)), "a map"), 0.01)
    except NotMonotone as error:
        assert error.where == pytest.approx(0.3, abs=0.01)
    else:
        assert abs(float(density.sum() * (grid[1] - grid[0])) - 1) > 1e-3


def ddim(steps: int = STEPS, end: int = 0) -> Scheme:
    return DDIM(SCHEDULE, steps, end=end).scheme(ExactPredictor(DATA, SCHEDULE))


def noise_in(x: np.ndarray, alpha: float) -> np.ndarray:
    """The mean of Z given alpha X + sqrt(1 - alpha^2) Z = x, by components."""
    sigma2 = 1 - alpha**2
    variances = alpha**2 * VARIANCES + sigma2
    each = WEIGHTS * norm.pdf(x[:, None], alpha * MEANS, np.sqrt(variances))
    return math.sqrt(sigma2) * (each * (x[:, None] - alpha * MEANS) / variances).sum(-1) / each.sum(-1)


def by_hand(x: np.ndarray, steps: int, taken: int, end: int = 0) -> np.ndarray:
    """DDIM as its paper writes it: predict the data, and add the same noise again."""
    times = np.round(np.linspace(1000, end, steps + 1))
    log_alpha = np.concatenate([[0.0], np.cumsum(np.log1p(-np.linspace(1e-4, 2e-2, 1000))) / 2])
    for k in range(taken):
        alpha, following = (math.exp(log_alpha[int(times[i])]) for i in (k, k + 1))
        noise = noise_in(x, alpha)
        data = (x - math.sqrt(1 - alpha**2) * noise) / alpha
        x = following * data + math.sqrt(1 - following**2) * noise
    return x


@pytest.mark.parametrize("taken", [1, 7, STEPS - 1, STEPS])
def test_a_deterministic_chain_keeps_quantiles(taken: int) -> None:
    """law.cdf(Phi(F0^-1(u))) = u."""
    law = transient_law(ddim(), Gaussian(), taken)
    u = np.array([1e-6, 1e-4, 0.01, 0.1, 0.3, 0.5, 0.7, 0.9, 0.99, 1 - 1e-4, 1 - 1e-6])
    seen = law.cdf(torch.as_tensor(by_hand(norm.ppf(u), STEPS, taken))).numpy()
    assert np.abs(seen - u).max() < 4 * law.numerical_error + 1e-7
    x = np.linspace(-7, 7, 4001)
    assert law.mean == pytest.approx((norm.pdf(x) * by_hand(x, STEPS, taken)).sum() * (x[1] - x[0]), abs=1e-6)


@pytest.mark.slow
def test_a_deterministic_chain_from_the_noised_data() -> None:
    """Many steps bring the data back, and the error of 40 is about half of that of 20."""
    start = SCHEDULE.marginal(DATA, 1000.0)
    laws = [transient_law(ddim(steps, end=20), start, steps, rtol=1e-6) for steps in (20, 40)]
    first, second = (float(tv(law, SCHEDULE.marginal(DATA, 20.0))) for law in laws)
    assert 0.3 < second / first < 0.7
    assert second < 0.03


@pytest.mark.slow
def test_several_numbers_of_steps_at_once() -> None:
    laws = transient_laws(ddim(), Gaussian(), [0, 3, 11])
    for steps, law in zip((0, 3, 11), laws, strict=True):
        alone = transient_law(ddim(), Gaussian(), steps)
        assert float(tv(law, alone)) <= law.numerical_error + alone.numerical_error + 1e-12
    assert float(tv(laws[0], Gaussian())) <= 2 * laws[0].numerical_error + 1e-12


def test_a_point_has_no_density_on_a_deterministic_chain() -> None:
    with pytest.raises(InvalidParameter, match="initial = 0.5 .*steps without noise"):
        transient_law(ddim(), 0.5, 3)
