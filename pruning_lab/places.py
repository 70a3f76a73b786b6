"""Where the course's files are: its notebooks, its decks and the versions it is tested with.

In a clone they stand beside the package. An installed package brings them along in a folder of its own, which
`whole_wheel.py` of the clone fills when the package is built. Everybody asks here; nobody else counts folders.
"""

from pathlib import Path

PACKAGE = Path(__file__).parent
BROUGHT = PACKAGE / "course"
CLONE = None if BROUGHT.is_dir() else PACKAGE.parent
ROOT = CLONE or BROUGHT
NOTEBOOKS = ROOT / "notebooks"
CONSTRAINTS = ROOT / "constraints.txt"
RELEASES = ROOT / "build" / "homework" if CLONE else ROOT / "homework"  # NAME/student/NAME.ipynb, once they are made


def of_the_course(path):
    """Return a path as a reader knows it, from the course's top: a str with slashes.

    >>> of_the_course(NOTEBOOKS / "01-why-prune.ipynb")
    'notebooks/01-why-prune.ipynb'
    """
    top = ROOT if path.is_relative_to(ROOT) else PACKAGE.parent
    return path.relative_to(top).as_posix()
