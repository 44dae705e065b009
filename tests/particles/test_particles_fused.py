"""Steps that torch.compile makes one kernel of: the same numbers to rounding, or a refusal."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

from pmmtheory.dynamics import Overdamped, ReverseDiffusion, Underdamped
from pmmtheory.errors import Diverged, InvalidParameter
from pmmtheory.particles import simulate
from pmmtheory.particles.starts import CHUNK
from pmmtheory.schemes import BAOAB, MALA, EulerMaruyama, PoissonMidpoint, RandomizedMidpoint, Scheme
from pmmtheory.targets import Banana, Gaussian, GaussianMixture, Phi4, Ring

PLAIN = torch.compile
TWO = GaussianMixture([0.4, 0.6], [-1.5, 1.0], [0.5, 0.8])
FOUR = GaussianMixture([0.1, 0.2, 0.3, 0.4], [[0.0, 3.0], [3.0, 0.0], [0.0, -3.0], [-3.0, 0.0]], [0.5, 0.6, 0.7, 0.8])
LEANING = GaussianMixture([0.5, 0.5], [[-1.0, 0.0], [1.0, 0.0]], covariances=[[[1.0, 0.5], [0.5, 1.0]], [[1.0, -0.5], [-0.5, 1.0]]])
REVERSE = ReverseDiffusion(TWO, 1.0, 0.5)
SCHEMES = [
    EulerMaruyama(Overdamped(FOUR), 0.1),
    EulerMaruyama(Overdamped(LEANING), 0.1),
    EulerMaruyama(Overdamped(Phi4(3)), 0.01),
    EulerMaruyama(Overdamped(Ring()), 0.01),
    RandomizedMidpoint(Overdamped(TWO), 0.1),
    MALA(Overdamped(Banana()), 0.1),
    BAOAB(Underdamped(TWO, 2.0), 0.1),
    EulerMaruyama(REVERSE, REVERSE.duration / 8),
    PoissonMidpoint(Overdamped(FOUR), 0.1, 10),
    PoissonMidpoint(REVERSE, REVERSE.duration / 8, 8),
]


@pytest.fixture
def traced(monkeypatch: pytest.MonkeyPatch) -> None:
    """Steps are traced whole, and run as they were traced, without a compiler."""
    monkeypatch.setattr(torch, "compile", partial(PLAIN, backend="eager"))


@pytest.mark.slow
@pytest.mark.usefixtures("traced")
@pytest.mark.parametrize(
    ("scheme", "dtype"),
    [*((scheme, torch.float64) for scheme in SCHEMES), *((scheme, torch.float32) for scheme in SCHEMES[4::4])],
    ids=lambda one: str(one) if isinstance(one, torch.dtype) else f"{one.name} on {one.dynamics.target.name}",
)
def test_the_same_numbers(scheme: Scheme, dtype: torch.dtype) -> None:
    start = REVERSE.marginal(1.0) if scheme.dynamics is REVERSE else Gaussian(dim=scheme.dynamics.target.dim)
    # of two chunks, the second smaller
    found, wanted = (simulate(scheme, CHUNK + 100, 4, seed=3, initial=start, dtype=dtype, compile=whole) for whole in (True, False))
    assert found.dtype == dtype
    assert torch.allclose(found, wanted, rtol=0, atol=2000 * torch.finfo(dtype).eps)


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("g++") is None, reason="there is no C++ compiler on this machine")
@pytest.mark.filterwarnings("ignore")
def test_by_a_compiler() -> None:
    scheme = EulerMaruyama(Overdamped(TWO), 0.1)
    found, wanted = (simulate(scheme, 200, 5, seed=3, dtype=torch.float64, compile=whole) for whole in (True, False))
    assert torch.allclose(found, wanted, rtol=0, atol=1e-13)


@pytest.mark.usefixtures("traced")
@pytest.mark.parametrize("scheme", [EulerMaruyama(Overdamped(FOUR), 0.1), PoissonMidpoint(Overdamped(FOUR), 0.1, 10)], ids=lambda scheme: scheme.name)
def test_threads_share_a_kernel(scheme: Scheme) -> None:
    found, wanted = (simulate(scheme, 2 * CHUNK + 5000, 3, seed=3, initial=[0.0, 0.0], compile=True, workers=workers) for workers in (2, 1))
    assert torch.equal(found, wanted)


@pytest.mark.usefixtures("traced")
def test_a_chain_that_diverges_says_so() -> None:
    with pytest.raises(Diverged, match="EulerMaruyama"):
        simulate(EulerMaruyama(Overdamped(Phi4(2)), 0.5), 100, 60, initial=[30.0, -30.0], compile=True)


class Looking(EulerMaruyama):
    """A step that does one thing or another, as its states are."""

    def step(self, x: Tensor, t: Any, draws: Mapping[str, Any]) -> tuple[Tensor, Any]:
        mean, factor = super().step(x, t, draws)
        return (mean if float(x.sum()) > 0 else 2 * mean), factor


@pytest.mark.usefixtures("traced")
def test_what_cannot_be_compiled_is_refused() -> None:
    with pytest.raises(InvalidParameter, match="compile = True is not allowed: False for Looking.* which torch cannot compile: "):
        simulate(Looking(Overdamped(TWO), 0.1), 10, 2, compile=True)


@pytest.mark.parametrize("factor", [1.05, float("nan")])
@pytest.mark.parametrize("scheme", [EulerMaruyama(Overdamped(TWO), 0.1), PoissonMidpoint(Overdamped(TWO), 0.1, 10)], ids=lambda scheme: scheme.name)
def test_another_step_is_refused(scheme: Scheme, factor: float, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch, "compile", lambda function, **options: lambda *at: factor * function(*at))
    with pytest.raises(InvalidParameter, match="compile = True is not allowed: False for .*, whose compiled step is another one"):
        simulate(scheme, 10, 2, compile=True)


@pytest.mark.usefixtures("traced")
def test_a_checkpoint_of_the_plain_run_is_another(tmp_path: Path) -> None:
    scheme = EulerMaruyama(Overdamped(TWO), 0.1)
    simulate(scheme, 10, 2, checkpoint=tmp_path / "run")
    with pytest.raises(InvalidParameter, match="checkpoint"):
        simulate(scheme, 10, 2, checkpoint=tmp_path / "run", compile=True)


def test_a_flag() -> None:
    with pytest.raises(InvalidParameter, match="compile = 1"):
        simulate(EulerMaruyama(Overdamped(TWO), 0.1), 10, 2, compile=1)  # type: ignore[arg-type]
