"""Print one table of ratios, each measured in one run, with its interquartile range and the goal beside it.

`python -m benchmarks` runs everything, `python -m benchmarks kernels` one module. A missed goal
is printed; it is not an error. A module that cannot run here is skipped, with one line that says what it needs.
"""

import os
import subprocess
import sys
from collections.abc import Sequence
from importlib import import_module
from importlib.metadata import version

MODULES = ("kernels", "formats", "global_mask", "channels", "audit", "widgets", "sweep")
SLOWING = ("OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE")  # these make NumPy pick a slower dense kernel


def main(names: Sequence[str]) -> None:
    """Measure the named modules, or all of them, and print the table."""
    unknown = [name for name in names if name not in MODULES]
    if unknown:
        sys.exit(f"There is no benchmark {unknown[0]!r}; choose from {', '.join(MODULES)}.")
    if found := [name for name in SLOWING if name in os.environ]:
        return _restart_without(found, names)
    _measure(names or MODULES)


def _measure(names):
    from benchmarks.table import Skipped, table  # imported here: the restart above should not wait for torch

    print(_conditions())
    lines = []
    for module in [import_module(f"benchmarks.{name}") for name in names]:
        print(f"measuring {module.__name__} ...", file=sys.stderr, flush=True)
        try:
            lines += module.rows()
        except Skipped as reason:
            print(f"{module.__name__} is skipped: {reason}", flush=True)
    print(table(lines))


def _restart_without(found, names):
    print(f"{' and '.join(found)} would slow NumPy: starting again without.", flush=True)
    environment = {name: value for name, value in os.environ.items() if name not in found}
    sys.exit(subprocess.call([sys.executable, "-m", "benchmarks", *names], env=environment))


def _conditions():
    from pruning_lab.lesson.frame.session import processor_name

    versions = ", ".join(f"{name} {version(name)}" for name in ("numpy", "scipy", "torch", "numba"))
    return f"{processor_name()}, one thread\nPython {sys.version.split()[0]}, {versions}"


if __name__ == "__main__":
    main(sys.argv[1:])
