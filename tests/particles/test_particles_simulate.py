"""Simulation: the same numbers from the same seed, the right law, and clear refusals."""

from __future__ import annotations

import math
from fractions import Fraction
from typing import Any

import pytest
import torch

from pmmtheory.dynamics import Overdamped
from pmmtheory.errors import Diverged, InvalidParameter
from pmmtheory.particles import sample_step, simulate, stream
from pmmtheory.particles.starts import CHUNK
from pmmtheory.schedulers import DDIM, NoiseSchedule
from pmmtheory.schemes import EulerMaruyama, PoissonMidpoint, RandomizedMidpoint, Scheme
from pmmtheory.targets import DoubleWell, Gaussian
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
    few, many = (simulate(LMC, n, 2, seed=1, dtype=torch.float64) for n in (CHUNK, 2 * CHUNK + 2000))
    assert torch.equal(few, many[:CHUNK])
    assert not torch.equal(many[:1000], many[CHUNK : CHUNK + 1000])


def test_the_global_generator_is_left_alone() -> None:
    torch.manual_seed(0)
    expected = torch.rand(3)
    torch.manual_seed(0)
    simulate(LMC, 100, 2, seed=3)
    assert torch.equal(torch.rand(3), expected)


def test_streams_differ() -> None:
    draws = {tuple(torch.rand(4, generator=stream(seed, number, "cpu")).tolist()) for seed in range(20) for number in range(20)}
    assert len(draws) == 400


@pytest.mark.slow
@pytest.mark.parametrize("name", ["lmc", "rmm", "bernoulli 3", "bernoulli inf", "single 5"])
def test_a_long_run_has_the_stationary_law(name: str) -> None:
    """Started from the target, after time 4: mean and second moment within four standard errors."""
    law = stationary(name, "skewed", 0.05)
    x = simulate(chain(name, SKEWED, 0.05), 20_000, 80, seed=2, dtype=torch.float64)
    for k in (1, 2):
        power = x**k
        assert abs(float(power.mean()) - law.moment(k).value) < 4 * float(power.std()) / math.sqrt(len(x))


@pytest.mark.slow
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


@pytest.mark.slow
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

    @pytest.mark.parametrize(
        "wrong", [math.nan, [1.0, 2.0], torch.zeros(7, 2), Gaussian(dim=2), "here", {1}], ids=["nan", "two", "plane", "target", "word", "set"]
    )
    def test_wrong(self, wrong: object) -> None:
        with pytest.raises(InvalidParameter, match="initial"):
            simulate(LMC, 5, 1, initial=wrong)


@pytest.mark.parametrize(
    ("particles", "steps", "name"), [(0, 1, "particles"), (-1, 1, "particles"), (1.5, 1, "particles"), (5, -1, "steps"), (5, 1.5, "steps")]
)
def test_wrong_numbers(particles: int, steps: int, name: str) -> None:
    with pytest.raises(InvalidParameter, match=name):
        simulate(LMC, particles, steps)


@pytest.mark.parametrize(
    ("options", "name"),
    [
        *(({"seed": seed}, "seed") for seed in (None, 1.5, "1", math.nan, True)),
        *(({"dtype": dtype}, "dtype") for dtype in (None, "float64", torch.int64, torch.complex128, float)),
        *(({"device": device}, "device") for device in (None, "gpu", "meta", "cuda:99", 1.5, "")),
        *(({name: None}, name) for name in ("scheme", "particles", "steps")),
    ],
)
def test_what_is_not_allowed_is_named(options: dict[str, Any], name: str) -> None:
    with pytest.raises(InvalidParameter, match=f"^{name} = ") as caught:
        simulate(**{"scheme": LMC, "particles": 5, "steps": 1} | options)
    assert "\n" not in str(caught.value)


