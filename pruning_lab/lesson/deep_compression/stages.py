"""One network through the pipeline, looked at after each stage: what it takes, and how often it is right."""

import tempfile
from pathlib import Path

from pruning_lab import compress, train
from pruning_lab.lesson.deep_compression.experiments import (
    bits_by_name,
    fresh_copy,
    images,
    share_and_retrain,
    two_line_rival,
)
from pruning_lab.sparse import RelativeIndex

NETWORK = "LeNet-300-100"
SHORT = {"epochs": 5, "pruning": 6, "codebook": 1}  # of the network that trains while somebody reads
GAP_BITS = range(1, 9)  # tried for every layer before Huffman coding: each stage gets the best it can have


def accuracy(model):
    """Return the accuracy on validation, in [0, 1]."""
    return train.evaluate(model, images("validation"))


def relative_bytes(model, kept):
    """Return the bytes of a pruned network as values in float32 with gaps, the best gap of each layer, and its rest."""
    arrays = [(model.get_parameter(name).detach() * kept[name]).flatten(1).numpy() for name in kept]
    layers = [min(RelativeIndex.from_dense(array, bits).nbytes for bits in GAP_BITS) for array in arrays]
    return sum(layers) + 4 * others(model, kept)


def fixed_bytes(model, kept, bits):
    """Return the bytes of a network with shared values in codes and gaps of fixed bits, as the paper counts them."""
    bits, total = bits_by_name(kept, bits), 2 * others(model, kept)
    for name, mask in kept.items():
        shared = compress.share_weights(model.get_parameter(name), mask, bits[name])
        total += min(compress.compressed_size(shared, gap_bits).total for gap_bits in GAP_BITS)
    return total


def others(model, kept):
    """Return how many numbers of a model are in no masked weight: biases and the like."""
    return sum(tensor.numel() for tensor in model.state_dict().values()) - sum(mask.numel() for mask in kept.values())


def shared_copy(pruned, kept, bits, epochs=None):
    """Return a copy of a pruned network whose survivors share 2**bits values a layer, with retrained codebooks."""
    model = fresh_copy(NETWORK, pruned)
    share_and_retrain(model, kept, bits, 0, epochs=SHORT["codebook"] if epochs is None else epochs)
    return model


def through_a_file(model, kept, bits):
    """Return (bytes, parts, loaded): a network written to a .pruned file, what its bytes are, and what it holds."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model.pruned"
        compress.save_compressed(model, kept, path, bits_by_name(kept, bits))
        return path.stat().st_size, compress.file_parts(path), compress.load_compressed(path, model)


def by_stage(dense, pruned, kept, bits=3):
    """Return a row after each stage: stage, bytes, times smaller than the stage before, and accuracy on validation.

    Args:
        dense, pruned: the network before and after pruning; kept: its masks, by name.
        bits: of a code.
    """
    shared = shared_copy(pruned, kept, bits)
    size, _, loaded = through_a_file(shared, kept, bits)
    stages = [
        ("dense", 4 * (others(dense, kept) + sum(mask.numel() for mask in kept.values())), dense),
        ("pruned, float32 and gaps", relative_bytes(pruned, kept), pruned),
        (f"shared, {bits} bits and gaps", fixed_bytes(shared, kept, bits), shared),
        ("Huffman, the file", size, loaded),
    ]
    rows, before = [], stages[0][1]
    for name, count, model in stages:
        rows.append({"stage": name, "bytes": count, "times": before / count, "accuracy": accuracy(model)})
        before = count
    return rows


def by_bits(pruned, kept, shared):
    """Return a row for each number of bits: accuracy without and with retrained codebooks, and bytes of the file.

    Bytes come in two parts: of the values (codes, their table, codebooks), and of the places (gaps and their table).

    Args:
        shared: {bits: network with retrained codebooks}, from `shared_copy`.
    """
    rows = []
    for bits, model in shared.items():
        size, parts, loaded = through_a_file(model, kept, bits)
        groups = bytes_by_group(parts)
        rows.append(
            {
                "bits": bits,
                "as shared": accuracy(shared_copy(pruned, kept, bits, epochs=0)),
                "retrained": accuracy(loaded),
                "values": groups["which values they have"],
                "places": groups["where the survivors are"],
                "file": size,
            }
        )
    return rows


def against_the_rival(pruned, kept, shared):
    """Return {bits: [(what, bytes, accuracy), ...]} for the pipeline's file and the rival's, at as many bits."""
    found = {}
    for bits, model in shared.items():
        size, _, loaded = through_a_file(model, kept, bits)
        rival = fresh_copy(NETWORK, pruned)
        zipped = two_line_rival(rival, kept, bits)
        found[bits] = [("the .pruned file", size, accuracy(loaded)), ("integers, lzma", zipped, accuracy(rival))]
    return found


GROUPS = {  # what a part of a .pruned file is for, by the beginning of its description
    "where the survivors are": ("steps in", "code lengths of the steps"),
    "which values they have": ("values in Huffman", "code lengths of the values", "codebook"),
    "biases and other numbers": ("numbers",),
}


def bytes_by_group(parts):
    """Return {what for: bytes} of a .pruned file, from `compress.file_parts`; what is left over is its headers.

    >>> from pruning_lab.compress import Part
    >>> bytes_by_group([Part(0, 8, "", "magic"), Part(8, 5, "fc1.weight", "codebook")])["which values they have"]
    5
    """
    sizes = dict.fromkeys([*GROUPS, "names, shapes, checksum"], 0)
    for part in parts:
        group = next(
            (name for name, starts in GROUPS.items() if part.what.startswith(starts)), "names, shapes, checksum"
        )
        sizes[group] += part.size
    return sizes
