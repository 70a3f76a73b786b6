"""What lesson 06's prediction counts: the slices that one channel of a ResNet's stem takes with it."""

from pruning_lab.lesson.frame.predict import option_around
from pruning_lab.tables import table_html


def slices_by_kind(model, group):
    """Return {kind: number of slices} that a unit of a group owns, counted on the parameters alone.

    >>> from pruning_lab import channels
    >>> from pruning_lab.lesson.coupled_channels.networks import Chain, example
    >>> [group] = channels.channel_groups(Chain(), example())
    >>> slices_by_kind(Chain(), group)
    {'rows of weights (outputs)': 1, 'columns of weights (inputs)': 1, 'entries of biases and norms': 3}
    """
    sizes = {name: parameter.ndim for name, parameter in model.named_parameters()}
    owned = [(sizes[name], axis) for name, axis in group.axes if name in sizes]
    return {
        "rows of weights (outputs)": sum(ndim > 1 and axis == 0 for ndim, axis in owned),
        "columns of weights (inputs)": sum(ndim > 1 and axis == 1 for ndim, axis in owned),
        "entries of biases and norms": sum(ndim == 1 for ndim, _ in owned),
    }


def stem_reveal(model, groups, options):
    """Return a reveal for `predict`: how many parameters lose a slice when one channel of the stem goes.

    Args:
        model: a ResNet from `models`. groups: its `channel_groups`.
        options: {option: (low, high)}, ranges of the number of parameters.
    """

    def reveal():
        group = groups["conv.weight"]
        kinds = slices_by_kind(model, group)
        total, tensors = sum(kinds.values()), len(list(model.parameters()))
        rows = [*kinds.items(), ("together", total), ("parameters in one unit", f"{int(group.parameters[0]):,}")]
        table = table_html([f"one channel of the stem, {tensors} parameter tensors", "slices"], rows)
        words = f"One channel of the stem takes a slice of {total} of {tensors} parameter tensors."
        return option_around(options, total), [f"<p>{words}</p>", table]

    return reveal
