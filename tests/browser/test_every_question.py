"""Each question of each lesson, answered each way in JupyterLab: it opens, and what it then says is about that answer.

The questions stand alone in one notebook, so no lesson is run: each with the options that its lesson's committed
outputs show, and with a line of its own behind it. Nobody can answer twice, so there is a copy for each option.
"""

import re
from html import unescape
from typing import NamedTuple

import pytest
from locks import kept_in_keys
from playwright.sync_api import expect

from browser.lab import (
    CHROMIUM,
    NO_BROWSER,
    STEP_MS,
    browser_page,
    open_and_run_all,
    running_lab,
    show_every_cell,
    write_notebook,
)
from browser.test_locks import END_KERNELS, SEEN, SEEN_ASKED
from pruning_lab.lesson.frame.keys import keys_of
from pruning_lab.lesson.frame.lessons import lessons
from pruning_lab.lesson.frame.predict import CONFIDENCE

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason=NO_BROWSER)
CALLED = re.compile(r"lesson\.(predict|guess)\(")
SHOWN = re.compile(r"<p><b>(.*?)</b></p>(?:<ul>(.*?)</ul>)?<details>", re.DOTALL)
MEASURED = re.compile(r"Measured: ([^<]*)[.]<")
WRITTEN = ("0.36", "7")  # what is written where there are no options; the first is right
ENDS = ("every question", " asked")
NO_LOCK = """from pruning_lab.lesson.frame import inquiry, predict
keep, replies = predict.Question._on_commit, inquiry.keys_of
predict.Question._on_commit = lambda self, button: None"""
OTHER_REPLIES = """predict.Question._on_commit = keep
def swapped(room):
    asked = replies(room)["inquiry"]
    shifted = dict(zip(asked["replies"], reversed(asked["replies"].values()), strict=True))
    return {"inquiry": {"questions": asked["questions"], "replies": shifted}}
inquiry.keys_of = swapped"""


class Asked(NamedTuple):
    """A copy of a question, to be answered one way.

    Attributes:
        lesson: its number.
        kind: "predict", "guess" or "inquiry".
        options: a list of str; None for a line to write on.
        right: what is found behind it; of an inquiry, {option: reply}, and the right option of each question.
        chosen: the place of the option that is chosen; None in an inquiry: all are, one after the other.
        by_keyboard: else by mouse.
    """

    lesson: str
    kind: str
    question: str
    options: list
    right: object
    chosen: int
    by_keyboard: bool

    @property
    def answer(self):
        return (self.options or WRITTEN)[self.chosen]

    @property
    def behind(self):
        """The words of the line behind it: no cell's source holds them in one piece."""
        return ["behind", self.lesson, self.question, str(self.chosen), "keys" if self.by_keyboard else "mouse"]

    def source(self):
        """Return a cell that asks."""
        if self.kind == "inquiry":
            return f"lesson.inquiry({self.lesson!r})"
        said = f'" | ".join({self.behind!r})'
        if self.kind == "predict":
            reveal = f'lambda: ({self.right!r}, ["<p>" + {said} + "</p>"])'
            return f"lesson.predict({self.question!r}, {self.options!r}, {reveal}, topic='t')"
        right = self.right if self.options else float(self.right)
        asked = f"with lesson.guess({self.question!r}, {self.options!r}, topic='t') as found:"
        return f"{asked}\n    print({said})\n    found.answer = {right!r}"


def asked_in(lesson):
    """Yield (kind, question, options or None, what is right) of a lesson, as its committed outputs show them."""
    guesses = keys_of(lesson.room)["guesses"]
    for cell in lesson.cells():
        kinds = CALLED.findall("".join(cell["source"])) if cell["cell_type"] == "code" else []
        pages = ["".join(output.get("data", {}).get("text/html", "")) for output in cell.get("outputs", [])]
        found = [(shown, page) for page in pages for shown in SHOWN.findall(page)] if kinds else []
        assert len(found) >= len(kinds), f"{lesson.stem}, {cell['id']}: the notebook was not run since it asks this"
        for (question, listed), page in found:
            options = [unescape(option) for option in re.findall("<li>(.*?)</li>", listed, re.DOTALL)] or None
            measured = MEASURED.findall(page) if kinds[0] == "predict" else []
            known = guesses.get(unescape(question), [])
            right = [unescape(each) for each in measured] or ([known] if isinstance(known, str) else known)
            right = [option for option in right if option in (options or [])] or options or WRITTEN
            yield kinds[0], unescape(question), options, right[0]


def copies(lesson, every_option):
    """Return the `Asked` of a lesson: every option by mouse and one by keyboard; or one option of one question."""
    found, made = list(asked_in(lesson)), []
    for number, (kind, question, options, right) in enumerate(found):
        ways = len(options or WRITTEN)
        some = [(chosen, False) for chosen in range(ways)] + [(number % ways, True)]
        if not every_option:
            some = [(int(lesson.number) % ways, number % 2 == 0)] if number == int(lesson.number) % len(found) else []
        made += [Asked(lesson.number, kind, question, options, right, *way) for way in some]
    asked = keys_of(lesson.room)["inquiry"]
    if asked["questions"]:
        chosen = None if every_option else int(lesson.number) % len(asked["replies"])
        made.append(Asked(lesson.number, "inquiry", "", list(asked["replies"]), asked, chosen, False))
    return made


# A prediction that no commit opens, and an inquiry with the replies of other options.
SHUT = Asked("01", "predict", "Is it open?", ["yes", "no"], "yes", 0, False)
SWAPPED = Asked("01", "inquiry", "", [], keys_of(lessons()[0].room)["inquiry"], None, False)


