"""Every option of every command, with values that make no sense: one sentence that names the option or the value, exit status 2, and nothing is computed."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args, get_type_hints

import numpy as np
import pytest
from typer.models import OptionInfo

from pmmtheory.estimate import Estimate
from pmmtheory.harness import cli, discover, images
from pmmtheory.harness.compute import Computed
from pmmtheory.harness.project import Project, use
from pmmtheory.harness.provenance import provenance
from pmmtheory.harness.store import open_store
from tests.harness.conftest import Call

NUMBERS = {int: ("x", "1.5", "1e3", "", "nan"), float: ("x", "", "nan", "inf", "-1")}
COUNTS = (*NUMBERS[int], "0", "-1", "inf")
WORDS: dict[str, tuple[str, ...]] = {
    "studies": ("nowhere", "", "file", "."),
    "profile": ("", "Quick", "all"),
    "device": ("", "gpu", "cuda:x", "CPU"),
    "cluster": ("", "local", "local:0", "local:-1", "local:x", "nowhere", "tcp://"),
    "shard": ("", "1", "0/2", "3/2", "a/b", "1/0", "1/2/3"),
    "relation": ("", "nothing"),
    "method": ("", "nothing"),
    "model": ("", "nothing", "celebhq", "random-pixel", "/", "a/b/c"),
    "calls": (*COUNTS, "1001", "10,", ",10", "10,0", "10;20"),
    "methods": ("", "nothing", "PMM", "pmm,", "pmm:V9", "pmm:V3:nowhere", "pmm:V3:interior:5", "rmm:1", "ddpm:V9", "ddim:x", "ddim:nan", "ddim:2", "ddim:-1"),
    "images": COUNTS,
    "weights": ("", "nowhere", "file", "folder"),
    "seed": ("x", "1.5", "1e3", "", "nan", "inf"),
    "batch": COUNTS,
    "format": ("", "jpg", "NPY", "npy,png"),
    "dtype": ("", "float64", "int8", "half", "Float32"),
    "real": ("", "nowhere", "file", "folder", "numbers.npy", "damaged.npy"),
    "features": ("", "x", ":", "nets:", ":corner", "nowhere:net", "nets:nothing", "nets:number", "nets:wants_more", "nets:raises", "..:net", "builtins:min")
    + ("torch.nn:Linear", "nets:nan", "nets:scalar", "nets:fails", "broken:net", "builtins:dict"),
    "distances": ("", "x", "frechet,", "FID", "Frechet", "frechet;kernel"),
    "most": (*COUNTS, "2"),
    "resamples": (*COUNTS, "1"),
}
WORDS["methods"] += ("dpm-solver:0", "dpm-solver:4", "dpm-solver:x", "dpm-solver:2:nothing", "dpm-solver:2:uniform:1")
READ = {("list",), ("show",), ("theorems",)}
"""A store that they do not find is as good as empty."""
PLACES = ("file/inside", "folder")
"""Where no file can be written, and no store is."""
FOLDERS = {("figures", "--out"), ("report", "--latex")}
"""Where files go into a folder that may be there."""
NEEDED: dict[str, dict[str, str]] = {
    "merge": {"": "other.sqlite"},
    "export": {"--csv": "rows.csv"},
    "images": {"--model": "random-pixels", "--out": "made", "--images": "3", "--calls": "3", "--device": "cpu"},
    "images score": {"--out": "pictures", "--real": "real.npy", "--features": "nets:corner", "--device": "cpu"},
}
ALSO = {"--real": "source", "--methods": "method variant midpoints eta order spacing", "--json": "file", "--eigenvalues": "file"}
"""By what the option is called where it is read, if not by its name."""
NETS = """
import torch

number = 3.0


def corner(images):
    return images[:, :1, 0, 0]


def wants_more(images, more):
    return images


def raises():
    raise OSError("the weights are gone")


def nan(images):
    return images.flatten(1) * float("nan")


def scalar(images):
    return 1.0


def fails(images):
    return [][len(images)]
