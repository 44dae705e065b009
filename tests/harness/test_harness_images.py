"""`images` and `images score` on the command line, on a small random network."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import pytest

Call = Callable[..., tuple[int, str, str]]

SMALL = ("--model", "random-pixels", "--images", "3", "--device", "cpu")


@pytest.fixture
def images(call: Call) -> Call:
    pytest.importorskip("diffusers", reason="needs the diffusers library, extra `diffusion`")
    return lambda *arguments: call("images", *arguments)


@pytest.mark.slow
def test_images_and_their_scores(images: Call, log: Path) -> None:
    status, out, err = images(*SMALL, "--out", "made", "--calls", "2,3", "--methods", "pmm,ddim", "--format", "png")
    assert (status, err) == (0, "")
    assert "pmm:V3:interior with 3 calls: 3 images, 3 calls of the network each" in out and out.count("\n") == 4
    assert len(list(Path("made").rglob("*.png"))) == 12
    assert images(*SMALL, "--out", "made", "--calls", "3", "--methods", "ddim", "--format", "png")[:2] == (0, out)
    Path("nets_of_mine.py").write_text("def corner(images):\n    return images[:, :1, 0, 0]\n")
    status, out, _ = images("score", "--out", "made", "--real", "made/ddim-0-2", "--features", "nets_of_mine:corner", "--resamples", "5")
    assert status == 0 and "ddim:0, 2 calls, 3 images: Frechet distance on nets_of_mine:corner" in out and "kernel distance on nets" in out
    assert "FID" not in out


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--model", "celebhq", "--out", "made"], 'did you mean "celebahq"?'),
        (["--model", "random"], "say which model and where to: --model NAME --out FOLDER."),
        (["--out", "made"], "say which model and where to"),
        ([*SMALL, "--out", "made", "--calls", "0"], "calls = 0 is not allowed: a whole number of at least 1"),
        ([*SMALL, "--out", "made", "--calls", "2.5"], "calls = '2.5' is not allowed: a whole number"),
        ([*SMALL, "--out", "made", "--calls", "1001"], "at most 1000, the number of training steps"),
        ([*SMALL, "--out", "file/made", "--calls", "2"], "out = 'file/made' is not allowed: a folder that can be written to"),
        (["--model", "ffhq", "--out", "made"], "as a folder with a pipeline or as the original checkpoint"),
        (["score", "--out", "made", "--real", "made", "--features", "nets"], "features = 'nets' is not allowed: MODULE:NAME"),
        (["score", "--out", "made", "--real", "made", "--features", "torch.nn:Flatten"], "a folder of generated images"),
    ],
)
def test_wrong_usage_is_one_sentence(images: Call, log: Path, arguments: list[str], sentence: str) -> None:
    Path("file").write_text("mine")
    status, out, err = images(*arguments)
    assert (status, out) == (2, "") and sentence in err and "Traceback" not in err and err.count("\n") == 1
    assert not Path("made").exists()


def test_a_missing_extra_is_named(call: Call, log: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in sys.modules if name.startswith("pmmtheory.integrations.diffusers")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "diffusers", None)
    status, out, err = call("images", *SMALL, "--out", "made")
    assert (status, out) == (2, "") and err == "error: pmmtheory.integrations.diffusers needs the diffusers library: pip install pmmtheory[diffusion]\n"
