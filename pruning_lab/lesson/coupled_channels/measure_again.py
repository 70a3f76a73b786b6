"""Three seeds of lesson 06's ResNet-20, measured anew and written where `experiments.measured` reads them.

`python -m pruning_lab.lesson.coupled_channels.measure_again` takes one to two minutes a seed on a quiet core.
"""

import json

import torch

from pruning_lab.lesson.coupled_channels import experiments
from pruning_lab.progress import bar

SEEDS = (0, 1, 2)


def measure_again():
    """Run every seed, on one thread, and write the rows as they come."""
    torch.set_num_threads(1)
    rows = []
    for seed in bar(SEEDS):
        rows += experiments.one_seed(seed)
        experiments.MEASURED.write_text(json.dumps(rows, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    measure_again()
