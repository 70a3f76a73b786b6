"""Codebooks that learn: the weights of a cluster move together."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import torch
from torch import Tensor, nn
from torch.optim.optimizer import register_optimizer_step_post_hook

from pruning_lab.checks import check_model
from pruning_lab.compress.sharing import SharedWeights


@contextmanager
def hold_shared(model: nn.Module, shared: Mapping[str, SharedWeights]) -> Iterator[None]:
    """Train codebooks instead of weights: weights of one cluster stay one value through every optimizer step.

    Inside the block the gradient of each weight is the sum over its cluster, which is the gradient of the shared value,
    and 0 where a weight is pruned; any optimizer made for the model then moves a cluster as one. A fresh optimizer is
    needed: one that has trained before remembers gradients by which the weights would part. On leaving the block the
    weights keep their values, at most as many as the codebook has, and are free again.

    Args:
        model: `torch.nn.Module`, changed: its weights take the shared values now.
        shared: dict of parameter name: SharedWeights of its shape.

    Raises:
        TypeError: a model that is not a module, shared that is not a dict of SharedWeights.
        ValueError: a name that the model does not have, a shape that is not the parameter's.

    Source: Han et al. 2016, Deep Compression (arXiv 1510.00149), section 3.3, equation 3.

    >>> from pruning_lab.compress import share_weights
    >>> layer = nn.Linear(3, 1, bias=False)
    >>> _ = layer.weight.data.copy_(torch.tensor([1.0, 5.0, 1.0]))
    >>> shared = {"weight": share_weights(layer.weight, torch.ones(1, 3, dtype=torch.bool), bits=1)}
    >>> with hold_shared(layer, shared):
    ...     layer(torch.tensor([1.0, 10.0, 100.0])).sum().backward()
    >>> layer.weight.grad.tolist()
    [[101.0, 10.0, 101.0]]
    """
    clusters = [_Clusters(parameter, it) for parameter, it in _matched(model, shared)]
    for cluster in clusters:
        cluster.write(torch.from_numpy(cluster.shared.codebook))
    trained = [cluster for cluster in clusters if cluster.parameter.requires_grad]
    hooks = [cluster.parameter.register_hook(cluster.summed) for cluster in trained]
    hooks.append(register_optimizer_step_post_hook(lambda optimizer, *_: _keep_together(optimizer, clusters)))
    try:
        yield
    finally:
        for hook in hooks:
            hook.remove()


def _keep_together(optimizer, clusters):
    """After a step: steps of other models, in other threads as well, come by here too."""
    trained = {id(parameter) for group in optimizer.param_groups for parameter in group["params"]}
    for cluster in clusters:
        if id(cluster.parameter) in trained:
            cluster.together()


class _Clusters:
    """A parameter whose survivors share values: where they are, and one survivor of each value."""

    def __init__(self, parameter, shared):
        self.parameter, self.shared = parameter, shared
        self.places = torch.from_numpy(shared.mask).reshape(-1).nonzero()[:, 0].to(parameter.device)
        self.codes = torch.from_numpy(shared.codes.astype("int64")).to(parameter.device)
        members = torch.arange(self.codes.numel(), device=parameter.device)
        # Of each value any survivor will do; a value that no survivor takes reads the first place, and goes nowhere.
        self.member = self.codes.new_zeros(shared.codebook.size).scatter_(0, self.codes, members)

    @torch.no_grad()
    def write(self, codebook):
        """Give every survivor its shared value, and every other place 0."""
        flat = self.parameter.new_zeros(self.parameter.numel())
        flat[self.places] = codebook.to(flat)[self.codes]
        self.parameter.copy_(flat.view_as(self.parameter))

    def summed(self, gradient: Tensor) -> Tensor:
        """Return the gradient of each weight's shared value."""
        flat = gradient.reshape(-1)
        sums = flat.new_zeros(self.shared.codebook.size).index_add_(0, self.codes, flat[self.places])
        return torch.zeros_like(flat).index_copy_(0, self.places, sums[self.codes]).view_as(gradient)

    def together(self):
        """Write the value of one survivor to all of its cluster, so that rounding cannot part them."""
        if self.places.numel():
            self.write(self.parameter.detach().reshape(-1)[self.places][self.member])


def _matched(model, shared):
    """Return pairs of parameter and shared weights, once all are known to fit."""
    parameters = dict(check_model(model).named_parameters(remove_duplicate=False))
    if not isinstance(shared, Mapping):
        raise TypeError(f"shared must be a dict of name: SharedWeights; got {type(shared).__name__}")
    for name, it in shared.items():
        if not isinstance(it, SharedWeights):
            raise TypeError(f"shared must hold SharedWeights; got {name!r}: {type(it).__name__}")
        if name not in parameters:
            raise ValueError(f"shared must name parameters of the model; got {name!r}")
        if parameters[name].shape != it.mask.shape:
            shapes = f"{tuple(parameters[name].shape)}; got {tuple(it.mask.shape)}"
            raise ValueError(f"shared for {name!r} must have the weight's shape {shapes}")
    return [(parameters[name], it) for name, it in shared.items()]
