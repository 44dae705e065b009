"""Claims are data with a checked kind."""

from __future__ import annotations

import pytest

from pmmtheory.theory.claim import Claim


def test_kinds() -> None:
    for kind in ("asymptotic", "bound", "inequality"):
        assert Claim("s", "LMC", "tv", 1.0, kind, "derived").kind == kind
    with pytest.raises(ValueError, match="kind = 'guess'"):
        Claim("s", "LMC", "tv", 1.0, "guess", "derived")
