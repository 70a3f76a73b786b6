"""A whole pruned model in one small file, and back."""

import copy
import os
from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import torch
from torch import Tensor, nn

from pruning_lab.checks import check_float_tensor, check_initialised, check_mask, check_model, check_values
from pruning_lab.compress import files
from pruning_lab.compress.coding import CodedWeights, encode
from pruning_lab.compress.files import DTYPES, Entry, Part
from pruning_lab.compress.sharing import SharedWeights, check_bits, code_dtype, share_weights, shared_already


def save_compressed(
    model: nn.Module,
    masks: Mapping[str, Tensor],
    path: str | os.PathLike,
    bits: int | Mapping[str, int] = 4,
    *,
    half: bool = True,
) -> None:
    """Write a pruned model to one file: its weights share 2**bits values each, in Huffman codes.

    A weight that takes no more than 2**bits values already, as after `hold_shared`, keeps them; another is shared by
    `share_weights` first. What no mask names (biases, norms, counters) is written as it is. What the file holds is
    what `load_compressed` returns, to the bit; measure that. The model itself stays as it is.

    Args:
        model: `torch.nn.Module`; all of its `state_dict()` is written.
        masks: dict of parameter name: bool tensor of its shape, True keeps. What a mask prunes is written as 0.
        path: file to write, in a folder that exists; one of that name is replaced whole or not at all.
        bits: bits of a code, 1 to 16, or a dict of parameter name: bits.
        half: round codebooks, and floating-point numbers without a mask, to float16, which must be able to hold them.
            False keeps their dtype, and with it exactly the weights of a model that is shared already.

    Raises:
        TypeError: a model, mask, path or bits of another type; a tensor that no file can hold (quantized, complex).
        ValueError: a name or shape that is not the model's, a survivor that is not finite, a number too large for
            float16.

    >>> import tempfile
    >>> layer = nn.Linear(4, 2)
    >>> masks = {"weight": torch.eye(2, 4, dtype=torch.bool)}
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     save_compressed(layer, masks, f"{folder}/layer.pruned", bits=1, half=False)
    ...     loaded = load_compressed(f"{folder}/layer.pruned", layer)
    >>> torch.equal(loaded.weight, layer.weight * masks["weight"]), torch.equal(loaded.bias, layer.bias)
    (True, True)
    """
    state = _state_of(model)
    bits_of = _check_bits_of(bits, _check_masks(state, masks))
    groups: dict[tuple, list[str]] = {}  # names of the same numbers in memory: tied weights are written once
    for name, tensor in state.items():
        groups.setdefault(_place(name, tensor), []).append(name)
    first_of = {name: group[0] for group in groups.values() for name in group}
    number_of = {name: number for number, name in enumerate(state)}
    entries = []
    for name, tensor in state.items():
        content: Tensor | CodedWeights | int = number_of[first_of[name]]
        if first_of[name] == name:
            named = [other for other in groups[_place(name, tensor)] if other in masks]
            content = _coded(tensor, masks, named, bits_of, half) if named else _plain(name, tensor, half)
        entries.append(Entry(name, tensor.dtype, tuple(tensor.shape), content))
    files.write(path, entries)


def load_compressed(path: str | os.PathLike, model: nn.Module) -> nn.Module:
    """Return a copy of `model` with the weights of a file that `save_compressed` wrote; `model` itself stays as it is.

    Args:
        path: the file.
        model: `torch.nn.Module` with the names, shapes and dtypes of the one that was saved. Its numbers do not matter.

    Returns:
        A deep copy of `model` with all numbers of the file, zeros where a weight was pruned.

    Raises:
        FileNotFoundError: there is no such file.
        ValueError: the file is not of this format, truncated, altered, of a newer version, or of another model.

    See `save_compressed` for an example.
    """
    state = _state_of(model)
    entries, _ = files.read(path)
    _check_same(entries, state, path)
    numbers: list[Tensor] = []
    for entry in entries:
        numbers.append(numbers[entry.content] if isinstance(entry.content, int) else _decoded(entry, path))
    loaded = copy.deepcopy(model)
    loaded.load_state_dict({entry.name: tensor for entry, tensor in zip(entries, numbers, strict=True)})
    return loaded


def file_parts(path: str | os.PathLike) -> list[Part]:
    """Return what each byte of a .pruned file is: pieces in their order, from the first byte to the last.

    Args:
        path: a file that `save_compressed` wrote.

    Returns:
        list of Part(offset, size, name, what); `name` is a tensor's, or "" for the file's own.

    Raises:
        FileNotFoundError: there is no such file.
        ValueError: the file is not of this format, truncated, altered or of a newer version.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     save_compressed(nn.Linear(4, 2), {}, f"{folder}/layer.pruned")
    ...     parts = file_parts(f"{folder}/layer.pruned")
    >>> parts[0]
    Part(offset=0, size=8, name='', what='magic')
    >>> [part.size for part in parts if part.what == "numbers"]  # 8 weights and 2 biases, 2 bytes each
    [16, 4]
    """
    return files.read(path)[1]


