"""The code of the README runs as it stands, and what it names is there."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import pmmtheory

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text()
BLOCKS = re.findall(r"```python\n(.*?)```", README, re.DOTALL)


@pytest.mark.slow
@pytest.mark.parametrize("block", BLOCKS, ids=[f"block {i}" for i in range(len(BLOCKS))])
def test_a_block_runs(block: str, capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    names: dict[str, object] = {}
    exec(compile(block, "README.md", "exec"), names)
    if "fit" in names:
        assert names["fit"].verdict == "pass"  # type: ignore[attr-defined]
    else:
        assert "+-" in capsys.readouterr().out


def test_every_path_named_exists() -> None:
    linked = re.findall(r"\]\(([\w./]+)\)", README)
    folders = re.findall(r"`((?:pmmtheory|experiments|paper_figures)/[\w/]*)`", README)
    assert {"paper_figures/work_precision.png", "docs/limits.md", "docs/engines.md"} <= set(linked) and len(folders) > 6
    assert [path for path in [*linked, *folders, "constraints.txt"] if not (ROOT / path).exists()] == []


def test_the_version_is_told_once_everywhere() -> None:
    version = pmmtheory.__version__
    assert f"\nversion: {version}\n" in (ROOT / "CITATION.cff").read_text()
    assert re.findall(r"^## ([\d.]+) \(", (ROOT / "CHANGELOG.md").read_text(), re.MULTILINE)[0] == version


def test_hooks_run_what_continuous_integration_runs() -> None:
    hooks = re.findall(r"entry: (.+)", (ROOT / ".pre-commit-config.yaml").read_text())
    lines = (ROOT / ".ci" / "run").read_text().splitlines()
    assert hooks and [hook for hook in hooks if hook not in lines] == []
