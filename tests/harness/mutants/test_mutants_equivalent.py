"""Faults that are argued to be none: each is one that could be drawn, for a reason that is given."""

from __future__ import annotations

from pathlib import Path

import experiments
import pmmtheory
from pmmtheory.harness.mutants.equivalent import argued, why_none
from pmmtheory.harness.mutants.fault import draw, sites


def test_every_argued_site_is_one_of_the_code_as_it_is() -> None:
    sites = [fault.site for fault in draw(Path(pmmtheory.__file__).parent, 0)]
    known = argued(Path(experiments.__path__[0]))
    assert known and not set(known) - {name for site in sites for name in (site.name, site.line_name)}
    assert all(len(why.split()) > 4 for why in known.values())


def test_a_project_without_such_a_file_argues_nothing(tmp_path: Path) -> None:
    assert argued(tmp_path) == {}


def test_a_line_stands_for_its_literals_and_factors_alone() -> None:
    found = list(sites("    small = 2 * x[1] + 0.5 - y\n".strip(), "f.py"))
    known = {"f.py | small = 2 * x[1] + 0.5 - y": "a line", "f.py | small = 2 * x[1] + 0.5 - y | +": "a sign"}
    assert {(site.kind, site.text): why_none(site, known) for site in found} == {
        ("literal", "2"): "a line",
        ("literal", "0.5"): "a line",
        ("factor", "2 * x[1]"): "a line",
        ("index", "1"): "",
        ("sign", "+"): "a sign",
        ("sign", "-"): "",
    }
