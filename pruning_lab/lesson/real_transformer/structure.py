"""Lesson 07: heads, feed-forward channels and whole blocks of MiniLM, scored by what goes through them, and removed."""

from copy import deepcopy

import torch
import torch.nn.functional as F
from torch import nn

from pruning_lab import channels, masks, models
from pruning_lab.lesson.real_transformer.task import nouns
from pruning_lab.lesson.real_transformer.weights import inputs_of, states

EXAMPLE = ("a sentence", "and another one, a little longer")


def head_scores(block, inputs):
    """Return how much each head writes: the norm of what it adds to a place, the mean over the places, (heads,).

    Args:
        block: one of MiniLM. inputs: (samples, heads * head_dim), what its layer `o` is fed.
    """
    rows = inputs.unflatten(1, (-1, block.head_dim))
    columns = block.o.weight.unflatten(1, (-1, block.head_dim))
    return torch.stack([(rows[:, h] @ columns[:, h].T).norm(dim=1).mean() for h in range(rows.shape[1])])


def width_scores(block, inputs):
    """Return how much each feed-forward channel writes: the norm of its column times that of its values, (width,).

    Args:
        block: one of MiniLM. inputs: (samples, width), what its layer `down` is fed.
    """
    return block.down.weight.norm(dim=0) * inputs.norm(dim=0)


def unit_scores(model, texts=None):
    """Return {group: scores} for the heads and the feed-forward channels of every block."""
    found = {}
    with torch.no_grad():
        batches = states(model, texts or nouns().calibration)
        for n, block in enumerate(model.blocks):
            inputs = inputs_of(block, batches)
            found[f"blocks.{n}.q.weight"] = head_scores(block, inputs["o"])
            found[f"blocks.{n}.up.weight"] = width_scores(block, inputs["down"])
            batches = [(block(x, mask), mask) for x, mask in batches]
    return found


def groups_of(model):
    """Return the model's groups of channels: 12 heads and 1,536 feed-forward channels in each block."""
    return channels.channel_groups(model, models.wordpiece()(EXAMPLE))


def keep_units(scores, heads=0.0, width=0.0):
    """Return the `keep` for `channels.shrink`: of each block these fractions of heads and width go, the lowest first.

    Args:
        scores: what `unit_scores` returned. heads, width: fractions that go.
    """
    gone = {"q": heads, "up": width}
    return {
        name: masks.keep_channels(score, gone[name.split(".")[2]])
        for name, score in scores.items()
        if gone[name.split(".")[2]]
    }


def without_units(model, scores, groups, heads=0.0, width=0.0):
    """Return a smaller network: of each block these fractions of heads and width are gone."""
    return channels.shrink(model, keep_units(scores, heads, width), groups=groups)


def without_blocks(model, gone):
    """Return a copy without these blocks: what each was fed goes to the next one.

    >>> len(without_blocks(models.MiniLM(3, 8, 2, 8, 9, head_dim=4), [1]).blocks)
    2
    """
    model = deepcopy(model)
    model.blocks = nn.ModuleList(block for n, block in enumerate(model.blocks) if n not in gone)
    return model


def block_influence(model, texts=None):
    """Return how far each block turns what goes through it: 1 - cosine of input and output, the mean over the places.

    Source: Men et al. 2024, arXiv 2403.03853, section 2.2 (block influence).
    """
    found = []
    with torch.no_grad():
        batches = states(model, texts or nouns().calibration)
        for block in model.blocks:
            after = [(block(x, mask), mask) for x, mask in batches]
            pairs = [F.cosine_similarity(x[m], y[m], dim=1) for (x, m), (y, _) in zip(batches, after, strict=True)]
            found.append(1 - float(torch.cat(pairs).mean()))
            batches = after
    return found
