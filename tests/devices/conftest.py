"""Tests of devices run on a GPU that is not there and, where there is one, on it."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from typing import Any

import pytest
import torch

from tests.devices.fake_cuda import fake_cuda

Gpu = Callable[[], AbstractContextManager[Any]]


@pytest.fixture(params=[fake_cuda, nullcontext], ids=["fake", "real"])
def gpu(request: pytest.FixtureRequest) -> Gpu:
    """Where "cuda" means something."""
    if request.param is nullcontext and not torch.cuda.is_available():
        pytest.skip("there is no CUDA GPU on this machine")
    chosen: Gpu = request.param
    return chosen
