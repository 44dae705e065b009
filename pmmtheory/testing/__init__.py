"""What other projects import into their CI: check_scheme, broken schemes, and (in `strategies`, with hypothesis) strategies."""

from pmmtheory.testing.check_scheme import BrokenScheme, check_scheme

__all__ = ["BrokenScheme", "check_scheme"]
