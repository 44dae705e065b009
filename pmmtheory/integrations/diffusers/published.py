"""The latent diffusion models that Rombach et al. published for images without conditions, of 256 x 256 points."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class PublishedModel:
    """What is known of a model without its weights.

    Attributes
    ----------
    data : str
        The images that it was trained on.
    checkpoint : str
        Where its authors have it, in https://github.com/CompVis/latent-diffusion.
    latents : tuple (channels, height, width)
    betas : tuple of two floats
        The first and the last of 1000, whose roots take equal steps.
    scale : float, optional
        What the latents are multiplied by before the diffusion; None where it is in the weights.
    hub : str, optional
        Its name on the hub of the diffusers library.
    unet, decoder : mappings
        The shapes of its networks, as the library configures them; of LSUN-Churches nearly, which has 8 heads of attention at every resolution
        where the library has heads of one width.
    """

    data: str
    checkpoint: str
    latents: tuple[int, int, int]
    betas: tuple[float, float]
    scale: float | None
    hub: str | None
    unet: dict[str, Any]
    decoder: dict[str, Any]

    @property
    def scheduler(self) -> dict[str, Any]:
        """Its noise schedule, as the library configures it."""
        first, last = self.betas
        return {
            "num_train_timesteps": 1000,
            "beta_start": first,
            "beta_end": last,
            "beta_schedule": "scaled_linear",
            "prediction_type": "epsilon",
            "clip_sample": False,
        }


_UNET = {
    "block_out_channels": (224, 448, 672, 896),
    "layers_per_block": 2,
    "attention_head_dim": 32,
    "down_block_types": ("DownBlock2D", "AttnDownBlock2D", "AttnDownBlock2D", "AttnDownBlock2D"),
    "up_block_types": ("AttnUpBlock2D", "AttnUpBlock2D", "AttnUpBlock2D", "UpBlock2D"),
}
_VQ_4 = {"latent_channels": 3, "block_out_channels": (128, 256, 512), "layers_per_block": 2, "num_vq_embeddings": 8192}


def _of_vq_latents(data: str, checkpoint: str, hub: str | None = None) -> PublishedModel:
    return PublishedModel(data, checkpoint, (3, 64, 64), (0.0015, 0.0195), 1.0, hub, _UNET, _VQ_4)


PUBLISHED = {
    "celebahq": _of_vq_latents("CelebA-HQ", "models/ldm/celeba256", "CompVis/ldm-celebahq-256"),
    "ffhq": _of_vq_latents("FFHQ", "models/ldm/ffhq256"),
    "churches": PublishedModel(
        "LSUN-Churches",
        "models/ldm/lsun_churches256",
        latents=(4, 32, 32),
        betas=(0.0015, 0.0155),
        scale=None,
        hub=None,
        unet={
            "block_out_channels": (192, 384, 384, 768, 768),
            "layers_per_block": 2,
            "attention_head_dim": 48,
            "down_block_types": ("AttnDownBlock2D",) * 4 + ("DownBlock2D",),
            "up_block_types": ("UpBlock2D",) + ("AttnUpBlock2D",) * 4,
            "downsample_type": "resnet",
            "upsample_type": "resnet",
            "resnet_time_scale_shift": "scale_shift",
        },
        decoder={"latent_channels": 4, "block_out_channels": (128, 256, 512, 512), "layers_per_block": 2},
    ),
    "bedrooms": _of_vq_latents("LSUN-Bedrooms", "models/ldm/lsun_beds256"),
}
"""By the name that the command line takes. Source: Rombach et al. 2022 (arXiv 2112.10752), tab. 12, and the configurations beside the checkpoints.

The hub's configuration of the autoencoder of CelebA-HQ has no scale, for which the library takes 0.18215, that of another model: its own
LDMPipeline makes no faces of these weights. The three models with vector-quantised latents were trained with a scale of 1.
"""
