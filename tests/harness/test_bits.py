"""A cell has one result to the last bit, whatever the number of workers, the order, the threads around it and what ran before."""

from __future__ import annotations

import os
import random
import subprocess
import sys
from contextlib import nullcontext
from pathlib import Path

import pytest
import torch

from pmmtheory.harness.apart import processes
from pmmtheory.harness.job import Job
from pmmtheory.harness.one_thread import ALONE, alone
from pmmtheory.harness.project import Project
from pmmtheory.harness.source import Sources
from pmmtheory.harness.study import Cell

SOURCES = Sources(Project("experiments"))
CELLS = [
    Cell.of("stationary_error", target="bimodal", scheme="EulerMaruyama", step_size=0.05),
    Cell.of("stationary_error", target="bimodal", scheme="PoissonMidpoint", step_size=0.1, substeps=4, midpoints="bernoulli"),
    Cell.of("transient_error", target="gaussian", scheme="EulerMaruyama", steps=4, time=0.4, mean=0.5, variance=1.0),
    Cell.of("gaussian_error", target="gaussian", step_size=0.1, substeps="inf", scheme="PoissonMidpoint", midpoints="single", dim=10),
    Cell.of("sampler_error", data="two modes", sampler="DPMSolverMultistep", steps=8, order=2, rtol=1e-4),
    Cell.of("sampler_particles", data="two modes", sampler="PoissonMidpointScheduler", steps=4, substeps=5, particles=20_000),
]


def bits(cells: list[Cell], workers: int) -> dict[str, dict[str, tuple[str, str]]]:
    """Every value and error of the cells, as hexadecimal."""
    found = {}
    with processes(Job.of(SOURCES.project, "cpu", cells), SOURCES, workers) as hands:
        outcomes = [future.result() for future in map(hands.submit, cells)]
    for computed in outcomes:
        assert computed.estimates, computed.reason
        found[computed.cell.key] = {name: (estimate.value.hex(), estimate.error.hex()) for name, estimate in computed.estimates.items()}
    return found


@pytest.mark.slow
def test_workers_order_and_threads_change_no_bit(monkeypatch: pytest.MonkeyPatch) -> None:
    two = bits(CELLS, 2)
    assert two.keys() == {cell.key for cell in CELLS}
    threads = torch.get_num_threads()
    for name in ALONE:
        monkeypatch.setenv(name, "4")
    torch.set_num_threads(4)
    try:
        assert bits(random.Random(1).sample(CELLS, len(CELLS)), 1) == two
    finally:
        torch.set_num_threads(threads)
    assert all(os.environ[name] == "4" for name in ALONE)


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="the system does not list threads")
def test_a_worker_has_one_thread_in_every_library(monkeypatch: pytest.MonkeyPatch) -> None:
    numpy = "import os, numpy, scipy.linalg; a = numpy.random.default_rng(0).standard_normal((300, 300)); a @ a, scipy.linalg.solve(a, a)\n"
    torch = "import torch; b = torch.as_tensor(a); torch.linalg.solve(b, b), torch.exp(torch.zeros(10**6)).sum(); assert torch.get_num_threads() == 1\n"
    for name in ALONE:
        monkeypatch.setenv(name, "3")
    counts = []
    for inside, code in ((nullcontext(), numpy), (alone(), numpy + torch)):
        with inside:
            done = subprocess.run([sys.executable, "-c", code + "print(len(os.listdir('/proc/self/task')))"], capture_output=True, text=True, check=True)
            counts.append(int(done.stdout))
    assert counts[0] > 1 == counts[1]
