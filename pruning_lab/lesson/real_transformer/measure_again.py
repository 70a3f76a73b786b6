"""Lesson 07's networks, pruned and measured anew; written where `results.measured` reads them.

`python -m pruning_lab.lesson.real_transformer.measure_again [PART ...]` measures all parts, or those that are named:
weights, structure, grid, activations, times. All of them take about half an hour on a quiet core. Each part replaces
its own rows and leaves the others. The seconds behind `times` need a machine that does nothing else.
"""

import json
import sys

import torch

from pruning_lab import models
from pruning_lab.lesson.real_transformer import activations, results, structure, task, weights
from pruning_lab.progress import bar

SPARSITIES = (0.3, 0.5, 0.6, 0.7)
PATTERNS = ((2, 4),)
TOGETHER = ("network", "matrix", "row")
HEADS = (0, 1, 3, 6)  # of 12, gone from each block
WIDTH = (0, 2, 4, 8, 12)  # sixteenths, gone from each block
BLOCKS = ((0,), (1,), (2,), (3,), (4,), (5,), (2, 3), (1, 3), (3, 4), (1, 2, 3))
SHARES = (0.5, 0.7, 0.9)
TIMED = [
    *({"heads": heads, "width": 0} for heads in (3, 6)),
    *({"heads": 0, "width": width} for width in (4, 8, 12)),
    *({"blocks": gone} for gone in ([2], [2, 3], [1, 2, 3])),
]


def by_weights(model):
    """Yield (what names a row, its network) for every rule that removes single weights."""
    for sparsity in SPARSITIES:
        for together in TOGETHER:
            yield (
                {"rule": "magnitude", "together": together, "sparsity": sparsity},
                lambda s=sparsity, t=together: weights.by_magnitude(model, s, t),
            )
        for together in TOGETHER[1:]:
            yield (
                {"rule": "Wanda", "together": together, "sparsity": sparsity},
                lambda s=sparsity, t=together: weights.by_wanda(model, s, t),
            )
        yield (
            {"rule": "SparseGPT", "together": "block", "sparsity": sparsity},
            lambda s=sparsity: weights.by_sparsegpt(model, sparsity=s),
        )
    for n, m in PATTERNS:
        named = {"together": f"{n}:{m}", "sparsity": 1 - n / m}
        yield {"rule": "magnitude", **named}, lambda n=n, m=m: weights.n_of_m_by_magnitude(model, n, m)
        yield {"rule": "Wanda", **named}, lambda n=n, m=m: weights.n_of_m_by_wanda(model, n, m)
        yield {"rule": "SparseGPT", **named}, lambda n=n, m=m: weights.by_sparsegpt(model, n_of_m=(n, m))


def by_structure(model):
    """Yield (what names a row, its network) for blocks that are gone."""
    for gone in BLOCKS:
        yield {"blocks": list(gone)}, lambda gone=gone: structure.without_blocks(model, gone)


def by_grid(model):
    """Yield (what names a row, its network) for every pair of heads and width that are gone."""
    scores, groups = structure.unit_scores(model), structure.groups_of(model)
    for heads in HEADS:
        for width in WIDTH:
            yield (
                {"heads": heads, "width": width},
                lambda h=heads, w=width: structure.without_units(model, scores, groups, h / 12, w / 16),
            )


def by_activations(model):
    """Yield (what names a row, its network) for shares of the feed-forward's values that are set to zero."""
    for share in SHARES:
        yield {"zeros": share}, lambda share=share: activations.with_zeros(model, share)


PARTS = {"weights": by_weights, "structure": by_structure, "grid": by_grid, "activations": by_activations}


def measured_rows(model, whole, part):
    """Return the rows of one part: what names each, its four measures with intervals, its size."""
    rows = []
    for named, make in bar(list(PARTS[part](model))):
        network = make()
        rows.append(named | results.row(task.score(task.embeddings(network), whole), network))
    return rows


def timed(model):
    """Return what names each network of `TIMED`, and how many times as fast as the whole one it is, with quartiles.

    Of one text of 16 pieces: what somebody waits for who types a question.
    """
    scores, groups = structure.unit_scores(model), structure.groups_of(model)

    def made(blocks=(), heads=0, width=0):
        if blocks:
            return structure.without_blocks(model, blocks)
        return structure.without_units(model, scores, groups, heads / 12, width / 16)

    named = {str(what): what for what in TIMED} | {"whole, again": {}}
    networks = {"whole": model} | {name: made(**what) for name, what in named.items()}
    comparison = results.compared(networks, texts=1, repeats=60)
    return [what | {"faster": results.ratio_of(comparison[name])} for name, what in named.items()]


def measure_again(parts):
    """Measure these parts on one thread, and write each as soon as it is there."""
    torch.set_num_threads(1)
    model = models.minilm()
    whole = task.embeddings(model)
    found = results.measured() if results.MEASURED.exists() else {}
    found["whole"] = results.row(task.score(whole, whole), model)
    for part in parts:
        found[part] = timed(model) if part == "times" else measured_rows(model, whole, part)
        results.MEASURED.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    measure_again(sys.argv[1:] or [*PARTS, "times"])
