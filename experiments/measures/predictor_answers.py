"""How often a sampler asks its predictor, what another kind of answer changes, and how large the answers of a perturbed one are off."""

from __future__ import annotations

import math
from typing import Any

import torch
from torch import Tensor

from pmmtheory.estimate import Estimate
from pmmtheory.harness.data import build_data
from pmmtheory.harness.samplers import build_sampler
from pmmtheory.schedulers import ExactPredictor, PerturbedPredictor, Predictor

_POINTS, _NEAR, _LITTLE, _WAVES, _OFF = 16, 1e-3, 1e-10, 4096, 0.02


def measure(device: str, data: str, sampler: str, steps: int, **options: Any) -> dict[str, Estimate]:
    """`asked`, the calls of a run from points of its own, and the `calls` that are told times 0.999 and 1.001; `sample` and `v_prediction`, the largest
    change of what is generated where a network answers in that kind, and `little`, 1e-10; `size`, the root mean square over a period of what a perturbation
    of 0.02 adds, and 0.02 times 0.999 and 1.001.
    """
    made = build_sampler(sampler, "linear", 1000, steps, **options)
    exact = ExactPredictor(build_data(data), made.schedule)
    x = torch.linspace(-2.0, 2.0, _POINTS, dtype=torch.float64)
    asked = 0

    def counted(at: Tensor, t: Any) -> Tensor:
        nonlocal asked
        asked += 1
        return exact(at, t)

    plain = made.sample(counted, x)
    found = {"asked": Estimate(float(asked), 0.0, "a run"), "little": Estimate(_LITTLE, 0.0, "declared")}
    for kind in ("sample", "v_prediction"):

        def answer(at: Tensor, t: Tensor, kind: str = kind) -> Tensor:
            time = t + 1  # networks count from 0
            alpha, sigma, noise = made.schedule.alpha(time).to(at), made.schedule.sigma(time).to(at), exact(at, time)
            image = (at - sigma * noise) / alpha
            return image if kind == "sample" else alpha * noise - sigma * image

        change = (made.sample(Predictor.from_network(answer, made.schedule, kind), x) - plain).abs().max()
        found[kind] = Estimate(float(change), 0.0, "a run")
    wave = torch.arange(_WAVES, dtype=torch.float64) * (2 * math.pi / 3 / _WAVES)  # a period of the frequency 3
    added = PerturbedPredictor(exact, _OFF)(wave, 500.0) - exact(wave, 500.0)
    found["size"] = Estimate(float(added.square().mean().sqrt()), 0.0, "equal points of a period")
    for name, told in (("calls", made.calls), ("told", _OFF)):
        found |= {f"less {name}": Estimate((1 - _NEAR) * told, 0.0, "declared"), f"more {name}": Estimate((1 + _NEAR) * told, 0.0, "declared")}
    return found
