"""What was chosen on validation for a network, and what test said of it, in words."""

from pruning_lab.lesson.deep_compression.experiments import frontier
from pruning_lab.plots.canvas import percent

RIVALS = {"dense, trained as long": "trained as long", "dense": "it came from"}
POINTS = 0.5  # that a file may lose on validation


def in_words(read, rows):
    """Return lines of text about one network and method: the file that was chosen, or that none would do.

    Args:
        read: one of `experiments.measured()["test"]`. rows: those of `experiments.measured()["rows"]`.
    """
    told = _what_was_chosen(read) if read["line"] else _how_many_would_do(read, rows)
    return [f"{read['network']}, {read['method']}: {told[0]}", *(f"   {line}" for line in told[1:])]


def _what_was_chosen(read):
    line = read["line"]
    named = {"dense, trained as long": "longer", "dense": "dense"}
    lines = [
        f"{percent(line['sparsity'])} pruned, {line['bits']} bits, {line['ratio']:.1f} times smaller",
        f"validation {line['change']:+.2f} points on average",
    ]
    for rival, words in RIVALS.items():
        losses = [100 * (seed["compressed"] - seed[named[rival]]) for seed in read["seeds"]]
        lines.append(f"test, against the dense one {words}: " + " ".join(f"{loss:+.2f}" for loss in losses))
    return lines


def _how_many_would_do(read, rows):
    lines = ["no file would do"]
    for rival, words in RIVALS.items():
        files = frontier(rows, read["network"], read["method"], rival)
        good = [file["ratio"] for file in files if file["change"] >= -POINTS]
        smallest = f", up to {max(good):.1f} times smaller" if good else ""
        lines.append(f"within half a point of the dense one {words}: {len(good)} of {len(files)}{smallest}")
    return lines
