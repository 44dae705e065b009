"""Simulation: the same numbers from the same seed, the right law, and clear refusals."""

from __future__ import annotations

import math
from fractions import Fraction

import pytest
import torch

from pmmtheory.dynamics import Overdamped
from pmmtheory.errors import InvalidParameter
from pmmtheory.particles import simulate, stream
from pmmtheory.schemes import EulerMaruyama, PoissonMidpoint
from pmmtheory.targets import Gaussian
from tests.oracles.chains import CHAINS, chain, stationary
from tests.oracles.gaussian_chain import lmc_variance, pmm_variance
from tests.oracles.lines import BIMODAL, SKEWED

LMC = chain("lmc", BIMODAL, 0.1)


@pytest.mark.parametrize("name", CHAINS)
def test_the_same_seed_gives_the_same_particles(name: str) -> None:
    scheme = chain(name, BIMODAL, 0.1)
    one, other = (simulate(scheme, 1000, 3, seed=5, dtype=torch.float64) for _ in range(2))
    assert torch.equal(one, other)
    assert not torch.equal(one, simulate(scheme, 1000, 3, seed=6, dtype=torch.float64))
    assert bool(torch.isfinite(one).all())


def test_whole_chunks_do_not_depend_on_what_follows() -> None:
    few, many = (simulate(LMC, n, 2, seed=1, dtype=torch.float64) for n in (16_384, 40_000))
    assert torch.equal(few, many[:16_384])
    assert not torch.equal(many[:1000], many[16_384:17_384])


def test_the_global_generator_is_left_alone() -> None:
    torch.manual_seed(0)
    expected = torch.rand(3)
    torch.manual_seed(0)
    simulate(LMC, 100, 2, seed=3)
    assert torch.equal(torch.rand(3), expected)


def test_streams_differ() -> None:
    draws = {tuple(torch.rand(4, generator=stream(seed, number, "cpu")).tolist()) for seed in range(20) for number in range(20)}
    assert len(draws) == 400


@pytest.mark.parametrize("name", ["lmc", "rmm", "bernoulli 3", "bernoulli inf", "single 5"])
def test_a_long_run_has_the_stationary_law(name: str) -> None:
    """Started from the target, after time 4: mean and second moment within four standard errors."""
    law = stationary(name, "skewed", 0.05)
    x = simulate(chain(name, SKEWED, 0.05), 20_000, 80, seed=2, dtype=torch.float64)
    for k in (1, 2):
        power = x**k
        assert abs(float(power.mean()) - law.moment(k).value) < 4 * float(power.std()) / math.sqrt(len(x))


@pytest.mark.parametrize("name", ["lmc", "bernoulli 3", "single inf"])
def test_coordinates_of_a_product_are_chains_on_their_own(name: str) -> None:
    """On N(0, diag(v_i)) with x_i = a/v_i small and large: the variances within four standard errors of LMC's closed form."""
    variances = torch.tensor([0.5, 1.0, 2.0], dtype=torch.float64)
    x = simulate(chain(name, Gaussian(torch.zeros(3), variances), 0.2), 20_000, 60, seed=4, dtype=torch.float64)
    assert x.shape == (20_000, 3)
    for i, v in enumerate(variances.tolist()):
        step = Fraction(1, 5) / Fraction(v)
        kind, _, substeps = name.partition(" ")
        exact = lmc_variance(step) if name == "lmc" else pmm_variance(step, None if substeps == "inf" else int(substeps), kind)
        square = x[:, i] ** 2
        assert abs(float(square.mean()) - v * float(exact)) < 4 * float(square.std()) / math.sqrt(len(x))


def test_single_precision_is_close() -> None:
    """Both precisions sample the same law (their streams differ): means within four standard errors of each other."""
    x, y = (simulate(PoissonMidpoint(Overdamped(BIMODAL), 0.1), 20_000, 10, seed=7, dtype=dtype).double() for dtype in (torch.float32, torch.float64))
    assert abs(float((x**2).mean() - (y**2).mean())) < 4 * math.sqrt((float((x**2).var()) + float((y**2).var())) / 20_000)


class TestInitial:
    def test_no_steps_return_the_start(self) -> None:
        points = torch.linspace(-1, 1, 50, dtype=torch.float64)
        assert torch.equal(simulate(LMC, 50, 0, initial=points, dtype=torch.float64), points)
        assert simulate(LMC, 4, 0, initial=2.0, dtype=torch.float64).tolist() == [2.0] * 4

    def test_a_point_in_space(self) -> None:
        scheme = EulerMaruyama(Overdamped(Gaussian(dim=3)), 0.1)
        x = simulate(scheme, 5, 0, initial=[1.0, 2.0, 3.0], dtype=torch.float64)
        assert x.tolist() == [[1.0, 2.0, 3.0]] * 5

    def test_the_points_given_are_not_changed(self) -> None:
        points = torch.zeros(200, dtype=torch.float64)
        simulate(PoissonMidpoint(Overdamped(BIMODAL), 0.1), 200, 3, initial=points, dtype=torch.float64)
        assert torch.equal(points, torch.zeros(200, dtype=torch.float64))

    def test_of_a_target(self) -> None:
        x = simulate(LMC, 20_000, 0, initial=Gaussian(3.0, 0.04), dtype=torch.float64)
        assert abs(float(x.mean()) - 3) < 4 * 0.2 / math.sqrt(20_000)

    @pytest.mark.parametrize("wrong", [math.nan, [1.0, 2.0], torch.zeros(7, 2), Gaussian(dim=2)], ids=["nan", "two", "plane", "target"])
    def test_wrong(self, wrong: object) -> None:
        with pytest.raises(InvalidParameter, match="initial"):
            simulate(LMC, 5, 1, initial=wrong)


@pytest.mark.parametrize(
    ("particles", "steps", "name"), [(0, 1, "particles"), (-1, 1, "particles"), (1.5, 1, "particles"), (5, -1, "steps"), (5, 1.5, "steps")]
)
def test_wrong_numbers(particles: int, steps: int, name: str) -> None:
    with pytest.raises(InvalidParameter, match=name):
        simulate(LMC, particles, steps)


def test_cuda_has_the_same_law() -> None:
    if not torch.cuda.is_available():
        pytest.skip("there is no CUDA GPU on this machine")
    x = simulate(PoissonMidpoint(Overdamped(BIMODAL), 0.1), 100_000, 20, device="cuda", dtype=torch.float64).cpu()
    y = simulate(PoissonMidpoint(Overdamped(BIMODAL), 0.1), 100_000, 20, dtype=torch.float64)
    assert abs(float((x**2).mean() - (y**2).mean())) < 4 * math.sqrt(2 * float((y**2).var()) / 100_000)
