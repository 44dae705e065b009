"""pmmtheory: the theory of Langevin and diffusion samplers, checked by computing the laws of their chains."""

__version__ = "0.2.0"
