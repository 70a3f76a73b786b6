"""The table that the benchmarks fill: its lines, and how they are printed."""

from collections.abc import Iterable
from typing import NamedTuple

from pruning_lab import measure

HEADING = ("what", "ratio", "quartiles", "goal", "", "note")


class Line(NamedTuple):
    """One ratio, the quartiles around it, and the goal it is compared with, if there is one."""

    what: str
    ratio: float
    low: float
    high: float
    goal: float | None = None
    note: str = ""

    @classmethod
    def of(cls, what: str, row: measure.Row, goal: float | None = None, note: str = "") -> "Line":
        """Return the line for one row of a comparison: how many times as fast as the first candidate it is."""
        return cls(what, row.ratio, row.ratio_q1, row.ratio_q3, goal, note)


class Skipped(Exception):
    """Raised by a benchmark that cannot run here; its message says in one line what is missing."""


def table(lines: Iterable[Line]) -> str:
    """Return the lines as text under a heading, in columns as wide as they need to be.

    >>> print(table([Line("csr against dense", 1.5, 1.25, 1.75, goal=2.0, note="cold")]))
    what               ratio  quartiles     goal                  note
    csr against dense  1.50   1.25 to 1.75  2     misses by 25 %  cold
    """
    cells = [HEADING, *(_cells(line) for line in lines)]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    return "\n".join("  ".join(map(str.ljust, line, widths)).rstrip() for line in cells)


def _cells(line):
    spread = f"{line.low:.2f} to {line.high:.2f}"
    if line.goal is None:
        return line.what, f"{line.ratio:.2f}", spread, "", "", line.note
    verdict = "met" if line.ratio >= line.goal else f"misses by {1 - line.ratio / line.goal:.0%}".replace("%", " %")
    return line.what, f"{line.ratio:.2f}", spread, f"{line.goal:g}", verdict, line.note
