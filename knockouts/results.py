"""What is known: a file of one JSON object a line, to which each result is added as it comes."""

import hashlib
import json
import re
from functools import cache
from pathlib import Path
from typing import NamedTuple

PATH = Path(__file__).with_name("results.jsonl")
ROOT = Path(__file__).parents[1]
CALLS = ROOT / "build" / "knockouts" / "calls.jsonl"
KINDS = ("tests", "lessons", "homework")  # of whom the matrix has a column
CENSUS = ("tests", "homework")  # who is asked about every sabotage; the others are asked a sample
FOLDERS = re.compile(r"(?<![\w.])(?:/[\w.@-]+)+/")


class Row(NamedTuple):
    """One sabotage and one kind of watcher: how many were asked, and who noticed.

    Attributes:
        function, sabotage: their names.
        kind: one of KINDS, "claims", or "controls": nothing was wrong, and nobody should notice.
        asked: how many tests, or cells, were run until one noticed.
        of: how many tests call the function; of a notebook, how many cells there are from the first on that does.
        noticed: the test or the notebook's cell that noticed; "" for none.
        how: what it said, in a few words.
        where: the notebook that was asked, and the claim.
    """

    function: str
    sabotage: str
    kind: str
    asked: int
    of: int
    noticed: str
    how: str
    where: str = ""


class Lines:
    """A file of JSON objects, a line each. A last line that a killed run left unfinished is cut off."""

    def __init__(self, path):
        self.path = Path(path)
        self.path.parent.mkdir(parents=True, exist_ok=True)
        whole = self.path.read_bytes() if self.path.exists() else b""
        if not whole.endswith(b"\n") and whole:
            whole = whole[: whole.rfind(b"\n") + 1]
            self.path.write_bytes(whole)
        self.all = [json.loads(line) for line in whole.splitlines()]

    def add(self, row):
        """Add a dict, on disk at once."""
        self.all.append(row)
        with open(self.path, "a", encoding="utf-8") as file:
            file.write(_line(row))


class Calls:
    """Who calls what in a file of tests or in a notebook, as that file is now; kept in a file of lines."""

    def __init__(self, path=CALLS):
        self.lines = Lines(path)
        self.known = {(row["file"], row["version"]): row["calls"] for row in self.lines.all}

    def of(self, file):
        """Return what is known of a file, or None: it was not looked at, or has changed since."""
        return self.known.get((file, version(file)))

    def add(self, file, calls):
        """Keep what was found in a file."""
        self.known[file, version(file)] = calls
        self.lines.add({"file": file, "version": version(file), "calls": calls})


@cache
def version(file):
    """Return a short hash of a file of the course."""
    return hashlib.sha256((ROOT / file).read_bytes()).hexdigest()[:12]


class Results:
    """The rows of a file of results."""

    def __init__(self, path=PATH):
        self.path = path
        self.read()

    def read(self):
        """Read the file, to which another process may have added."""
        self.lines = Lines(self.path)
        self.rows = []
        self._asked, self._noticed = set(), set()
        for row in self.lines.all:
            self._note(Row(**row))

    def _note(self, row):
        self.rows.append(row)
        self._asked.add((row.function, row.sabotage, row.kind, row.where, row.of))
        if row.noticed:
            self._noticed.add((row.function, row.sabotage, row.kind))

    def add(self, row):
        """Add a row."""
        self.lines.add(row._asdict())
        self._note(row)

    def controls(self):
        """Return the rows of the runs where nothing was wrong."""
        return [row for row in self.rows if row.kind == "controls"]

    def noticed(self, function, sabotage, kind):
        """Whether one of a kind has noticed."""
        return (function, sabotage.name, kind) in self._noticed

    def knows(self, function, sabotage, kind, where="", of=0):
        """Whether one of a kind has noticed already, or all have been asked, `of` in number."""
        asked = (function, sabotage.name, kind, where, of) in self._asked
        return asked or self.noticed(function, sabotage, kind)

    def forget(self, functions):
        """Drop what is known of these functions."""
        kept = [row for row in self.lines.all if row["function"] not in functions]
        self.lines.path.write_text("".join(map(_line, kept)), encoding="utf-8")
        self.read()


def _line(row):
    return json.dumps(row, ensure_ascii=False) + "\n"


def first_line(text, longest=120):
    """Return what went wrong in one line, without the folders of this machine.

    >>> first_line("assert PosixPath('/home/ann/course/a.txt') == 3")
    "assert PosixPath('a.txt') == 3"
    """
    lines = [line.strip() for line in text.splitlines() if line.strip()] or [""]
    return FOLDERS.sub("", lines[0])[:longest]


def told(failed):
    """Return (who noticed, how) where a job gave no answer."""
    return "the limit of time" if failed.hung else "the process itself", first_line(failed.why.splitlines()[-1])
