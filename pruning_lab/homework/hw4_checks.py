"""hw4-budget: how the network in the file that was handed in is checked. Reading the file runs no code of it.

Points, texts, solutions and hidden tests stand in notebooks/homework/hw4-budget.ipynb. The file holds:

network.safetensors         layers fc1, fc2, ... with a ReLU between each two; for each of them
fcN.shape   (2,) integers   (out_features, in_features)
fcN.bias    (out_features,) float32 or float16
fcN.values  float32 or float16: all weights row by row, or with a mask those that are kept
fcN.mask    uint8, optional: one bit for each weight row by row, the first in the highest bit; 1 keeps
fcN.codes, fcN.codebook     instead of values: uint8, and the floats that they number
"""

from functools import lru_cache, partial
from itertools import count

import numpy as np
import torch
from safetensors.numpy import load
from torch import nn

from pruning_lab import data, measure, models
from pruning_lab.homework.frame import budget
from pruning_lab.homework.frame.budget import rank  # noqa: F401 (what the leaderboard sorts by)

FILE = "network.safetensors"
BUDGET = 20_000  # bytes of the file; the dense network's weights alone take 1,066,440
LATENCY_RATIO = 2.0  # times as fast as the dense LeNet-300-100
BATCH = 64
MOST_WEIGHTS = 1_000_000  # of all layers; within the budget there are at most 160,000, at one bit each
WIDEST = BUDGET // 2  # outputs of a layer: the bias of each takes two bytes
FORMATS = {**budget.FORMATS, "latency ratio": "{:.2f}"}  # of the leaderboard's columns
FLOATS, INTEGERS = ("float32", "float16"), ("int64", "int32", "uint16", "uint8")


def check_file(files):
    """The file holds a network that takes images of 28 x 28 and returns ten logits."""
    read_network(files)


def check_budget(files):
    """The file, every byte of it, is within the budget."""
    read_network(files)
    budget.check_bytes(files, FILE, BUDGET)


def check_latency(files):
    """The network, its zeros multiplied like any number, is faster than the dense one, in the best of three tries."""
    network = read_network(files)
    ratio = latency_ratio(network)
    for _ in range(2):
        ratio = max(ratio, latency_ratio(network) if ratio < LATENCY_RATIO else 0)
    assert ratio >= LATENCY_RATIO, (
        f"{ratio:.2f} times as fast as the dense network at batch {BATCH}; {LATENCY_RATIO} is required. "
        "Only smaller shapes are faster here"
    )


def check_accuracy(files, least, split):
    """Within both limits, at least this share of the images is classified correctly."""
    limits = [partial(limit, files) for limit in (check_budget, check_latency)]
    budget.check_accuracy(read_network(files), limits, least, split)


def figures(files):
    """Return what the leaderboard shows: accuracy on test, bytes, latency ratio and whether both limits are kept."""
    network, size = read_network(files), len(files[FILE])
    ratio, seen = latency_ratio(network), budget.on_test(network)
    return {
        "accuracy": seen["accuracy"],
        "bytes": size,
        "latency ratio": ratio,
        "within": size <= BUDGET and ratio >= LATENCY_RATIO,
        "images": seen["images"],
    }


def latency_ratio(network):
    """Return how many times as fast as the dense LeNet-300-100 a network is, both timed in turn on one thread."""
    dense, (images, _) = models.lenet_300_100(), data.fashion_mnist("validation")
    batch = images[:BATCH]
    with torch.inference_mode():
        timed = measure.compare({"dense": partial(dense, batch), "yours": partial(network, batch)})
    return timed["yours"].ratio


def read_network(files):
    """Return the file's network as dense layers.

    Raises:
        AssertionError: what is wrong with the file, for the student.
    """
    return _network(budget.content_of(files, FILE))


@lru_cache(8)
def _network(content):
    tensors = budget.tensors_of(content, FILE, load)
    network, inputs, unused, room = nn.Sequential(nn.Flatten()), 784, set(tensors), MOST_WEIGHTS
    for number in count(1):
        parts = {name.partition(".")[2]: array for name, array in tensors.items() if name.startswith(f"fc{number}.")}
        if not parts:
            break
        network.append(layer := _layer(parts, f"fc{number}", inputs, room))
        network.append(nn.ReLU())
        room -= layer.weight.numel()
        inputs, unused = layer.out_features, unused - {f"fc{number}.{part}" for part in parts}
    assert not unused, f"tensors that belong to no layer: {sorted(unused)}; layers are fc1, fc2, and so on"
    assert inputs == 10 and len(network) > 1, f"the last layer must have 10 outputs; got {inputs}"  # noqa: PT018
    return network[:-1]


def _layer(parts, name, inputs, room):
    unknown = parts.keys() - {"shape", "bias", "values", "mask", "codes", "codebook"}
    assert not unknown, f"{name} must not have {sorted(unknown)}"
    shape = tuple(int(size) for size in _array(parts, name, "shape", INTEGERS, 2))
    assert min(shape) > 0, f"{name}.shape must be above 0; got {shape}"
    assert shape[1] == inputs, f"{name} must take {inputs} inputs; its shape is {shape}"
    assert shape[0] <= WIDEST, f"{name} must have at most {WIDEST:,} outputs; got shape {shape}"
    assert shape[0] * shape[1] <= room, (
        f"all layers must have at most {MOST_WEIGHTS:,} weights; {name} has shape {shape}"
    )
    stays = _mask(parts, name, shape[0] * shape[1])
    weight = np.zeros(stays.size, np.float32)
    weight[stays] = _values(parts, name, int(stays.sum()))
    layer = nn.Linear(inputs, shape[0])
    with torch.no_grad():
        layer.weight.copy_(torch.from_numpy(weight.reshape(shape)))
        layer.bias.copy_(torch.from_numpy(_array(parts, name, "bias", FLOATS, shape[0]).astype(np.float32)))
    return layer


def _mask(parts, name, size):
    if "mask" not in parts:
        return np.ones(size, bool)
    return np.unpackbits(_array(parts, name, "mask", ("uint8",), -(-size // 8)), count=size).astype(bool)


def _values(parts, name, kept):
    if "codes" not in parts:
        return _array(parts, name, "values", FLOATS, kept)
    assert "values" not in parts, f"{name} must have values or codes, not both"
    codes, codebook = _array(parts, name, "codes", ("uint8",), kept), _array(parts, name, "codebook", FLOATS)
    assert kept == 0 or codes.max() < codebook.size, f"{name}.codes must be below {codebook.size}, the codebook's size"
    return codebook[codes]


def _array(parts, name, part, dtypes, size=None):
    assert part in parts, f"{name}.{part} is missing"
    array = parts[part]
    assert array.dtype in dtypes, f"{name}.{part} must be {' or '.join(dtypes)}; got {array.dtype}"
    assert array.ndim == 1, f"{name}.{part} must have one axis; got shape {array.shape}"
    assert size is None or array.size == size, f"{name}.{part} must have {size} entries; got {array.size}"
    assert np.isfinite(array).all(), f"{name}.{part} must be finite"
    return array
