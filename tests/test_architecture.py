"""Who may import whom: a module imports only from floors below its own."""

import ast
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[1] / "pruning_lab"
FLOORS = {
    **dict.fromkeys(("checks", "files", "modes", "progress", "radix_select"), -1),  # the ground: all else stands on it
    **dict.fromkeys(("scores", "masks", "schedules", "sparse", "layers", "data", "models", "measure", "plots"), 0),
    **dict.fromkeys(("kernels", "compress", "prune", "channels"), 1),
    **dict.fromkeys(("train", "sweep"), 2),
    **dict.fromkeys(("lesson", "homework"), 3),
    "__main__": 4,
}


def imports_of(source, folder):
    """Yield the name in pruning_lab that each import statement asks for; `folder` resolves relative ones."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            base = ".".join(folder[: len(folder) - node.level + 1]) if node.level else ""
            module = ".".join(filter(None, (base, node.module)))
            names = [f"{module}.{alias.name}" for alias in node.names]
        else:
            continue
        yield from (name.split(".")[1] for name in names if name.startswith("pruning_lab."))


def forbidden(importer, source, folder=("pruning_lab",)):
    return [name for name in imports_of(source, list(folder)) if name != importer and FLOORS[name] >= FLOORS[importer]]


FILES = sorted(path for path in PACKAGE.rglob("*.py") if path != PACKAGE / "__init__.py")


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
