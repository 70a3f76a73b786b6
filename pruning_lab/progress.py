"""The progress bar for everything that takes more than three seconds."""

import os
from collections.abc import Iterable

from tqdm.auto import tqdm


def bar(
    items: Iterable | None = None,
    *,
    total: int | None = None,
    initial: int = 0,
    desc: str | None = None,
    unit: str = "it",
    shown: bool = True,
) -> tqdm:
    """Return a bar that waits three seconds before it shows, and leaves nothing behind.

    Args:
        items: what to iterate over; None for a bar that is moved by hand, with `.update()`.
        total, initial: how many steps there are, and how many are done already.
        desc, unit: what is being counted, in a word or two, and the name of one item.
        shown: False hides the bar. So does TQDM_DISABLE in the environment, which tqdm itself ignores in a notebook.

    >>> list(bar(range(3), shown=False))
    [0, 1, 2]
    """
    quiet = not shown or bool(os.environ.get("TQDM_DISABLE"))
    return tqdm(items, total=total, initial=initial, desc=desc, unit=unit, delay=3, leave=False, disable=quiet)
