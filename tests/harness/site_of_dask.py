"""A scheduler of dask and two workers, whose processes may be killed and started anew."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

ADDRESS = "address.json"
WORKER = ["worker", "--scheduler-file", ADDRESS, "--nthreads", "1", "--no-nanny", "--no-dashboard"]
COMMANDS = {
    "scheduler": ["scheduler", "--host", "127.0.0.1", "--port", "0", "--no-dashboard", "--scheduler-file", ADDRESS],
    "one": [*WORKER, "--name", "one"],
    "other": [*WORKER, "--name", "other"],
}


def wait_until(holds: Callable[[], object], seconds: float = 60) -> None:
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.02)


class Site:
    """Processes by name; nobody but `revive` starts them again."""

    def __init__(self, place: Path | None = None) -> None:
        self.place = place or Path.cwd()
        self.processes: dict[str, subprocess.Popen[bytes]] = {}

    @property
    def address(self) -> str:
        return str(json.loads(self._address.read_text())["address"])

    @property
    def _address(self) -> Path:
        return self.place / ADDRESS

    def revive(self) -> None:
        """Start what is not there; without their scheduler workers are of no use."""
        if "scheduler" not in self.processes or self.processes["scheduler"].poll() is not None:
            self.close()
            self._address.unlink(missing_ok=True)
        for name, command in COMMANDS.items():
            if name not in self.processes or self.processes[name].poll() is not None:
                self.processes[name] = subprocess.Popen(
                    [sys.executable, "-m", "dask", *command], cwd=self.place, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
                )
        wait_until(lambda: self._address.exists() and self._address.read_text().endswith("}"))

    def close(self) -> None:
        for process in self.processes.values():
            process.kill()
            process.wait()
        self.processes.clear()
