"""The command line on fake studies and measures, in a folder of its own."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path

import pytest
import typer.main

from pmmtheory.harness import cli
from pmmtheory.harness.project import Project, use, used

HERE = Path(__file__).parent
collect_ignore_glob = ["fake*"]
PARSER = cache(typer.main.get_command)
"""Of a command line, made once for all tests that call it."""

Call = Callable[..., tuple[int, str, str]]


@pytest.fixture
def log(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder of its own with the fake studies in reach; the file has a line for every power law that was computed."""
    before = used()
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(HERE))
    monkeypatch.setenv("FAKE_LOG", str(tmp_path / "log"))
    monkeypatch.delenv("PMMTHEORY_STORE", raising=False)
    yield tmp_path / "log"
    use(before)


@pytest.fixture
def call(log: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Call:
    """`call("run", "good")` gives the exit status, the output and the errors."""

    def call(*arguments: str) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["experiments", *arguments])
        monkeypatch.setattr(typer.main, "get_command", PARSER)
        with pytest.raises(SystemExit) as ended:
            cli.main(Project("fake"))
        captured = capsys.readouterr()
        return int(ended.value.code or 0), captured.out, captured.err

    return call


@pytest.fixture
def start(log: Path) -> Callable[..., subprocess.Popen[str]]:
    """The same in a process of its own, which may be killed."""

    def heed_interrupts() -> None:
        """As what a shell starts in the background does not."""
        signal.signal(signal.SIGINT, signal.SIG_DFL)

    def start(*arguments: str) -> subprocess.Popen[str]:
        command = [sys.executable, str(HERE / "fake_cli.py"), *arguments]
        pipe = subprocess.PIPE
        return subprocess.Popen(command, stdout=pipe, stderr=pipe, text=True, env=os.environ, start_new_session=True, preexec_fn=heed_interrupts)

    return start
