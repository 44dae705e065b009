"""The verdicts as JSON, for programs."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from pmmtheory.harness.errors import UsageError
from pmmtheory.harness.provenance import Provenance
from pmmtheory.harness.verdict import Outcome


def write_json(path: Path, outcomes: Iterable[Outcome], profile: str, origin: Provenance) -> None:
    """Write one object: the provenance, and under "checks" one record a check. What is not finite becomes null."""
    document = {"profile": profile, "device": origin.device, "version": origin.version, "checks": [record(outcome) for outcome in outcomes]}
    try:
        path.write_text(json.dumps(document, indent=1, allow_nan=False) + "\n")
    except OSError as error:
        raise UsageError(f"the file {path} cannot be written: {error.strerror}.") from error


def record(outcome: Outcome) -> dict[str, Any]:
    """A check as plain data."""
    check, fit = outcome.check, outcome.fit
    claim = check.claim
    inequality = claim.kind == "inequality"
    return {
        "study": outcome.study,
        "statement": claim.statement,
        "scheme": claim.scheme,
        "target": check.target,
        "distance": claim.distance,
        "kind": claim.kind,
        "source": claim.source,
        "assumptions": claim.assumptions,
        "predicted_rate": None if inequality else claim.rate,
        "rate": _finite(fit.rate) if fit else None,
        "rate_interval": [_finite(end) for end in fit.interval] if fit else None,
        "predicted_constant": outcome.predicted_constant.value if outcome.predicted_constant else None,
        "constant": _finite(fit.constant) if fit else None,
        "constant_interval": [_finite(end) for end in fit.constant_interval] if fit else None,
        "ratio": _finite(outcome.ratio) if outcome.ratio is not None else None,
        "verdict": outcome.verdict,
        "reason": outcome.reason,
        "skipped": outcome.skipped,
        "control": check.control,
        "as_it_should": outcome.as_it_should,
        "points": [[step, estimate.value, estimate.error] for step, estimate in outcome.points],
    }


def _finite(value: float) -> float | None:
    """JSON has no NaN and no infinity."""
    return value if math.isfinite(value) else None
