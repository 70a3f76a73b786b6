"""Lesson 01 in a real browser: run it, move a slider, commit a prediction, write a note; then again without a mouse."""

import re
import shutil
from pathlib import Path

import pytest
from playwright.sync_api import expect

from browser.lab import (
    CHROMIUM,
    NO_BROWSER,
    OURS,
    RUN_ALL_MS,
    STEP_MS,
    browser_page,
    command,
    entries,
    idle,
    open_and_run_all,
    running_lab,
    same_with_focus,
    serious,
)

NOTEBOOK = Path(__file__).parents[2] / "notebooks" / "01-why-prune.ipynb"
CELLS = 60  # more than the lesson has
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason=NO_BROWSER)

# What the focus is on, as a screen reader would begin: its own name, or that of the label it belongs to.
FOCUSED = """() => {
    const here = document.activeElement;
    const label = here.getAttribute("aria-label") || (here.labels && here.labels[0]?.textContent);
    return label || here.textContent.trim().slice(0, 40);
}"""


@pytest.fixture(scope="module")
def journal(tmp_path_factory):
    return tmp_path_factory.mktemp("journal") / "journal.json"


@pytest.fixture(scope="module")
def page(journal, tmp_path_factory):
    """A copy of the lesson open in Lab, in an empty home folder, all cells run."""
    home = tmp_path_factory.mktemp("home")
    shutil.copy(NOTEBOOK, home)
    with running_lab(home, journal) as address, browser_page() as page:
        open_and_run_all(page, address, NOTEBOOK.name, last=lambda page: page.get_by_role("button", name="Save note"))
        yield page


def test_run_all_ends_without_an_error(page):
    assert (
        page.locator(".jp-RenderedText[data-mime-type='application/vnd.jupyter.stderr'] >> text=Traceback").count() == 0
    )
    assert page.locator("text=AssertionError").count() == 0


def test_nothing_serious_stands_between_the_lesson_and_its_reader(page):
    assert serious(page, OURS) == []
    assert same_with_focus(page, ".jp-RenderedMarkdown, .jp-OutputArea-output") == []


def test_the_slider_changes_the_picture_by_keyboard(page):
    picture = page.locator('img[alt*=", at sparsity"]').first
    slider = page.get_by_role("slider", name="Frame")
    slider.scroll_into_view_if_needed()
    before = picture.get_attribute("src")
    slider.focus()
    page.keyboard.press("ArrowRight")
    expect(picture).not_to_have_attribute("src", before, timeout=STEP_MS)


def test_nothing_is_revealed_before_commit(page):
    question = page.locator(".jp-CodeCell", has_text="lesson.predict(")
    commit = question.get_by_role("button", name="Commit")
    commit.scroll_into_view_if_needed()
    expect(commit).to_be_disabled()
    assert page.get_by_text("Times as fast as the unpruned").count() == 0
    question.get_by_label("whole columns only").check()
    question.get_by_label("fairly sure").check()
    expect(commit).to_be_enabled(timeout=STEP_MS)
    commit.click()
    expect(page.get_by_text("Times as fast as the unpruned").first).to_be_visible(timeout=RUN_ALL_MS)
    expect(page.get_by_text(re.compile("^Measured: "))).to_be_visible()


def test_a_note_is_saved(page, journal):
    question = page.get_by_label("My question:")
    question.scroll_into_view_if_needed()
    question.fill("Why does a 0 cost a multiplication?")
    page.get_by_label("One next action:").fill("time a matrix of zeros")
    page.get_by_role("button", name="Save note").click()
    expect(page.get_by_text("Your notes on this lesson:")).to_be_visible(timeout=STEP_MS)
    assert "Why does a 0 cost a multiplication?" in journal.read_text(encoding="utf-8")


def test_the_note_survives_a_restart_of_the_kernel_and_the_whole_lesson_goes_without_a_mouse(page, journal):
    written = len(entries(journal))
    command(page, "Restart Kernel and Run All Cells")
    expect(page.locator(".jp-Dialog .jp-mod-accept")).to_be_focused(timeout=STEP_MS)
    page.keyboard.press("Enter")
    expect(page.get_by_text("Your notes on this lesson:")).to_have_count(0, timeout=STEP_MS)
    expect(page.get_by_text("Why does a 0 cost a multiplication? → time a matrix of zeros")).to_be_visible(
        timeout=RUN_ALL_MS
    )
    expect(idle(page)).to_be_visible(timeout=RUN_ALL_MS)

    select_cell(page, "ArrowUp", "why_prune.explore_patterns(")
    tab_to(page, "Pattern")
    tab_to(page, "Sparsity")
    picture = page.locator("canvas[aria-label*='weights stay']")
    before = picture.get_attribute("aria-label")
    page.keyboard.press("ArrowRight")
    expect(picture).not_to_have_attribute("aria-label", before)

    select_cell(page, "ArrowUp", "lesson.predict(")
    tab_to(page, "all four")
    page.keyboard.press("ArrowDown")
    tab_to(page, "a guess")
    page.keyboard.press("Space")
    here = page.locator(".jp-Cell.jp-mod-active")
    expect(here.get_by_role("button", name="Commit")).to_be_enabled(timeout=STEP_MS)  # the kernel has seen both
    tab_to(page, "Commit")
    page.keyboard.press("Enter")
    expect(page.get_by_text(re.compile("^Measured: "))).to_be_visible(timeout=RUN_ALL_MS)

    select_cell(page, "ArrowDown", "lesson.research_room(")
    tab_to(page, "My question")
    page.keyboard.type("Can I do this without a mouse?")
    tab_to(page, "Save note")
    page.keyboard.press("Enter")
    expect(page.get_by_text("Can I do this without a mouse?")).to_be_visible(timeout=STEP_MS)
    assert [entry["kind"] for entry in entries(journal)[written:]] == ["prediction", "note"]


def select_cell(page, key, text):
    """Walk, in command mode, from the cell that is selected to the next one that holds `text`."""
    while not page.evaluate("() => document.activeElement.classList.contains('jp-Cell')"):
        page.keyboard.press("Shift+Tab")  # out of a widget, back to its cell
    for _ in range(CELLS):
        page.keyboard.press(key)
        page.wait_for_timeout(50)  # a cell out of sight is put on the page first
        if text in page.locator(".jp-Notebook .jp-Cell.jp-mod-active").inner_text():
            return
    raise AssertionError(f"no cell holds {text!r}")


def tab_to(page, name):
    for _ in range(40):
        page.keyboard.press("Tab")
        if re.match(name, page.evaluate(FOCUSED) or ""):
            return
    raise AssertionError(f"Tab does not reach {name!r}")
