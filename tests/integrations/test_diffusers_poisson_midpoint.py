"""The Poisson midpoint scheduler for the diffusers library: its steps are ours, its calls are counted, its pipelines run offline."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from pmmtheory.errors import InvalidParameter
from pmmtheory.schedulers import DDPM, ExactPredictor, NoiseSchedule
from pmmtheory.schedulers import PoissonMidpointScheduler as Own
from pmmtheory.targets import GaussianMixture

diffusers = pytest.importorskip("diffusers", reason="needs the diffusers library, extra `diffusion`")

from pmmtheory.integrations.diffusers import PoissonMidpointScheduler  # noqa: E402

SCHEDULE = NoiseSchedule.linear(1000, 1e-4, 0.02)
DATA = GaussianMixture([0.4, 0.6], [-1.5, 1.0], [0.1, 0.3])
EPS = ExactPredictor(DATA, SCHEDULE)
SPACINGS, KINDS = ["leading", "trailing", "linspace"], ["interior", "single", "bernoulli"]
BASES = {name: {"base": name} for name in ("V1", "V1a", "V1b", "V1c", "V1d", "V2", "V3", "V3-literal")}
BASES |= {"DDIM0": {"base": "DDIM"}, "DDIM1": {"base": "DDIM", "eta": 1.0}}


def noises(seed: int, *shape: int) -> torch.Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def predicted(kind: str, x: torch.Tensor, t: float) -> torch.Tensor:
    """What a network of that kind makes of x at the library's time t."""
    eps, alpha, sigma = EPS(x, t + 1), SCHEDULE.alpha(t + 1), SCHEDULE.sigma(t + 1)
    data = (x - sigma * eps) / alpha
    return {"epsilon": eps, "sample": data, "v_prediction": alpha * eps - sigma * data}[kind]