"""


def commands() -> Iterator[tuple[tuple[str, ...], Any]]:
    """Commands and their functions."""
    yield (), cli.everything
    for command in cli.app.registered_commands:
        yield (command.name or getattr(command.callback, "__name__", ""),), command.callback
    yield ("images",), images.generate
    for command in images.app.registered_commands:
        yield ("images", command.name or getattr(command.callback, "__name__", "")), command.callback


def options() -> Iterator[tuple[tuple[str, ...], str, str]]:
    """Commands, options and values."""
    for words, function in commands():
        for name, hint in get_type_hints(function, include_extras=True).items():
            option = next((one for one in getattr(hint, "__metadata__", ()) if isinstance(one, OptionInfo)), None)
            if option is None:
                continue
            kinds = {one for part in (hint.__origin__, *get_args(hint.__origin__)) for one in (part, *get_args(part))}
            if bool in kinds:
                continue
            numbers = next((values for kind, values in NUMBERS.items() if kind in kinds), None)
            ours = WORDS.get(name) if words[:1] == ("images",) else None
            written = next(iter(option.param_decls or ()), f"--{name.replace('_', '-')}")
            places = PLACES[: 1 if (" ".join(words), written) in FOLDERS else 2]
            values = ours or numbers or WORDS.get(name) or places
            yield from ((words, written, value) for value in values if not (words in READ and (name, value) == ("store", "file/inside")))


CASES = list(options())


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """A store with made-up numbers of a study."""
    path = tmp_path_factory.mktemp("filled") / "store.sqlite"
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(Path(__file__).parent))
        before = Project("experiments")
        use(Project("fake"))
        origin = provenance("cpu")
        with open_store(path) as opened:
            for check in discover.find_studies("fake.studies")["good"].checks("quick"):
                for point in check.all_points:
                    names = ("error", "value", "leading")
                    opened.save(Computed(point.cell, {name: Estimate(3 * (point.step or 1) ** 2, 1e-9, "made up") for name in names}), origin)
        use(before)
    return path.read_bytes()


@pytest.fixture
def place(tmp_path: Path, filled: bytes) -> Path:
    """A folder with something of everything that options name."""
    (tmp_path / "file").write_text("something else")
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "inside").write_text("")
    (tmp_path / "results").mkdir()
    for name in ("results/pmmtheory.sqlite", "other.sqlite"):
        (tmp_path / name).write_bytes(filled)
    (tmp_path / "nets.py").write_text(NETS)
    (tmp_path / "broken.py").write_text("import (\n")
    np.save(tmp_path / "real.npy", np.arange(5 * 4, dtype=np.uint8).reshape(5, 2, 2))
    np.save(tmp_path / "numbers.npy", np.zeros((5, 2, 2)))
    (tmp_path / "damaged.npy").write_bytes((tmp_path / "real.npy").read_bytes()[:90])
    return tmp_path


def test_every_option_is_tried() -> None:
    assert len(CASES) > 330 and len({(words, name) for words, name, _ in CASES}) > 60


@pytest.mark.parametrize(("words", "option", "value"), CASES, ids=[" ".join((*words, option, value)) for words, option, value in CASES])
def test_one_sentence(call: Call, place: Path, monkeypatch: pytest.MonkeyPatch, words: tuple[str, ...], option: str, value: str) -> None:
    if words == ("images",):
        pytest.importorskip("diffusers", reason="needs the diffusers library, extra `diffusion`")
    if words == ("images", "score"):
        pictures(place / "pictures")

    def computes(*_: Any, **__: Any) -> None:
        raise AssertionError("something is computed")

    heavy = ["harness.runner.compute_all", "harness.hunt.command.run_cases", "harness.bench.main", "images.scores._distance"]
    for name in heavy + (["integrations.diffusers.generation._fill"] if words == ("images",) else []):
        monkeypatch.setattr(f"pmmtheory.{name}", computes, raising=False)
    find = discover.find_studies
    monkeypatch.setattr(discover, "find_studies", lambda package: {"good": find(package)["good"]})
    needed = {"--profile": "full"} if option == "--cluster" else NEEDED.get(" ".join(words), {})  # of which not all is stored
    status, _, said = call(*words, *(word for pair in needed.items() if pair[0] != option for word in pair if word), option, value)
    assert status == 2 and "Traceback" not in said
    assert said.startswith("error: ") and said.count("\n") == 1 or said.splitlines()[-1].startswith("Error: ")
    names = ALSO.get(option, option).strip("-").split()
    assert any(name in said for name in names) or any(part in said for part in re.split("[:,;]", value) if part), said
    assert (place / "file").read_text() == "something else"


def pictures(folder: Path) -> None:
    """Five generated images, to be judged."""
    from pmmtheory.images.image_folder import ImageFolder, Setting

    made = ImageFolder(folder, {"batch": 5, "format": "npy"})
    made.keep(Setting("ddim:0", 2), 0, np.arange(5 * 4, dtype=np.uint8).reshape(5, 2, 2, 1), {"network_calls": 2})
