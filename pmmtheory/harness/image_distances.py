"""How far images are from the real ones of a set, as numbers of a cell."""

from __future__ import annotations

from hashlib import blake2b, sha256
from pathlib import Path
from typing import TYPE_CHECKING

from pmmtheory.errors import InvalidParameter
from pmmtheory.estimate import Estimate

if TYPE_CHECKING:
    from torch import Tensor

    from pmmtheory.images import FeatureNet, ImageSet, SetDistance
    from pmmtheory.noise.schedule import NoiseSchedule

_SMALL = 256
"""Points of an image up to which a distance of pixels is quick."""

SURE = 1.96
"""Standard errors on each side that hold 95%."""


_kept: dict[tuple[bytes, str], Tensor] = {}
"""Features of the last set."""


def checkpoint_hash(*names: str) -> str:
    """Eight bytes, in hexadecimal, of a hash of trained networks: "network-digits" that come with pmmtheory, or files; torch is not loaded.

    >>> len(checkpoint_hash("network-digits", "features-digits"))
    16
    """
    found = sha256()
    for name in names:
        own = Path(__file__).parents[1] / "images" / "checkpoints" / f"{name}.pt"
        path = own if own.is_file() else Path(name.partition("-")[2]).expanduser()
        if not path.is_file():
            raise InvalidParameter("checkpoint", name, "one that comes with pmmtheory, or a file")
        found.update(sha256(path.read_bytes()).digest())
    return found.hexdigest()[:16]


def known_content(images: str, content: str, checkpoints: str, *names: str) -> ImageSet:
    """The images for training of a set, once it and the networks are known to be those that a cell is about; see load_images."""
    from pmmtheory.images import fingerprint, load_images

    if content and content != fingerprint(images):
        raise InvalidParameter("content", content, f"the fingerprint of {images}, {fingerprint(images)}")
    if checkpoints and checkpoints != checkpoint_hash(*names):
        raise InvalidParameter("checkpoints", checkpoints, f"the hash of {' and '.join(names)}, {checkpoint_hash(*names)}")
    return load_images(images)


def noised(images: Tensor, schedule: NoiseSchedule, end: float, seed: int) -> Tensor:
    """alpha x + sigma Z at a training time, with noise of a seed; the images themselves at 0."""
    import torch

    from pmmtheory.particles.simulate import stream

    if end == 0:
        return images
    noise = torch.randn(images.shape, generator=stream(seed, 1 << 20, str(images.device)), dtype=images.dtype, device=images.device)
    return float(schedule.alpha(end)) * images + float(schedule.sigma(end)) * noise


def distances(made: Tensor, real: Tensor, net: FeatureNet | None, clipped: bool) -> dict[str, Estimate]:
    """`frechet` and `kernel` by the features of a net, if there is one, and `pixels`, the Frechet distance of the values of the points themselves.

    Each has an error that holds with 95%, and its ends as numbers of their own: frechet_low, frechet_high and so on, with which a claim can say "within
    the noise". Frechet distances of finite sets are too large, of equally many images by about as much: compare those. Their error is for the images that
    were made, judged by the real ones as they are (see frechet_to_set); that of `kernel` counts both sets.

    clipped : whether the net sees values within [-1, 1] alone, as a picture has them; `pixels` sees all, and is left out of larger images that have a net.
    """
    from pmmtheory.images import frechet_to_set, kernel_distance

    found: dict[str, Estimate] = {}
    if net is not None:
        x, y = net.features(made.clamp(-1, 1) if clipped else made), _features_of_set(net, real)
        found |= _with_ends("frechet", frechet_to_set(x, y, net.name))
        found |= _with_ends("kernel", kernel_distance(x, y, net.name))
    points, others = made.flatten(1), real.flatten(1)
    if 0.9 * len(points) > points.shape[1] < len(others) and (net is None or points.shape[1] <= _SMALL):
        found |= _with_ends("pixels", frechet_to_set(points, others, "pixels"))
    return found


def _features_of_set(net: FeatureNet, real: Tensor) -> Tensor:
    """net.features(real), kept while the next sets have the same bytes: those of 60,000 images take most of a minute, and many cells ask for them."""
    hashed = blake2b(real.cpu().numpy().tobytes())
    for weights in net.state_dict().values():
        hashed.update(weights.cpu().numpy().tobytes())
    if (key := (hashed.digest(), str(real.device))) not in _kept:
        _kept.clear()
        _kept[key] = net.features(real)
    return _kept[key]


def _with_ends(name: str, distance: SetDistance) -> dict[str, Estimate]:
    """The estimate with its 95%, and both ends."""
    value, half, how = distance.estimate.value, SURE * distance.estimate.error, f"{distance.name}, 95%: {distance.estimate.method}"
    ends = {f"{name}_low": value - half, f"{name}_high": value + half}
    return {name: Estimate.of(value, how, sampling=half)} | {end: Estimate(at, 0.0, how) for end, at in ends.items()}
