"""What is kept of a notebook that was handed in: the sources of its cells. Outputs are dropped before anything else.

A notebook with 200 MB of pictures is read in seconds; one that is nested ten thousand deep is refused in a sentence.
"""

import json
import re

LARGEST = 300_000_000  # bytes of a notebook with its outputs
LARGEST_SOURCES = 20_000_000  # without them
MOST_TOKENS = 10_000_000  # strings and brackets: an hour of them would be an attack, not a notebook
DROPPED = (b'"outputs"', b'"attachments"', b'"metadata"')
TOKEN = re.compile(rb'"[^"\\]*+(?:\\.[^"\\]*+)*+"?|[\[\]{}]', re.DOTALL)
VALUE = re.compile(rb"\s*:\s*(?=[\[{])")
EMPTY = {b"]": b"[]", b"}": b"{}"}
TORN = "is not a whole notebook; open it in Jupyter and save it again"
BEGINNINGS = {  # of files that are no JSON
    b"": "is empty",
    b"<<<<<<<": "holds two versions that git could not join (<<<<<<<); keep one and save it again",
    b"<": "is a web page, not a notebook; download the notebook itself",
}


class NotANotebook(ValueError):
    """What is wrong with a file, as the end of a sentence that begins with its name."""


def cells_of(content):
    """Return the cells of a notebook, each as {"cell_type": "code", "source": text}.

    Args:
        content: bytes of the file. Half of a character (a lone surrogate) becomes the sign for an unknown one.

    Raises:
        NotANotebook: what is wrong.

    >>> cells_of(b'{"cells": [{"cell_type": "code", "source": ["a = 1\\\\n", "b = 2"], "outputs": [{}]}]}')
    [{'cell_type': 'code', 'source': 'a = 1\\nb = 2'}]
    """
    notebook = _parsed(without_outputs(content), content)
    if not isinstance(notebook, dict) or not isinstance(notebook.get("cells"), list):
        old = isinstance(notebook, dict) and "worksheets" in notebook
        raise NotANotebook("is in the old format 3; open it in Jupyter and save it again" if old else TORN)
    return [kept for cell in notebook["cells"] if (kept := _kept(cell))]


def without_outputs(content):
    """Return a notebook's bytes without the lists and dicts that stand under "outputs", "attachments" or "metadata".

    It reads brackets and strings alone, so neither depth nor size of what is dropped costs memory.

    Raises:
        NotANotebook: it ends in the middle, or what is left is too large.
    """
    parts, begin, depth, value, cut = [], 0, 0, None, None
    for number, token in enumerate(TOKEN.finditer(content)):
        if number == MOST_TOKENS:
            raise NotANotebook(f"has more than {MOST_TOKENS // 1_000_000} million parts")
        text = token[0]
        if text in (b"[", b"{"):
            if cut is None and token.start() == value:
                cut = value, depth
            depth += 1
        elif text in EMPTY:
            depth -= 1
            if cut and depth == cut[1]:
                parts += [content[begin : cut[0]], EMPTY[text]]
                begin, cut = token.end(), None
        elif cut is None and text in DROPPED:
            value = found.end() if (found := VALUE.match(content, token.end())) else None
    if cut:
        raise NotANotebook(TORN)
    if sum(map(len, parts)) + len(content) - begin > LARGEST_SOURCES:
        raise NotANotebook(f"has more than {LARGEST_SOURCES // 1_000_000} MB without its outputs")
    return b"".join([*parts, content[begin:]])


def _parsed(text, content):
    try:
        return json.loads(text.decode(json.detect_encoding(text), "replace"))  # one letter of an old editor is no loss
    except RecursionError:
        raise NotANotebook("is nested too deeply for a notebook") from None
    except ValueError:
        start = content[:100].lstrip(b"\xef\xbb\xbf \t\r\n")
        reason = next((reason for mark, reason in BEGINNINGS.items() if mark and start.startswith(mark)), TORN)
        raise NotANotebook(reason if start else BEGINNINGS[b""]) from None


def _kept(cell):
    """Return what is kept of a cell; None where it is none, or empty."""
    if not isinstance(cell, dict) or not isinstance(cell.get("cell_type"), str):
        return None
    lines = cell.get("source")
    lines = [lines] if isinstance(lines, str) else lines
    if not isinstance(lines, list) or not all(isinstance(line, str) for line in lines):
        return None
    text = "".join(lines).encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    return {"cell_type": cell["cell_type"], "source": text}
