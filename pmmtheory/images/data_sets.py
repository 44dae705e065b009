"""Sets of images: the digits that come with scikit-learn, and files that the user has."""

from __future__ import annotations

import gzip
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from pmmtheory.errors import InvalidParameter, choice
from pmmtheory.numerics.bundled import bundled
from pmmtheory.numerics.finite import all_finite

_PARTS = {"train": "train", "test": "t10k"}


@dataclass(frozen=True)
class ImageSet:
    """Images and what they show.

    Attributes
    ----------
    name : str
    images : Tensor of shape (n, channels, height, width)
        In float32, from -1 (black) to 1.
    labels : Tensor of shape (n,), or None where they are not known
        Whole numbers.
    """

    name: str
    images: Tensor
    labels: Tensor | None = None

    def __post_init__(self) -> None:
        if not isinstance(self.name, str):
            raise InvalidParameter("name", self.name, "a string")
        if not isinstance(self.images, Tensor) or self.images.ndim != 4 or not all_finite(self.images):
            raise InvalidParameter("images", getattr(self.images, "shape", self.images), "finite numbers of shape (n, channels, height, width)")
        if self.labels is not None and (not isinstance(self.labels, Tensor) or self.labels.shape != self.images.shape[:1]):
            raise InvalidParameter("labels", getattr(self.labels, "shape", self.labels), "a tensor of one number an image, or None")

    def __len__(self) -> int:
        return len(self.images)

    @property
    def fingerprint(self) -> str:
        """Eight bytes, in hexadecimal, of a hash of the images."""
        return sha256(self.images.numpy().tobytes()).hexdigest()[:16]

    def flat(self, dtype: torch.dtype = torch.float64) -> Tensor:
        """The images as points of R^d, of shape (n, d)."""
        return self.images.flatten(1).to(dtype)


def load_images(source: str | Path = "digits", part: str = "train") -> ImageSet:
    """A set of images.

    Parameters
    ----------
    source : str or path
        "digits": 1,797 digits of 8 x 8 points from scikit-learn, of which every fifth is kept for tests. Or a folder with files of MNIST's names and
        format (train-images-idx3-ubyte, train-labels-idx1-ubyte, t10k-...; .gz or not). Or a file of numpy, .npy, with whole numbers from 0 to 255 of
        shape (n, height, width) or (n, height, width, channels), which has one part alone.
    part : "train" or "test"

    Raises
    ------
    InvalidParameter
        Naming `source` where there is no such file, or it holds something else, or `part`.

    Examples
    --------
    >>> load_images("digits").images.shape
    torch.Size([1438, 1, 8, 8])
    >>> len(load_images("digits", part="test"))
    359
    """
    choice("part", part, _PARTS)
    if not isinstance(source, str | Path):
        raise InvalidParameter("source", source, "a name or a path")
    if str(source) == "digits":
        return _digits(part)
    path = Path(source).expanduser()
    if path.is_dir():
        pixels = _idx(_found(path, f"{_PARTS[part]}-images-idx3-ubyte"), 3)
        labels = _idx(_found(path, f"{_PARTS[part]}-labels-idx1-ubyte"), 1)
        if len(labels) != len(pixels):
            raise InvalidParameter("source", str(source), f"as many labels as images, not {len(labels)} for {len(pixels)}")
        return ImageSet(path.resolve().name, _scaled(pixels, 255), torch.as_tensor(labels.astype(np.int64)))
    if path.is_file() and path.suffix == ".npy":
        if part != "train":
            raise InvalidParameter("part", part, '"train", for a single file')
        return ImageSet(path.stem, _scaled(_array(path), 255))
    raise InvalidParameter("source", str(source), '"digits", a folder with files of the names of MNIST, or a .npy file')


def fingerprint(source: str | Path, part: str = "train") -> str:
    """The fingerprint of the images that a source holds.

    Examples
    --------
    >>> len(fingerprint("digits")), fingerprint("digits") == fingerprint("digits", part="test")
    (16, False)
    """
    return load_images(source, part).fingerprint


def _digits(part: str) -> ImageSet:
    pixels, digits = bundled("digits")
    test = np.arange(len(digits)) % 5 == 4
    chosen = test if part == "test" else ~test
    return ImageSet("digits", _scaled(pixels[chosen].reshape(-1, 8, 8), 16), torch.as_tensor(digits[chosen]))


def _scaled(pixels: np.ndarray, most: int) -> Tensor:
    images = torch.as_tensor(pixels.astype(np.float32)) * (2 / most) - 1
    return images[:, None] if images.ndim == 3 else images.movedim(-1, 1).contiguous()


def _found(folder: Path, name: str) -> Path:
    for path in (folder / name, folder / f"{name}.gz"):
        if path.is_file():
            return path
    raise InvalidParameter("source", str(folder), f"a folder with the file {name}, or {name}.gz")


def _idx(path: Path, ndim: int) -> np.ndarray:
    """The array in a file of the format of MNIST: two zeros, the code of bytes (8), the number of axes, their lengths, and the bytes."""
    try:
        content = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
    except (OSError, EOFError) as error:
        raise InvalidParameter("source", str(path), f"a file that can be read: {error}") from None
    shape = tuple(int.from_bytes(content[4 + 4 * i : 8 + 4 * i], "big") for i in range(ndim))
    if content[:4] != bytes((0, 0, 8, ndim)) or len(content) != 4 + 4 * ndim + int(np.prod(shape)):
        raise InvalidParameter("source", str(path), f"a whole file of bytes in the format of MNIST, with {ndim} axes")
    return np.frombuffer(content, np.uint8, offset=4 + 4 * ndim).reshape(shape)


def _array(path: Path) -> np.ndarray:
    try:
        pixels: np.ndarray = np.load(path, allow_pickle=False)
    except (OSError, ValueError) as error:
        raise InvalidParameter("source", str(path), f"a .npy file that can be read: {error}") from None
    if pixels.ndim not in (3, 4) or pixels.dtype != np.uint8 or not len(pixels):
        allowed = "whole numbers from 0 to 255 (uint8) of shape (n, height, width) or (n, height, width, channels)"
        raise InvalidParameter("source", f"{pixels.dtype} of shape {pixels.shape}", allowed)
    return pixels
