"""What lesson 09's predictions measure: which stage takes off the most, and which way to deploy is the fastest."""

from pruning_lab.lesson.deep_compression.drawings import stages_figure
from pruning_lab.lesson.deep_compression.stages import by_stage
from pruning_lab.plots.canvas import image_html
from pruning_lab.tables import table_html


def stage_reveal(dense, pruned, kept, options, bits=3):
    """Return a reveal for `predict`: which stage makes a network smaller by the largest factor?

    Args:
        dense, pruned, kept: the network before and after pruning, and its masks.
        options: {option: the place of its stage, 1 for pruning}.
    """

    def reveal():
        rows = by_stage(dense, pruned, kept, bits)
        most = max(range(1, len(rows)), key=lambda place: rows[place]["times"])
        shown = [
            [
                row["stage"],
                f"{row['bytes']:,}",
                f"{row['times']:.2f}",
                f"{rows[0]['bytes'] / row['bytes']:.1f}",
                f"{row['accuracy']:.4f}",
            ]
            for row in rows
        ]
        header = ["after", "bytes", "times smaller", "in all", "validation accuracy"]
        table = table_html(header, shown, f"LeNet-300-100, values of {bits} bits")
        alt = "Bars of bytes after each stage: " + "; ".join(f"{row['stage']} {row['bytes']:,}" for row in rows)
        right = next(option for option, place in options.items() if place == most)
        return right, [table, image_html(stages_figure(rows), alt)]

    return reveal
