"""True claims drawn at random do not fail, and false ones on the same points do."""

from __future__ import annotations

from collections import Counter

import pytest

from pmmtheory.harness import perturbed
from pmmtheory.harness.perturbed import MIDPOINTS, drawn, judged, show


@pytest.mark.slow
def test_a_run_depends_on_its_seed_and_number_alone() -> None:
    runs = [drawn(3, number) for number in range(300)]
    assert runs == [drawn(3, number) for number in range(300)] and len(set(runs)) == 300
    assert {run.family for run in runs} == {"gaussian", "mixture", "cosine", "log-cosh"}
    assert {run.midpoints for run in runs} == {"", *MIDPOINTS} and {run.constant for run in runs} == {True, False}
    assert all(run.steps == tuple(sorted(run.steps, reverse=True)) for run in runs)


@pytest.mark.slow
def test_true_claims_hold_and_false_ones_are_seen() -> None:
    cheap = [run for run in (drawn(1, number) for number in range(120)) if run.scheme in ("EulerMaruyama", "Ozaki") and run.family != "log-cosh"][:12]
    assert len(cheap) > 10
    right = Counter(judged(run).verdict for run in cheap)
    assert right["fail"] == 0 and right["pass"] > 0.7 * len(cheap)
    wrong = [judged(run, shift=1.0).verdict for run in cheap if run.slack is None or run.slack < 0.5]
    assert "pass" not in wrong and wrong.count("fail") > 0.7 * len(wrong)
    constants = [judged(run, factor=1.2).verdict for run in cheap if run.constant]
    assert constants and "pass" not in constants and "fail" in constants


def test_a_false_verdict_is_told(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    def everyone(numbers: range, seed: int, workers: int) -> list[perturbed.Judged]:
        verdicts = ("pass", "fail", "undecided", "refused")
        return [perturbed.Judged(drawn(seed, number), verdict, "because") for number, verdict in zip(numbers, verdicts, strict=True)]

    monkeypatch.setattr(perturbed, "_everyone", everyone)
    assert not show(4, 0, 2, 1)
    said = capsys.readouterr().out
    assert f"FALSE  {drawn(0, 3)}\n       because" in said and "4 true claims with seed 0: 1 pass, 1 undecided, 1 refused; 1 fail" in said


@pytest.mark.slow
def test_processes_judge_as_this_one_does(capsys: pytest.CaptureFixture[str]) -> None:
    number = next(number for number in range(100) if (run := drawn(0, number)).scheme == "EulerMaruyama" and run.family == "gaussian")
    assert show(1, 0, number, 1)
    verdict = judged(drawn(0, number)).verdict
    assert f"1 {verdict}" in capsys.readouterr().out
