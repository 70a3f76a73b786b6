"""Putting widgets on a page so that they last: what they cannot show without a kernel is in plain HTML beside them."""

from contextlib import suppress
from html import escape
from itertools import count
from pathlib import Path
from textwrap import fill
from uuid import uuid4

import anywidget
import ipywidgets
import traitlets
from IPython.display import display

from pruning_lab.attendance import attended
from pruning_lab.lesson.frame import journal
from pruning_lab.lesson.frame.frontend import NO_CONTROLS, has_controls

HERE = Path(__file__).parent
VIEW = "application/vnd.jupyter.widget-view+json"
GONE = (
    "The controls of this cell ended with their kernel. Run the cells again (Run → Run All Cells) to have them back. "
    "A program that cannot show controls shows this in their place."
)
WIDTH = 100  # letters of a line of plain text
_saves = count()


class Care(anywidget.AnyWidget):
    """An invisible widget that looks after all others of its output.

    It names sliders for screen readers, keeps in the browser what is being written until the kernel has saved it, says
    when the kernel does not answer, and hides the plain twin of the widgets as long as they live. Whatever a page shows
    when a button is pressed is in the kernel before the press is.

    Args:
        widget: all others of its output.
    """

    _esm = "".join((HERE / name).read_text(encoding="utf-8") for name in ("page.js", "keep.js"))
    _css = (HERE / "page.css").read_text(encoding="utf-8")
    about = traitlets.Unicode().tag(sync=True)  # what the texts are about: they are found again by it
    twin = traitlets.Unicode().tag(sync=True)
    widget_id = traitlets.Unicode().tag(sync=True)

    def __init__(self, widget, **traits):
        super().__init__(widget_id=widget.model_id, **traits)
        self.widget = widget
        self.on_msg(self._on_asked)

    def _on_asked(self, _care, asked, _buffers):
        """Answer "are you there?"; while the kernel was busy, a page has sent the first of many changes alone."""
        self.send({"asked": asked["asked"]})
        for part in _all_in(self.widget):
            with suppress(Exception):  # the page sends it once more by itself: an error is shown then
                part.set_state(asked["unsent"].get(part.model_id, {}))


def show_widget(widget, text, twin="", about=""):
    """Display a widget; a page without its kernel or without controls shows `text`, and the HTML `twin`, instead.

    Args:
        about: what its texts are about, where that is not the first line of `text`: the browser keeps them by it.
    """
    words = f'<p style="white-space:pre-wrap">{escape(text)}</p>' if text else ""
    plain_text = _in_lines(text)
    if attended() and not has_controls():
        display({"text/html": f"{words}{twin}<p><em>{NO_CONTROLS}</em></p>", "text/plain": plain_text}, raw=True)
        return
    name = f"twin-{uuid4().hex}"
    about = about or text.partition("\n")[0]
    box = ipywidgets.VBox([widget, Care(widget, about=about, twin=name)])
    _read_in_order(type(box.comm))
    view = {"version_major": 2, "version_minor": 0, "model_id": box.model_id}  # the same for ipywidgets 7 and 8
    display({VIEW: view, "text/plain": plain_text}, raw=True)
    if not attended():  # what is written then holds no widget that could be lost
        return
    # JupyterLab writes an error where a widget was, words without an element: they are hidden beside the twin.
    before = f".jp-OutputArea-child:has(+ .jp-OutputArea-child #{name})"
    lost = f"{before} > .jp-OutputArea-output:not(:has(*)) {{display: none}}"
    plain = f'<style>{lost}</style><div id="{name}">{words}{twin}<p><em>{GONE}</em></p></div>'
    display({"text/html": plain, "text/plain": ""}, raw=True)


def _read_in_order(comm):
    """Have the kernel read what controls send in the order in which they send it, when no cell runs.

    ipykernel 7 reads what some of JupyterLab's controls send beside the cell that runs, in another thread (a subshell),
    and waits with others: a press could be read before what was written, and a measurement be disturbed.

    Args:
        comm: class of what controls send through.
    """
    if hasattr(comm, "_reply_subshell_for"):  # it has no other name for where a message is read
        comm._reply_subshell_for = lambda self, data, default: None


def _all_in(widget):
    yield widget
    for part in getattr(widget, "children", ()):
        yield from _all_in(part)


def _in_lines(text):
    """Return a text whose long lines are broken between words: a page breaks plain text within them.

    >>> _in_lines("- " + "word " * 30).splitlines()[1][:6]
    '  word'
    """
    return "\n".join(_in_short(line) if len(line) > WIDTH else line for line in text.splitlines())


def _in_short(line):
    indent = "  " if line.startswith("- ") else ""
    return fill(line, WIDTH, subsequent_indent=indent, break_on_hyphens=False)


def message(text, colour="var(--jp-content-font-color1, inherit)", saved=False):
    """Return one sentence as an HTML widget's value, announced by screen readers when it changes.

    Args:
        saved: whether it says that what was written is saved: then the browser need not keep it any longer.
    """
    shown = escape(whole(text))
    mark = f' data-saved="{next(_saves)}"' if saved else ""
    return f'<div role="status"{mark} style="color:{colour}; white-space:pre-wrap; line-height:1.4">{shown}</div>'


def noted(kind, **fields):
    """Save an entry in the journal; return the sentence that says so, or why not, as `message` does."""
    try:
        return message(journal.append(kind, **fields), saved=True)
    except journal.JournalError as error:
        return message(f"Not saved: {error}")


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
