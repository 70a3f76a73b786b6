"""Three seeds of lesson 09's pipeline, measured anew and written where `experiments.measured` reads them.

`python -m pruning_lab.lesson.deep_compression.measure_again` runs every network, or those that are named behind it;
what was measured of the others stays. On a quiet core a seed takes one to two minutes, of LeNet-5 and VGG-small
about five.
"""

import json
import sys
import tempfile

from pruning_lab.lesson.deep_compression import experiments
from pruning_lab.progress import bar

SEEDS = (0, 1, 2)
METHODS = ("pipeline", "rival")
AGAINST = "dense, trained as long"  # of the two dense networks the one that had as many steps as the pruned one


def measure_again(networks):
    """Run every seed of these networks, choose on validation, read test once, and write it all."""
    old = experiments.measured()
    kept = {part: [row for row in old[part] if row["network"] not in networks] for part in ("rows", "test")}
    for network in networks:
        with tempfile.TemporaryDirectory() as folder:
            rows = [row for seed in bar(SEEDS) for row in experiments.compress_network(network, seed, folder)]
            kept["rows"] += rows
            kept["test"] += [_chosen(rows, network, method, folder) for method in METHODS]
        experiments.MEASURED.write_text(json.dumps(kept, indent=1) + "\n", encoding="utf-8")


def _chosen(rows, network, method, folder):
    """Return what test says of the smallest file that loses little on validation; no line where all lose more."""
    try:
        line = experiments.chosen_on_validation(rows, network, method, against=AGAINST)
    except ValueError:
        return {"network": network, "method": method, "line": None, "seeds": []}
    seeds = experiments.read_test_once(rows, network, line, folder, method)
    return {"network": network, "method": method, "line": line, "seeds": seeds}


if __name__ == "__main__":
    measure_again(sys.argv[1:] or list(experiments.NETWORKS))
