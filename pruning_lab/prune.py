"""Masks on a whole model: choose, apply, hold while training, save and load.

The parameters stay the plain tensors they are, with zeros written into them. So tied weights, `copy.deepcopy`,
`torch.compile` and `torch.export` work as before, and nothing is left to remove at the end.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import safetensors.torch
import torch
from safetensors import SafetensorError
from torch import Tensor, nn

from pruning_lab.checks import check_mask
from pruning_lab.files import replacing

BITS = {1: torch.int8, 2: torch.int16, 4: torch.int32, 8: torch.int64}  # bytes of a weight: integers of that size
NOT_MULTIPLIED = (nn.Embedding, nn.EmbeddingBag, nn.LayerNorm, nn.RMSNorm)


def prunable_weights(model: nn.Module) -> dict[str, nn.Parameter]:
    """Return the weights that are multiplied with activations, by name: those of linear, convolution, attention layers.

    That is each parameter of at least two axes with "weight" in its own name. Biases and norms stay dense: few, and
    the network is sensitive to them. So do embeddings, even one tied to an output layer: a lookup reads its rows and
    multiplies nothing. A weight that several layers share comes once, under its first name.

    Args:
        model: `torch.nn.Module`.

    Returns:
        dict of parameter name: the Parameter itself, in the order of `model.named_parameters()`.

    Raises:
        TypeError: a model that is not a `torch.nn.Module`.
        ValueError: a model without such a weight.

    >>> list(prunable_weights(nn.Sequential(nn.Linear(4, 8), nn.LayerNorm(8), nn.Linear(8, 2))))
    ['0.weight', '2.weight']
    """
    _check_model(model)
    looked_up = {id(p) for m in model.modules() if isinstance(m, NOT_MULTIPLIED) for p in m.parameters(recurse=False)}
    weights = {
        name: parameter
        for name, parameter in model.named_parameters()
        if parameter.ndim >= 2 and "weight" in name.rsplit(".")[-1] and id(parameter) not in looked_up
    }
    if not weights:
        raise ValueError(f"model must hold at least one weight of two axes or more; got {type(model).__name__}")
    return weights


def masks_for(
    model: nn.Module, score: Callable[[nn.Parameter], Tensor], mask: Callable[[Tensor], Tensor]
) -> dict[str, Tensor]:
    """Return a mask for each of `prunable_weights(model)`, each layer on its own: `mask(score(weight))`.

    The model stays as it is. `score` is given the Parameter itself, so a gradient is at hand: `lambda weight:
    taylor_scores(weight, weight.grad)`. One ranking over all layers, or scores that need more than the weight, are
    one line without this function: `mask_global(prunable_weights(model), 0.9, by_magnitude=True)`, or
    `mask_global({name: score(weight) for name, weight in prunable_weights(model).items()}, 0.9)`.

    Args:
        model: `torch.nn.Module`.
        score: function of a weight that returns scores of the same shape.
        mask: function of scores that returns a bool tensor of the same shape.

    Returns:
        dict of parameter name: bool tensor of the weight's shape.

    Raises:
        TypeError: a model that is not a module, a score or mask that is not a function, a mask function that does not
            return a bool tensor.
        ValueError: a model without weights, a mask that returns another shape.

    >>> from pruning_lab.masks import mask_unstructured, sparsity_of
    >>> from pruning_lab.scores import magnitude_scores
    >>> masks = masks_for(nn.Linear(4, 8), magnitude_scores, lambda scores: mask_unstructured(scores, 0.75))
    >>> sparsity_of(masks["weight"])
    0.75
    """
    for function, name, argument in ((score, "score", "a weight"), (mask, "mask", "a score tensor")):
        if not callable(function):
            raise TypeError(f"{name} must be a function of {argument}; got {type(function).__name__}")
    weights = prunable_weights(model)
    with torch.no_grad():
        masks = {name: mask(score(weight)) for name, weight in weights.items()}
    for name, weight in weights.items():
        _check_fits(masks[name], f"mask for {name!r}", weight)
    return masks


@torch.no_grad()
def apply_masks_(model: nn.Module, masks: Mapping[str, Tensor]) -> None:
    """Write 0 into every weight whose mask is False, in place; the other weights keep their bits.

    Nothing is changed when any mask does not fit. A weight named twice (tied) loses what either mask prunes.

    Args:
        model: `torch.nn.Module`, changed.
        masks: dict of parameter name: bool tensor of the parameter's shape, on any device.

    Raises:
        TypeError: a model that is not a module, masks that are not a dict of bool tensors.
        ValueError: a name the model does not have, a shape that is not the parameter's.

    >>> layer = nn.Linear(2, 1)
    >>> apply_masks_(layer, {"weight": torch.tensor([[True, False]])})
    >>> layer.weight[0, 1].item()
    0.0
    """
    for weight, mask in _matched(model, masks):
        bits = weight.detach().view(BITS[weight.element_size()])
        bits.mul_(mask.to(weight.device))  # exact for infinities too, and many times faster than masked_fill_


@contextmanager
def hold_masks(model: nn.Module, masks: Mapping[str, Tensor], optimizer: torch.optim.Optimizer) -> Iterator[None]:
    """Keep pruned weights at zero while training: apply `masks` now and after every `optimizer.step()`.

    Masking gradients would not be enough: momentum and Adam remember gradients from before the pruning, and move a
    weight whose gradient is zero now. `masks` is read at every step, so that `masks.update(...)` inside the block
    prunes further. On leaving the block, even by an exception, the zeros become ordinary weights again, free to move at
    the next step.

    Args:
        model: `torch.nn.Module`, changed.
        masks: dict as for `apply_masks_`.
        optimizer: the `torch.optim.Optimizer` that trains the model.

    Raises:
        TypeError: an optimizer that is not a `torch.optim.Optimizer`, and as `apply_masks_`.
        ValueError: as `apply_masks_`.

    >>> layer = nn.Linear(2, 1, bias=False)
    >>> optimizer = torch.optim.Adam(layer.parameters())
    >>> with hold_masks(layer, {"weight": torch.tensor([[True, False]])}, optimizer):
    ...     layer(torch.ones(2)).sum().backward()
    ...     optimizer.step()
    >>> layer.weight[0, 1].item()
    0.0
    """
    if not isinstance(optimizer, torch.optim.Optimizer):
        raise TypeError(f"optimizer must be a torch.optim.Optimizer; got {type(optimizer).__name__}")
    apply_masks_(model, masks)
    hook = optimizer.register_step_post_hook(lambda *_: apply_masks_(model, masks))
    try:
        yield
    finally:
        hook.remove()


def save_masks(masks: Mapping[str, Tensor], path: Path | str) -> None:
    """Save masks as a safetensors file, one byte per entry; a file of that name is replaced whole or not at all.

    Args:
        masks: dict of parameter name: bool tensor.
        path: file to write, in a folder that exists.

    Raises:
        TypeError: masks that are not a dict of bool tensors.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     save_masks({"weight": torch.tensor([True, False])}, f"{folder}/masks.safetensors")
    ...     load_masks(f"{folder}/masks.safetensors")
    {'weight': tensor([ True, False])}
    """
    # Each mask a copy of its own: the format holds no views and nothing twice.
    masks = {name: mask.cpu().clone(memory_format=torch.contiguous_format) for name, mask in _checked(masks).items()}
    with replacing(path) as file:
        file.write(safetensors.torch.save(masks))


def load_masks(path: Path | str, model: nn.Module | None = None) -> dict[str, Tensor]:
    """Load masks that `save_masks` wrote, and refuse them if they do not fit `model`.

    Args:
        path: file to read.
        model: `torch.nn.Module` whose names and shapes the masks must fit; None checks neither.

    Returns:
        dict of parameter name: bool tensor, on the CPU.

    Raises:
        FileNotFoundError: no such file.
        ValueError: a damaged file, a file of anything but masks, a name or shape that is not the model's.

    See `save_masks` for an example.
    """
    try:
        masks = safetensors.torch.load(Path(path).read_bytes())
    except SafetensorError as error:
        raise ValueError(f"path must be an undamaged safetensors file; got {path} ({error})") from error
    for name, mask in masks.items():
        if mask.dtype != torch.bool or mask.view(torch.uint8).gt(1).any():
            raise ValueError(f"path must hold masks, each byte 0 or 1; got {name!r} of dtype {mask.dtype} in {path}")
    if model is not None:
        _matched(model, masks)
    return masks


def _check_model(model):
    if not isinstance(model, nn.Module):
        raise TypeError(f"model must be a torch.nn.Module; got {type(model).__name__}")


def _checked(masks):
    if not isinstance(masks, Mapping):
        raise TypeError(f"masks must be a dict of name: bool tensor; got {type(masks).__name__}")
    return {name: check_mask(mask, f"mask for {name!r}") for name, mask in masks.items()}


def _matched(model, masks):
    """Return pairs of parameter and mask, once every name and shape is known to fit."""
    _check_model(model)
    parameters = dict(model.named_parameters(remove_duplicate=False))  # a tied weight may go by any of its names
    for name, mask in _checked(masks).items():
        if name not in parameters:
            some = ", ".join(list(parameters)[:4]) + (", ..." if len(parameters) > 4 else "")
            raise ValueError(f"masks must name parameters of the model ({some}); got {name!r}")
        _check_fits(mask, f"mask for {name!r}", parameters[name])
    return [(parameters[name], mask) for name, mask in masks.items()]


def _check_fits(mask, name, weight):
    check_mask(mask, name)
    if mask.shape != weight.shape:
        raise ValueError(f"{name} must have the weight's shape {tuple(weight.shape)}; got {tuple(mask.shape)}")
