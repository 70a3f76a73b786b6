"""A smaller model in a file: its tensors, and which units stayed, as plain text. Without pickle, no file runs code."""

import json
from pathlib import Path
from typing import Any

import safetensors
import safetensors.torch
import torch
from torch import nn

from pruning_lab.checks import check_model
from pruning_lab.files import replacing

from .cutting import Keep, channel_groups, shrink


def save_shrunk(small: nn.Module, keep: Keep, path: Path | str) -> None:
    """Save the state of a model that `shrink` returned, and the units that were kept.

    Args:
        small: what `shrink(model, keep, ...)` returned, trained since or not.
        keep: the same as there.
        path: file to write, in a folder that exists; one of that name is replaced whole or not at all.

    >>> import tempfile
    >>> model, x = nn.Sequential(nn.Linear(3, 8), nn.ReLU(), nn.Linear(8, 2)), torch.ones(1, 3)
    >>> small = shrink(model, {"0.weight": [1, 2]}, x)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     save_shrunk(small, {"0.weight": [1, 2]}, f"{folder}/small.safetensors")
    ...     again = load_shrunk(model, f"{folder}/small.safetensors", x)
    >>> torch.equal(again(x), small(x))
    True
    """
    check_model(small)
    kept = json.dumps({name: torch.as_tensor(indices).tolist() for name, indices in keep.items()})
    state = {name: tensor.detach().clone().contiguous() for name, tensor in small.state_dict().items()}
    with replacing(path) as file:
        file.write(safetensors.torch.save(state, {"keep": kept}))


def load_shrunk(model: nn.Module, path: Path | str, example_inputs: Any, *, exact: bool = True) -> nn.Module:
    """Rebuild a smaller model: shrink `model` to the units that the file names, then load the file's state.

    Args:
        model: of the class that was shrunk, with any weights; left untouched.
        path: a file of `save_shrunk`.
        example_inputs, exact: as for `channel_groups`.

    Raises:
        FileNotFoundError: no such file.
        ValueError: a file of another model, or of something else.
    """
    try:
        with safetensors.safe_open(path, framework="pt") as file:
            keep = json.loads((file.metadata() or {})["keep"])
            state = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 (it is no dict)
    except (safetensors.SafetensorError, KeyError) as error:
        raise ValueError(f"path must be a file that save_shrunk wrote; got {path} ({error})") from error
    small = shrink(model, keep, groups=channel_groups(model, example_inputs, exact=exact))
    try:
        small.load_state_dict(state)
    except RuntimeError as error:
        raise ValueError(f"path must hold the tensors of this model; got {path} ({error})") from error
    return small
