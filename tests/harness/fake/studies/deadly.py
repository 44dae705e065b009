"""One worker is killed."""

from fake.studies._curves import curve

from pmmtheory.harness.study import Study

study = Study("deadly", "one worker is killed", lambda profile: [curve("deadly", 2.0, 2.0)])
