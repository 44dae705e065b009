"""What a run says, on one page: a line a study, what is not as it should be, and the first thing that each study found."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from textwrap import fill

from rich.markup import escape

from pmmtheory.harness.runner import Tally
from pmmtheory.harness.store import Stored
from pmmtheory.harness.study import Check, Study
from pmmtheory.harness.table import WIDTH, terminal
from pmmtheory.harness.verdict import Outcome

_MORE = "`show NAME` prints all that a study found"


class Page:
    """Lines that appear as studies finish, and the rest at the end."""

    def __init__(self, checks: Mapping[Study, Sequence[Check]]) -> None:
        self.console = terminal()
        self.outcomes: list[Outcome] = []
        self.findings: list[str] = []
        self._widest = max((len(study.name) for study in checks), default=0)

    def add(self, study: Study, outcomes: Sequence[Outcome], results: Mapping[str, Stored]) -> None:
        """The line of a study: how many of its claims pass and of its controls fail, and how long its cells took."""
        self.outcomes += outcomes
        if study.findings and (found := next(iter(study.findings(outcomes)), "")):
            self.findings.append(found)
        keys = {cell.key for outcome in outcomes for cell in outcome.check.cells}
        seconds = sum(results[key].seconds for key in keys if key in results)
        good = all(outcome.as_it_should for outcome in outcomes)
        mark = "[green]ok[/]" if good else "[red]NO[/]"
        self.console.print(f"{mark}  {escape(study.name):<{self._widest}}  {counts(outcomes)}, {seconds:.1f} s", soft_wrap=True)

    def end(self, tally: Tally, seconds: float) -> None:
        """What is not as it should be, in full; what was found first by each study; and one line over all."""
        self._section("Not as it should be", _troubles(self.outcomes))
        self._section("Missing points", _missing(self.outcomes))
        self._section(f"What this run says ({_MORE})", self.findings)
        self.console.print(f"\n{summary(self.outcomes, tally, seconds)}", soft_wrap=True, markup=False)
        if not self.findings:
            self.console.print(_MORE, markup=False)

    def _section(self, title: str, sentences: Sequence[str]) -> None:
        if sentences:
            self.console.print(f"\n[bold]{title}[/]")
            for sentence in sentences:
                self.console.print(paragraph(sentence), markup=False, soft_wrap=True)


def paragraph(sentence: str) -> str:
    """An item of a list in lines that fit; names and numbers stay whole.

    >>> print(paragraph("DPM-Solver-2M is of order 2.00 ± 0.05. " * 2 + "It is."))
    - DPM-Solver-2M is of order 2.00 ± 0.05. DPM-Solver-2M is of order 2.00 ± 0.05.
      It is.
    """
    tied = sentence.replace(" ± ", "\xa0±\xa0").replace("(± ", "(±\xa0")
    return fill(tied, WIDTH, initial_indent="- ", subsequent_indent="  ", break_on_hyphens=False).replace("\xa0", " ")


def summary(outcomes: Sequence[Outcome], tally: Tally, seconds: float) -> str:
    """One line over all studies."""
    claims = Counter(outcome.verdict for outcome in outcomes if not outcome.check.control)
    controls = [outcome.as_it_should for outcome in outcomes if outcome.check.control]
    verdicts = f"{claims.total()} claims: {claims['pass']} pass, {claims['fail']} fail, {claims['undecided']} undecided"
    return f"{verdicts}; {sum(controls)} of {len(controls)} controls caught; {cells_line(tally)}; {seconds:.1f} s"


def cells_line(tally: Tally) -> str:
    """How many cells were computed, were there already and failed."""
    failed = f", {tally.failed} failed" if tally.failed else ""
    stale = f" ({tally.stale} were stale: their code or a library changed)" if tally.stale else ""
    return f"cells: {tally.computed} computed{stale}, {tally.reused} reused{failed}"


def counts(outcomes: Sequence[Outcome]) -> str:
    """How many there are of each verdict; of controls, how many are caught."""
    claims = Counter(outcome.verdict for outcome in outcomes if not outcome.check.control)
    controls = [outcome.as_it_should for outcome in outcomes if outcome.check.control]
    said = [f"{claims[verdict]} {verdict}" for verdict in ("pass", "fail", "undecided") if claims[verdict]]
    if controls:
        said.append(f"{sum(controls)} of {len(controls)} controls caught")
    return ", ".join(said)


def _troubles(outcomes: Sequence[Outcome]) -> list[str]:
    """Each claim that does not pass and each control that does not fail, with the reason."""
    said = []
    for outcome in outcomes:
        if not outcome.as_it_should:
            what = "control NOT CAUGHT" if outcome.check.control else outcome.verdict
            said.append(f"{outcome.study}: {outcome.check.claim.statement} ({outcome.check.target}): {what}: {outcome.reason}")
    return said


def _missing(outcomes: Sequence[Outcome]) -> list[str]:
    """The steps without a number, once for all checks of a study that lack the same."""
    lacking: dict[tuple[str, str], int] = Counter((outcome.study, outcome.skipped) for outcome in outcomes if outcome.skipped)
    return [f"{study}: {skipped}" + (f" ({number} claims)" if number > 1 else "") for (study, skipped), number in lacking.items()]
