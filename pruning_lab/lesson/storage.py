"""What lesson 03 shows: formats as boxes of numbers, bytes against density, Deep Compression's storage table."""

import math
import zlib

import numpy as np
import torch
from matplotlib.figure import Figure

from pruning_lab import masks, plots, sparse
from pruning_lab.lesson.pictures import draw_numbers
from pruning_lab.lesson.view import image_html, table_html

# What each format is called in the lesson, its class, and its options.
FORMATS = {
    "COO, uint16 places": (sparse.COO, {}),
    "CSR, int32 columns": (sparse.CSR, {"index_dtype": "int32"}),
    "CSR, uint16 columns": (sparse.CSR, {"index_dtype": "uint16"}),
    "bitmask": (sparse.Bitmask, {}),
    "relative index, 5 bits": (sparse.RelativeIndex, {"index_bits": 5}),
}
DENSITIES = [round(0.05 * step, 2) for step in range(1, 21)]

# Han et al. 2015 (arXiv 1510.00149), the storage tables of LeNet-300-100 and AlexNet: rows and columns of the matrix,
# percent of the weights kept, bits of a weight, bits of an index, size before Huffman coding in percent of float32.
PRINTED = [
    ("LeNet-300-100 ip1", (300, 784), 8, 6, 5, 3.1),
    ("LeNet-300-100 ip2", (100, 300), 9, 6, 5, 3.8),
    ("LeNet-300-100 ip3", (10, 100), 26, 6, 5, 15.7),
    ("AlexNet conv1", (96, 363), 84, 8, 4, 32.6),
    ("AlexNet conv2", (256, 1200), 38, 8, 4, 14.5),
    ("AlexNet conv3", (384, 2304), 35, 8, 4, 13.1),
    ("AlexNet conv4", (384, 1728), 37, 8, 4, 14.1),
    ("AlexNet conv5", (256, 1728), 37, 8, 4, 14.0),
    ("AlexNet fc6", (4096, 9216), 9, 5, 4, 3.0),
    ("AlexNet fc7", (4096, 4096), 9, 5, 4, 3.0),
    ("AlexNet fc8", (1000, 4096), 25, 5, 4, 7.3),
]


def arrays_picture(rows):
    """Draw named arrays as boxes in a row, one array below the other.

    Args:
        rows: {name: sequence of numbers or strings}.

    Returns:
        a matplotlib Figure.
    """
    longest = max(len(values) for values in rows.values())
    figure = Figure(figsize=(1.6 + 0.52 * longest, 0.4 + 0.55 * len(rows)), layout="constrained")
    draw_arrays(figure.add_subplot(), rows)
    return figure


def draw_arrays(axes, rows):
    """Draw {name: values} as rows of boxes on `axes`; a filler's 0 is grey."""
    longest = max(len(values) for values in rows.values())
    size = 9 if longest < 10 else 7
    for place, (name, values) in enumerate(rows.items()):
        axes.text(-0.7, place, name, ha="right", va="center", fontsize=10)
        for k, value in enumerate(values):
            colour = plots.COLOURS["pruned"] if value == "filler" else "#E8F1F8"
            box = {"boxstyle": "square,pad=0.3", "facecolor": colour, "edgecolor": "0.5"}
            axes.text(
                k, place, "0" if value == "filler" else f"{value}", ha="center", va="center", fontsize=size, bbox=box
            )
    axes.set(xlim=(-4, longest), ylim=(len(rows) - 0.4, -0.6), xticks=[], yticks=[])
    axes.spines[:].set_visible(False)


def relative_rows(relative):
    """Return the arrays of a RelativeIndex for `draw_arrays`, its fillers marked."""
    values = ["filler" if value == 0 else f"{value:g}" for value in relative.data]
    return {"gap": relative.gaps.tolist(), "value": values}


