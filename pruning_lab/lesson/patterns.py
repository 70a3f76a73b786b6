"""Four ways to spend the same number of zeros, stored and multiplied: what the first lesson's prediction measures."""

from dataclasses import dataclass

import ipywidgets
import numpy as np
import torch
from matplotlib.figure import Figure

from pruning_lab import kernels, masks, measure, plots, scores, sparse
from pruning_lab.lesson.predict import MOVING
from pruning_lab.lesson.view import image_html, message, table_html, wide

BATCHES = (1, 64)
CONTROL = "unpruned again"  # the same matrix in another place in memory: how far from 1 a ratio is that means nothing
WINS = 1.2  # a pattern counts as faster if three rounds of four reach this ratio; less could be the machine's mood


@dataclass(frozen=True)
class Pattern:
    """One mask on a weight matrix, with the storage and the product made for it.

    `stored` is a format of `pruning_lab.sparse`, or the small dense matrix where whole columns went. `columns` are the
    inputs that the product reads.
    """

    name: str
    mask: np.ndarray
    stored: object
    multiply: object
    columns: np.ndarray | slice

    @property
    def multiplications(self):
        """Multiplications for one input vector under the kernel made for the pattern."""
        return self.stored.size if isinstance(self.stored, np.ndarray) else self.stored.stored


def group_for(sparsity):
    """Return n, m of the smallest N:M pattern of groups of 4 or 8 that prunes exactly this fraction.

    >>> group_for(0.5), group_for(0.875)
    ((2, 4), (1, 8))
    """
    for m in (4, 8):
        if (n := round((1 - sparsity) * m)) > 0 and n / m == 1 - sparsity:
            return n, m
    raise ValueError(f"sparsity must be a multiple of 1/8 below 1, so that N:M has as many zeros; got {sparsity}")


def four_patterns(weight, sparsity, group=None):
    """Prune `weight` four ways: {name: Pattern}. Without `group`, each has the same number of zeros.

    Args:
        weight: (rows, columns) float32 array, rows a multiple of 4, columns a multiple of the group's size.
        sparsity: a multiple of 1/8 below 1; any below 1 where `group` is given.
        group: n, m of the N:M pattern; None takes the one that prunes exactly `sparsity`.
    """
    tensor = torch.from_numpy(weight)
    worth = scores.magnitude_scores(tensor)
    n, m = group or group_for(sparsity)
    scattered = masks.mask_unstructured(worth, sparsity).numpy()
    grouped = masks.mask_n_of_m(worth, n, m).numpy()
    vectors = masks.mask_blocks(worth, (4, 1), sparsity).numpy()
    keep = masks.keep_channels(worth.sum(dim=0), sparsity).numpy()
    columns = np.zeros(weight.shape, dtype=bool)
    columns[:, keep] = True
    everything = slice(None)
    made = {
        "scattered": (scattered, sparse.CSR.from_dense(weight * scattered), kernels.csr_matmul, everything),
        f"{n}:{m}": (grouped, sparse.NOfM.from_dense(weight * grouped, n, m), kernels.n_of_m_matmul, everything),
        "4x1 vectors": (
            vectors,
            sparse.BlockCSR.from_dense(weight * vectors, (4, 1)),
            kernels.block_matmul,
            everything,
        ),
        "whole columns": (columns, np.ascontiguousarray(weight[:, keep]), np.matmul, keep),
    }
    return {name: Pattern(name, *parts) for name, parts in made.items()}


