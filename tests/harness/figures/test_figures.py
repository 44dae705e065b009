"""The figures: that they draw whatever is stored, show what is stored, are the same in every run, and say what is missing."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from functools import cache
from pathlib import Path

import matplotlib
import numpy as np
import pytest
from drawn import EXPERIMENTS, GALLERY, digest, drawn
from made_up import fill
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.text import Text

from paper_figures.figures.rates import BEYOND, generative, underdamped
from pmmtheory.harness.errors import UsageError
from pmmtheory.harness.figures import cli, style
from pmmtheory.harness.figures.gallery import Entry, find_figures
from pmmtheory.harness.figures.results import MissingResults, Results, open_results
from pmmtheory.harness.project import use
from pmmtheory.harness.store import Stored

Call = Callable[..., tuple[int, str, str]]
Picture = Callable[[str], FigureCanvasAgg]
FIGURES = find_figures(GALLERY)
KINDS = [name for name in FIGURES if name not in {"beyond_orders", "diffusion_rates", "underdamped"}]
"""One of the figures that `draw_studies` draws, and the others."""
WHOLE = ["constants", "image_spectra"]
"""With letters of two kinds and with one: of these both files are compared, of the others the pixels."""
use(EXPERIMENTS)


@pytest.fixture(scope="session")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("made up") / "store.sqlite"
    fill(path)
    return path


@pytest.fixture(scope="session")
def results(store: Path) -> Results:
    return open_results(store, "quick")


@pytest.fixture(scope="session")
def picture(results: Results) -> Picture:
    """`picture("rates")` is the figure as it is drawn from the results, which several tests look at."""
    return cache(lambda name: drawn(FIGURES[name], results))


@pytest.fixture
def call(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Call:
    """`call("rates")` in a folder of its own gives the exit status, the output and the errors."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("PMMTHEORY_STORE", raising=False)

    def call(*arguments: str) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["paper_figures", *arguments])
        with pytest.raises(SystemExit) as ended:
            cli.main(EXPERIMENTS, GALLERY, "python -m paper_figures")
        captured = capsys.readouterr()
        return int(ended.value.code or 0), captured.out, captured.err

    return call


@pytest.mark.slow
@pytest.mark.parametrize("entry", FIGURES.values(), ids=list(FIGURES))
def test_nothing_is_cut(entry: Entry, picture: Picture) -> None:
    canvas = picture(entry.name)
    figure = canvas.figure
    inked, page = figure.get_tightbbox(canvas.get_renderer()), figure.get_size_inches()
    assert min(inked.x0, inked.y0) >= 0 and inked.x1 <= page[0] and inked.y1 <= page[1]
    assert page[0] == style.PAGE and page[1] < 9.5
    assert all(text.get_fontsize() >= style.SMALL for text in figure.findobj(Text) if text.get_text())
    assert matplotlib.get_backend().lower() == "agg"


@pytest.mark.slow
@pytest.mark.parametrize("name", KINDS)
@pytest.mark.parametrize("every", [1, 3])
def test_cells_that_failed_are_left_out(name: str, every: int, results: Results) -> None:
    stored = {key: Stored(reason="it failed") if i % every == 0 else known for i, (key, known) in enumerate(sorted(results.stored.items()))}
    drawn(FIGURES[name], replace(results, stored=stored, _decided={}))


@pytest.mark.slow
def test_files_and_pictures_are_the_same_in_every_run(call: Call, store: Path, picture: Picture, tmp_path: Path) -> None:
    """Here, and in a process with other hashes and another backend: the files of some figures, and the pixels of the others."""
    others = [name for name in KINDS if name not in WHOLE]
    command = [sys.executable, str(Path(__file__).with_name("drawn.py")), str(store), *others, "--", *WHOLE]
    surroundings = os.environ | {"PYTHONPATH": str(Path(__file__).parents[3]), "PYTHONHASHSEED": "1", "MPLBACKEND": "svg"}
    elsewhere = subprocess.Popen(command, cwd=tmp_path, env=surroundings, stdout=subprocess.PIPE, text=True)
    status, out, err = call(*WHOLE, "--store", str(store))
    assert (status, err) == (0, "")
    files = {Path(file).name: Path(file).read_bytes() for file in out.splitlines()}
    assert list(files) == [f"{name}.{kind}" for name in WHOLE for kind in ("png", "pdf")]
    assert len(list(Path("figures").iterdir())) == len(files)
    for name, content in files.items():
        assert content.startswith(b"\x89PNG" if name.endswith("png") else b"%PDF")
    assert elsewhere.communicate()[0].splitlines() == [*(digest(picture(name)) for name in others), *(f"again/{name}" for name in files)]
    assert {file.name: file.read_bytes() for file in (tmp_path / "again").iterdir()} == files