def storage_frames(weight, index_bits=2):
    """Return the storyboard of one small matrix: pruned, as CSR, as a relative index, and what each takes.

    Args:
        weight: (rows, columns) float32 array, small enough to be read.
        index_bits: bits of a gap; two, so that fillers appear.

    Returns:
        list of (title, draw(axes, sparsity)), for `storyboard`.
    """

    def pruned(sparsity):
        return weight * masks.mask_unstructured(torch.from_numpy(np.abs(weight)), sparsity).numpy()

    def matrix(axes, sparsity):
        array = torch.from_numpy(pruned(sparsity))
        draw_numbers(axes, array, array != 0)

    def rows(axes, sparsity):
        csr = sparse.CSR.from_dense(pruned(sparsity))
        values = [f"{value:.1f}" for value in csr.data]
        draw_arrays(axes, {"data": values, "indices": csr.indices.tolist(), "indptr": csr.indptr.tolist()})

    def gaps(axes, sparsity):
        relative = sparse.RelativeIndex.from_dense(pruned(sparsity), index_bits)
        values = ["filler" if value == 0 else f"{value:.1f}" for value in relative.data]
        draw_arrays(axes, {"gap": relative.gaps.tolist(), "value": values})

    def sizes(axes, sparsity):
        array = pruned(sparsity)
        forms = {
            "dense": array,
            "CSR": sparse.CSR.from_dense(array),
            "bitmask": sparse.Bitmask.from_dense(array),
            "relative": sparse.RelativeIndex.from_dense(array, index_bits),
        }
        bars = axes.bar(list(forms), [form.nbytes for form in forms.values()], color=plots.SERIES[: len(forms)])
        axes.bar_label(bars, fontsize=10)
        axes.set_ylabel("bytes", fontsize=10)
        axes.set_ylim(0, 2.1 * array.nbytes)

    return [
        ("the pruned matrix", matrix),
        ("CSR: three arrays", rows),
        (f"relative index: gaps of {index_bits} bits", gaps),
        ("what each takes", sizes),
    ]


def share_of_dense(name, shape, density):
    """Return the bytes of a format of FORMATS at a density, as a share of dense float32.

    >>> round(share_of_dense("CSR, int32 columns", (1000, 1000), 0.5), 3)
    1.001
    """
    form, options = FORMATS[name]
    return form.bytes_at(shape, density, **options) / (4 * math.prod(shape))


def encode(name, array):
    """Return `array` really stored in a format of FORMATS."""
    form, options = FORMATS[name]
    return form.from_dense(array, **options)


def smaller_reveal(array, options):
    """Return a reveal for `predict`: which formats store the pruned `array` in fewer bytes than dense float32?

    Args:
        array: (rows, columns) float32 array with zeros.
        options: {option: names of FORMATS that it says are smaller}, one of them with None for any other outcome.
    """

    def reveal():
        stored = {name: encode(name, array).nbytes for name in FORMATS}
        smaller = {name for name, size in stored.items() if size < array.nbytes}
        other = next(option for option, names in options.items() if names is None)
        answer = next((o for o, names in options.items() if names is not None and set(names) == smaller), other)
        density = np.count_nonzero(array) / array.size
        rows = [[name, f"{size:,}", f"{size / array.nbytes:.3f}"] for name, size in stored.items()]
        table = table_html(
            ["format", "bytes", "of dense"], rows, f"Density {density:.2f}; dense {array.nbytes:,} bytes"
        )
        alt = "Bytes as a share of dense against density, one line a format; where a line crosses 1 it stops paying."
        return answer, [table, image_html(bytes_figure(array.shape, density), alt)]

    return reveal


def bytes_figure(shape, density=None):
    """Draw the bytes of every format against the density, as shares of dense float32; returns a matplotlib Figure."""
    figure = Figure(figsize=(8.4, 4.2), layout="constrained")
    axes = figure.add_subplot()
    for number, name in enumerate(FORMATS):
        shares = [share_of_dense(name, shape, d) for d in DENSITIES]
        axes.plot(DENSITIES, shares, color=plots.SERIES[number], marker="osD^v"[number], markersize=4, label=name)
    axes.axhline(1, color=plots.COLOURS["limit"], linestyle="--", label="dense float32")
    if density is not None:
        axes.axvline(density, color="0.6", linewidth=1)
    axes.set(xlabel="density (fraction of weights kept)", ylabel="bytes, as a share of dense", xlim=(0, 1), ylim=(0, 3))
    axes.legend(loc="center left", bbox_to_anchor=(1, 0.5), frameon=False)
    axes.spines[["top", "right"]].set_visible(False)
    return figure


