"""Images of a model by several samplers, in a folder; a run that was stopped goes on where it was."""

from __future__ import annotations

import datetime
import hashlib
import platform
from collections.abc import Callable, Sequence
from importlib.metadata import version
from pathlib import Path

import torch

import pmmtheory
from pmmtheory.errors import InvalidParameter, count, whole
from pmmtheory.images.image_folder import ImageFolder, Setting
from pmmtheory.integrations.diffusers.image_model import ImageModel
from pmmtheory.integrations.diffusers.methods import Method, method_named

Report = Callable[[Setting, int, bool], None]
"""Called with a setting, the number of images that have come to be there, and whether they were there before."""


def generate(
    model: ImageModel,
    out: str | Path,
    methods: Sequence[str] = ("pmm",),
    calls: Sequence[int] = (10,),
    images: int = 64,
    seed: int = 0,
    batch: int = 64,
    format: str = "npy",
    report: Report | None = None,
) -> ImageFolder:
    """Generate images by each method with each number of calls, those that are not there yet.

    The starting noise of an image and the noise of its steps are drawn on the CPU from a generator of its own, whose seed follows from that of the run,
    the method, the calls and the image's number: what a batch does to an image is rounding alone, and to no image of the same folder, whose batches are
    made as a whole. Midpoints of the Poisson midpoint method are shared by the images of a batch, which the network is asked about at one time, and
    are drawn by the number of the batch: with another size of batches the images of that method are others.

    Parameters
    ----------
    model : ImageModel
    out : str or path
        See ImageFolder.
    methods : sequence of str
        See method_named.
    calls : sequence of int
        How often the network is asked about an image: exactly, but for midpoints whose number is random.
    images : int
        How many of each; more of them can be asked for later.
    seed, batch : int
    format : "npy" or "png"
    report : function, optional

    Raises
    ------
    InvalidParameter
        Before any image is made, naming the parameter that is wrong, `calls` where a method has no sampler with so many, or `out`; later naming `model`
        where its network answers with NaN, or `out`.

    Examples
    --------
    >>> import tempfile
    >>> from pmmtheory.integrations.diffusers import load_model
    >>> with tempfile.TemporaryDirectory() as place:
    ...     folder = generate(load_model("random"), place, ["pmm", "ddim"], [4], images=3)
    ...     [(setting.method, folder.lines(setting)[0]["network_calls"]) for setting in folder.settings()]
    [('pmm:V3:interior', 4), ('ddim:0', 4)]
    """
    wanted, size, key = count("images", images), count("batch", batch), whole("seed", seed)
    jobs = [(method, _possible(method, model, number)) for method in _distinct(methods) for number in dict.fromkeys(calls)]
    facts = {"model": model.name, "weights": model.weights, "seed": key, "device": model.device.partition(":")[0], "dtype": str(model.dtype).partition(".")[2]}
    folder = ImageFolder(out, {**facts, "batch": size, "format": format})
    for method, number in jobs:
        setting = Setting(method.name, number)
        with folder.locked(setting):
            for first in range(0, wanted, size):
                here = min(size, wanted - first)
                there = folder.kept(setting, first // size) >= here
                if not there:
                    _fill(folder, model, method, setting, key, first, here)
                if report is not None:
                    report(setting, here, there)
    return folder


def _fill(folder: ImageFolder, model: ImageModel, method: Method, setting: Setting, seed: int, first: int, images: int) -> None:
    """Make one batch."""
    base, before = _key(seed, setting), model.calls
    noise = [torch.Generator().manual_seed((base + number) % 2**32) for number in range(first, first + images)]
    midpoints = torch.Generator().manual_seed(_key(seed, setting, "midpoints", first // folder.batch))
    x = torch.stack([torch.randn(model.shape, generator=one) for one in noise]).to(model.device)
    pixels = model.images(method.sample(model, setting.calls, x, noise, midpoints))
    record = {
        "network_calls": model.calls - before,
        "seed": seed,
        "first_seed": (base + first) % 2**32,
        "model": model.name,
        "weights": model.weights,
        "device": torch.cuda.get_device_name(model.device) if model.device.startswith("cuda") else platform.machine(),
        "dtype": str(model.dtype).partition(".")[2],
        "versions": {"pmmtheory": pmmtheory.__version__, **{name: version(name) for name in ("torch", "diffusers")}},
        "date": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
    }
    folder.keep(setting, first // folder.batch, pixels, record)


def _distinct(methods: Sequence[str]) -> list[Method]:
    named = [method_named(text) for text in methods]
    return list({method.name: method for method in named}.values())


def _possible(method: Method, model: ImageModel, calls: int) -> int:
    """The number of calls, where the method has a sampler with so many."""
    number = count("calls", calls)
    if number > model.schedule.size:
        raise InvalidParameter("calls", calls, f"at most {model.schedule.size}, the number of training steps")
    try:
        method.sampler(model, number)
    except InvalidParameter as error:
        raise InvalidParameter("calls", calls, f"a number for which {method.name} has a sampler: {error.allowed}") from None
    return number


def _key(seed: int, setting: Setting, *more: str | int) -> int:
    """A number below 2^32, of which torch's generators on the CPU take no more. Images of a setting have those that follow: no two have the same."""
    text = "/".join(map(str, (seed, setting.method, setting.calls, *more)))
    return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=4).digest(), "big")
