"""HTML tables: the one way that lessons, measurements and marks show a table."""

from collections.abc import Iterable, Sequence
from html import escape


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
