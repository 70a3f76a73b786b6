"""What lesson 08 measured beforehand, measured anew and written where `experiments.measured` reads it.

`python -m pruning_lab.lesson.beyond_magnitude.measure_again` runs all parts, or those named after it: "lite0" and
"heads", a minute or two each on a quiet core, "glosses", some five minutes, and "lottery", two to three minutes a seed.
What was measured of the other parts stays.
"""

import json
import sys

import torch

from pruning_lab.lesson.beyond_magnitude import experiments, glosses, heads, lite0, lottery
from pruning_lab.progress import bar

SEEDS = (0, 1, 2)
AT_ONCE = 0.9  # sparsity of the controls
IN_ROUNDS = {0.95: 5, 0.98: 7}  # sparsity: rounds


def measure_again(parts):
    """Run the parts, on one thread, and write the rows as they come."""
    torch.set_num_threads(1)
    found = experiments.measured() if experiments.MEASURED.exists() else {}
    if "lite0" in parts:
        found["lite0"] = lite0.measure_turns(bar)
        _write(found)
    if "heads" in parts:
        found["heads"] = heads.measure_heads(bar)
        _write(found)
    if "glosses" in parts:
        found["glosses"] = glosses.measure_glosses(bar)
        _write(found)
    if "lottery" in parts:
        found |= {"one-shot": [], "iterative": []}
        for seed in bar(SEEDS):
            for sparsity, rounds in IN_ROUNDS.items():
                accuracy = lottery.iterative(seed, sparsity, rounds)
                found["iterative"].append({"seed": seed, "sparsity": sparsity, "accuracy": accuracy})
            accuracy = lottery.one_shot(seed, AT_ONCE)
            found["one-shot"].append({"seed": seed, "sparsity": AT_ONCE, "accuracy": accuracy})
            _write(found)


def _write(found):
    experiments.MEASURED.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    measure_again(sys.argv[1:] or ["lite0", "heads", "glosses", "lottery"])
