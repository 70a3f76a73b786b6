"""A quarter of MiniLM's heads gone, by weights alone, by dice or by what heads do: how many neighbours stay.

The neighbours of a definition are the ten of 1,500 whose embeddings lie nearest. A head is gone where nobody reads it:
its columns of the block's `o` are 0. That is what cutting it out gives.
"""

import copy

import torch

from pruning_lab import data, masks, models
from pruning_lab.lesson.beyond_magnitude.lite0 import interval
from pruning_lab.models import wordpiece

NEAREST, CALIBRATED_ON, FRACTION = 10, 96, 0.25
RULES = ("weights of o", "all weights", "activation", *(f"dice {seed}" for seed in range(5)))


def heads_of(tensor, size, axis):
    """Return the L2 norm of each head's part of a tensor, (heads,): `size` neighbours along an axis are one head."""
    return torch.linalg.vector_norm(tensor.movedim(axis, 0).unflatten(0, (-1, size)).flatten(1), dim=1)


def scores_of(model, rule, number):
    """Return the worth of each head of a block, (heads,).

    Args:
        model: MiniLM. number: of the block.
        rule: "weights of o", the norm of a head's columns there; "all weights", of all that it owns; "activation", the
            norm of what it adds to the block, on glosses for calibration; or "dice" and a seed.
    """
    block, size = model.blocks[number], model.blocks[number].head_dim
    if rule in ("weights of o", "all weights"):
        owned = [(block.o.weight, 1), (block.q.weight, 0), (block.k.weight, 0), (block.v.weight, 0)]
        owned = owned[:1] if rule == "weights of o" else owned
        return torch.stack([heads_of(weight, size, axis).square() for weight, axis in owned]).sum(0).sqrt()
    if rule == "activation":
        read = read_by_o(model, number).unflatten(1, (-1, size))
        written = block.o.weight.unflatten(1, (-1, size))
        return torch.einsum("thd,ohd->tho", read, written).square().sum(2).mean(0).sqrt()
    if not rule.startswith("dice "):
        raise ValueError(f"rule must be weights of o, all weights, activation, or dice and a number; got {rule!r}")
    generator = torch.Generator().manual_seed(int(rule[5:]) * 100 + number)
    return torch.rand(block.o.in_features // size, generator=generator)


def read_by_o(model, number):
    """Return what a block's `o` reads, (places, heads * size), at all places that hold a piece of a text."""
    ids, mask = wordpiece()(data.definitions().calibration[:CALIBRATED_ON])
    read = []
    hook = model.blocks[number].o.register_forward_pre_hook(lambda _, inputs: read.append(inputs[0][mask]))
    with torch.inference_mode():
        model(ids, mask)
    hook.remove()
    return read[0]


def without_heads(model, rule, fraction=FRACTION):
    """Return a copy in which no block reads the heads of the lowest scores."""
    thinned = copy.deepcopy(model)
    for number, block in enumerate(thinned.blocks):
        scores = scores_of(model, rule, number)
        gone = torch.ones(len(scores), dtype=torch.bool)
        gone[masks.keep_channels(scores, fraction)] = False
        block.o.weight[:, gone.repeat_interleave(block.head_dim)] = 0
    return thinned


def neighbours_kept(made, whole, k=NEAREST):
    """Return for each text the fraction of its k nearest that are still among its k nearest, (texts,).

    >>> line = torch.tensor([[0.0], [1.0], [2.5], [9.0]])
    >>> rows = torch.nn.functional.normalize(torch.cat([line, torch.ones(4, 1)], 1), dim=1)
    >>> neighbours_kept(rows, rows, k=2)
    array([1., 1., 1., 1.])
    """
    nearest = [(r @ r.T).fill_diagonal_(-torch.inf).topk(k).indices for r in (made, whole)]
    both = (nearest[0][:, :, None] == nearest[1][:, None, :]).any(2)
    return both.double().mean(1).numpy()


def measure_heads(progress=lambda items: items):
    """Return a row for each of the RULES: how many neighbours stay, with the middle 95 % of means drawn again."""
    model, glosses = models.minilm(), data.definitions().glosses
    whole, rows = models.embed(model, glosses), []
    for rule in progress(RULES):
        kept = neighbours_kept(models.embed(without_heads(model, rule), glosses), whole)
        rows.append({"rule": rule, "kept": [round(number, 4) for number in interval(kept, draws=1000)]})
    return rows
