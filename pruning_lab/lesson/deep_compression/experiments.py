"""Lesson 09's experiments: networks through the whole pipeline, down to the file that is loaded and judged.

A run trains a network, prunes it step by step while it goes on training, shares its weights, retrains the codebooks,
writes the file, loads it, and evaluates what came out of the file. Choices are made on validation; the networks stay in
a folder, so that test can be read once, at the end, for what was chosen.
"""

import itertools
import json
import lzma
import math
from functools import cache
from pathlib import Path

import numpy as np
import safetensors.torch
import torch

from pruning_lab import compress, data, masks, models, prune, train
from pruning_lab.schedules import cubic_sparsity

NETWORKS = {"LeNet-300-100": models.lenet_300_100, "LeNet-5": models.lenet5, "VGG-small": models.vgg_small}
EPOCHS = {"LeNet-300-100": 10, "LeNet-5": 6, "VGG-small": 5}
PRUNING_EPOCHS = {"LeNet-300-100": 20, "LeNet-5": 8, "VGG-small": 6}
CODEBOOK_EPOCHS, CODEBOOK_RATE = 2, 1e-3
BATCH, PRUNE_EVERY = 100, 10
SPARSITIES = {"LeNet-300-100": (0.9, 0.93, 0.95), "LeNet-5": (0.9, 0.93, 0.95), "VGG-small": (0.7, 0.8, 0.9)}
BITS = (2, 3, 4)
LAST_LAYER_BITS = 4  # at least: it is small, and what it rounds nothing after it can repair
MEASURED = Path(__file__).with_name("measured.json")  # three seeds take too long for a lesson: see `measure_again`
LEVELS = {4: 7, 3: 3}  # of the rival: integers from -levels to levels


def compress_network(network, seed, folder, sparsities=None, bits=BITS):
    """Take one network through the pipeline at every sparsity and number of bits; return a row for each file.

    Args:
        network: one of NETWORKS.
        seed: of its first weights and of the shuffling.
        folder: where networks and files are kept, for `read_test_once`.
        sparsities, bits: what is tried, each with each; None tries SPARSITIES of this network.

    Returns:
        list of dicts: network, seed, method ("dense", "dense, trained as long", "pruned", "pipeline" or "rival"),
        sparsity, bits, bytes, and validation, the accuracy in [0, 1] of the network that comes out of the file.
    """
    dense = trained(network, seed)
    rows = [_row(network, seed, "dense", 0.0, 32, dense, 4 * _entries(dense), folder)]
    longer = trained_longer(network, dense, seed)
    rows.append(_row(network, seed, "dense, trained as long", 0.0, 32, longer, 4 * _entries(longer), folder))
    for sparsity in sparsities or SPARSITIES[network]:
        model = fresh_copy(network, dense)
        kept = prune_gradually(model, network, sparsity, seed)
        rows.append(_row(network, seed, "pruned", sparsity, 32, model, csr_bytes(model, kept), folder))
        rows += [_through_a_file(network, seed, sparsity, number, model, kept, folder) for number in bits]
        rows += [_by_the_rival(network, seed, sparsity, number, model, kept, folder) for number in LEVELS]
    return rows


def trained(network, seed, epochs=None, progress=False):
    """Return a dense network, trained from scratch for its EPOCHS or for as many as asked for."""
    torch.manual_seed(seed)
    model = NETWORKS[network]()
    options = {"epochs": epochs or EPOCHS[network], "batch_size": BATCH, "seed": seed, "progress": progress}
    train.fit(model, images("train"), **options)
    return model


def trained_longer(network, dense, seed):
    """Return a copy of a dense network after the steps that a pruned one gets, without the pruning: the fair rival."""
    model = fresh_copy(network, dense)
    train.fit(model, images("train"), epochs=PRUNING_EPOCHS[network], batch_size=BATCH, seed=seed, progress=False)
    return model


def fresh_copy(network, model):
    """Return a new network with the same weights."""
    copy = NETWORKS[network]()
    copy.load_state_dict(model.state_dict())
    return copy


@cache
def images(split):
    """Return the images and labels of one split, the same tensors each time.

    >>> images("validation")[0].shape
    torch.Size([2000, 1, 28, 28])
    """
    return data.fashion_mnist(split)


