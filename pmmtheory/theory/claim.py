"""A claim of the theory, as data."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Claim:
    """One statement that can be checked against a measurement.

    Attributes
    ----------
    statement : str
        The claim in one line, for the table.
    scheme : str
        The scheme family, with how K and T follow the step, e.g. "PMM bernoulli, K = 2/step".
    distance : str
        What falls: "tv", "kl", "w2", or the name of another quantity.
    rate : float
        The exponent p in error ~ step^p (ignored for kind "inequality").
    kind : str
        "asymptotic": the rate equals p; "bound": it is at least p; "inequality": measured <= bound at every point.
    source : str
        Paper and theorem, or "derived" with the place in the theory module.
    assumptions : str
        Under which the statement holds.
    correction : float
        The exponent r of the expansion C step^p (1 + c step^r + ...).
    logarithm : float
        The exponent of a further factor log(1/step).
    crossover : float, optional
        The exponent q of a second term, for errors C step^p (1 + c step^r + ...) + D step^q.
    """

    statement: str
    scheme: str
    distance: str
    rate: float
    kind: str
    source: str
    assumptions: str = "smooth F with bounded second derivative"
    correction: float = 1.0
    logarithm: float = 0.0
    crossover: float | None = None

    def __post_init__(self) -> None:
        if self.kind not in ("asymptotic", "bound", "inequality"):
            raise ValueError(f'kind = {self.kind!r} is not allowed: "asymptotic", "bound" or "inequality".')
