"""The study of generated images, its measures and its profile: counted calls, true errors, truly decided where that is cheap."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest
import torch

from experiments.studies import _image_cells as cells
from experiments.studies import image_samples, image_spectra
from pmmtheory.errors import InvalidParameter
from pmmtheory.harness.discover import checks_by_study, find_studies, require_measures
from pmmtheory.harness.errors import UsageError
from pmmtheory.harness.image_distances import _features_of_set, checkpoint_hash, distances
from pmmtheory.harness.measures.image_floor import measure as floor
from pmmtheory.harness.measures.image_samples import measure
from pmmtheory.harness.project import Project
from pmmtheory.harness.study import PROFILES, USUAL, Check
from pmmtheory.images import EmpiricalDiffusion, frechet_distance, frechet_to_set, load_features, load_images
from pmmtheory.schedulers import DDIM, NoiseSchedule
from tests.harness.deciding import decided

STUDIES = find_studies("experiments.studies")
STUDY = STUDIES["image_samples"]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A user's set of twelve made-up images of 3 x 4 points, each with three neighbours."""
    path = tmp_path / "mine.npy"
    np.save(path, np.random.default_rng(3).integers(0, 256, (12, 3, 4)).astype(np.uint8))
    monkeypatch.setenv(image_spectra.FOLDERS, str(path))
    return path


def checks(profile: str = "quick") -> list[Check]:
    return list(STUDY.checks(profile))


@pytest.mark.parametrize("profile", PROFILES)
def test_well_formed(profile: str) -> None:
    found = checks(profile)
    assert len({(check.claim.statement, check.claim.scheme, check.target) for check in found}) == len(found)
    assert {check.claim.statement for check in checks()} <= {check.claim.statement for check in found}
    require_measures(Project("experiments").measures, {cell.measure for check in found for cell in check.cells})
    assert any(check.control for check in found)
    for check in found:
        assert check.claim.kind == "inequality" and {p.step for p in check.points} == {p.step for p in check.bounds}


def test_only_studies_that_have_the_profile_are_there() -> None:
    found = checks_by_study(STUDIES.values(), "images")
    assert list(found) == [STUDY]
    assert set(checks_by_study(STUDIES.values(), "quick")) == set(STUDIES.values())
    with pytest.raises(UsageError, match="none of the studies lmc has the profile images"):
        checks_by_study([STUDIES["lmc"]], "images")
    assert checks_by_study([], "images") == {} and set(USUAL) < set(PROFILES)


@pytest.mark.parametrize("label", cells.SAMPLERS)
def test_calls_are_counted_and_are_those_of_the_cell(label: str) -> None:
    """By an exact score, a few images; Bernoulli midpoints vary from image to image."""
    options = dict(cells.cell(label, 10, cells.EXACT, features="").parameters) | {"count": 6}
    found = measure("cpu", **options)
    calls, asked = found["calls"].value, found["asked"].value
    assert abs(calls - 10) <= 1
    assert asked == calls or ("Bernoulli" in label and abs(asked - calls) < 4 * (5 * 0.8 / 6) ** 0.5)
    assert set(found) == {"calls", "asked"}  # too few images for a distance of so many numbers


@pytest.mark.slow
def test_a_cell_is_what_the_sampler_generates() -> None:
    """Against the sampler, the metric and the images by hand; the same again with the same seed, other numbers with another."""
    options = {"images": "digits", "sampler": "DDIM", "steps": 2, "count": 80, "features": "digits", "end": 400}
    found = measure("cpu", **options)
    assert found == measure("cpu", **options) and found["frechet"] != measure("cpu", **options, seed=1)["frechet"]
    schedule, real, draw = NoiseSchedule.linear(), load_images().images, torch.Generator().manual_seed(5)
    made = DDIM(schedule, steps=2, end=400).sample(EmpiricalDiffusion(real, schedule), torch.randn(1200, 1, 8, 8, generator=draw))
    there = schedule.alpha(400) * real + schedule.sigma(400) * torch.randn(real.shape, generator=draw)
    net = load_features("digits")
    x, y = net.features(made), net.features(there)
    other = torch.tensor([frechet_distance(part, y, resamples=2).estimate.value for part in x.split(80)])
    assert abs(found["frechet"].value - float(other.mean())) < found["frechet"].error
    assert found["frechet_high"].value - found["frechet_low"].value == pytest.approx(2 * found["frechet"].error)


@pytest.mark.slow
def test_features_that_are_kept_are_those_of_the_images_and_the_net() -> None:
    net, images = load_features("digits"), load_images().images[:300]
    other = load_features("digits")
    next(other.parameters()).mul_(1.1)
    for one, real in ((net, images), (net, images), (net, images.roll(1, 0)), (other, images), (net, images), (net, images[:200])):
        assert torch.equal(_features_of_set(one, real), one.features(real))


