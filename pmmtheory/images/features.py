"""Small classifiers, whose last hidden layer says in some tens of numbers what an image shows."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from pmmtheory.errors import InvalidParameter, count, fits
from pmmtheory.images.checkpoints import as_record, kept
from pmmtheory.images.shapes import image_shape
from pmmtheory.numerics.devices import known_device
from pmmtheory.numerics.finite import all_finite

_SINGLE = 4
"""Bytes of a number in single precision."""


class FeatureNet(nn.Module):
    """A classifier with two convolutions and one hidden layer, whose `size` numbers are the features.

    Distances between sets of images are measured on such features, and named by the net: they are no FID, and numbers from two nets do not compare.

    Parameters
    ----------
    shape : tuple (channels, height, width)
        Of one image, at least 4 points high and wide.
    classes : int
    size : int
        The number of features.
    record : dict, optional
        How it was made.

    Examples
    --------
    >>> net = FeatureNet((1, 8, 8), classes=10)
    >>> images = torch.zeros(3, 1, 8, 8)
    >>> net(images).shape, net.features(images).shape
    (torch.Size([3, 10]), torch.Size([3, 64]))
    """

    centre: Tensor
    scale: Tensor

    def __init__(self, shape: tuple[int, int, int], classes: int = 10, size: int = 64, record: dict[str, Any] | None = None):
        super().__init__()
        self.shape, self.classes, self.size, self.record = image_shape(shape, 4), count("classes", classes, 2), count("size", size), as_record(record)
        channels, inner = self.shape[0], 64 * (self.shape[1] // 4) * (self.shape[2] // 4)
        fits("shape", shape, 32 * 9 * channels + inner, _SINGLE)
        fits("size", size, inner * self.size, _SINGLE)
        fits("classes", classes, self.size * self.classes, _SINGLE)
        self.body = nn.Sequential(
            nn.Conv2d(channels, 32, 3, padding=1),
            nn.GELU(),
            nn.MaxPool2d(2),
            nn.Conv2d(32, 64, 3, padding=1),
            nn.GELU(),
            nn.MaxPool2d(2),
            nn.Flatten(),
            nn.Linear(inner, self.size),
        )
        self.head = nn.Sequential(nn.GELU(), nn.Linear(self.size, self.classes))
        self.register_buffer("centre", torch.zeros(self.size))
        self.register_buffer("scale", torch.ones(self.size))

    @property
    def name(self) -> str:
        """What its distances are called by."""
        return f"{self.record.get('data', 'untrained')}-cnn{self.size}"

    def forward(self, images: Tensor) -> Tensor:
        """The logits of the classes, of shape (n, classes)."""
        answer: Tensor = self.head(self.body(self._checked(images)))
        return answer

    @torch.no_grad()
    def features(self, images: Tensor, batch: int = 500) -> Tensor:
        """The hidden layer before its nonlinearity, of shape (n, size), in double precision, on the device of the images.

        Each feature less its mean over the images that were learned, over its standard deviation there.

        Raises
        ------
        InvalidParameter
            Naming `images` where their shape is another, or they are not finite.
        """
        images = self._checked(images)
        if not all_finite(images):
            raise InvalidParameter("images", "NaN or infinite values", "finite images")
        weights = next(self.parameters())
        parts = [(self.body(part.to(weights.device, weights.dtype)) - self.centre) / self.scale for part in images.split(batch) if len(part)]
        return torch.cat(parts).to(images.device, torch.float64) if parts else torch.zeros(0, self.size, dtype=torch.float64, device=images.device)

    def standardise(self, images: Tensor) -> None:
        """Measure features from now on against their means and standard deviations over these images."""
        found = self.features(images).to(self.centre)
        self.centre += self.scale * found.mean(0)
        self.scale *= found.std(0).clamp_min(torch.finfo(torch.float16).tiny)

    def _checked(self, images: Tensor) -> Tensor:
        if not isinstance(images, Tensor) or images.ndim != 4 or tuple(images.shape[1:]) != self.shape:
            given = tuple(images.shape) if isinstance(images, Tensor) else images
            raise InvalidParameter("images", given, f"a batch of images, of shape (n, {', '.join(map(str, self.shape))})")
        return images


def load_features(source: str | Path = "digits", device: str = "cpu") -> FeatureNet:
    """A trained classifier in eval mode; `record["accuracy"]` is the share of test images that it names right.

    Parameters
    ----------
    source : "digits", "mnist", or a file written by `python -m pmmtheory.images.train features`
        For images of shape (1, 8, 8) and (1, 28, 28), from -1 to 1.
    device : str

    Raises
    ------
    InvalidParameter
        Naming `source` where there is no such net, or `device`.

    Examples
    --------
    >>> from pmmtheory.images import load_images
    >>> net = load_features("digits")
    >>> net.name
    'digits-cnn64'
    >>> net.features(load_images("digits", part="test").images).shape
    torch.Size([359, 64])
    """
    place = known_device(device)
    record, weights = kept(source, "features")
    channels, height, width = record["shape"]
    net = FeatureNet((channels, height, width), record["classes"], record["size"], record)
    net.load_state_dict({name: value.float() for name, value in weights.items()})
    return net.requires_grad_(False).eval().to(place)


def label_loss(net: FeatureNet, images: Tensor, labels: Tensor) -> Tensor:
    """The mean cross entropy of the labels."""
    return cross_entropy(net(images), labels)


@torch.no_grad()
def accuracy(net: FeatureNet, images: Tensor, labels: Tensor) -> float:
    """The share of images whose most likely class is their label."""
    right = sum(int((net(part).argmax(1) == of).sum()) for part, of in zip(images.split(500), labels.split(500), strict=True))
    return right / len(images)