def by_hand(scheme: Scheme, particles: int, steps: int, seed: int, dtype: torch.dtype, initial: torch.Tensor) -> tuple[int, int]:
    """The first step after which a particle is not finite, and how many then are not."""
    generator, x = stream(seed, 0, "cpu"), initial.to(dtype).expand(particles)
    for i in range(steps):
        x = sample_step(scheme, x, i * scheme.step_size, generator)
        if lost := int((~torch.isfinite(x)).sum()):
            return i + 1, lost
    return 0, 0


@pytest.mark.parametrize(
    ("scheme", "steps", "dtype"),
    [
        (EulerMaruyama(Overdamped(DoubleWell()), 0.5), 200, torch.float32),
        (EulerMaruyama(Overdamped(Gaussian()), 3.0), 300, torch.float32),
        (EulerMaruyama(Overdamped(Gaussian()), 3.0), 1100, torch.float64),
        (RandomizedMidpoint(Overdamped(DoubleWell()), 0.4), 100, torch.float64),
        (PoissonMidpoint(Overdamped(DoubleWell()), 0.5, substeps=4), 33, torch.float32),
    ],
)
def test_a_chain_that_diverges_says_at_which_step(scheme: Scheme, steps: int, dtype: torch.dtype) -> None:
    start = torch.tensor(0.3, dtype=torch.float64)
    step, lost = by_hand(scheme, 50, steps, 4, dtype, start)
    assert step > 0
    with pytest.raises(Diverged, match=f"diverged: after step {step} of {steps}, {lost} of 50 particles are not finite") as caught:
        simulate(scheme, 50, steps, seed=4, dtype=dtype, initial=0.3)
    assert caught.value.step == step and str(caught.value).count(". ") == 0
    if step > 1:
        assert bool(torch.isfinite(simulate(scheme, 50, step - 1, seed=4, dtype=dtype, initial=0.3)).all())
    with pytest.raises(Diverged, match=f"step {step} of {step}"):
        simulate(scheme, 50, step, seed=4, dtype=dtype, initial=0.3)


def test_a_chunk_that_diverges_later_is_noticed() -> None:
    points = torch.zeros(CHUNK + 1, dtype=torch.float64)
    points[-1] = 1e30
    with pytest.raises(Diverged, match="1 of 1 particles"):
        simulate(EulerMaruyama(Overdamped(DoubleWell()), 0.01), CHUNK + 1, 5, initial=points, dtype=torch.float64)


def test_a_sampler_that_diverges_says_at_which_step() -> None:
    """Answers near the largest float32: their sums overflow after some steps."""
    sampler, x = DDIM(NoiseSchedule.linear(), 50), torch.zeros(3, 2)

    def predictor(x: torch.Tensor, t: Any) -> torch.Tensor:
        return torch.full_like(x, 3e38)

    scheme, step = sampler.scheme(predictor, (2,)), 0
    while bool(torch.isfinite(x).all()):
        x, step = scheme.step(x, float(step), {})[0], step + 1
    with pytest.raises(Diverged, match=f"after step {step} of 50, 3 of 3") as caught:
        sampler.sample(predictor, torch.zeros(3, 2))
    assert caught.value.step == step > 1


@pytest.mark.parametrize("options", [{"seed": None}, {"seed": 0.5}, {"predictor": None}])
def test_a_sampler_names_what_is_not_allowed(options: dict[str, Any]) -> None:
    with pytest.raises(InvalidParameter, match=f"^{next(iter(options))} = "):
        DDIM(NoiseSchedule.linear(), 5).sample(**{"predictor": lambda x, t: x, "x": torch.zeros(3)} | options)


def test_cuda_has_the_same_law() -> None:
    if not torch.cuda.is_available():
        pytest.skip("there is no CUDA GPU on this machine")
    x = simulate(PoissonMidpoint(Overdamped(BIMODAL), 0.1), 100_000, 20, device="cuda", dtype=torch.float64).cpu()
    y = simulate(PoissonMidpoint(Overdamped(BIMODAL), 0.1), 100_000, 20, dtype=torch.float64)
    assert abs(float((x**2).mean() - (y**2).mean())) < 4 * math.sqrt(2 * float((y**2).var()) / 100_000)
