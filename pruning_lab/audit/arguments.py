"""What `audit` may be asked, each mistake in a sentence of its own; and batches of other sizes."""

import math
import warnings
from collections.abc import Iterable
from concurrent.futures import Executor
from numbers import Real
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.parameter import is_lazy
from torch.utils._pytree import tree_leaves, tree_map_only

from pruning_lab.checks import check_integer, check_model, check_sparsity
from pruning_lab.files import check_path
from pruning_lab.prune import prunable_weights
from pruning_lab.prune.choosing import NAMING


def check_network(model: nn.Module) -> nn.Module:
    """Return `model` if it holds numbers that can be pruned.

    >>> check_network(nn.ReLU())
    Traceback (most recent call last):
    ValueError: model must hold at least one weight of two axes or more; got ReLU
    """
    if isinstance(check_model(model), torch.jit.ScriptModule):
        raise TypeError(f"model must be made of ordinary modules; got a scripted one, {type(model).__name__}")
    for name, tensor in [*model.named_parameters(), *model.named_buffers()]:
        if is_lazy(tensor):
            raise ValueError(f"model must have run once on example inputs; got {name!r}, not initialised yet")
        if tensor.is_meta:
            raise ValueError(f"model must hold numbers; got {name!r} on the meta device")
    for name, weight in weights_of(model).items():
        if weight.dtype.itemsize > 1 and not weight.isfinite().all():
            raise ValueError(f"model must hold finite weights; got NaN or infinity in {name!r}")
    return model


def weights_of(model: nn.Module) -> dict[str, nn.Parameter]:
    """Return the weights that can be pruned by name; what is left out gets a line in the report, not a warning."""
    with warnings.catch_warnings(action="ignore"):
        try:
            return prunable_weights(model)
        except ValueError as error:
            raise ValueError(str(error).removesuffix(NAMING)) from None


def check_levels(levels: Iterable[float], name: str) -> tuple[float, ...]:
    """Return sparsities, or fractions of channels, in ascending order, each once.

    >>> check_levels((0.9, 0.5), "sparsities")
    (0.5, 0.9)
    """
    if isinstance(levels, str) or not isinstance(levels, Iterable):
        raise TypeError(f"{name} must be several numbers in [0, 1] (0.9 prunes 90 %); got {levels!r}")
    levels = tuple(sorted({check_sparsity(level, name) for level in levels}))
    if not levels:
        raise ValueError(f"{name} must hold at least one number in [0, 1]; got none")
    return levels


def check_fractions(groups: Iterable[float]) -> tuple[float, ...]:
    """Return the fractions of channels to cut, below 1: one channel stays.

    >>> check_fractions([1])
    Traceback (most recent call last):
    ValueError: groups must be below 1, so that a channel stays; got 1.0
    """
    fractions = check_levels(groups, "groups")
    if fractions[-1] == 1:
        raise ValueError(f"groups must be below 1, so that a channel stays; got {fractions[-1]}")
    return fractions


def check_seconds(seconds: float) -> float:
    """Return the budget as a float.

    >>> check_seconds(0)
    Traceback (most recent call last):
    ValueError: seconds must be finite and over 0; got 0
    """
    if isinstance(seconds, bool) or not isinstance(seconds, Real):
        raise TypeError(f"seconds must be a number; got {seconds!r}")
    if not (math.isfinite(seconds) and seconds > 0):
        raise ValueError(f"seconds must be finite and over 0; got {seconds}")
    return float(seconds)


def check_batches(batch_sizes: Iterable[int] | None, example_inputs: Any) -> tuple[int, ...]:
    """Return the batch sizes to measure at; None takes that of the example."""
    if not batch_of(example_inputs):
        raise ValueError(
            f"example_inputs must hold at least one example; got a tensor of shape {_first_shape(example_inputs)}"
        )
    if batch_sizes is None:
        return (batch_of(example_inputs),)
    if isinstance(batch_sizes, str) or not isinstance(batch_sizes, Iterable):
        raise TypeError(f"batch_sizes must be several integers or None; got {batch_sizes!r}")
    batches = tuple(check_integer(batch, "batch_sizes", minimum=1) for batch in dict.fromkeys(batch_sizes))
    if not batches:
        raise ValueError("batch_sizes must hold at least one integer; got none")
    return batches


def check_calls(evaluate: object, executor: object, path: Path | str | None) -> None:
    """Refuse, before anything takes long, what the calls of `evaluate` could not be made with.

    >>> check_calls(len, None, "no/such/folder/calls.jsonl")
    Traceback (most recent call last):
    ValueError: path must be in a folder that exists; got no/such/folder/calls.jsonl
    """
    if evaluate is not None and not callable(evaluate):
        raise TypeError(f"evaluate must be a function of a model; got {type(evaluate).__name__}")
    if executor is not None and not isinstance(executor, Executor):
        raise TypeError(f"executor must be a concurrent.futures.Executor or None; got {type(executor).__name__}")
    if path is not None:
        check_file(path, "path")


def check_file(path: Path | str, name: str) -> None:
    """Refuse a path at which no file can be written.

    >>> check_file("/", "path")
    Traceback (most recent call last):
    ValueError: path must name a file; got the folder /
    """
    if Path(check_path(path)).is_dir():
        raise ValueError(f"{name} must name a file; got the folder {path}")
    if not Path(path).absolute().parent.is_dir():
        raise ValueError(f"{name} must be in a folder that exists; got {path}")


def batch_of(example_inputs: Any) -> int:
    """Return the size of the first axis of the first tensor; 1 where there is none.

    >>> batch_of({"x": torch.zeros(4, 3)}), batch_of(torch.tensor(1.0))
    (4, 1)
    """
    return _first_shape(example_inputs)[0]


def _first_shape(example_inputs):
    leaves = tree_leaves(dict(example_inputs) if hasattr(example_inputs, "keys") else example_inputs)
    return next((tuple(leaf.shape) for leaf in leaves if isinstance(leaf, Tensor) and leaf.ndim), (1,))


def with_batch(example_inputs: Any, batch: int) -> Any:
    """Return the inputs with `batch` examples: those that there are, over and over.

    Every tensor whose first axis has the size of the first tensor's is repeated along it; the others stay.

    >>> with_batch((torch.arange(2), 7), 5)
    (tensor([0, 1, 0, 1, 0]), 7)
    """
    old = batch_of(example_inputs)
    if batch == old:
        return example_inputs

    def repeat(tensor):
        if not tensor.ndim or tensor.shape[0] != old:
            return tensor
        return tensor[torch.arange(batch, device=tensor.device) % old]

    inputs = dict(example_inputs) if hasattr(example_inputs, "keys") else example_inputs
    return tree_map_only(Tensor, repeat, inputs)
