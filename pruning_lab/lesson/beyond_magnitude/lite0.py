"""What EfficientNet-Lite0 answers once a tenth of the channels inside its blocks is gone, by several rules.

A channel is gone where nobody reads it: its column of the block's last convolution is 0. That is what cutting it out
gives, exactly, and takes no time.
"""

import copy
from typing import NamedTuple

import numpy as np
import torch

from pruning_lab import masks, models
from pruning_lab.lesson.beyond_magnitude.photographs import PHOTOGRAPHS, TURNS, crops
from pruning_lab.scores import channel_scores

CALIBRATED_ON, LOOKED_AT = 4, 8  # squares of each photograph
RULES = ("L1 norm", "activation x weights", "spread x weights")  # and "dice 0", "dice 1", ...


class Statistics(NamedTuple):
    """What the widened channels of one block give: the mean of each over places and pictures, and of its square."""

    mean: torch.Tensor
    square: torch.Tensor


class Agreement(NamedTuple):
    """How far two networks agree.

    Attributes:
        same: (photographs,) the fraction of each photograph's squares on which both name the same class.
        in_five: the same, for the old network's class being among the new one's first five.
    """

    same: np.ndarray
    in_five: np.ndarray


def wide_blocks(model):
    """Return the blocks that widen: all but the first."""
    return [block for block in model.blocks if block.expand is not None]


@torch.inference_mode()
def answers(model, pictures):
    """Return the logits (n, 1000) for pictures (n, 3, 224, 224), a few at a time."""
    return torch.cat([model(some) for some in pictures.split(16)])


