"""Text that strangers wrote, made safe for where it goes: a terminal's line, a cell of a table, the name of a file."""

import hashlib
import re

from pruning_lab.files import replacing

JOINERS = "\u200c\u200d"  # invisible, and yet parts of letters and emoji; all other invisible characters go
FORMULA = "=+-@＝＋－＠|%"  # what a spreadsheet may take for the beginning of something to calculate
LONGEST_NAME = 150  # bytes of a file's name: file systems take 255, and endings are still to come


def line(text, most=500):
    r"""Return text as one line that only shows itself: no escape sequence, no line break, no half of a character.

    >>> line("an\x1b[31mn\tb\ud83d\n=1")
    'an�[31mn b� =1'
    """
    text = "".join(_shown(letter) for letter in str(text)[: most + 1])
    return text if len(text) <= most else text[: most - 1] + "…"


def lines(text):
    r"""Return text of several lines that only shows itself.

    >>> lines("one\r\ntwo\x07")
    'one\ntwo�'
    """
    return "\n".join(line(part, most=len(part)) for part in re.split(r"\r\n|[\n\r\f\v\u2028\u2029\x85]", str(text)))


def _shown(letter):
    if letter.isprintable() or letter in JOINERS:
        return letter
    return " " if letter.isspace() else "\ufffd"


def cell(value, most=500):
    r"""Return what a table may hold: no spreadsheet calculates it, whichever sign it splits at and whatever it trims.

    >>> cell("\t=1+1"), cell("ann;@SUM(1)"), cell(-1.5), cell("-")
    ("' =1+1", "ann;'@SUM(1)", -1.5, '-')
    """
    if not isinstance(value, str):
        return value
    text = re.sub(rf"(;\s*)(?=[{re.escape(FORMULA)}])", r"\1'", line(value, most))
    begins = text.strip(f" {JOINERS}\"'")[:1]
    return f"'{text}" if begins and begins in FORMULA and text != "-" and not text.startswith("'") else text


def file_name(name):
    """Return a name that every file system takes; a name that had to be changed ends in letters that are its own.

    >>> file_name("Zoë Li"), file_name("a/b")
    ('Zoë Li', 'a_b-82badf67')
    """
    safe = re.sub(r'[/\\:*?"<>|]', "_", line(name, most=1000)).lstrip(" ").rstrip(" .")
    if safe == name and 0 < len(safe.encode()) <= LONGEST_NAME:
        return name
    stem, ending = re.fullmatch(r"(.*?)(\.[A-Za-z0-9]{1,12})?", safe, re.DOTALL).groups("")
    cut = stem.encode()[: LONGEST_NAME - 9 - len(ending)].decode(errors="ignore")
    return f"{cut}-{hashlib.blake2b(name.encode('utf-8', 'surrogatepass'), digest_size=4).hexdigest()}{ending}"


def listed(names, most=10):
    """Return names for a line of a terminal; of a large class the first ones.

    >>> listed(["ann", "bob", "cy"], most=2)
    'ann; bob and 1 more'
    """
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return "; ".join(line(name, 80) for name in names[:most]) + more


def write_text(path, content):
    """Write a file in one piece; what a file cannot hold, as half of a character, is replaced."""
    with replacing(path) as file:
        file.write(content.encode("utf-8", "replace"))
