"""The matrix of results: who notices what, in numbers and as a page of the site."""

import re
from itertools import groupby

from knockouts import sample
from knockouts.explained import EXPLAINED
from knockouts.results import CENSUS, KINDS, Results
from knockouts.swap import MODULES
from knockouts.table import pairs
from pruning_lab.plots.canvas import percent

NAMES = {"homework": "checks of homework", "anything": "anything that was asked"}


def matrix(results):
    """Return {(function, sabotage): {kind: Row}} for all of the table; of several rows the one that noticed."""
    found = {(function, sabotage.name): {} for function, sabotage in pairs()}
    for row in results.rows:
        cells = found.get((row.function, row.sabotage))
        if cells is not None and not (row.kind in cells and (cells[row.kind].noticed or not row.of)):
            cells[row.kind] = row
    return found


def survivors(found):
    """Return the sabotages that nothing notices which was asked."""
    return [pair for pair, cells in found.items() if not any(row.noticed for row in cells.values())]


def shares(found):
    """Return {kind: (noticed, asked)}; asked are the sabotages of functions that such a watcher calls."""
    counted = {}
    for kind in CENSUS:
        asked = [cells[kind] for cells in found.values() if kind in cells and cells[kind].of]
        counted[kind] = sum(bool(row.noticed) for row in asked), len(asked)
    return counted | {"anything": (len(found) - len(survivors(found)), len(found))}


def summary(results):
    """Return the shares in a few lines."""
    found = matrix(results)
    lines = [f"{len(found)} sabotages of {len({function for function, _ in found})} functions"]
    lines += [f"noticed by {kind:9} {seen} of {asked}" for kind, (seen, asked) in shares(found).items()]
    return "\n".join([*lines, sample.summary(results)])


def page(results=None):
    """Return the matrix in Markdown: shares, what nothing notices and why, then a table for each module."""
    results = results or Results()
    found = matrix(results)
    lines = ["| watched by | sabotages shown | noticed |", "|---|---|---|"]
    for kind, (seen, asked) in shares(found).items():
        if asked:
            lines.append(f"| {NAMES.get(kind, kind)} | {asked} of {len(found)} | {seen} ({percent(seen / asked)}) |")
    lines += ["", sample.page(results), "", "## What nothing notices", ""]
    lines += ["| function | sabotage | why that is so |", "|---|---|---|"] if survivors(found) else ["Nothing is left."]
    lines += [f"| `{f}` | {sabotage} | {EXPLAINED.get((f, sabotage), '')} |" for f, sabotage in survivors(found)]
    for module, group in groupby(sorted(found.items(), key=_place), key=_module):
        lines += ["", f"## {module}", "", _table(list(group))]
    return "\n".join(lines)


def _module(item):
    return item[0][0].partition(".")[0]


def _place(item):
    return MODULES.index(_module(item))


def _table(group):
    """Return the rows of a module: a function is named once, and its sabotages with the same watchers share a row."""
    rows = {}
    for (function, sabotage), cells in group:
        watchers = tuple(_watcher(cells.get(kind)) for kind in KINDS)
        rows.setdefault((function, watchers), []).append(sabotage)
    lines = ["| function | sabotage | test | lesson or homework, drawn | checks of homework |", "|---|---|---|---|---|"]
    before = ""
    for (function, watchers), sabotages in rows.items():
        name = f"`{function.partition('.')[2]}`" if function != before else ""
        lines.append(f"| {name} | {', '.join(sabotages)} | {' | '.join(watchers)} |")
        before = function
    return "\n".join(lines)


def _watcher(row):
    """Return who noticed, in short: nothing where nobody calls the function, a dash where nobody noticed."""
    if row is None or not row.of:
        return ""
    if not row.noticed:
        return "–"
    if homework := re.match(r"tests/homework/test_(hw\d)\.py::.*?(?:\[(q\d)|$)", row.noticed):
        return " ".join(filter(None, homework.groups()))
    if row.noticed.startswith("pruning_lab/"):
        return f"the example of `{row.noticed.rpartition('.')[2]}`"
    test = re.match(r"tests/(.*)\.py::(?:test_)?(\w+)", row.noticed)
    if test:
        return f"`{test[1]}`: {test[2].replace('_', ' ')}"
    return row.noticed.removeprefix("lesson ").replace(",", "")  # as in "03 csr-by-hand" or "hw1-masks q1"
