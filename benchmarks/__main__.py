"""Print one table of ratios, each measured in one run, with its interquartile range and the goal beside it."""

import sys
from importlib import import_module

MODULES = ("formats", "global_mask")


def line(row):
    goal = row["goal"]
    verdict = "" if goal is None else "met" if row["ratio"] >= goal else f"misses by {1 - row['ratio'] / goal:.0%}"
    wanted = "-" if goal is None else f"{goal:g}"
    spread = f"{row['low']:.2f} to {row['high']:.2f}"
    return f"{row['what']:<70} {row['ratio']:>8.2f}  {spread:<20} {wanted:>5}  {verdict}  {row['note']}"


if __name__ == "__main__":
    print(f"{'what':<70} {'ratio':>8}  {'IQR':<20} {'goal':>5}")
    for name in sys.argv[1:] or MODULES:
        for row in import_module(f"benchmarks.{name}").rows():
            print(line(row), flush=True)
