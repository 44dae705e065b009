"""The installed command in this process, for tests in which the start of a process is not the point."""

from __future__ import annotations

import importlib
import io
import sys
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path
from unittest.mock import patch

from pmmtheory.harness.cli import main
from pmmtheory.harness.project import PARTS, use, used

_TESTS = Path(__file__).parent
_FOLDERS = {"studies", "measures", "figures", *PARTS}


def installed(*arguments: str) -> tuple[int, str, str]:
    """The exit status, the output and the errors of `pmmtheory ...`; modules of the folder that it is about are forgotten after it, as with a process."""
    before, status = used(), 0
    own = [place for place in sys.path if _TESTS not in (Path(place).resolve(), *Path(place).resolve().parents)]  # there are folders of such names among ours
    importlib.invalidate_caches()
    with redirect_stdout(io.StringIO()) as out, redirect_stderr(io.StringIO()) as err, patch.object(sys, "path", own):
        try:
            with patch.object(sys, "argv", ["pmmtheory", *arguments]):
                main()
        except SystemExit as end:
            status = int(end.code or 0)
        finally:
            use(before)
            for name in [name for name in sys.modules if name.partition(".")[0] in _FOLDERS]:
                del sys.modules[name]
    return status, out.getvalue(), err.getvalue()
