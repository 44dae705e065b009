"""Feature nets of one's own: what tells images apart is said by a module that the user names."""

from __future__ import annotations

import inspect
import sys
from collections.abc import Callable, Iterable
from importlib import import_module
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from pmmtheory.errors import InvalidParameter
from pmmtheory.numerics.finite import all_finite


class NamedFeatures:
    """The features of images by a net that gives distances their name.

    Parameters
    ----------
    net : torch module, or function of images
        It takes images from -1 to 1 in float32, of shape (n, channels, height, width), and returns features of shape (n, d), or (n, ...) which are
        flattened; an own method `features` is asked instead where there is one.
    name : str
        What distances are called by, where the net has no `name`.
    device : str
    """

    def __init__(self, net: Any, name: str, device: str = "cpu"):
        said = getattr(net, "name", None)
        self.name = said if isinstance(said, str) else name
        if isinstance(net, torch.nn.Module):
            net = net.to(device).eval()
        ask = getattr(net, "features", None)
        self._ask: Callable[[Tensor], Any] = ask if callable(ask) and not isinstance(ask, torch.nn.Module) else net
        self._device = device

    def __call__(self, images: Tensor) -> Tensor:
        """Features of shape (n, d), in float64 on the CPU.

        Raises
        ------
        InvalidParameter
            Naming `features` where the net raises, or its answer is none or not finite.
        """
        try:
            with torch.no_grad():
                found = self._ask(images.to(self._device))
        except Exception as error:
            raise InvalidParameter("features", self.name, f"a net that takes images of shape {tuple(images.shape)}, and it raised {_said(error)}") from error
        if not isinstance(found, Tensor) or found.ndim < 2 or len(found) != len(images):
            shape = tuple(found.shape) if isinstance(found, Tensor) else type(found).__name__
            raise InvalidParameter("features", self.name, f"a net that answers with features of shape ({len(images)}, d), not {shape}")
        found = found.flatten(1).to("cpu", torch.float64)
        if not all_finite(found):
            raise InvalidParameter("features", self.name, "a net whose features are finite")
        return found

    def of_all(self, parts: Iterable[Tensor]) -> Tensor:
        """The features of images that come in parts."""
        return torch.cat([self(part) for part in parts])


def feature_net(source: str, device: str = "cpu") -> NamedFeatures:
    """A feature net of a module of one's own.

    Parameters
    ----------
    source : str
        MODULE:NAME, found as `import MODULE` finds it in the current folder: a torch module, or a function of images, or a class or function without
        parameters that makes one.
    device : str

    Raises
    ------
    InvalidParameter
        Naming `features` where there is no such thing.

    Examples
    --------
    >>> net = feature_net("torch.nn:Flatten")
    >>> net.name, net(torch.zeros(2, 3, 4, 4)).shape
    ('torch.nn:Flatten', torch.Size([2, 48]))
    """
    module, colon, name = source.partition(":")
    if not (module and colon and name) or module.startswith("."):
        raise InvalidParameter("features", source, "MODULE:NAME, e.g. my_nets:inception for `inception` of my_nets.py")
    here = str(Path.cwd())
    if here not in sys.path:
        sys.path.insert(0, here)
    try:
        own = import_module(module)
    except Exception as error:  # a module of one's own may raise anything
        raise InvalidParameter("features", source, f"a module that can be imported: {_said(error)}") from error
    if not hasattr(own, name):
        raise InvalidParameter("features", source, f"a name that {module} has")
    found = getattr(own, name)
    if not (callable(found) or callable(getattr(found, "features", None))):
        raise InvalidParameter("features", source, f"a net, a function of images, or what makes one, not {found!r:.60}")
    if not _makes(found):
        return NamedFeatures(found, source, device)
    try:
        made = found()
    except Exception as error:
        raise InvalidParameter("features", source, f"what makes a net without being given anything, and it raised {_said(error)}") from error
    return NamedFeatures(made, source, device)


def _said(error: Exception) -> str:
    """The first line of an error, with its kind where that is not plain."""
    text = str(error).strip().partition("\n")[0].rstrip(".")
    return text if text and isinstance(error, RuntimeError | TypeError | ValueError | ModuleNotFoundError) else f"{type(error).__name__}: {text}".rstrip(": ")


def _makes(found: Any) -> bool:
    """Whether it is asked for a net, not itself about images."""
    if isinstance(found, torch.nn.Module) or callable(getattr(found, "features", None)) and not isinstance(found, type):
        return False
    if isinstance(found, type):
        return True
    try:
        parameters = inspect.signature(found).parameters.values()
    except ValueError:  # written in C
        return False
    return all(one.default is not one.empty or one.kind in (one.VAR_POSITIONAL, one.VAR_KEYWORD) for one in parameters)
