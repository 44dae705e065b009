"""Many cells that take a moment each."""

import os

from fake.studies._curves import curve

from pmmtheory.harness.study import Check, Study


def checks(profile: str) -> list[Check]:
    curves = int(os.environ.get("FAKE_CURVES", "10"))
    return [curve("brief", 1 + k / curves, 1 + k / curves) for k in range(curves)]


study = Study("many", "many brief cells", checks)
