"""Make what students and graders get from the source notebooks, with otter-grader: `make homework`.

build/homework/NAME/student/      the released notebook: no solution, no hidden test
build/homework/NAME/autograder/   with solutions and all tests, and the zip that Gradescope takes
build/homework/NAME/solution.html the solved notebook as a page
"""

import shutil
from pathlib import Path

import nbformat

from pruning_lab.homework.frame.assignments import sources

BUILD = Path("build") / "homework"


def make(name, folder):
    """Make one assignment in `folder`; return the folder of that assignment.

    Args:
        name: such as "hw1-masks".
        folder: path; whatever stands there under that name is replaced.

    Raises:
        ValueError: there is no such assignment.
    """
    from nbconvert import HTMLExporter  # these two take seconds, which a command that only refuses need not wait for
    from otter.assign import main as assign

    if name not in sources():
        raise ValueError(f"assignment must be one of {list(sources())}; got {name!r}")
    made = Path(folder).resolve() / name
    shutil.rmtree(made, ignore_errors=True)
    made.mkdir(parents=True)
    source = shutil.copy(sources()[name], made)  # otter takes files relative to the source
    assign(str(source), str(made), no_pdfs=True, no_run_tests=True)
    Path(source).unlink()
    page, _ = HTMLExporter(embed_images=True).from_filename(str(solved(made)))
    (made / "solution.html").write_text(page, encoding="utf-8")
    return made


def solved(made):
    """Return the path of a made assignment's solved notebook."""
    return made / "autograder" / f"{made.name}.ipynb"


def tests_of(made):
    """Return {question: source of its tests} of a made assignment, hidden tests included."""
    notebook = nbformat.read(solved(made), as_version=4)
    return dict(notebook.metadata["otter"]["tests"])


def given_code(made):
    """Return the code of a made assignment's released notebook: what everybody was given."""
    cells = nbformat.read(made / "student" / f"{made.name}.ipynb", as_version=4).cells
    return "\n".join(cell.source for cell in cells if cell.cell_type == "code")
