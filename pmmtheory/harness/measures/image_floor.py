"""How far real images are from real ones: what a perfect sampler would score."""

from __future__ import annotations

import torch

from pmmtheory.divergences import Estimate
from pmmtheory.errors import InvalidParameter, choice
from pmmtheory.harness.image_distances import distances, known_content, noised
from pmmtheory.images import load_features, load_images
from pmmtheory.noise.schedule import NoiseSchedule
from pmmtheory.particles.simulate import stream


def measure(
    device: str, images: str, count: int, kind: str = "test", features: str = "", seed: int = 0, end: int = 0, content: str = "", checkpoints: str = ""
) -> dict[str, Estimate]:
    """The distances of image_distances between `count` images and all for training.

    kind : "test", images for tests without repeats, which a network that generalises is to match; or "again", images for training drawn with repeats, which
        is what an exact score of theirs has as its law.
    The rest are those of image_samples.
    """
    choice("kind", kind, ("test", "again"))
    real = known_content(images, content, checkpoints, *([f"features-{features}"] if features else [])).images.to(device)
    generator = stream(seed, 1 << 22, "cpu")
    if kind == "again":
        drawn = real[torch.randint(len(real), (count,), generator=generator).to(device)]
    else:
        held = load_images(images, part="test").images
        if count > len(held):
            raise InvalidParameter("count", count, f"at most {len(held)}, the images for tests")
        drawn = held[torch.randperm(len(held), generator=generator)[:count]].to(device)
    schedule, net = NoiseSchedule.linear(), load_features(features, device) if features else None
    return distances(noised(drawn, schedule, end, seed + 1), noised(real, schedule, end, 0), net, clipped=end == 0)
