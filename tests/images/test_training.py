"""Training that is stopped and goes on, and the nets for features."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor, nn
from typer.testing import CliRunner

from pmmtheory.errors import InvalidParameter
from pmmtheory.images import FeatureNet, load_features, load_images, load_network
from pmmtheory.images.features import accuracy
from pmmtheory.images.train import app
from pmmtheory.images.training import Training, train

TINY = Training(steps=23, batch=4, seed=5)


def tiny() -> nn.Linear:
    return nn.Linear(3, 2)


def loss(model: nn.Linear, generator: torch.Generator) -> Tensor:
    x = torch.randn(TINY.batch, 3, generator=generator)
    return (model(x) - x[:, :2]).square().mean()


def weights(model: nn.Module) -> Tensor:
    return torch.cat([p.detach().flatten() for p in model.parameters()])


@pytest.mark.parametrize("after", [1, 7, 10, 22])
def test_an_interruption_changes_nothing(tmp_path: Path, after: int) -> None:
    whole = train(TINY.built(tiny), loss, TINY)
    asked = iter(range(1, 100))
    state = tmp_path / "state"
    with pytest.raises(KeyboardInterrupt):
        train(TINY.built(tiny), loss, TINY, state, every=5, stop=lambda: next(asked) == after)
    assert state.exists()
    again = train(TINY.built(tiny), loss, TINY, state, every=5)
    assert torch.equal(weights(again), weights(whole)) and not state.exists() and not again.training


def test_a_process_that_dies_goes_on_from_its_last_state(tmp_path: Path) -> None:
    whole = train(TINY.built(tiny), loss, TINY)

    def dies(model: nn.Linear, generator: torch.Generator) -> Tensor:
        if generator.initial_seed() == dying:
            raise MemoryError
        return loss(model, generator)

    from pmmtheory.particles.simulate import stream

    dying = stream(TINY.seed, 13, "cpu").initial_seed()
    with pytest.raises(MemoryError):
        train(TINY.built(tiny), dies, TINY, tmp_path / "state", every=5)
    seen: list[int] = []
    again = train(TINY.built(tiny), loss, TINY, tmp_path / "state", lambda done, *_: seen.append(done), every=5)
    assert torch.equal(weights(again), weights(whole)) and seen == [15, 20, 23]


def test_the_mean_of_the_weights_and_the_seed() -> None:
    model = TINY.built(tiny)
    first = weights(model)
    assert torch.equal(first, weights(TINY.built(tiny)))
    assert not torch.equal(first, weights(Training(steps=23, batch=4, seed=6).built(tiny)))
    path, memory = [], [min(0.999, (1 + i) / (10 + i)) for i in range(23)]

    def watched(model: nn.Linear, generator: torch.Generator) -> Tensor:
        path.append(weights(model).clone())
        return loss(model, generator)

    mean = train(model, watched, TINY)
    wanted = first
    for m, new in zip(memory, [*path[1:], weights(model)], strict=True):
        wanted = m * wanted + (1 - m) * new
    assert torch.allclose(weights(mean), wanted, atol=1e-6)


def test_what_cannot_go_on_is_named(tmp_path: Path) -> None:
    state = tmp_path / "state"
    with pytest.raises(KeyboardInterrupt):
        train(TINY.built(tiny), loss, TINY, state, stop=lambda: True)
    other = Training(steps=24, batch=4, seed=5)
    with pytest.raises(InvalidParameter, match="state.*remove it"):
        train(other.built(tiny), loss, other, state)
    with pytest.raises(InvalidParameter, match="state.*same model"):
        train(TINY.built(lambda: nn.Linear(3, 3)), loss, TINY, state)
    state.write_text("nothing")
    with pytest.raises(InvalidParameter, match="state.*remove it"):
        train(TINY.built(tiny), loss, TINY, state)
    with pytest.raises(InvalidParameter, match="rate"):
        train(TINY.built(tiny), lambda model, draws: loss(model, draws) * torch.nan, TINY)
    for wrong in ({"steps": 0}, {"batch": 0}, {"rate": -1.0}, {"memory": 1.0}, {"seed": 1.5}, {"device": "tpu"}):
        with pytest.raises(InvalidParameter, match=next(iter(wrong))):
            Training(**({"steps": 5} | wrong))  # type: ignore[arg-type]


@pytest.mark.parametrize("name", ["digits", "mnist"])
def test_the_feature_nets_that_come_along(name: str) -> None:
    net = load_features(name)
    assert net.name == f"{name}-cnn64" and net.record["accuracy"] > 0.97 and "/" not in str(net.record)
    if name == "digits":
        test = load_images("digits", part="test")
        assert test.labels is not None
        assert accuracy(net, test.images, test.labels) == net.record["accuracy"]
        found = net.features(test.images.double(), batch=100)
        learned = net.features(load_images("digits").images)
        assert float(learned.mean(0).abs().max()) < 0.01 and float((learned.std(0) - 1).abs().max()) < 0.01
        assert found.dtype == torch.float64 and torch.allclose(found, net.features(test.images), atol=1e-4)


def test_images_of_another_kind_are_named() -> None:
    net = FeatureNet((1, 8, 8))
    with pytest.raises(InvalidParameter, match="images"):
        net.features(torch.zeros(2, 1, 8, 9))
    with pytest.raises(InvalidParameter, match="NaN"):
        net.features(torch.full((1, 1, 8, 8), torch.nan))
    with pytest.raises(InvalidParameter, match="shape"):
        FeatureNet((1, 3, 8))
    assert net.features(torch.zeros(0, 1, 8, 8)).shape == (0, 64)


@pytest.mark.slow
def test_the_command_for_features(tmp_path: Path) -> None:
    out = tmp_path / "own.pt"
    ran = CliRunner().invoke(app, ["features", "--data", "digits", "--out", str(out), "--steps", "3", "--name", "some"])
    assert ran.exit_code == 0 and "step 3 of 3, loss" in ran.output
    net = load_features(out)
    assert net.name == "some-cnn64" and net.record["steps"] == 3 and not (tmp_path / "own.pt.state").exists()


@pytest.mark.slow
@pytest.mark.skipif(importlib.util.find_spec("diffusers") is None, reason="the diffusers library is not installed")
def test_the_command_for_networks(tmp_path: Path) -> None:
    np.save(tmp_path / "own.npy", np.random.default_rng(0).integers(0, 256, (6, 4, 5), dtype=np.uint8))
    out = tmp_path / "net.pt"
    ran = CliRunner().invoke(app, ["network", "--data", str(tmp_path / "own.npy"), "--out", str(out), "--steps", "2", "--batch", "3"])
    assert ran.exit_code == 0, ran.output
    record = load_network(out).record
    assert record["data"] == "own" and "train_loss" in record and "test_loss" not in record


def test_wrong_data_is_said_in_one_sentence(tmp_path: Path) -> None:
    np.save(tmp_path / "own.npy", np.zeros((6, 4, 5), dtype=np.uint8))
    for data, word in ((tmp_path / "none", "source"), (tmp_path / "own.npy", "labels")):
        ran = CliRunner().invoke(app, ["features", "--data", str(data), "--out", str(tmp_path / "x.pt")])
        assert ran.exit_code == 2 and word in ran.output and len(ran.output.strip().splitlines()) == 1
