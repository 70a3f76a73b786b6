"""Putting things on a page: widgets that leave a sentence if there is no kernel, and figures that carry alt text."""

import base64
from html import escape
from pathlib import Path

import anywidget
import ipywidgets
from IPython.display import display

from pruning_lab import plots


class Names(anywidget.AnyWidget):
    """An invisible widget: it gives the sliders in its output the names that ipywidgets hides from screen readers."""

    _esm = Path(__file__).with_name("names.js")


def show_widget(widget, text):
    """Display a widget; a page without a kernel shows `text` in its place."""
    bundle = ipywidgets.VBox([widget, Names()])._repr_mimebundle_()
    display({**bundle, "text/plain": text}, raw=True)


def image_html(picture, alt, dpi=144):
    """Return axes or a figure as an HTML image with alt text."""
    data = base64.b64encode(plots.png(picture, dpi)).decode("ascii")
    style = f"width:{plots.page_size(picture)[0]}px; max-width:100%"
    return f'<img alt="{escape(alt)}" style="{style}" src="data:image/png;base64,{data}">'


def message(text, colour="var(--jp-content-font-color1, inherit)"):
    """Return one sentence as an HTML widget's value, announced by screen readers when it changes."""
    shown = escape(whole(text))
    return f'<div role="status" style="color:{colour}; white-space:pre-wrap; line-height:1.4">{shown}</div>'


def whole(text):
    """Return a text that can be sent to a page: half a character, of an emoji cut in two, as a question mark.

    >>> whole("cut \\ud83d")
    'cut ?'
    """
    return text.encode("utf-8", "replace").decode()


def wide(kind, **options):
    """Return an ipywidgets control that is as wide as its description needs."""
    layout = ipywidgets.Layout(width="auto", max_width="46em")
    return kind(style={"description_width": "initial"}, layout=layout, **options)
