"""`mutants` on a project of one claim: what it catches and what it lets through."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import pmmtheory
from pmmtheory.harness.errors import StoreError, UsageError
from pmmtheory.harness.mutants import command
from pmmtheory.harness.mutants.command import Plan, mutants
from pmmtheory.harness.mutants.fault import Fault, Site
from pmmtheory.harness.project import Project, use, used
from pmmtheory.harness.store import open_store

PACKAGE = Path(pmmtheory.__file__).parent
STUDY = """
from pmmtheory.harness.study import Cell, Check, Point, Study
from pmmtheory.theory.claim import Claim

STEPS = (0.2, 0.1, 0.05, 0.025, 0.0125, 0.00625)
points = tuple(Point(step, Cell.of("calls", accuracy=step), "calls") for step in STEPS)
claim = Claim("calls fall like half the accuracy", "none", "calls", 1, "asymptotic", "x/2 + x^2")
study = Study("calls", "one claim", lambda profile: [Check(claim, "none", points, constant=Point(0.0, Cell.of("half"), "value"))])
"""
MEASURE = """
from pmmtheory.estimate import Estimate
from pmmtheory.theory.complexity import Complexity, Powers

def measure(device, accuracy):
    terms = [Powers(1.0, 0, 1), Powers(2.0, 0, 2)]
    return {"calls": Estimate(Complexity("none", "none", terms).calls(accuracy, dim=2, constant=0.25), 1e-12, "closed form")}
"""
HALF = """
from pmmtheory.estimate import Estimate

def measure(device):
    return {"value": Estimate(0.5, 0.0, "by hand")}
"""


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Project, Path]]:
    """A package with a study, and a store of its results."""
    folder = tmp_path_factory.mktemp("project")
    for name, text in {
        "studies/calls": STUDY,
        "measures/calls": MEASURE,
        "measures/half": HALF,
        "studies/__init__": "",
        "measures/__init__": "",
        "__init__": "",
    }.items():
        path = folder / "tiny" / f"{name}.py"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    run = """
from pmmtheory.harness import processes
from pmmtheory.harness.cli import main
from pmmtheory.harness.project import Project

processes.PRELOADED = ["pmmtheory.harness.worker"]
main(Project("tiny"))
"""
    done = subprocess.run([sys.executable, "-c", run, "run", "--workers", "1", "--store", "store.sqlite"], cwd=folder, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    before = used()
    sys.path.insert(0, str(folder))
    yield Project("tiny"), folder / "store.sqlite"
    sys.path.remove(str(folder))
    use(before)


def fault(file: str, text: str, instead: str) -> Fault:
    """What is put at the only place of a text in a file of ours."""
    ((line, start, words),) = [(k, words.index(text), words.strip()) for k, words in enumerate((PACKAGE / file).read_text().splitlines(), 1) if text in words]
    return Fault(Site(file, line, start, start + len(text), "literal", text, words), instead)


@pytest.mark.slow
def test_a_wrong_factor_is_caught_what_no_number_meets_is_not_and_nothing_is_tried_twice(
    project: tuple[Project, Path], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    wrong = fault("theory/complexity.py", "(factor, 1)", "(factor * 1.02, 1)")
    unmet = fault("divergences/gaussian.py", "math.exp(-z * z / 2)", "math.exp(-z * z / 2.01)")
    broken = fault("theory/complexity.py", "(factor, 1)", "(factor.nothing, 1)")
    monkeypatch.setattr(command, "draw", lambda root, seed: iter([broken, wrong, unmet]))

    def run() -> tuple[bool, list[str], str]:
        good = mutants(project[0], Plan(2, 0, 0, 2, 200.0), project[1])
        *lines, summary = [line for line in capsys.readouterr().out.splitlines() if line and not line.startswith(" ")]
        return good, [line.split()[0] for line in lines], summary

    first = run()
    assert first == (False, ["broken", "caught", "still"], "1 caught, 0 noticed, 0 moved, 1 still, 0 time, 1 broken, 0 equivalent")
    with monkeypatch.context() as patch:
        patch.setattr(command.Trials, "_tried", lambda *_: pytest.fail("it is known"))
        assert run() == first
        with (Path(project[1]).parent / "tiny" / "equivalent.toml").open("w") as file:
            print(f"[[equivalent]]\nwhy = 'not called'\nsites = ['{unmet.site.name}']", file=file)
        assert run() == (True, ["broken", "caught", "equivalent"], "1 caught, 0 noticed, 0 moved, 0 still, 0 time, 1 broken, 1 equivalent")


@pytest.mark.slow
def test_a_number_that_moves_behind_a_claim_that_passes_is_told(
    project: tuple[Project, Path], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    slight = fault("theory/complexity.py", "(factor, 1)", "(factor * (1 + 1e-9), 1)")
    monkeypatch.setattr(command, "draw", lambda root, seed: iter([slight]))
    assert not mutants(project[0], Plan(1, 0, 0, 1, 200.0), project[1])
    assert "1 moved" in capsys.readouterr().out


@pytest.mark.slow
def test_without_the_results_or_a_package_it_is_one_sentence(project: tuple[Project, Path], tmp_path: Path) -> None:
    plan = Plan(1, 0, 0, 1, 1.0)
    with pytest.raises(StoreError, match="there is no store"):
        mutants(project[0], plan, tmp_path / "none.sqlite")
    with open_store(tmp_path / "empty.sqlite"):
        pass
    with pytest.raises(UsageError, match="lacks 7 of 7 cells"):
        mutants(project[0], plan, tmp_path / "empty.sqlite")
    with pytest.raises(UsageError, match="reference studies"):
        mutants(Project(), plan, project[1])
