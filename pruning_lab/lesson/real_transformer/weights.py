"""Lesson 07: single weights of MiniLM's blocks removed, by rules that look at weights alone, at inputs, and repair."""

from copy import deepcopy

import torch

from pruning_lab import masks, models, prune, reconstruct
from pruning_lab.lesson.real_transformer.task import nouns
from pruning_lab.scores import magnitude_scores, wanda_scores

LAYERS = ("q", "k", "v", "o", "up", "down")  # of each block


def block_weights(model):
    """Return {name: weight} of the linear layers in the blocks: what the lesson prunes. The word table stays whole."""
    return {
        f"blocks.{n}.{name}.weight": block.get_submodule(name).weight
        for n, block in enumerate(model.blocks)
        for name in LAYERS
    }


def by_magnitude(model, sparsity, together="network"):
    """Return a copy whose smallest weights are gone.

    Args:
        model: MiniLM. sparsity: of the blocks' weights.
        together: which weights are compared with each other: those of the whole "network", of a "matrix" or of a "row".
    """
    scores = {name: magnitude_scores(weight) for name, weight in block_weights(model).items()}
    if together == "network":
        return masked(model, masks.mask_global(scores, sparsity))
    choose = {"matrix": masks.mask_unstructured, "row": mask_rows}[together]
    return masked(model, {name: choose(score, sparsity) for name, score in scores.items()})


def n_of_m_by_magnitude(model, n, m):
    """Return a copy that keeps the n largest of each m neighbours of a row."""
    return masked(model, {k: masks.mask_n_of_m(magnitude_scores(w), n, m) for k, w in block_weights(model).items()})


def mask_rows(scores, sparsity):
    """Keep the highest scores of each row, as many in every row.

    >>> mask_rows(torch.tensor([[1.0, 2.0], [8.0, 9.0]]), 0.5)
    tensor([[False,  True],
            [False,  True]])
    """
    columns = scores.shape[1]
    return masks.mask_n_of_m(scores, columns - round(sparsity * columns), columns)


def masked(model, keep):
    """Return a copy whose other weights are zero."""
    model = deepcopy(model)
    prune.apply_masks_(model, keep)
    return model


def block_by_block(model, change, texts=None):
    """Return a copy each of whose linear layers is changed by what it is fed: by the blocks before it, changed already.

    Args:
        model: MiniLM. change: function of a weight (out, in) and its inputs (samples, in) that returns a new weight.
        texts: to calibrate on; the 512 glosses of the data if None.
    """
    model = deepcopy(model)
    with torch.no_grad():
        batches = states(model, texts or nouns().calibration)
        for block in model.blocks:
            inputs = inputs_of(block, batches)
            for name in LAYERS:
                layer = block.get_submodule(name)
                layer.weight.data = change(layer.weight.data, inputs[name])
            batches = [(block(x, mask), mask) for x, mask in batches]
    return model


def states(model, texts):
    """Return what the first block is fed: a list of (x, mask), one for each batch of texts of like length."""
    ids, mask = models.wordpiece()(texts)
    batches = []
    for part in mask.sum(1).argsort(stable=True).split(64):
        longest = int(mask[part].sum(1).max())
        batches.append((look_up(model, ids[part, :longest]), mask[part, :longest]))
    return batches


def look_up(model, ids):
    """Return the rows that MiniLM's tables have for these pieces, (batch, places, dim)."""
    return model.norm(model.words(ids) + model.places.weight[: ids.shape[1]] + model.kinds.weight[0])


def inputs_of(block, batches):
    """Return {layer: its inputs (samples, in_features)} of a block's linear layers; empty places are left out."""
    seen = {name: [] for name in LAYERS}
    hooks = [block.get_submodule(name).register_forward_pre_hook(_note(seen[name])) for name in LAYERS]
    try:
        for x, mask in batches:
            block(x, mask)
    finally:
        for hook in hooks:
            hook.remove()
    full = torch.cat([mask.flatten() for _, mask in batches])
    return {name: torch.cat(rows)[full] for name, rows in seen.items()}


def _note(rows):
    return lambda _, args: rows.append(args[0].flatten(0, 1))


def by_wanda(model, sparsity, together="row", texts=None):
    """Return a copy pruned by Wanda: |w| times the norm of its input, compared within each "row", or "matrix"."""
    choose = {"matrix": masks.mask_unstructured, "row": mask_rows}[together]
    return block_by_block(model, lambda w, x: w * choose(wanda_scores(w, x), sparsity), texts)


def n_of_m_by_wanda(model, n, m, texts=None):
    """Return a copy that keeps n of each m neighbours, by Wanda's scores."""
    return block_by_block(model, lambda w, x: w * masks.mask_n_of_m(wanda_scores(w, x), n, m), texts)


def by_sparsegpt(model, texts=None, **chosen):
    """Return a copy pruned by SparseGPT: what a weight did, those to its right take over.

    Args:
        model: MiniLM. texts: to calibrate on. chosen: `sparsity=` or `n_of_m=`, as `reconstruct.sparsegpt` takes it.
    """
    return block_by_block(
        model, lambda w, x: reconstruct.sparsegpt(w, reconstruct.input_hessian(x), **chosen).weight, texts
    )
