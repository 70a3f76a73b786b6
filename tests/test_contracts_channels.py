"""What the functions of `channels` do with every kind of model: their table of contracts.

A tensor becomes the weight of the first of two layers, which is fed with inputs of its dtype.
"""

import tempfile

import torch
from contracts import MODULES, NUMBERS, Row, contract_tests, gives, layer, refuses, takes_none, works
from torch import nn

from pruning_lab import channels

FLOATS = (torch.float16, torch.bfloat16, torch.float64)


def network(argument):
    """Return a network of two layers, and inputs for it."""
    if isinstance(argument, nn.Module):
        return argument, torch.ones(2, 4)
    first = layer()
    first.weight = nn.Parameter(argument.detach(), requires_grad=argument.is_floating_point())
    model = nn.Sequential(first, nn.ReLU(), layer(NUMBERS.T))
    dtype = argument.dtype if argument.dtype in FLOATS else torch.float32
    return model.to(dtype) if dtype in FLOATS else model, torch.ones(2, 4, dtype=dtype)


def found(argument):
    groups = channels.channel_groups(*network(argument))
    return [(group.name, group.size) for group in groups], groups.refused


def second_unit(function):
    """Return a call that keeps the second of two hidden units."""

    def call(argument):
        model, x = network(argument)
        return function(model, {"0.weight": [1]}, x)

    return call


def apart(argument):
    model, x = network(argument)
    return channels.inexactness(model, {"0.weight": [1]}, groups=channels.channel_groups(model, x, exact=False)) < 0.1


def saved_and_loaded(argument):
    model, x = network(argument)
    small = channels.shrink(model, {"0.weight": [1]}, x)
    with tempfile.TemporaryDirectory() as folder:
        channels.save_shrunk(small, {"0.weight": [1]}, f"{folder}/small.safetensors")
        return channels.load_shrunk(model, f"{folder}/small.safetensors", x)


def scored(argument):
    [group] = channels.channel_groups(*network(NUMBERS))
    return channels.channel_scores(group, {"0.weight": argument})


NOT_TAKEN = {
    **dict.fromkeys(
        ("integers", "bool", "complex", "float8", "empty", "0-d"),
        refuses(ValueError, "example_inputs must be what the model takes"),
    ),
    "meta": refuses(ValueError, "model must hold numbers; got '0.weight' on the meta device"),
    "NaN, infinities": refuses(ValueError, "model must hold finite weights; got NaN or infinity in '0.weight'"),
    "subclassed": refuses(ValueError, "model must be one that copy.deepcopy can copy"),
    "lazy module": refuses(ValueError, "model must have run once on example inputs; got '0.weight', not initialised"),
    "scripted module": refuses(TypeError, "model must be made of ordinary modules; got a scripted one"),
}
OTHER_NUMBERS = {"float16, bfloat16, denormals": gives(lambda small: small[0].weight.count_nonzero() == 4)}
TAKEN = {"float16, bfloat16, float64, denormals, strided, expanded, read-only, requires_grad": works}
NO_GROUP = {
    "tied module, shared modules, subclassed module": refuses(ValueError, "keep must name groups of the model"),
    "parametrized module": refuses(ValueError, "keep must name groups that can shrink; got '0.weight': computed from"),
}
SCORES = {
    "float16, bfloat16, float64, float8, strided, expanded, read-only, requires_grad, subclassed": works,
    "denormals, infinities": gives(lambda total: total[0] > 0),
    "integers, bool, complex": refuses(TypeError, "scores['0.weight'] must be a floating-point tensor; got dtype"),
    "meta": refuses(ValueError, "scores['0.weight'] must hold numbers; got a tensor on the meta device"),
    "NaN": refuses(ValueError, "scores['0.weight'] must not hold NaN; got 1 NaN in 8 entries"),
    "empty": refuses(ValueError, "scores['0.weight'] must have at least one entry; got shape (0, 4)"),
    "0-d": refuses(ValueError, "scores['0.weight'] must have 2 entries along axis 0; got shape ()"),
    **dict.fromkeys(MODULES, takes_none("it takes scores, which are tensors")),
}


def row(function, call, *cells):
    merged: dict = {}
    for each in cells:
        merged |= {name.strip(): cell for names, cell in each.items() for name in names.split(",")}
    return Row(function, call, merged)


TABLE = [
    row(
        "channels.channel_groups",
        found,
        TAKEN,
        NOT_TAKEN,
        {
            "tied module, shared modules, subclassed module": gives(lambda result: result[0] == []),
            "parametrized module": gives(lambda result: "0.weight" in result[1]),
        },
    ),
    row("channels.shrink", second_unit(channels.shrink), TAKEN, NOT_TAKEN, NO_GROUP, OTHER_NUMBERS),
    row("channels.mask_channels", second_unit(channels.mask_channels), TAKEN, NOT_TAKEN, NO_GROUP, OTHER_NUMBERS),
    row("channels.inexactness", apart, TAKEN, NOT_TAKEN, NO_GROUP, {"float16, bfloat16": works}),
    row("channels.load_shrunk", saved_and_loaded, TAKEN, NOT_TAKEN, NO_GROUP, OTHER_NUMBERS),
    row("channels.save_shrunk", saved_and_loaded, TAKEN, NOT_TAKEN, NO_GROUP, OTHER_NUMBERS),
    row("channels.channel_scores", scored, SCORES),
]

NOT_CALLED = {
    "channels.groups_picture": "it takes what channel_groups returns",
    "channels.OpenAttention": "what shrink makes of torch's attention",
    "channels.ChannelGroup": "what channel_groups finds",
    "channels.ChannelGroups": "what channel_groups returns",
}
test_each_cell, test_no_cell_is_left_out, test_every_public_function_has_a_row = contract_tests(
    TABLE, [channels], NOT_CALLED
)
