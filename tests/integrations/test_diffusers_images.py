"""Images by several samplers, offline, on small random networks: a run that was stopped and one that was not are the same."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from pmmtheory.errors import InvalidParameter
from pmmtheory.images.image_folder import ImageFolder, Setting

diffusers = pytest.importorskip("diffusers", reason="needs the diffusers library, extra `diffusion`")

from pmmtheory.integrations.diffusers import generate, load_model  # noqa: E402
from pmmtheory.integrations.diffusers.image_model import ImageModel  # noqa: E402

METHODS = ("pmm", "rmm", "ddpm:V1", "ddim", "dpm-solver:3")


def model(name: str = "random") -> ImageModel:
    return load_model(name, device="cpu")


def contents(folder: Path) -> dict[str, bytes]:
    """What is in the files of images."""
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*.npy")) + sorted(folder.rglob("*.png"))}


def interrupted(network: ImageModel, after: int) -> ImageModel:
    """The network, and Ctrl-C after so many of its calls."""
    answer = network.answer

    def cut_off(x: torch.Tensor, time: Any) -> torch.Tensor:
        if network.calls >= after:
            raise KeyboardInterrupt
        return answer(x, time)

    network.answer = cut_off  # type: ignore[method-assign]
    return network


@pytest.mark.slow
@pytest.mark.parametrize(("name", "file_format"), [("random", "png"), ("random-pixels", "npy")])
def test_an_interrupted_run_is_the_whole_run(tmp_path: Path, name: str, file_format: str) -> None:
    options: dict[str, Any] = {"methods": ["pmm", "ddpm"], "calls": [3], "images": 5, "batch": 2, "format": file_format}
    generate(model(name), tmp_path / "whole", **options)
    whole = contents(tmp_path / "whole")
    assert len(whole) == 2 * (3 if file_format == "npy" else 5)
    for after in (2, 7, 11):
        with pytest.raises(KeyboardInterrupt):
            generate(interrupted(model(name), after), tmp_path / "cut", **options)
        assert len(contents(tmp_path / "cut")) < len(whole)
    folder = generate(model(name), tmp_path / "cut", **options)
    assert contents(tmp_path / "cut") == whole
    assert sum(line["network_calls"] for setting in folder.settings() for line in folder.lines(setting)) == 2 * 3 * 3


@pytest.mark.slow
def test_what_was_cut_off_while_it_was_written_is_made_again(tmp_path: Path) -> None:
    options: dict[str, Any] = {"methods": ["pmm"], "calls": [4], "images": 5, "batch": 2}
    generate(model(), tmp_path, **options)
    whole, place, lines = contents(tmp_path), tmp_path / "pmm-V3-interior-4", tmp_path / "manifest.jsonl"
    lines.write_bytes(lines.read_bytes()[:-40])
    (place / "000001.npy").unlink()
    (place / "000002.npy.tmp").write_bytes(b"half")
    again = model()
    generate(again, tmp_path, **options)
    assert contents(tmp_path) == whole and again.calls == 2 * 4
    assert not list(place.glob("*.tmp"))
    assert [line["batch"] for line in ImageFolder(tmp_path).lines(Setting("pmm:V3:interior", 4))] == [0, 1, 2]
    untouched = model()
    generate(untouched, tmp_path, **options)
    assert untouched.calls == 0


@pytest.mark.slow
def test_more_images_later_are_those_of_one_run(tmp_path: Path) -> None:
    network = model()
    for images, place in ((7, "at_once"), (3, "in_parts"), (7, "in_parts")):
        generate(network, tmp_path / place, ["pmm:V2:single", "ddim"], [3], images=images, batch=2)
    assert contents(tmp_path / "at_once") == contents(tmp_path / "in_parts")


@pytest.mark.slow
@pytest.mark.parametrize(("method", "decoded"), [*((method, False) for method in METHODS), ("pmm", True), ("ddpm:V1", True)])
def test_an_image_does_not_depend_on_its_batch(tmp_path: Path, method: str, decoded: bool) -> None:
    """But for rounding, and for midpoints, which are drawn by the number of the batch: the first batch has the same ones whatever its size.

    Rounding may tip a place of a latent image over to another of the decoder's codes, and so points near it.
    """
    network, made = model("random" if decoded else "random-pixels"), []
    for batch in (2, 5):
        generate(network, tmp_path / str(batch), [method], [4], images=5, batch=batch)
        files = sorted((tmp_path / str(batch)).rglob("*.npy"))
        made.append(np.concatenate([np.load(path) for path in files]).astype(int))
    same = 2 if method in ("pmm", "rmm") else 5
    apart = np.abs(made[0][:same] - made[1][:same])
    assert np.mean(apart > 1) < 0.02 if decoded else apart.max() <= 1
    assert len({image.tobytes() for image in made[1]}) == 5


@pytest.mark.slow
def test_the_seed_and_the_setting_change_every_image(tmp_path: Path) -> None:
    for seed in (0, 1):
        generate(model(), tmp_path / str(seed), ["ddim", "ddpm"], [3, 4], images=3, seed=seed)
    made = [np.load(path) for path in sorted(tmp_path.rglob("*.npy"))]
    assert len({image.tobytes() for part in made for image in part}) == 3 * 8


@pytest.mark.slow
def test_the_manifest_says_what_an_image_needs(tmp_path: Path) -> None:
    generate(model(), tmp_path, ["pmm"], [4], images=3, batch=2, seed=9)
    lines = [json.loads(line) for line in (tmp_path / "manifest.jsonl").read_text().splitlines()]
    assert [(line["first"], line["images"]) for line in lines] == [(0, 2), (2, 1)]
    assert lines[1]["first_seed"] == (lines[0]["first_seed"] + 2) % 2**32
    for line in lines:
        assert line["method"] == "pmm:V3:interior" and line["seed"] == 9 and line["dtype"] == "float32"
        assert {"device", "versions", "date", "weights", "model", "network_calls"} <= set(line)


def changed(**options: Any) -> Callable[[Path], Any]:
    return lambda out: generate(model(), out, **{"methods": ["ddim"], "calls": [2], "images": 2, **options})


@pytest.mark.slow
@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"seed": 1}, "out = .* a new folder, or one of the same run; its images have seed = 0, not 1"),
        ({"batch": 3}, "batch = 64, not 3"),
        ({"format": "png"}, "format = 'npy', not 'png'"),
        ({"format": "jpg"}, "format = 'jpg' is not allowed: 'npy' or 'png'"),
        ({"calls": [0]}, "calls = 0 is not allowed: a whole number of at least 1"),
        ({"calls": [2.5]}, "calls = 2.5 is not allowed: a whole number"),
        ({"calls": [1001]}, "calls = 1001 is not allowed: at most 1000, the number of training steps"),
        ({"methods": ["dpm-solver:2:quadratic"], "calls": [900]}, "calls = 900 .* dpm-solver:2:quadratic has a sampler"),
        ({"methods": ["ddmp"]}, r"method = .ddmp. .*did you mean .ddpm."),
        ({"methods": ["ddim:0:1"]}, "method = .ddim:0:1. is not allowed"),
        ({"methods": ["ddim:2"]}, "eta = 2.0 is not allowed"),
        ({"methods": ["pmm:V9"]}, "V9"),
        ({"methods": ["pmm:V3:many"]}, "many"),
        ({"methods": ["dpm-solver:4"]}, "order = 4 is not allowed"),
        ({"images": 0}, "images = 0 is not allowed"),
    ],
)
def test_wrong_input(tmp_path: Path, options: dict[str, Any], message: str) -> None:
    changed()(tmp_path)
    before = contents(tmp_path)
    with pytest.raises(InvalidParameter, match=message):
        changed(**options)(tmp_path)
    assert contents(tmp_path) == before


@pytest.mark.slow
def test_other_weights_are_another_run(tmp_path: Path) -> None:
    changed()(tmp_path)
    with pytest.raises(InvalidParameter, match="its images have weights"):
        generate(load_model("random", device="cpu", seed=1), tmp_path, ["ddim"], [2], images=2)


def test_folders_of_something_else(tmp_path: Path) -> None:
    (tmp_path / "letter.txt").write_text("mine")
    with pytest.raises(InvalidParameter, match=r"out = .* a folder of generated images, which has a file run\.json"):
        changed()(tmp_path)
    with pytest.raises(InvalidParameter, match="out = .* a folder that can be written to"):
        changed()(tmp_path / "letter.txt" / "inside")


@pytest.mark.slow
def test_two_processes_do_not_make_the_same_images(tmp_path: Path) -> None:
    folder = changed()(tmp_path)
    with folder.locked(Setting("ddim:0", 2)), pytest.raises(InvalidParameter, match="no other process makes images of ddim:0 with 2 calls"):
        changed()(tmp_path)


@pytest.mark.slow
def test_a_network_that_answers_with_nan(tmp_path: Path) -> None:
    network = model()
    network._unet.conv_out.bias.data[0] = float("nan")
    with pytest.raises(InvalidParameter, match="model = 'random' .* at time 999 one was NaN or infinite in float32"):
        generate(network, tmp_path, ["ddim"], [2], images=2)
    assert contents(tmp_path) == {}
    broken = model()
    broken._decoder.decoder.conv_out.bias.data[0] = float("nan")
    with pytest.raises(InvalidParameter, match="a network whose images are finite"):
        generate(broken, tmp_path / "decoder", ["ddim"], [2], images=2)
