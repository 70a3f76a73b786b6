"""Is anybody there? A run without a reader folds its answers up, and writes to nobody's journal."""

import os


def attended() -> bool:
    """Return whether a person may be at the keyboard: False while notebooks are tested or refreshed.

    An unattended run shows each reveal folded up in the page, so that a reader without a kernel finds it, and writes
    nothing to anyone's journal.

    >>> isinstance(attended(), bool)
    True
    """
    return "PRUNING_LAB_UNATTENDED" not in os.environ
