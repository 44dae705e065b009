"""The hunt for wrong errors: random small cases on which two routes to one number must agree within the sum of their stated errors.

A relation is a file in `relations/`: `draw(draw)` gives the parameters of a case, as plain values, and `check(**parameters)` yields what
was Compared. Whatever pmmtheory refuses there on purpose makes the case a refusal, with that sentence as its reason.
"""
