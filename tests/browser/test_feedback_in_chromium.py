"""What a student is told, in a real browser: readable on a telephone, at twice the size, and to a screen reader."""

import pytest
from homework_tests import marks_of

from browser.lab import CHROMIUM, NO_BROWSER, browser_page, serious
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


def test_it_fits_a_telephone_and_twice_the_size(page):
    page.set_viewport_size(PHONE)
    assert page.evaluate("document.scrollingElement.scrollWidth") <= PHONE["width"]
    page.evaluate("document.documentElement.style.fontSize = '200%'")
    assert page.evaluate("document.scrollingElement.scrollWidth") <= PHONE["width"]
