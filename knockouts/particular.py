"""Ways to spoil what one function alone returns: a comparison, an audit, a network, a picture."""

import dataclasses

import torch

from pruning_lab.measure.rivals import PRODUCTS


def others_kept(right, scores, *_args, **_kwargs):
    """Return the channels that should have gone, as many as fit."""
    others = torch.ones(len(scores), dtype=torch.bool)
    others[right] = False
    return torch.cat([others.nonzero().flatten(), right])[: len(right)].sort().values


def lowest_kept(right, *_args, **_kwargs):
    """Return the first channels, whatever they are worth."""
    return torch.arange(len(right))


def unadjusted(right, weight, *_args, **_kwargs):
    """Return a reconstruction whose survivors are what they were."""
    return right._replace(weight=torch.where(right.mask, weight.to(right.weight.dtype), 0.0))


def slower_first(comparison):
    """Return a comparison in which every ratio is upside down."""
    rows = tuple(
        type(row)(row.name, row.median, row.q1, row.q3, *(1 / r for r in _ratios(row))) for row in comparison.rows
    )
    return type(comparison)(rows, comparison.conditions)


def _ratios(row):
    return row.ratio, row.ratio_q3, row.ratio_q1


def rows_backwards(comparison):
    """Return a comparison whose rows stand in the opposite order."""
    return type(comparison)(comparison.rows[::-1], comparison.conditions)


def product_of(spoil):
    """Return what makes of a callable product one that gives a spoilt answer."""
    return lambda product: lambda: spoil(product())


def products_of(spoil):
    """The same for a dict of products."""
    return lambda products: {name: product_of(spoil)(product) for name, product in products.items()}


def findings_spoilt(spoil):
    """Return what spoils the value of every finding of an audit."""
    return lambda audit: type(audit)(
        tuple(each._replace(value=spoil(each.value)) for each in audit.findings), audit.facts, audit.unseen
    )


def half_of_findings(audit):
    """Return an audit that looked at half of the network."""
    return type(audit)(audit.findings[: len(audit.findings) // 2], audit.facts, audit.unseen)


def nothing_unseen(audit):
    """Return an audit that says it has looked at everything."""
    return type(audit)(audit.findings, audit.facts, ())


def labels_shifted(data):
    """Return images with the label of the next one."""
    images, labels = data
    return images, labels.roll(1)


def half_of_data(data):
    """Return the first half of images and labels."""
    return tuple(part[: len(part) // 2] for part in data)


def images_negative(data):
    """Return photographic negatives: what is in [0, 1] the other way round."""
    images, labels = data
    return 1 - images, labels


def classes_shifted(definitions):
    """Return definitions whose classes belong to the next one."""
    return definitions._replace(classes=definitions.classes.roll(1))


def times_backwards(definitions):
    """Return definitions whose times stand in the opposite order."""
    return definitions._replace(times=definitions.times.flip(0))


def last_layer_skipped(model):
    """Return a network without its last layer."""
    return model[:-1]


def activations_skipped(model):
    """Return a network whose ReLUs do nothing."""
    for module in model.modules():
        for name, child in module.named_children():
            if isinstance(child, torch.nn.ReLU):
                setattr(module, name, torch.nn.Identity())
    return model


def fewer_epochs(_epochs):
    """Train for no epoch's worth: one."""
    return 1


def longer_codes(lengths):
    """Return lengths of codes that all are one bit too long."""
    return {symbol: length + 1 for symbol, length in lengths.items()}


def equal_codes(lengths):
    """Return the same length for all symbols: no code of Huffman's."""
    bits = max(1, (len(lengths) - 1).bit_length())
    return dict.fromkeys(lengths, bits)


def ungrouped(groups):
    """Return groups without the last one."""
    return type(groups)(list(groups)[:-1], groups.refused, groups.trace)


def nothing_refused(groups):
    """Return groups that say nothing stays whole."""
    return type(groups)(list(groups), {}, groups.trace)


def macs_doubled(groups):
    """Return groups that count each multiplication twice."""
    return type(groups)(
        [dataclasses.replace(group, macs=2 * group.macs) for group in groups], groups.refused, groups.trace
    )


def part_spoilt(name, spoil):
    """Return what spoils one field of a dataclass."""
    return lambda whole: dataclasses.replace(whole, **{name: spoil(getattr(whole, name))})


def slower_rival(best):
    """Return the dense product that lost the trial."""
    other = next(name for name in PRODUCTS if name != best.name)
    return type(best)(other, PRODUCTS[other])


def vocabulary_shifted(tokens):
    """Return a vocabulary in which every piece has the number of the next one."""
    words = list(tokens.ids)
    return type(tokens)([*words[1:], words[0]])


def axes_small(axes):
    """Return axes of a figure of one inch."""
    axes.figure.set_size_inches(1, 1)
    return axes


def bias_forgotten(layer):
    """Return a layer without what it adds."""
    with torch.no_grad():
        layer.bias.zero_()
    return layer


def untrained(result, model, *_args, **_kwargs):
    """Put fresh weights into a network that was trained."""
    for module in model.modules():
        if hasattr(module, "reset_parameters"):
            module.reset_parameters()
    return result


def picture_empty(axes):
    """Take everything out of a picture."""
    for artist in [*axes.lines, *axes.patches, *axes.collections, *axes.images, *axes.texts]:
        artist.remove()
    axes.containers.clear()
    return axes
