"""The UBU splitting."""

from pmmtheory.dynamics import Underdamped
from pmmtheory.schemes.splitting import Splitting


class UBU(Splitting):
    """Order 2: a kick between two halves of the exact flow without force.

    Source: Zapatero 2017; Sanz-Serna & Zygalakis 2021.
    """

    parts = (("U", 0.5), ("B", 1.0), ("U", 0.5))
    orders = {Underdamped: 2}
