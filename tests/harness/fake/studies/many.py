"""Many cells that take a moment each."""

import os

from fake.studies._curves import curve

from pmmtheory.harness.study import Study

CURVES = int(os.environ.get("FAKE_CURVES", "10"))

study = Study("many", "many brief cells", lambda profile: [curve("brief", 1 + k / CURVES, 1 + k / CURVES) for k in range(CURVES)])
