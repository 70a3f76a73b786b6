"""Our groups of channels beside those of torch-pruning, the library most people use for that, on the same networks.

A group is right if the network runs without a random half of its units, and then computes what it computes with zeros
in the places of what went: its values agree to eight digits in 64 bits. So a group that reaches across a layer norm is
wrong by this standard, whoever proposes it. Each library is asked for all groups of a network as it comes, and keeps
the last layer; each group is cut alone. Finding takes us longer: we also cut and compare before a group is offered.
"""

import copy
from importlib import import_module
from importlib.util import find_spec

import torch
from torch import nn

from benchmarks.table import Line
from pruning_lab import measure
from pruning_lab.channels import channel_groups, mask_channels, shrink

RIVAL = "torch_pruning"
NETWORKS = ("resnet18", "regnet_y_400mf", "shufflenet_v2_x0_5", "vit")
REPEATS = 3


def lines() -> list[Line]:
    """Return the share of groups that are right for each network, and how often our search fits into theirs.

    Without the rival there are none, and a line says so.
    """
    if not find_spec(RIVAL):
        print("benchmarks.channels leaves out its rival: it needs torch-pruning (pip install --no-deps torch-pruning)")
        return []
    from tests.library_networks import NETWORKS as KNOWN  # imported here: it brings three libraries along

    found = []
    for name in NETWORKS:
        model, x = KNOWN[name][0]()
        found += _compared(name, model.double().eval(), x.double())
    return found


def _compared(name, model, x):
    ours = channel_groups(model, x)
    right = [_is_right(lambda group=group: _our_pair(model, ours, group), x) for group in ours]
    share, theirs = sum(right) / len(right), None
    try:
        theirs = [
            _is_right(lambda number=n: _their_pair(model, x, number), x) for n in range(len(_their_groups(model, x)))
        ]
    except Exception as error:  # whatever another library raises
        note = f"ours {sum(right)} of {len(right)}, torch-pruning stops: {type(error).__name__}"
    else:
        note = f"ours {sum(right)} of {len(right)}, torch-pruning {sum(theirs)} of {len(theirs)}"
    result = [Line(f"{name}: share of our groups that are right", share, share, share, goal=1, note=note)]
    if theirs is not None:
        calls = {"theirs": lambda: _their_groups(model, x), "ours": lambda: channel_groups(model, x)}
        row = measure.compare(calls, repeats=REPEATS).rows[1]
        result.append(Line.of(f"{name}: finding the groups, against torch-pruning", row, note="ours tries them too"))
    return result


def _is_right(pair, x):
    """Return whether a smaller network runs and computes what its mask does."""
    try:
        small, masked = pair()
        with torch.no_grad():
            found, wanted = small(x), masked(x)
        return found.shape == wanted.shape and bool((found - wanted).norm() <= 1e-8 * wanted.norm())
    except Exception:  # whatever a network cut wrongly raises
        return False


def _our_pair(model, groups, group):
    keep = {group.name: _half(group.size)}
    return shrink(model, keep, groups=groups), mask_channels(model, keep, groups=groups)


def _half(count):
    """Return half of some indices by chance, sorted; the same for whoever asks."""
    return torch.randperm(count, generator=torch.Generator().manual_seed(0))[: count // 2].sort().values.tolist()


def _graph(model, x):
    return import_module(RIVAL).DependencyGraph().build_dependency(model, example_inputs=x)


def _their_groups(model, x, graph=None):
    last = [module for module in model.modules() if isinstance(module, nn.Linear)][-1:]
    kinds = [nn.Conv2d, nn.Linear]
    return list((graph or _graph(model, x)).get_all_groups(ignored_layers=last, root_module_types=kinds))


def _their_pair(model, x, number):
    small, masked = copy.deepcopy(model), copy.deepcopy(model)
    graph = _graph(small, x)
    first, units = _their_groups(small, x, graph)[number][0]
    half = graph.get_pruning_group(first.target.module, first.handler, idxs=_half(len(units)))
    names = {module: name for name, module in small.named_modules()}
    with torch.no_grad():
        for dependency, gone in half:
            if dependency.target.module in names:
                layer = masked.get_submodule(names[dependency.target.module])
                _zero_(layer, 0 if graph.is_out_channel_pruning_fn(dependency.handler) else 1, gone)
    half.prune()
    return small, masked


def _zero_(layer, axis, gone):
    weight, bias = getattr(layer, "weight", None), getattr(layer, "bias", None)
    if weight is not None and weight.ndim > axis and max(gone) < weight.shape[axis]:
        weight.index_fill_(axis, torch.tensor(gone), 0)
    if bias is not None and axis == 0:
        bias.index_fill_(0, torch.tensor(gone), 0)
