"""Every lesson in JupyterLab as it is saved, before a cell is run: nothing stands between it and its reader.

In light and dark, and at 200 % zoom. The three quickest lessons; with `--all-lessons` all of them, some minutes more.
"""

import shutil

import pytest
from playwright.sync_api import expect

from browser.lab import (
    CHROMIUM,
    NO_BROWSER,
    OURS,
    STEP_MS,
    browser_page,
    command,
    idle,
    running_lab,
    serious,
    show_every_cell,
)
from browser.test_locks import lessons_to_run

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason=NO_BROWSER)
SCREEN = {"width": 1400, "height": 1000}
ZOOMED = {"width": 700, "height": 500}  # the same screen at 200 %

# What is wider than the cell that it stands in: tables, code and formulas scroll there, and may.
CUT_OFF = """() => [...document.querySelectorAll('.jp-RenderedMarkdown, .jp-OutputArea-output')].flatMap((part) => {
    const end = part.closest('.jp-Cell').getBoundingClientRect().right + 1;
    const ours = part.querySelectorAll('p, li, h1, h2, h3, h4, summary, label, button, legend, img, canvas');
    return [...ours].filter((each) => each.checkVisibility() && !each.closest('pre, table, .MathJax')
        && each.getBoundingClientRect().right > end).map((each) => each.outerHTML.slice(0, 100));
})"""

# Saved pictures that JupyterLab gives no words, and that have none folded up below them either.
WORDLESS = """() => [...document.querySelectorAll('.jp-RenderedImage')].filter((picture) => {
    const below = picture.closest('.jp-OutputArea-child').nextElementSibling;
    return !/^In words./.test(below?.querySelector('details')?.textContent ?? '');
}).length"""


@pytest.fixture(scope="module")
def page(tmp_path_factory):
    home = tmp_path_factory.mktemp("home")
    show_every_cell(home)
    with running_lab(home, home / "journal.json") as address, browser_page() as page:
        page.home, page.address, page.lesson = home, address, None
        yield page


def pytest_generate_tests(metafunc):
    if "opened" in metafunc.fixturenames:
        cases = [(lesson, theme) for lesson in lessons_to_run(metafunc.config) for theme in ("Light", "Dark")]
        names = [f"{lesson.stem}-{theme}" for lesson, theme in cases]
        metafunc.parametrize("opened", cases, ids=names, indirect=True, scope="module")


@pytest.fixture(scope="module")
def opened(request, page):
    """The page with a lesson in a theme of JupyterLab: opened once for all its checks."""
    lesson, theme = request.param
    page.set_viewport_size(SCREEN)
    if page.lesson != lesson:
        open_saved(page, lesson)
    shown = page.locator(f"body[data-jp-theme-name='JupyterLab {theme}']")
    if not shown.count():
        command(page, f"JupyterLab {theme}")
    expect(shown).to_have_count(1, timeout=STEP_MS)
    return page


def open_saved(page, lesson):
    shutil.copy(lesson.notebook, page.home)
    page.goto("about:blank")
    page.goto(f"{page.address}/lab/workspaces/{lesson.stem}/tree/{lesson.notebook.name}")
    expect(idle(page)).to_be_visible(timeout=STEP_MS)
    expect(page.locator(".jp-Cell").nth(len(lesson.cells()) - 1)).to_be_attached(timeout=STEP_MS)
    page.lesson = lesson


def test_nothing_serious_stands_between_a_saved_lesson_and_its_reader(opened):
    assert opened.evaluate(WORDLESS) == 0
    found = [rule for rule in serious(opened, OURS) if rule[0] != "image-alt"]  # JupyterLab drops the words of a PNG
    assert found == []


def test_at_twice_the_size_nothing_is_cut_off(opened):
    opened.set_viewport_size(ZOOMED)
    opened.wait_for_function("innerWidth === 700")
    assert opened.evaluate(CUT_OFF) == []


def test_what_is_cut_off_and_a_picture_without_words_are_found(page):
    wide = "<p style='width: 800px'>too wide</p><pre><p style='width: 800px'>scrolls</p></pre>"
    picture = "<div class='jp-OutputArea-child'><div class='jp-RenderedImage'></div></div>"
    page.set_content(f"<div class='jp-Cell' style='width: 600px'><div class='jp-RenderedMarkdown'>{wide}</div></div>")
    assert page.evaluate(CUT_OFF) == ['<p style="width: 800px">too wide</p>']
    page.set_content(f"{picture}<div><details><summary>In words</summary>a dot</details></div>{picture}<div></div>")
    assert page.evaluate(WORDLESS) == 1
