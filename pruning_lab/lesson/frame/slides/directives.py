"""What a deck fetches from its lesson:

    {{ CELL: regex }}      the first group of the regex (or all of the match) in the text of the cell's outputs
    {{ figure CELL }}      its picture, with its words for who cannot see it
    {{ output CELL }}      its printed text; {{ output CELL 1 }}: the second part of it
    {{ table CELL }}       its table; {{ table CELL 1 }}: the second; {{ table CELL 1 of 1 4 }}: two of its columns
    {{ columns CELL 1 4 }} a table that it printed, of these columns alone (all if none is named)
    {{ explore CELL ... }} these cells are run, and the explorer of the last one moves on the slide
    {{ redraw CELL }}      its explorer, alive, from the numbers in the cell's table
    {{ sources }}          what the lesson's claims rest on

After `mark:` a regex says what to point out: `{{ output CELL mark: regex }}`; its groups, or all of the match.
"""

import re
from html import escape
from itertools import takewhile

from pruning_lab.lesson.frame.claims import load_claims, load_sources
from pruning_lab.lesson.frame.slides.explorers import explorer_of, redrawn

DIRECTIVE = re.compile(r"\{\{ (.+?) \}\}")
WIDE = 76  # letters of a line that fit a slide at the size of text
SHORT = 64, 8  # letters of a line, and lines, that fit in larger print
ROWS, COLUMNS = 9, 6  # of a table, that fit in larger print
LONGEST_LINK = 50  # letters
SPREAD = re.compile(r"^([-+]?[0-9.]+) \(([^)<]+)\)$")  # a ratio with its quartiles


def filled(text, outputs):
    """Return the Markdown of a deck with all directives replaced by what `Outputs` say."""
    return DIRECTIVE.sub(lambda found: _filled(found[1], outputs), text)


def _filled(directive, outputs):
    cell, colon, pattern = directive.partition(": ")
    if colon and " " not in cell:
        return escape(outputs.found(cell, pattern))
    order, _, mark = directive.partition(" mark: ")
    kind, *arguments = order.split()
    if kind not in KINDS:
        raise ValueError(f"directive must be `CELL: regex` or one of {', '.join(KINDS)}; got {directive!r}")
    made = KINDS[kind](outputs, *arguments)
    return _marked(made, mark) if mark else made


def _marked(made, pattern):
    """Mark what a pattern finds in HTML: its groups, or all of it."""
    found = re.search(pattern, made, re.MULTILINE)
    if not found:
        raise ValueError(f"mark must be found in what is shown; got {pattern!r}")
    for start, end in sorted(found.regs[1:] or found.regs, reverse=True):
        made = f"{made[:start]}<mark>{made[start:end]}</mark>{made[end:]}"
    return made


def figure(outputs, cell):
    """Return the first figure of a cell, as it was drawn for slides where it was."""
    return outputs.picture(cell, "slide").html()


def output(outputs, cell, number=0):
    """Return what a cell printed."""
    printed = outputs.printed(cell, int(number)).rstrip()
    lines = printed.splitlines()
    longest, few = max(map(len, lines)), len(lines) <= SHORT[1]
    wraps = longest > WIDE and len(lines) <= 3  # a sentence rather than a table
    short = few and (longest <= SHORT[0] or wraps)
    kind = "short" if short else "wide" if longest > WIDE else "plain"
    return f'<pre class="{kind}">{escape(printed)}</pre>'


def table(outputs, cell, number=0, *of):
    """Return a table of a cell, or those of its columns that follow the word `of`."""
    caption, rows = outputs.table(cell, int(number))
    if of:
        rows = [[row[int(column) - 1] for column in of[1:]] for row in rows]
    return _table(caption, rows)


def columns(outputs, cell, *chosen):
    """Return the first table that a cell printed, its parts two blanks apart; quartiles go below their ratio."""
    lines = [re.split(r" {2,}", line.strip()) for line in outputs.printed(cell).splitlines()]
    head, *rest = (line for line in lines if line != [""])
    rest = list(takewhile(lambda line: line[0] != head[0], rest))  # the next table begins as this one did
    wanted = [int(number) - 1 for number in chosen] or range(len(head))
    rows = [[line[k] for k in wanted] for line in rest if len(line) == len(head)]
    names = [head[k] for k in wanted]
    if names[-1] == "quartiles":
        names.pop()
        rows = [[*row[:-2], f"{row[-2]} ({row[-1]})"] for row in rows]
    below = "<br>".join(escape(*line) for line in rest if len(line) == 1)
    return _table(below, [list(map(escape, row)) for row in (names, *rows)])


def explore(outputs, *cells):
    """Run cells, and return the explorer of the last one, alive."""
    return explorer_of(outputs, *cells).html()


def redraw(outputs, cell):
    """Return the explorer of a cell, alive, from the numbers in its table."""
    explorer = redrawn(outputs, cell)
    if explorer is None:
        raise ValueError(f"cell must show an explorer whose module has from_table; got {cell!r}")
    return explorer.html()


def sources(outputs):
    """Return what the claims of the lesson rest on, as a list."""
    cited = {key for claim in load_claims(outputs.number) for key in claim["sources"]}
    entries = load_sources()
    lines = [_source(*entries[key]) for key in sorted(cited)]
    return "<ul>" + "".join(f"<li>{line}</li>" for line in lines) + "</ul>"


def _source(text, link):
    place = link.removeprefix("https://")
    place = place if len(place) <= LONGEST_LINK else place.partition("/")[0]  # nobody types a hash off a slide
    stop = "" if text.endswith("?") else "."
    return f'{escape(text)}{stop} <a href="{escape(link)}">{escape(place)}</a>'


def _table(caption, rows):
    """Return a table in the largest print in which it fits a slide, quartiles below their ratio."""
    head, *body = rows
    high = len(rows) + sum(any(map(SPREAD.match, row)) for row in rows) / 2
    kind = "wide" if len(rows) > ROWS + 4 else "plain" if high > ROWS or len(head) > COLUMNS else "short"
    names = "".join(f'<th scope="col">{name}</th>' for name in head)
    return (
        f'<table class="{kind}"><caption>{caption}</caption><thead><tr>{names}</tr></thead>'
        f"<tbody>{''.join(map(_row, body))}</tbody></table>"
    )


def _row(parts):
    first, *others = parts
    spread = (SPREAD.sub(r"\1<small>\2</small>", part) for part in others)
    cells = "".join(f"<td>{part}</td>" for part in spread)
    return f'<tr><th scope="row">{first}</th>{cells}</tr>\n'


KINDS = {made.__name__: made for made in (figure, output, table, columns, explore, redraw, sources)}
