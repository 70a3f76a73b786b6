"""The journal in a real browser: two tabs at once, and a place that cannot be written."""

import json

import pytest
from playwright.sync_api import expect

from browser.lab import CHROMIUM, NO_BROWSER, STEP_MS, browser_page, open_and_run_all, running_lab, write_notebook

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason=NO_BROWSER)

ROOM = """objects = {kind: ["one"] for kind in ("concept", "equation", "code", "misconception", "demo state")}
lesson.research_room("01", objects)"""
CELLS = ['from pruning_lab import lesson\nlesson.start("01")', ROOM, 'print("the lesson goes on")']


def run(page, address, name, workspace=""):
    open_and_run_all(page, address, name, lambda page: page.get_by_text("the lesson goes on", exact=True), workspace)


def save(page, question):
    page.get_by_label("My question:").fill(question)
    page.get_by_role("button", name="Save note").click()


def test_two_tabs_lose_nothing(tmp_path):
    for name in ("one.ipynb", "two.ipynb"):
        write_notebook(tmp_path / name, CELLS)
    journal = tmp_path / "journal.json"
    with running_lab(tmp_path, journal) as address, browser_page() as first:
        second = first.context.browser.new_page()
        run(first, address, "one.ipynb")
        run(second, address, "two.ipynb", workspace="/workspaces/second")
        for number in range(3):
            save(first, f"first {number}")
            save(second, f"second {number}")
            for page, name in ((first, "first"), (second, "second")):
                expect(page.get_by_text(f"{name} {number} →")).to_be_visible(timeout=STEP_MS)
        entries = json.loads(journal.read_text(encoding="utf-8"))["entries"]
    wanted = {f"{name} {number}" for name in ("first", "second") for number in range(3)}
    assert {entry["question"] for entry in entries} == wanted
    assert len(entries) == 6


def test_a_journal_that_cannot_be_written_is_said_and_the_lesson_goes_on(tmp_path):
    write_notebook(tmp_path / "one.ipynb", CELLS)
    (tmp_path / "a file").write_text("not a folder")  # even an administrator cannot write below a file
    with running_lab(tmp_path, tmp_path / "a file" / "journal.json") as address, browser_page() as page:
        run(page, address, "one.ipynb")
        save(page, "Is this kept?")
        expect(page.get_by_text("Not saved:")).to_be_visible(timeout=STEP_MS)
        expect(page.get_by_text("Set PRUNING_LAB_JOURNAL to a file that you may write")).to_be_visible()
        assert page.get_by_label("My question:").input_value() == "Is this kept?"
