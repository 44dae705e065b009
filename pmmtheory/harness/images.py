"""`images`: images of latent diffusion models by our samplers, and how far they are from real ones."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import typer

from pmmtheory.harness.errors import Stopped, UsageError

app = typer.Typer(name="images", rich_markup_mode=None)


@app.callback(invoke_without_command=True)
def generate(
    context: typer.Context,
    model: Annotated[str | None, typer.Option(help="celebahq, ffhq, churches, bedrooms, random, random-pixels, or OWNER/NAME on the hub.")] = None,
    out: Annotated[Path | None, typer.Option(help="The folder of the images.", show_default=False)] = None,
    calls: Annotated[str, typer.Option(help="How often the network is asked about an image; several with commas.")] = "10,20,40,80",
    methods: Annotated[str, typer.Option(help="With options: pmm:V3:interior, rmm, ddpm:V2, ddim:0, dpm-solver:2:uniform.")] = "pmm,ddpm,ddim,dpm-solver",
    images: Annotated[str, typer.Option(help="How many of each method and number of calls.")] = "50000",
    weights: Annotated[Path | None, typer.Option(help="A folder that a pipeline was saved to, or an original checkpoint.", show_default=False)] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Random weights in networks of the model's shape.")] = False,
    seed: Annotated[str, typer.Option(help="A whole number.")] = "0",
    batch: Annotated[str, typer.Option(help="Images that the network is asked about at once.")] = "64",
    format: Annotated[str, typer.Option(help="npy, a file a batch, or png, a file an image.")] = "npy",
    device: Annotated[str | None, typer.Option(help="cpu or cuda; default: a GPU where there is one.", show_default=False)] = None,
    dtype: Annotated[str | None, typer.Option(help="Of the network: float16 on a GPU, float32 elsewhere.", show_default=False)] = None,
) -> None:
    """Generate images by several samplers with several numbers of network calls. The same command goes on where it was stopped."""
    if context.invoked_subcommand is not None:
        return
    if out is None or (model is None and weights is None):
        raise UsageError("say which model and where to: --model NAME --out FOLDER.")
    with _one_sentence():
        from pmmtheory.integrations.diffusers import generate, load_model

        budgets, wanted = [_whole("calls", text) for text in calls.split(",")], _whole("images", images)
        chosen = load_model(Path(str(weights)).name if model is None else model, weights, device, dtype, dry_run)
        names = methods.split(",")
        with _bar(wanted * len(names) * len(budgets)) as report:
            folder = generate(chosen, out, names, budgets, wanted, _whole("seed", seed), _whole("batch", batch), format, report)
    for setting in folder.settings():
        lines = folder.lines(setting)
        made = sum(line["images"] for line in lines)
        asked = sum(line["network_calls"] * line["images"] for line in lines) / made
        print(f"{setting.method} with {setting.calls} calls: {made} images, {asked:g} calls of the network each")


@app.command()
def score(
    out: Annotated[Path, typer.Option(help="The folder of the images.", show_default=False)],
    real: Annotated[Path, typer.Option(help="Real images: a folder of pictures or .npy files, or one .npy file.", show_default=False)],
    features: Annotated[str, typer.Option(help="MODULE:NAME of a net, or of what makes one.", show_default=False)],
    distances: Annotated[str, typer.Option(help="frechet, kernel or both.")] = "frechet,kernel",
    most: Annotated[int | None, typer.Option(min=3, help="Images of each side at most.", show_default=False)] = None,
    resamples: Annotated[int, typer.Option(min=2, help="Of the bootstrap for the error of a Frechet distance.")] = 100,
    batch: Annotated[int, typer.Option(min=1, help="Images that the net is asked about at once.")] = 64,
    device: Annotated[str | None, typer.Option(help="cpu or cuda; default: a GPU where there is one.", show_default=False)] = None,
) -> None:
    """Print how far the images of each method and number of calls are from real ones, by the features of a net of your own."""
    with _one_sentence():
        from pmmtheory.images.feature_net import feature_net
        from pmmtheory.images.scores import scores
        from pmmtheory.numerics.devices import known_device

        net = feature_net(features, known_device(_device() if device is None else device))
        found = scores(out, real, net, distances.split(","), most, resamples, batch, report=lambda one: print(_line(one), flush=True))
    print(f"{len(found)} settings against {found[0].real} real images; the interval of a Frechet distance is without its bias.")


def _line(score: Any) -> str:
    """What is said of a setting."""
    parts = []
    for one in score.distances.values():
        low, high = one.interval
        parts.append(f"{one.name} {one.estimate.value:.4g} ± {one.estimate.error:.2g} (95%: {low:.4g} to {high:.4g})")
    return f"{score.setting.method}, {score.network_calls:g} calls, {score.images} images: {'; '.join(parts)}"


@contextmanager
def _one_sentence() -> Iterator[None]:
    """What the library says of wrong input, and a missing extra, as the command line says it."""
    from pmmtheory.errors import PmmError

    try:
        yield
    except (PmmError, ImportError) as error:
        raise UsageError(str(error)) from None
    except KeyboardInterrupt:
        raise Stopped("stopped; what is made is kept, the same command continues.") from None


def _device() -> str:
    """A GPU where there is one."""
    import torch

    return "cuda" if torch.cuda.is_available() else "cpu"


def _whole(name: str, text: str) -> int:
    """A whole number as it is typed."""
    from pmmtheory.errors import InvalidParameter

    try:
        return int(text)
    except ValueError:
        raise InvalidParameter(name, text, "a whole number") from None


@contextmanager
def _bar(total: int) -> Iterator[Any]:
    """A bar with the time left, on a terminal; what was there before counts as done, not as speed."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn("images"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn(), TextColumn("{task.description}"))
    console = Console(stderr=True)
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal, speed_estimate_period=600) as bar:
        task = bar.add_task("", total=total)

        def report(setting: Any, images: int, there: bool) -> None:
            if there:
                done = int(bar.tasks[0].completed) + images
                bar.reset(task, total=total, completed=done, description=setting.folder)
            else:
                bar.update(task, advance=images, description=setting.folder)

        yield report
