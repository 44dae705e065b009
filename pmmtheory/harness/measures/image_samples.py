"""How far images that a sampler generates are from real ones: by features, with the noise of finite sets, at counted network calls."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from pmmtheory.divergences import Estimate
from pmmtheory.errors import count as whole_count
from pmmtheory.harness.image_distances import distances, known_content, noised
from pmmtheory.harness.samplers import build_sampler
from pmmtheory.images import EmpiricalDiffusion, load_features, load_network
from pmmtheory.noise.schedule import NoiseSchedule
from pmmtheory.particles.simulate import stream
from pmmtheory.schedulers import NoiseFunction, Predictor, Scheduler


def measure(
    device: str,
    images: str,
    sampler: str,
    steps: int,
    count: int,
    network: str = "",
    features: str = "",
    seed: int = 0,
    spacing: str = "uniform",
    end: int = 0,
    content: str = "",
    checkpoints: str = "",
    **options: Any,
) -> dict[str, Estimate]:
    """The distances of image_distances to the images for training, the expected `calls`, and `asked`: the counted calls about an image.

    images, content : a set, see load_images, and its fingerprint where it is a file's.
    count : how many images are generated; every one has random times of its own, so that they are independent.
    network : a trained network, see load_network; without one, the exact score of the images for training.
    features : a net, see load_features; without one there is `pixels` alone.
    spacing : "log-snr" down to the data has its last inner time at the first training time.
    end : where it is above 0, samples are compared with noised images.
    checkpoints : the hash of the networks that are named, see checkpoint_hash.
    """
    names = [f"{kind}-{name}" for kind, name in (("network", network), ("features", features)) if name]
    real = known_content(images, content, checkpoints, *names).images.to(device)
    made = _sampler(sampler, steps, spacing, end, options)
    predictor = _Counting(load_network(network, device) if network else EmpiricalDiffusion(real, made.schedule))
    x = torch.randn(whole_count("count", count), *real.shape[1:], generator=stream(seed, 1 << 21, device), device=device)
    found = made.sample(predictor, x, seed, independent=True)
    net = load_features(features, device) if features else None
    asked = {"calls": Estimate(made.calls, 0.0, "expected"), "asked": Estimate(predictor.asked / len(x), 0.0, "counted")}
    return distances(found, noised(real, made.schedule, end, 0), net, clipped=end == 0) | asked


class _Counting(Predictor):
    """A predictor that counts the points that it is asked about."""

    def __init__(self, predictor: NoiseFunction):
        self.predictor, self.asked = predictor, 0

    def __call__(self, x: Tensor, t: Any) -> Tensor:
        self.asked += len(x)
        return self.predictor(x, t)


def _sampler(sampler: str, steps: int, spacing: str, end: int, options: dict[str, Any]) -> Scheduler:
    if spacing == "log-snr" and end == 0:
        times = [*NoiseSchedule.linear().times(steps - 1, spacing, 1), 0.0]
        return build_sampler(sampler, "linear", 1000, None, times=times, **options)
    return build_sampler(sampler, "linear", 1000, steps, spacing=spacing, end=end, **options)