def test_errors_hold_and_are_not_idle() -> None:
    """The 95% of 24 sets of one law hold the mean of all in about 95% of them, and are less than four standard deviations of theirs."""
    net, real = load_features("digits"), load_images().images
    y = net.features(real)
    draws = [y[torch.randint(len(y), (150,), generator=torch.Generator().manual_seed(seed))] for seed in range(24)]
    found = [frechet_to_set(x, y).estimate for x in draws]
    values = torch.tensor([one.value for one in found])
    held = sum(abs(one.value - float(values.mean())) <= 1.96 * one.error for one in found)
    assert held >= 20  # fewer of 24 have a probability of 0.6% where each holds with 95%
    assert 1.96 * sum(one.error for one in found) / 24 < 4 * float(values.std())


@pytest.mark.slow
def test_floor_is_seen_and_broken_samplers_are_above_it() -> None:
    perfect = floor("cpu", "digits", 359, "test", "digits")
    assert perfect["kernel_low"].value < 0 < perfect["kernel_high"].value
    black = distances(-torch.ones(200, 1, 8, 8), load_images().images, load_features("digits"), clipped=True)
    assert black["frechet_low"].value > 10 * perfect["frechet_high"].value and black["kernel_low"].value > perfect["kernel_high"].value
    with pytest.raises(InvalidParameter, match="^count = 360"):
        floor("cpu", "digits", 360)
    with pytest.raises(InvalidParameter, match="^kind"):
        floor("cpu", "digits", 10, "own")


@pytest.mark.slow
@pytest.mark.parametrize(
    "words",
    ["with 10 calls DPM-Solver-2M is nearer to the data than DDIM", "DPM-Solver-2M of 10 calls is within", "unstable with 10 calls", "half the variance"],
)
def test_cheap_checks_are_decided_as_they_should(words: str) -> None:
    (check,) = (check for check in checks() if words in check.claim.statement)
    assert decided(check) == ("fail" if check.control else "pass")


@pytest.mark.slow
def test_a_cell_is_of_its_data_and_networks(folder: Path) -> None:
    options = {"images": str(folder), "sampler": "DDIM", "steps": 2, "count": 4}
    assert set(measure("cpu", **options)) == {"calls", "asked"}
    with pytest.raises(InvalidParameter, match="content = .* the fingerprint of"):
        measure("cpu", **options, content="0" * 16)
    digits = {"images": "digits", "sampler": "DDIM", "steps": 2, "count": 80, "features": "digits"}
    with pytest.raises(InvalidParameter, match="checkpoints = .* the hash of features-digits"):
        measure("cpu", **digits, checkpoints="0" * 16)
    assert measure("cpu", **digits, checkpoints=checkpoint_hash("features-digits")).keys() > {"kernel"}
    with pytest.raises(InvalidParameter, match="^checkpoint = 'network-none'"):
        checkpoint_hash("network-none")
    assert checkpoint_hash("features-digits") != checkpoint_hash("features-mnist")


def test_sets_of_the_user(folder: Path) -> None:
    added = [check for check in checks("images") if check.target.startswith("mine")]
    assert added and not [check for check in checks("full") if check.target.startswith("mine")]
    assert all(dict(cell.parameters)["content"] for check in added for cell in check.cells)


def test_a_set_that_a_network_learned(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every sampler at every budget, as many images as the set has for tests, and a control."""
    for part, size in (("train", 12), ("t10k", 7)):
        pixels = np.random.default_rng(size).integers(0, 256, (size, 28, 28)).astype(np.uint8)
        for name, array in (("images-idx3", pixels), ("labels-idx1", np.zeros(size, np.uint8))):
            header = b"\0\0\x08" + bytes([array.ndim]) + b"".join(length.to_bytes(4, "big") for length in array.shape)
            (tmp_path / f"{part}-{name}-ubyte").write_bytes(header + array.tobytes())
    monkeypatch.setenv(image_spectra.FOLDERS, str(tmp_path))
    monkeypatch.setattr(image_samples, "learned", lambda network, content: network == "mnist")
    added = [check for check in checks("images") if check.target.startswith(tmp_path.name)]
    assert len({(check.claim.statement, check.claim.scheme, check.target) for check in added}) == len(added)
    networks = [check for check in added if f", {cells.NETWORK}, " in check.target]
    asked = {cell for check in networks for cell in check.cells}
    assert len(asked) == sum(len([calls for calls in image_samples.budgets(label) if calls <= 80]) for label in image_samples.CURVES) + 3 + 1
    for cell in asked:
        options = dict(cell.parameters)
        assert options["count"] == 7 and options["images"] == str(tmp_path) and options["features"] == "mnist" and options["content"]
        assert cell.measure == "image_floor" or options["network"] == "mnist"
    assert [check.claim.statement for check in networks if check.control] == ["DDIM of 80 calls is within the noise of DDPM V3 of 1000 calls"]


@pytest.mark.slow
def test_a_network_generates() -> None:
    pytest.importorskip("diffusers")
    options = dict(cells.cell("PMM over V3, K=5", 4).parameters) | {"count": 80}
    found = measure("cpu", **options)
    assert found["asked"].value == found["calls"].value == 4 and found["frechet"].value > 0


@pytest.mark.slow
def test_listing_loads_no_numerics() -> None:
    """Cells are named by hashes of files, not by what is in them."""
    import subprocess

    code = f"import sys; from experiments.studies.{image_samples.study.name} import study; list(study.checks('images')); print('torch' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"
