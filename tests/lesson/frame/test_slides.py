"""Decks say nothing that their lesson did not compute: a number is fetched from an output, or stands in the lesson."""

import re
from copy import deepcopy

import nbformat
import pytest
import train_once

from pruning_lab import plots
from pruning_lab.lesson.frame.claims import load_claims
from pruning_lab.lesson.frame.lessons import lessons
from pruning_lab.lesson.frame.slides import deck_html, slides_of
from pruning_lab.lesson.frame.slides.directives import DIRECTIVE, _source, filled
from pruning_lab.lesson.frame.slides.explorers import explorer_of, redrawn
from pruning_lab.lesson.frame.slides.outputs import Outputs
from pruning_lab.lesson.frame.slides.page import html_of
from pruning_lab.places import NOTEBOOKS, ROOT
from pruning_lab.plots.style import PAGE, SLIDE, drawn_for, smallest_text

FIRST = lessons()[0]
NUMBER = re.compile(r"\d+(?:,\d{3})*(?:\.\d+)?")
each_lesson = pytest.mark.parametrize("lesson", lessons(), ids=lambda lesson: lesson.stem)


@pytest.fixture(autouse=True)
def trained_once():
    with train_once.shared():  # what a deck's explorers train
        yield


def typed(markdown):
    """Return the numbers that a slide or its notes type themselves: no directive, no minutes, no mark of a list."""
    text = DIRECTIVE.sub("", markdown)
    text = re.sub(r"\*\*\d+ minutes?\.\*\*|^\d\. ", "", text, flags=re.MULTILINE)
    return NUMBER.findall(text)


def strangers(lesson, slides):
    """Return the typed numbers that the lesson does not have, in its prose, code, outputs or claims."""
    outputs = Outputs(lesson.notebook)
    cells = outputs.cells.values()
    said = "\n".join(cell.source for cell in cells) + "\n".join(outputs.text(cell.id) for cell in cells)
    known = {*NUMBER.findall(said + str(load_claims(lesson.number))), *map(str, range(11))}
    return [number for slide in slides for half in slide for number in typed(half) if number not in known]


def test_every_lesson_has_a_deck():
    assert sorted((NOTEBOOKS / "slides").glob("*.md")) == [lesson.deck for lesson in lessons()]


@each_lesson
def test_a_deck_is_built_like_a_lesson(lesson):
    slides = slides_of(lesson.deck)
    headings = [slide.splitlines()[0] for slide, _ in slides]
    assert 12 <= len(slides) <= 20
    assert all(re.match(r"\*\*\d+ minutes?\.\*\* ", notes) for _, notes in slides)
    assert any("*Misconception:*" in notes for _, notes in slides)
    assert headings[0].startswith("# ")
    assert headings[-1] == "## Sources"
    reveals = [number for number, heading in enumerate(headings) if heading.startswith("## Measured")]
    assert reveals
    assert all("Predict" in headings[number - 1] for number in reveals)
    assert any(kind in text for text, _ in slides for kind in ("{{ explore", "{{ redraw"))


@each_lesson
def test_a_deck_says_what_it_is_for_and_hands_over_to_the_homework(lesson):
    slides = [slide for slide, _ in slides_of(lesson.deck)]
    assert "**Afterwards** you can" in slides[0]
    assert re.search(r"\*\*Homework \d\*\*", slides[-2])
    guide = (ROOT / "site" / "guide.md").read_text(encoding="utf-8")
    section = guide.partition(f"### Lesson {lesson.number}")[2].partition("###")[0]
    promised = re.findall(r"\*\*homework (\d)", section, re.IGNORECASE)
    assert sorted(set(re.findall(r"\*\*Homework (\d)\*\*", slides[-2]))) == sorted(set(promised))


@each_lesson
def test_every_prediction_offers_something_to_vote_for(lesson):
    asked = [slide for slide, _ in slides_of(lesson.deck) if slide.startswith("## Predict")]
    assert [slide for slide in asked if len(re.findall(r"^\d\. ", slide, re.MULTILINE)) < 2] == []


@each_lesson
def test_no_table_of_a_slide_has_more_columns_than_can_be_read(lesson):
    outputs = Outputs(lesson.notebook)
    still = [re.sub(r"\{\{ explore .*? \}\}", "", slide) for slide, _ in slides_of(lesson.deck)]  # no cell need be run
    shown = "\n".join(html_of(filled(slide, outputs)) for slide in still)
    heads = [head.count("<th") for head in re.findall(r"<thead>(.*?)</thead>", shown, re.DOTALL)]
    assert max(heads, default=0) <= 6
    assert 'class="wide"' not in shown  # the smallest print


