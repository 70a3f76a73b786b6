"""Lesson 08's table of rules: what each looks at, what it takes, and what it kept in this lesson."""

from pruning_lab.lesson.beyond_magnitude.experiments import answers_kept, at
from pruning_lab.lesson.beyond_magnitude.lite0 import interval
from pruning_lab.tables import table_html

HEADINGS = ("rule", "pictures", "derivatives", "the others", "work for a layer of r x c", "fails", "kept here")
KINDS = (  # of weights; then of channels
    ("magnitude", "none", "none", "stay", "r c", "where curvature differs"),
    ("first order (Taylor)", "some", "first", "stay", "one backward pass", "at a minimum"),
    ("Wanda", "a few", "none", "stay", "one forward pass", "where a repair is due"),
    ("OBD", "some", "second, of each weight", "stay", "a diagonal of r c", "many at once"),
    ("magnitude + survivors adjusted", "many", "second, or the inputs", "adjust", "r c^3", "with few pictures"),
    ("OBS", "many", "second, or the inputs", "adjust, by turns", "r c^3", "away from a minimum"),
    ("SparseGPT", "many", "the inputs", "to the right adjust", "c^3 + r c^2", "with few pictures"),
)
OF_CHANNELS = (
    ("L1 norm", "none", "none", "stay", "r c", "where channels have a mean"),
    ("L1 norm, mean kept", "a few", "none", "a mean adjusts", "one forward pass", "a larger cut"),
    ("activation x weights", "a few", "none", "stay", "one forward pass", "a larger cut"),
)


def rules_table(removed, photographs, swept, sparsity=0.7):
    """Return the table as HTML; none of the rules needs retraining, and all are used with it.

    Args:
        removed: list of Removal of the softmax regression; "kept here" is its accuracy at `sparsity`.
        photographs: rows of `measured()["lite0"]`; of channels it is the share of answers that stay.
        swept: error of the layer that SparseGPT pruned, as a share of that of its mask alone.
    """
    rows = []
    for kind in KINDS:
        name = kind[0]
        kept = (
            f"{100 * swept:.0f} % of the error"
            if name == "SparseGPT"
            else f"accuracy {at(removed, name, sparsity).accuracy:.3f}"
        )
        rows.append((*kind, kept))
    for kind in OF_CHANNELS:
        rule, mean_kept = kind[0].removesuffix(", mean kept"), kind[0].endswith("mean kept")
        mean, low, high = interval(answers_kept(photographs, rule, 0.1, mean_kept))
        rows.append((*kind, f"{mean:.2f} of answers ({low:.2f} to {high:.2f})"))
    return table_html(HEADINGS, rows)
