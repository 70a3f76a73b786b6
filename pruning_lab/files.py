"""Writing a file so that a crash, a full disk or a second writer can harm neither the old content nor the new."""

import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO


@contextmanager
def replacing(path: str | os.PathLike, private: bool = False) -> Iterator[BinaryIO]:
    """Yield a file to write to; it replaces `path` when the block ends, completely or not at all.

    Each draft has its own name, so that two writers at once do not write to the same one.

    Args:
        path: the file to replace or create, in a folder that exists; of a link, what it leads to.
        private: only the owner may read the file; otherwise, whoever the system's defaults allow.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     with replacing(f"{folder}/note.txt") as file:
    ...         _ = file.write(b"kept")
    ...     Path(f"{folder}/note.txt").read_text()
    'kept'
    """
    if not isinstance(path, str | os.PathLike):
        raise TypeError(f"path must be a text or a Path; got {type(path).__name__}")
    path = Path(os.path.realpath(path))  # a link, as into a synced folder, stays one: its target is replaced
    draft = path.with_name(f".{path.name}.{secrets.token_hex(4)}.part")
    try:
        with open(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600 if private else 0o666), "wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())  # the new content is on disk before its name is
        os.replace(draft, path)
    finally:
        draft.unlink(missing_ok=True)
