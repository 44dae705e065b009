"""The table of a GPU, small, on one that is not there."""

from __future__ import annotations

import pytest
import torch

from pmmtheory.harness import bench_device
from pmmtheory.harness.bench_device import device_table
from pmmtheory.laws import stationary_law
from pmmtheory.particles import simulate
from tests.devices.fake_cuda import fake_cuda


@pytest.mark.slow
def test_the_table(monkeypatch: pytest.MonkeyPatch) -> None:
    if not torch.cuda.is_available():
        assert device_table() is None
    monkeypatch.setattr(bench_device, "_SIZES", {"cpu": (100, 8), "cuda": (200, 9)})
    monkeypatch.setattr(bench_device, "RandomizedMidpoint", bench_device.EulerMaruyama)  # its law in the plane is a matter of a minute
    monkeypatch.setattr(bench_device, "simulate", lambda *args, workers, **options: simulate(*args, **options))  # no processes of its own
    monkeypatch.setattr(bench_device, "stationary_law", lambda scheme, device: stationary_law(scheme, rtol=1e-3, device=device))
    monkeypatch.setattr(torch, "set_num_threads", lambda threads: None)
    monkeypatch.setattr(torch.cuda, "synchronize", lambda: None)
    monkeypatch.setattr(torch, "compile", lambda function, **options: function)
    with fake_cuda():
        table = device_table()
    assert table is not None and "none, in truth" in str(table.title)
    assert len(table.rows) == 4 * 2 + 2 and all(len(column._cells) == 10 for column in table.columns)
