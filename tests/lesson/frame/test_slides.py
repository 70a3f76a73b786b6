"""Decks say nothing that their lesson did not compute: a number is fetched from an output, or stands in the lesson."""

import importlib.util
import re
from copy import deepcopy
from pathlib import Path

import nbformat
import pytest

from pruning_lab.lesson.claims import load_claims

NOTEBOOKS = Path(__file__).parents[1] / "notebooks"


def load(path):
    spec = importlib.util.spec_from_file_location(f"{path.parent.name}_{path.stem}", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


make = load(NOTEBOOKS / "slides" / "make.py")
DECKS = make.decks()
NUMBER = re.compile(r"\d+(?:,\d{3})*(?:\.\d+)?")
each_deck = pytest.mark.parametrize("path", DECKS, ids=lambda path: path.stem)


def lesson_of(path):
    return make.Lesson(NOTEBOOKS / f"{path.stem}.ipynb")


def typed(markdown):
    """Return the numbers that a slide or its notes type themselves: no directive, no minutes, no mark of a list."""
    text = make.DIRECTIVE.sub("", markdown)
    text = re.sub(r"\*\*\d+ minutes?\.\*\*|^\d\. ", "", text, flags=re.MULTILINE)
    return NUMBER.findall(text)


def strangers(path, slides):
    """Return the typed numbers that the lesson does not have, in its prose, code, outputs or claims."""
    cells = lesson_of(path).cells.values()
    said = "\n".join(cell.source for cell in cells) + "\n".join(lesson_of(path).text(cell.id) for cell in cells)
    known = {*NUMBER.findall(said + str(load_claims(path.name[:2]))), *map(str, range(11))}
    return [number for slide in slides for half in slide for number in typed(half) if number not in known]


def test_every_lesson_has_a_deck():
    assert [path.stem for path in DECKS] == [path.stem for path in sorted(NOTEBOOKS.glob("[0-9][0-9]-*.ipynb"))]


@each_deck
def test_a_deck_is_built_like_a_lesson(path):
    slides = make.slides_of(path)
    headings = [slide.splitlines()[0] for slide, _ in slides]
    assert 12 <= len(slides) <= 20
    assert all(re.match(r"\*\*\d+ minutes?\.\*\* ", notes) for _, notes in slides)
    assert any("*Misconception:*" in notes for _, notes in slides)
    assert headings[0].startswith("# ")
    assert headings[-1] == "## Sources"
    reveals = [number for number, heading in enumerate(headings) if heading.startswith("## Measured")]
    assert reveals
    assert all("Predict" in headings[number - 1] for number in reveals)
    assert any(kind in text for text, _ in slides for kind in ("{{ explore", "{{ map", "{{ curves"))


def test_the_guide_counts_the_minutes_of_the_notes():
    guide = (NOTEBOOKS.parent / "site" / "guide.md").read_text(encoding="utf-8")
    rows = re.findall(r"\| (\d\d) \| (\d+) to (\d+) \| (\d+) \|", guide)
    assert len(rows) == 5
    for deck, first, last, minutes in rows:
        (path,) = [path for path in DECKS if path.name.startswith(deck)]
        notes = [notes for _, notes in make.slides_of(path)][int(first) - 1 : int(last)]
        assert sum(int(re.match(r"\*\*(\d+)", note)[1]) for note in notes) == int(minutes), deck
    assert sum(int(minutes) for *_, minutes in rows) <= 85  # of 90


@each_deck
def test_no_slide_types_a_number_that_the_lesson_does_not_have(path):
    assert strangers(path, make.slides_of(path)) == []


@each_deck
def test_a_number_that_somebody_types_is_found(path):
    assert strangers(path, [("We measured 1.2345 times.", "And 98,765,432 bytes.")]) == ["1.2345", "98,765,432"]


def directives(path):
    return [found for half in make.slides_of(path) for part in half for found in make.DIRECTIVE.findall(part)]


@each_deck
def test_a_changed_output_changes_the_slide_or_stops_the_deck(path):
    lesson = lesson_of(path)
    for directive in directives(path):
        if directive.startswith(("explore ", "sources")):
            continue
        before, changed = lesson._filled(directive), deepcopy(lesson)
        for cell in changed.cells.values():
            for output in cell.get("outputs", []):
                _spoil(output)
        try:
            after = changed._filled(directive)
        except ValueError:
            continue
        if NUMBER.search(re.sub(r"<(?!img)[^>]+>", "", before)):
            assert after != before, directive


def _spoil(output):
    """Give every digit of an output another value."""
    turn = str.maketrans("0123456789", "1234567890")
    if "text" in output:
        output["text"] = output["text"].translate(turn)
    for kind, text in output.get("data", {}).items():
        output["data"][kind] = text.translate(turn)


@pytest.mark.parametrize(
    ("directive", "message"),
    [
        ("nowhere: [0-9]", "cell must be one of the notebook's; got 'nowhere'"),
        ("kept-norm: seconds", "pattern must be found in cell 'kept-norm'"),
        ("figure kept-norm", "cell must have outputs of image/png; 'kept-norm' has 0"),
        ("picture kept-norm", "directive must be"),
    ],
)
def test_a_directive_that_finds_nothing_is_refused(directive, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        lesson_of(DECKS[0]).fill("{{ " + directive + " }}")


def test_a_deck_is_one_file_that_asks_nobody():
    page = make.deck_html(NOTEBOOKS / "slides" / "04-sparse-kernels.md")
    body = page.partition("</main>")[0]
    assert re.findall(r'(?:src|href)="(?!data:|https://(?:arxiv|doi)\.org/)([^"]*)"', body) == []
    assert not re.search(r"<script src|<link ", page)
    assert "url(http" not in page
    assert "sourceMappingURL" not in page
    assert page.count("<section") == page.count('<aside class="notes">') == 16


def test_formulas_are_mathml_and_markdown_is_html():
    page = make.html_of("A **formula** $d < \\frac{v}{v + i}$ and $$x_1$$")
    assert page.count("<math") == 2
    assert 'display="block"' in page
    assert "<strong>formula</strong>" in page


def test_numbers_are_read_from_the_notebook_on_disk(tmp_path):
    notebook = nbformat.read(NOTEBOOKS / "01-why-prune.ipynb", as_version=4)
    nbformat.write(notebook, tmp_path / "01-copy.ipynb")
    assert make.Lesson(tmp_path / "01-copy.ipynb").fill("{{ kept-norm: survives: ([0-9.]+) }}") == "0.885"
