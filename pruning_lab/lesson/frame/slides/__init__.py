"""Make each deck one HTML file that needs nothing else, no network either: `make slides` writes build/slides/.

A deck is Markdown: slides lie between lines of ---, what follows a line `Notes:` is for the speaker. It types no measured
number. What the lesson's notebook computed is fetched from there:

    {{ CELL: regex }}      the first group of the regex (or all of the match) in the text of the cell's outputs
    {{ figure CELL }}      its picture, with its words for who cannot see it
    {{ output CELL }}      its printed text       {{ table CELL }}      its table
    {{ columns CELL 1 4 }} a table that it printed, of these columns alone (all if none is named)
    {{ explore CELL ... }} these cells are run, and the explorer of the last one moves on the slide
    {{ map CELL }}, {{ curves CELL }}   an explorer of the numbers in the cell's table, alive
    {{ sources }}          what the lesson's claims rest on
"""

import base64
import io
import json
import logging
import os
import re
import sys
from html import escape, unescape
from pathlib import Path
from unittest import mock

import ipywidgets
import latex2mathml.converter
import matplotlib
import mistune
import nbformat
import numpy as np
import sphinx_revealjs
import torch
from fontTools import subset
from fontTools.ttLib import TTFont

from pruning_lab import masks, plots
from pruning_lab.lesson import explorers
from pruning_lab.lesson.claims import load_claims, load_sources

HERE = Path(__file__).parent
BUILD = HERE.parents[1] / "build" / "slides"
REVEAL = Path(sphinx_revealjs.__file__).parent / "_static" / "revealjs"
FONTS = Path(matplotlib.get_data_path()) / "fonts" / "ttf"
INK, FAINT = plots.COLOURS["kept"], plots.COLOURS["pruned"]
WIDE = 76  # letters of a line that fit a slide at the size of text
SHORT = 64, 8  # letters of a line, and lines, that fit in larger print
SPREAD = re.compile(r"<td>([0-9.]+) \(([^)<]+)\)</td>")  # a ratio with its quartiles
DIRECTIVE = re.compile(r"\{\{ (.+?) \}\}")
MATH = re.compile(r"\$\$(.+?)\$\$|\$(.+?)\$", re.DOTALL)


def decks():
    """Return the paths of all decks."""
    return sorted(HERE.glob("[0-9][0-9]-*.md"))


