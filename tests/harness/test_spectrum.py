"""The table of samplers on a given spectrum: published numbers, a recursion from the published formulas, and the command."""

from __future__ import annotations

import csv
import math
import os
from pathlib import Path

import numpy as np
import pytest
import torch

from pmmtheory.dynamics import ProbabilityFlow, ReverseDiffusion
from pmmtheory.harness.errors import UsageError
from pmmtheory.harness.spectrum import METHODS, Entry, process, rows, starts
from pmmtheory.harness.spectrum_table import show, variances
from pmmtheory.targets import Gaussian

FILE = os.environ.get("PMMTHEORY_CIFAR10_EIGENVALUES", "")
"""A .npy file with the 3,072 eigenvalues of the covariance of CIFAR-10, from the public code of Pierret & Galerne 2025."""

COUNTS = (50, 250, 500, 1000)
PUBLISHED = """
EM    0     0/6.7E-4    4.77/4.77  .65/.65    .31/.31    .15/.16
EM    1e-3  .17/.17     4.67/4.67  .69/.69    .39/.39    .27/.27
EM    1e-2  1.35/1.35   4.56/4.56  1.69/1.69  1.50/1.50  1.42/1.42
EI    0     0/6.7E-4    2.81/2.81  .57/.57    .30/.30    .16/.16
EI    1e-3  .17/.17     2.91/2.91  .66/.66    .41/.41    .28/.28
Euler 0     0/.07       1.72/1.78  .38/.44    .19/.26    .10/.17
Euler 1e-3  .17/.19     1.72/1.78  .42/.48    .27/.32    .21/.25
Heun  0     0/.07       7.09/7.09  .72/.73    .21/.22    .05/.09
Heun  1e-5  2.5E-3/.07  6.48/6.48  .64/.65    .18/.20    .05/.09
Heun  1e-3  .17/.19     .56/.57    .13/.15    .16/.18    .17/.19
Heun  1e-2  1.35/1.36   1.37/1.38  1.35/1.36  1.35/1.36  1.35/1.36
"""
"""Pierret & Galerne 2025 (arXiv 2405.14250), the table of CIFAR-10: from p_T / from N(0, I), of the process and for each N."""


@pytest.mark.slow
@pytest.mark.skipif(not FILE, reason="PMMTHEORY_CIFAR10_EIGENVALUES does not name the file of the published eigenvalues")
@pytest.mark.parametrize("line", PUBLISHED.split("\n")[1:-1], ids=lambda line: "-".join(line.split()[:2]))
def test_every_published_digit(line: str) -> None:
    name, stop, *pairs = line.split()
    (row,) = rows(variances(Path(FILE)), [name], (float(stop),), COUNTS)
    assert [as_published(entry, digits) for entry, digits in zip(row, "/".join(pairs).split("/"), strict=True)] == "/".join(pairs).split("/")


def as_published(entry: Entry, digits: str) -> str:
    """A number with as many digits as were published."""
    assert entry.below is not None and entry.below == entry.above
    value = entry.below.value
    assert entry.below.error < 1e-6
    if digits == "0":
        return f"{value:.9f}".rstrip("0").rstrip(".")
    if "E" in digits:
        return f"{value:.1E}".replace("E-0", "E-")
    return f"{value:.2f}" if value >= 1 else f"{value:.2f}".lstrip("0")


SMALL = torch.tensor([40.0, 3.0, 0.2, 1e-3, 1e-5], dtype=torch.float64)


def recursion(name: str, stop: float, n: int, start: str) -> float:
    """The published formulas on each axis, with the noised data's variance s(u) = a^2 v + 1 - a^2."""
    v = SMALL.numpy()

    def beta(u: float) -> float:
        return 0.05 + 9.95 * u

    def total(u: float) -> float:
        return 0.05 * u + 4.975 * u * u

    def s(u: float) -> np.ndarray:
        return v * math.exp(-2 * total(u)) - math.expm1(-2 * total(u))

    c, times = s(1.0) if start == "p_T" else np.ones_like(v), np.linspace(1.0, stop, n)
    for u, w in zip(times[:-1], times[1:], strict=True):
        d, covered = u - w, total(u) - total(w)
        if name == "EM":
            c = (1 + d * beta(u) * (1 - 2 / s(u))) ** 2 * c + 2 * d * beta(u)
        elif name == "EI":
            c = (math.exp(covered) - 2 * math.expm1(covered) / s(u)) ** 2 * c + math.expm1(2 * covered)
        else:
            first = beta(u) * (1 - 1 / s(u))
            second = beta(w) * (1 - 1 / s(w)) * (1 + d * first)
            c = (1 + d * first if name == "Euler" else 1 + d * (first + second) / 2) ** 2 * c
    return float(np.sqrt(((np.sqrt(c) - np.sqrt(v)) ** 2).sum()))


@pytest.mark.slow
@pytest.mark.parametrize("name", ["EM", "EI", "Euler", "Heun"])
def test_rows_of_the_source_are_its_formulas(name: str) -> None:
    for stop in METHODS[name].stops:
        (row,) = rows(Gaussian(0.0, SMALL), [name], (stop,), (12, 40))
        for entry in row[2:]:
            assert entry.count is not None and entry.below is not None
            exact = recursion(name, stop, entry.count, entry.start)
            assert abs(entry.below.value - exact) <= entry.below.error + 1e-14 * exact


