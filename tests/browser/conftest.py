"""What several checks in the browser need: made once."""

import pytest

from pruning_lab.lesson.frame.slides import build


@pytest.fixture(scope="session")
def decks():
    """The decks of all lessons, made anew; the site takes its explorers from them."""
    return build()