def test_the_guide_counts_the_minutes_of_the_notes():
    guide = (ROOT / "site" / "guide.md").read_text(encoding="utf-8")
    rows = re.findall(r"\| (\d\d) \| (\d+) to (\d+) \| (\d+) \|", guide)
    assert len(rows) == 5
    for deck, first, last, minutes in rows:
        (lesson,) = [lesson for lesson in lessons() if lesson.number == deck]
        notes = [notes for _, notes in slides_of(lesson.deck)][int(first) - 1 : int(last)]
        assert sum(int(re.match(r"\*\*(\d+)", note)[1]) for note in notes) == int(minutes), deck
    assert sum(int(minutes) for *_, minutes in rows) <= 85  # of 90


@each_lesson
def test_no_slide_types_a_number_that_the_lesson_does_not_have(lesson):
    assert strangers(lesson, slides_of(lesson.deck)) == []


@each_lesson
def test_a_number_that_somebody_types_is_found(lesson):
    assert strangers(lesson, [("We measured 1.2345 times.", "And 98,765,432 bytes.")]) == ["1.2345", "98,765,432"]


def directives(lesson):
    return [found[0] for half in slides_of(lesson.deck) for part in half for found in DIRECTIVE.finditer(part)]


@each_lesson
def test_a_changed_output_changes_the_slide_or_stops_the_deck(lesson):
    outputs = Outputs(lesson.notebook)
    for directive in directives(lesson):
        if directive.startswith(("{{ explore ", "{{ sources")):
            continue
        before, changed = filled(directive, outputs), deepcopy(outputs)
        for cell in changed.cells:
            for output in changed.outputs(cell):
                _spoil(output)
        try:
            after = filled(directive, changed)
        except ValueError:
            continue
        if NUMBER.search(re.sub(r"<(?!img)[^>]+>", "", before)):
            assert after != before, directive


def _spoil(output):
    """Give every digit of an output another value."""
    turn = str.maketrans("0123456789", "1234567890")
    if "text" in output:
        output["text"] = output["text"].translate(turn)
    for held in (output.get("data", {}), output.get("metadata", {}).get("slide", {})):
        for kind, text in held.items():
            held[kind] = text.translate(turn) if isinstance(text, str) else text


