"""How many glosses it takes to prune a layer of MiniLM, and whether looking at inputs helps there.

Each linear layer of each block by itself, half of each row gone, its inputs those of the whole network. What it does
to the layer's output is read on glosses that were used, and on others.
"""

import torch

from pruning_lab import data, masks, models, reconstruct
from pruning_lab.lesson.beyond_magnitude.experiments import Calibrated, output_error
from pruning_lab.models import wordpiece
from pruning_lab.scores import wanda_scores

LAYERS = tuple(f"blocks.{block}.{layer}" for block in range(6) for layer in ("q", "k", "v", "o", "up", "down"))
SIZES = (8, 32, 128, 512)
OTHERS = 256


def read_by(model, layer, texts):
    """Return what a layer reads, (pieces, in_features) in the order of the texts, and the pieces of each text."""
    ids, mask = wordpiece()(texts)
    read = []
    hook = model.get_submodule(layer).register_forward_pre_hook(lambda _, inputs: read.append(inputs[0][mask]))
    with torch.inference_mode():
        model(ids, mask)
    hook.remove()
    return read[0].double(), mask.sum(1)


def by_glosses(weight, inputs, others, sizes):
    """Prune half of each row of a layer, with the first of its inputs: a list of Calibrated, magnitude's first.

    Args:
        weight: (out_features, in_features), float64. inputs, others: (pieces, in_features), to prune with, to look at.
        sizes: {texts: pieces of them}.
    """
    half = weight.shape[1] // 2
    alone = weight * masks.mask_n_of_m(weight.abs(), half, weight.shape[1])
    found = [Calibrated("magnitude", 0, output_error(weight, alone, inputs), output_error(weight, alone, others))]
    for texts, pieces in sizes.items():
        some = inputs[:pieces]
        chosen = masks.mask_n_of_m(wanda_scores(weight, some), half, weight.shape[1])
        swept = reconstruct.sparsegpt(weight, reconstruct.input_hessian(some), sparsity=0.5).weight
        for method, new in {"Wanda": weight * chosen, "SparseGPT": swept}.items():
            found.append(Calibrated(method, texts, output_error(weight, new, some), output_error(weight, new, others)))
    return found


def measure_glosses(progress=lambda items: items):
    """Return the rows of all LAYERS: the layer, and what `by_glosses` found, to four digits."""
    model, nouns = models.minilm(), data.definitions()
    rows = []
    for layer in progress(LAYERS):
        inputs, pieces = read_by(model, layer, nouns.calibration)
        others, _ = read_by(model, layer, nouns.glosses[:OTHERS])
        sizes = {texts: int(pieces[:texts].sum()) for texts in SIZES}
        weight = model.get_submodule(layer).weight.detach().double()
        for one in by_glosses(weight, inputs, others, sizes):
            errors = {"inside": float(f"{one.inside:.4g}"), "outside": float(f"{one.outside:.4g}")}
            rows.append({"layer": layer, "method": one.method, "samples": one.samples} | errors)
    return rows
