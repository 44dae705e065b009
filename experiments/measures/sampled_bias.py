"""The bias of a chain in E |x - m|^2/d in many dimensions, m the mean of the target: by coupled chains at several levels, or by independent ones."""

from __future__ import annotations

import math
from typing import Any

import torch
from torch import Tensor

from experiments.measures._in_many import SIGMAS, Minibatch, centred_square, in_many, second_moment
from pmmtheory.dynamics import Overdamped
from pmmtheory.estimate import Estimate
from pmmtheory.harness.catalogue import scheme_on
from pmmtheory.particles import bias, expectations
from pmmtheory.particles.coupled import SHADOWS
from pmmtheory.schemes import Scheme


def measure(
    device: str,
    target: str,
    scheme: str,
    step_size: float,
    tolerance: float | None = None,
    particles: int = 1000,
    time: float = 3.0,
    burn_in: float = 4.0,
    **options: Any,
) -> dict[str, Estimate]:
    """bias, its absolute value, and calls, the drift calls of a unit of time: to a `tolerance`, or of so many chains against the moment of the target.

    The error is three standard errors and what is known of the rest. With a tolerance also relaxation, the drift calls in which chains from different
    starts on one noise path come together by a factor e, by the least and the largest rate of its levels.
    """
    own = in_many(target)
    made: Scheme = Minibatch(Overdamped(own), step_size) if scheme == "Minibatch" else scheme_on(own, scheme, step_size, **options)
    square, calls = centred_square(own), made.drift_calls / step_size
    if tolerance is None:
        steps, before = max(2, round(time / step_size)), round(burn_in / step_size)
        seen = expectations(made, {"square": square}, particles=particles, steps=steps, burn_in=before, initial=_start(made), device=device)["square"]
        gap = seen - second_moment(own)
        told = Estimate(abs(gap.value), gap.error + (SIGMAS - 1) * seen.error, "independent chains, 3 standard errors")
        return {"bias": told, "calls": Estimate(calls, 0.0, "expected")}
    found = bias(made, square, tolerance, time=time, burn_in=burn_in, initial=_start(made), budget=200_000, device=device)
    parts = {name: SIGMAS * part if name == "sampling" else part for name, part in found.estimate.parts.items()}
    rates = [(level.contraction, SIGMAS / (math.sqrt(2 * min(level.particles, SHADOWS)) * burn_in)) for level in found.levels]
    slow, fast = (calls / max(rate, 1e-3) for rate in (min(rate - unsure for rate, unsure in rates), max(rate + unsure for rate, unsure in rates)))
    return {
        "bias": Estimate.of(abs(found.estimate.value), "coupled chains, 3 standard errors", **parts),
        "calls": Estimate(calls, 0.0, "expected"),
        "relaxation": Estimate((slow + fast) / 2, (slow - fast) / 2, "contraction of coupled chains, 3 standard errors"),
    }


def _start(scheme: Scheme) -> Tensor | None:
    """The mode, at rest, where a target has no draws of its own."""
    mode = getattr(scheme.dynamics.target, "mode", None)
    if mode is None:
        return None
    return torch.stack([mode, torch.zeros_like(mode)]) if scheme.dynamics.blocks > 1 else mode
