"""The report as one HTML page that needs no other file."""

from __future__ import annotations

import hashlib
import platform
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from jinja2 import Environment, StrictUndefined
from markupsafe import Markup

import pmmtheory
from pmmtheory.harness.figures import style
from pmmtheory.harness.figures.study import describe, draw_study
from pmmtheory.harness.page import counts
from pmmtheory.harness.report.rows import Row, row
from pmmtheory.harness.report.svg import inline
from pmmtheory.harness.store import Computing
from pmmtheory.harness.study import Study
from pmmtheory.harness.verdict import Outcome

_TEMPLATE = Path(__file__).with_name("page.html.jinja")
_LIBRARIES = ("numpy", "scipy", "sympy", "torch", "matplotlib")


@dataclass(frozen=True)
class Section:
    """A study in the report."""

    name: str
    title: str
    anchor: str
    counts: str
    good: bool
    findings: tuple[str, ...]
    rows: tuple[Row, ...]
    figure: Markup
    words: str


def render(
    studies: Mapping[Study, Sequence[Outcome]], missing: Sequence[str], profile: str, device: str, computing: Computing, written: datetime | None = None
) -> str:
    """The page.

    Parameters
    ----------
    studies : mapping
        The outcomes of every study that is stored in full.
    missing : sequence of str
        The names of the others.
    profile, device : str
    computing : Computing
        What computed the cells.
    written : datetime, optional
        The time that the page gives as its own.
    """
    sections = [_section(study, outcomes) for study, outcomes in studies.items()]
    every = [outcome for outcomes in studies.values() for outcome in outcomes]
    environment = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True, keep_trailing_newline=True)
    return environment.from_string(_TEMPLATE.read_text(encoding="utf-8")).render(
        sections=sections,
        missing=missing,
        counts=counts(every),
        wrong=sum(not outcome.as_it_should for outcome in every),
        facts=_facts(every, profile, device, computing, written or datetime.now(UTC)),
        sources=computing.sources,
    )


def _section(study: Study, outcomes: Sequence[Outcome]) -> Section:
    word = re.sub(r"\W+", "-", study.name)
    words, svg = describe(outcomes), Markup("")
    with style.theme():
        if (figure := draw_study(outcomes)) is not None:
            svg = Markup(inline(figure, f"figure-{word}", words))  # noqa: S704 - made by matplotlib; its texts are escaped there, and the words are escaped in inline()
    return Section(
        study.name,
        study.title,
        f"study-{word}",
        counts(outcomes),
        all(outcome.as_it_should for outcome in outcomes),
        tuple(study.findings(outcomes)) if study.findings else (),
        tuple(row(number, outcome) for number, outcome in enumerate(outcomes, 1)),
        svg,
        words,
    )


def _facts(outcomes: Sequence[Outcome], profile: str, device: str, computing: Computing, written: datetime) -> list[tuple[str, str]]:
    """Versions, seeds, machines, sources and dates."""
    seeds = sorted({str(dict(cell.parameters).get("seed", 0)) for outcome in outcomes for cell in outcome.check.cells})
    hashed = hashlib.sha256("\n".join(f"{name} {key}" for name, key in sorted(computing.sources.items())).encode()).hexdigest()[:24]
    machines = "; ".join(f"{hardware}, pmmtheory {own}, Python {python}, torch {torch}" for hardware, own, python, torch in computing.machines)
    first, last = computing.times
    libraries = ", ".join(f"{name} {found}" for name in _LIBRARIES if (found := _version(name)))
    return [
        ("Profile", profile),
        ("Device", device),
        ("Computed on", machines or "nothing"),
        ("Computed at", first if first == last else f"{first} to {last}"),
        ("Source hash", hashed),
        ("Seed", ", ".join(seeds)),
        ("Report by", f"pmmtheory {pmmtheory.__version__}, Python {platform.python_version()}, {libraries}"),
        ("Written at", written.isoformat(timespec="seconds")),
    ]


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return ""
