"""Faults that are argued to be none: each is one that could be drawn, for a reason that is given."""

from __future__ import annotations

from pathlib import Path

import experiments
import pmmtheory
from pmmtheory.harness.mutants.equivalent import argued
from pmmtheory.harness.mutants.fault import draw


def test_every_argued_site_is_one_of_the_code_as_it_is() -> None:
    sites = {fault.site.name for fault in draw(Path(pmmtheory.__file__).parent, 0)}
    known = argued(Path(experiments.__path__[0]))
    assert known and not set(known) - sites
    assert all(len(why.split()) > 4 for why in known.values())


def test_a_project_without_such_a_file_argues_nothing(tmp_path: Path) -> None:
    assert argued(tmp_path) == {}
