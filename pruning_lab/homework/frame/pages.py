"""What the pages that are written look like. Nothing is loaded, and no link can be followed."""

from html import escape

import mistune

from pruning_lab.homework.frame.text import line, lines

STYLE = """body{font:16px/1.5 sans-serif;max-width:55em;margin:2em auto;padding:0 1em;overflow-wrap:anywhere}
table{border-collapse:collapse}
td,th{padding:.4em 1em .4em 0;text-align:left;vertical-align:top;border-top:1px solid #999}
blockquote{margin:0;padding:0 1em;border-left:4px solid #767676}
section{border-top:1px solid #999}
meter{width:12em}
.wide{overflow-x:auto}
th[scope=col]{overflow-wrap:normal}"""
POLICY = "default-src 'none'; style-src 'unsafe-inline'"  # a browser fetches nothing for this page, whatever is in it
LONGEST = 20_000  # letters of an answer


class _Quiet(mistune.HTMLRenderer):
    """Shows what somebody typed, and no more: no picture is fetched, no heading is taken for one of the page."""

    def image(self, text, url, title=None):
        return f"[picture: {escape(text)}]"

    def link(self, text, url, title=None):
        return f"{text} [{escape(url)}]"

    def heading(self, text, level, **attributes):
        return f"<p><b>{text}</b></p>"


_render = mistune.create_markdown(renderer=_Quiet(escape=True), plugins=["table"])


def as_html(markdown):
    """Return Markdown that somebody typed as HTML: tags are text, pictures and links are words, the rest is cut off."""
    text = lines(markdown[:LONGEST])
    text += " … (cut here: look into the notebook)" * (len(markdown) > LONGEST)
    try:
        return _render(text)
    except RecursionError:  # nested without end
        return f"<pre>{escape(text)}</pre>"


def page(title, body):
    """Return a page: `title` is text, `body` is HTML."""
    title = escape(line(title))
    return (
        f'<!doctype html><html lang="en"><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">'
        f'<meta name="viewport" content="width=device-width"><title>{title}</title><style>{STYLE}</style>'
        f"<h1>{title}</h1>{body}</html>"
    )


def table(names, rows):
    """Return a table: `names` of the columns are text, cells are HTML; the first cell of each row is its header."""
    head = "".join(f"<th scope=col>{escape(line(name))}</th>" for name in names)
    body = "".join(
        f"<tr><th scope=row>{first}</th>{''.join(f'<td>{cell}</td>' for cell in rest)}</tr>" for first, *rest in rows
    )
    return f"<table><tr>{head}</tr>{body}</table>"