class Lesson:
    """The outputs of a lesson's notebook, by cell.

    Args:
        path: the notebook.
    """

    def __init__(self, path):
        self.number = path.name[:2]
        notebook = nbformat.read(path, as_version=4)
        self.cells = {cell.id: cell for cell in notebook.cells}

    def _data(self, cell, kind):
        """Return what the outputs of a cell hold of one kind, printed text as text/plain."""
        if cell not in self.cells:
            raise ValueError(f"cell must be one of the notebook's; got {cell!r}")
        outputs = self.cells[cell].get("outputs", [])
        printed = [output["text"] for output in outputs if "text" in output]
        return (printed if kind == "text/plain" else []) + [
            output["data"][kind] for output in outputs if kind in output.get("data", {})
        ]

    def _one(self, cell, kind, number=0):
        found = self._data(cell, kind)
        if number >= len(found):
            raise ValueError(f"cell must have outputs of {kind}; {cell!r} has {len(found)}")
        return found[number]

    def text(self, cell):
        """Return all that the outputs of a cell say, tables without their tags."""
        parts = self._data(cell, "text/plain") + self._data(cell, "text/html")
        return unescape(re.sub(r"<[^>]+>", " ", "\n".join(parts)))

    def number_in(self, cell, pattern):
        """Return what a regular expression finds in the text of a cell."""
        found = re.search(pattern, self.text(cell))
        if not found:
            raise ValueError(f"pattern must be found in cell {cell!r}; got {pattern!r}")
        return escape(found[1] if found.re.groups else found[0])

    def figure(self, cell):
        """Return the first picture of a cell as HTML."""
        data, output = self._one(cell, "image/png"), self.cells[cell].outputs
        alt = next(o["data"]["text/plain"] for o in output if "image/png" in o.get("data", {}))
        alt = escape(" ".join(alt.split()))
        return f'<img alt="{alt}" src="data:image/png;base64,{data.strip()}">'

    def output(self, cell, number=0):
        """Return what a cell printed, the first part if no other number is given."""
        printed = self._one(cell, "text/plain", int(number))
        lines = printed.rstrip().splitlines()
        longest, few = max(map(len, lines)), len(lines) <= SHORT[1]
        wraps = longest > WIDE and len(lines) <= 3  # a sentence rather than a table
        short = few and (longest <= SHORT[0] or wraps)
        kind = "short" if short else "wide" if longest > WIDE else "plain"
        return f'<pre class="{kind}">{escape(printed.rstrip())}</pre>'

    def table(self, cell, number=0):
        """Return a table of a cell, the first if no other number is given."""
        tables = re.findall(r"<table.*?</table>", "".join(self._data(cell, "text/html")), re.DOTALL)
        plain = re.sub(r' style="[^"]*"', "", tables[int(number)])
        return _fitted(plain)

    def columns(self, cell, *chosen):
        """Return a table that a cell printed, its parts two blanks apart; quartiles go below what they belong to."""
        lines = [re.split(r" {2,}", line.strip()) for line in self._one(cell, "text/plain").splitlines()]
        head, *rest = (line for line in lines if line != [""])
        wanted = [int(number) - 1 for number in chosen] or range(len(head))
        rows = [[line[k] for k in wanted] for line in rest if len(line) == len(head)]
        names = [head[k] for k in wanted]
        if names[-1] == "quartiles":
            names.pop()
            rows = [[*row[:-2], f"{row[-2]} ({row[-1]})"] for row in rows]
        below = "<br>".join(escape(*line) for line in rest if len(line) == 1)
        body = "".join(_row(row, "td") for row in rows)
        return _fitted(f"<table><caption>{below}</caption>{_row(names, 'th')}{body}</table>")

    def explore(self, *cells):
        """Run cells, and return the explorer that the last one shows, alive."""
        names = {"__name__": "deck"}
        sources = [self.cells[cell].source for cell in cells]
        return _alive(lambda: [exec(source, names) for source in sources])

    def _columns(self, cell):
        """Return the columns of a table of numbers: {heading: numbers}."""
        rows = re.findall(r"<tr>(.*?)</tr>", self.table(cell), re.DOTALL)
        head, *body = [re.findall(r"<t[hd][^>]*>(.*?)</t[hd]>", row) for row in rows]
        columns = zip(*(map(float, row) for row in body), strict=True)
        return dict(zip(head, columns, strict=True))

    def map(self, cell):
        """Return the explorer of a crossover map with the ratios that stand in the table of a cell."""
        columns = self._columns(cell)
        density = columns.pop("density")
        batches = [int(name.removeprefix("batch ")) for name in columns]
        ratios = list(zip(*columns.values(), strict=True))
        return _alive(lambda: explorers.explore_crossover(density, batches, ratios))

    def curves(self, cell):
        """Return the explorer of accuracies with those that stand in the table of a cell."""
        columns = self._columns(cell)
        sparsity = columns.pop("sparsity")
        curves = {name: (sparsity, accuracy) for name, accuracy in columns.items()}
        return _alive(lambda: explorers.explore_accuracy(curves))

    def sources(self):
        """Return what the claims of the lesson rest on, as a list."""
        cited = {key for claim in load_claims(self.number) for key in claim["sources"]}
        entries = load_sources()
        lines = [_source(entries[key]) for key in sorted(cited)]
        return "<ul>" + "".join(f"<li>{line}</li>" for line in lines) + "</ul>"

    def fill(self, text):
        """Return the Markdown of a deck with all directives replaced."""
        return DIRECTIVE.sub(lambda found: self._filled(found[1]), text)

    def _filled(self, directive):
        cell, colon, pattern = directive.partition(": ")
        if colon and " " not in cell:
            return self.number_in(cell, pattern)
        kind, *arguments = directive.split()
        if kind not in (
            "figure",
            "output",
            "table",
            "columns",
            "explore",
            "map",
            "curves",
            "sources",
        ):
            raise ValueError(f"directive must be `CELL: regex` or one that make.py lists; got {directive!r}")
        return getattr(self, kind)(*arguments)


