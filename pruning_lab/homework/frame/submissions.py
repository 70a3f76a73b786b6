"""What a class has handed in, read from a folder: files as base64, so that they cross to any worker as JSON."""

import base64
import json
from pathlib import Path

from pruning_lab.homework.frame.questions import written_questions
from pruning_lab.homework.frame.sandbox import Stopped

LARGEST = 20_000_000  # bytes of all files of a submission


def read_submissions(folder):
    """Return {student: {file name: content in base64}}: one notebook, or one folder, for each student.

    Any other file counts as handed in by the student it is named after, so that nobody is left out in silence; hidden
    files are not submissions.

    Raises:
        FileNotFoundError: there is no such folder, or nothing in it.
    """
    folder = Path(folder)
    if not folder.is_dir() or not any(folder.iterdir()):
        raise FileNotFoundError(
            f"SUBMISSIONS must be a folder with a notebook or a folder for each student; got {folder}"
        )
    submissions = {}
    for path in sorted(folder.iterdir()):
        if not path.name.startswith("."):
            submissions.setdefault(path.stem if path.is_file() else path.name, {}).update(_files(path))
    return submissions


def _files(path):
    paths = [path] if path.is_file() else sorted(part for part in path.rglob("*") if part.is_file())
    paths = [part for part in paths if ".ipynb_checkpoints" not in part.parts and not part.is_symlink()]
    if sum(part.stat().st_size for part in paths) > LARGEST:
        return {}
    return {part.name: base64.b64encode(part.read_bytes()).decode("ascii") for part in paths}


def opened(submission):
    """Return the sources of the notebook's code cells, and {name: bytes} of the files beside it.

    Raises:
        Stopped: there is not exactly one notebook, or it cannot be read.
    """
    notebooks = [name for name in submission if name.endswith(".ipynb")]
    if not submission:
        raise Stopped(f"there are no files, or more than {LARGEST // 1_000_000} MB of them")
    if len(notebooks) != 1:
        raise Stopped(f"hand in exactly one notebook (.ipynb); there are {len(notebooks)}")
    files = {name: base64.b64decode(content) for name, content in submission.items()}
    try:
        cells = json.loads(files.pop(notebooks[0]))["cells"]
        sources = ["".join(cell["source"]) for cell in cells if cell["cell_type"] == "code"]
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise Stopped(f"{notebooks[0]} is not a whole notebook; open it in Jupyter and save it again") from error
    return sources, files


def written_answers(submission):
    """Return the `written_questions` of a submission's notebook; none where there is not one whole notebook."""
    try:
        (notebook,) = (content for name, content in submission.items() if name.endswith(".ipynb"))
        return written_questions(json.loads(base64.b64decode(notebook))["cells"])
    except (ValueError, KeyError, TypeError, AttributeError):
        return {}
