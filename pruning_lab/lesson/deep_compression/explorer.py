"""Lesson 09's explorer: density and bits of a value and of a gap against bytes, the floor under them, and the error."""

import numpy as np
from matplotlib.figure import Figure

from pruning_lab import compress, masks, plots, sparse
from pruning_lab.lesson.deep_compression.bits import DENSITIES, code_entropy, mask_entropy, snr
from pruning_lab.lesson.frame.explorer import Explorer, Steps

VALUE_BITS, GAP_BITS = (2, 3, 4, 5, 6, 7, 8), (2, 3, 4, 5, 6, 7, 8)
SHOWN = {"values": plots.SERIES[0], "gaps": plots.SERIES[1], "fillers": plots.SERIES[3]}
STILL_DENSITY, STILL_BITS = 0.1, 3


def explore_bits(weight):
    """Explore what a matrix takes once it is pruned by magnitude and shares its values: bits for each of its weights.

    Args:
        weight: (rows, columns) tensor, not pruned yet.

    Returns:
        an Explorer. Every number is that of the matrix as it was really pruned, shared and written with gaps.
    """
    states = [state for density in DENSITIES for state in states_at(weight, density)]
    rows = [_rows(state) for state in states]
    facts = {
        "states": [[state[part] for part in (*SHOWN, "floor", "snr")] for state in states],
        "parts": [{"name": name, "colour": colour} for name, colour in SHOWN.items()],
        "sizes": [len(VALUE_BITS), len(GAP_BITS)],
        "rows": rows,
        "words": [", ".join(f"{name} {value}" for name, value in row) for row in rows],
    }
    knobs = [
        Steps("Density (kept)", tuple(f"{density:g}" for density in DENSITIES), "place"),
        Steps("Bits of a value", tuple(map(str, VALUE_BITS)), "choice"),
        Steps("Bits of a gap", tuple(map(str, GAP_BITS)), "level"),
    ]
    still = [state for state in states if (state["density"], state["value bits"]) == (STILL_DENSITY, STILL_BITS)]
    header = ["bits of a gap", *SHOWN, "all", "floor"]
    table = [[state["gap bits"], *(f"{bits:.3f}" for bits in _columns(state))] for state in still]
    alt = (
        f"Bits a weight against bits of a gap, at density {STILL_DENSITY} with values of {STILL_BITS} bits: values, "
        "gaps and fillers on top of each other, and the floor as a line."
    )
    return Explorer("bits", knobs, facts, bits_figure(still), [header, *table], alt)


def states_at(weight, density):
    """Return what a matrix takes at a density, for all bits of a value and all bits of a gap: a list of dicts."""
    mask = masks.mask_unstructured(weight.detach().abs(), 1 - density)
    array, whole = (weight.detach() * mask).numpy(), weight.detach().numpy()
    kept = int(mask.sum())
    stored = {bits: sparse.RelativeIndex.from_dense(array, bits).stored for bits in GAP_BITS}
    states = []
    for bits in VALUE_BITS:
        shared = compress.share_weights(weight, mask, bits)
        floor = kept * code_entropy(shared.codes) / array.size + mask_entropy(kept / array.size)
        about = {"density": density, "value bits": bits, "floor": floor, "snr": snr(whole, shared.to_dense())}
        for gap_bits in GAP_BITS:
            fillers = (stored[gap_bits] - kept) * (bits + gap_bits)
            parts = {"values": kept * bits, "gaps": kept * gap_bits, "fillers": fillers}
            states.append(about | {"gap bits": gap_bits} | {name: n / array.size for name, n in parts.items()})
    return states


def bits_figure(states):
    """Draw the bits a weight of the states, values, gaps and fillers on top of each other; return a Figure."""
    figure = Figure(figsize=(7.5, 4.2), layout="constrained")
    axes = figure.add_subplot()
    names, bottom = [str(state["gap bits"]) for state in states], np.zeros(len(states))
    for part, colour in SHOWN.items():
        heights = np.array([state[part] for state in states])
        axes.bar(names, heights, bottom=bottom, color=colour, label=part)
        bottom += heights
    axes.axhline(states[0]["floor"], color=plots.COLOURS["dense"], linestyle="--", label="floor")
    axes.set(xlabel="bits of a gap", ylabel="bits a weight")
    axes.legend(loc="center left", bbox_to_anchor=(1, 0.5), frameon=False)
    axes.spines[["top", "right"]].set_visible(False)
    return figure


def _columns(state):
    return *(state[part] for part in SHOWN), sum(state[part] for part in SHOWN), state["floor"]


def _rows(state):
    return [
        ("density", f"{state['density']:g}"),
        *((f"{name}, bits", f"{state[name]:.3f}") for name in SHOWN),
        ("together", f"{sum(state[part] for part in SHOWN):.3f}"),
        ("floor", f"{state['floor']:.3f}"),
        ("times smaller", f"{32 / sum(state[part] for part in SHOWN):.1f}"),
        ("error below, dB", f"{state['snr']:.1f}"),
    ]