class Answered(NamedTuple):
    """A page on which questions are asked, in order, and the cells in which they stand."""

    page: object
    asked: dict
    planted: list

    def cell(self, place):
        return self.page.locator(".jp-Notebook .jp-CodeCell").nth(place)


@pytest.fixture(scope="module")
def lab(tmp_path_factory):
    """A folder, the address of a JupyterLab that shows it, and a page."""
    home = tmp_path_factory.mktemp("questions")
    show_every_cell(home)
    with running_lab(home, home / "journal.json") as address, browser_page() as page:
        yield home, address, page


def pytest_generate_tests(metafunc):
    """All lessons share a notebook; with `pytest --all-lessons` each has its own, with every option."""
    if "answered" in metafunc.fixturenames:
        every = metafunc.config.getoption("--all-lessons")
        parts = {lesson.stem: (True, [lesson]) for lesson in lessons()} if every else {"all": (False, lessons())}
        metafunc.parametrize("answered", parts.values(), ids=parts, indirect=True, scope="module")


@pytest.fixture(scope="module")
def answered(request, lab):
    """The questions of some lessons in JupyterLab, not answered yet."""
    (every_option, asking), (home, address, page) = request.param, lab
    cells, asked = ["from pruning_lab import lesson"], {}
    for lesson in asking:
        cells.append(f"lesson.start({lesson.number!r})")
        for each in copies(lesson, every_option):
            asked[len(cells)] = each
            cells.append(each.source())
    planted = [len(cells) + 1, len(cells) + 3]
    cells += [NO_LOCK, SHUT.source(), OTHER_REPLIES, SWAPPED.source(), f"print({ENDS[0]!r} + {ENDS[1]!r})"]
    name, workspace = f"{asking[0].stem}.ipynb", f"/workspaces/{asking[0].stem}"
    write_notebook(home / name, cells)
    open_and_run_all(page, address, name, lambda page: page.get_by_text("".join(ENDS), exact=True), workspace)
    yield Answered(page, asked, planted)
    page.evaluate(END_KERNELS)
    page.goto("about:blank")


def press(control, by_keyboard):
    """Use a control as a person does."""
    if by_keyboard:
        control.focus()
        control.press("Space")
    else:
        control.click()


def answer(cell, asked, wait=STEP_MS):
    """Answer a prediction or a guess; return what is wrong with what it then says."""
    group = cell.locator(".widget-radio-box")
    if asked.options:
        press(group.first.get_by_role("radio").nth(asked.chosen), asked.by_keyboard)
    else:
        cell.get_by_label("Your guess:").fill(asked.answer)
    press(group.last.get_by_role("radio").nth(asked.chosen % len(CONFIDENCE)), asked.by_keyboard)
    commit = cell.get_by_role("button", name="Commit")
    expect(commit).to_be_enabled(timeout=STEP_MS)
    press(commit, asked.by_keyboard)
    right = asked.answer == asked.right
    outcome = "as you predicted" if right else f"you predicted: {asked.answer}"
    wanted = [f"Measured: {asked.right} ({outcome}).", " | ".join(asked.behind)]
    missing = [text for text in wanted if not comes(cell.get_by_text(text, exact=True), wait)]
    return missing + [SEEN_ASKED for _ in range(not comes(cell.get_by_label(SEEN_ASKED), wait))]


def comes(shown, wait):
    """Return whether something is shown, now or soon."""
    try:
        expect(shown).to_be_visible(timeout=wait)
    except AssertionError:
        return False
    return True


def wrong_replies(cell, asked, wait=STEP_MS):
    """Choose options of each question of an inquiry; return those whose reply is not what comes."""
    wrong, replies = [], asked.right["replies"]
    for number, right in enumerate(asked.right["questions"].values()):
        radios = cell.locator(".widget-radio-box").nth(number).get_by_role("radio")
        expect(radios).to_have_count(len(replies))
        for place, option in enumerate(replies):
            if asked.chosen not in (None, place):
                continue
            press(radios.nth(place), by_keyboard=place == number)
            said = f"{'Yes.' if option == right else 'Not quite.'} {replies[option]}"
            if not comes(cell.get_by_role("status").nth(number).get_by_text(said, exact=True), wait):
                wrong.append(option)
    return wrong


def test_before_an_answer_nothing_is_read_of_what_stands_behind(answered):
    seen = answered.page.evaluate(SEEN)
    assert "behind |" not in seen
    assert "Measured:" not in seen
    options = " ".join(answered.page.locator("li, label").all_inner_texts())
    replies = [reply for lesson in lessons() for reply in kept_in_keys(lesson)]
    assert [reply for reply in replies if reply in seen and reply not in options] == []


def test_each_question_opens_with_the_reply_of_its_answer_and_no_other_does(answered):
    opened = 0
    for place, asked in answered.asked.items():
        find_wrong = wrong_replies if asked.kind == "inquiry" else answer
        assert find_wrong(answered.cell(place), asked) == [], asked
        opened += asked.kind != "inquiry"
        assert answered.page.evaluate(SEEN).count("behind |") == opened


def test_a_lock_that_does_not_open_and_the_reply_of_another_option_are_found(answered):
    shut, swapped = map(answered.cell, answered.planted)
    assert len(answer(shut, SHUT, wait=1_000)) == 3
    assert wrong_replies(swapped, SWAPPED._replace(chosen=0), wait=1_000) != []
