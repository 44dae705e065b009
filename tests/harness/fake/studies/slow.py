"""Takes its time."""

from fake.studies._curves import curve

from pmmtheory.harness.study import Study

study = Study("slow", "takes its time", lambda profile: [curve("slow", 2.0, 2.0)])
