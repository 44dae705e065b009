"""The command line with the fake studies, for tests that need a process of their own."""

import sys
from pathlib import Path

here = Path(__file__).parent
sys.path[:0] = [str(here), str(here.parents[1])]

from experiments import cli, discover  # noqa: E402

discover.STUDIES, discover.MEASURES = "fake_studies", "fake_measures"

if __name__ == "__main__":
    cli.main()
