"""The BUB splitting."""

from pmmtheory.dynamics import Underdamped
from pmmtheory.schemes.splitting import Splitting


class BUB(Splitting):
    """Order 2: the exact flow without force between two half kicks.

    Source: Sanz-Serna & Zygalakis 2021.
    """

    parts = (("B", 0.5), ("U", 1.0), ("B", 0.5))
    orders = {Underdamped: 2}
