"""A network that generates images without conditions, as samplers ask it: with every call counted."""

from __future__ import annotations

import hashlib
from typing import Any

import numpy as np
import torch
from torch import Tensor

from pmmtheory.errors import InvalidParameter
from pmmtheory.integrations.diffusers.answers import predicted
from pmmtheory.integrations.diffusers.poisson_midpoint import PoissonMidpointScheduler
from pmmtheory.numerics.finite import all_finite


class ImageModel:
    """The networks of a pipeline, on a device: one that predicts noise, and for latent diffusion one that makes images of latents.

    The network that predicts runs in `dtype`, samplers and the decoder in float32. A pipeline's own loop is not used: that of the LDMPipeline
    draws the noise of its steps from torch's global generator, and that of the DDIMPipeline replaces the scheduler.

    Parameters
    ----------
    pipeline : DiffusionPipeline
        With a `unet` that is asked with a sample and a time alone (a UNet2DModel), and with a `vqvae` or `vae` where that works on latents.
    name : str
        What it is called in tables and messages.
    device, dtype
    scale : float, optional
        What latents are multiplied by before the diffusion, in place of what the decoder's configuration has.

    Attributes
    ----------
    calls : int
        How often the network was asked, about a batch at a time.
    shape : tuple (channels, height, width)
        Of one sample.
    schedule : NoiseSchedule
    config
        The configuration of a PoissonMidpointScheduler for the network.

    Raises
    ------
    InvalidParameter
        Naming `model` where it is none of those.
    """

    def __init__(self, pipeline: Any, name: str, device: str = "cpu", dtype: torch.dtype = torch.float32, scale: float | None = None):
        unet: Any = getattr(pipeline, "unet", None)
        plain = type(unet).__name__ == "UNet2DModel" and unet.config.num_class_embeds is None and unet.config.in_channels == unet.config.out_channels
        if not plain:
            allowed = "a pipeline without conditions, whose unet is a UNet2DModel that predicts as many channels as it is shown"
            raise InvalidParameter("model", name, f"{allowed}; this is a {type(pipeline).__name__} with {type(unet).__name__}")
        if not {"beta_schedule", "trained_betas"} & set(pipeline.scheduler.config):
            allowed = "a pipeline whose scheduler says the betas that its network was trained with"
            raise InvalidParameter("model", name, f"{allowed}; this has {type(pipeline.scheduler).__name__}")
        self.name, self.device, self.dtype, self.calls = name, device, dtype, 0
        own = PoissonMidpointScheduler.from_config(_stated(pipeline.scheduler.config), timestep_spacing="trailing")
        self.config, self.schedule = own.config, own.schedule
        decoder = getattr(pipeline, "vqvae", None) or getattr(pipeline, "vae", None)
        self.weights = _fingerprint(unet, decoder)
        self._unet = _placed(unet, device, dtype)
        self._decoder = None if decoder is None else _placed(decoder, device, torch.float32)
        self._scale = float(scale or getattr(getattr(decoder, "config", None), "scaling_factor", None) or 1.0)
        size = unet.config.sample_size
        self.shape: tuple[int, int, int] = (unet.config.in_channels, *((size, size) if isinstance(size, int) else size))

    def answer(self, x: Tensor, time: float | Tensor) -> Tensor:
        """What the network says of x at a time that counts from 0, in float32.

        Raises
        ------
        InvalidParameter
            Naming `model` where that is not finite.
        """
        self.calls += 1
        with torch.no_grad():
            output: Tensor = self._unet(x.to(self.device, self.dtype), time).sample.float()
        if not all_finite(output):
            said = f"a network whose answers are finite; at time {float(time):g} one was NaN or infinite in {str(self.dtype).removeprefix('torch.')}"
            raise InvalidParameter("model", self.name, said)
        return output

    def noise(self, x: Tensor, time: Any) -> Tensor:
        """The noise predicted in x at a training time, which counts from 1; the data are kept within the range that the configuration asks for."""
        shown = float(time) - 1
        output = self.answer(x, torch.tensor(int(shown) if shown == int(shown) else shown, device=self.device))
        return predicted(self.config, self.schedule, x, output, float(time))[0]

    def images(self, x: Tensor) -> np.ndarray:
        """The images of samples, in whole numbers from 0 to 255, of shape (n, height, width, channels).

        Raises
        ------
        InvalidParameter
            Naming `model` where they are not finite.
        """
        if self._decoder is not None:
            with torch.no_grad():
                x = self._decoder.decode(x.to(self.device, torch.float32) / self._scale).sample
        if not all_finite(x):
            raise InvalidParameter("model", self.name, "a network whose images are finite")
        pixels = ((x / 2 + 0.5).clamp(0, 1) * 255).round().to(torch.uint8)
        return pixels.movedim(1, -1).cpu().numpy()


def _stated(config: Any) -> dict[str, Any]:
    """A scheduler's configuration with its defaults as if they had been given: another class would take its own in their place, and not clip."""
    return {name: value for name, value in config.items() if not name.startswith("_")}


def _placed(network: Any, device: str, dtype: torch.dtype) -> Any:
    """A network for asking alone; the library's own `to` warns of every change of dtype."""
    return torch.nn.Module.to(network, device, dtype).eval().requires_grad_(False)


def _fingerprint(*networks: Any) -> str:
    """A number of all weights: other ones have another."""
    seen = hashlib.sha256()
    for network in networks:
        for name, value in sorted(network.state_dict().items()) if network is not None else []:
            seen.update(name.encode())
            seen.update(value.detach().cpu().contiguous().reshape(-1).view(torch.uint8).numpy())
    return seen.hexdigest()[:16]
