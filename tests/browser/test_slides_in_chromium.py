"""Every deck, opened from disk with the network cut: no error, nothing asked for, nothing cut off, explorers alive."""

import re

import pytest
from locks import answered_early, kept_in_keys, leaks, noted

from browser.lab import CHROMIUM, NO_BROWSER, browser_page, same_with_focus, serious
from pruning_lab.lesson.frame.lessons import lessons
from pruning_lab.lesson.frame.slides import slides_of

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason=NO_BROWSER)
TOO_LARGE = """() => Reveal.getSlides().filter((slide) => {
    Reveal.slide(...Object.values(Reveal.getIndices(slide)).slice(0, 1));
    const wide = slide.scrollWidth > slide.clientWidth + 2;
    const number = document.querySelector(".slide-number").getBoundingClientRect().top;
    const parts = slide.querySelectorAll(":scope > :not(aside, .emblem), .explorer > *, caption");
    return wide || [...parts].some((part) => part.getBoundingClientRect().bottom > number + 2);
}).map((slide) => slide.querySelector("h1, h2").textContent)"""

# The height of each text on a slide of 1280 x 720, the words in figures and drawings too: [height, what it says].
TEXTS = """() => Reveal.getSlides().flatMap((slide) => {
    Reveal.slide(Reveal.getIndices(slide).h);
    const own = (part) => [...part.childNodes].some((node) => node.nodeType === 3 && node.data.trim());
    const written = [...slide.querySelectorAll("*:not(aside *, script, [role=status])")].filter(own)
        .map((part) => [parseFloat(getComputedStyle(part).fontSize), part.textContent.slice(0, 40)]);
    const figures = [...slide.querySelectorAll("img")].map((figure) => {
        const shown = Math.min(figure.clientWidth / figure.naturalWidth, figure.clientHeight / figure.naturalHeight);
        return [shown * Number(figure.dataset.smallest ?? 0), figure.alt.slice(0, 40)];
    });
    const drawings = [...slide.querySelectorAll("canvas")].map((canvas) => {
        const pen = canvas.getContext("2d");
        return [parseFloat(pen.font) * pen.getTransform().a * canvas.clientWidth / canvas.width, "explorer"];
    });
    return [...written, ...figures, ...drawings];
})"""
READABLE = 20  # pixels of 720, from the last row of a room
each_deck = pytest.mark.parametrize("number", range(len(lessons())), ids=[lesson.stem for lesson in lessons()])


@pytest.fixture
def page(chromium):
    with browser_page(chromium) as page:
        page.context.set_offline(True)
        page.troubles = []
        page.on("pageerror", lambda error: page.troubles.append(str(error)))
        page.on("console", lambda said: page.troubles.append(said.text) if said.type in ("error", "warning") else None)
        page.on("request", lambda asked: _note(page.troubles, asked.url))
        yield page


def _note(troubles, url):
    if not re.match(r"(file:///.*\.html|data:|blob:|about:)", url):
        troubles.append(f"asked for {url}")


@each_deck
def test_a_deck_opens_from_disk(page, decks, number):
    slides = len(slides_of(lessons()[number].deck))
    for width, height in ((1280, 720), (1024, 768)):
        page.set_viewport_size({"width": width, "height": height})
        page.goto(decks[number].as_uri())
        page.wait_for_function("Reveal.isReady()")
        assert page.evaluate("Reveal.getTotalSlides()") == slides
        assert page.evaluate(TOO_LARGE) == []
    slide = page.evaluate("Reveal.getSlides().findIndex((slide) => slide.querySelector('.explorer'))")
    page.evaluate(f"Reveal.slide({slide})")
    knob = page.locator(".explorer input").first
    for each in page.locator(".explorer input").all():
        before = page.evaluate("Number(document.querySelector('.explorer canvas').dataset.drawn)")
        said = page.locator(".explorer table").inner_text()
        each.press("ArrowRight")
        assert page.evaluate("Number(document.querySelector('.explorer canvas').dataset.drawn)") > before
        assert page.locator(".explorer table").inner_text() != said
    assert page.evaluate("Reveal.getIndices().h") == slide  # the key moved the slider, not the deck
    for key, place in (("PageDown", slide + 1), ("PageUp", slide), ("n", slide + 1)):  # a clicker turns the page
        knob.focus()
        page.keyboard.press(key)
        assert page.evaluate("Reveal.getIndices().h") == place
        page.evaluate(f"Reveal.slide({place})")
    assert page.troubles == []


@each_deck
def test_a_students_deck_knows_no_hint_no_reply_and_no_note(decks, number):
    lesson = lessons()[number]
    page = decks[number].read_text(encoding="utf-8")
    assert noted(page) == []
    assert leaks(page, kept_in_keys(lesson)) == []
    assert answered_early(slides_of(lesson.deck)) == []


def test_an_answer_in_a_deck_is_found():
    section = '<section>Hands up!<aside class="notes">{}</aside></section>'.format
    assert noted(section("Most say 0.3.")) == ["Most say 0.3."]
    assert leaks(section("Which one owns data?"), ["Which one owns data?"]) == ["Which one owns data?"]
    asks, later = "## Predict: how much?", "## Measured: {{ kept-norm: survives: ([0-9.]+) }}"
    told = f"{asks}\n\nNot {{{{ output kept-norm mark: survives: ([0-9.]+) }}}}, surely."
    drawn = f"{asks}\n\n{{{{ figure first-idea }}}}"
    assert answered_early([(drawn, ""), (later, "")]) == []
    assert answered_early([(told, ""), (later, "")]) == [asks]
    assert answered_early([("## Before\n\n{{ figure kept-norm }}", ""), (asks, ""), (later, "")]) == [asks]


@each_deck
def test_every_text_of_a_deck_can_be_read_from_the_last_row(page, decks, number):
    page.set_viewport_size({"width": 1280, "height": 720})
    page.goto(decks[number].as_uri())
    page.wait_for_function("Reveal.isReady() && [...document.images].every((image) => image.complete)")
    page.wait_for_function("[...document.querySelectorAll('canvas')].every((canvas) => canvas.dataset.drawn)")
    texts = page.evaluate(TEXTS)
    assert len(texts) > 100
    assert [text for text in texts if text[0] < READABLE - 0.1] == []


@each_deck
def test_a_deck_prints_one_page_for_each_slide(page, decks, number):
    page.goto(f"{decks[number].as_uri()}?print-pdf")
    page.wait_for_function("document.querySelectorAll('.pdf-page').length > 0")
    pages = re.findall(rb"/Type\s*/Page\b(?!s)", page.pdf(prefer_css_page_size=True, print_background=True))
    assert len(pages) == len(slides_of(lessons()[number].deck))


@each_deck
def test_nothing_serious_stands_between_a_deck_and_its_reader(page, decks, number):
    page.goto(decks[number].as_uri())
    page.wait_for_function("Reveal.isReady()")
    for slide in range(len(slides_of(lessons()[number].deck))):
        page.evaluate(f"Reveal.slide({slide})")
        assert serious(page) == []
        assert same_with_focus(page, ".slides .present") == []
