"""A folder of one's own: the example, its names, and an edit to it."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from pmmtheory import __version__
from pmmtheory.harness.choice import named_in
from pmmtheory.harness.discover import load_measure
from pmmtheory.harness.errors import UsageError
from pmmtheory.harness.example import write_example
from pmmtheory.harness.names import named
from pmmtheory.harness.project import Project
from pmmtheory.harness.source import Sources
from tests.installed import installed

ROOT = Path(__file__).parents[2]


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder that one stands in."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("PMMTHEORY_STORE", raising=False)
    return tmp_path


@pytest.mark.slow
def test_the_example_runs_and_is_drawn(here: Path) -> None:
    assert installed("new", "mine")[0] == 0
    files = sorted((here / "mine").rglob("*.py"))
    assert len(files) == 4 and sum(len(file.read_text().splitlines()) for file in files) < 60
    assert len((here / "mine" / "studies" / "two_stage.py").read_text().splitlines()) <= 15
    status, out, err = installed("run", "--studies", "mine")
    assert status == 0 and "3 claims: 3 pass" in out and "3 of 3 controls caught" in out, out + err
    (here / "pyproject.toml").write_text('[tool.pmmtheory]\nstudies = "mine"\n')
    assert "tilted" in installed("show")[1]
    assert installed("figures")[0] == 0 and (here / "figures" / "two_stage.png").stat().st_size > 1000
    scheme = here / "mine" / "schemes" / "two_stage.py"
    scheme.write_text(scheme.read_text().replace("(before + after) / 2", "before"))
    assert "10 stale" in installed("list")[1]
    status, out, _ = installed("run")
    assert status == 1 and "fail: the interval" in " ".join(out.split())


@pytest.mark.slow
def test_without_studies_one_sentence_says_how_to_name_them(here: Path) -> None:
    for arguments, sentence in ((("list",), "--studies FOLDER"), (("list", "--studies", "nowhere"), "there is no folder"), (("figures",), "--studies FOLDER")):
        status, _, err = installed(*arguments)
        assert status == 2 and sentence in err and err.count("\n") == 1 and "Traceback" not in err


@pytest.mark.slow
def test_the_version_is_told(here: Path) -> None:
    """In a process of its own."""
    command = [sys.executable, "-c", "from pmmtheory.harness.cli import main; main()", "--version"]
    done = subprocess.run(command, env=os.environ | {"PYTHONPATH": str(ROOT)}, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, f"pmmtheory {__version__}\n", "")


@pytest.mark.slow
def test_a_figure_without_results_names_the_command_with_its_folder(here: Path) -> None:
    write_example(here / "my own")
    status, _, err = installed("figures", "--studies", "my own")
    assert status == 2 and err.endswith("this command fills it: pmmtheory --studies 'my own'\n")


def test_a_file_without_its_measure_is_one_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "unmeasured").mkdir()
    (tmp_path / "unmeasured" / "nothing.py").write_text("measured = 1\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    with pytest.raises(UsageError, match="nothing.py in unmeasured does not define `measure"):
        load_measure(["unmeasured"], "nothing")


@pytest.mark.slow
def test_an_example_is_not_written_over_files(here: Path) -> None:
    (here / "mine").mkdir()
    (here / "mine" / "thesis.tex").write_text("years of work")
    assert "not empty" in installed("new", "mine")[2]
    assert [path.name for path in (here / "mine").iterdir()] == ["thesis.tex"]


@pytest.mark.parametrize(("text", "sentence"), [("[tool.pmmtheory]\nstudies = 3\n", "path of a folder"), ("[tool.pmmtheory\n", "cannot be read")])
def test_a_wrong_setting_is_one_sentence(tmp_path: Path, text: str, sentence: str) -> None:
    assert named_in(tmp_path) is None
    (tmp_path / "pyproject.toml").write_text(text)
    with pytest.raises(UsageError, match=sentence):
        named_in(tmp_path)


@pytest.mark.slow
def test_every_part_of_a_folder_counts_for_every_measure(tmp_path: Path) -> None:
    write_example(tmp_path / "mine")
    folders = [str(tmp_path / "mine"), str(ROOT)]
    key = Sources(Project(), folders).of("stationary_error")
    assert Sources(Project("experiments"), [str(ROOT)]).of("stationary_error") != key
    target = tmp_path / "mine" / "targets" / "tilted_well.py"
    target.write_text(target.read_text().replace("x / 4", "x / 5"))
    assert Sources(Project(), folders).of("stationary_error") != key
    target.write_text(target.read_text().replace("x / 5", "x / 4"))
    assert Sources(Project(), folders).of("stationary_error") == key
    shutil.copy(target, tmp_path / "mine" / "targets" / "another.py")
    assert Sources(Project(), folders).of("stationary_error") != key


def test_a_misspelt_name_is_met_with_what_is_near() -> None:
    from pmmtheory import schemes

    with pytest.raises(UsageError, match="did you mean PoissonMidpoint"):
        named("PoissonMidpont", "schemes", schemes)


@pytest.mark.slow
def test_no_verdict_is_written_over_a_store(here: Path) -> None:
    installed("new", "mine")
    study = here / "mine" / "studies" / "two_stage.py"
    study.write_text(study.read_text().replace("STEPS = [0.04, 0.028, 0.02, 0.014, 0.01]", "STEPS = [0.04]"))
    assert "2 computed, 0 reused" in installed("run", "--studies", "mine", "--store", "kept.sqlite")[1]
    status, _, err = installed("run", "--studies", "mine", "--store", "kept.sqlite", "--json", "kept.sqlite")
    assert status == 2 and "is a result store" in err
    assert "2 reused" in installed("run", "--studies", "mine", "--store", "kept.sqlite")[1]
    assert "2 computed, 0 reused" in installed("run", "--studies", "mine", "--store", "kept.sqlite", "--fresh")[1]
    assert "same file" in installed("export", "--csv", "rows", "--parquet", "rows", "--store", "kept.sqlite")[2]