@pytest.mark.parametrize(
    ("directive", "message"),
    [
        ("nowhere: [0-9]", "cell must be one of the notebook's; got 'nowhere'"),
        ("kept-norm: seconds", "pattern must be found in cell 'kept-norm'"),
        ("figure kept-norm", "cell must have outputs of image/png; 'kept-norm' has 0"),
        ("table kept-norm 1", "cell must have a table 1; 'kept-norm' has 0"),
        ("output kept-norm mark: seconds", "mark must be found in what is shown; got 'seconds'"),
        ("redraw kept-norm", "cell must end with a call of an explorer"),
        ("redraw explore-patterns", "cell must show an explorer whose module has from_table; got 'explore-patterns'"),
        ("explore start", "cell must show an explorer; 'start' gives None"),
        ("explore mask-by-hand mask-agrees kept-norm", "cell must end with an explorer; 'kept-norm' ends with"),
        ("picture kept-norm", "directive must be"),
    ],
)
def test_a_directive_that_finds_nothing_is_refused(directive, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        filled("{{ " + directive + " }}", Outputs(FIRST.notebook))


def test_an_error_in_a_deck_says_where_and_a_cell_that_was_not_run_is_named(tmp_path):
    deck, notebook = tmp_path / "01-a.md", tmp_path / "01-a.ipynb"
    deck.write_text("# First\n---\n{{ made: [0-9]+ }}\n")
    cell = nbformat.v4.new_code_cell("1", id="made")
    nbformat.write(nbformat.v4.new_notebook(cells=[cell]), notebook)
    with pytest.raises(ValueError, match=r"^01-a\.md, slide 2: cell must have been run \(`make notebooks` runs it\)"):
        deck_html(deck, Outputs(notebook))


def test_what_matters_in_an_output_is_marked():
    shown = filled("{{ output kept-norm mark: survives: ([0-9.]+) }}", Outputs(FIRST.notebook))
    assert "survives: <mark>0.885</mark> of" in shown


def test_a_table_is_cut_down_to_the_columns_named():
    shown = filled("{{ table accuracy-picture 0 of 1 3 }}", Outputs(FIRST.notebook))
    assert re.findall(r'<th scope="col">(.*?)</th>', shown) == ["sparsity", "after one epoch of retraining"]


def test_an_explorer_is_made_again_without_measuring():
    outputs = Outputs(FIRST.notebook)
    _, (head, *rows) = outputs.table("accuracy-picture")
    assert redrawn(outputs, "accuracy-picture").table == [head, *rows]
    assert redrawn(outputs, "explore-patterns") is None  # its table does not hold the weights


def test_an_explorer_is_the_value_of_its_cell(capsys):
    class Written:
        cells = (
            "import os\nprint(os.environ['TQDM_DISABLE'])\ncurves = {'a': ([0.5], [0.8])}",
            "lesson.explore_accuracy(curves)",
        )

        def cell(self, number):
            return nbformat.v4.new_code_cell(
                ("from pruning_lab import lesson\n" if number == 0 else "") + self.cells[number]
            )

    assert explorer_of(Written(), 0, 1).table == [["sparsity", "a"], ["0.5", "0.800"]]
    assert capsys.readouterr().out == ""


def test_a_deck_is_one_file_that_asks_nobody():
    lesson = lessons()[3]
    page = deck_html(lesson.deck, Outputs(lesson.notebook))
    body = page.partition("</main>")[0]
    assert re.findall(r'(?:src|href)="(?!data:|https://(?:arxiv|doi)\.org/)([^"]*)"', body) == []
    assert not re.search(r"<script src|<link ", page)
    assert "url(http" not in page
    assert "sourceMappingURL" not in page
    assert page.count("<section") == page.count('<aside class="notes">') == len(slides_of(lesson.deck))


@each_lesson
def test_what_the_speaker_knows_is_not_in_the_students_file(lesson):
    page = deck_html(lesson.deck, Outputs(lesson.notebook), notes=False)
    assert page.count("<section") == len(slides_of(lesson.deck))
    assert "<aside" not in page
    said = [notes.partition("** ")[2][:40] for _, notes in slides_of(lesson.deck)]
    assert [words for words in said if words in page] == []


def votes(lesson):
    """Return, for each vote, what the slides before it say without the options, and what was measured."""
    outputs = Outputs(lesson.notebook)
    slides = [slide for slide, _ in slides_of(lesson.deck)]
    for number, slide in enumerate(slides):
        found = re.match(r"## Measured.*?(\{\{ [\w-]+: .*? \}\})", slide)
        if found:
            before = re.sub(r"^\d\. .*$", "", "\n".join(slides[:number]), flags=re.MULTILINE)
            still = re.sub(r"\{\{ explore .*? \}\}", "", before)  # no cell need be run
            yield re.sub(r"<img[^>]*>", "", filled(still, outputs)), filled(found[1], outputs)


@each_lesson
def test_no_slide_answers_the_next_vote(lesson):
    asked = list(votes(lesson))
    assert asked
    assert [answer for before, answer in asked if answer in before] == []


def test_formulas_are_mathml_and_markdown_is_html():
    page = html_of("A **formula** $d < \\frac{v}{v + i}$ and $$x_1$$")
    assert page.count("<math") == 2
    assert 'display="block"' in page
    assert "<strong>formula</strong>" in page


def test_a_number_and_its_percent_sign_stay_on_one_line():
    assert html_of("take 12 % of $x$ %").startswith("<p>take 12\u00a0% of <math")


def test_a_source_ends_with_one_stop():
    assert _source("2019: Are they?", "https://a.org").startswith("2019: Are they? <a ")
    assert _source("2019: They are", "https://a.org").startswith("2019: They are. <a ")


def test_numbers_are_read_from_the_notebook_on_disk(tmp_path):
    notebook = nbformat.read(FIRST.notebook, as_version=4)
    nbformat.write(notebook, tmp_path / "01-copy.ipynb")
    assert filled("{{ kept-norm: survives: ([0-9.]+) }}", Outputs(tmp_path / "01-copy.ipynb")) == "0.885"


@each_lesson
def test_every_figure_of_a_deck_was_drawn_for_slides(lesson):
    outputs = Outputs(lesson.notebook)
    cells = [directive.split()[2] for directive in directives(lesson) if directive.startswith("{{ figure")]
    pictures = {cell: outputs.picture(cell, "slide") for cell in cells}
    assert [cell for cell, picture in pictures.items() if picture.smallest_text is None] == []
    width = SLIDE.dpi * SLIDE.width
    small = {cell: 1200 / width * picture.smallest_text for cell, picture in pictures.items()}  # on a slide 1200 wide
    assert {cell: height for cell, height in small.items() if height < 20} == {}


def test_a_figure_for_slides_has_larger_words_and_is_the_same_afterwards():
    axes = plots.accuracy_curve({"one-shot": ([0.5, 0.9], [0.8, 0.6])}, dense=0.85)
    figure, before = axes.figure, plots.png(axes)
    assert smallest_text(figure, SLIDE) / (SLIDE.dpi * SLIDE.width) > smallest_text(figure, PAGE) / (PAGE.dpi * 7.2)
    assert plots.png(axes, style=SLIDE) != before
    assert plots.png(axes) == before
    with drawn_for(figure, SLIDE):
        labels = [*axes.get_xticklabels(), *axes.get_yticklabels(), *axes.get_legend().get_texts()]
        assert {SLIDE.least <= label.get_fontsize() <= SLIDE.most for label in labels} == {True}


def test_figures_go_along_for_slides_only_while_notebooks_are_refreshed(monkeypatch):
    shown = []
    monkeypatch.setattr("pruning_lab.plots.canvas.display", lambda data, raw, metadata={}: shown.append(metadata))
    plots.show(plots.new_axes(), "Nothing.")
    monkeypatch.setenv("PRUNING_LAB_FOR_SLIDES", "1")
    plots.show(plots.new_axes(), "Nothing.")
    assert ["slide" in metadata for metadata in shown] == [False, False, True, False]