def times(weight, patterns, batch, repeats=30):
    """Time every pattern under the dense product and under its own: {name: (dense ratio, own ratio)}, as measure.Rows.

    The rival is the faster of NumPy's and torch's dense product of the unpruned matrix, measured first; a ratio above 1
    is faster than that. Where whole columns went, both are a dense product of the smaller matrix. The entry CONTROL is
    a copy of the unpruned matrix. Batch 1 is measured cold: warm, copies of one 4 MB matrix differed by up to 1.8 times
    with their place in memory, which no number of rounds averages out; cold, mostly within a tenth, once by 1.3.
    """
    x = np.random.default_rng(1).standard_normal((weight.shape[1], batch), dtype=np.float32)
    x = x[:, 0] if batch == 1 else x
    cold = batch == 1
    dense = _fastest_dense(weight, x, cold)
    candidates = {"unpruned": dense(weight, x), (CONTROL, "dense"): dense(weight.copy(), x)}
    for name, pattern in patterns.items():
        inputs = np.ascontiguousarray(x[pattern.columns])
        if isinstance(pattern.stored, np.ndarray):
            candidates[name, "dense"] = dense(pattern.stored, inputs)
            continue
        candidates[name, "dense"] = dense(weight * pattern.mask, inputs)
        candidates[name, "own"] = _product(pattern, inputs)
    rows = {row.name: row for row in measure.compare(candidates, repeats, cold).rows}
    names = [CONTROL, *patterns]
    return {name: (rows[name, "dense"], rows.get((name, "own"), rows[name, "dense"])) for name in names}


def _product(pattern, x):
    return lambda: pattern.multiply(pattern.stored, x)


def _numpy_product(weight, x):
    return lambda: weight @ x


def _torch_product(weight, x):
    weight, x = torch.from_numpy(weight), torch.from_numpy(x)
    return lambda: weight @ x


def _fastest_dense(weight, x, cold):
    trial = measure.compare({"numpy": _numpy_product(weight, x), "torch": _torch_product(weight, x)}, cold=cold)
    return _numpy_product if trial["torch"].ratio < 1 else _torch_product


def pattern_reveal(weight, sparsity, options):
    """Return a reveal for `predict`: which patterns run faster under the dense product, and everything beside it.

    Args:
        weight: (rows, columns) float32 array.
        sparsity: a multiple of 1/8 below 1.
        options: {option: names of the patterns that it says run faster}, one of them with None for any other outcome.
    """

    def reveal():
        patterns = four_patterns(weight, sparsity)
        measured = {batch: times(weight, patterns, batch) for batch in BATCHES}
        faster = {name for name in patterns if measured[64][name][0].ratio_q1 >= WINS}
        meant = {option: patterns.keys() & names for option, names in options.items() if names is not None}
        other = next(option for option, names in options.items() if names is None)
        answer = next((option for option, names in meant.items() if names == faster), other)
        return answer, [
            image_html(mask_figure(patterns), f"The masks of {', '.join(patterns)}: the same number of zeros each."),
            cost_table(weight, patterns),
            image_html(time_figure(measured), "Bars: " + "; ".join(_in_words(measured))),
            time_table(measured),
            INVARIANT,
            _measure_more(weight, sparsity),
        ]

    return reveal


INVARIANT = (
    f"<p><b>Read the row <i>{CONTROL}</i> first.</b> It is the same matrix in another place in memory: as far as it is "
    "from 1, other rows may be as well without meaning anything.</p>"
    "<p><b>The invariant:</b> a zero pays only when something downstream can use it. A dense product does the same "
    "work for a zero as for anything else. Scattered zeros can pay in bytes, and in time only under a kernel that "
    "skips them well enough. Whole columns change the shape, and an ordinary product gains.</p>"
)


def mask_figure(patterns, window=32):
    """Draw the top left `window` x `window` corner of each pattern's mask, side by side."""
    figure = Figure(figsize=(2.5 * len(patterns), 3.3), layout="constrained")
    for axes, pattern in zip(figure.subplots(1, len(patterns), squeeze=False).flat, patterns.values(), strict=True):
        plots.mask_picture(torch.from_numpy(pattern.mask[:window, :window]), ax=axes)
        axes.set_title(pattern.name, fontsize=11)
        axes.set_xlabel("")  # the shares in this corner differ from those of the whole matrix, which the table gives
    return figure


