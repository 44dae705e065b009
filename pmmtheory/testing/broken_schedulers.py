"""Broken samplers of diffusion models: each differs from the right one in one coefficient or one time."""

from __future__ import annotations

import math
from typing import Any

from torch import Tensor

from pmmtheory.dynamics.predictor import NoiseFunction
from pmmtheory.noise.coefficients import AffineStep, ddpm
from pmmtheory.schedulers import DDPM, DPMSolverMultistep, NoiseLevels
from pmmtheory.schemes import EulerMaruyama, Scheme
from pmmtheory.schemes.linear_multistep import LinearMultistep


class SwappedDPMSolver(DPMSolverMultistep):
    """The weights of the newest prediction and the one before it are exchanged."""

    def scheme(self, predictor: NoiseFunction, event_shape: tuple[int, ...] | None = None) -> Scheme:
        chain = super().scheme(predictor, event_shape)
        assert isinstance(chain, LinearMultistep)
        chain.records = tuple(record._replace(step=record.step._replace(b=record.step.b[::-1])) for record in chain.records)
        return chain


class HalvedVariance(DDPM):
    """The noise of V1 has half its variance."""

    def scheme(self, predictor: NoiseFunction, event_shape: tuple[int, ...] | None = None) -> Scheme:
        return EulerMaruyama(self.dynamics(predictor, event_shape, _halved), step_size=1.0)


class OffByOne(DPMSolverMultistep):
    """The predictor is asked at the training time after the right one."""

    def scheme(self, predictor: NoiseFunction, event_shape: tuple[int, ...] | None = None) -> Scheme:
        return super().scheme(_Shifted(predictor), event_shape)


class _Shifted:
    def __init__(self, predictor: Any):
        self.predictor, self.target = predictor, getattr(predictor, "target", None)

    def __call__(self, x: Tensor, t: Any) -> Tensor:
        asked: Tensor = self.predictor(x, t - 1)
        return asked

    def on(self, target: Any) -> _Shifted:
        return _Shifted(self.predictor.on(target))


def _halved(t: NoiseLevels, s: NoiseLevels) -> AffineStep:
    a, b, noise = ddpm(t, s, "V1")
    return AffineStep(a, b, noise / math.sqrt(2))