def percent_by_formula(shape, density, bits, index_bits):
    """Return d f (w + i) / 32 and the codebook, in percent of float32: a relative index with w-bit shared weights.

    >>> round(percent_by_formula((300, 784), 0.08, 6, 5), 2)
    2.98
    """
    stored_bytes = sparse.RelativeIndex.bytes_at(shape, density, value_bytes=bits / 8, index_bits=index_bits)
    return 100 * (stored_bytes + 4 * 2**bits) / (4 * math.prod(shape))


def percent_by_encoding(shape, density, bits, index_bits):
    """Return the same for a matrix with exactly that many weights, at random places, really encoded."""
    array = np.zeros(shape, np.float32)
    kept = round(density * array.size)
    array.flat[np.random.default_rng(0).choice(array.size, kept, replace=False, shuffle=False)] = 1
    stored = sparse.RelativeIndex.from_dense(array, index_bits).stored
    return 100 * (math.ceil(stored * bits / 8) + math.ceil(stored * index_bits / 8) + 4 * 2**bits) / (4 * array.size)


def storage_rows(printed=PRINTED):
    """Return a dict for each printed layer: what the paper prints, formula, encoding, and what rounding allows.

    The printed inputs are rounded to whole percents. `low` and `high` are what the formula gives for every density that
    rounds to the printed one; `outside` is by how much the printed size, itself rounded, lies beyond them.
    """
    rows = []
    for name, shape, kept_percent, bits, index_bits, size in printed:
        low, formula, high = (
            percent_by_formula(shape, (kept_percent + step) / 100, bits, index_bits) for step in (-0.5, 0, 0.5)
        )
        outside = max(size - 0.05 - high, 0) + min(size + 0.05 - low, 0)
        encoded = percent_by_encoding(shape, kept_percent / 100, bits, index_bits)
        row = {"layer": name, "kept": kept_percent, "bits": bits, "index_bits": index_bits, "printed": size}
        rows.append({**row, "formula": formula, "low": low, "high": high, "encoded": encoded, "outside": outside})
    return rows


def storage_table(rows):
    """Return `storage_rows` as an HTML table."""
    cells = [
        [
            row["layer"],
            f"{row['kept']} %",
            f"{row['bits']} + {row['index_bits']}",
            f"{row['printed']:.1f}",
            f"{row['formula']:.2f}",
            f"{row['low']:.2f} to {row['high']:.2f}",
            f"{row['encoded']:.2f}",
            f"{row['outside']:+.2f}" if abs(row["outside"]) > 0.005 else "",
        ]
        for row in rows
    ]
    header = ["layer", "kept", "bits", "printed", "formula", "kept rounded", "encoded", "unexplained"]
    return table_html(header, cells, "Size before Huffman coding, percent of float32 (Han et al. 2015)")


def file_sizes(array):
    """Return {what: bytes} for a pruned matrix: dense, its formats, and both through a general compressor (zlib)."""
    dense, csr = array.tobytes(), encode("CSR, uint16 columns", array)
    arrays = csr.data.tobytes() + csr.indices.tobytes() + csr.indptr.tobytes()
    return {
        "dense, with its zeros": array.nbytes,
        "dense, zipped": len(zlib.compress(dense, 9)),
        "CSR, uint16 columns": csr.nbytes,
        "CSR, zipped": len(zlib.compress(arrays, 9)),
        "bitmask": encode("bitmask", array).nbytes,
        "relative index, 5 bits": encode("relative index, 5 bits", array).nbytes,
    }
