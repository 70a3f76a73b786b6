"""What lesson 07's prediction measures: what half of the weights were worth, by four measures at once."""

from pruning_lab.lesson.frame.predict import option_around
from pruning_lab.lesson.real_transformer.results import MEASURES, differences, with_interval
from pruning_lab.lesson.real_transformer.task import score
from pruning_lab.tables import table_html


def classifier_reveal(made, whole, options):
    """Return a reveal for `predict`: how much accuracy a classifier fitted anew loses on a pruned network's embeddings.

    Args:
        made, whole: Embeddings of the pruned and of the whole network. options: {option: (low, high)}, ranges of loss.
    """

    def reveal():
        now, before = score(made, whole), score(whole, whole)
        changes = differences(now, before)
        rows = [
            [name, f"{getattr(before, key).mean():.3f}", f"{getattr(now, key).mean():.3f}", with_interval(changes[key])]
            for key, name in MEASURES.items()
        ]
        header = ["measure", "whole", "half of the weights gone", "change, with its interval"]
        lost = -changes["refit"][0]
        words = f"<p>A classifier fitted anew loses {lost:.3f} of its accuracy. "
        words += f"Words found change by {changes['found'][0]:+.3f}.</p>"
        return option_around(options, lost), [words, table_html(header, rows)]

    return reveal
