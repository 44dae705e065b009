"""Distances of generated images from real ones, by a net that the user names."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from pmmtheory.errors import InvalidParameter
from pmmtheory.images.feature_net import feature_net
from pmmtheory.images.image_folder import ImageFolder, Setting
from pmmtheory.images.read_images import read_images
from pmmtheory.images.scores import scores

MODULE = """
import torch
from torch import nn

class Means(nn.Module):
    name = "means of quarters"
    def forward(self, images):
        return nn.functional.adaptive_avg_pool2d(images, 2)

means = Means()

def brightness(images):
    return images.flatten(1)[:, :3]

def wrong(images):
    return images.sum()

def broken(images):
    return images @ torch.zeros(3, 3)

endless = lambda images: images.flatten(1) / 0
"""


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "own_nets.py").write_text(MODULE)
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))
    return tmp_path


def pixels(n: int, shift: float, seed: int) -> np.ndarray:
    """Grey images whose points are independent: N(128 + shift, 20^2), rounded."""
    draws = np.random.default_rng(seed).normal(128 + shift, 20, (n, 8, 8, 1))
    return np.clip(np.round(draws), 0, 255).astype(np.uint8)


def folder_with(place: Path, **settings: np.ndarray) -> ImageFolder:
    folder = ImageFolder(place, {"batch": 100, "format": "npy"})
    for method, images in settings.items():
        for first in range(0, len(images), 100):
            folder.keep(Setting(method, 10), first // 100, images[first : first + 100], {"network_calls": 10})
    return folder


@pytest.mark.slow
def test_the_distance_of_shifted_images(here: Path) -> None:
    """Means of 16 points have variance 20^2/16: the Gaussians differ by 4 shifts of 2 40/255, and the variances by nothing; the nearer setting scores less."""
    folder_with(here / "out", near=pixels(800, 0, 1), far=pixels(800, 40, 2))
    np.save(here / "real.npy", pixels(900, 0, 3))
    near, far = scores(here / "out", here / "real.npy", feature_net("own_nets:Means"), resamples=40)
    wanted = 4 * (40 * 2 / 255) ** 2
    frechet = far.distances["frechet"]
    assert frechet.name == "Frechet distance on means of quarters"
    assert abs(frechet.estimate.value - wanted) < 4 * frechet.estimate.error + 1e-3
    assert near.distances["frechet"].estimate.value < 0.05 * wanted
    for name in ("frechet", "kernel"):
        assert near.distances[name].interval[1] < far.distances[name].interval[0]
    assert (far.setting, far.images, far.real, far.network_calls) == (Setting("far", 10), 800, 900, 10)


def test_fewer_images_and_one_distance(here: Path) -> None:
    folder_with(here / "out", one=pixels(150, 0, 1))
    (found,) = scores(here / "out", here / "out" / "one-10", feature_net("own_nets:means"), ["frechet"], most=120, resamples=10)
    assert found.images == found.real == 120 and set(found.distances) == {"frechet"}
    assert found.distances["frechet"].estimate.value < 1e-9


@pytest.mark.parametrize("name", ["Means", "means", "brightness"])
def test_nets_and_what_makes_one(here: Path, name: str) -> None:
    net = feature_net(f"own_nets:{name}")
    found = net(torch.zeros(2, 1, 8, 8))
    assert found.shape == (2, 3 if name == "brightness" else 4) and found.dtype == torch.float64
    assert net.name == ("own_nets:brightness" if name == "brightness" else "means of quarters")


def test_a_net_with_a_method_of_its_own_for_features(here: Path) -> None:
    class Classifier(nn.Module):
        name = "mine"

        def forward(self, images: Tensor) -> Tensor:
            raise AssertionError

        def features(self, images: Tensor) -> Tensor:
            return images.flatten(1)

    from pmmtheory.images.feature_net import NamedFeatures

    assert NamedFeatures(Classifier(), "other")(torch.zeros(2, 1, 2, 2)).shape == (2, 4)


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("own_nets", "features = 'own_nets' is not allowed: MODULE:NAME"),
        ("own_netz:Means", "a module that can be imported"),
        ("own_nets:Mean", "a name that own_nets has"),
        ("own_nets:wrong", "features = 'own_nets:wrong' .* of shape .2, d., not"),
        ("own_nets:broken", "it raised"),
        ("own_nets:endless", "a net whose features are finite"),
    ],
)
def test_nets_that_do_not_serve(here: Path, source: str, message: str) -> None:
    with pytest.raises(InvalidParameter, match=message):
        feature_net(source)(torch.zeros(2, 1, 8, 8))


def test_wrong_input(here: Path) -> None:
    net = feature_net("own_nets:means")
    with pytest.raises(InvalidParameter, match="out = .* which has a file run.json"):
        scores(here / "none", here / "real.npy", net)
    folder_with(here / "out", one=pixels(50, 0, 1))
    with pytest.raises(InvalidParameter, match="source = .* a .npy file, or a folder"):
        scores(here / "out", here / "real.npy", net)
    with pytest.raises(InvalidParameter, match="distances = 'fid' is not allowed: 'frechet' or 'kernel'"):
        scores(here / "out", here / "out" / "one-10", net, ["fid"])
    ImageFolder(here / "empty", {"batch": 2, "format": "png"})
    with pytest.raises(InvalidParameter, match="a folder with images in it"):
        scores(here / "empty", here / "out" / "one-10", net)


def test_pictures_and_arrays_are_read_alike(tmp_path: Path) -> None:
    made = np.random.default_rng(0).integers(0, 256, (7, 6, 5, 3)).astype(np.uint8)
    for kind in ("npy", "png"):
        folder = ImageFolder(tmp_path / kind, {"batch": 3, "format": kind})
        for batch in range(3):
            folder.keep(Setting("one", 1), batch, made[3 * batch : 3 * batch + 3], {})
    parts = [torch.cat(list(read_images(tmp_path / kind / "one-1", batch=2))) for kind in ("npy", "png")]
    assert torch.equal(parts[0], parts[1]) and parts[0].shape == (7, 3, 6, 5)
    assert torch.equal(((parts[0] + 1) * 127.5).round().to(torch.uint8), torch.as_tensor(made).movedim(-1, 1))
    assert sum(map(len, read_images(tmp_path / "npy" / "one-1", most=5, batch=2))) == 5


def test_images_that_cannot_be_read(tmp_path: Path) -> None:
    np.save(tmp_path / "float.npy", np.zeros((2, 3, 3)))
    np.save(tmp_path / "a.npy", np.zeros((2, 3, 3), np.uint8))
    (tmp_path / "torn.png").write_bytes(b"\x89PNG")
    for source, message in ((tmp_path / "float.npy", "uint8 of three or four axes, not float64"), (tmp_path / "none", "a .npy file, or a folder")):
        with pytest.raises(InvalidParameter, match=message):
            list(read_images(source))
    (tmp_path / "float.npy").unlink()
    np.save(tmp_path / "b.npy", np.zeros((2, 4, 3), np.uint8))
    with pytest.raises(InvalidParameter, match="images of one shape"):
        list(read_images(tmp_path))
    (tmp_path / "pictures").mkdir()
    (tmp_path / "torn.png").rename(tmp_path / "pictures" / "torn.png")
    with pytest.raises(InvalidParameter, match="a picture that can be read"):
        list(read_images(tmp_path / "pictures"))
