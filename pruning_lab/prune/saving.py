"""Masks in a file that notices when a bit of it has turned."""

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path

import safetensors.torch
import torch
from safetensors import SafetensorError
from torch import Tensor, nn

from pruning_lab.files import check_path, replacing

from .applying import checked, matched

CHECKSUM = "blake2b of names, shapes and entries"


def save_masks(masks: Mapping[str, Tensor], path: Path | str) -> None:
    """Save masks as a safetensors file, one byte per entry; a file of that name is replaced whole or not at all.

    A checksum of names, shapes and entries goes with them, so that `load_masks` notices a single bit that has turned.

    Args:
        masks: dict of parameter name: bool tensor.
        path: file to write, in a folder that exists.

    Raises:
        TypeError: masks that are not a dict of bool tensors by name.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     save_masks({"weight": torch.tensor([True, False])}, f"{folder}/masks.safetensors")
    ...     load_masks(f"{folder}/masks.safetensors")
    {'weight': tensor([ True, False])}
    """
    masks = checked(masks)
    if others := [name for name in masks if not isinstance(name, str)]:
        raise TypeError(f"masks must have names that are text; got {others[0]!r}")
    if "__metadata__" in masks:
        raise ValueError("masks must not have the name '__metadata__', which the format keeps for itself; got it")
    # Each mask a copy of its own: the format holds no views and nothing twice.
    plain = {name: torch.empty(mask.shape, dtype=torch.bool, device="cpu").copy_(mask) for name, mask in masks.items()}
    with replacing(path) as file:
        file.write(safetensors.torch.save(plain, {CHECKSUM: _checksum(plain)}))


def load_masks(path: Path | str, model: nn.Module | None = None) -> dict[str, Tensor]:
    """Load masks that `save_masks` wrote, and refuse them if they do not fit `model`.

    Args:
        path: file to read. One that an earlier version wrote has no checksum, and none is asked for.
        model: `torch.nn.Module` whose names and shapes the masks must fit; None checks neither.

    Returns:
        dict of parameter name: bool tensor, on the CPU.

    Raises:
        FileNotFoundError: no such file.
        ValueError: a damaged file, a file of anything but masks, a name or shape that is not the model's.

    See `save_masks` for an example.
    """
    content = Path(check_path(path)).read_bytes()
    try:
        masks = safetensors.torch.load(content)
    except SafetensorError as error:
        raise ValueError(f"path must be an undamaged safetensors file; got {path} ({error})") from error
    for name, mask in masks.items():
        if mask.dtype != torch.bool or mask.view(torch.uint8).gt(1).any():
            raise ValueError(f"path must hold masks, each byte 0 or 1; got {name!r} of dtype {mask.dtype} in {path}")
    if _checksum_in(content) not in (None, _checksum(masks)):
        raise ValueError(f"path must be an undamaged safetensors file; got {path} (its checksum differs)")
    if model is not None:
        matched(model, masks)
    return masks


def _checksum(masks):
    """Return a text that changes with any name, shape or entry."""
    total = hashlib.blake2b(digest_size=16)
    for name in sorted(masks):
        total.update(json.dumps([name, list(masks[name].shape)]).encode())
        total.update(masks[name].numpy().tobytes())
    return total.hexdigest()


def _checksum_in(content):
    """Return the checksum that a safetensors file carries; None where it has none, as older files do."""
    header = json.loads(content[8 : 8 + int.from_bytes(content[:8], "little")])
    return header.get("__metadata__", {}).get(CHECKSUM)
