"""Laws in the plane of chains with several random midpoints a step: a Hermite series of the step."""
