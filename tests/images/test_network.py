"""The U-Net as a noise predictor, and the trained ones that come with pmmtheory."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest
import torch

from pmmtheory.errors import InvalidParameter
from pmmtheory.images import Architecture, EmpiricalDiffusion, NoiseNetwork, load_images, load_network
from pmmtheory.images.checkpoints import FOLDER, keep
from pmmtheory.images.network import described, mean_loss, noise_loss
from pmmtheory.noise.schedule import NoiseSchedule
from pmmtheory.schedulers import DDIM

SHAPES = {"digits": (1, 8, 8), "mnist": (1, 28, 28)}
needs_diffusers = pytest.mark.skipif("not __import__('importlib.util').util.find_spec('diffusers')", reason="the diffusers library is not installed")


def test_an_architecture_follows_the_shape() -> None:
    assert Architecture.of((1, 8, 8)).patch == 1
    assert Architecture.of((3, 64, 48)).patch == 4
    assert Architecture.of((1, 30, 27)).margins == (2, 1)
    for wrong in ((8, 8), (1, 0, 8), (1, 8.5, 8)):
        with pytest.raises(InvalidParameter, match="shape"):
            Architecture(wrong)  # type: ignore[arg-type]
    with pytest.raises(InvalidParameter, match="widths"):
        Architecture((1, 8, 8), widths=(24, 64))
    with pytest.raises(InvalidParameter, match="patch = 0"):
        Architecture((1, 8, 8), patch=0)
    kept: Any = [1, 8.0, 8]
    assert Architecture(kept) == Architecture((1, 8, 8))


@needs_diffusers
@pytest.mark.parametrize("shape", [(1, 7, 5), (3, 8, 8), (1, 17, 30)])
def test_any_shape_and_time(shape: tuple[int, int, int]) -> None:
    network = NoiseNetwork(Architecture(shape, Architecture.of(shape).patch, (16, 16))).eval()
    x = torch.randn(3, *shape, generator=torch.Generator().manual_seed(0))
    times = torch.tensor([1.0, 400.5, 1000.0])
    with torch.no_grad():
        together = network(x, times.reshape(3, 1, 1, 1))
        for i, t in enumerate(times.tolist()):
            assert torch.allclose(network(x[i : i + 1], t), together[i : i + 1], atol=1e-5)
        assert network(x.double(), 5.0).dtype == torch.float64
        assert torch.equal(network(x.double(), 5.0).float(), network(x, torch.tensor(5.0)))
        assert network(x[:0], 5.0).shape == (0, *shape)
    for t in (0.5, 1000.5, float("nan"), torch.ones(2)):
        with pytest.raises(InvalidParameter, match="t = "):
            network(x, t)
    with pytest.raises(InvalidParameter, match="x = "):
        network(x[:, :, :-1], 5.0)


@needs_diffusers
def test_the_u_net_is_told_times_from_zero() -> None:
    """As networks of the diffusers library are."""
    network = NoiseNetwork(Architecture((1, 8, 8), widths=(16, 16))).eval()
    x = torch.randn(2, 1, 8, 8, generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        assert torch.equal(network(x, 341), network.unet(x, torch.tensor([340.0, 340.0])).sample)


@pytest.mark.slow
@needs_diffusers
@pytest.mark.parametrize("name", SHAPES)
def test_the_networks_that_come_along(name: str) -> None:
    network = load_network(name)
    assert not network.training and not any(p.requires_grad for p in network.parameters())
    assert network.architecture.shape == SHAPES[name] and network.record["data"] == name
    assert network.schedule == NoiseSchedule.linear(1000)
    text = str(network.record)
    assert "/" not in text and {"steps", "seed", "device", "date", "train_loss", "test_loss"} <= set(network.record)
    x = torch.randn(2, *SHAPES[name], generator=torch.Generator().manual_seed(0))
    made = DDIM(network.schedule, steps=4).sample(network, x)
    assert made.shape == x.shape and float(made.abs().max()) < 3


@pytest.mark.slow
@needs_diffusers
def test_the_loss_of_the_digits_network_is_what_its_record_says() -> None:
    """And lies between that of the exact predictor of the images it learned, which no function beats on those, and that of no answer."""
    network, images = load_network("digits"), load_images("digits").images
    loss, error = mean_loss(network, images, torch.Generator().manual_seed(7), 4)
    stated, of_stated = network.record["train_loss"]
    assert abs(loss - stated) < 4 * (error + of_stated)
    exact = EmpiricalDiffusion(images, network.schedule)
    exact.architecture = network.architecture  # type: ignore[attr-defined]
    least, of_least = mean_loss(exact, images, torch.Generator().manual_seed(7), 4)  # type: ignore[arg-type]
    assert least - 4 * of_least < loss < 0.2


@pytest.mark.slow
@needs_diffusers
def test_samples_of_the_digits_network_are_near_its_data() -> None:
    """As near as images that it has not seen, and no copies."""
    network, train, test = load_network("digits"), load_images("digits"), load_images("digits", part="test")
    noise = torch.randn(32, 1, 8, 8, generator=torch.Generator().manual_seed(0))
    made = DDIM(network.schedule, steps=40).sample(network, noise)

    def away(images: torch.Tensor) -> float:
        """The median distance to the nearest image that was learned."""
        return float(torch.cdist(images.flatten(1), train.images.flatten(1)).amin(1).median())

    others = away(test.images)
    assert 0.5 * others < away(made) < 1.3 * others
    assert away(noise) > 3 * others and away(0.5 * test.images) > 1.3 * others


@pytest.mark.slow
@needs_diffusers
def test_a_file_of_ones_own(tmp_path: Path) -> None:
    network = NoiseNetwork(Architecture((1, 4, 4), widths=(16, 16)), NoiseSchedule.linear(50))
    keep(tmp_path / "own.pt", network, {"kind": "network"} | described(network))
    found = load_network(tmp_path / "own.pt")
    assert found.schedule.size == 50
    x = torch.randn(3, 1, 4, 4, generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        assert torch.allclose(found(x, 7), network.eval()(x, 7), atol=0.01)
    assert float(noise_loss(found, x, torch.Generator().manual_seed(0))) > 0


def test_unknown_networks_are_named(tmp_path: Path) -> None:
    (tmp_path / "text.pt").write_text("no network")
    torch.save({"record": {"kind": "features"}, "weights": {}}, tmp_path / "other.pt")
    torch.save([1], tmp_path / "list.pt")
    for source in ("cifar", tmp_path / "none.pt", tmp_path / "text.pt", tmp_path / "other.pt", tmp_path / "list.pt", tmp_path):
        with pytest.raises(InvalidParameter, match="source.*'digits', 'mnist'"):
            load_network(source)


def test_files_run_no_code(tmp_path: Path) -> None:
    torch.save({"record": {"kind": "network"}, "weights": {}, "code": print}, tmp_path / "code.pt")
    with pytest.raises(InvalidParameter, match="source"):
        load_network(tmp_path / "code.pt")


def test_what_comes_along_is_small() -> None:
    files = list(FOLDER.glob("*.pt"))
    assert sorted(path.stem for path in files) == ["features-digits", "features-mnist", "network-digits", "network-mnist"]
    assert sum(path.stat().st_size for path in files) < 10 * 2**20


def test_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "diffusers", None)
    with pytest.raises(ImportError, match=r"needs the diffusers library: pip install pmmtheory\[diffusion\]"):
        load_network("digits")
