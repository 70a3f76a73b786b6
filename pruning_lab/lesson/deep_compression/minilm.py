"""Zeros against bits in the 36 layers of MiniLM: about a minute, so `measure_again` writes what the lesson reads."""

import json
from pathlib import Path

import numpy as np

from pruning_lab import models, prune
from pruning_lab.lesson.deep_compression.bits import RIVALS, kurtosis, zeros_against_bits
from pruning_lab.progress import bar

MEASURED = Path(__file__).with_name("minilm.json")


def layer_weights():
    """Return {layer: (n,) float64 weights} of the linear layers in MiniLM's blocks.

    Raises:
        FileNotFoundError: the package that ships MiniLM is not installed; the message says the one command.
    """
    weights = prune.prunable_weights(models.minilm())
    return {
        name.removesuffix(".weight"): weight.detach().numpy().ravel().astype(float) for name, weight in weights.items()
    }


def layer_rows(name, weights):
    """Return the rows of one layer: those of `bits.zeros_against_bits` to a hundredth of a dB, with the kurtosis."""
    found = zeros_against_bits({name: weights})
    tails = {"kurtosis": round(kurtosis(weights), 1)}
    return [row | tails | {rival: round(row[rival], 2) for rival in RIVALS} for row in found]


def measure_again():
    """Measure every layer, and write the rows, one a line."""
    rows = [row for name, weights in bar(layer_weights().items()) for row in layer_rows(name, weights)]
    MEASURED.write_text("[\n" + ",\n".join(map(json.dumps, rows)) + "\n]\n", encoding="utf-8")


def measured():
    """Return what `measure_again` wrote: rows of {source, bits, kurtosis, and for each of RIVALS its SNR in dB}.

    >>> len({row["source"] for row in measured()})
    36
    """
    return json.loads(MEASURED.read_text(encoding="utf-8"))


def tally(rows, rival):
    """Return {bits: (median SNR of a rival in dB, layers in which integers with a searched clip leave less error)}.

    >>> row = {"bits": 4, "integers": 17.0, "pruned, places for nothing": 6.0}
    >>> tally([row, row | {"integers": 5.0}], "pruned, places for nothing")
    {4: (6.0, 1)}
    """
    found = {}
    for number in dict.fromkeys(row["bits"] for row in rows):
        some = [row for row in rows if row["bits"] == number]
        found[number] = (
            float(np.median([row[rival] for row in some])),
            sum(row["integers"] > row[rival] for row in some),
        )
    return found
