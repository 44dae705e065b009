"""What all tests share: one thread a worker, examples that are the same in every run, and no search for garbage among what stays."""

from __future__ import annotations

import gc
import os

for _name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(_name, "1")  # before numpy is loaded: the workers already fill the cores

import pytest
import torch
from hypothesis import HealthCheck, settings

torch.set_num_threads(1)
settings.register_profile("default", deadline=None, derandomize=True, max_examples=15, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("thorough", deadline=None, max_examples=300, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("fast", settings.get_profile("default"), max_examples=5)


def pytest_configure(config: pytest.Config) -> None:
    """A third of the examples in the fast lane, unless a profile is named."""
    gc.disable()  # collecting makes a million objects that stay: to look through them again and again took a fifth of its time
    fast = config.option.markexpr == "not slow"
    settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "fast" if fast else "default"))


@pytest.hookimpl(trylast=True)
def pytest_collection_finish() -> None:
    gc.freeze()
    gc.enable()
