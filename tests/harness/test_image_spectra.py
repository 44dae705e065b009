"""The study of samplers on the covariance of images: well formed, truly decided where that is cheap, with the user's own sets in the full profile."""

from __future__ import annotations

import gzip
from pathlib import Path

import numpy as np
import pytest

from experiments.studies import image_spectra
from pmmtheory.errors import InvalidParameter
from pmmtheory.harness.discover import find_studies, require_measures
from pmmtheory.harness.measures.spectrum_error import measure
from pmmtheory.harness.project import Project
from pmmtheory.harness.source_tree import version_of
from pmmtheory.harness.study import USUAL, Check
from pmmtheory.images import fingerprint, image_spectrum
from tests.harness.deciding import decided

STUDY = find_studies("experiments.studies")["image_spectra"]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Twelve made-up images of 3 x 4 points in the format of MNIST, one point always black."""
    pixels = np.random.default_rng(3).integers(0, 256, (12, 3, 4)).astype(np.uint8)
    pixels[:, 0, 0] = 0
    header = bytes((0, 0, 8, 3)) + b"".join(n.to_bytes(4, "big") for n in pixels.shape)
    (tmp_path / "train-images-idx3-ubyte.gz").write_bytes(gzip.compress(header + pixels.tobytes()))
    (tmp_path / "train-labels-idx1-ubyte").write_bytes(bytes((0, 0, 8, 1)) + (12).to_bytes(4, "big") + bytes(12))
    return tmp_path


def checks(profile: str = "quick") -> list[Check]:
    return list(STUDY.checks(profile))


@pytest.mark.parametrize("profile", USUAL)
def test_well_formed(profile: str) -> None:
    found = checks(profile)
    assert len({(check.claim.statement, check.claim.scheme, check.target) for check in found}) == len(found)
    require_measures(Project("experiments").measures, {cell.measure for check in found for cell in check.cells})
    assert sum(check.control for check in found) == 2 and len({cell.key for check in found for cell in check.cells}) < 200


def test_the_full_profile_keeps_every_quick_claim_and_point() -> None:
    full, quick = checks("full"), checks()
    assert {check.claim.statement for check in quick} <= {check.claim.statement for check in full}
    assert {cell.key for check in quick for cell in check.cells} <= {cell.key for check in full for cell in check.cells}


@pytest.mark.slow
@pytest.mark.parametrize("label", image_spectra.SAMPLERS)
def test_cells_have_the_calls_that_they_say(label: str) -> None:
    for calls in image_spectra.curves("full")[label][:2]:
        asked = measure("cpu", **dict(image_spectra.cell(label, calls).parameters))["calls"].value
        assert abs(asked - calls) <= 1


@pytest.mark.slow
@pytest.mark.parametrize(
    "words", ["V3, K=5, beats DDIM", "does not beat DPM-Solver-2M", "with half the variance", "matches DDPM V3 of 1000, as it does on two modes"]
)
def test_cheap_checks_are_decided_as_they_should(words: str) -> None:
    (check,) = (check for check in checks() if words in check.claim.statement)
    assert decided(check) == ("fail" if check.control else "pass")


def test_sets_of_the_user(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(image_spectra.FOLDERS, f"{folder}")
    assert image_spectra.sets("quick") == ("digits",)
    assert image_spectra.sets("full") == ("digits", str(folder.resolve()))
    added = [check for check in checks("full") if check.target == folder.name]
    assert len(added) == len(image_spectra.SAMPLERS)
    options = dict(image_spectra.cell("DDIM", 10, str(folder)).parameters)
    assert options["content"] == fingerprint(folder)
    found = measure("cpu", **options)
    assert 0 < found["frechet"].value == found["w2_bound"].value
    with pytest.raises(InvalidParameter, match="content = .* the fingerprint of"):
        measure("cpu", **(options | {"content": "0" * 16}))
    spectrum = image_spectrum(folder)
    assert len(spectrum.variances) == 11 and spectrum.still == 1


def test_only_down_to_the_data() -> None:
    with pytest.raises(InvalidParameter, match="^end = 100"):
        measure("cpu", "digits", "DDIM", 10, end=100)


def test_a_library_has_the_version_of_what_distributes_it() -> None:
    """The key of a measure counts a library by its version; that of one under another name would be all of its source."""
    assert version_of("sklearn") == version_of("scikit-learn") != ""
    assert version_of("no_such_library") == ""
