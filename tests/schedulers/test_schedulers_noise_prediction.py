"""The dynamics of noise prediction: composed steps, midpoints on them, and who may ask what."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from pmmtheory.errors import InvalidParameter
from pmmtheory.noise.coefficients import VARIANTS
from pmmtheory.schedulers import DDIM, DDPM, ExactPredictor, NoisePrediction, NoiseSchedule, NoisyPredictor, PerturbedPredictor, PoissonMidpointScheduler
from pmmtheory.targets import Gaussian, GaussianMixture
from tests.oracles.ho import STEPS, jumps, midpoint_jump

SCHEDULE = NoiseSchedule.linear(100)
DATA = GaussianMixture([0.4, 0.6], [-1.5, 1.0], [0.1, 0.3])
PLANE = GaussianMixture([0.4, 0.6], [[-1.5, 0.0], [1.0, 0.5]], [0.1, 0.3])
EPS = ExactPredictor(DATA, SCHEDULE)


def system(variant: str = "V1", steps: int = 30, end: int = 0) -> NoisePrediction:
    return NoisePrediction(EPS, SCHEDULE, SCHEDULE.times(steps, end=end), VARIANTS[variant])


def by_hand(variant: str, times: tuple[float, ...]) -> list[tuple[float, float, float]]:
    """a, b and sigma of each step; the prediction of the data at the end."""
    bars = [SCHEDULE.alpha(t) ** 2 for t in times]
    return [STEPS[variant if after < 1 else "DDIM0"](before, after) for before, after in zip(bars, bars[1:], strict=False)]


@pytest.mark.parametrize("variant", STEPS)
@given(start=st.integers(0, 29), share=st.floats(0, 1))
def test_composed_steps_are_the_products_of_the_paper(variant: str, start: int, share: float) -> None:
    dynamics = system(variant)
    k = round(share * (30 - start))
    a, b, c = jumps(by_hand(variant, dynamics.times[start : start + k + 1]))
    one = torch.ones((), dtype=torch.float64)
    assert math.isclose(float(dynamics.transport(float(k), one, float(start))), a, rel_tol=1e-10)
    assert math.isclose(float(dynamics.respond(float(k), one, float(start))), sum(b), rel_tol=1e-8, abs_tol=1e-14)
    assert math.isclose(dynamics.noise(float(k), float(start)), math.sqrt(sum(x * x for x in c)), rel_tol=1e-8, abs_tol=1e-14)


def test_the_actions_form_a_semigroup_and_tensors_of_times_agree_with_numbers() -> None:
    dynamics = system("V1c")
    x = torch.randn(6, dtype=torch.float64)
    h, t = torch.tensor([0.0, 1, 5, 7, 20, 30]), torch.tensor([30.0, 4, 0, 9, 10, 0])
    for k, (span, start) in enumerate(zip(h.tolist(), t.tolist(), strict=True)):
        for action in (dynamics.transport, dynamics.respond):
            assert float(action(h, x, t)[k]) == float(action(span, x[k], start))
        assert math.isclose(float(dynamics.noise(h, t)[k]), dynamics.noise(span, start), rel_tol=1e-6)
    assert torch.equal(dynamics.transport(0.0, x, 7.0), x) and float(dynamics.respond(0.0, x, 7.0).abs().max()) == 0 == dynamics.noise(0.0, 7.0)
    two, three = dynamics.transport(3.0, dynamics.respond(2.0, x, 4.0), 6.0), dynamics.respond(3.0, x, 6.0)
    assert torch.allclose(two + three, dynamics.respond(5.0, x, 4.0), rtol=1e-13)
    carried = float(dynamics.transport(3.0, torch.ones(()), 6.0)) * dynamics.noise(2.0, 4.0)
    assert math.isclose(carried**2 + dynamics.noise(3.0, 6.0) ** 2, dynamics.noise(5.0, 4.0) ** 2, rel_tol=1e-6)


def test_float32_states_get_float32_steps() -> None:
    x = torch.ones(3)
    dynamics = system()
    for t in (2.0, torch.tensor([2.0, 3.0, 4.0])):
        for moved in (dynamics.transport(2.0, x, t), dynamics.respond(2.0, x, t), dynamics.drift(x, t)):
            assert moved.dtype == torch.float32


def test_the_drift_is_the_prediction_at_the_training_time() -> None:
    dynamics, x = system(), torch.tensor([0.3, -1.0], dtype=torch.float64)
    assert torch.equal(dynamics.drift(x, 4.0), EPS(x, dynamics.times[4]))
    both = dynamics.drift(x, torch.tensor([4.0, 9.0]))
    assert torch.allclose(both, torch.stack([EPS(x[0], dynamics.times[4]), EPS(x[1], dynamics.times[9])]), rtol=1e-12)
    assert dynamics.law_at(0.0).covariance == SCHEDULE.marginal(DATA, 100).covariance  # type: ignore[attr-defined]
    assert dynamics.law_at(30.0).covariance == pytest.approx(DATA.covariance)  # type: ignore[attr-defined]


@pytest.mark.parametrize("variant", ["V1", "V2", "V3", "V3-literal", "V1c", "DDIM0", "DDIM1"])
@pytest.mark.parametrize("kind", ["bernoulli", "single", "interior"])
@pytest.mark.parametrize("target", [DATA, PLANE], ids=["line", "plane"])
def test_midpoint_steps_are_the_substeps_of_the_paper_on_the_same_draws(variant: str, kind: str, target: GaussianMixture) -> None:
    substeps, large = 6, 5
    eps = ExactPredictor(target, SCHEDULE)
    scheduler = PoissonMidpointScheduler(SCHEDULE, large, substeps, variant, kind)
    scheme = scheduler.scheme(eps)
    shape = () if target.dim == 1 else (target.dim,)
    generator = torch.Generator().manual_seed(7)
    for block in range(large):
        t = block * substeps
        times = scheduler.fine_times[t : t + substeps + 1]
        steps = by_hand(variant, times)
        if kind == "bernoulli":
            chosen = [i for i in range(substeps) if torch.rand((), generator=generator) < 0.4]
        else:
            chosen = [int(torch.randint(int(kind == "interior"), substeps, (), generator=generator))]
        x = torch.randn(shape, generator=generator, dtype=torch.float64)
        z = torch.randn((substeps, *shape), generator=generator, dtype=torch.float64)
        hits = [torch.tensor(float(i in chosen)) for i in range(substeps)]
        expected = midpoint_jump(steps, eps, x, times[:-1], hits, substeps - (kind == "interior"), z)
        marks = sorted(i for i in chosen if i > 0)
        ends = [0, *marks, substeps]
        sums = [gathered(steps[i:j], z[i:j]) for i, j in zip(ends, ends[1:], strict=False)]
        axes = (len(marks) or 1,) + (1,) * len(shape)
        draws = {
            "midpoints": (torch.tensor(marks or [0], dtype=torch.float64).reshape(axes) / substeps, torch.full(axes, bool(marks))),
            "z": torch.stack(sums[:-1] or [torch.zeros_like(x)]),
        }
        mean, factor = scheme.step(x, float(t), draws)
        assert torch.allclose(mean + factor * sums[-1], expected, rtol=1e-9, atol=1e-9)


def gathered(steps: list[tuple[float, float, float]], z: torch.Tensor) -> torch.Tensor:
    """The standard normal that carries these noises to the end of these steps; zero where they have none."""
    weights = np.array(jumps(steps)[2])
    size = math.sqrt(float((weights**2).sum()))
    total = (torch.as_tensor(weights).reshape((-1,) + (1,) * (z.ndim - 1)) * z).sum(0)
    return total / size if size > 0 else total


@pytest.mark.parametrize("variant", ["V1", "V2", "V3", "V3-literal", "V1b", "DDIM1"])
def test_one_substep_is_the_base_method(variant: str) -> None:
    base = DDIM(SCHEDULE, 20, eta=1.0) if variant == "DDIM1" else DDPM(SCHEDULE, 20, variant)
    one, other = PoissonMidpointScheduler(SCHEDULE, 20, 1, variant).scheme(EPS), base.scheme(EPS)
    x = torch.linspace(-2, 2, 5, dtype=torch.float64)
    draws = {"midpoints": (torch.zeros(1, 5, dtype=torch.float64), torch.ones(1, 5, dtype=torch.bool)), "z": torch.zeros(1, 5, dtype=torch.float64)}
    for k in range(20):
        (mean, factor), (expected, size) = one.step(x, float(k), draws), other.step(x, float(k), {})
        assert torch.allclose(mean, expected, rtol=1e-13, atol=1e-13)
        assert torch.allclose(torch.as_tensor(factor), torch.as_tensor(size, dtype=torch.float64), rtol=1e-13)


def test_other_targets_other_steps() -> None:
    dynamics = system().on(Gaussian(dim=3))
    assert dynamics.state_shape == (3,) and dynamics.target.dim == 3
    x = torch.randn(2, 3, dtype=torch.float64)
    assert torch.allclose(dynamics.drift(x, 5.0), SCHEDULE.sigma(dynamics.times[5]) * x)
    wrong = PerturbedPredictor(EPS, 0.2)
    assert wrong.on(PLANE).target is PLANE and wrong.size == wrong.on(PLANE).size


@pytest.mark.parametrize("kind", ["wave", "shift"])
def test_an_added_error_has_about_its_size(kind: str) -> None:
    x = torch.linspace(-5, 5, 2001, dtype=torch.float64)
    error = PerturbedPredictor(EPS, 0.1, kind)(x, 40.0) - EPS(x, 40.0)
    assert 0.09 < float((error**2).mean().sqrt()) < 0.11


@pytest.mark.parametrize(
    ("make", "name"),
    [
        (lambda: NoisePrediction(EPS, SCHEDULE, [1.0, 2.0]), "times"),
        (lambda: NoisePrediction(EPS, SCHEDULE, [100.0]), "times"),
        (lambda: NoisePrediction(lambda x, t: x, SCHEDULE, [100.0, 0.0]), "event_shape"),
        (lambda: NoisePrediction(3, SCHEDULE, [100.0, 0.0]), "predictor"),  # type: ignore[arg-type]
        (lambda: NoisePrediction(lambda x, t: x, SCHEDULE, [100.0, 0.0], event_shape=()).on(DATA), "predictor"),
        (lambda: NoisePrediction(lambda x, t: x, SCHEDULE, [100.0, 0.0], event_shape=()).law_at(0.0), "predictor"),
        (lambda: system().drift(torch.ones(2), 31.0), "t"),
        (lambda: system().noise(3.0, 28.0), "t"),
        (lambda: system().impulse(torch.ones(2)), "substeps"),
        (lambda: ExactPredictor(3, SCHEDULE), "target"),  # type: ignore[arg-type]
        (lambda: ExactPredictor(DATA, 3), "schedule"),  # type: ignore[arg-type]
        (lambda: PerturbedPredictor(lambda x, t: x, 0.1), "predictor"),
        (lambda: PerturbedPredictor(EPS, 0.1, "spike"), "kind"),
        (lambda: PerturbedPredictor(EPS, math.nan), "size"),
    ],
)
def test_bad_input_is_refused_in_one_sentence(make: object, name: str) -> None:
    with pytest.raises(InvalidParameter) as error:
        make()  # type: ignore[operator]
    assert error.value.name == name and "\n" not in str(error.value)


def test_independent_noise_in_every_call() -> None:
    """Of the size asked for, another one in every call, the same for a seed; and no law, for want of a target."""
    exact = ExactPredictor(Gaussian(), SCHEDULE)
    x = torch.zeros(100_000, dtype=torch.float64)
    noisy, again = (NoisyPredictor(exact, 0.3, seed=4) for _ in range(2))
    first, second = noisy(x, 10.0), noisy(x, 10.0)
    assert bool((first == again(x, 10.0)).all()) and not bool((first == second).any())
    for sample in (first, second, first * second / 0.3):
        assert abs(float(sample.std()) - 0.3) < 5 * 0.3 * (3 / len(x)) ** 0.5 and abs(float(sample.mean())) < 5 * 0.3 / len(x) ** 0.5
    with pytest.raises(InvalidParameter, match="event_shape"):
        DDPM(SCHEDULE, 5).scheme(noisy)
    for size in (0.0, -1.0, float("nan")):
        with pytest.raises(InvalidParameter, match="size = "):
            NoisyPredictor(exact, size)
