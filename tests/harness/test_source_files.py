"""Which files the key of a source takes in: those whose names it follows, and every one that runs."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path
from types import FrameType
from typing import Any

import pytest

from pmmtheory.harness.discover import load_measure
from pmmtheory.harness.project import Project
from pmmtheory.harness.source import Sources
from pmmtheory.harness.source_file import read

ROOT = Path(__file__).parents[2]
PROJECT = Project("experiments")


def test_packages_without_a_version_count(tmp_path: Path) -> None:
    """Someone else's folder of measures, with a module of their own beside it."""
    (tmp_path / "mine" / "measures").mkdir(parents=True)
    (tmp_path / "mine" / "measures" / "one.py").write_text("from helping import half\n\ndef measure(device): return half(1)\n")
    (tmp_path / "helping.py").write_text("def half(x): return x / 2\n")
    key = Sources(Project("mine"), [str(tmp_path)]).of("one")
    (tmp_path / "helping.py").write_text("def half(x): return x / 3\n")
    assert Sources(Project("mine"), [str(tmp_path)]).of("one") != key


@pytest.mark.slow
@pytest.mark.parametrize(
    ("measure", "parameters"),
    [
        ("stationary_error", {"target": "bimodal", "scheme": "PoissonMidpoint", "step_size": 0.1, "substeps": 2}),
        ("transient_error", {"target": "gaussian", "scheme": "EulerMaruyama", "steps": 2, "time": 0.2, "mean": 0.0, "variance": 1.0}),
        ("gaussian_error", {"target": "gaussian", "scheme": "BAOAB", "step_size": 0.1, "friction": 2.3}),
        ("leading_constant", {"target": "cosine", "scheme": "RandomizedMidpoint"}),
        ("sampler_error", {"data": "two modes", "sampler": "DPMSolver", "steps": 4, "order": 2, "rtol": 1e-4}),
        ("sampler_particles", {"data": "two modes", "sampler": "PoissonMidpointScheduler", "steps": 4, "particles": 200}),
        ("reverse_error", {"data": "one mode", "scheme": "EulerMaruyama", "steps": 4, "horizon": 1.0, "stop": 0.1}),
        ("vempala_wibisono", {"target": "gaussian", "steps": 4, "time": 0.4, "mean": 0.0, "variance": 1.0}),
    ],
)
def test_every_file_that_runs_is_reached(measure: str, parameters: dict[str, Any]) -> None:
    """The other route: which of our functions a cell calls."""
    run, files = load_measure(PROJECT.measures, measure), Sources(PROJECT).files(measure)
    for file in files:
        importlib.import_module(file.name)
    ran: set[Path] = set()

    def note(frame: FrameType, event: str, _: Any) -> None:
        if event == "call" and frame.f_code.co_name != "<module>":
            ran.add(Path(frame.f_code.co_filename))

    sys.setprofile(note)
    try:
        run(device="cpu", **parameters)
    finally:
        sys.setprofile(None)
    others = ROOT / "tests", Path(sys.prefix)  # an environment may lie in the repository
    ours = {path for path in ran if path.is_relative_to(ROOT) and not any(path.is_relative_to(other) for other in others)}
    assert len(ours) > 5 and ours <= {file.path for file in files}


def test_names_are_followed_through_packages(tmp_path: Path) -> None:
    path = tmp_path / "__init__.py"
    path.write_text("from .a import f as g\nfrom ..c import d\nimport x.y\nfrom e import *\nONE = 'p.q'\nif ONE:\n    import z\n")
    file = read(path, "top.package")
    assert file.bound == {"g": ("top.package.a", "f"), "d": ("top.c", "d"), "x": ("x.y", ""), "*": ("e", "*"), "ONE": None}
    assert ("z", "") in file.imports and file.acts and "p.q" in file.words


@pytest.mark.parametrize("room", ["schemes", "schedulers", "targets"])
def test_a_room_that_finds_names_at_run_time_only_defines_names(room: str, tmp_path: Path) -> None:
    """`if not TYPE_CHECKING:` stands for what is in it."""
    path = ROOT / "pmmtheory" / room / "__init__.py"
    facts = read(path, f"pmmtheory.{room}")
    assert "if not TYPE_CHECKING:" in path.read_text()
    assert not facts.acts and "__getattr__" in facts.bound and "lookup" not in facts.calls
    acting = tmp_path / "acting.py"
    acting.write_text("from typing import TYPE_CHECKING\nif not TYPE_CHECKING:\n    for name in ():\n        print(name)\n")
    assert read(acting, "acting").acts
