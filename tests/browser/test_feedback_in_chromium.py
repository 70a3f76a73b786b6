"""What a student is told, in a real browser: readable on a telephone, at twice the size, and to a screen reader."""

import pytest
from homework_tests import marks_of

from browser.lab import CHROMIUM, NO_BROWSER, browser_page, same_with_focus, serious
from pruning_lab.homework.frame.feedback import feedback_page

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason=NO_BROWSER)
PHONE = {"width": 400, "height": 800}


class Titles:
    """Stands in for the questions of an assignment."""

    name, written = "hw1-masks", {}

    def title(self, question):
        return f"{question}. Exactly so many"


@pytest.fixture(scope="module")
def page(tmp_path_factory):
    path = tmp_path_factory.mktemp("feedback") / "ann.html"
    path.write_text(feedback_page("ann", marks_of(["ann"])["ann"], Titles(), {}), encoding="utf-8")
    with browser_page() as page:
        page.goto(path.as_uri())
        yield page


def test_nothing_serious_stands_between_feedback_and_its_reader(page):
    assert serious(page) == []
    assert same_with_focus(page) == []


def test_it_fits_a_telephone_and_twice_the_size(page):
    page.set_viewport_size(PHONE)
    assert page.evaluate("document.scrollingElement.scrollWidth") <= PHONE["width"]
    page.evaluate("document.documentElement.style.fontSize = '200%'")
    assert page.evaluate("document.scrollingElement.scrollWidth") <= PHONE["width"]


def test_what_is_too_small_to_press_and_a_focus_that_nobody_sees_are_found(page):
    small = "<button style='all: unset; font-size: 9px; height: 9px; width: 9px'>+</button>"
    page.set_content(f"<main>{small * 3}<button>seen</button></main>")
    assert len(same_with_focus(page, "main")) == 3
    assert "target-size" in [rule for rule, _ in serious(page, "main")]
