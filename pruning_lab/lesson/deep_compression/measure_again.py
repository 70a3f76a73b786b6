"""Three seeds of lesson 09's pipeline, measured anew and written where `experiments.measured` reads them.

`python -m pruning_lab.lesson.deep_compression.measure_again` runs every network, or those that are named behind it;
what was measured of the others stays. On a quiet core a seed takes one to two minutes, of LeNet-5 and VGG-small
about five. A run that is stopped goes on after the last whole seed when it is started again: until all seeds of a
network are done, they wait in the folder UNFINISHED, with their networks. Delete it when the code changes.

"MiniLM" stands for the layers of MiniLM, which are not pruned into files: see `minilm`.
"""

import json
import shutil
import sys
from functools import partial
from pathlib import Path

from pruning_lab import sweep
from pruning_lab.lesson.deep_compression import experiments, minilm

SEEDS = (0, 1, 2)
UNFINISHED = Path("build", "lesson-09")
METHODS = ("pipeline", "rival")
AGAINST = "dense, trained as long"  # of the two dense networks the one that had as many steps as the pruned one


def measure_again(networks):
    """Run every seed of these networks, choose on validation, read test once, and write it all."""
    old = experiments.measured()
    kept = {part: [row for row in old[part] if row["network"] not in networks] for part in ("rows", "test")}
    for network in networks:
        folder = UNFINISHED / network
        folder.mkdir(parents=True, exist_ok=True)
        one_seed = partial(_one_seed, folder=folder)
        runs = sweep.run(one_seed, sweep.product(network=[network], repeat=SEEDS), path=folder / "seeds.jsonl")
        rows = [row for run in runs for row in run["result"]]
        kept["rows"] += rows
        kept["test"] += [_chosen(rows, network, method, folder) for method in METHODS]
        experiments.MEASURED.write_text(json.dumps(kept, indent=1) + "\n", encoding="utf-8")
        shutil.rmtree(folder)


def _one_seed(network, repeat, seed, folder):
    """Run one seed: `repeat`, as it stands in the rows, and not the one that the sweep offers."""
    return experiments.compress_network(network, repeat, folder)


def _chosen(rows, network, method, folder):
    """Return what test says of the smallest file that loses little on validation; no line where all lose more."""
    try:
        line = experiments.chosen_on_validation(rows, network, method, against=AGAINST)
    except ValueError:
        return {"network": network, "method": method, "line": None, "seeds": []}
    seeds = experiments.read_test_once(rows, network, line, folder, method)
    return {"network": network, "method": method, "line": line, "seeds": seeds}


if __name__ == "__main__":
    named = sys.argv[1:] or [*experiments.NETWORKS, "MiniLM"]
    if "MiniLM" in named:
        minilm.measure_again()
    measure_again([name for name in named if name != "MiniLM"])
