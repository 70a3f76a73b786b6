"""HTML tables, and pages of their own: the one way that lessons, audits, measurements and marks show them."""

from collections.abc import Iterable, Sequence
from html import escape

LOOK = """body {font: 16px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem; color: #111;
background: #fff} table {border-collapse: collapse; margin: 1rem 0; display: block; overflow-x: auto}
th, td {padding: .2rem .8rem .2rem 0; vertical-align: top} caption {font-weight: 600}
img {max-width: 100%; height: auto}"""


def table_html(header: Sequence, rows: Iterable[Sequence], caption: str = "") -> str:
    """Return a plain HTML table. Cells are escaped; the first cell of each row is its header.

    >>> table_html(["layer", "bytes"], [["fc1", 940_800]])[:17]
    '<table><thead><tr'
    """
    head = "".join(f'<th scope="col" style="text-align:left">{escape(str(name))}</th>' for name in header)
    body = "".join(
        f'<tr><th scope="row" style="text-align:left">{escape(str(first))}</th>'
        + "".join(f'<td style="text-align:left">{escape(str(cell))}</td>' for cell in rest)
        + "</tr>"
        for first, *rest in rows
    )
    caption = f'<caption style="text-align:left">{escape(caption)}</caption>' if caption else ""
    return f"<table>{caption}<thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"


def page_html(title: str, body: str) -> str:
    """Return an HTML page that needs no other file. The title is escaped; `body` is HTML.

    >>> page_html("A page", "<p>text</p>").endswith("<h1>A page</h1><p>text</p></main></body></html>\\n")
    True
    """
    title = escape(title)
    return (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{title}</title>'
        f'<meta name="viewport" content="width=device-width, initial-scale=1"><style>{LOOK}</style></head>'
        f"<body><main><h1>{title}</h1>{body}</main></body></html>\n"
    )
