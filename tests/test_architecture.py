"""Who may import whom: a module imports only from floors below its own."""

import ast
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[1] / "pruning_lab"
FLOORS = {
    **dict.fromkeys(
        ("arrays", "attendance", "checks", "files", "modes", "places", "progress", "radix_select", "tables"), -2
    ),  # the ground
    "weights": -1,
    **dict.fromkeys(("scores", "masks", "schedules", "sparse", "layers", "data", "models", "measure", "plots"), 0),
    **dict.fromkeys(("kernels", "compress", "prune", "channels", "reconstruct"), 1),
    **dict.fromkeys(("train", "sweep"), 2),
    "audit": 3,
    **dict.fromkeys(("lesson", "homework"), 4),
    "command": 5,
    "__main__": 6,
}


def modules_of(source, folder):
    """Yield the dotted name that each import statement asks for; `folder` resolves relative ones."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = ".".join(folder[: len(folder) - node.level + 1]) if node.level else ""
            module = ".".join(filter(None, (base, node.module)))
            yield from (f"{module}.{alias.name}" for alias in node.names)


def imports_of(source, folder):
    """Yield the name in pruning_lab that each import statement asks for."""
    yield from (name.split(".")[1] for name in modules_of(source, folder) if name.startswith("pruning_lab."))


def forbidden(importer, source, folder=("pruning_lab",)):
    return [name for name in imports_of(source, list(folder)) if name != importer and FLOORS[name] >= FLOORS[importer]]


FILES = sorted(path for path in PACKAGE.rglob("*.py") if path != PACKAGE / "__init__.py")


def strangers(path, source):
    """Return the rooms that a file of the lessons or the homework imports, without its own and the frame."""
    if path.parts[0] not in ("lesson", "homework") or path.parts[1].startswith("__"):
        return []
    floor, own = path.parts[0], path.parts[1].removesuffix(".py")
    rooms = {part.name.removesuffix(".py") for part in (PACKAGE / floor).iterdir()} - {"frame", own}
    names = [name.split(".") for name in modules_of(source, ["pruning_lab", *path.parts[:-1]])]
    return [parts[2] for parts in names if parts[:2] == ["pruning_lab", floor] and parts[2] in rooms]


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.relative_to(PACKAGE).as_posix())
def test_imports_only_from_floors_below(path):
    relative = path.relative_to(PACKAGE)
    folder = ("pruning_lab", *relative.parts[:-1])
    assert forbidden(relative.parts[0].removesuffix(".py"), path.read_text(encoding="utf-8"), folder) == []


@pytest.mark.parametrize(
    ("importer", "source", "folder", "expected"),
    [
        ("masks", "from pruning_lab import kernels", ("pruning_lab",), ["kernels"]),
        ("masks", "import pruning_lab.scores as s", ("pruning_lab",), ["scores"]),
        ("masks", "from . import scores", ("pruning_lab",), ["scores"]),
        ("masks", "from .train import fit", ("pruning_lab",), ["train"]),
        ("sparse", "from ..masks import sparsity_of", ("pruning_lab", "sparse"), ["masks"]),
        ("sparse", "from .csr import CSR", ("pruning_lab", "sparse"), []),
        ("kernels", "from pruning_lab.sparse import CSR", ("pruning_lab",), []),
    ],
)
def test_the_rule_itself_catches_what_it_should(importer, source, folder, expected):
    assert forbidden(importer, source, folder) == expected


def test_every_module_has_a_floor():
    assert {path.relative_to(PACKAGE).parts[0].removesuffix(".py") for path in FILES} <= FLOORS.keys()


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.relative_to(PACKAGE).as_posix())
def test_no_room_imports_another_and_the_frame_imports_none(path):
    assert strangers(path.relative_to(PACKAGE), path.read_text(encoding="utf-8")) == []


@pytest.mark.parametrize(
    ("path", "source", "expected"),
    [
        ("lesson/sparse_storage/drawings.py", "from pruning_lab.lesson.why_prune import drawings", ["why_prune"]),
        ("lesson/sparse_storage/drawings.py", "from ..why_prune.drawings import first_idea", ["why_prune"]),
        ("lesson/frame/claims.py", "import pruning_lab.lesson.why_prune", ["why_prune"]),
        ("lesson/frame/claims.py", "def f():\n    from pruning_lab.lesson import why_prune", ["why_prune"]),
        ("lesson/why_prune/reveal.py", "from pruning_lab.lesson.why_prune import drawings", []),
        ("lesson/why_prune/reveal.py", "from pruning_lab.lesson.frame import view", []),
        ("homework/hw2_checks.py", "from pruning_lab.homework import hw1_checks", ["hw1_checks"]),
        ("homework/frame/grading.py", "from pruning_lab.homework.hw1_checks import QUESTIONS", ["hw1_checks"]),
        ("masks.py", "from pruning_lab.lesson import why_prune", []),  # the floors forbid that already
    ],
)
def test_the_rule_of_the_rooms_catches_what_it_should(path, source, expected):
    assert strangers(Path(path), source) == expected
