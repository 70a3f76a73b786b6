"""The learner's journal as a link that saves it, wherever the page is shown: the link holds the text itself."""

import base64
from html import escape

from IPython.display import HTML, display

from pruning_lab.lesson.frame import journal


def export_journal(path=None):
    """Write the journal as Markdown and show a link that downloads it; return the new file's path.

    The link needs no server and no disk that lasts: it works in JupyterLab, Notebook, VS Code and Colab.

    Args:
        path: the file to write; None takes the journal's name with `.md`, or a number where that is taken.

    Raises:
        FileExistsError: `path` is there already. Nothing is ever overwritten.
        JournalError: the journal cannot be read.
    """
    written = journal.export(path)
    display(HTML(link(written.name, written.read_bytes())))
    return written


def link(name, content):
    """Return an HTML link that saves bytes under a name.

    >>> link("notes.md", b"Why?")
    '<a download="notes.md" href="data:text/markdown;base64,V2h5Pw==">Download notes.md</a>'
    """
    data = base64.b64encode(content).decode()
    return f'<a download="{escape(name)}" href="data:text/markdown;base64,{data}">Download {escape(name)}</a>'