def _row(parts, kind):
    first, *others = map(escape, parts)
    head = f'<th scope="{"row" if kind == "td" else "col"}">{first}</th>'
    return f"<tr>{head}{''.join(f'<{kind}>{part}</{kind}>' for part in others)}</tr>"


def _fitted(table):
    """Return a table in the largest print in which it fits a slide, quartiles below their ratio."""
    table = SPREAD.sub(r"<td>\1<small>\2</small></td>", table)
    columns, rows = table.partition("</tr>")[0].count("<th "), table.count("<tr")
    kind = "wide" if rows > 9 else "plain" if columns > 6 else "short"
    return table.replace("<table", f'<table class="{kind}"', 1)


def emblem():
    """Return the two kinds of zeros as a drawing for title slides: half of the weights scattered, half as columns."""
    worth = torch.rand((8, 8), generator=torch.Generator().manual_seed(1))
    columns = torch.zeros((8, 8), dtype=torch.bool)
    columns[:, masks.keep_channels(worth.sum(dim=0), 0.5)] = True
    kept = masks.mask_unstructured(worth, 0.5), columns
    squares = "".join(
        f'<rect x="{16 * column + 150 * which}" y="{16 * row}" width="14" height="14" fill="{INK if stays else FAINT}"/>'
        for which, mask in enumerate(kept)
        for (row, column), stays in np.ndenumerate(mask.numpy())
    )
    return f'<svg class="emblem" viewBox="0 0 276 126" aria-hidden="true">{squares}</svg>'


def _alive(show):
    """Return the explorer that `show` would put into a notebook, as HTML that deck.js brings to life."""
    links, shown = [], []
    with (
        mock.patch.dict(os.environ, PRUNING_LAB_UNATTENDED="1", TQDM_DISABLE="1"),
        mock.patch.object(explorers, "_show", lambda *parts: shown.append(parts[0])),
        mock.patch.object(ipywidgets, "jslink", lambda *ends: links.append(ends)),
        mock.patch("sys.stdout", io.StringIO()),
    ):
        show()
    *controls, canvas = shown[0]
    state = {name: getattr(canvas, name) for name in ("picture", "facts", "place", "choice")}
    packed = {name: base64.b64encode(getattr(canvas, name)).decode() for name in ("numbers", "gone_at")}
    traits = {id(control): trait for (control, _), (_, trait) in links}
    described = [_control(control, traits[id(control)]) for control in controls]
    data = json.dumps({"state": state, "packed": packed, "controls": described})
    data = data.replace("<", "\\u003c")
    return f'<div class="explorer"><script type="application/json">{data}</script></div>'


def _control(control, trait):
    """Describe a control so that the page can make its own."""
    kind = "place" if isinstance(control, ipywidgets.FloatSlider) else "index"
    described = {"name": control.description, "trait": trait, "kind": kind}
    if kind == "place":
        return described | {
            "value": control.value,
            "max": control.max,
            "step": control.step,
        }
    listed = [option if isinstance(option, str) else option[0] for option in control.options]
    return described | {
        "options": listed,
        "list": isinstance(control, ipywidgets.Dropdown),
    }


def _source(entry):
    text, link = map(escape, entry)
    return f'{text}. <a href="{link}">{link.removeprefix("https://")}</a>'


def slides_of(path):
    """Return (slide, notes) of each slide of a deck, as Markdown with its directives."""
    parts = re.split(r"^---$", path.read_text(encoding="utf-8"), flags=re.MULTILINE)
    return [tuple(half.strip() for half in (*part.split("\nNotes:", 1), "")[:2]) for part in parts]


