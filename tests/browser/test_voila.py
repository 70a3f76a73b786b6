"""Voila serves the explorers as a page: no code, sliders that move, nothing needed of another server."""

import shutil
from pathlib import Path

import pytest
from playwright.sync_api import expect

from browser.lab import CHROMIUM, NO_BROWSER, RUN_ALL_MS, browser_page, running

NOTEBOOK = Path(__file__).parents[2] / "notebooks" / "explorers.ipynb"
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason=NO_BROWSER)


def test_the_explorers_move_on_a_page_without_code(tmp_path):
    shutil.copy(NOTEBOOK, tmp_path)
    with (
        running(tmp_path, tmp_path / "journal.json", "/voila/static/voila.js", "voila", NOTEBOOK.name) as address,
        browser_page() as page,
    ):
        # Voila's own template asks others for two style sheets: the page must do without.
        page.route(lambda url: not url.startswith(address), lambda route: route.abort())
        page.goto(address, timeout=RUN_ALL_MS)
        drawn = page.locator("canvas")
        expect(drawn).to_have_count(7, timeout=RUN_ALL_MS)
        for number, slider in enumerate((0, 1, 2, 3, 5, 6, 7)):  # the crossover map has two sliders
            knob = page.get_by_role("slider").nth(slider)
            before = drawn.nth(number).get_attribute("data-drawn")
            knob.press("ArrowRight")
            expect(drawn.nth(number)).not_to_have_attribute("data-drawn", before)
        assert page.get_by_text("import torch").count() == 0
        assert page.get_by_text("Error displaying widget").count() == 0
