"""What a class has handed in, read from a folder: files as base64, so that they cross to any worker as JSON.

Of a notebook only its cells are kept (`notebooks.cells_of`), and what the student should hear of how it was read.
"""

import base64
import json
import re
from contextlib import suppress
from typing import NamedTuple

from pruning_lab.homework.frame import handed_in, notebooks
from pruning_lab.homework.frame.questions import written_questions
from pruning_lab.homework.frame.sandbox import Stopped

LARGEST = 20_000_000  # bytes of all files beside the notebook
MOST_NOTEBOOKS = 20  # that are looked into
AT_ONCE = 2  # seconds: files that are copied or unpacked together are of one time
ENDINGS = re.compile(r"( ?\(\d+\)|-Copy\d+| - Copy|[_-]LATE)+$")  # of a browser, of Jupyter, of Windows, of an LMS
NOTEBOOK = re.compile(r"\.ipynb(\.(txt|json))?$", re.IGNORECASE)  # some browsers put an ending of their own behind it
DEFINES = re.compile(r"\A(?:#.*\n|\s)*def (my_\w{1,60})\(")
MOST_TOLD = 10  # cells that are text and should be code


class Opened(NamedTuple):
    """A submission as it is graded."""

    cells: list  # sources of the code cells, in order
    files: dict  # {name: bytes} beside the notebook
    notes: list  # sentences for the student


def read_submissions(folder):
    """Return {student: {file name: content in base64}}: one notebook, one folder or one zip for each student.

    Any other file counts as handed in by the student it is named after, so that nobody is left out in silence; hidden
    files are not submissions. `ann (1).ipynb` and `ann-LATE.ipynb` are further tries of `ann`.

    Args:
        folder: path.

    Raises:
        FileNotFoundError: there is no such folder, or nothing in it.
    """
    class_ = {}
    for part in handed_in.parts_of(folder):
        class_.setdefault(_student(part.path), []).append(part)
    if not class_:
        raise FileNotFoundError(
            f"SUBMISSIONS must be a folder with a notebook or a folder for each student; got {folder}"
        )
    return {student: submission(parts) for student, parts in sorted(class_.items())}


def _student(path):
    name = (
        path.parts[0] if len(path.parts) > 1 else NOTEBOOK.sub("", path.name) if _is_notebook(path.name) else path.stem
    )
    return ENDINGS.sub("", name) or name


def submission(parts):
    """Return {file name: content in base64} of what one student has handed in; the newest notebook stands for all.

    Args:
        parts: as `handed_in.parts_of` returns them, of one student.
    """
    parts, problems = handed_in.unpacked(parts)
    tries = _newest_first([part for part in parts if _is_notebook(part.path.name)])
    chosen, found = _chosen(tries)
    beside, notes = _beside([part for part in parts if not _is_notebook(part.path.name)], chosen)
    if not chosen:
        return beside | ({"notebook.ipynb": _packed({"problem": problems[0]})} if problems else {})
    if others := [str(part.path) for part in tries if part is not chosen]:
        notes.insert(0, f"Of {len(tries)} notebooks the newest was graded, {chosen.path}, not {_few(others)}.")
    return {**beside, chosen.path.name: _packed({**found, "notes": [*notes, *(f"{text}." for text in problems)]})}


def _is_notebook(name):
    return NOTEBOOK.search(name) is not None


def _newest_first(tries):
    """Sort by time; those of one time (the order of a copy says nothing) by place, and "hw1 (1)" after "hw1"."""
    last = max((part.time for part in tries), default=0)
    return sorted(tries, reverse=True, key=lambda part: (min(part.time, last - AT_ONCE), *_place(part.path)))


def _place(path):
    return -len(path.parts), len(path.stem), path.stem


def _chosen(tries):
    """Return the first notebook of the course, or else the first that can be read, and what is kept of it."""
    readable, problem = None, None
    for part in tries[:MOST_NOTEBOOKS]:
        try:
            cells = notebooks.cells_of(handed_in.content_of(part, notebooks.LARGEST))
        except (notebooks.NotANotebook, OSError) as error:
            problem = problem or (part, {"problem": f"{part.path.name} {_reason(error)}"})
            continue
        if any("otter.Notebook" in cell["source"] for cell in cells):
            return part, {"cells": cells}
        readable = readable or (part, {"cells": cells})
    return readable or problem or (None, {})


def _reason(error):
    return str(error) if isinstance(error, notebooks.NotANotebook) else f"cannot be read: {error.strerror or error}"


def _beside(parts, chosen):
    """Return {name: content in base64} of the other files, small ones first, and notes on those left out."""
    home, files, left_out, room = chosen and chosen.path.parent, {}, [], LARGEST
    for part in sorted(parts, key=lambda part: (part.path.parent != home, -part.time, part.size)):
        name = _name_beside(part.path, home)
        content = None if name in files else _read(part, room)
        if content is None:
            left_out.append(str(part.path))
        else:
            room -= len(content)
            files[name] = base64.b64encode(content).decode("ascii")
    told = f"Left out, because too large, unreadable, or named like another file: {_few(left_out)}."
    return dict(sorted(files.items())), [told] if left_out else []


def _name_beside(path, home):
    """Return where a file stands, seen from the notebook; one that is not below its folder is put beside it."""
    return path.relative_to(home).as_posix() if home and path.is_relative_to(home) else path.name


def _read(part, room):
    try:
        return handed_in.content_of(part, room) if part.size <= room else None
    except OSError:
        return None


def _few(names):
    return ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")


def _packed(value):
    return base64.b64encode(json.dumps(value).encode()).decode("ascii")


def opened(submission):
    """Return a submission as it is graded.

    Raises:
        Stopped: there is no notebook, or it cannot be read.
    """
    notebook = _notebook(submission)
    if "problem" in notebook:
        raise Stopped(notebook["problem"])
    sources = ["".join(cell["source"]) for cell in notebook["cells"] if cell["cell_type"] == "code"]
    files = {name: base64.b64decode(content) for name, content in submission.items() if not _is_notebook(name)}
    return Opened(sources, files, [*notebook.get("notes", []), *_turned_to_text(notebook["cells"])])


def can_be_read(submission):
    """Whether there is a notebook, and it can be read; of an empty file, or half of one, nothing can."""
    return "problem" not in _notebook(submission)


def _notebook(submission):
    for name, content in submission.items():
        if _is_notebook(name):
            with suppress(ValueError):
                return json.loads(base64.b64decode(content))
            return {"problem": f"{name} {notebooks.TORN}"}
    there = f"there is only {_few(list(submission))}" if submission else "there are no files"
    return {"problem": f"hand in exactly one notebook (.ipynb); {there}"}


def _turned_to_text(cells):
    """Say which cells hold code and are no code cells: one key pressed by accident does that."""
    found = [
        (number, match[1])
        for number, cell in enumerate(cells, start=1)
        if cell["cell_type"] != "code" and (match := DEFINES.search("".join(cell["source"])))
    ]
    told = "defines {}, but is text, not code: turn it back into code."
    return [f"Cell {number} {told.format(name)}" for number, name in found[:MOST_TOLD]]


def written_answers(submission):
    """Return the `written_questions` of a submission's notebook; none where it has none that can be read."""
    return written_questions(_notebook(submission).get("cells", []))
