"""Takes its time."""

from fake_studies._curves import curve

from experiments.study import Study

study = Study("slow", "takes its time", lambda profile: [curve("slow", 2.0, 2.0)])