def run(scheduler: Any, x: torch.Tensor, z: torch.Tensor, monkeypatch: pytest.MonkeyPatch, kind: str = "epsilon") -> torch.Tensor:
    """The whole of a run, with given noises one after another."""
    following = iter(z)
    monkeypatch.setattr("pmmtheory.integrations.diffusers.scheduler.randn_tensor", lambda *_, **__: next(following))
    for t in scheduler.timesteps:
        x = scheduler.step(predicted(kind, x, float(t)), t, x).prev_sample
    return x


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("base", BASES)
def test_a_run_is_that_of_our_own_sampler(kind: str, base: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Step by step, at the same midpoints and with the same noise."""
    scheduler = PoissonMidpointScheduler(timestep_spacing="trailing", midpoints=kind, seed=5, **BASES[base])
    scheduler.set_timesteps(timesteps=range(999, -1, -50))
    own = Own(SCHEDULE, steps=20, substeps=50, variant=base, midpoints=kind).scheme(EPS)
    x, z, used = noises(1, 40), noises(2, len(scheduler.timesteps), 40), 0
    ours = x
    for step in scheduler._steps.values():
        marks = len(step.midpoints)
        times = torch.tensor(step.midpoints, dtype=torch.float64)[:, None] / 50 if marks else torch.zeros((1, 1), dtype=torch.float64)
        draws = {"midpoints": (times, torch.full_like(times, marks > 0, dtype=torch.bool)), "z": z[used : used + max(1, marks)]}
        mean, factor = own.step(ours, 1000 - step.times[0], draws)
        ours = mean + factor * z[used + marks]
        used += marks + 1
    there = run(scheduler, x, z, monkeypatch)
    assert used == len(scheduler.timesteps)
    assert torch.allclose(there, ours, rtol=1e-12, atol=1e-12 * float(ours.abs().max()))


@pytest.mark.slow
def test_without_substeps_it_is_ddpm(monkeypatch: pytest.MonkeyPatch) -> None:
    """K = 1: the library's DDPMScheduler (whose fixed_small variance is V2) at every training time, and ours."""
    x, z = noises(3, 30, 1), noises(4, 100, 30, 1)
    scheduler = PoissonMidpointScheduler(num_train_timesteps=100)
    there = run(scheduler, x, z, monkeypatch)
    schedule = NoiseSchedule.linear(100, 1e-4, 0.02)
    theirs = diffusers.DDPMScheduler(100, clip_sample=False)
    theirs.set_timesteps(100)
    following, y, own = iter(z), x, x
    monkeypatch.setattr("diffusers.schedulers.scheduling_ddpm.randn_tensor", lambda *_, **__: next(following))
    chain = DDPM(schedule, 100, "V2").scheme(lambda x, t: EPS(x, t), ())
    for k, t in enumerate(theirs.timesteps):
        y = theirs.step(predicted("epsilon", y, float(t)), t, y).prev_sample
        mean, factor = chain.dynamics.transport(1.0, own, float(k)), chain.dynamics.noise(1.0, float(k))
        own = mean + chain.dynamics.respond(1.0, predicted("epsilon", own, float(t)), float(k)) + factor * z[k]
    assert torch.allclose(there, own, rtol=1e-9, atol=1e-9)
    assert torch.allclose(there, y, rtol=2e-3, atol=2e-3)  # the library has its coefficients in single precision


@pytest.mark.slow
@pytest.mark.parametrize("spacing", SPACINGS)
def test_without_substeps_times_are_those_of_ddpm(spacing: str) -> None:
    """Also where their number does not divide that of the training times; not the one time of "linspace", which is 0 there, without noise."""
    own, theirs = PoissonMidpointScheduler(timestep_spacing=spacing, substeps=1), diffusers.DDPMScheduler(timestep_spacing=spacing)
    for calls in (*((1,) if spacing == "trailing" else ()), 2, 7, 12, 30, 37, 60, 100, 333, 1000):
        own.set_timesteps(calls)
        theirs.set_timesteps(calls)
        assert own.timesteps.tolist() == theirs.timesteps.tolist()


@pytest.mark.parametrize("kind", ["sample", "v_prediction"])
def test_kinds_of_prediction_say_the_same(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    x, z, found = noises(5, 20), noises(6, 30, 20), []
    for each in ("epsilon", kind):
        scheduler = PoissonMidpointScheduler(prediction_type=each, seed=2)
        scheduler.set_timesteps(30)
        found.append(run(scheduler, x, z, monkeypatch, each))
    assert torch.allclose(*found, rtol=1e-9, atol=1e-9)


@pytest.mark.slow
@settings(max_examples=40, deadline=None)
@given(calls=st.integers(1, 200), spacing=st.sampled_from(SPACINGS), substeps=st.one_of(st.none(), st.integers(1, 30)), size=st.sampled_from([200, 1000]))
def test_calls_are_those_asked_for(calls: int, spacing: str, substeps: int | None, size: int) -> None:
    scheduler = PoissonMidpointScheduler(num_train_timesteps=size, timestep_spacing=spacing, substeps=substeps, seed=1)
    scheduler.set_timesteps(calls)
    times = scheduler.timesteps
    assert len(times) == calls == scheduler.num_inference_steps
    assert bool((times[:-1] > times[1:]).all()) and int(times[0]) < size and int(times[-1]) >= 0


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["single", "bernoulli"])
def test_calls_in_expectation(kind: str) -> None:
    scheduler = PoissonMidpointScheduler(midpoints=kind, timestep_spacing="trailing", seed=3)
    counts = []
    for _ in range(300):
        scheduler.set_timesteps(50)
        counts.append(len(scheduler.timesteps))
    mean = sum(counts) / len(counts)
    assert len(set(counts)) > 1 and abs(mean - 50) < 1.0 + 3 * 5 / 300**0.5  # a whole number of large steps, and three standard errors


def test_midpoints_are_fresh_and_reproducible() -> None:
    def layouts(scheduler: Any) -> list[list[int]]:
        found = []
        for _ in range(2):
            scheduler.set_timesteps(20)
            found.append(scheduler.timesteps.tolist())
        return found

    first, again = layouts(PoissonMidpointScheduler(seed=7)), layouts(PoissonMidpointScheduler(seed=7))
    assert first == again and first[0] != first[1]
    scheduler, seen = PoissonMidpointScheduler(), []
    for _ in range(2):
        scheduler.set_timesteps(20, generator=torch.Generator().manual_seed(1))
        seen.append(scheduler.timesteps.tolist())
    assert seen[0] == seen[1]


def test_predicted_data_stay_in_range() -> None:
    x = noises(8, 2, 3, 4, 4) * 3
    for options in ({"clip_sample": True, "clip_sample_range": 0.7}, {"thresholding": True, "sample_max_value": 1.5}):
        scheduler = PoissonMidpointScheduler(seed=1, **options)
        scheduler.set_timesteps(10)
        data = scheduler.step(torch.zeros_like(x), scheduler.timesteps[3], x).pred_original_sample
        assert float(data.abs().max()) <= 1.0 + 1e-12


def test_pure_noise_at_the_end_of_the_schedule() -> None:
    scheduler = PoissonMidpointScheduler(rescale_betas_zero_snr=True, prediction_type="v_prediction", timestep_spacing="trailing", seed=1)
    assert float(scheduler.alphas_cumprod[-1]) < 1e-7
    scheduler.set_timesteps(10)
    x = noises(9, 5)
    for t in scheduler.timesteps:
        x = scheduler.step(-x, t, x).prev_sample
    assert bool(torch.isfinite(x).all())


def test_saved_and_loaded(tmp_path: Any) -> None:
    scheduler = PoissonMidpointScheduler(base="V3", midpoints="bernoulli", substeps=9, seed=11)
    scheduler.save_pretrained(tmp_path)
    loaded = PoissonMidpointScheduler.from_pretrained(tmp_path)
    assert all(value == loaded.config[name] for name, value in scheduler.config.items() if not name.startswith("_"))
    other = PoissonMidpointScheduler.from_config(diffusers.DDIMScheduler(beta_schedule="scaled_linear", prediction_type="v_prediction").config)
    assert other.config.beta_schedule == "scaled_linear" and other.config.prediction_type == "v_prediction"


X = torch.zeros(2, 1, 4, 4)


@pytest.mark.parametrize(
    ("named", "make"),
    [
        ("midpoints", lambda: PoissonMidpointScheduler(midpoints="many")),
        ("substeps", lambda: PoissonMidpointScheduler(substeps=0)),
        ("base", lambda: PoissonMidpointScheduler(base="V9")),
        ("eta", lambda: PoissonMidpointScheduler(base="DDIM", eta=2.0)),
        ("eta", lambda: PoissonMidpointScheduler(base="V2", eta=0.5)),
        ("seed", lambda: PoissonMidpointScheduler(seed="a")),
        ("clip_sample_range", lambda: PoissonMidpointScheduler(clip_sample=True, clip_sample_range=-1.0)),
        ("dynamic_thresholding_ratio", lambda: PoissonMidpointScheduler(thresholding=True, dynamic_thresholding_ratio=3.0)),
        ("sample", lambda: PoissonMidpointScheduler().step(X, 5, X * torch.nan)),
        ("model_output", lambda: PoissonMidpointScheduler().step(X * torch.nan, 5, X)),
        ("timesteps", lambda: PoissonMidpointScheduler().add_noise(X, X, torch.tensor([-1, 3]))),
        ("timesteps", lambda: PoissonMidpointScheduler().add_noise(X, X, torch.tensor([1, 2, 3]))),
        ("timesteps", lambda: PoissonMidpointScheduler().get_velocity(X, X, torch.tensor([5, 1000]))),
        ("noise", lambda: PoissonMidpointScheduler().add_noise(X, X[:1], torch.tensor([5, 5]))),
    ],
)
def test_wrong_input_is_named(named: str, make: Any) -> None:
    with pytest.raises(InvalidParameter, match=f"^{named} = "):
        make()
