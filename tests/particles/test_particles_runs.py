"""How a simulation is run changes no bit of it: workers, sums over chunks and checkpoints."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

from pmmtheory.dynamics import Overdamped
from pmmtheory.errors import Diverged, InvalidParameter
from pmmtheory.particles import simulate
from pmmtheory.particles.starts import CHUNK
from pmmtheory.schemes import EulerMaruyama, PoissonMidpoint, RandomizedMidpoint, Scheme
from pmmtheory.targets import DoubleWell, Gaussian
from tests.oracles.lines import BIMODAL
from tests.particles.modes import MODES


@pytest.mark.slow
@pytest.mark.parametrize(
    "scheme", [EulerMaruyama(Overdamped(MODES), 0.1), PoissonMidpoint(Overdamped(MODES), 0.1, 9), RandomizedMidpoint(Overdamped(BIMODAL), 0.1)]
)
def test_workers_do_not_change_a_bit(scheme: Scheme) -> None:
    one, threads = simulate(scheme, 2 * CHUNK + 5000, 2, seed=3), torch.get_num_threads()
    for workers in (2, 5):
        assert torch.equal(one, simulate(scheme, 2 * CHUNK + 5000, 2, seed=3, workers=workers))
    assert torch.get_num_threads() == threads


def test_an_error_is_that_of_the_first_chunk_that_has_one() -> None:
    points = torch.zeros(3 * CHUNK, dtype=torch.float64)
    points[CHUNK + 1], points[-3:] = 1e30, 1e30
    with pytest.raises(Diverged, match=f"1 of {CHUNK}"):
        simulate(EulerMaruyama(Overdamped(DoubleWell()), 0.01), 3 * CHUNK, 5, initial=points, workers=3)


@pytest.mark.slow
def test_a_sum_over_chunks_is_that_over_all() -> None:
    scheme, n = EulerMaruyama(Overdamped(MODES), 0.1), 2 * CHUNK + 5000
    x = simulate(scheme, n, 3, dtype=torch.float64)
    for workers in (1, 3):
        total = simulate(scheme, n, 3, dtype=torch.float64, reduce=lambda y: y.T @ y, workers=workers)
        assert float((total - x.T @ x).abs().max()) < 1e-11 * n
    assert int(simulate(scheme, n, 1, reduce=len)) == n


@pytest.mark.parametrize(
    ("options", "name"),
    [
        ({"reduce": 3}, "reduce"),
        ({"reduce": lambda x: "here"}, "reduce"),
        ({"reduce": lambda x: x}, "reduce"),
        ({"workers": 0}, "workers"),
        ({"progress": 1}, "progress"),
        ({"checkpoint": 3}, "checkpoint"),
        ({"checkpoint": "/nowhere/at/all"}, "checkpoint"),
    ],
)
def test_what_is_not_allowed_is_named(options: dict[str, Any], name: str) -> None:
    with pytest.raises(InvalidParameter, match=f"^{name} = ") as caught:
        simulate(EulerMaruyama(Overdamped(Gaussian()), 0.1), CHUNK + 5, 1, **options)
    assert "\n" not in str(caught.value)


RUN = """
import sys, time, torch
import pmmtheory.particles.checkpoint as checkpoint
from pmmtheory.dynamics import Overdamped
from pmmtheory.particles import simulate
from pmmtheory.particles.starts import CHUNK
from pmmtheory.schemes import PoissonMidpoint
from pmmtheory.targets import Gaussian
checkpoint._EVERY = 0.0
def slow(x):
    print("chunk", flush=True)
    time.sleep(0.1)
    return torch.stack([x.sum(), (x * x).sum()])
simulate(PoissonMidpoint(Overdamped(Gaussian()), 0.1, 9), CHUNK * 20, 2, seed=4, reduce=slow, checkpoint=sys.argv[1])
"""


@pytest.mark.slow
def test_a_run_that_is_killed_goes_on_with_the_same_bits(tmp_path: Path) -> None:
    path, scheme = tmp_path / "run", PoissonMidpoint(Overdamped(Gaussian()), 0.1, 9)
    asked: list[int] = []

    def moments(x: Tensor) -> Tensor:
        asked.append(len(x))
        return torch.stack([x.sum(), (x * x).sum()])

    with subprocess.Popen([sys.executable, "-c", RUN, str(path)], stdout=subprocess.PIPE, env=os.environ) as child:
        assert child.stdout is not None
        for _ in range(6):
            child.stdout.readline()
        child.send_signal(signal.SIGKILL)
    whole = simulate(scheme, CHUNK * 20, 2, seed=4, reduce=moments)
    asked.clear()
    assert torch.equal(simulate(scheme, CHUNK * 20, 2, seed=4, reduce=moments, checkpoint=path), whole)
    assert 5 <= len(asked) < 20
    assert torch.equal(simulate(scheme, CHUNK * 20, 2, seed=4, reduce=moments, checkpoint=path), whole) and len(asked) < 20
    for other in ({"seed": 5}, {"dtype": torch.float64}, {"steps": 3}, {"scheme": PoissonMidpoint(Overdamped(Gaussian(1.0)), 0.1, 9)}):
        with pytest.raises(InvalidParameter, match="^checkpoint = .*another"):
            simulate(**{"scheme": scheme, "particles": CHUNK * 20, "steps": 2, "seed": 4, "reduce": moments, "checkpoint": path} | other)
    path.write_bytes(path.read_bytes()[:100])
    with pytest.raises(InvalidParameter, match="^checkpoint = "):
        simulate(scheme, CHUNK * 20, 2, seed=4, reduce=moments, checkpoint=path)


def test_states_go_on_from_a_checkpoint(tmp_path: Path) -> None:
    scheme, start, n = EulerMaruyama(Overdamped(MODES), 0.1), simulate, 2 * CHUNK + 5000
    whole = start(scheme, n, 2, seed=1)
    assert torch.equal(start(scheme, n, 2, seed=1, checkpoint=tmp_path / "run"), whole)
    assert torch.equal(start(scheme, n, 2, seed=1, checkpoint=str(tmp_path / "run")), whole)
