"""The code of the README runs as it stands."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from pmmtheory.harness.engine_table import markdown

README = (Path(__file__).parents[1] / "README.md").read_text()
BLOCKS = re.findall(r"```python\n(.*?)```", README, re.DOTALL)


@pytest.mark.slow
@pytest.mark.parametrize("block", BLOCKS, ids=[f"block {i}" for i in range(len(BLOCKS))])
def test_a_block_runs(block: str, capsys: pytest.CaptureFixture[str]) -> None:
    names: dict[str, object] = {}
    exec(compile(block, "README.md", "exec"), names)
    if "fit" in names:
        assert names["fit"].verdict == "pass"  # type: ignore[attr-defined]
        assert " +- " in capsys.readouterr().out


def test_every_path_named_exists() -> None:
    root = Path(__file__).parents[1]
    folders = ("pmmtheory/targets", "experiments/studies", "experiments/measures", "paper_figures/figures")
    for path in ("constraints.txt", "paper_figures/work_precision.png", "paper_figures/diffusion_samplers.png", *folders):
        assert path in README and (root / path).exists()


def test_the_table_of_engines_is_what_they_say() -> None:
    assert markdown() in README
