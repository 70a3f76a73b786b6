"""Which weights of a model, and a mask for each."""

import warnings
from collections.abc import Callable, Iterable

import torch
from torch import Tensor, nn

from pruning_lab.weights import cannot_be_zeroed, find_weights, memory_of

from .applying import check_fits, parameters_of

NAMING = " (name the parameters to prune others)"


def prunable_weights(model: nn.Module, names: Iterable[str] | None = None) -> dict[str, nn.Parameter]:
    """Return the weights that are multiplied with activations, by name: those of linear, convolution, attention layers.

    That is each parameter of at least two axes with "weight" in its own name. Biases and norms stay dense: few, and
    the network is sensitive to them. So do embeddings, even one tied to an output layer: a lookup reads its rows and
    multiplies nothing. A weight that several layers share comes once, under its first name. A weight that a layer
    multiplies with and that cannot be pruned (computed from others, not initialised yet, quantized ...) is named in a
    warning; `left_out` has the reason for every tensor that is not here.

    Args:
        model: `torch.nn.Module`.
        names: the parameters to return, whatever they are called, instead of those above; None leaves the choice here.

    Returns:
        dict of parameter name: the Parameter itself, in the order of `model.named_parameters()`, or of `names`.

    Raises:
        TypeError: a model that is not a `torch.nn.Module`.
        ValueError: a model without such a weight, a name that the model does not have, a parameter into which zeros
            cannot be written.

    >>> list(prunable_weights(nn.Sequential(nn.Linear(4, 8), nn.LayerNorm(8), nn.Linear(8, 2))))
    ['0.weight', '2.weight']
    >>> list(prunable_weights(nn.Embedding(9, 4), names=["weight"]))
    ['weight']
    """
    found = find_weights(model)
    if names is not None:
        return _named(model, names, found)
    weights = {w.name: w.parameter for w in found if w.parameter is not None and not w.left_out}
    unexpected = [w for w in found if w.left_out and w.multiplied and not w.shared_with]
    if not weights:
        instead = unexpected or [w for w in found if w.shape is None or len(w.shape) >= 2]
        got = f"{_listed(instead)}{NAMING}" if instead else type(model).__name__
        raise ValueError(f"model must hold at least one weight of two axes or more; got {got}")
    if unexpected:
        warnings.warn(f"prunable_weights leaves out {_listed(unexpected)}", stacklevel=2)
    return weights


def left_out(model: nn.Module) -> dict[str, str]:
    """Return every tensor that `prunable_weights(model)` does not hold, by name, with the reason in a few words.

    Args:
        model: `torch.nn.Module`.

    Returns:
        The reasons by name, as a dict. A weight computed from others goes by the name that its layer reads.

    Raises:
        TypeError: a model that is not a `torch.nn.Module`.

    >>> left_out(nn.Sequential(nn.Linear(4, 8, bias=False), nn.LazyLinear(2, bias=False)))
    {'1.weight': 'not initialised yet (a lazy layer: run the model once on example inputs)'}
    """
    return {weight.name: weight.left_out for weight in find_weights(model) if weight.left_out}


def masks_for(
    model: nn.Module,
    score: Callable[[nn.Parameter], Tensor],
    mask: Callable[[Tensor], Tensor],
    names: Iterable[str] | None = None,
) -> dict[str, Tensor]:
    """Return a mask for each of `prunable_weights(model, names)`, each layer on its own: `mask(score(weight))`.

    The model stays as it is. `score` is given the Parameter itself, so a gradient is at hand: `lambda weight:
    taylor_scores(weight, weight.grad)`. One ranking over all layers, or scores that need more than the weight, are
    one line without this function: `mask_global(prunable_weights(model), 0.9, by_magnitude=True)`, or
    `mask_global({name: score(weight) for name, weight in prunable_weights(model).items()}, 0.9)`.

    Args:
        model: `torch.nn.Module`.
        score: function of a weight that returns scores of the same shape.
        mask: function of scores that returns a bool tensor of the same shape.
        names: the parameters to mask; None takes the prunable weights.

    Returns:
        dict of parameter name: bool tensor of the weight's shape.

    Raises:
        TypeError: a model that is not a module, a score or mask that is not a function, a mask function that does not
            return a bool tensor.
        ValueError: a model without weights, a name that is not there, a mask that returns another shape.

    >>> from pruning_lab.masks import mask_unstructured, sparsity_of
    >>> from pruning_lab.scores import magnitude_scores
    >>> masks = masks_for(nn.Linear(4, 8), magnitude_scores, lambda scores: mask_unstructured(scores, 0.75))
    >>> sparsity_of(masks["weight"])
    0.75
    """
    for function, name, argument in ((score, "score", "a weight"), (mask, "mask", "a score tensor")):
        if not callable(function):
            raise TypeError(f"{name} must be a function of {argument}; got {type(function).__name__}")
    weights = prunable_weights(model, names)
    with torch.no_grad():
        masks = {name: _mask_of(name, weight, score, mask) for name, weight in weights.items()}
    for name, weight in weights.items():
        check_fits(masks[name], f"mask for {name!r}", weight)
    return masks


def _mask_of(name, weight, score, mask):
    try:
        return mask(score(weight))
    except (TypeError, ValueError) as error:
        error.add_note(f"This was met at the weight {name!r}.")
        raise


def _named(model, names, found):
    parameters, chosen = parameters_of(model), {}
    if isinstance(names, str) or not isinstance(names, Iterable):
        raise TypeError(f"names must be a list of parameter names; got {names!r}")
    for name in names:
        if name not in parameters:
            reasons = [weight.left_out for weight in found if weight.name == name]
            got = f"{name!r}, {reasons[0]}" if reasons else repr(name)
            raise ValueError(f"names must be those of parameters; got {got}")
        if reason := cannot_be_zeroed(parameters[name]):
            raise ValueError(
                f"names must be those of parameters that zeros can be written into; got {name!r}, {reason}"
            )
        if any(memory_of(parameters[name]) == memory_of(other) for other in chosen.values()):
            raise ValueError(f"names must hold each parameter once; got {name!r}, named already or tied to one that is")
        chosen[name] = parameters[name]
    if not chosen:
        raise ValueError("names must hold at least one name; got none")
    return chosen


def _listed(weights):
    """Return a few names with their reasons, as one line."""
    some = "; ".join(f"{weight.name!r}, {weight.left_out}" for weight in weights[:4])
    return some + (f"; and {len(weights) - 4} more" if len(weights) > 4 else "")