@pytest.mark.slow
def test_all_are_drawn_unless_some_are_named(call: Call, store: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pmmtheory.harness.figures.output.render", lambda entry, results: {f"{entry.name}.png": b""})
    status, out, _ = call("--store", str(store))
    assert status == 0 and out.splitlines() == [f"figures/{name}.png" for name in FIGURES]


@pytest.mark.slow
def test_work_precision_shows_what_is_stored(results: Results, picture: Picture) -> None:
    panel = picture("work_precision").figure.axes[0]
    for scheme, study, calls in (
        ("LMC", "lmc", lambda h: 1 / h),
        ("RMM", "rmm", lambda h: 2 / h),
        ("PMM bernoulli, K=2/step", "pmm_scaled", lambda h: 2 / h - 1 / 2),
    ):
        line = next(line for line in panel.get_lines() if line.get_gid() == scheme)
        outcome = results.one(study, "bimodal", scheme, "tv")
        np.testing.assert_allclose(line.get_xdata(), [calls(step) for step, _ in outcome.points])
        np.testing.assert_allclose(line.get_ydata(), [estimate.value for _, estimate in outcome.points])
        assert line.get_label().startswith("−1." if scheme == "LMC" else "−2.")


@pytest.mark.slow
def test_cubic_speed_up_shows_what_is_stored(results: Results, picture: Picture) -> None:
    """Calls against the accuracy, and the distance against calls, whose number a step is known for each scheme; the slopes are in the table."""
    left, right, table = picture("cubic_speed_up").figure.findobj(Axes)
    calls = {outcome.check.claim.scheme: outcome for outcome in results.outcomes("underdamped_speed_up")}
    lines = {line.get_gid(): line for line in left.get_lines() if line.get_gid()}
    assert lines.keys() == calls.keys()
    for scheme, outcome in calls.items():
        np.testing.assert_allclose(lines[scheme].get_xdata(), [accuracy for accuracy, _ in outcome.points])
        np.testing.assert_allclose(lines[scheme].get_ydata(), [estimate.value for _, estimate in outcome.points])
    lines = {line.get_gid(): line for line in right.get_lines() if line.get_gid()}
    assert len(lines) == 9 and len({(style.look(scheme).colour, style.look(scheme).marker, style.look(scheme).hollow) for scheme in lines}) == 9
    for gid, scheme, number in (
        ("ULMC", "ULMC", 1),
        ("BAOAB", "BAOAB", 1),
        ("UBU", "UBU", 1),
        ("underdamped RMM", "RMM", 2),
        ("underdamped PMM single, K=inf", "PMM single, K=inf", 2),
        ("underdamped PMM bernoulli, K=inf", "PMM bernoulli, K=inf", 2),
    ):
        outcome = results.one("phase_plane", "ripple", scheme, "position w2")
        np.testing.assert_allclose(lines[gid].get_xdata(), [number / step for step, _ in outcome.points])
        np.testing.assert_allclose(lines[gid].get_ydata(), [estimate.value for _, estimate in outcome.points])
    words = {text.get_text() for text in table.findobj(Text)}
    assert {"−1/2", "−1/3", "−3", style.slope(calls["UBU"].fit, 1.0), "underdamped PMM, one midpoint"} <= words


@pytest.mark.slow
def test_rates_tells_claims_from_controls(results: Results, picture: Picture) -> None:
    """Overdamped studies, underdamped ones, those of diffusion models and those beyond orders, each on one page."""
    pages: dict[str, list[str]] = {"rates": [], "underdamped": [], "diffusion_rates": [], "beyond_orders": []}
    for study in results.studies:
        pages[
            "beyond_orders"
            if study in BEYOND
            else "underdamped"
            if underdamped(results, study)
            else "diffusion_rates"
            if generative(results, study)
            else "rates"
        ].append(study)
    for name, studies in pages.items():
        words = {text.get_text() for text in picture(name).figure.findobj(Text)}
        outcomes = [outcome for outcome in results.outcomes(*studies) if outcome.fit]
        controls = sum(outcome.check.control for outcome in outcomes)
        assert controls and {f"{len(outcomes) - controls} claims that hold", f"{controls} controls that fail, as they must"} <= words


@pytest.mark.slow
def test_a_missing_result_is_one_sentence_with_the_command(call: Call, store: Path, tmp_path: Path) -> None:
    status, out, err = call("--store", "nothing.sqlite")
    assert (status, out) == (2, "")
    assert err.count("\n") == 1 and err.endswith("this command fills it: python -m experiments --store nothing.sqlite\n")
    assert not Path("figures").exists() and not Path("nothing.sqlite").exists()


def test_results_of_edited_code_are_not_drawn_and_said_to_be_stale(results: Results) -> None:
    cells = {cell.key for check in results.studies["lmc"][1] for cell in check.cells}
    edited = replace(results, stored={key: known for key, known in results.stored.items() if key not in cells}, stale=cells, _decided={})
    with pytest.raises(
        MissingResults, match=r"lacks results of lmc.* \(those of lmc.* are stale: their code or a library changed since\); this command fills it"
    ):
        edited.outcomes("lmc")
    assert "stale" not in str(MissingResults(["dimension"], edited))


@pytest.mark.slow
def test_a_figure_that_lacks_results_does_not_block_the_rest(call: Call, results: Results, monkeypatch: pytest.MonkeyPatch) -> None:
    gone = {cell.key for study in ("lmc", "rmm") for check in results.studies[study][1] for cell in check.cells}
    partial = replace(results, stored={key: known for key, known in results.stored.items() if key not in gone}, profile="full", _decided={})
    monkeypatch.setattr("pmmtheory.harness.figures.results.open_results", lambda store, profile, device: partial)
    Path("figures").mkdir()
    Path("figures/work_precision.png").write_text("before")
    status, out, err = call("speed_up", "constants", "work_precision")
    assert status == 2 and err.count("\n") == 1
    assert out.splitlines() == ["figures/speed_up.png", "figures/speed_up.pdf"]
    assert err.startswith("error: constants and work_precision were not drawn, because the store")
    assert "lacks results of lmc and rmm" in err and "python -m experiments run lmc rmm --profile full --store" in err
    assert sorted(file.name for file in Path("figures").iterdir()) == ["speed_up.pdf", "speed_up.png", "work_precision.png"]
    assert Path("figures/work_precision.png").read_text() == "before"


@pytest.mark.slow
@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["work_precison"], "there is no figure named 'work_precison'; did you mean work_precision?"),
        (["zzz"], f"there is no figure named 'zzz'; there are: {', '.join(FIGURES)}."),
        (["--profile", "ful"], "there is no profile named 'ful'; choose quick or full or images."),
        (["--device", "gpu"], "there is no device 'gpu'; choose cpu or cuda."),
        (["image_spectra", "--out", "file"], "cannot be written"),
        (["speed_up", "--store", "file"], "cannot be used"),
        (["--fly"], "No such option"),
    ],
)
def test_wrong_usage_is_one_sentence_and_status_2(call: Call, store: Path, arguments: list[str], sentence: str) -> None:
    Path("file").write_text("not a folder")
    status, out, err = call(*(["--store", str(store)] if "--store" not in arguments else []), *arguments)
    assert (status, out) == (2, "")
    assert sentence in err and "Traceback" not in err
    assert [file.name for file in Path().iterdir()] == ["file"]


def test_list(call: Call) -> None:
    status, out, _ = call("list")
    assert status == 0 and [line.split()[0] for line in out.splitlines()] == list(FIGURES)


def test_a_figure_is_found_by_its_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "more_figures").mkdir()
    (tmp_path / "more_figures" / "__init__.py").touch()
    (tmp_path / "more_figures" / "new.py").write_text("title = 'new'\ndef draw(results): ...\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    assert list(find_figures("more_figures")) == ["new"]
    (tmp_path / "more_figures" / "nameless.py").touch()
    with pytest.raises(UsageError, match="nameless.py"):
        find_figures("more_figures")
