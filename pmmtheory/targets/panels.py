"""Panels on the line, fine where a density changes fast and wide where it does not."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import torch

from pmmtheory.targets.kinks import kinks_at, locate
from pmmtheory.targets.region import Region
from pmmtheory.targets.rules import Function, Panels

MOST = 6000
"""Panels, at most."""

_WIDTHS = 1.6
_NEAR = 9.2
_EPS = 2.0**-52
_TURNS, _SEARCHED = 64, (5, 12, 24)

_INSIDE = 1e-9
"""How far from the edges of a panel, relative to its width, kinks are looked for that rules do not see."""

_FEW = 20
"""Panels at whose ends F' jumps; where there are more, that is its rounding."""

_BESIDE = 1e-6
"""The same for jumps of F': what lies between the edge and a jump that is nearer changes no integral."""


def graded(region: Region, splits: Sequence[float] = (), grain: float = math.inf) -> np.ndarray:
    """Edges over the region: near a landmark panels are at most 1.6 of its widths wide, and grow with the distance from it.

    splits : places where an edge has to be; grain : the widest panel that is allowed. Returns (n + 1,) edges in order.
    """
    named = [p for p, width in region.landmarks if width == 0]
    edges = np.unique([region.low, region.high, *(p for p in (*named, *splits) if region.low < p < region.high)])
    places, widths = (np.array(column) for column in zip(*region.landmarks, strict=True))
    resolved = np.spacing(np.abs(edges).max())
    widths = np.maximum(widths, np.maximum(4096 * np.spacing(np.abs(places)), 1e-12 * (region.high - region.low)))
    fits = np.zeros(0, dtype=bool)
    for _ in range(80):
        left, right = edges[:-1], edges[1:]
        distance = np.maximum(np.maximum(places - right[:, None], left[:, None] - places), 0)
        allowed = np.minimum((_WIDTHS * widths + np.maximum(distance - _NEAR * widths, 0) / 2).min(1), grain)
        fits = (right - left <= allowed) | (right - left <= 8 * resolved)
        if fits.all():
            break
        edges = np.sort(np.concatenate([edges, ((left + right) / 2)[~fits]]))
    return edges


def settled(
    potential: Function, minimum: float, edges: np.ndarray, derivatives: tuple[Function, Function] | None, noise: float
) -> tuple[Panels, tuple[float, ...], tuple[float, ...]]:
    """Panels halved until both rules agree; the kinks at which they are split, where derivatives are given, and the jumps of F' there.

    noise : the rounding of F, below which the rules need not agree.
    """
    done: list[Panels] = []
    mass, count, extent = 0.0, 0, edges[-1] - edges[0]
    left, right = edges[:-1], edges[1:]
    for turn in range(_TURNS):
        trial = Panels.of(potential, minimum, left, right, noise)
        units = np.spacing(np.maximum(np.abs(left), np.abs(right))) / (right - left)
        allowed = 4e-16 * (mass + trial.mass.sum()) + (16 * _EPS + 8 * noise + 100 * units**2) * trial.mass
        fine = ((trial.gap <= allowed) & trial.resolved) | (units > 1 / 64)
        if count + 2 * len(left) > MOST or turn == _TURNS - 1:
            fine[:] = True
        done.append(trial.take(fine))
        mass, count = mass + float(trial.mass[fine].sum()), count + int(fine.sum())
        left, right = left[~fine], right[~fine]
        if len(left) == 0:
            break
        cuts = (left + right) / 2
        if derivatives is not None and turn in _SEARCHED and len(left) <= 200:
            cuts = np.concatenate([cuts, _kinks_within(left, right, extent, derivatives)])
        left, right = _cut(left, right, cuts)
    panels = Panels.joined(done)
    if derivatives is None or len(panels.left) == 1:
        return panels, (), ()
    inner, widths = panels.left[1:], panels.right - panels.left
    room = np.minimum(widths[1:], widths[:-1])
    hidden = _kinks_hidden(panels.left, panels.right, extent, derivatives)
    if len(hidden):  # an edge that is a few units of the last place beside one gives way to it
        apart = np.abs(edges[:, None] - hidden).min(1) > 64 * np.spacing(np.abs(edges))
        apart[[0, -1]] = True
        return settled(potential, minimum, np.unique(np.concatenate([edges[apart], hidden])), derivatives, noise)
    kinked, jumps = kinks_at(inner, room, extent, *derivatives)
    return panels, tuple(inner[kinked].tolist()), tuple(jumps[kinked].tolist())


def _kinks_within(left: np.ndarray, right: np.ndarray, extent: float, derivatives: tuple[Function, Function]) -> np.ndarray:
    """The kinks inside panels, each once."""
    places = locate(left, right, *derivatives)
    room = np.tile(right - left, len(places) // len(left))
    found = np.unique(places[kinks_at(places, room, extent, *derivatives)[0]])
    if len(found) < 2:
        return found
    sharp = kinks_at(found, np.zeros_like(found), extent, *derivatives)[0]
    starts = np.flatnonzero(np.diff(found, prepend=-math.inf) > 64 * np.spacing(np.abs(found)))
    single = []
    for cluster in np.split(np.arange(len(found)), starts[1:]):  # the sharpest, and of several the one with fewest digits
        best = [k for k in cluster if sharp[k]] or list(cluster)
        single.append(min((float(found[k]) for k in best), key=lambda place: len(repr(place))))
    return np.array(single)


def _kinks_hidden(left: np.ndarray, right: np.ndarray, extent: float, derivatives: tuple[Function, Function]) -> np.ndarray:
    """The kinks inside panels that hold too little mass beside them for rules to see: F'' changes in one half only, or F' at one of the ends."""
    width = right - left
    bend = derivatives[1](torch.as_tensor(np.stack([left + _INSIDE * width, left + width / 2, right - _INSIDE * width]))).detach().numpy()
    beside = np.maximum(_BESIDE * width, 128 * np.spacing(np.maximum(np.abs(left), np.abs(right))))
    slope = derivatives[0](torch.as_tensor(np.stack([left, left + beside, right - beside, right]))).detach().numpy()
    with np.errstate(invalid="ignore"):
        change, jump = np.abs(np.diff(bend, axis=0)), np.abs(slope[[1, 3]] - slope[[0, 2]]).max(0)
        suspect = change.max(0) > 20 * change.min(0) + 1e-6 * np.abs(bend).max(0)
        torn = jump > 100 * beside * np.abs(bend).max(0) + 1e-9 * np.maximum(np.abs(slope).max(0), 1 / extent)
    if np.count_nonzero(torn) <= _FEW:
        suspect |= torn
    if not suspect.any():
        return np.empty(0)
    found, edges = _kinks_within(left[suspect], right[suspect], extent, derivatives), np.append(left, right[-1])
    hidden: np.ndarray = np.array([kink for kink in found if np.abs(edges - kink).min() > 2 * np.spacing(np.abs(kink)) + 1e-300])
    return hidden


def _cut(left: np.ndarray, right: np.ndarray, cuts: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Panels split at the cuts that lie inside them; panels need not touch."""
    parts = [np.unique([a, *cuts[(cuts > a) & (cuts < b)], b]) for a, b in zip(left, right, strict=True)]
    return np.concatenate([p[:-1] for p in parts]), np.concatenate([p[1:] for p in parts])
