"""What tests of several files here compare with."""

from __future__ import annotations

import importlib
import warnings
from types import SimpleNamespace
from typing import Any

import pytest

from pmmtheory.schedulers import NoiseSchedule


class InDouble(SimpleNamespace):
    """A module whose float32 is float64."""

    def __init__(self, module: Any):
        super().__init__(module=module, float32=module.float64)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.module, name)


@pytest.fixture
def theirs(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Makes one of the schedulers of diffusers with these training times, in float64."""

    def make(file: str, name: str, steps: int, **options: Any) -> Any:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            module = importlib.import_module(f"diffusers.schedulers.{file}")
            for library in ("torch", "np"):
                monkeypatch.setattr(module, library, InDouble(getattr(module, library)))
            scheduler = getattr(module, name)(trained_betas=list(NoiseSchedule.linear().betas), **options)
            scheduler.set_timesteps(steps)
        return scheduler

    return make
