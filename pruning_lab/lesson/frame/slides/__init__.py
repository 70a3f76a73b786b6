"""Make each deck one HTML file that needs nothing else, no network either: `make slides` writes build/slides/.

Those are for students. build/slides-with-notes/ has the same decks for speakers, with notes that know the answers.

A deck is Markdown: slides lie between lines of ---, what follows a line `Notes:` is for the speaker. It types no
measured number: what the lesson's notebook computed is fetched from there by the directives that `directives` lists.
"""

import re

from pruning_lab.lesson.frame.lessons import lessons
from pruning_lab.lesson.frame.slides.directives import filled
from pruning_lab.lesson.frame.slides.outputs import Outputs
from pruning_lab.lesson.frame.slides.page import emblem, html_of, page
from pruning_lab.places import ROOT

BUILD = ROOT / "build" / "slides"
KINDS = {"# ": "title", "## Predict": "ask", "## Sources": "sources"}  # how a slide begins, and what it is


def slides_of(path):
    """Return (slide, notes) of each slide of a deck, as Markdown with its directives."""
    parts = re.split(r"^---$", path.read_text(encoding="utf-8"), flags=re.MULTILINE)
    return [tuple(half.strip() for half in (*part.split("\nNotes:", 1), "")[:2]) for part in parts]


def title_of(path):
    """Return the heading of a deck's first slide."""
    return slides_of(path)[0][0].splitlines()[0].lstrip("# ")


def deck_html(path, outputs, notes=True):
    """Return a deck as one HTML page, with the speaker's notes or without.

    Args:
        path: the deck, such as notebooks/slides/01-why-prune.md.
        outputs: the `Outputs` of the notebook that it draws from.
    """
    sections = []
    for number, (slide, said) in enumerate(slides_of(path), start=1):
        try:
            sections.append(_section(slide, said if notes else "", outputs))
        except ValueError as error:
            raise ValueError(f"{path.name}, slide {number}: {error}") from error
    return page(title_of(path), "\n".join(sections))


def _section(slide, notes, outputs):
    kind = next((kind for start, kind in KINDS.items() if slide.startswith(start)), "")
    shown, said = (html_of(filled(half, outputs)) for half in (slide, notes))
    drawing = emblem() if kind == "title" else ""
    aside = f'<aside class="notes">{said}</aside>' if said else ""
    return f'<section class="{kind}">{shown}{drawing}{aside}</section>'


def build(folder=BUILD):
    """Make the decks of all lessons in `folder`, and those with notes beside it; return the paths of the former."""
    for notes in (True, False):
        made = folder.with_name(f"{folder.name}-with-notes") if notes else folder
        made.mkdir(parents=True, exist_ok=True)
        paths = [_built(lesson, made / f"{lesson.stem}.html", notes) for lesson in lessons()]
    return paths


def _built(lesson, made, notes):
    made.write_text(deck_html(lesson.deck, Outputs(lesson.notebook), notes), encoding="utf-8")
    print(f"{made}: {len(slides_of(lesson.deck))} slides")
    return made
