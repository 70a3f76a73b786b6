"""Lesson 07's results: what `measure_again` wrote, a row for each network."""

import json
from pathlib import Path

import torch

from pruning_lab import measure
from pruning_lab.lesson.real_transformer.task import Scores, interval

MEASURED = Path(__file__).with_name("measured.json")
BATCH, PIECES = 32, 16  # of the texts that multiplications and seconds are counted on
REPEATS = 30
BY_INFLUENCE = ([2], [2, 3], [1, 2, 3])  # the blocks of least influence go first
MEASURES = {  # names of task.Scores, and what a reader sees
    "found": "words found",
    "neighbours": "neighbours kept",
    "refit": "classifier, fitted anew",
    "old": "classifier, the old one",
}


def measured():
    """Return what `measure_again` wrote: {part: rows}."""
    return json.loads(MEASURED.read_text(encoding="utf-8"))


def row(scores, network):
    """Return a network's measures as plain numbers: of each the mean and its interval, and what the network takes.

    Args:
        scores: what `task.score` returned. network: the network.
    """
    measures = {
        name: [_short(values.mean()), *map(_short, interval(values))] for name, values in scores._asdict().items()
    }
    parameters = sum(parameter.numel() for parameter in network.blocks.parameters())
    return measures | {"parameters": parameters, "macs": measure.macs(network, batch())}


def with_interval(measure):
    """Return a measure and its interval as text.

    >>> with_interval([0.707, 0.6991, 0.714])
    '0.707 (0.699 to 0.714)'
    """
    mean, low, high = measure
    return f"{mean:.3f} ({low:.3f} to {high:.3f})"


def _short(number):
    return round(float(number), 4)


def batch(texts=BATCH):
    """Return a batch of full texts: any pieces, and a mask without a gap."""
    ids = torch.arange(1000, 1000 + texts * PIECES).reshape(texts, PIECES)
    return ids, torch.ones(texts, PIECES, dtype=torch.bool)


def compared(networks, texts=BATCH, repeats=REPEATS):
    """Time networks, {name: network}, on a `batch`, interleaved on one thread; return the Comparison."""
    ids, mask = batch(texts)

    def call(network):
        with torch.inference_mode():
            return network(ids, mask)

    return measure.compare({name: lambda n=network: call(n) for name, network in networks.items()}, repeats)


def ratio_of(row):
    """Return a timing's ratio and its quartiles as a list of plain numbers."""
    return [_short(number) for number in (row.ratio, row.ratio_q1, row.ratio_q3)]


def families(found):
    """Return the networks of the frontier: {what goes: rows}, each row with "neighbours", "work" left and "faster".

    Args:
        found: what `measured` returned. "faster" is None where nothing was timed.
    """
    whole, grid = found["whole"], found["grid"]
    kinds = {
        "heads": [row for row in grid if row["width"] == 0],
        "feed-forward width": [row for row in grid if row["heads"] == 0],
        "whole blocks, by influence": [row for row in found["structure"] if row["blocks"] in BY_INFLUENCE],
    }
    kinds["whole blocks, by influence"].insert(0, whole | {"blocks": []})
    return {kind: [_on_frontier(row, found) for row in rows] for kind, rows in kinds.items()}


def _on_frontier(row, found):
    named = {name: row[name] for name in ("heads", "width", "blocks") if name in row}
    faster = next((timed["faster"] for timed in found["times"] if named.items() <= timed.items()), None)
    nothing = not any(named.values())
    work = row["macs"] / found["whole"]["macs"]
    return named | {"neighbours": row["neighbours"], "work": work, "faster": [1.0, 1.0, 1.0] if nothing else faster}


def chosen(rows, **named):
    """Return the one row that these words name.

    >>> chosen([{"rule": "Wanda", "sparsity": 0.5, "found": 1}, {"rule": "Wanda", "sparsity": 0.7}], sparsity=0.5)
    {'rule': 'Wanda', 'sparsity': 0.5, 'found': 1}
    """
    (row,) = [row for row in rows if named.items() <= row.items()]
    return row


def lines(rows, *names):
    """Return measures in lines, a row each, each mean with its interval; headings first.

    Args:
        rows: {what a row is called: row}. names: of the measures; all four if none is given.
    """
    names = names or Scores._fields
    width = max(map(len, rows))
    heading = " " * width + "".join(f"{MEASURES[name]:>26}" for name in names)
    return "\n".join(
        [
            heading,
            *(
                f"{what:{width}}" + "".join(f"{with_interval(row[name]):>26}" for name in names)
                for what, row in rows.items()
            ),
        ]
    )


def differences(scores, whole):
    """Return {measure: (mean, low, high)} of what each measure has lost or gained, noun by noun.

    Args:
        scores, whole: Scores of a network, and of the whole one.
    """
    return {
        name: [float((now - before).mean()), *interval(now - before)]
        for name, now, before in zip(Scores._fields, scores, whole, strict=True)
    }
