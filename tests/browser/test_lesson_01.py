"""Lesson 01 in a real browser: run it, move a slider by keyboard, commit a prediction, find a note after a restart."""

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
    open_and_run_all,
    running_lab,
    same_with_focus,
    serious,
)

NOTEBOOK = Path(__file__).parents[2] / "notebooks" / "01-why-prune.ipynb"
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason=NO_BROWSER)


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


def test_a_note_survives_a_restart_of_the_kernel(page, journal):
    question = page.get_by_label("My question:")
    question.scroll_into_view_if_needed()
    question.fill("Why does a 0 cost a multiplication?")
    page.get_by_label("One next action:").fill("time a matrix of zeros")
    page.get_by_role("button", name="Save note").click()
    expect(page.get_by_text("Your notes on this lesson:")).to_be_visible(timeout=STEP_MS)
    assert "Why does a 0 cost a multiplication?" in journal.read_text(encoding="utf-8")
    page.get_by_role("menuitem", name="Kernel", exact=True).click()
    page.get_by_role("menuitem", name="Restart Kernel and Run All Cells…").click()
    page.locator(".jp-Dialog .jp-mod-accept").click()
    expect(page.get_by_text("Your notes on this lesson:")).to_have_count(0, timeout=STEP_MS)
    expect(page.get_by_text("Why does a 0 cost a multiplication? → time a matrix of zeros")).to_be_visible(
        timeout=RUN_ALL_MS
    )
