"""A learner's own copy of the notebooks: written once, brought up to date, and never over what the learner has changed.

What was written is kept beside the copies, in a file of hashes: a notebook that is no longer what was written is the
learner's. Running it changes it too, since its outputs are saved in it.
"""

import hashlib
import json
from pathlib import Path

from pruning_lab.files import replacing
from pruning_lab.places import NOTEBOOKS, RELEASES

RECORD = ".pruning-course.json"


def course_notebooks():
    """Return {name: content} of what a learner gets: lessons without outputs, and the released homework.

    Outputs stay behind because they hold the answers of another machine. Homework is there in a clone only after
    `make homework`: a clone holds sources, with their solutions.

    >>> "01-why-prune.ipynb" in course_notebooks()
    True
    """
    lessons = {path.name: without_outputs(path.read_text(encoding="utf-8")) for path in NOTEBOOKS.glob("*.ipynb")}
    released = {f"homework/{path.name}": path.read_bytes() for path in RELEASES.glob("*/student/*.ipynb")}
    return dict(sorted({**lessons, **released}.items()))


def without_outputs(text):
    """Return a notebook's JSON as bytes, as if it had never run.

    >>> ran = {"cells": [{"cell_type": "code", "execution_count": 1, "outputs": [{}]}]}
    >>> json.loads(without_outputs(json.dumps(ran)))
    {'cells': [{'cell_type': 'code', 'execution_count': None, 'outputs': []}]}
    """
    notebook = json.loads(text)
    for cell in notebook["cells"]:
        if cell["cell_type"] == "code":
            cell |= {"execution_count": None, "outputs": []}
    return (json.dumps(notebook, indent=1, ensure_ascii=False) + "\n").encode()


def write(folder, notebooks=None):
    """Write the notebooks into a folder; return a sentence for each that was not simply written.

    Args:
        folder: path; made if it is not there.
        notebooks: {name: content}, None for those of the course.

    Raises:
        OSError: the folder cannot be written. Each notebook in it is either the old one or the new one, never half.
    """
    folder, said = Path(folder), []
    folder.mkdir(parents=True, exist_ok=True)
    written = _record(folder)
    for name, content in (course_notebooks() if notebooks is None else notebooks).items():
        path = folder / name
        path.parent.mkdir(exist_ok=True)
        if _hash_of(path) in (None, written.get(name), _hash(content)):
            _replace(path, content)
        elif written.get(name) != _hash(content):  # the learner has changed it, and the course has a newer one
            said.append(_write_beside(path, content))
        written[name] = _hash(content)
    _replace(folder / RECORD, json.dumps(written, indent=1).encode())
    return said


def _write_beside(path, content):
    """Write a new lesson beside the learner's own, under a free name; return the sentence that says so."""
    beside = next(
        name
        for number in range(1, 1000)
        if _hash_of(name := path.with_name(f"{path.stem}.new{number if number > 1 else ''}.ipynb"))
        in (None, _hash(content))
    )
    _replace(beside, content)
    return f"You have changed {path.name}: it stays as it is. The course's new one is next to it, {beside.name}."


def _record(folder):
    try:
        record = json.loads((folder / RECORD).read_text(encoding="utf-8"))
    except (FileNotFoundError, ValueError):  # without it every notebook that differs is the learner's
        return {}
    return record if isinstance(record, dict) else {}


def _hash_of(path):
    return _hash(path.read_bytes()) if path.exists() else None


def _hash(content):
    return hashlib.sha256(content).hexdigest()


def _replace(path, content):
    if _hash_of(path) != _hash(content):
        with replacing(path) as file:
            file.write(content)
