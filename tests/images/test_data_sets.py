"""Sets of images as they are read."""

from __future__ import annotations

import gzip
from pathlib import Path

import numpy as np
import pytest
import torch

from pmmtheory.errors import InvalidParameter
from pmmtheory.images import load_images

PIXELS = np.random.default_rng(0).integers(0, 256, (5, 3, 4), dtype=np.uint8)
LABELS = np.arange(5, dtype=np.uint8)


def idx(array: np.ndarray) -> bytes:
    return bytes((0, 0, 8, array.ndim)) + b"".join(length.to_bytes(4, "big") for length in array.shape) + array.tobytes()


def test_digits_are_divided_into_two_parts() -> None:
    train, test = load_images(), load_images(part="test")
    assert len(train) + len(test) == 1797 and train.name == "digits"
    assert train.images.dtype == torch.float32 and train.images.min() == -1 and train.images.max() == 1
    assert train.flat().shape == (1438, 64)
    assert not (train.flat()[:, None] == test.flat()[None, :20]).all(-1).any()
    assert sorted(test.labels.unique().tolist()) == list(range(10))


@pytest.mark.parametrize("packed", [False, True])
def test_files_of_the_names_of_mnist(tmp_path: Path, packed: bool) -> None:
    for name, array in (("train-images-idx3-ubyte", PIXELS), ("train-labels-idx1-ubyte", LABELS)):
        content = idx(array)
        (tmp_path / (f"{name}.gz" if packed else name)).write_bytes(gzip.compress(content) if packed else content)
    found = load_images(tmp_path)
    assert found.images.shape == (5, 1, 3, 4) and found.labels.tolist() == [0, 1, 2, 3, 4]
    assert np.array_equal(np.rint((found.images[:, 0].numpy() + 1) * 127.5), PIXELS)
    with pytest.raises(InvalidParameter, match="t10k-images-idx3-ubyte"):
        load_images(tmp_path, part="test")


def test_colour_images_of_an_array(tmp_path: Path) -> None:
    colour = np.random.default_rng(1).integers(0, 256, (6, 4, 5, 3), dtype=np.uint8)
    np.save(tmp_path / "own.npy", colour)
    found = load_images(tmp_path / "own.npy")
    assert found.images.shape == (6, 3, 4, 5) and found.labels is None and found.name == "own"
    assert np.array_equal(np.rint((found.images[2, 1].numpy() + 1) * 127.5), colour[2, :, :, 1])


@pytest.mark.parametrize("content", [idx(PIXELS)[:-1], b"GIF89a", idx(PIXELS.reshape(5, 12)), b""])
def test_other_files_are_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "train-images-idx3-ubyte").write_bytes(content)
    (tmp_path / "train-labels-idx1-ubyte").write_bytes(idx(LABELS))
    with pytest.raises(InvalidParameter, match="source.*format of MNIST"):
        load_images(tmp_path)


def test_wrong_sources_are_named(tmp_path: Path) -> None:
    np.save(tmp_path / "own.npy", PIXELS.astype(float))
    (tmp_path / "text.npy").write_text("no array")
    for source, word in ((tmp_path / "none", "source"), (tmp_path / "own.npy", "uint8"), (tmp_path / "text.npy", "can be read")):
        with pytest.raises(InvalidParameter, match=word):
            load_images(source)
    with pytest.raises(InvalidParameter, match="part"):
        load_images("digits", part="validation")
    np.save(tmp_path / "good.npy", PIXELS)
    with pytest.raises(InvalidParameter, match="part"):
        load_images(tmp_path / "good.npy", part="test")
