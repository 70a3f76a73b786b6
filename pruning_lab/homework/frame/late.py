"""What a late submission costs: a small table that the grader applies, with the extensions that were granted.

due = 2026-11-20T23:59:00+01:00   # where the download says when a submission came, as Gradescope's does

[late]              # days late, when those granted are taken off: share of the points that goes
1 = 0.1
3 = 0.3
7 = 1

[granted]           # days, by the student's name, id or number
"doejane_1234" = 2

[days]              # days late where the download cannot say: Canvas says only that it was late
"Ann Lee" = 2
"""

import tomllib
from collections.abc import Mapping
from datetime import datetime
from math import ceil
from pathlib import Path
from types import MappingProxyType
from typing import NamedTuple

from pruning_lab.homework.frame.text import line

NO_ONE: Mapping = MappingProxyType({})
TABLES = {"late", "granted", "days"}


class Late(NamedTuple):
    """How late a submission came. `days` is None where it was late and nobody has said by how much."""

    days: int | None = 0
    granted: int = 0
    share: float = 0  # of the points that goes

    def __str__(self):
        """Say it to the student."""
        if self.days is None:
            return "Handed in late."
        granted = f", {self.granted} of them granted" if self.granted else ""
        takes = f": {100 * self.share:g} % of the points go" if self.share else ""
        return f"{self.days} {'day' if self.days == 1 else 'days'} late{granted}{takes}."


class Policy(NamedTuple):
    """What lateness costs: `shares` holds (days, share) in rising order."""

    due: datetime | None = None
    shares: tuple = ()
    granted: Mapping = NO_ONE
    days: Mapping = NO_ONE

    def late(self, names, origin):
        """Return what is `Late` of a submission, None where nothing is.

        Args:
            names: all that the student goes by: name, id, number.
            origin: `downloads.Origin` of the submission, or None.
        """
        days = _of(self.days, names)
        came = origin.handed_in if origin else None
        if days is None and came and self.due:
            days = max(0, ceil((came - _comparable(self.due, came)).total_seconds() / 86_400))
        if days is None and not (origin and origin.late):
            return None
        if days is None:
            return Late(None)
        granted = _of(self.granted, names) or 0
        after = days - granted
        share = max([share for least, share in self.shares if after >= least], default=0) if after > 0 else 0
        return Late(days, granted, share) if days else None


def _comparable(due, came):
    return due if (due.tzinfo is None) == (came.tzinfo is None) else due.replace(tzinfo=came.tzinfo)


def _of(table, names):
    wanted = {name.casefold() for name in names if name}
    return next((days for name, days in table.items() if name.casefold() in wanted), None)


def read_policy(path: Path) -> Policy:
    """Read the table.

    Raises:
        FileNotFoundError: there is no such file.
        ValueError: it is not such a table.
    """
    path = Path(path)
    if not path.is_file():
        raise FileNotFoundError(f"POLICY must be a table in TOML, as the homework's README shows it; got {path}")
    try:
        told = tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ValueError(f"POLICY must be a table in TOML; got {path} ({line(error)})") from None
    if unknown := told.keys() - TABLES - {"due"}:
        raise ValueError(
            f"POLICY must have nothing but due, [late], [granted] and [days]; got {sorted(unknown)} in {path}"
        )
    tables = {name: told.get(name, {}) for name in TABLES}
    if flat := [name for name, table in tables.items() if not isinstance(table, dict)]:
        raise ValueError(f"POLICY must have [{flat[0]}] as a table; got {told[flat[0]]!r} in {path}")
    shares = sorted(
        (_number(days, "days", 1, 1000), _number(share, days, 0, 1)) for days, share in tables["late"].items()
    )
    granted, days = (
        {who: _number(each, who, 0, 1000) for who, each in tables[name].items()} for name in ("granted", "days")
    )
    due = told.get("due")
    if due is not None and not isinstance(due, datetime):
        raise ValueError(f"due must be a day and a time, as 2026-11-20T23:59:00+01:00; got {due}")
    return Policy(due, tuple(shares), granted, days)


def _number(value, name, least, most):
    try:
        number = float("nan") if isinstance(value, bool) else float(value)
    except (TypeError, ValueError):
        number = float("nan")
    if not least <= number <= most:
        raise ValueError(f"{name} must be a number in [{least}, {most}]; got {value!r}")
    return number if isinstance(value, float) else int(number) if float(number).is_integer() else number
