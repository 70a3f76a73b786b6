"""Formats on disk: one .npz of plain arrays, without pickle, so that a file cannot run code."""

import json
from dataclasses import fields
from pathlib import Path

import numpy as np

from pruning_lab import sparse  # for sparse.FORMATS, which is there by the time a file is saved or loaded
from pruning_lab.files import check_path, replacing
from pruning_lab.sparse.format import Format

KIND = "pruning_lab.sparse"
VERSION = 1


def save(path: Path | str, formats: Format | dict[str, Format]) -> None:
    """Write one format, or a dict of them by name, to `path`.

    The file appears whole or not at all: it is written beside `path` and then renamed, so that a full disk or a killed
    kernel leaves the old file as it was. Arrays are written as they are in memory, gaps and positions in whole bytes.

    Args:
        path: str or Path; no suffix is added.
        formats: one of the formats of this package, or a dict {name: format}.

    Raises:
        TypeError: something else is to be saved.

    >>> import tempfile
    >>> from pruning_lab.sparse import CSR, load
    >>> csr = CSR.from_dense(np.eye(3, dtype=np.float32))
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     save(f"{folder}/layers.npz", {"fc1.weight": csr})
    ...     load(f"{folder}/layers.npz") == {"fc1.weight": csr}
    True
    """
    by_name = formats if isinstance(formats, dict) else {"": formats}
    arrays: dict[str, np.ndarray] = {}
    entries = []
    for number, (name, matrix) in enumerate(by_name.items()):
        if not isinstance(name, str) or type(matrix) not in sparse.FORMATS.values():
            raise TypeError(
                f"formats must be a format or a dict of formats by name; got {name!r}: {type(matrix).__name__}"
            )
        values = {field.name: getattr(matrix, field.name) for field in fields(matrix)}
        arrays |= {f"{number}.{field}": array for field, array in values.items() if isinstance(array, np.ndarray)}
        plain = {field: value for field, value in values.items() if not isinstance(value, np.ndarray)}
        entries.append({"name": name, "form": type(matrix).__name__, "plain": plain})
    header = {"kind": KIND, "version": VERSION, "single": formats is not by_name, "entries": entries}
    _write(path, header=np.array(json.dumps(header, default=int)), **arrays)


def load(path: Path | str) -> Format | dict[str, Format]:
    """Read what `save` wrote: one format, or a dict of formats by name.

    Every format checks its arrays again, so what comes back is consistent.

    Returns:
        What was saved: one format, or a dict {name: format}.

    Raises:
        FileNotFoundError: there is no such file.
        ValueError: the file is damaged, or is not one that `save` wrote.
    """
    with open(check_path(path), "rb") as file:
        # zipfile, zlib, NumPy, json and the formats each have errors of their own for bytes that make no sense.
        try:
            with np.load(file, allow_pickle=False) as archive:
                return _rebuild(archive)
        except Exception as error:
            raise ValueError(f"path must name a whole file written by sparse.save; got {path}: {error}") from error


def _rebuild(archive):
    header = json.loads(str(archive["header"]))
    if header["kind"] != KIND or header["version"] != VERSION:
        raise ValueError(f"kind {header['kind']!r}, version {header['version']!r}, not {KIND!r}, version {VERSION}")
    loaded = {}
    for number, entry in enumerate(header["entries"]):
        form = sparse.FORMATS[entry["form"]]
        plain = {field: tuple(value) if isinstance(value, list) else value for field, value in entry["plain"].items()}
        arrays = {field.name: archive[f"{number}.{field.name}"] for field in fields(form) if field.name not in plain}
        loaded[entry["name"]] = form(**arrays, **plain)
    return loaded[""] if header["single"] else loaded


def _write(path, **arrays):
    with replacing(path) as file:
        np.savez(file, **arrays)