def prune_gradually(model, network, sparsity, seed, epochs=None, progress=False):
    """Prune `model` in place, a little every few steps of the first half of a second training; return the masks."""
    epochs = epochs or PRUNING_EPOCHS[network]
    steps = epochs * math.ceil(len(images("train")[1]) / BATCH)
    held, weights, count = {}, prune.prunable_weights(model), itertools.count(1)

    def prune_up_to(step):
        due = cubic_sparsity(step, start=0, stop=steps // 2, target=sparsity)
        prune.apply_masks_(model, held)  # the step just taken has moved the zeros: they must not outrank a survivor
        held.update(masks.mask_global(weights, due, by_magnitude=True))

    def prune_when_due():
        if (step := next(count)) % PRUNE_EVERY == 0 and step <= steps // 2:
            prune_up_to(step)

    prune_up_to(0)
    options = {"epochs": epochs, "batch_size": BATCH, "seed": seed, "progress": progress}
    train.fit(model, images("train"), masks=held, after_step=prune_when_due, **options)
    return held


def bits_by_name(kept, bits):
    """Return {parameter name: bits}: the last layer has at least LAST_LAYER_BITS.

    >>> bits_by_name({"fc1.weight": None, "fc2.weight": None}, 2)
    {'fc1.weight': 2, 'fc2.weight': 4}
    """
    by_name = dict.fromkeys(kept, bits)
    by_name[list(kept)[-1]] = max(bits, LAST_LAYER_BITS)
    return by_name


def share_and_retrain(model, kept, bits, seed, start="linear", epochs=CODEBOOK_EPOCHS):
    """Let the survivors of a pruned `model` share 2**bits values a layer, in place, and train those values."""
    bits = bits_by_name(kept, bits)
    shared = {name: compress.share_weights(model.get_parameter(name), kept[name], bits[name], start) for name in kept}
    with compress.hold_shared(model, shared):
        if epochs:
            options = {"epochs": epochs, "learning_rate": CODEBOOK_RATE, "batch_size": BATCH, "seed": seed}
            train.fit(model, images("train"), progress=False, **options)


def csr_bytes(model, kept):
    """Return the bytes of a pruned network with its weights as CSR, columns in uint16, and the rest in float32."""
    total = 4 * (_entries(model) - sum(mask.numel() for mask in kept.values()))
    for mask in kept.values():
        total += int(mask.sum()) * (4 + 2) + 8 * (mask.shape[0] + 1)
    return total


def two_line_rival(model, kept, bits):
    """Round a pruned `model` in place to integers of so many bits and return the bytes of them under lzma.

    One scale a layer, at which the survivors' squared error is least: a scale by the largest weight would waste most of
    the integers. Biases and scales are counted as float16.
    """
    codes = []
    for name in kept:
        weight = model.get_parameter(name).detach()
        scale = best_scale(weight[kept[name]].numpy(), LEVELS[bits])
        codes.append((weight / scale).round().clamp(-LEVELS[bits], LEVELS[bits]).to(torch.int8))
        weight.copy_(codes[-1] * scale)
    text = b"".join(code.numpy().tobytes() for code in codes)
    biases = _entries(model) - sum(code.numel() for code in codes)
    return len(lzma.compress(text, preset=9 | lzma.PRESET_EXTREME)) + 2 * (biases + len(codes))


def best_scale(survivors, levels, tried=60):
    """Return the scale at which rounding to integers in [-levels, levels] leaves the least squared error.

    >>> round(best_scale(np.array([-2.0, -1.0, 1.0, 2.0]), levels=2), 2)
    1.0
    """
    scales = np.abs(survivors).max() / levels * np.geomspace(0.1, 1, tried)
    errors = [((np.clip(np.round(survivors / s), -levels, levels) * s - survivors) ** 2).sum() for s in scales]
    return float(scales[int(np.argmin(errors))])


def _through_a_file(network, seed, sparsity, bits, pruned, kept, folder):
    model = fresh_copy(network, pruned)
    share_and_retrain(model, kept, bits, seed)
    path = Path(folder) / f"{network}-{seed}-{sparsity}-{bits}.pruned"
    compress.save_compressed(model, kept, path, bits_by_name(kept, bits))
    loaded = compress.load_compressed(path, model)
    return _row(network, seed, "pipeline", sparsity, bits, loaded, path.stat().st_size, folder)


def _by_the_rival(network, seed, sparsity, bits, pruned, kept, folder):
    model = fresh_copy(network, pruned)
    size = two_line_rival(model, kept, bits)
    return _row(network, seed, "rival", sparsity, bits, model, size, folder)


def _row(network, seed, method, sparsity, bits, model, size, folder):
    row = {"network": network, "seed": seed, "method": method, "sparsity": sparsity, "bits": bits, "bytes": size}
    safetensors.torch.save_file(model.state_dict(), _file(row, folder))
    return row | {"validation": train.evaluate(model, images("validation"))}


def _file(row, folder):
    names = ("network", "seed", "method", "sparsity", "bits")
    return Path(folder) / "-".join([*(str(row[name]) for name in names), "network.safetensors"])


def _entries(model):
    return sum(tensor.numel() for tensor in model.state_dict().values())


def measured():
    """Return what three seeds came to: "rows", those of `compress_network`, and "test", read once for what was chosen.

    Where no file of a network suits, what was read has no "line" (None) and no "seeds".

    >>> [read["method"] for read in measured()["test"] if read["network"] == "LeNet-300-100"]
    ['pipeline', 'rival']
    """
    return json.loads(MEASURED.read_text(encoding="utf-8"))


def frontier(rows, network, method, against="dense"):
    """Return a line for each sparsity and number of bits: means over the seeds, and their range.

    Args:
        rows: what `compress_network` returned, of all seeds together.
        network, method: as in the rows.
        against: the method that accuracy is compared with, "dense" or "dense, trained as long".

    Returns:
        list of dicts: sparsity, bits, ratio (times smaller than dense float32), and change, low and high: validation
        accuracy less that of `against` with the same seed, in points. The largest ratio comes last.
    """
    dense = {row["seed"]: row for row in rows if row["network"] == network and row["method"] == against}
    lines: dict[tuple, list] = {}
    for row in rows:
        if row["network"] == network and row["method"] == method:
            lines.setdefault((row["sparsity"], row["bits"]), []).append(row)
    made = [_line(where, found, dense) for where, found in lines.items()]
    return sorted(made, key=lambda line: line["ratio"])


def _line(where, found, dense):
    ratios = [dense[row["seed"]]["bytes"] / row["bytes"] for row in found]
    changes = [100 * (row["validation"] - dense[row["seed"]]["validation"]) for row in found]
    return {
        "sparsity": where[0],
        "bits": where[1],
        "ratio": float(np.mean(ratios)),
        "change": float(np.mean(changes)),
        "low": min(changes),
        "high": max(changes),
    }


def chosen_on_validation(rows, network, method="pipeline", points=0.5, against="dense"):
    """Return the line of the smallest files that lose at most `points` on validation, in the mean over the seeds."""
    good = [line for line in frontier(rows, network, method, against) if line["change"] >= -points]
    if not good:
        raise ValueError(f"rows must hold a file that loses at most {points} points; got none of {network}")
    return good[-1]


def read_test_once(rows, network, line, folder, method="pipeline"):
    """Return test accuracies for one line of the frontier, by seed: dense, dense trained as long, compressed."""
    where = {"network": network, "method": method, "sparsity": line["sparsity"], "bits": line["bits"]}
    found = [row for row in rows if all(row[name] == value for name, value in where.items())]
    return [
        {
            "seed": row["seed"],
            "dense": _test_of(row | {"method": "dense", "sparsity": 0.0, "bits": 32}, folder),
            "longer": _test_of(row | {"method": "dense, trained as long", "sparsity": 0.0, "bits": 32}, folder),
            "compressed": _test_of(row, folder),
            "bytes": row["bytes"],
        }
        for row in found
    ]


def _test_of(row, folder):
    model = NETWORKS[row["network"]]()
    model.load_state_dict(safetensors.torch.load_file(_file(row, folder)))
    return train.evaluate(model, images("test"))
