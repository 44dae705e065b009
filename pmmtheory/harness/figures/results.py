"""What a figure may ask: the stored points of the checks, with their fits and verdicts. No law is computed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Set
from dataclasses import dataclass, field
from pathlib import Path

from pmmtheory.estimate import Estimate
from pmmtheory.harness import discover
from pmmtheory.harness.errors import ExperimentError, UsageError
from pmmtheory.harness.options import DEFAULT_STORE
from pmmtheory.harness.project import used
from pmmtheory.harness.provenance import provenance
from pmmtheory.harness.store import Stored, open_store
from pmmtheory.harness.study import PROFILES, Cell, Check, Study
from pmmtheory.harness.verdict import Outcome, decide


@dataclass(frozen=True)
class Results:
    """The checks of every study with what the store knows of their cells, read-only.

    Attributes
    ----------
    path : Path
        The store. Where there is none, nothing is known.
    profile : str
        Which checks the studies give.
    studies : mapping
        The name of a study -> the study and its checks.
    stored : mapping
        The key of a cell -> its estimates, or the reason why it has none.
    stale : set of str
        The keys of cells whose results are those of other code than there is now.
    device : str
        On which the results were computed.
    """

    path: Path
    profile: str
    studies: Mapping[str, tuple[Study, tuple[Check, ...]]]
    stored: Mapping[str, Stored]
    stale: Set[str] = frozenset()
    device: str = "cpu"
    _decided: dict[str, list[Outcome]] = field(default_factory=dict, repr=False, compare=False)

    def outcomes(self, *names: str) -> list[Outcome]:
        """The checks of the named studies (of all, without a name) with points, fits and verdicts; MissingResults unless every cell is stored."""
        names = names or tuple(self.studies)
        if unknown := [name for name in names if name not in self.studies]:
            raise UsageError(f"the figure needs the study {unknown[0]!r}, which is not there.")
        missing = [name for name in names if any(cell.key not in self.stored for check in self.studies[name][1] for cell in check.cells)]
        if missing:
            raise MissingResults(missing, self)
        for name in names:
            if name not in self._decided:
                self._decided[name] = [decide(name, check, self.stored) for check in self.studies[name][1]]
        return [outcome for name in names for outcome in self._decided[name]]

    def one(self, study: str, target: str, scheme: str, distance: str) -> Outcome:
        """The check of a study with this target, scheme and distance."""
        for outcome in self.outcomes(study):
            if (outcome.check.target, outcome.check.claim.scheme, outcome.check.claim.distance) == (target, scheme, distance):
                return outcome
        raise UsageError(f"the study {study} claims nothing about the {distance} of {scheme} on the target {target}.")

    def estimate(self, cell: Cell, metric: str) -> Estimate | None:
        """One stored number, or None."""
        return self.stored.get(cell.key, Stored()).estimates.get(metric)


class MissingResults(ExperimentError):
    """Results that figures need are not stored: the sentence names the figures, where it is known, and the command that computes the results."""

    def __init__(self, studies: Iterable[str], results: Results, figures: Iterable[str] = ()) -> None:
        self.studies = sorted(set(studies))
        every = len(self.studies) == len(results.studies)
        command = (f"python -m {used().package}" if used().package else "pmmtheory") + ("" if every else f" run {' '.join(self.studies)}")
        command += f" {used().option}" if used().option else ""
        command += "" if results.profile == PROFILES[0] else f" --profile {results.profile}"
        command += "" if results.device == "cpu" else f" --device {results.device}"
        command += "" if results.path == DEFAULT_STORE else f" --store {results.path}"
        state = f"lacks results of {_listed(self.studies)}" if results.path.exists() else "is not there yet"
        if stale := [name for name in self.studies if results.stale & {cell.key for check in results.studies[name][1] for cell in check.cells}]:
            state += f" (those of {_listed(stale)} are stale: their code or a library changed since)"
        names = list(figures)
        what = f"{_listed(names)} {'was' if len(names) == 1 else 'were'} not drawn" if names else "nothing was drawn"
        super().__init__(f"{what}, because the store {results.path} {state}; this command fills it: {command}")


def open_results(path: Path, profile: str, device: str = "cpu") -> Results:
    """What is stored of the checks of a profile, computed on a device."""
    checks = discover.checks_by_study(discover.find_studies(used().part("studies")).values(), profile)
    stored: Mapping[str, Stored] = {}
    stale: Set[str] = frozenset()
    origin = provenance(device)
    if path.exists():
        with open_store(path, must_exist=True) as store:
            stored, stale = store.load(origin), store.stale(origin)
    return Results(path, profile, {study.name: (study, tuple(group)) for study, group in checks.items()}, stored, stale, device)


def _listed(names: list[str]) -> str:
    """Names as a clause: "a", "a and b", "a, b and c"."""
    return " and ".join(filter(None, (", ".join(names[:-1]), names[-1])))