def statistics(model, pictures):
    """Return the Statistics of the wide blocks' channels, as their last convolution reads them."""
    found, blocks = [], wide_blocks(model)
    sums = [[] for _ in blocks]

    def watch(sums):
        return lambda _, inputs: sums.append((inputs[0].mean((0, 2, 3)), inputs[0].square().mean((0, 2, 3))))

    hooks = [block.project.conv.register_forward_pre_hook(watch(s)) for block, s in zip(blocks, sums, strict=True)]
    answers(model, pictures[: len(pictures) // 16 * 16])  # whole batches, so that each weighs the same
    for hook in hooks:
        hook.remove()
    for seen in sums:
        found.append(Statistics(*(torch.stack(part).mean(0) for part in zip(*seen, strict=True))))
    return found


def scores_of(block, seen, rule, number):
    """Return the worth of each widened channel of a block, (channels,), by one of the rules.

    Args:
        block: of EfficientNetLite0. seen: its Statistics; "L1 norm" and the dice do not look at them.
        rule: one of RULES, or "dice" and a number, which seeds them. number: of the block, another throw for each.
    """
    reads = torch.linalg.vector_norm(block.project.conv.weight.flatten(1), dim=0)
    if rule == "L1 norm":
        return channel_scores(block.expand.conv.weight)
    if rule == "activation x weights":
        return seen.square.sqrt() * reads
    if rule == "spread x weights":
        return (seen.square - seen.mean.square()).clamp_min(0).sqrt() * reads
    if not rule.startswith("dice "):
        raise ValueError(f"rule must be one of {', '.join(RULES)}, or dice and a number; got {rule!r}")
    return torch.rand(len(reads), generator=torch.Generator().manual_seed(int(rule[5:]) * 100 + number))


class Cut(NamedTuple):
    """What one block loses.

    Attributes:
        gone: bool (channels,), True for those that go. shift: (outputs,) their mean, as the block reads it.
        size: of the shift, in spreads of the batch norm behind it, the root mean square over outputs.
    """

    gone: torch.Tensor
    shift: torch.Tensor
    size: float


def cuts_of(model, seen, rule, fraction):
    """Return the Cut of each wide block, by a rule of `scores_of`."""
    found = []
    for number, (block, one) in enumerate(zip(wide_blocks(model), seen, strict=True)):
        scores = scores_of(block, one, rule, number)
        gone = torch.ones(len(scores), dtype=torch.bool)
        gone[masks.keep_channels(scores, fraction)] = False
        shift = block.project.conv.weight[:, gone, 0, 0] @ one.mean[gone]
        size = float((shift.square() / block.project.norm.running_var).mean().sqrt())
        found.append(Cut(gone, shift, size))
    return found


def pruned(model, seen, rule, fraction, keep_mean=False):
    """Return a copy whose wide blocks have lost a fraction of their channels.

    Args:
        model: EfficientNetLite0. seen: its `statistics`.
        rule: see `scores_of`. fraction: of the channels of each wide block, in [0, 1).
        keep_mean: put the removed channels' mean, as the block read it, into the batch norm behind it. A number keeps
            it in so many blocks, those where it is missed most.
    """
    model, cuts = copy.deepcopy(model), cuts_of(model, seen, rule, fraction)
    kept_in = len(cuts) if keep_mean is True else int(keep_mean)
    missed = sorted(range(len(cuts)), key=lambda number: -cuts[number].size)[:kept_in]
    for number, (block, cut) in enumerate(zip(wide_blocks(model), cuts, strict=True)):
        if number in missed:
            block.project.norm.running_mean -= cut.shift
        block.project.conv.weight[:, cut.gone] = 0
    return model


def agreement(new, old):
    """Return the Agreement of logits (photographs * LOOKED_AT, classes) with those of the old network."""
    named = old.argmax(1)
    same = (new.argmax(1) == named).float().view(-1, LOOKED_AT).mean(1)
    in_five = (new.topk(5).indices == named[:, None]).any(1).float().view(-1, LOOKED_AT).mean(1)
    return Agreement(same.numpy(), in_five.numpy())


class Turn(NamedTuple):
    """One turn: what is needed to prune, and the squares that are looked at."""

    model: models.EfficientNetLite0
    seen: list
    pictures: torch.Tensor
    old: torch.Tensor


def turn(names):
    """Return a Turn: these photographs are looked at, all the others measure the statistics."""
    model = models.efficientnet_lite0()
    calibration = torch.cat([crops(name, CALIBRATED_ON) for name in PHOTOGRAPHS if name not in names])
    pictures = torch.cat([crops(name, LOOKED_AT) for name in names])
    return Turn(model, statistics(model, calibration), pictures, answers(model, pictures))


def agreement_after(one, rule, fraction, keep_mean=False):
    """Prune the network of a Turn, and return its Agreement with what it was."""
    return agreement(answers(pruned(one.model, one.seen, rule, fraction, keep_mean), one.pictures), one.old)


def lost_shift(one, rule, fraction):
    """Return how far what arrives behind each wide block of a Turn shifts when channels go: array, the Cuts' sizes."""
    return np.array([cut.size for cut in cuts_of(one.model, one.seen, rule, fraction)])


def variants():
    """Return what `measure_again` runs: (rule, fraction, keep_mean)."""
    tenth = [("L1 norm", 0.1), ("activation x weights", 0.1), *((f"dice {seed}", 0.1) for seed in range(5))]
    both = [(*one, keep_mean) for one in tenth for keep_mean in (False, True)]
    rest = [("spread x weights", 0.1, True), ("activation x weights", 0.05, False), ("L1 norm", 0.05, False)]
    rest += [("spread x weights", 0.25, True), ("activation x weights", 0.25, False)]
    return both + rest + [("L1 norm", 0.1, blocks) for blocks in (4, 8)]


def measure_turns(progress=lambda items: items):
    """Run all variants in both turns; return {"rows": one for each variant, "photographs": their names}."""
    rows = [{"rule": rule, "fraction": f, "mean kept": kept, "same": [], "in five": []} for rule, f, kept in variants()]
    for names in TURNS:
        one = turn(names)
        for row in progress(rows):
            found = agreement_after(one, row["rule"], row["fraction"], row["mean kept"])
            row["same"] += found.same.round(4).tolist()
            row["in five"] += found.in_five.round(4).tolist()
    return {"photographs": [name for names in TURNS for name in names], "rows": rows}


def interval(values, draws=2000, seed=0):
    """Return mean, low and high of values by photograph (or text): the middle 95 % of the means of others drawn again.

    >>> interval([0.5, 0.5])
    (0.5, 0.5, 0.5)
    """
    values = np.asarray(values, float)
    again = np.random.default_rng(seed).integers(0, len(values), (draws, len(values)))
    low, high = np.quantile(values[again].mean(1), [0.025, 0.975])
    return float(values.mean()), float(low), float(high)
