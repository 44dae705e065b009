"""Noise predictors and the dynamics that they drive, next to their formulas and to plain loops."""

from __future__ import annotations

from math import pi, sin, sqrt
from types import SimpleNamespace
from typing import Any

import numpy as np
import torch
from torch import Tensor

from experiments.measures._arrays import Pairs, all_apart, moments, refused
from experiments.measures._routes import compared, held
from pmmtheory.dynamics import NoisePrediction
from pmmtheory.dynamics.conditioning import both, for_each
from pmmtheory.dynamics.predictor import ExactPredictor, NoisyPredictor, PerturbedPredictor, Predictor
from pmmtheory.dynamics.remembering_prediction import RememberingPrediction
from pmmtheory.estimate import Estimate
from pmmtheory.noise.coefficients import variant_named
from pmmtheory.noise.levels import Numbers
from pmmtheory.noise.schedule import NoiseSchedule
from pmmtheory.targets import Gaussian

_SIZE = 20
_BETAS = np.linspace(0.02, 0.3, _SIZE)
_TIMES = (20, 15, 9, 4, 0)
_POINTS = np.array([[0.4, -1.2], [0.9, 0.3], [-0.6, 1.7]])
_MEAN, _COVARIANCE = np.array([0.7, -0.2]), np.array([[0.6, 0.2], [0.2, 1.1]])


@compared
def measure(device: str) -> dict[str, Estimate]:
    """Exact, perturbed and noisy predictors, networks, and the steps of their dynamics."""
    found = all_apart(
        {
            "exact, perturbed and noisy predictors": _predictors,
            "networks, with guidance, in every kind": _networks,
            "times that networks are told": _told,
            "steps over several times of a schedule": _steps,
            "predictions that are remembered": _remembered,
        }
    )
    return held(found)


def _level(t: float) -> tuple[float, float]:
    """alpha and sigma at a training time."""
    alpha = float(np.exp(np.interp(t, np.arange(_SIZE + 1), np.cumsum(np.append(0.0, 0.5 * np.log(1 - _BETAS))))))
    return alpha, sqrt(1 - alpha**2)


def exact_noise(x: Numbers, t: float) -> Numbers:
    """The mean of the noise in x of the data, by their joint normal law."""
    alpha, sigma = _level(t)
    return np.asarray(sigma * np.linalg.solve(alpha**2 * _COVARIANCE + sigma**2 * np.eye(2), (x - alpha * _MEAN).T).T, np.float64)


def _exact() -> ExactPredictor:
    return ExactPredictor(Gaussian(_MEAN, _COVARIANCE), NoiseSchedule(_BETAS))


def _predictors() -> Pairs:
    x, exact, t = torch.tensor(_POINTS), exact_noise(_POINTS, 7.5), 7.5
    wave = np.vectorize(sin)(2.5 * _POINTS + 2 * pi * t / _SIZE)
    perturbed = {"wave": exact + 0.3 * sqrt(2) * wave, "shift": exact + 0.3, "scale": 1.3 * exact}
    pairs: list[tuple[Any, Any]] = [(_exact()(x, t), exact), (_exact()(x, torch.full((3, 1), t, dtype=torch.float64)), exact)]
    pairs += [(PerturbedPredictor(_exact(), 0.3, kind, 2.5)(x, t), expected) for kind, expected in perturbed.items()]
    pairs += [(PerturbedPredictor(_exact(), 0.3)(x, t), exact + 0.3 * sqrt(2) * np.sin(3 * _POINTS + 2 * pi * t / _SIZE))]
    generator = torch.Generator().manual_seed(11)
    noisy, answers = (
        NoisyPredictor(_exact(), 0.4, seed=11),
        [exact + 0.4 * torch.randn(3, 2, generator=generator, dtype=torch.float64).numpy() for _ in range(2)],
    )
    return [*pairs, ([noisy(x, t), noisy(x, t)], answers)]


def _networks() -> Pairs:
    """Networks whose answer is the data, v, or the noise with a label added: with guidance g the label counts g times."""
    x, labels, schedule = torch.tensor(_POINTS), torch.tensor([0.3, -0.5, 1.1], dtype=torch.float64), NoiseSchedule(_BETAS)
    noise, t = exact_noise(_POINTS, 8.0), 8.0
    alpha, sigma = _level(t)
    data = (_POINTS - sigma * noise) / alpha
    said = {"epsilon": noise, "sample": data, "v_prediction": alpha * noise - sigma * data}
    pairs: list[tuple[Any, Any]] = []
    for kind, output in said.items():
        network = lambda x, time, output=output: torch.tensor(output)  # noqa: E731
        found = Predictor.from_network(network, schedule, kind)
        pairs += [(found(x, t), noise), (found(x, torch.full((3, 1), t)), noise)]

    def labelled(x: Tensor, time: Tensor, label: Tensor) -> Tensor:
        return x * time[:, None] + label[:, None]

    for guidance in (None, 2.5):
        options = {} if guidance is None else {"guidance": guidance, "unconditional": {"label": torch.tensor(0.2, dtype=torch.float64)}}
        told = labels.numpy() if guidance is None else 0.2 + guidance * (labels.numpy() - 0.2)
        found = Predictor.from_network(labelled, schedule, label=labels, **options)  # type: ignore[arg-type]
        pairs += [(found(x, t), _POINTS * 7 + told[:, None])]
    pairs += [
        (both("label", torch.tensor(0.2, dtype=torch.float64), labels, 3), [0.2] * 3 + list(labels)),
        (for_each("label", torch.tensor([0.7], dtype=torch.float64), 2), [0.7, 0.7]),
    ]
    return [*pairs, (both("made", {"b": torch.tensor(2.0)}, {"a": 1.5, "b": labels}, 3)["b"], [2.0] * 3 + list(labels))]


