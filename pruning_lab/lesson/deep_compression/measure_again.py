"""Three seeds of lesson 09's pipeline, measured anew and written where `experiments.measured` reads them.

`python -m pruning_lab.lesson.deep_compression.measure_again` takes one to two minutes a seed on a quiet core.
"""

import json
import tempfile

from pruning_lab.lesson.deep_compression import experiments
from pruning_lab.progress import bar

SEEDS = (0, 1, 2)
NETWORKS = ("LeNet-300-100",)
METHODS = ("pipeline", "rival")
AGAINST = "dense, trained as long"  # of the two dense networks the one that had as many steps as the pruned one


def measure_again():
    """Run every network and seed, choose on validation, read test once, and write it all."""
    rows, test = [], []
    with tempfile.TemporaryDirectory() as folder:
        for network, seed in bar([(network, seed) for network in NETWORKS for seed in SEEDS]):
            rows += experiments.compress_network(network, seed, folder)
        for network in NETWORKS:
            for method in METHODS:
                line = experiments.chosen_on_validation(rows, network, method, against=AGAINST)
                seeds = experiments.read_test_once(rows, network, line, folder, method)
                test.append({"network": network, "method": method, "line": line, "seeds": seeds})
    experiments.MEASURED.write_text(json.dumps({"rows": rows, "test": test}, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    measure_again()
