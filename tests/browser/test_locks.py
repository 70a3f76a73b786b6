"""What stands behind a question is closed: in the committed notebooks, after Run All, and until somebody opens it."""

import json
import os
import re
import shutil
import signal
import urllib.request
from contextlib import suppress
from math import inf

import psutil
import pytest
from locks import secrets_of
from nbconvert import HTMLExporter
from playwright.sync_api import TimeoutError, expect

from browser.lab import (
    CHROMIUM,
    NO_BROWSER,
    OURS,
    RUN_ALL_MS,
    STEP_MS,
    browser_page,
    entries,
    idle,
    open_and_run_all,
    running_lab,
    serious,
    set_up,
    show_every_cell,
    write_notebook,
)
from pruning_lab.lesson.frame.keys import keys_of
from pruning_lab.lesson.frame.lessons import lessons
from pruning_lab.places import ROOT

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason=NO_BROWSER)
MEASURED = re.compile("^Measured: ")
COMMITTED = re.compile(r"^Measured: .* \((as you predicted|you predicted: .*)\)[.]$")  # a reveal's own words may follow
PRESS_MS = 5_000  # a fold that can be opened opens at once
SEEN_ASKED = "What did you see? One sentence:"
ANSWER = "It was stored: it takes an hour to write this."
CELLS = [
    'from pruning_lab import lesson, plots\nlesson.start("03")\naxes = plots.new_axes(4, 2)',
    'with lesson.guess("How many go?", ["one", "seven"], topic="ties") as found:\n'
    '    print("exactly", 3 - 2)\n    plots.show(axes, "an empty frame")\n    found.answer = "one"',
    'with lesson.guess("Which share?", topic="shares") as found:\n'
    '    print("a share of", 0.36)\n    found.answer = 0.36',
    'lesson.self_check("Why is it so large?")',
    "for number in (1, 2):\n"
    '    reveal = lambda: ("yes", ["<p>a half</p>"])\n'
    '    lesson.predict(f"Is it {number}?", ["yes", "no"], reveal, topic="time")',
    "from pruning_lab.lesson import sparse_storage\nsparse_storage.explore_bytes((64, 64))",
    'print("the lesson", "goes on")',
]

# The text that a reader sees: not that of closed details, nor of code.
SEEN = """() => {
    const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    const seen = [];
    while (walk.nextNode()) {
        const part = walk.currentNode.parentElement;
        const folded = part.closest("details:not([open])") && !part.closest("summary");
        const code = part.closest("style, script, .cm-editor, .highlight, .jp-InputArea-editor");
        if (!folded && !code && part.checkVisibility()) seen.push(walk.currentNode.data);
    }
    return seen.join(" ").replace(/\\s+/g, " ");
}"""


END_KERNELS = """async () => {
    const headers = { "X-XSRFToken": document.cookie.match(/_xsrf=([^;]+)/)[1] };
    for (const { id } of await (await fetch("/api/sessions")).json()) {
        await fetch(`/api/sessions/${id}`, { method: "DELETE", headers });
    }
}"""


def options_of(page):
    return " ".join(page.locator("li, label").all_inner_texts())


@pytest.fixture(scope="module")
def page():
    with browser_page() as page:
        yield page


@pytest.mark.parametrize("lesson", lessons(), ids=lambda lesson: lesson.stem)
def test_a_committed_notebook_shows_no_answer_and_opens_every_one(page, lesson, tmp_path):
    body, _ = HTMLExporter().from_filename(str(lesson.notebook))
    body = re.sub(r"<script[^>]*src=.*?</script>", "", body, flags=re.DOTALL)  # nothing is asked of the network
    (tmp_path / "lesson.html").write_text(body, encoding="utf-8")
    page.goto((tmp_path / "lesson.html").as_uri(), wait_until="domcontentloaded")
    seen, secrets = page.evaluate(SEEN), secrets_of(lesson)
    assert len(secrets) > 15
    assert [secret for secret in secrets if secret in seen and secret not in options_of(page)] == []
    assert page.locator("details[open]").count() == 0
    assert stuck(page) == []


