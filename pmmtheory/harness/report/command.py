"""Write the report of what is stored."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from pmmtheory.harness.errors import UsageError
from pmmtheory.harness.figures.output import write
from pmmtheory.harness.provenance import provenance
from pmmtheory.harness.report.document import render
from pmmtheory.harness.report.latex import table
from pmmtheory.harness.store import open_store
from pmmtheory.harness.store_file import require_writable
from pmmtheory.harness.study import Check, Study
from pmmtheory.harness.verdict import decide


def write_report(checks: Mapping[Study, Sequence[Check]], profile: str, device: str, path: Path, out: Path, latex: Path | None) -> None:
    """Write the page, and the tables where a folder is given; print the paths.

    Raises
    ------
    UsageError
        A file cannot be written, or no study is stored in full.
    StoreError
        The store cannot be read.
    """
    if out.parent.exists():  # otherwise it is made
        require_writable(out)
    with open_store(path, must_exist=True) as store:
        origin = provenance(device)
        results = store.load(origin)
        full = [study for study, group in checks.items() if all(cell.key in results for check in group for cell in check.cells)]
        computing = store.computed(origin, (cell.key for study in full for check in checks[study] for cell in check.cells))
    missing = [study.name for study in checks if study not in full]
    if not full:
        raise UsageError(f"the store {path} has no study in full of these: {', '.join(missing)}; `run` computes them.")
    outcomes = {study: [decide(study.name, check, results) for check in checks[study]] for study in full}
    written = write(out.parent, {out.name: render(outcomes, missing, profile, device, computing).encode()})
    if latex is not None:
        written += write(latex, {f"{study.name}.tex": table(study.name, study.title, ours).encode() for study, ours in outcomes.items()})
    for file in written:
        print(file)
    if missing:
        print(f"not stored in full, and left out: {', '.join(missing)}; `run {' '.join(missing)}` computes them")
