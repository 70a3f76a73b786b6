"""One table holds all that an audit finds: each number with what it is a number of."""

from collections.abc import Iterable
from typing import NamedTuple

from pruning_lab.measure import Row


class Finding(NamedTuple):
    """One number.

    Attributes:
        part: what was looked at: "size", "run", "share", "bytes", "file", "break-even", "product", "pays from",
            "network", "cost", "group" or "sensitivity".
        where: the layer or the group of channels; "" for the whole network.
        what: the format, the kernel, the kind of pruning.
        value: the number.
        unit: its unit in words.
        low, high: the quartiles around it; None where there is no spread.
        level: the sparsity, or the fraction of the channels that is cut; None where nothing is pruned.
        batch: how many examples ran at once; None where that makes no difference.
    """

    part: str
    where: str
    what: str
    value: float
    unit: str
    low: float | None = None
    high: float | None = None
    level: float | None = None
    batch: int | None = None

    @property
    def ratio(self) -> str:
        """The value as a ratio, with its quartiles where it has some.

        >>> Finding("product", "fc", "CSR", 1.312, "x", 1.28, 1.3456).ratio, Finding("share", "fc", "", 2, "x").ratio
        ('1.31x (1.28 to 1.35)', '2.00x')
        """
        spread = f" ({self.low:.2f} to {self.high:.2f})" if self.low is not None else ""
        return f"{self.value:.2f}x{spread}"

    @property
    def pays(self) -> bool:
        """Whether even the lower quartile of a ratio is above 1."""
        return self.low is not None and self.low > 1

    @property
    def loses(self) -> bool:
        """Whether even the upper quartile of a ratio is below 1."""
        return self.high is not None and self.high < 1

    @property
    def farthest(self) -> float:
        """How far from 1 the farther quartile of a ratio is, as a factor: 1.25 for quartiles of 0.8 and 1.1."""
        return max(self.high, 1 / self.low) if self.low and self.high else 1.0

    def reaches(self, factor: float) -> bool:
        """Whether the quartiles of a ratio reach into 1 / factor to factor.

        >>> Finding("network", "", "zeros in place", 1.1, "x", 1.05, 1.2).reaches(1.06)
        True
        """
        return self.low is None or self.high is None or (self.low <= factor and self.high >= 1 / factor)


def of_row(row: Row, part: str, where: str, what: str, unit: str, level: float | None, batch: int | None) -> Finding:
    """Return the finding of a row of `measure.compare`: how many times as fast as the first candidate it is."""
    return Finding(part, where, what, row.ratio, unit, row.ratio_q1, row.ratio_q3, level, batch)


def selected(findings: Iterable[Finding], part: str, **wanted: object) -> list[Finding]:
    """Return the findings of a part whose attributes are those wanted.

    >>> table = [Finding("size", "fc1", "weights", 8, "entries"), Finding("size", "fc2", "weights", 6, "entries")]
    >>> [finding.value for finding in selected(table, "size", where="fc2")]
    [6]
    """
    return [f for f in findings if f.part == part and all(getattr(f, name) == value for name, value in wanted.items())]
