"""Print one table of ratios, each measured in one run, with its interquartile range and the goal beside it.

`python -m benchmarks` runs everything, `python -m benchmarks kernels` one module. A miss is printed, not an error.
"""

import os
import subprocess
import sys
from importlib import import_module
from importlib.metadata import version

MODULES = ("kernels", "formats", "global_mask", "widgets", "sweep")
SLOWING = ("OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE")  # these make NumPy pick a slower dense kernel
HEADING = ("what", "ratio", "quartiles", "goal", "", "note")


def main(names):
    unknown = [name for name in names if name not in MODULES]
    if unknown:
        sys.exit(f"There is no benchmark {unknown[0]!r}; choose from {', '.join(MODULES)}.")
    if found := [name for name in SLOWING if name in os.environ]:
        return _again_without(found, names)
    print(_conditions())
    modules = [import_module(f"benchmarks.{name}") for name in names or MODULES]
    rows = []
    for module in modules:
        print(f"measuring {module.__name__} ...", file=sys.stderr, flush=True)
        rows += module.rows()
    print(table(rows))


def _again_without(found, names):
    print(f"{' and '.join(found)} would slow NumPy: starting again without.", flush=True)
    environment = {name: value for name, value in os.environ.items() if name not in found}
    sys.exit(subprocess.call([sys.executable, "-m", "benchmarks", *names], env=environment))


def _conditions():
    from pruning_lab.lesson.session import processor_name  # imported here: the restart above should not wait for torch

    versions = ", ".join(f"{name} {version(name)}" for name in ("numpy", "scipy", "torch", "numba"))
    return f"{processor_name()}, one thread\nPython {sys.version.split()[0]}, {versions}"


def table(rows):
    """Return the rows as lines of text under a heading, in columns as wide as they need to be."""
    cells = [HEADING, *(_cells(row) for row in rows)]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    return "\n".join("  ".join(map(str.ljust, line, widths)).rstrip() for line in cells)


def _cells(row):
    spread, goal = f"{row['low']:.2f} to {row['high']:.2f}", row["goal"]
    if goal is None:
        return row["what"], f"{row['ratio']:.2f}", spread, "", "", row["note"]
    verdict = "met" if row["ratio"] >= goal else f"misses by {1 - row['ratio'] / goal:.0%}".replace("%", " %")
    return row["what"], f"{row['ratio']:.2f}", spread, f"{goal:g}", verdict, row["note"]


if __name__ == "__main__":
    main(sys.argv[1:])
