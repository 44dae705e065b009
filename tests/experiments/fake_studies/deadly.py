"""One worker is killed."""

from fake_studies._curves import curve

from experiments.study import Study

study = Study("deadly", "one worker is killed", lambda profile: [curve("deadly", 2.0, 2.0)])
