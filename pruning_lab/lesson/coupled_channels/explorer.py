"""Lesson 06's explorer: networks run operation by operation, and the colours of their channels meet."""

from pruning_lab.lesson.coupled_channels.drawings import looks, strips_figure
from pruning_lab.lesson.coupled_channels.strips import choices, lost, painted_strips
from pruning_lab.lesson.frame.explorer import Explorer, Steps


def explore_paint(networks, example_inputs):
    """Explore painted runs: strips of channels, one for each operation, and a slider through the operations.

    Channels that share their fate have one colour and one name; grey ones have no choice left.

    Args:
        networks: {name: small nn.Module}; what each makes of `example_inputs`, a tensor, is drawn square by square.

    Returns:
        an Explorer.

    Raises:
        ValueError: there is no network.
    """
    if not networks:
        raise ValueError("networks must hold at least one network; got none")
    runs = {name: painted_strips(network, example_inputs) for name, network in networks.items()}
    longest = max(len(strips) for strips in runs.values())
    numbers = tuple(f"{step + 1} of {longest}" for step in range(longest))
    controls = [Steps("Network", tuple(runs), "choice", listed=True), Steps("Operation", numbers, "place")]
    facts = {"networks": [_facts(name, strips) for name, strips in runs.items()]}
    alt = "Strips of coloured squares, a row for each operation, as the runs left them; grey squares have no choice. "
    alt += "; ".join(f"{name}: {len(choices(strips, len(strips) - 1))} choices" for name, strips in runs.items())
    return Explorer("strips", controls, facts, strips_figure(runs), _table(runs), alt)


def _facts(network, strips):
    """Return what the drawing needs of one run: for every step its strips, its numbers, and both in words."""
    steps = range(len(strips))
    rows = [_rows(strips, step) for step in steps]
    return {
        "names": [strip.name for strip in strips],
        "strips": [looks(strips, step) for step in steps],
        "rows": rows,
        "words": [f"{network}, " + "; ".join(f"{what}: {value}" for what, value in rows[step]) for step in steps],
    }


def _rows(strips, step):
    """Return what a step did: [(what, value)]."""
    return [
        ("operation", f"{step + 1}, {strips[step].name}"),
        ("shape of the result", " x ".join(map(str, strips[step].shape))),
        ("choices lost here", f"{lost(strips, step)}"),
        ("choices so far", f"{len(choices(strips, step))}"),
    ]


def _table(runs):
    """Return the operations that cost choices, headings first."""
    table = [["network", "operation", "shape of the result", "choices lost here", "choices so far"]]
    for name, strips in runs.items():
        costly = [step for step in range(len(strips)) if lost(strips, step)]
        table += [[name, *(value for _, value in _rows(strips, step))] for step in costly]
    return table
