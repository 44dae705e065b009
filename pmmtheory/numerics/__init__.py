"""Quadrature rules, interpolation, panels, linear systems and the nonuniform Fourier transform: what knows no chain and no target."""
