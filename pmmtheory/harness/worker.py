"""What a process does that computes cells for another one."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress

from pmmtheory.harness.compute import Computed, compute
from pmmtheory.harness.job import Job
from pmmtheory.harness.preloaded import BYTES
from pmmtheory.harness.project import use
from pmmtheory.harness.source_file import SourceFile
from pmmtheory.harness.study import Cell

_EDITED = "its code was edited while the run began; the same command computes it."

_job: Job
_edited: set[str]


def begin(job: Job, files: Mapping[str, Sequence[SourceFile]]) -> None:
    """Make ready for the cells of a job."""
    global _job, _edited
    if job.place not in sys.path:
        sys.path.insert(0, job.place)
    use(job.project)
    _job, _edited = job, load(files)


def computed(cell: Cell) -> Computed:
    """The outcome of a cell."""
    return Computed(cell, reason=_EDITED) if cell.measure in _edited else compute(cell, _job.device, _job.project.measures)


def load(files: Mapping[str, Sequence[SourceFile]]) -> set[str]:
    """Load all that the measures need, so that edits from now on change nothing; return those whose files are no longer as their keys say."""
    every = {file.name: file for group in files.values() for file in group}
    for name in sorted(every):
        with suppress(Exception):  # what is wrong with it is the reason of the cells that need it
            importlib.import_module(name)
    edited = {name for name, file in every.items() if not file.unchanged() or BYTES.get(name, file.bytes) != file.bytes}
    return {measure for measure, group in files.items() if any(file.name in edited for file in group)}
