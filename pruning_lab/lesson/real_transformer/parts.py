"""Lesson 07: where MiniLM's weights are, where its multiplications are, and how long each part takes."""

import torch
import torch.nn.functional as F

from pruning_lab import measure
from pruning_lab.lesson.real_transformer.results import batch
from pruning_lab.lesson.real_transformer.weights import look_up

PARTS = ("word table", "attention", "feed-forward", "other")
PIECES = 16  # of a text


def part_of(name):
    """Return the part that a parameter belongs to.

    >>> part_of("words.weight"), part_of("blocks.0.q.bias"), part_of("blocks.5.down.weight"), part_of("norm.weight")
    ('word table', 'attention', 'feed-forward', 'other')
    """
    layer = name.split(".")[-2]
    if layer in ("q", "k", "v", "o"):
        return "attention"
    return {"words": "word table", "up": "feed-forward", "down": "feed-forward"}.get(layer, "other")


def shares(model):
    """Return {thing: {part: amount}}: weights, and multiplications for one text of 16 pieces.

    A look-up multiplies nothing. In attention each place meets each place twice: in the cosines, and in the sum.
    """
    weights, work = dict.fromkeys(PARTS, 0), dict.fromkeys(PARTS, 0)
    for name, parameter in model.named_parameters():
        weights[part_of(name)] += parameter.numel()
        if name.endswith("weight") and part_of(name) in ("attention", "feed-forward"):
            work[part_of(name)] += parameter.numel() * PIECES
    work["attention"] += sum(2 * PIECES * PIECES * len(block.q.weight) for block in model.blocks)
    return {"weights": weights, "multiplications": work}


def time_parts(model):
    """Time the three parts on 32 texts of 16 pieces, interleaved, one thread; return a Comparison.

    The attention of all blocks and the feed-forward of all blocks run by themselves, each with its norm.
    """
    ids, mask = batch()

    x = look_up(model, ids)

    def attention():
        for block in model.blocks:
            q, k, v = (
                part(x).unflatten(2, (-1, block.head_dim)).transpose(1, 2) for part in (block.q, block.k, block.v)
            )
            seen = F.scaled_dot_product_attention(q, k, v, mask[:, None, None, :])
            block.norm1(x + block.o(seen.transpose(1, 2).flatten(2)))

    def feed_forward():
        for block in model.blocks:
            block.norm2(x + block.down(F.gelu(block.up(x))))

    def whole():
        with torch.inference_mode():
            return model(ids, mask)

    return measure.compare(
        {
            "whole": whole,
            "word table": lambda: look_up(model, ids),
            "attention": attention,
            "feed-forward": feed_forward,
        },
        15,
    )
