"""How far generated images are from real ones, setting by setting, by the features of a net."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from pmmtheory.errors import InvalidParameter, count
from pmmtheory.images.feature_net import NamedFeatures
from pmmtheory.images.image_folder import ImageFolder, Setting
from pmmtheory.images.kernel import kernel_distance
from pmmtheory.images.metrics import frechet_distance
from pmmtheory.images.read_images import read_images
from pmmtheory.images.set_distance import SetDistance

DISTANCES = ("frechet", "kernel")


@dataclass(frozen=True)
class Score:
    """The distances of one setting's images.

    Attributes
    ----------
    setting : Setting
    images, real : int
        How many generated and real images were compared.
    network_calls : float
        The mean number of calls of the network about an image, as they were counted.
    distances : dict
        "frechet" and "kernel": each has a name with that of the net, an estimate with its error, and an interval.
    """

    setting: Setting
    images: int
    real: int
    network_calls: float
    distances: dict[str, SetDistance]


def scores(
    out: str | Path,
    real: str | Path,
    net: NamedFeatures,
    distances: Sequence[str] = DISTANCES,
    most: int | None = None,
    resamples: int = 100,
    batch: int = 64,
    report: Callable[[Score], None] | None = None,
) -> list[Score]:
    """The distances between the images of each setting in a folder and real ones.

    Parameters
    ----------
    out : str or path
        A folder of generated images; see ImageFolder.
    real : str or path
        See read_images.
    net : NamedFeatures
    distances : sequence of "frechet" and "kernel"
    most : int, optional
        Images of each side at most.
    resamples : int
        Of the bootstrap that says what the error of a Frechet distance is.
    batch : int
        Images that the net is asked about at once.
    report : function, optional
        Called with each score.

    Raises
    ------
    InvalidParameter
        Naming `out`, `source` for the real images, `distances`, `features`, or the side that has too few images for so many features.
    """
    for name in distances:
        if name not in DISTANCES:
            raise InvalidParameter("distances", name, " or ".join(map(repr, DISTANCES)))
    size, limit = count("batch", batch), None if most is None else count("most", most, 3)
    folder = ImageFolder(out)
    if not folder.settings():
        raise InvalidParameter("out", str(out), "a folder with images in it")
    there = net.of_all(read_images(real, limit, size))
    found = []
    for setting in folder.settings():
        lines = folder.lines(setting)
        made = sum(line["images"] for line in lines)
        here = net.of_all(read_images(folder.path / setting.folder, min(made, limit or made), size))
        calls = sum(line["network_calls"] * line["images"] for line in lines) / made
        found.append(Score(setting, len(here), len(there), calls, {name: _distance(name, here, there, net.name, resamples) for name in distances}))
        if report is not None:
            report(found[-1])
    return found


def _distance(name: str, images: Tensor, real: Tensor, net: str, resamples: int) -> SetDistance:
    with torch.no_grad():
        if name == "kernel":
            return kernel_distance(images, real, net)
        return frechet_distance(images, real, net, resamples=resamples)