def html_of(markdown):
    """Return Markdown as HTML, its formulas as MathML."""
    kept = []

    def formula(found):
        display = "block" if found[1] else "inline"
        kept.append(latex2mathml.converter.convert(found[1] or found[2], display=display))
        return f"@@{len(kept) - 1}@@"

    page = mistune.html(MATH.sub(formula, markdown))
    return re.sub(r"@@(\d+)@@", lambda found: kept[int(found[1])], page)


def deck_html(path, lesson=None):
    """Return a deck as one HTML page.

    Args:
        path: the deck, such as notebooks/slides/01-why-prune.md.
        lesson: the `Lesson` it draws from; None reads the notebook of the same name.
    """
    lesson = lesson or Lesson(HERE.parent / f"{path.stem}.ipynb")
    sections, title = [], None
    for slide, notes in slides_of(path):
        title = title or slide.lstrip("# ").splitlines()[0]
        filled = [html_of(lesson.fill(half)) for half in (slide, notes)]
        filled[0] += emblem() if slide.startswith("# ") else ""
        kind = ' class="title"' if slide.startswith("# ") else ""
        kind = ' class="ask"' if slide.startswith("## Predict") else kind
        kind = ' class="sources"' if slide.startswith("## Sources") else kind
        sections.append(f'<section{kind}>{filled[0]}<aside class="notes">{filled[1]}</aside></section>')
    body = "\n".join(sections)
    return _page(title, body)


def _page(title, body):
    letters = set(unescape(re.sub(r"<[^>]+>", "", body))) | set(map(chr, range(32, 127)))
    fonts = "".join(
        f"@font-face{{font-family:Deck;font-weight:{weight};src:url(data:font/woff;base64,{_font(name, letters)})}}"
        for name, weight in (("DejaVuSans.ttf", 400), ("DejaVuSans-Bold.ttf", 700))
    )
    styles = [_read(REVEAL / "dist" / name) for name in ("reset.css", "reveal.css")]
    scripts = [
        _read(REVEAL / "dist" / "reveal.js"),
        _read(REVEAL / "plugin" / "notes" / "notes.js"),
    ]
    plain = "".join(f"<script>{_safe(script)}</script>" for script in scripts)
    return f"""<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{escape(title)}</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<style>{fonts}{"".join(styles)}{_read(HERE / "deck.css")}</style></head>
<body data-jp-theme-light="true"><main class="reveal"><div class="slides">
{body}
</div></main>{plain}
<script type="module">{alive_script()}{_read(HERE / "deck.js")}</script></body></html>"""


def alive_script():
    """Return the module that brings explorers on a page to life: the notebooks' own drawing, with plain controls."""
    drawing = _read(Path(explorers.__file__).with_name("explorers.js"))
    return _safe(drawing.replace("export default { render };", "")) + _read(HERE / "alive.js")


def _read(path):
    # A map that is not shipped would be asked for.
    text = Path(path).read_text(encoding="utf-8")
    return re.sub(r"/[/*][#] sourceMappingURL=\S+( \*/)?", "", text)


def _safe(script):
    return script.replace("</script", "<\\/script")


def _font(name, letters):
    """Return a font with these letters alone, in base64."""
    font, made = TTFont(FONTS / name), io.BytesIO()
    # It says of tables made for other font programs that it leaves them whole.
    logging.getLogger("fontTools.subset").setLevel(logging.ERROR)
    cut = subset.Subsetter(subset.Options(flavor="woff"))
    cut.populate(text="".join(letters))
    cut.subset(font)
    font.flavor = "woff"
    font.save(made)
    return base64.b64encode(made.getvalue()).decode()


def main(folder=BUILD):
    """Make all decks in `folder`; return their paths."""
    folder.mkdir(parents=True, exist_ok=True)
    made = []
    for path in decks():
        made.append(folder / f"{path.stem}.html")
        made[-1].write_text(deck_html(path), encoding="utf-8")
        print(f"{made[-1]}: {len(slides_of(path))} slides")
    return made


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:]))
