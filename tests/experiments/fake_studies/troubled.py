"""One cell fails."""

from fake_studies._curves import curve

from experiments.study import Study

study = Study("troubled", "one cell fails", lambda profile: [curve("troubled", 2.0, 2.0)])
