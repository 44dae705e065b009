"""Leases: a cell is in the hands of one run, and free again when that run is gone, however it ended."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from pmmtheory.harness.errors import StoreError
from pmmtheory.harness.leases import leases

KEY, OTHER = "a" * 24, "b" * 24
HOLDER = """
import sys, time
from pathlib import Path
from pmmtheory.harness.leases import leases
with leases(Path(sys.argv[1])) as held:
    print(held.take(sys.argv[2]), flush=True)
    time.sleep(60)
"""


def test_a_lease_ends_with_its_process(tmp_path: Path) -> None:
    holder = subprocess.Popen([sys.executable, "-c", HOLDER, str(tmp_path / "a.sqlite"), KEY], stdout=subprocess.PIPE, text=True)
    assert holder.stdout is not None and holder.stdout.readline() == "True\n"
    with leases(tmp_path / "a.sqlite") as ours:
        assert not ours.take(KEY) and ours.take(OTHER)
        holder.kill()
        holder.communicate()
        assert ours.take(KEY)


def test_what_is_given_back_is_free(tmp_path: Path) -> None:
    with leases(tmp_path / "a.sqlite") as ours:
        assert ours.take(KEY)
        ours.give_back(KEY)
        holder = subprocess.Popen([sys.executable, "-c", HOLDER, str(tmp_path / "a.sqlite"), KEY], stdout=subprocess.PIPE, text=True)
        assert holder.stdout is not None and holder.stdout.readline() == "True\n"
        assert not ours.take(KEY)
        holder.kill()
        holder.communicate()


def test_a_folder_that_is_missing_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="share their work, cannot be opened"), leases(tmp_path / "nowhere" / "a.sqlite"):
        pass
