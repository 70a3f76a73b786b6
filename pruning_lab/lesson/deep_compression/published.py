"""Deep Compression's tables after Huffman coding, recomputed from their own columns."""

from typing import NamedTuple

from pruning_lab.sparse import filler_factor
from pruning_lab.tables import table_html

# Han et al. 2015 (arXiv 1510.00149), the storage tables of LeNet-300-100 and AlexNet: weights, percent of them kept,
# bits of a weight and of an index before Huffman coding, bits of each after it, size after it in percent of float32.
PRINTED = [
    ("LeNet-300-100 ip1", 300 * 784, 8, 6, 5, 4.4, 3.7, 2.32),
    ("LeNet-300-100 ip2", 100 * 300, 9, 6, 5, 4.4, 4.3, 3.04),
    ("LeNet-300-100 ip3", 10 * 100, 26, 6, 5, 4.3, 3.2, 12.70),
    ("AlexNet conv1", 96 * 363, 84, 8, 4, 6.3, 1.2, 20.53),
    ("AlexNet conv2", 256 * 1200, 38, 8, 4, 5.5, 2.3, 9.43),
    ("AlexNet conv3", 384 * 2304, 35, 8, 4, 5.1, 2.6, 8.44),
    ("AlexNet conv4", 384 * 1728, 37, 8, 4, 5.2, 2.5, 9.11),
    ("AlexNet conv5", 256 * 1728, 37, 8, 4, 5.6, 2.5, 9.43),
    ("AlexNet fc6", 4096 * 9216, 9, 5, 4, 3.9, 3.2, 2.39),
    ("AlexNet fc7", 4096 * 4096, 9, 5, 4, 3.6, 3.7, 2.46),
    ("AlexNet fc8", 1000 * 4096, 25, 5, 4, 4.0, 3.2, 5.85),
]
# Table 1 of the same paper: kilobytes before and after, and the rate as printed.
HEADLINES = [
    ("LeNet-300-100", 1070, 27, 40),
    ("LeNet-5", 1720, 44, 39),
    ("AlexNet", 240_000, 6_900, 35),
    ("VGG-16", 552_000, 11_300, 49),
]


def percent_after_huffman(weights, kept, bits, index_bits, value_mean, gap_mean, fillers=True):
    """Return the size in percent of float32: what is stored times its mean bits, and the codebook in float32.

    Args:
        weights: number of weights. kept: fraction of them.
        bits, index_bits: of a code and a gap before Huffman coding. value_mean, gap_mean: mean bits after it.
        fillers: count a stored zero wherever a gap does not fit, as for zeros at random; False counts none.

    >>> round(percent_after_huffman(300 * 784, 0.08, 6, 5, 4.4, 3.7), 2)
    2.2
    """
    stored = kept * (filler_factor(kept, index_bits) if fillers else 1)
    return 100 * (stored * (value_mean + gap_mean) / 32 + 2**bits / weights)


class HuffmanRow(NamedTuple):
    """One printed layer, in percent of float32: printed, no filler at all, and the formula's range.

    `low` and `high` are what the formula gives where every printed column is off by half of its last digit.
    """

    layer: str
    kept: int
    mean_bits: str
    printed: float
    without_fillers: float
    low: float
    formula: float
    high: float

    @property
    def verdict(self):
        """Return whether the formula reaches the printed size: "yes", "too large" or "too small"."""
        if self.low <= self.printed + 0.005 and self.printed - 0.005 <= self.high:
            return "yes"
        return "too large" if self.low > self.printed else "too small"


def huffman_rows(printed=PRINTED):
    """Return a HuffmanRow for each printed layer."""
    rows = []
    for layer, weights, kept, bits, index_bits, value_mean, gap_mean, size in printed:
        low, formula, high = (
            percent_after_huffman(
                weights, (kept + 0.5 * off) / 100, bits, index_bits, value_mean + 0.05 * off, gap_mean + 0.05 * off
            )
            for off in (-1, 0, 1)
        )
        least = percent_after_huffman(weights, kept / 100, bits, index_bits, value_mean, gap_mean, fillers=False)
        rows.append(HuffmanRow(layer, kept, f"{value_mean} + {gap_mean}", size, least, low, formula, high))
    return rows


def huffman_table(rows):
    """Return `huffman_rows` as an HTML table."""
    cells = [
        [
            row.layer,
            f"{row.kept} %",
            row.mean_bits,
            f"{row.printed:.2f}",
            f"{row.formula:.2f}",
            f"{row.low:.2f} to {row.high:.2f}",
            row.verdict,
        ]
        for row in rows
    ]
    header = ["layer", "kept", "mean bits", "printed", "formula", "columns rounded", "explained"]
    return table_html(header, cells, "Size after Huffman coding, percent of float32 (Han et al. 2015)")


def headline_rows():
    """Return [network, before, after, printed rate, before / after] of the paper's summary, whole kilobytes."""
    return [[name, before, after, rate, before / after] for name, before, after, rate in HEADLINES]
