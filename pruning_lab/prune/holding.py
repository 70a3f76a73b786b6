"""Zeros that stay while an optimizer trains the rest."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager

import torch
from torch import Tensor, nn
from torch.optim.optimizer import register_optimizer_step_post_hook

from .applying import apply_masks_, matched, parameters_of


@contextmanager
def hold_masks(
    model: nn.Module, masks: Mapping[str, Tensor], optimizer: torch.optim.Optimizer | Sequence[torch.optim.Optimizer]
) -> Iterator[None]:
    """Keep pruned weights at zero while training: apply `masks` now and after every `optimizer.step()`.

    Masking gradients would not be enough: momentum and Adam remember gradients from before the pruning, and move a
    weight whose gradient is zero now. `masks` is read at every step, so that `masks.update(...)` inside the block
    prunes further. Where another optimizer than the one given trains masked weights, its steps are followed too, and
    so is `load_state_dict` (of a scripted module, which takes no such hook, only from the next step on). On leaving the
    block, even by an exception, the zeros become ordinary weights again, free to move at the next step.

    Args:
        model: `torch.nn.Module`, changed.
        masks: dict as for `apply_masks_`.
        optimizer: the `torch.optim.Optimizer` that trains the model, or a list of them.

    Raises:
        TypeError: an optimizer that is not a `torch.optim.Optimizer`, and as `apply_masks_`.
        ValueError: an optimizer that trains none of the masked weights (another model's, a copy's), unless all of them
            are frozen; and as `apply_masks_`. At a step too, once `masks` has grown.

    >>> layer = nn.Linear(2, 1, bias=False)
    >>> optimizer = torch.optim.Adam(layer.parameters())
    >>> with hold_masks(layer, {"weight": torch.tensor([[True, False]])}, optimizer):
    ...     layer(torch.ones(2)).sum().backward()
    ...     optimizer.step()
    >>> layer.weight[0, 1].item()
    0.0
    """
    optimizers = _listed(optimizer)
    held = _Held(model, masks, optimizers)
    held.check_trained()
    apply_masks_(model, masks)
    hooks = [each.register_step_post_hook(held.after_own_step) for each in optimizers]
    hooks.append(register_optimizer_step_post_hook(held.after_any_step))
    plain = (module for module in model.modules() if not isinstance(module, torch.jit.ScriptModule))
    hooks += [module.register_load_state_dict_post_hook(held) for module in plain]
    try:
        yield
    finally:
        for hook in hooks:
            hook.remove()


def _listed(optimizer) -> list[torch.optim.Optimizer]:
    optimizers = list(optimizer) if isinstance(optimizer, list | tuple) else [optimizer]
    if strangers := [each for each in optimizers or [optimizer] if not isinstance(each, torch.optim.Optimizer)]:
        raise TypeError(f"optimizer must be a torch.optim.Optimizer; got {type(strangers[0]).__name__}")
    return optimizers


class _Held:
    """Masks that are written again after every step and every loading. It leaves no trace in copies of the model."""

    def __init__(self, model, masks, optimizers):
        self.model, self.masks, self.optimizers, self.known = model, masks, optimizers, set()

    def check_trained(self):
        """Refuse optimizers that move no masked weight: then nothing would be held. Frozen ones hold by themselves."""
        weights = [weight for weight, _ in matched(self.model, self.masks) if weight.requires_grad]
        if weights and not any(_trains(each, weights) for each in self.optimizers):
            kinds = " and ".join(type(each).__name__ for each in self.optimizers)
            got = f"{kinds} that trains none of them (made for another model, a copy, or other parameters?)"
            raise ValueError(f"optimizer must train weights that have a mask; got {got}")
        self.known = set(self.masks)

    def after_own_step(self, *_):
        if not self.masks.keys() <= self.known:  # `masks` has grown since
            self.check_trained()
        apply_masks_(self.model, self.masks)

    def after_any_step(self, optimizer, *_):
        """Another optimizer may train masked weights as well, as Muon does beside AdamW.

        Steps of other models come by here too, from other threads as well: they read nothing that changes.
        """
        ours = not any(optimizer is each for each in self.optimizers) and _trains(optimizer, self.model.parameters())
        if ours and _trains(optimizer, [weight for weight, _ in matched(self.model, self.masks)]):
            apply_masks_(self.model, self.masks)

    def __call__(self, module, _):
        """Write the zeros again into what `module.load_state_dict` has just loaded: its own parameters."""
        own = {id(parameter) for parameter in module.parameters(recurse=False)}
        loaded = {name for name, parameter in parameters_of(self.model).items() if id(parameter) in own}
        apply_masks_(self.model, {name: mask for name, mask in self.masks.items() if name in loaded})

    def __deepcopy__(self, memo):
        return _hold_nothing

    def __reduce__(self):
        return _nothing_held, ()


def _nothing_held():
    return _hold_nothing


def _hold_nothing(*_):
    """What stands for the masks in a copy of the model, or in a file of it: a model of its own, that holds none."""


def _trains(optimizer, weights):
    trained = {id(parameter) for group in optimizer.param_groups for parameter in group["params"]}
    return any(id(weight) in trained for weight in weights)