def stuck(page):
    """Open all that is folded up on a page, by keyboard and by mouse in turn; return the summaries that do not open."""
    shut, folds = [], page.locator("details")
    for number in range(folds.count()):
        summary = folds.nth(number).locator("> summary")
        if summary.count() and not summary.is_visible():
            continue  # within another one
        if summary.count():
            with suppress(TimeoutError):  # something lies on it
                summary.press("Enter", timeout=PRESS_MS) if number % 2 else summary.click(timeout=PRESS_MS)
        if folds.nth(number).get_attribute("open") is None:
            shut.append(folds.nth(number).text_content())
    return shut


@pytest.mark.parametrize(
    "fold",
    [
        "<details>no summary</details>",
        "<details onclick='event.preventDefault()'><summary>Guess</summary>one</details>",
        "<details><summary style='pointer-events: none' onclick='return false'>Guess</summary>one</details>",
    ],
    ids=["nothing to press", "a script holds it", "nothing reaches it"],
)
def test_a_fold_that_cannot_be_opened_is_found(page, fold):
    page.set_content(f"<details><summary>Guess</summary>one</details>{fold}")
    assert len(stuck(page)) == 1


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    home = tmp_path_factory.mktemp("home")
    show_every_cell(home)
    set_up(home, "apputils-extension/themes", {"theme": "JupyterLab Dark"})
    write_notebook(home / "short.ipynb", CELLS)
    for lesson in lessons():
        shutil.copy(lesson.notebook, home)
    return home


@pytest.fixture(scope="module")
def address(home):
    with running_lab(home, home / "journal.json") as address:
        yield address


def run_short(page, address):
    open_and_run_all(page, address, "short.ipynb", last=lambda page: page.get_by_text("the lesson goes on", exact=True))


def test_a_guess_is_opened_by_keyboard_and_by_mouse(page, address, home):
    run_short(page, address)
    assert page.get_by_text("exactly 1").count() == page.get_by_text("a share of 0.36").count() == 0
    page.set_viewport_size({"width": 640, "height": 1000})  # half a screen
    seven = page.get_by_label("seven")
    seven.focus()
    page.keyboard.press("Space")
    page.get_by_label("certain").first.focus()
    page.keyboard.press("Space")
    commit = page.get_by_role("button", name="Commit").first
    expect(commit).to_be_enabled(timeout=STEP_MS)
    commit.focus()
    page.keyboard.press("Enter")
    expect(page.get_by_text("exactly 1")).to_be_visible(timeout=STEP_MS)
    expect(page.get_by_role("img", name="an empty frame")).to_be_visible()
    for _ in ("the figure in words", "the one question that follows"):  # on from Commit
        page.keyboard.press("Tab")
    expect(page.get_by_label(SEEN_ASKED)).to_be_focused()
    page.keyboard.type("one of eight")
    page.get_by_role("button", name="Save sentence").press("Enter")
    expect(page.get_by_role("button", name="Save sentence")).to_have_count(0, timeout=STEP_MS)
    page.get_by_role("button", name="Show it without a guess").nth(1).click()
    expect(page.get_by_text("a share of 0.36")).to_be_visible(timeout=STEP_MS)
    guessed, seen = entries(home / "journal.json")
    assert (guessed["choice"], guessed["answer"], guessed["right"]) == ("seven", "one", False)
    assert (seen["kind"], seen["observation"], seen["answer"]) == ("observation", "one of eight", "one")
    expect(page.get_by_label(SEEN_ASKED)).to_have_count(1)  # nobody asks who only looked


