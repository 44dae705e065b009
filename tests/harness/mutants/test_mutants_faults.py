"""Faults: where they may be, and what they change."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import cache
from itertools import islice
from pathlib import Path

import pytest

import pmmtheory
from pmmtheory.harness.mutants import fault as faults
from pmmtheory.harness.mutants.fault import LEAST, MOST, ROOMS, Fault, draw, sites

PACKAGE = Path(pmmtheory.__file__).parent
SOURCE = '''"""Not 3.0 * 4."""
@cache(size=2 * 8)
def f(x: tuple[3], y=0.25):
    if x < 1.5:
        raise ValueError(f"{2 * x} or {x + 1}")
    z = -2 * x[1] - y ** 3
    return z[2:3] + g(7)
'''


@pytest.fixture(scope="module")
def read_once() -> Iterator[None]:
    """The sites of a file are found once for all draws."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(faults, "sites", cache(lambda source, file: tuple(sites(source, file))))
        yield


def test_numbers_that_are_calculated_with_signs_factors_and_indices_are_sites() -> None:
    found = [(site.kind, site.line, site.text) for site in sites(SOURCE, "f.py")]
    assert sorted(found) == sorted(
        [
            ("literal", 3, "0.25"),
            ("literal", 4, "1.5"),
            ("sign", 6, "-"),
            ("factor", 6, "-2 * x[1]"),
            ("literal", 6, "2"),
            ("index", 6, "1"),
            ("literal", 6, "3"),
            ("sign", 7, "+"),
        ]
    )


def test_the_sign_is_that_of_the_sum_behind_brackets() -> None:
    (found,) = [site for site in sites("a = (b-c) + (-d)\n", "f.py") if site.kind == "sign" and site.text == "+"]
    assert (found.start, found.end) == (10, 11)


@pytest.mark.slow
@pytest.mark.usefixtures("read_once")
def test_faults_are_small_and_keep_the_file_a_program(tmp_path: Path) -> None:
    for fault in islice(draw(PACKAGE, 3), 80):
        before = (PACKAGE / fault.site.file).read_text()
        copy = tmp_path / fault.site.file
        copy.parent.mkdir(parents=True, exist_ok=True)
        copy.write_text(before)
        fault.put_into(tmp_path)
        after = copy.read_text()
        assert ast.dump(ast.parse(after)) != ast.dump(ast.parse(before)), fault
        assert [a == b for a, b in zip(after.splitlines(), before.splitlines(), strict=True)].count(False) == 1
        if fault.site.kind == "literal":
            assert LEAST / 2 < abs(float(fault.instead) / float(fault.site.text) - 1) < 2 * MOST


@pytest.mark.slow
@pytest.mark.usefixtures("read_once")
def test_a_seed_fixes_the_faults_and_every_room_has_some() -> None:
    some = list(islice(draw(PACKAGE, 5), 40))
    assert some == list(islice(draw(PACKAGE, 5), 40)) != list(islice(draw(PACKAGE, 6), 40))
    assert {fault.site.file.partition("/")[0] for fault in some} == set(ROOMS)
    assert len({fault.site for fault in draw(PACKAGE, 5)}) == len(list(draw(PACKAGE, 5)))


def test_an_edit_elsewhere_changes_neither_the_faults_of_a_room_nor_their_order(tmp_path: Path) -> None:
    (tmp_path / "targets").mkdir()

    def drawn(source: str, but: str) -> list[str]:
        (tmp_path / "targets" / "f.py").write_text(source)
        names = [fault.name for fault in draw(tmp_path, 1)]
        assert len(set(names)) == len(names) == 10
        return [name for name in names if but not in name]

    source = SOURCE + "a = b + c\na = b + c\n"
    before = drawn(source, "x[1]")
    assert len(before) == 5
    assert before == drawn("import math\n\n" + source.replace("x[1]", "x[4]"), "x[4]")


def test_another_file_than_that_of_the_fault_is_refused(tmp_path: Path) -> None:
    (fault,) = [Fault(site, "-") for site in sites("a = b + c\n", "f.py")]
    (tmp_path / "f.py").write_text("a = b * c\n")
    with pytest.raises(ValueError, match="not the file"):
        fault.put_into(tmp_path)
