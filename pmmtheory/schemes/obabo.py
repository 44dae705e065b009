"""The OBABO splitting."""

from pmmtheory.dynamics import Underdamped
from pmmtheory.schemes.splitting import Splitting


class OBABO(Splitting):
    """Order 2: a step of velocity Verlet between two halves of friction.

    Source: Bussi & Parrinello 2007.
    """

    parts = (("O", 0.5), ("B", 0.5), ("A", 1.0), ("B", 0.5), ("O", 0.5))
    orders = {Underdamped: 2}