def test_whichever_answer_is_chosen_its_question_opens(page):
    for number, answer in enumerate(("yes", "no")):
        before = page.get_by_text("a half", exact=True).count()
        page.get_by_label(answer, exact=True).nth(number).check()
        page.get_by_label("a guess").nth(2 + number).check()  # below the two guesses
        commit = page.get_by_role("button", name="Commit").nth(2 + number)
        expect(commit).to_be_enabled(timeout=STEP_MS)
        commit.click()
        expect(page.get_by_text("a half", exact=True)).to_have_count(before + 1, timeout=STEP_MS)
        page.get_by_role("button", name="Skip").last.press("Enter")
        expect(page.get_by_label("Why? One sentence:")).to_have_count(number + 1, timeout=STEP_MS)
    expect(page.get_by_text("Measured: yes (as you predicted).")).to_be_visible()
    expect(page.get_by_text("Measured: yes (you predicted: no).")).to_be_visible()


def test_in_the_dark_and_on_half_a_screen_everything_can_be_read(page):
    canvas = page.locator("canvas[data-drawn]")
    canvas.scroll_into_view_if_needed()
    assert canvas.evaluate("canvas => canvas.clientWidth === canvas.parentElement.clientWidth")
    tall = canvas.evaluate("canvas => canvas.clientHeight / canvas.clientWidth - canvas.height / canvas.width")
    assert abs(tall) < 0.02  # nothing is squeezed
    ink = canvas.evaluate("canvas => canvas.getContext('2d').ink")
    assert ink.strip() not in ("", "#000", "black", "rgb(0, 0, 0)")
    figure = page.locator("img.pruning-lab-figure").first
    assert "invert" in figure.evaluate("figure => getComputedStyle(figure).filter")
    for label in page.locator(".widget-radio-box label").all():
        assert label.evaluate("label => label.scrollHeight <= label.clientHeight + 1")


def kernel_of(address):
    with urllib.request.urlopen(f"{address}/api/kernels") as answer:
        ids = [kernel["id"] for kernel in json.load(answer)]
    return next(p for p in psutil.process_iter(["cmdline"]) if any(i in " ".join(p.info["cmdline"] or []) for i in ids))


def test_what_is_written_outlives_a_kernel_that_is_killed(page, address, home):
    box = page.get_by_label("In your words:")
    box.fill(ANSWER)
    os.kill(kernel_of(address).pid, signal.SIGKILL)
    page.get_by_role("button", name="Save answer").click()
    said = page.get_by_text(re.compile("No answer from the kernel|The kernel of these controls is gone"))
    expect(said.first).to_be_visible(timeout=STEP_MS)
    page.goto("about:blank")
    run_short(page, address)  # the second day: whatever was dismissed, the page is opened again
    expect(box).to_have_value(ANSWER, timeout=STEP_MS)
    expect(page.get_by_text("What you had written is back.")).to_be_visible()
    page.get_by_role("button", name="Save answer").click()
    expect(page.get_by_text("Saved in").last).to_be_visible(timeout=STEP_MS)
    assert entries(home / "journal.json")[-1]["answer"] == ANSWER
    page.wait_for_function("!Object.values(localStorage).some((kept) => kept.startsWith('It was stored'))")
    expect(page.get_by_text("Welcome back.")).to_be_visible()
    expect(page.get_by_text("you answered: seven. Measured then: one.")).to_be_visible()


def test_a_notebook_that_is_opened_again_shows_sentences_and_figures_for_its_widgets(page, address):
    page.keyboard.press("Control+s")
    page.wait_for_timeout(1_000)
    page.evaluate(END_KERNELS)
    page.goto("about:blank")
    page.goto(f"{address}/lab/tree/short.ipynb")
    expect(idle(page)).to_be_visible(timeout=STEP_MS)
    expect(page.get_by_text("The controls of this cell ended with their kernel.").first).to_be_visible(timeout=STEP_MS)
    page.wait_for_timeout(3_000)  # widgets look for their model for two seconds
    assert [lost for lost in page.get_by_text("model not found").all() if lost.is_visible()] == []
    expect(page.get_by_text("How many go?").last).to_be_visible()
    expect(page.locator("img.pruning-lab-figure").last).to_be_visible()  # the explorer's


