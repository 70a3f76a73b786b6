"""What must not be read before it is asked for, and where: what the checks of every surface of the course share.

A secret is a text that a lesson keeps closed: a hint, a reply of its inquiry, a line that a guess or a prediction folds
up, the verdict below one. A page keeps it if nobody reads it there who has unfolded nothing.
"""

import json
import re
from html import unescape
from html.parser import HTMLParser
from itertools import pairwise

import ipywidgets
import nbformat

from pruning_lab.lesson.frame.keys import keys_of
from pruning_lab.lesson.frame.slides.outputs import Outputs

UNSEEN = {"script", "style", "template", "title"}  # a browser shows none of it on the page
CODE = "highlight"  # the class of a cell's source: it prints the words of its answer, and no number of it
MEASURED = re.compile(r"<p>Measured: ([^<]+)[.]</p>(?:<p>([^<]+)[.]</p>)?")  # an answer, and the sentence after it
VOID = {"area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr"}


def secrets_of(lesson):
    """Return what must not be seen of a lesson: replies, hints, and the lines that guesses and predictions fold up."""
    secrets = kept_in_keys(lesson)
    for cell in Outputs(lesson.notebook).cells.values():
        for output in cell.get("outputs", []):
            for part in output.get("metadata", {}).get("folded", []):
                secrets += [
                    line for line in part.get("text", "").splitlines() if len(line) > 12 and "rounds" not in line
                ]
            for told in MEASURED.finditer(output.get("data", {}).get("text/html", "")):
                secrets += [words for words in told.groups() if len(words or "") >= 12]
    verdicts = [re.search(r"</summary>\n\n(.{20,60}?)[\n.*$`\[]", cell.source) for cell in lesson_cells(lesson)]
    return [" ".join(secret.split()) for secret in [*secrets, *(found[1] for found in verdicts if found)]]


def kept_in_keys(lesson):
    """Return a lesson's hints and replies."""
    keys = keys_of(lesson.room)
    return [hint for hints in keys["hints"].values() for hint in hints] + list(keys["inquiry"]["replies"].values())


def lesson_cells(lesson):
    return [cell for cell in nbformat.read(lesson.notebook, as_version=4).cells if cell.cell_type == "markdown"]


class Seen(HTMLParser):
    """Collects the text of a page that is seen without unfolding anything, and what its options say."""

    def __init__(self):
        super().__init__()
        self.open, self.seen, self.options = [], [], []

    def handle_starttag(self, tag, attrs):
        if tag not in VOID:
            self.open.append((tag, dict(attrs)))
        self.seen += [
            value for name, value in attrs if name in ("alt", "title", "aria-label") and value and self._shown()
        ]

    def handle_endtag(self, tag):
        names = [name for name, _ in self.open]
        if tag in names:
            place = len(names) - 1 - names[::-1].index(tag)
            if tag == "details" or "details" not in names[place:]:  # else the end of a paragraph that ended before
                del self.open[place:]

    def handle_data(self, data):
        if self._shown():
            (self.options if any(tag in ("li", "label") for tag, _ in self.open) else self.seen).append(data)

    def _shown(self):
        tags = [tag for tag, _ in self.open]
        if UNSEEN & set(tags) or any("hidden" in attrs or CODE in (attrs.get("class") or "") for _, attrs in self.open):
            return False
        for place, (tag, attrs) in enumerate(self.open):
            if tag == "details" and "open" not in attrs and "summary" not in tags[place + 1 : place + 2]:
                return False
        return True


def seen_in(html):
    """Return the text that a reader of a page sees, and that of its lists: the options of a question stand there."""
    page = Seen()
    page.feed(html)
    return [" ".join(" ".join(part).split()) for part in (page.seen, page.options)]


def leaks(html, secrets):
    """Return the secrets that are read on a page without unfolding anything; an option may say what is right."""
    seen, options = seen_in(html)
    return [secret for secret in secrets if secret in seen and secret not in options]


def leaks_of_cells(cells, secrets):
    """Return the secrets in what the cells of a notebook show: prose, printed text, HTML, and the words for figures."""
    pages = []
    for cell in cells:
        pages += ["".join(cell["source"])] if cell["cell_type"] == "markdown" else []
        for output in cell.get("outputs", []):
            data = output.get("data", {})
            pages += ["".join(data[kind]) for kind in ("text/html", "text/markdown") if kind in data]
            pages += [escaped("".join(data.get("text/plain", output.get("text", ""))))]
    return leaks("\n".join(pages), secrets)


def escaped(text):
    return text.replace("&", "&amp;").replace("<", "&lt;")


def leaks_of_widgets(secrets):
    """Return the secrets in the state of all widgets that there are: it is in the browser, shown or not."""
    told = "\n".join(texts_in(ipywidgets.Widget.get_manager_state()["state"]))
    return [secret for secret in secrets if secret in unescape(told)]


def texts_in(value):
    """Yield all texts in what JSON can hold."""
    if isinstance(value, str):
        yield value
    for part in value.values() if isinstance(value, dict) else value if isinstance(value, list | tuple) else ():
        yield from texts_in(part)


def widget_states(notebook):
    """Return what a notebook keeps of widgets: their state, and outputs that would show them."""
    outputs = [output for cell in notebook["cells"] for output in cell.get("outputs", [])]
    views = [kind for output in outputs for kind in output.get("data", {}) if "widget-view" in kind]
    return list(notebook["metadata"].get("widgets", {})) + views


def noted(html):
    """Return the speaker's notes of a deck: a student's has none, for they know the answers."""
    return re.findall(r'<aside class="notes">(.*?)</aside>', html, re.DOTALL)


def answered_early(slides):
    """Return the slides of a deck that ask what they, or one before them, have answered already.

    The slide after a question begins with what was measured: no slide before it may draw from the same cell.
    """
    early, shown = [], set()
    for (slide, _), (following, _) in pairwise(slides):
        shown |= set(drawn_from(slide))
        if slide.startswith("## Predict") and shown & set(drawn_from(following)[:1]):
            early.append(slide.splitlines()[0])
    return early


def drawn_from(slide):
    """Return the cells that the directives of a slide draw from, in order."""
    words = [directive.split() for directive in re.findall(r"\{\{ (.+?) \}\}", slide)]
    return [said[0].rstrip(":") if said[0].endswith(":") else said[-1 if len(said) < 2 else 1] for said in words]


def index_of(script):
    """Return what a site's search index says in whole phrases: titles of pages and headings, and names."""
    index = json.loads(script.partition("(")[2].rpartition(")")[0])
    return "\n".join([*index["titles"], *index["alltitles"], *(str(name) for name in index.get("indexentries", {}))])
