"""The command line with the fake studies, for tests that need a process of their own."""

import sys
from pathlib import Path

here = Path(__file__).parent
sys.path[:0] = [str(here), str(here.parents[1])]

from pmmtheory.harness import processes  # noqa: E402
from pmmtheory.harness.cli import main  # noqa: E402
from pmmtheory.harness.project import Project  # noqa: E402

processes.PRELOADED = ["pmmtheory.harness.worker"]  # all that the fake measures need
if __name__ == "__main__":
    main(Project("fake"))
