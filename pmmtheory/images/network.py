"""A small U-Net that predicts the noise in images, with an architecture for their shape."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Self

import torch
from torch import Tensor, nn
from torch.nn.functional import pad, pixel_shuffle, pixel_unshuffle

from pmmtheory.errors import InvalidParameter, count, fits, reals
from pmmtheory.images.checkpoints import as_record, kept
from pmmtheory.images.shapes import image_shape
from pmmtheory.noise.schedule import NoiseSchedule
from pmmtheory.numerics.devices import known_device

LEVELS = 2

_SINGLE = 4
"""Bytes of a number in single precision."""


@dataclass(frozen=True)
class Architecture:
    """What a NoiseNetwork is built from.

    Attributes
    ----------
    shape : tuple (channels, height, width)
        Of one image.
    patch : int
        The side of the squares of points that are one place of the U-Net, all their values as its channels.
    widths : tuple of LEVELS ints
        Channels of the U-Net at each of its resolutions, multiples of 16; the lowest has attention.
    layers : int
        Residual blocks at each resolution.
    """

    shape: tuple[int, int, int]
    patch: int = 1
    widths: tuple[int, int] = (32, 96)
    layers: int = 1

    def __post_init__(self) -> None:
        allowed = f"{LEVELS} multiples of 16"
        widths = tuple(count("widths", width, 16) for width in reals("widths", self.widths, allowed))
        if len(widths) != LEVELS or any(width % 16 for width in widths):
            raise InvalidParameter("widths", self.widths, allowed)
        # frozen: lists and whole floats are kept as the tuples of ints that they stand for
        counts = {name: count(name, getattr(self, name)) for name in ("patch", "layers")}
        for name, value in {"shape": image_shape(self.shape), "widths": widths, **counts}.items():
            object.__setattr__(self, name, value)
        block = 18 * sum(width**2 for width in widths)
        fits("widths", self.widths, block, _SINGLE)
        fits("layers", self.layers, block * self.layers, _SINGLE)
        fits("shape", self.shape, 18 * self.shape[0] * widths[0], _SINGLE)
        fits("patch", self.patch, 18 * self.shape[0] * self.patch**2 * widths[0], _SINGLE)

    @classmethod
    def of(cls, shape: tuple[int, int, int]) -> Self:
        """One for images of a shape: places are single points up to 16 x 16, else squares of points, so that there are 16 x 16 places at most.

        Examples
        --------
        >>> Architecture.of((1, 28, 28))
        Architecture(shape=(1, 28, 28), patch=2, widths=(32, 96), layers=1)
        """
        shape, patch = image_shape(shape), 1
        while max(shape[1:]) > 16 * patch:
            patch *= 2
        return cls(shape, patch, (32, 96))

    @property
    def margins(self) -> tuple[int, int]:
        """Rows and columns added below and on the right, so that every resolution has whole places."""
        unit = self.patch * 2 ** (LEVELS - 1)
        return -self.shape[1] % unit, -self.shape[2] % unit


class NoiseNetwork(nn.Module):
    """A U-Net of the diffusers library as a noise predictor: network(x, t) is the noise in x, of shape (n, channels, height, width).

    Training times t go from 1 to N as everywhere in pmmtheory, whole or not; the U-Net itself is told t - 1, as networks of that library are.
    Answers have the dtype of x, but come from a network in single precision. A sampler takes it as it is: DDIM(network.schedule, 50).sample(network, x).

    Parameters
    ----------
    architecture : Architecture
    schedule : NoiseSchedule, optional
        Of the times that it is trained for.
    record : dict, optional
        How it was made.

    Raises
    ------
    InvalidParameter
        Naming `architecture`, `schedule` or `record`.
    ImportError
        With the command that installs the diffusers library, where it is missing.
    """

    def __init__(self, architecture: Architecture, schedule: NoiseSchedule | None = None, record: dict[str, Any] | None = None):
        super().__init__()
        if not isinstance(architecture, Architecture):
            raise InvalidParameter("architecture", architecture, "an Architecture, e.g. Architecture.of((1, 28, 28))")
        if schedule is not None and not isinstance(schedule, NoiseSchedule):
            raise InvalidParameter("schedule", schedule, "a NoiseSchedule, e.g. NoiseSchedule.linear(), or None")
        self.record = as_record(record)
        if find_spec("diffusers") is None:
            raise ImportError("pmmtheory.images.NoiseNetwork needs the diffusers library: pip install pmmtheory[diffusion]")
        import diffusers

        self.architecture, self.schedule = architecture, schedule or NoiseSchedule.linear()
        channels, below, right = architecture.shape[0] * architecture.patch**2, *architecture.margins
        library: Any = diffusers
        self.unet: Any = library.UNet2DModel(
            sample_size=((architecture.shape[1] + below) // architecture.patch, (architecture.shape[2] + right) // architecture.patch),
            in_channels=channels,
            out_channels=channels,
            block_out_channels=architecture.widths,
            layers_per_block=architecture.layers,
            down_block_types=("DownBlock2D", "AttnDownBlock2D"),
            up_block_types=("AttnUpBlock2D", "UpBlock2D"),
            norm_num_groups=8,
            attention_head_dim=16,
        )

    @property
    def parameter_count(self) -> int:
        """The number of its parameters."""
        return sum(p.numel() for p in self.parameters())

    def forward(self, x: Tensor, t: Any) -> Tensor:
        """The noise in x at training time t: a number, or a tensor with one number or with one for each image."""
        shape = self.architecture.shape
        if x.ndim != 4 or tuple(x.shape[1:]) != shape:
            raise InvalidParameter("x", tuple(x.shape), f"a batch of images, of shape (n, {', '.join(map(str, shape))})")
        if not len(x):
            return torch.zeros_like(x)
        times, own = self._times(x, t), next(self.parameters()).dtype
        below, right = self.architecture.margins
        places = pixel_unshuffle(pad(x.to(own), (0, right, 0, below)), self.architecture.patch)
        answer: Tensor = pixel_shuffle(self.unet(places, times - 1).sample, self.architecture.patch)
        return answer[:, :, : shape[1], : shape[2]].to(x.dtype)

    def _times(self, x: Tensor, t: Any) -> Tensor:
        times = torch.as_tensor(t, dtype=torch.float32, device=x.device).reshape(-1)
        if len(times) not in (1, len(x)):
            raise InvalidParameter("t", tuple(times.shape), f"one training time, or one for each of the {len(x)} images")
        if not bool(((times >= 1) & (times <= self.schedule.size)).all()):
            raise InvalidParameter("t", [float(times.min()), float(times.max())], f"training times from 1 to {self.schedule.size}")
        return times.expand(len(x))


def load_network(source: str | Path = "digits", device: str = "cpu") -> NoiseNetwork:
    """A trained network, ready for sampling: `network(x, t)` is the predictor of every scheduler, `network.schedule` its schedule.

    Parameters
    ----------
    source : "digits", "mnist", or a file written by `python -m pmmtheory.images.train network`
        For images of shape (1, 8, 8) and (1, 28, 28), from -1 to 1. `network.record` says how it was made.
    device : str

    Raises
    ------
    InvalidParameter
        Naming `source` where there is no such network, or `device`.
    ImportError
        With the command that installs the diffusers library, where it is missing.
    """
    place = known_device(device)
    record, weights = kept(source, "network")
    plain: dict[str, Any] = {name: tuple(v) if isinstance(v, list) else v for name, v in record["architecture"].items()}
    built = Architecture(**plain)
    network = NoiseNetwork(built, NoiseSchedule.linear(record["schedule"]["size"]), record)
    network.load_state_dict({name: value.float() for name, value in weights.items()})
    return network.requires_grad_(False).eval().to(place)


def described(network: NoiseNetwork) -> dict[str, Any]:
    """What load_network builds it from."""
    plain = {name: list(v) if isinstance(v, tuple) else v for name, v in asdict(network.architecture).items()}
    return {"architecture": plain, "schedule": {"name": "linear", "size": network.schedule.size}, "parameters": network.parameter_count}


def noise_loss(network: NoiseNetwork, images: Tensor, generator: torch.Generator) -> Tensor:
    """The mean square of noise less predicted noise, over uniform training times. Source: Ho et al. 2020 (arXiv 2006.11239), eq. 14."""
    schedule = network.schedule
    times = torch.randint(1, schedule.size + 1, (len(images),), generator=generator, device=images.device)
    noise = torch.randn(images.shape, generator=generator, device=images.device)
    alpha, sigma = (level(times.double()).to(images.dtype).reshape(-1, 1, 1, 1) for level in (schedule.alpha, schedule.sigma))
    loss: Tensor = (network(alpha * images + sigma * noise, times) - noise).square().mean()
    return loss


@torch.no_grad()
def mean_loss(network: NoiseNetwork, images: Tensor, generator: torch.Generator, batches: int = 40) -> tuple[float, float]:
    """noise_loss over batches of 100 of the images, and its standard error."""
    chosen = (torch.randint(len(images), (100,), generator=generator, device=images.device) for _ in range(batches))
    losses = torch.tensor([float(noise_loss(network, images[some], generator)) for some in chosen], dtype=torch.float64)
    return float(losses.mean()), float(losses.std()) / math.sqrt(batches)
