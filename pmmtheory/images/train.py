"""The commands that train the networks of pmmtheory.images.

python -m pmmtheory.images.train network --data digits --out network-digits.pt --steps 5000
python -m pmmtheory.images.train network --data FOLDER --name mnist --out network-mnist.pt
python -m pmmtheory.images.train features --data digits --out features-digits.pt --steps 2000
python -m pmmtheory.images.train features --data FOLDER --name mnist --out features-mnist.pt

The files in pmmtheory/images/checkpoints are named so: what is put there is loaded by the last part of its name.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import torch
import typer
from torch import Tensor

from pmmtheory.errors import InvalidParameter, PmmError
from pmmtheory.images.checkpoints import keep
from pmmtheory.images.data_sets import ImageSet, load_images
from pmmtheory.images.features import FeatureNet, accuracy, label_loss, load_features
from pmmtheory.images.network import Architecture, NoiseNetwork, described, load_network, mean_loss, noise_loss
from pmmtheory.images.training import Training, train

app = typer.Typer(add_completion=False, pretty_exceptions_enable=False, rich_markup_mode=None, no_args_is_help=True)

Data = Annotated[str, typer.Option(help='"digits", or a folder with files of the names of MNIST, or a .npy file.')]
Out = Annotated[Path, typer.Option(help="The file to write; FILE.state beside it, while training, is where the same command goes on.")]
Name = Annotated[str | None, typer.Option(help="What the record says of the data; by default the name of the folder.", show_default=False)]
Seed = Annotated[int, typer.Option(help="Of the first weights and the batches.")]
Device = Annotated[str, typer.Option(help="cpu or cuda.")]
Steps = Annotated[int, typer.Option(min=1, help="Batches to learn from.")]
Batch = Annotated[int, typer.Option(min=1, help="Images a batch.")]
Rate = Annotated[float, typer.Option(help="The largest learning rate.")]


@app.callback()
def main() -> None:
    """Train the networks of pmmtheory.images. Stopped at any time, the same command goes on where it was, with the same result."""


@app.command()
def network(data: Data, out: Out, name: Name = None, steps: Steps = 7000, batch: Batch = 32, rate: Rate = 1e-3, seed: Seed = 0, device: Device = "cpu") -> None:
    """Train a U-Net to predict the noise in images. Needs the diffusers library."""
    with in_one_sentence():
        found = load_images(data)
        _network(found, name, out, Training(steps, batch, rate, seed=seed, device=device, data=found.fingerprint), held_out(data))


def _network(found: ImageSet, name: str | None, out: Path, training: Training, test: ImageSet | None) -> None:
    images = found.images.to(training.device)
    channels, height, width = images.shape[1:]
    model = training.built(lambda: NoiseNetwork(Architecture.of((channels, height, width))))
    typer.echo(f"{model.parameter_count} parameters, {len(images)} images of shape {tuple(images.shape[1:])}")

    def loss(model: NoiseNetwork, generator: torch.Generator) -> Tensor:
        chosen = torch.randint(len(images), (training.batch,), generator=generator, device=images.device)
        return noise_loss(model, images[chosen], generator)

    trained = train(model, loss, training, out.with_name(out.name + ".state"), told(training))
    record = {"kind": "network"} | described(trained) | made(found, name, training)
    keep(out, trained, record)
    trained = load_network(out, training.device)
    for part, of in (("train", found), ("test", test)):
        if of is not None:
            draws = torch.Generator(training.device).manual_seed(1)
            record[f"{part}_loss"] = list(mean_loss(trained, of.images.to(training.device), draws))
    keep(out, trained, record)
    typer.echo(f"{out}: {record}")


@app.command()
def features(
    data: Data, out: Out, name: Name = None, steps: Steps = 1500, batch: Batch = 128, rate: Rate = 2e-3, seed: Seed = 0, device: Device = "cpu"
) -> None:
    """Train a classifier whose hidden layer serves for distances between sets of images. Needs labels."""
    with in_one_sentence():
        found = load_images(data)
        _features(found, name, out, Training(steps, batch, rate, seed=seed, device=device, data=found.fingerprint), held_out(data))


def _features(found: ImageSet, name: str | None, out: Path, training: Training, test: ImageSet | None) -> None:
    if found.labels is None or test is None or test.labels is None:
        raise InvalidParameter("data", found.name, "images with labels, some of them for tests")
    images, labels = found.images.to(training.device), found.labels.to(training.device)
    channels, height, width = images.shape[1:]
    shape, classes = (channels, height, width), int(labels.max()) + 1
    model = training.built(lambda: FeatureNet(shape, classes))

    def loss(model: FeatureNet, generator: torch.Generator) -> Tensor:
        chosen = torch.randint(len(images), (training.batch,), generator=generator, device=images.device)
        return label_loss(model, images[chosen], labels[chosen])

    trained = train(model, loss, training, out.with_name(out.name + ".state"), told(training))
    trained.standardise(images)
    record = {"kind": "features", "shape": list(shape), "classes": classes, "size": trained.size} | made(found, name, training)
    keep(out, trained, record)
    record["accuracy"] = accuracy(load_features(out, training.device), test.images.to(training.device), test.labels.to(training.device))
    keep(out, trained, record)
    typer.echo(f"{out}: {record}")


def held_out(data: str) -> ImageSet | None:
    """The images kept for tests; a single file has none."""
    return None if Path(data).suffix == ".npy" else load_images(data, part="test")


@contextmanager
def in_one_sentence() -> Iterator[None]:
    """Wrong input is said in one sentence, with exit status 2."""
    try:
        yield
    except (PmmError, ImportError) as error:
        typer.echo(f"error: {error}", err=True)
        raise typer.Exit(2) from None
    except KeyboardInterrupt:
        typer.echo("stopped; the same command goes on from the last state", err=True)
        raise typer.Exit(130) from None


def told(training: Training) -> Callable[[int, float, float], None]:
    """A report of one line."""

    def report(done: int, loss: float, left: float) -> None:
        typer.echo(f"step {done} of {training.steps}, loss {loss:.4f}, {left / 60:.1f} min left")

    return report


def made(found: ImageSet, name: str | None, training: Training) -> dict[str, Any]:
    """How a network was made, for its record."""
    return {
        "data": name or found.name,
        "content": found.fingerprint,
        "images": len(found),
        "steps": training.steps,
        "batch": training.batch,
        "rate": training.rate,
        "memory": training.memory,
        "seed": training.seed,
        "device": training.device,
        "date": datetime.now(UTC).date().isoformat(),
        "torch": str(torch.__version__),
    }


if __name__ == "__main__":
    app()