def lessons_to_run(config):
    """The three that take the least time to run; all of them with `pytest --all-lessons`, some minutes more."""
    took = json.loads((ROOT / "benchmarks" / "hub.json").read_text(encoding="utf-8"))["alone"]
    quickest = sorted(lessons(), key=lambda lesson: took[lesson.stem]["seconds"] if lesson.stem in took else inf)[:3]
    return lessons() if config.getoption("--all-lessons") else quickest


def pytest_generate_tests(metafunc):
    if "lesson_run" in metafunc.fixturenames:
        ran = lessons_to_run(metafunc.config)
        metafunc.parametrize("lesson_run", ran, ids=[lesson.stem for lesson in ran])


def test_a_lesson_shows_no_answer_after_run_all_and_opens_every_one(page, address, lesson_run):
    page.set_viewport_size({"width": 1400, "height": 1000})
    workspace, last = f"/workspaces/{lesson_run.stem}", page.get_by_role("button", name="Save note")
    open_and_run_all(page, address, lesson_run.notebook.name, lambda page: last, workspace)
    seen = page.evaluate(SEEN)
    assert [secret for secret in secrets_of(lesson_run) if secret in seen and secret not in options_of(page)] == []
    open_guesses(page)
    commit_predictions(page)
    open_replies(page)
    open_hints(page, keys_of(lesson_run.room)["hints"])
    open_verdicts(page)
    assert serious(page, OURS) == []  # in the dark, with everything open
    page.evaluate(END_KERNELS)  # one at a time: each takes up to two gigabytes
    page.goto("about:blank")


def open_guesses(page):
    buttons = page.get_by_role("button", name="Show it without a guess")
    for number in range(buttons.count()):
        buttons.nth(number).press("Enter") if number % 2 else buttons.nth(number).click()
    expect(page.get_by_text(MEASURED)).to_have_count(buttons.count(), timeout=RUN_ALL_MS)


def commit_predictions(page):
    before, asked = page.get_by_text(COMMITTED).count(), page.locator(".jp-CodeCell", has_text="lesson.predict(")
    for number in range(asked.count()):  # whichever answer is chosen
        asked.nth(number).get_by_role("radio").first.check()
        asked.nth(number).get_by_label("a guess").check()
        commit = asked.nth(number).get_by_role("button", name="Commit")
        expect(commit).to_be_enabled(timeout=STEP_MS)
        commit.click() if number % 2 else commit.press("Enter")
        expect(page.get_by_text(COMMITTED)).to_have_count(before + number + 1, timeout=RUN_ALL_MS)


def open_replies(page):
    inquiry = page.locator(".jp-CodeCell", has_text="lesson.inquiry(")
    inquiry.get_by_role("radio").first.check()
    expect(inquiry.get_by_text(re.compile("^(Yes|Not quite)[.] "))).to_have_count(1, timeout=STEP_MS)


def open_hints(page, hints):
    buttons = page.get_by_role("button", name="Hint 1 of 3")
    while buttons.count():  # a button becomes the next hint's
        left = buttons.count()
        buttons.first.press("Space") if left % 2 else buttons.first.click()
        expect(buttons).to_have_count(left - 1, timeout=STEP_MS)
    for first, second, third in hints.values():
        expect(page.get_by_text(f"1. {first}", exact=True)).to_be_visible(timeout=STEP_MS)
        assert page.get_by_text(second).count() == page.get_by_text(third).count() == 0


def open_verdicts(page):
    verdicts = page.locator(".jp-MarkdownCell details")
    for number in range(verdicts.count()):
        summary = verdicts.nth(number).locator("> summary")
        summary.press("Space") if number % 2 else summary.click()
        assert verdicts.nth(number).get_attribute("open") is not None