def _told() -> Pairs:
    schedule, x, seen = NoiseSchedule(_BETAS), torch.tensor(_POINTS), list[Any]()

    def network(x: Tensor, time: Tensor) -> Any:
        seen.append((time, time.ndim, time.dtype.is_floating_point))
        return SimpleNamespace(sample=x) if len(seen) % 2 else (x, None)

    own = torch.tensor([[3.0], [4.5], [20.0]], dtype=torch.float64)
    for options in ({}, {"zero_based": False}, {"times": "scalar"}):
        Predictor.from_network(network, schedule, **options)(x, 8.0)
    Predictor.from_network(network, schedule)(x, own)
    Predictor.from_network(network, schedule)(x, torch.tensor([8.0]))
    expected = [([7] * 3, 1, 0), ([8] * 3, 1, 0), (7, 0, 0), ([2, 3.5, 19], 1, 1), ([7] * 3, 1, 0)]
    early = Predictor.from_network(network, schedule)
    return [(list(seen), [list(entry) for entry in expected]), ([refused(early, x, 1.0), refused(early, x, 0.9)], [0.0, 1.0])]


def _steps() -> Pairs:
    """Of the variant V2 from one time to another, one fine step after another."""
    system = NoisePrediction(_exact(), NoiseSchedule(_BETAS), _TIMES, variant_named("V2"))
    levels = [_level(t) for t in _TIMES]
    fine = []
    for (a_t, s_t), (a_s, s_s) in zip(levels, levels[1:], strict=False):
        beta = 1 - (a_t / a_s) ** 2
        fine.append((a_s / a_t, -a_s / a_t * beta / s_t, sqrt(beta) * s_s / s_t))

    def several(i: int, j: int) -> list[float]:
        whole = [1.0, 0.0, 0.0]
        for a, b, width in fine[i:j]:
            whole = [a * whole[0], a * whole[1] + b, sqrt(a**2 * whole[2] ** 2 + width**2)]
        return whole

    x, point = torch.tensor(_POINTS), torch.tensor(1.0, dtype=torch.float64)
    pairs: list[tuple[Any, Any]] = [(system.length, 4), (system.end, 4), (system.state_shape, [2]), (system.interval(2.0), 2), (system.grain, 1)]
    for i in range(5):
        pairs += [(system.drift(x, float(i)), exact_noise(_POINTS, _TIMES[i]))] if i < 4 else []
        for j in range(i, 5):
            pairs += [([system.transport(j - i, point, i), system.respond(j - i, point, i), system.noise(j - i, i)], several(i, j))]
    starts, lengths = torch.tensor([[0.0], [1.0], [2.0]], dtype=torch.float64), torch.tensor([[3.0], [1.0], [2.0]], dtype=torch.float64)
    expected = np.array([several(0, 3), several(1, 2), several(2, 4)])
    pairs += [(system.transport(lengths, x, starts), expected[:, :1] * _POINTS), (system.respond(lengths, x, starts), expected[:, 1:2] * _POINTS)]
    pairs += [(system.noise(lengths, starts), expected[:, 2]), (system.noise(1.0, starts), [several(i, i + 1)[2] for i in range(3)])]
    pairs += [(system.drift(x, starts), [exact_noise(point, t) for point, t in zip(_POINTS, _TIMES, strict=False)])]
    law, (alpha, sigma) = system.law_at(1.0), _level(15)
    other = system.on(Gaussian(0.5, 2.0))
    moved = sigma * (1.4 - 0.5 * alpha) / (2 * alpha**2 + sigma**2)
    pairs += [(moments(law), [alpha * _MEAN, alpha**2 * _COVARIANCE + sigma**2 * np.eye(2)])]
    return [*pairs, (other.drift(torch.tensor([1.4], dtype=torch.float64), 1.0), moved), (len(other.state_shape), 0)]


def _remembered() -> Pairs:
    """States of a position and what was predicted before it."""
    generator = torch.Generator().manual_seed(3)
    position, first, second = (torch.tensor(_POINTS + shift) for shift in (0.0, 0.3, 0.7))
    pairs: list[tuple[Any, Any]] = []
    for memory in (0, 1, 2):
        system = RememberingPrediction(_exact(), NoiseSchedule(_BETAS), _TIMES, memory=memory)
        state = system.joined(position, [first, second, first])
        kept = [first, second][:memory]
        pairs += [(system.position(state), position), (len(system.remembered(state)), memory), (system.blocks, 1 + memory)]
        pairs += [(state, np.stack([part.numpy() for part in (position, *kept)], 1) if memory else position), ([*system.remembered(state), 0.0], [*kept, 0.0])]
        lifted = system.lift(position, generator)
        pairs += [
            (lifted, np.stack([_POINTS, *[np.zeros_like(_POINTS)] * memory], 1) if memory else _POINTS),
            (system.state_shape, [*[1 + memory] * (memory > 0), 2]),
        ]
    return pairs
