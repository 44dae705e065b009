"""Images of a folder or a file, a part at a time."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from pmmtheory.errors import InvalidParameter

_PICTURES = (".png", ".jpg", ".jpeg", ".webp", ".bmp")


def read_images(source: str | Path, most: int | None = None, batch: int = 64) -> Iterator[Tensor]:
    """Images from -1 to 1 in float32, in parts of shape (n, channels, height, width), in the order of the names of their files.

    Parameters
    ----------
    source : str or path
        A .npy file with whole numbers from 0 to 255 (uint8) of shape (n, height, width) or (n, height, width, channels), or a folder of such files,
        or of pictures (png, jpg, webp, bmp) of one size.
    most : int, optional
        Where to stop.
    batch : int
        Images a part at most.

    Raises
    ------
    InvalidParameter
        Naming `source` where there are no images, or of two sizes, or a file cannot be read.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as place:
    ...     np.save(f"{place}/0.npy", np.full((5, 8, 8), 255, np.uint8))
    ...     [tuple(part.shape) for part in read_images(place, batch=3)], float(next(read_images(place)).min())
    ([(3, 1, 8, 8), (2, 1, 8, 8)], 1.0)
    """
    path = Path(source).expanduser()
    shape: tuple[int, ...] | None = None
    left = most
    for pixels in _arrays(path) if _files(path, (".npy",)) else _pictures(path, batch):
        if shape not in (None, pixels.shape[1:]):
            raise InvalidParameter("source", str(source), f"images of one shape, not {shape} and {pixels.shape[1:]}")
        shape = pixels.shape[1:]
        for first in range(0, len(pixels), batch):
            if left == 0:
                return
            part = pixels[first : first + (batch if left is None else min(batch, left))]
            left = None if left is None else left - len(part)
            yield torch.as_tensor(np.array(part, dtype=np.float32)).movedim(-1, 1).contiguous() * (2 / 255) - 1
    if shape is None:
        raise InvalidParameter("source", str(source), "a .npy file, or a folder of .npy files or of pictures")


def _files(path: Path, endings: tuple[str, ...]) -> list[Path]:
    if path.is_file():
        return [path] if path.suffix in endings else []
    return sorted(one for one in path.iterdir() if one.suffix.lower() in endings) if path.is_dir() else []


def _arrays(path: Path) -> Iterator[np.ndarray]:
    for file in _files(path, (".npy",)):
        try:
            pixels: np.ndarray = np.load(file, mmap_mode="r", allow_pickle=False)
        except (OSError, ValueError) as error:
            raise InvalidParameter("source", str(file), f"a .npy file that can be read: {error}") from None
        if pixels.dtype != np.uint8 or pixels.ndim not in (3, 4):
            raise InvalidParameter("source", str(file), f"uint8 of three or four axes, not {pixels.dtype} of shape {pixels.shape}")
        yield pixels[..., None] if pixels.ndim == 3 else pixels


def _pictures(path: Path, batch: int) -> Iterator[np.ndarray]:
    files = _files(path, _PICTURES)
    for first in range(0, len(files), batch):
        part = [_picture(file) for file in files[first : first + batch]]
        if len({one.shape for one in part}) > 1:
            raise InvalidParameter("source", str(path), f"images of one shape, not {' and '.join(map(str, sorted({one.shape for one in part})))}")
        yield np.stack(part)


def _picture(file: Path) -> np.ndarray:
    from PIL import Image

    try:
        with Image.open(file) as picture:
            pixels = np.asarray(picture if picture.mode == "L" else picture.convert("RGB"))
    except OSError:
        raise InvalidParameter("source", str(file), "a picture that can be read") from None
    return pixels[..., None] if pixels.ndim == 2 else pixels
