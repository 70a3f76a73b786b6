"""Lesson 01 by keyboard alone: run it, move a slider, commit a prediction, read the reveal, save a note."""

import json
import re
import shutil

import pytest
from playwright.sync_api import expect

from browser.lab import CHROMIUM, NO_BROWSER, RUN_ALL_MS, STEP_MS, browser_page, idle, running_lab
from browser.test_lesson_01 import NOTEBOOK

CELLS = 60  # more than the lesson has
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason=NO_BROWSER)

# What the focus is on, as a screen reader would begin: its own name, or that of the label it belongs to.
FOCUSED = """() => {
    const here = document.activeElement;
    const label = here.getAttribute("aria-label") || (here.labels && here.labels[0]?.textContent);
    return label || here.textContent.trim().slice(0, 40);
}"""


@pytest.fixture(scope="module")
def page(tmp_path_factory):
    home = tmp_path_factory.mktemp("home")
    shutil.copy(NOTEBOOK, home)
    with running_lab(home, home / "journal.json") as address, browser_page() as page:
        page.goto(f"{address}/lab/tree/{NOTEBOOK.name}")
        expect(idle(page)).to_be_visible(timeout=STEP_MS)
        page.journal = home / "journal.json"
        yield page


def command(page, name):
    """Run a command of JupyterLab from its palette."""
    page.keyboard.press("Control+Shift+C")
    expect(page.locator(".lm-CommandPalette-input")).to_be_focused(timeout=STEP_MS)
    page.keyboard.type(name)
    page.keyboard.press("Enter")


def select_cell(page, text):
    """Walk up to the first cell, in command mode, then down to the one that holds `text`."""
    while not page.evaluate("() => document.activeElement.classList.contains('jp-Cell')"):
        page.keyboard.press("Shift+Tab")  # out of a widget, back to its cell
    for key, wanted in (("ArrowUp", "Why prune? When does a zero pay?"), ("ArrowDown", text)):
        for _ in range(CELLS):
            if wanted in page.locator(".jp-Notebook .jp-Cell.jp-mod-active").inner_text():
                break
            page.keyboard.press(key)
            page.wait_for_timeout(50)  # a cell out of sight is put on the page first
        else:
            raise AssertionError(f"no cell holds {wanted!r}")


def tab_to(page, name):
    for _ in range(40):
        page.keyboard.press("Tab")
        if re.match(name, page.evaluate(FOCUSED) or ""):
            return
    raise AssertionError(f"Tab does not reach {name!r}")


def test_the_whole_lesson_without_a_mouse(page):
    command(page, "Run All Cells")
    expect(page.get_by_role("button", name="Save note")).to_be_visible(timeout=RUN_ALL_MS)
    expect(idle(page)).to_be_visible(timeout=RUN_ALL_MS)

    select_cell(page, "why_prune.explore_patterns(")
    tab_to(page, "Pattern")
    tab_to(page, "Sparsity")
    picture = page.locator("canvas[aria-label*='weights stay']")
    before = picture.get_attribute("aria-label")
    page.keyboard.press("ArrowRight")
    expect(picture).not_to_have_attribute("aria-label", before)

    select_cell(page, "lesson.predict(")
    tab_to(page, "all four")
    page.keyboard.press("ArrowDown")
    tab_to(page, "a guess")
    page.keyboard.press("Space")
    here = page.locator(".jp-Cell.jp-mod-active")
    expect(here.get_by_role("button", name="Commit")).to_be_enabled(timeout=STEP_MS)  # the kernel has seen both
    tab_to(page, "Commit")
    page.keyboard.press("Enter")
    expect(page.get_by_text(re.compile("^Measured: "))).to_be_visible(timeout=RUN_ALL_MS)

    select_cell(page, "lesson.research_room(")
    tab_to(page, "My question")
    page.keyboard.type("Can I do this without a mouse?")
    tab_to(page, "Save note")
    page.keyboard.press("Enter")
    expect(page.get_by_text("Your notes on this lesson:")).to_be_visible(timeout=STEP_MS)
    kinds = [entry["kind"] for entry in json.loads(page.journal.read_text(encoding="utf-8"))["entries"]]
    assert kinds == ["prediction", "note"]
