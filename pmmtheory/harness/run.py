"""A run: cells computed and stored, with what they say or without."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from pmmtheory.harness import verdicts_json
from pmmtheory.harness.page import Page, cells_line
from pmmtheory.harness.provenance import provenance
from pmmtheory.harness.runner import Means, Shard, fill
from pmmtheory.harness.store import Stored, open_store
from pmmtheory.harness.store_file import require_writable
from pmmtheory.harness.study import Check, Study
from pmmtheory.harness.verdict import decide

Checks = Mapping[Study, Sequence[Check]]


def with_verdicts(checks: Checks, profile: str, device: str, means: Means, store: Path, fresh: bool, json: Path | None) -> bool:
    """Compute what is missing and print the page; True when all is as it should be."""
    start = time.perf_counter()
    origin = provenance(device)
    if json:
        require_writable(json)
    page = Page(checks)

    def show(study: Study, results: Mapping[str, Stored]) -> None:
        page.add(study, [decide(study.name, check, results) for check in checks[study]], results)

    with open_store(store) as opened:
        tally = fill(opened, checks, origin, means, show, fresh)
    page.end(tally, time.perf_counter() - start)
    if json:
        verdicts_json.write_json(json, page.outcomes, profile, origin)
    return all(outcome.as_it_should for outcome in page.outcomes)


def cells_only(checks: Checks, device: str, means: Means, store: Path, fresh: bool, shard: Shard) -> bool:
    """Compute what is missing of a part of the cells and print how many; True when none failed."""
    start = time.perf_counter()
    with open_store(store) as opened:
        tally = fill(opened, checks, provenance(device), means, lambda study, results: None, fresh, shard)
    print(f"{cells_line(tally)}; {time.perf_counter() - start:.1f} s")
    return tally.failed == 0