def _state_of(model):
    """Return the model's state: tensors by name, all of a kind that a file can hold."""
    state = check_model(model).state_dict()
    for name, tensor in state.items():
        if not isinstance(tensor, Tensor) or tensor.dtype not in DTYPES:
            got = tensor.dtype if isinstance(tensor, Tensor) else type(tensor).__name__
            raise TypeError(f"model must hold tensors of {_listed(DTYPES)} only; got {name!r}, {got}")
        check_values(check_initialised(tensor, name), name)
        if tensor.numel() >= 2**32:
            raise ValueError(f"model must hold tensors of fewer than 2**32 entries; got {name!r}, {tensor.numel()}")
    return state


def _listed(dtypes):
    return ", ".join(str(dtype).removeprefix("torch.") for dtype in dtypes)


def _check_masks(state, masks):
    if not isinstance(masks, Mapping):
        raise TypeError(f"masks must be a dict of name: bool tensor; got {type(masks).__name__}")
    for name, mask in masks.items():
        if name not in state:
            raise ValueError(f"masks must name tensors of the model ({', '.join(list(state)[:4])}, ...); got {name!r}")
        check_float_tensor(state[name], name)
        check_values(check_mask(mask, f"mask for {name!r}"), f"mask for {name!r}")
        if mask.shape != state[name].shape:
            shapes = f"{tuple(state[name].shape)}; got {tuple(mask.shape)}"
            raise ValueError(f"mask for {name!r} must have the weight's shape {shapes}")
    return masks


def _check_bits_of(bits, masks):
    """Return {name: bits} for every mask."""
    if not isinstance(bits, Mapping):
        return dict.fromkeys(masks, check_bits(bits, "bits"))
    if bits.keys() != masks.keys():
        raise ValueError(f"bits must have the names of masks, {sorted(masks)}; got {sorted(bits)}")
    return {name: check_bits(number, f"bits of {name!r}") for name, number in bits.items()}


def _place(name, tensor):
    """Return what two names of the same numbers in memory have in common."""
    return (tensor.data_ptr(), tensor.shape, tensor.stride(), tensor.dtype) if tensor.numel() else (name,)


def _coded(tensor, masks, names, bits_of, half):
    """Return a weight in codes; what any of its names' masks prunes is pruned."""
    mask = torch.stack([masks[name].cpu() for name in names]).all(dim=0)
    weight, bits = tensor.detach().cpu(), bits_of[names[0]]
    try:
        shared = shared_already(weight, mask, 2**bits) or share_weights(weight, mask, bits)
    except ValueError as error:
        error.add_note(f"This was met at the weight {names[0]!r}.")
        raise
    coded = encode(_without_idle_values(shared, names[0], half))
    return replace(coded, codebook=coded.codebook.astype(np.float16)) if half else coded


def _without_idle_values(shared, name, half):
    """Return the same weights with each value that a survivor takes once in the codebook, ascending."""
    values = _halved(torch.from_numpy(shared.codebook), name).numpy() if half else shared.codebook
    taken, codes = np.unique(values[shared.codes], return_inverse=True)
    return SharedWeights(taken.astype(shared.codebook.dtype), codes.astype(code_dtype(taken.size)), shared.mask)


def _plain(name, tensor, half):
    tensor = tensor.detach().cpu()
    return _halved(tensor, name) if half and tensor.is_floating_point() else tensor


def _halved(tensor, name):
    """Return a tensor in float16, if that is large enough for all of it."""
    halved = tensor.half()
    if bool((halved.isinf() & ~tensor.isinf()).any()):
        largest = tensor[tensor.isfinite()].abs().max()
        raise ValueError(f"half must be False where numbers exceed 65504; got {name!r} with {largest:.6g}")
    return halved


def _check_same(entries, state, path):
    """Refuse a file whose tensors are not those of the model."""
    saved = {entry.name: (entry.shape, entry.dtype) for entry in entries}
    if len(saved) != len(entries):
        raise ValueError(f"path must be an undamaged .pruned file; got {path} (a name occurs twice)")
    ours = {name: (tuple(tensor.shape), tensor.dtype) for name, tensor in state.items()}
    for name in [*saved, *ours]:
        if saved.get(name) != ours.get(name):
            said = [f"{it[name][0]}, {it[name][1]}" if name in it else "nothing" for it in (ours, saved)]
            raise ValueError(f"model must be as the one saved in {path}; got {name!r}: {said[0]}, not {said[1]}")
    for entry in entries:
        if isinstance(entry.content, int) and saved[entries[entry.content].name] != saved[entry.name]:
            raise ValueError(f"path must be an undamaged .pruned file; got {path} ({entry.name!r} equals no other)")


def _decoded(entry, path):
    """Return the numbers of an entry as a tensor in the model's dtype."""
    if isinstance(entry.content, Tensor):
        return entry.content.to(entry.dtype)
    try:
        dense = entry.content.to_dense(entry.shape)
    except ValueError as error:
        raise ValueError(f"path must be an undamaged .pruned file; got {path} ({entry.name!r}: {error})") from error
    return torch.from_numpy(dense).to(entry.dtype)