def test_another_integrator_is_another_row() -> None:
    """The control of the test above: EI's formulas are not EM's, and the step with the integrated rate is neither."""
    (row,) = rows(Gaussian(0.0, SMALL), ["EM"], (0.0,), (12,))
    entry = row[2]
    assert entry.below is not None and abs(entry.below.value - recursion("EI", 0.0, 12, "p_T")) > 1e-2


def only(start: str, patch: pytest.MonkeyPatch) -> None:
    """Leave the other start out of all rows."""
    patch.setattr("pmmtheory.harness.spectrum.starts", lambda data: {start: starts(data)[start]})


@pytest.mark.slow
@pytest.mark.parametrize("kind", [ReverseDiffusion, ProbabilityFlow])
def test_the_process_is_the_limit_of_its_chains(kind: type[ReverseDiffusion], monkeypatch: pytest.MonkeyPatch) -> None:
    """From N(0, I), with a stop: the distance of the solved process to that of the chain falls like 1/N."""
    only("N(0, I)", monkeypatch)
    name, stop = ("EI", 1e-3) if kind is ReverseDiffusion else ("Euler", 1e-3)
    (row,) = rows(Gaussian(0.0, SMALL[:3]), [name], (stop,), (120, 240, 480))
    exact, *found = [entry.below.value for entry in row if entry.below]
    gaps = [abs(value - exact) for value in found]
    assert gaps[2] < 0.6 * gaps[1] < 0.36 * gaps[0] < 0.05


@pytest.mark.slow
def test_the_mean_of_the_solved_process() -> None:
    """On turned axes, against a Euler step of the mean's equation in small steps."""
    data = Gaussian([1.0, -2.0], [[0.5, 0.2], [0.2, 0.7]])
    for kind in (ReverseDiffusion, ProbabilityFlow):
        system = process(kind, data, 0.3)
        x, n = torch.tensor([0.4, 0.1], dtype=torch.float64), 5_000
        h = system.duration / n
        for k in range(n):
            x = x + h * system.impulse(system.drift(x, (k + 0.5) * h), (k + 0.5) * h)
        start = Gaussian([0.4, 0.1], 0.8)
        assert torch.allclose(system.solved(start).mean, x, rtol=0, atol=2e-3)


@pytest.mark.slow
def test_rows_of_samplers_end_at_the_data(monkeypatch: pytest.MonkeyPatch) -> None:
    """More steps are nearer; of PMM both bounds are, the lower one below; and no number is missing."""
    only("p_T", monkeypatch)
    for name in ("DDIM", "DPM-Solver-2M", "DDPM V1", "DDPM V3", "PMM over V3, K=5", "PMM over V3, K=1000/steps", "Heun in sigma/alpha"):
        (row,) = rows(Gaussian(0.0, SMALL), [name], (0.0,), (30, 60))
        _, few, many = row
        assert few.below and few.above and many.below and many.above
        assert many.above.value < few.above.value < 2.5 and few.below.value <= few.above.value
        assert 26 <= few.calls <= 29 and 56 <= many.calls <= 59


@pytest.mark.slow
def test_what_is_refused_is_a_row_with_its_reason(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pmmtheory.harness.spectrum._RTOL", 1e-12)
    (row,) = rows(Gaussian(0.0, SMALL), ["RMM"], (1e-2,), (12,))
    assert [entry.words for entry in row[2:]] == ["refused"] * 2 and "asked for" in row[2].reason


@pytest.mark.slow
def test_the_command(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    np.save(tmp_path / "v.npy", SMALL.numpy().astype(np.float32))
    show(tmp_path / "v.npy", ["DDIM", "Euler"], [20], tmp_path / "w.csv")
    lines = capsys.readouterr().out.splitlines()
    assert "dimension 5" in lines[0] and len(lines) == 6 and lines[-1].startswith("Euler") and "0.01" in lines[-1]
    with (tmp_path / "w.csv").open(newline="", encoding="utf-8") as opened:
        written = list(csv.DictReader(opened))
    assert len(written) == 16 and all(float(line["w2_below"]) <= float(line["w2_above"]) for line in written)
    assert {line["N"] for line in written} == {"", "20"} and {line["start"] for line in written} == {"p_T", "N(0, I)"}


def test_wrong_input(tmp_path: Path) -> None:
    for name, array in {
        "zero": np.array([1.0, 0.0]),
        "nan": np.array([1.0, math.nan]),
        "matrix": np.eye(2),
        "words": np.array(["a"]),
        "none": np.zeros(0),
    }.items():
        np.save(tmp_path / f"{name}.npy", array)
        with pytest.raises(UsageError, match="must hold one axis of finite numbers above 0"):
            variances(tmp_path / f"{name}.npy")
    with pytest.raises(UsageError, match="no .npy file"):
        variances(tmp_path / "missing.npy")
    with pytest.raises(UsageError, match="no method 'Eular'"):
        show(None, ["Eular"], None, None)
    with pytest.raises(UsageError, match="cannot be written"):
        show(None, ["EM"], [5], tmp_path / "nowhere" / "w.csv")
    assert variances(None).dim == 61
