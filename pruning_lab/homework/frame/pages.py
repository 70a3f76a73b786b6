"""What the pages that are written look like."""

from html import escape

import mistune

STYLE = """body{font:16px/1.5 sans-serif;max-width:55em;margin:2em auto;padding:0 1em}
td,th{padding:.4em 1em .4em 0;text-align:left;vertical-align:top;border-top:1px solid #999}
section{border-top:1px solid #999}"""

as_html = mistune.create_markdown(escape=True, plugins=["table"])  # what a student typed is text, never a tag


def page(title, body):
    """Return a page: `title` is text, `body` is HTML."""
    title = escape(title)
    return (
        f'<!doctype html><html lang="en"><meta charset="utf-8"><title>{title}</title><style>{STYLE}</style>'
        f"<h1>{title}</h1>{body}</html>"
    )


def table(names, rows):
    """Return a table: `names` of the columns are text, cells are HTML; the first cell of each row is its header."""
    head = "".join(f"<th>{escape(name)}</th>" for name in names)
    body = "".join(
        f"<tr><th scope=row>{first}</th>{''.join(f'<td>{cell}</td>' for cell in rest)}</tr>" for first, *rest in rows
    )
    return f"<table><tr>{head}</tr>{body}</table>"
