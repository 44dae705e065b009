"""The code of the documentation runs as it stands, page by page, and prints what the page says."""

from __future__ import annotations

import importlib
import io
import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from contextlib import redirect_stdout
from dataclasses import dataclass
from pathlib import Path

import pytest
import yaml

from pmmtheory.harness.engine_table import markdown
from tests.installed import installed

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"
PAGES = sorted(path for path in DOCS.rglob("*.md") if "_build" not in path.parts)
_FENCE = re.compile(r"^```(\{code-block\} )?(\w+)([^\n]*)\n(.*?)^```$", re.DOTALL | re.MULTILINE)


@dataclass(frozen=True)
class Block:
    """A fenced block: its language, the words behind it, the file it is, if any, and its text."""

    language: str
    words: str
    caption: str
    text: str


def blocks(page: Path) -> Iterator[Block]:
    """The blocks of a page that count."""
    for directive, language, words, text in _FENCE.findall(page.read_text()):
        caption = ""
        if directive:
            head, _, text = text.partition("\n\n")
            caption = head.removeprefix(":caption: ")
        yield Block(language, words.strip(), caption, text)


def same(line: str, printed: str) -> bool:
    """Whether a line was printed, whatever stands for "..." and however wide its gaps are."""
    pattern = ".*".join(map(re.escape, " ".join(line.split()).split("...")))
    return any(re.fullmatch(pattern, " ".join(other.split())) for other in printed.splitlines())


def run(page: Path, folder: Path) -> None:
    """Run a page from top to bottom: its files are written, its code and its commands run, its outputs compared."""
    names: dict[str, object] = {"__name__": "page"}
    printed = ""
    for block in blocks(page):
        if block.words == "no-run":
            continue
        if block.caption and block.language == "python":
            path = folder / block.caption
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(block.text)
        elif block.language == "python":
            if block.words.startswith("needs "):
                pytest.importorskip(block.words.removeprefix("needs "))
            with redirect_stdout(io.StringIO()) as output:
                exec(compile(block.text, page.name, "exec"), names)
            printed = output.getvalue()
        elif block.language == "sh":
            printed = "".join(map(command, block.text.splitlines()))
        elif block.language == "text":
            for line in filter(None, block.text.splitlines()):
                assert same(line, printed), f"{page.name} says {line!r}, but this was printed:\n{printed}"


def command(line: str) -> str:
    """The output of a command of ours; cells are computed by processes of their own, as for who types it."""
    program, *arguments = shlex.split(line, comments=True)
    assert program == "pmmtheory", line
    status, out, err = installed(*arguments)
    assert status == 0, out + err
    return out


@pytest.mark.slow
@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_a_page_runs(page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("PMMTHEORY_STORE", raising=False)
    run(page, tmp_path)


@pytest.mark.slow
def test_the_tests_for_other_projects_pass_there(tmp_path: Path) -> None:
    """The files of the page on continuous integration, by pytest itself."""
    for block in blocks(DOCS / "ci.md"):
        if block.caption:
            path = tmp_path / block.caption
            path.parent.mkdir(exist_ok=True)
            path.write_text(block.text)
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", str(tmp_path)],
        env=environment,
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0 and "4 passed" in done.stdout, done.stdout + done.stderr


def test_the_workflow_file_runs_the_files_of_its_page() -> None:
    found = list(blocks(DOCS / "ci.md"))
    workflow = yaml.safe_load(next(block.text for block in found if block.language == "yaml"))
    last = workflow["jobs"]["laws"]["steps"][-1]["run"].split()
    assert last == ["pytest", *(block.caption for block in found if block.caption)]


def test_an_output_that_was_not_printed_is_seen(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("```python\nprint(1 + 1, 'in 0.3 s')\n```\n\n```text\n3\n```\n")
    with pytest.raises(AssertionError, match="says '3'"):
        run(page, tmp_path)
    page.write_text(page.read_text().replace("\n3\n", "\n2 in ... s\n"))
    run(page, tmp_path)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_what_a_page_imports_and_names_is_there(page: Path) -> None:
    """The quick look of the fast lane."""
    for block in blocks(page):
        if block.language == "python":
            compile(block.text, page.name, "exec")
            for module, names in re.findall(r"^from (pmmtheory[\w.]*) import (.+)$", block.text, re.MULTILINE):
                if "diffusers" not in module:
                    assert all(hasattr(importlib.import_module(module), name.strip()) for name in names.partition("#")[0].split(","))
    for target in re.findall(r"\]\((?!http)([\w./]+\.(?:md|png))\)", page.read_text()):
        assert (page.parent / target).exists(), f"{page.name} links to {target}"


@pytest.mark.slow
def test_the_page_of_engines_prints_what_they_say() -> None:
    assert "```{engines}\n```" in (DOCS / "engines.md").read_text()
    assert markdown().splitlines()[0].count("|") == 12 and "| EulerMaruyama | line |" in markdown()
