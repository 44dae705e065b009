"""A name that a room does not export is an error to a type checker, though a new file in its folder is found by name at run time."""

from __future__ import annotations

from pathlib import Path

import pytest

import pmmtheory
from pmmtheory import schedulers, schemes, targets, theory

api = pytest.importorskip("mypy.api")
ROOT = Path(pmmtheory.__file__).parent
NAMES = {"schemes": "EulerMaruyama", "schedulers": "DDPM", "targets": "Gaussian", "theory": "leading_term"}
MISSPELT = {"schemes": "EulerMaruyma", "schedulers": "DPM", "targets": "Gausian", "theory": "leading_terms"}


def checked(folder: Path, names: dict[str, str]) -> tuple[str, int]:
    """What mypy says of imports of these names; other modules are not followed."""
    probe = folder / "probe.py"
    probe.write_text("".join(f"from pmmtheory.{room} import {name}\n" for room, name in names.items()))
    rooms = [str(ROOT / room / "__init__.py") for room in names]
    said, _, status = api.run(["--follow-imports=skip", "--config-file=", "--ignore-missing-imports", f"--cache-dir={folder}", str(probe), *rooms])
    return said, status


@pytest.mark.slow
def test_names_that_are_exported_pass(tmp_path: Path) -> None:
    assert checked(tmp_path, NAMES)[1] == 0


@pytest.mark.slow
def test_a_misspelt_name_is_an_error(tmp_path: Path) -> None:
    """One in each room, and no other error."""
    said, status = checked(tmp_path, MISSPELT)
    assert status == 1 and said.count("error:") == len(MISSPELT)
    for room, name in MISSPELT.items():
        assert f'Module "pmmtheory.{room}" has no attribute "{name}"' in said


def test_a_new_file_is_found_by_name() -> None:
    """At run time, by all four rooms' own search; a misspelt name is not."""
    for room in (schemes, schedulers, targets, theory):
        name = room.__name__.split(".")[-1]
        assert getattr(room, NAMES[name])
        with pytest.raises(AttributeError, match=MISSPELT[name]):
            getattr(room, MISSPELT[name])
    assert schemes.__getattr__("EulerMaruyama") is schemes.EulerMaruyama
