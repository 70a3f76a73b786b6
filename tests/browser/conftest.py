"""What several checks in the browser need: made once."""

import pytest
import train_once

from browser.lab import started_chromium
from pruning_lab.lesson.frame.slides import build


@pytest.fixture(scope="session")
def decks():
    """The decks of all lessons, made anew; the site takes its explorers from them."""
    with train_once.shared():
        return build()


@pytest.fixture(scope="module")
def chromium():
    """A browser for the checks of one file. While it runs, nothing else in this process can use asyncio."""
    with started_chromium() as browser:
        yield browser
