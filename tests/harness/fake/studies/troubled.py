"""One cell fails."""

from fake.studies._curves import curve

from pmmtheory.harness.study import Study

study = Study("troubled", "one cell fails", lambda profile: [curve("troubled", 2.0, 2.0)])