def cost_table(weight, patterns):
    """Return an HTML table: sparsity, bytes stored, multiplications under the dense product and under its own."""
    rows = [
        [
            pattern.name,
            f"{masks.sparsity_of(torch.from_numpy(pattern.mask)):.3f}",
            f"{pattern.stored.nbytes:,} ({pattern.stored.nbytes / weight.nbytes:.2f} of dense)",
            f"{pattern.multiplications if isinstance(pattern.stored, np.ndarray) else weight.size:,}",
            f"{pattern.multiplications:,}",
        ]
        for pattern in patterns.values()
    ]
    header = ["pattern", "sparsity", "bytes stored", "multiplications, dense product", "its own product"]
    return table_html(header, rows, f"A {weight.shape[0]} x {weight.shape[1]} matrix, one input vector")


def time_table(measured):
    """Return an HTML table of speed-ups, with the interquartile range of the single rounds."""
    header = ["pattern"] + [f"batch {batch}, {kernel}" for batch in measured for kernel in ("dense product", "its own")]
    names = next(iter(measured.values()))
    rows = [[name, *(_ratio(row) for batch in measured for row in measured[batch][name])] for name in names]
    return table_html(
        header, rows, "Times as fast as the unpruned matrix under the best dense product here (IQR); batch 1 cold"
    )


def _ratio(row):
    return f"{row.ratio:.2f} ({row.ratio_q1:.2f} to {row.ratio_q3:.2f})"


def _in_words(measured):
    for batch, by_name in measured.items():
        for name, (dense, own) in by_name.items():
            yield f"{name}, batch {batch}: dense product {dense.ratio:.2f}, its own {own.ratio:.2f}"


def time_figure(measured):
    """Draw the speed-ups as bars, one panel for each batch size, with a line where pruning changes nothing."""
    figure = Figure(figsize=(10, 3), layout="constrained")
    for axes, (batch, by_name) in zip(figure.subplots(1, len(measured), sharey=True), measured.items(), strict=True):
        places = np.arange(len(by_name))
        for offset, kernel, colour in ((-0.2, "dense product", "dense"), (0.2, "its own product", "structured")):
            rows = [pair[offset > 0] for pair in by_name.values()]
            ratios = np.array([row.ratio for row in rows])
            spread = np.abs([[row.ratio_q1 for row in rows], [row.ratio_q3 for row in rows]] - ratios)
            axes.barh(
                places + offset,
                ratios,
                height=0.38,
                xerr=spread,
                capsize=2,
                ecolor="0.6",
                color=plots.COLOURS[colour],
                label=kernel,
            )
        axes.axvline(1, color=plots.COLOURS["limit"], linewidth=1.5, linestyle="--")
        axes.set_yticks(places, by_name)
        axes.set_xlabel("times as fast as unpruned dense")
        axes.set_title(f"batch {batch}", fontsize=11)
    axes.invert_yaxis()  # shared: the first pattern on top in every panel
    axes.legend(fontsize=9)
    return figure


def _measure_more(weight, sparsity):
    """A sparsity, a pattern, and its time on the press of a button."""
    slider = wide(
        ipywidgets.FloatSlider, value=sparsity, min=0.125, max=0.875, step=0.125, description="Sparsity (pruned)"
    )
    slider.readout_format = ".3f"
    # the pattern is chosen by its place, because the name of N:M changes with the sparsity
    places = [("scattered", 0), ("N:M", 1), ("4x1 vectors", 2), ("whole columns", 3)]
    choice = wide(ipywidgets.Dropdown, options=places, description="Pattern to measure")
    button, answer = ipywidgets.Button(description="Measure time"), ipywidgets.HTML()

    def measure_now(_button):
        answer.value = message("Measuring, about ten seconds ...") + MOVING
        patterns = dict([list(four_patterns(weight, slider.value).items())[choice.value]])
        measured = {batch: times(weight, patterns, batch) for batch in BATCHES}
        answer.value = cost_table(weight, patterns) + time_table(measured)

    button.on_click(measure_now)
    heading = ipywidgets.HTML("<b>Your turn:</b> where does each pattern begin to pay?")
    return ipywidgets.VBox([heading, slider, choice, button, answer])
