"""The same chain in other libraries, each as its documentation has it: those of them that are installed (extra `peers`)."""

from __future__ import annotations

import importlib
import importlib.util
import math
import os
from collections.abc import Callable
from typing import Any

import numpy as np
import torch

Run = Callable[[], object]

_ONE_THREAD = "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1"


def peer_runs(means: np.ndarray, variance: float, step: float, particles: int, steps: int) -> dict[str, Run]:
    """LMC in float32 on the mixture of Gaussians with these means (k, d), equal weights and one variance: a run of each library, by its name."""
    makers = {
        "jax": (_jax_scan, "JAX, jit of a scan"),
        "diffrax": (_diffrax, "diffrax, Euler"),
        "blackjax": (_blackjax, "blackjax, SGLD"),
        "torchsde": (_torchsde, "torchsde, Euler"),
    }
    os.environ.setdefault("XLA_FLAGS", _ONE_THREAD)  # read when JAX is imported
    return {
        name: make(means.astype(np.float32), variance, step, particles, steps) for library, (make, name) in makers.items() if importlib.util.find_spec(library)
    }


def _library(name: str) -> Any:
    return importlib.import_module(name)


def _drift(means: np.ndarray, variance: float) -> Callable[[Any], Any]:
    """Of states (d, n), in JAX."""
    jax = _library("jax")

    def drift(x: Any) -> Any:
        square = ((x[None] - means[:, :, None]) ** 2).sum(1)
        return (means.T @ jax.nn.softmax(-square / (2 * variance), axis=0) - x) / variance

    return drift


def _jax_scan(means: np.ndarray, variance: float, step: float, particles: int, steps: int) -> Run:
    jax, jnp = _library("jax"), _library("jax.numpy")
    drift, size = _drift(means, variance), math.sqrt(2 * step)

    def move(x: Any, key: Any) -> tuple[Any, None]:
        return x + step * drift(x) + size * jax.random.normal(key, x.shape, x.dtype), None

    walk = jax.jit(lambda x, key: jax.lax.scan(move, x, jax.random.split(key, steps))[0])
    start, key = jnp.zeros((means.shape[1], particles), jnp.float32), jax.random.key(0)
    return lambda: walk(start, key).block_until_ready()


def _diffrax(means: np.ndarray, variance: float, step: float, particles: int, steps: int) -> Run:
    diffrax, jax, jnp, lineax = (_library(name) for name in ("diffrax", "jax", "jax.numpy", "lineax"))
    drift, size = _drift(means, variance), math.sqrt(2)
    start = jnp.zeros((means.shape[1], particles), jnp.float32)

    def walk(key: Any) -> Any:
        noise = diffrax.UnsafeBrownianPath(shape=start.shape, key=key)
        terms = diffrax.MultiTerm(
            diffrax.ODETerm(lambda t, y, args: drift(y)),
            diffrax.ControlTerm(lambda t, y, args: lineax.DiagonalLinearOperator(jnp.full_like(y, size)), noise),
        )
        options = {"saveat": diffrax.SaveAt(t1=True), "adjoint": diffrax.DirectAdjoint(), "max_steps": steps + 1}
        return diffrax.diffeqsolve(terms, diffrax.Euler(), 0.0, steps * step, step, start, **options).ys

    run, key = jax.jit(walk), jax.random.key(0)
    return lambda: run(key).block_until_ready()


def _blackjax(means: np.ndarray, variance: float, step: float, particles: int, steps: int) -> Run:
    blackjax, jax, jnp = (_library(name) for name in ("blackjax", "jax", "jax.numpy"))
    drift = _drift(means, variance)
    kernel = blackjax.sgld(lambda x, batch: drift(x[:, None])[:, 0])
    moved = jax.vmap(lambda key, x: kernel.step(key, x, None, step))

    def walk(x: Any, key: Any) -> Any:
        return jax.lax.scan(lambda y, k: (moved(jax.random.split(k, particles), y), None), x, jax.random.split(key, steps))[0]

    run, start, key = jax.jit(walk), jnp.zeros((particles, means.shape[1]), jnp.float32), jax.random.key(0)
    return lambda: run(start, key).block_until_ready()


def _torchsde(means: np.ndarray, variance: float, step: float, particles: int, steps: int) -> Run:
    torchsde, centres = _library("torchsde"), torch.as_tensor(means)

    class Langevin(torch.nn.Module):
        noise_type, sde_type = "diagonal", "ito"

        def f(self, t: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
            share = torch.softmax(-(torch.cdist(y, centres) ** 2) / (2 * variance), 1)
            return (share @ centres - y) / variance

        def g(self, t: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
            return torch.full_like(y, math.sqrt(2))

    start, times = torch.zeros(particles, means.shape[1]), torch.tensor([0.0, steps * step])

    def run() -> object:
        with torch.no_grad():
            return torchsde.sdeint(Langevin(), start, times, dt=step, method="euler")

    return run
