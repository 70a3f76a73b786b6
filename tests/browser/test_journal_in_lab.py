"""The journal in a real browser: two tabs at once, a kernel that is busy, and a place that cannot be written."""

import re

import pytest
from playwright.sync_api import expect

from browser.lab import (
    CHROMIUM,
    NO_BROWSER,
    STEP_MS,
    browser_page,
    busy_kernel,
    entries,
    open_and_run_all,
    running_lab,
    write_notebook,
)

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason=NO_BROWSER)

ROOM = """objects = {kind: ["one"] for kind in ("concept", "equation", "code", "misconception", "demo state")}
lesson.research_room("01", objects)"""
CELLS = ['from pruning_lab import lesson\nlesson.start("01")', ROOM, 'print("the lesson goes on")']


def run(page, address, name, workspace=""):
    open_and_run_all(page, address, name, lambda page: page.get_by_text("the lesson goes on", exact=True), workspace)


def save(page, question):
    page.get_by_label("My question:").fill(question)
    page.get_by_role("button", name="Save note").click()


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    home = tmp_path_factory.mktemp("home")
    for name in ("one.ipynb", "two.ipynb", "busy.ipynb", "again.ipynb"):
        write_notebook(home / name, CELLS)
    (home / "a file").write_text("not a folder")  # even an administrator cannot write below a file
    elsewhere = f"import os\nos.environ['PRUNING_LAB_JOURNAL'] = {str(home / 'a file' / 'journal.json')!r}"
    write_notebook(home / "nowhere.ipynb", [elsewhere, *CELLS])
    return home


@pytest.fixture(scope="module")
def journal(home):
    return home / "journal.json"


@pytest.fixture(scope="module")
def address(home, journal):
    with running_lab(home, journal) as address:
        yield address


@pytest.fixture
def page(chromium):
    with browser_page(chromium) as page:
        yield page


@pytest.fixture
def second(chromium):
    with browser_page(chromium) as page:
        yield page


def test_two_tabs_lose_nothing(page, second, address, journal):
    run(page, address, "one.ipynb")
    run(second, address, "two.ipynb", workspace="/workspaces/second")
    for number in range(3):
        save(page, f"first {number}")
        save(second, f"second {number}")
        for tab, name in ((page, "first"), (second, "second")):
            expect(tab.get_by_text(f"{name} {number} →")).to_be_visible(timeout=STEP_MS)
    wanted = {f"{name} {number}" for name in ("first", "second") for number in range(3)}
    assert {entry["question"] for entry in entries(journal)} == wanted
    assert len(entries(journal)) == 6


def test_a_press_saves_what_the_page_shows_though_the_kernel_is_busy(page, address, journal, tmp_path):
    """A page sends a change once the kernel has read the one before, and the press of a button at once."""
    run(page, address, "busy.ipynb", workspace="/workspaces/busy")
    save(page, "Read before?")  # a control that has been read once is one that ipykernel would read beside a cell
    expect(page.get_by_text("Read before? →")).to_be_visible(timeout=STEP_MS)
    page.get_by_label("My question:").clear()
    with busy_kernel(page, free=tmp_path / "free"):
        page.get_by_label("Kind of object:").select_option("equation")
        page.get_by_label("My question:").press_sequentially("Is it whole?")
        page.get_by_label("One next action:").press_sequentially("read it")
        page.get_by_label("My question:").press_sequentially(" To its end?")
        page.get_by_label("Kind of object:").select_option("code")
        page.get_by_role("button", name="Save note").press("Enter")
        page.get_by_label("My question:").press_sequentially(" After the press?")
        expect(page.get_by_text("No answer from the kernel")).to_be_visible(timeout=STEP_MS)
    expect(page.get_by_text("Is it whole? To its end? → read it")).to_be_visible(timeout=STEP_MS)
    saved = [entries(journal)[-1][name] for name in ("object_kind", "question", "next_action")]
    assert saved == ["code", "Is it whole? To its end?", "read it"]
    expect(page.get_by_label("Text to copy for a tutor:")).to_have_value(
        re.compile("question: Is it whole[?] To its end[?] After the press[?]\n.*\nMy next action: read it", re.DOTALL),
        timeout=STEP_MS,
    )


def test_what_is_written_while_the_kernel_is_busy_outlives_a_page_that_is_loaded_again(page, address, tmp_path):
    run(page, address, "again.ipynb", workspace="/workspaces/again")
    page.keyboard.press("Control+s")
    with busy_kernel(page, free=tmp_path / "free"):
        page.get_by_label("My question:").press_sequentially("Is it still there?")
        page.reload()
    expect(page.get_by_label("My question:")).to_have_value("Is it still there?", timeout=STEP_MS)
    expect(page.get_by_text("What you had written is back.")).to_be_visible(timeout=STEP_MS)
    page.get_by_role("button", name="Save note").click()
    expect(page.get_by_text("Is it still there? →")).to_be_visible(timeout=STEP_MS)


def test_a_journal_that_cannot_be_written_is_said_and_the_lesson_goes_on(page, address):
    run(page, address, "nowhere.ipynb", workspace="/workspaces/nowhere")
    save(page, "Is this kept?")
    expect(page.get_by_text("Not saved:")).to_be_visible(timeout=STEP_MS)
    expect(page.get_by_text("Set PRUNING_LAB_JOURNAL to a file that you may write")).to_be_visible()
    assert page.get_by_label("My question:").input_value() == "Is this kept?"
