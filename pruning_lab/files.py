"""Writing a file so that a crash, a full disk or a second writer can harm neither the old content nor the new."""

import hashlib
import os
import secrets
import stat
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
        private: only the owner may read the file; otherwise, whoever may read the one that it replaces, or whoever the
            system's defaults allow.

    Raises:
        TypeError, ValueError: a path that is not a text or a Path, or empty.
        FileExistsError: a device or a pipe has that name. A rename would leave an ordinary file in its place.
        PermissionError: the file is read-only. A rename would go through and defeat its owner's wish.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     with replacing(f"{folder}/note.txt") as file:
    ...         _ = file.write(b"kept")
    ...     Path(f"{folder}/note.txt").read_text()
    'kept'
    """
    path = Path(
        os.path.realpath(check_path(path))
    )  # a link, as into a synced folder, stays one: its target is replaced
    mode = _mode_of_old(path)
    draft = path.with_name(f".{path.name[:50]}.{secrets.token_hex(4)}.part")  # no longer than a system allows
    try:
        with open(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600 if private else 0o666), "wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())  # the new content is on disk before its name is
        if mode is not None and not private:
            os.chmod(draft, mode)
        os.replace(draft, path)
    finally:
        draft.unlink(missing_ok=True)


def check_path(path: str | os.PathLike) -> str | os.PathLike:
    """Return `path` if it can name a file.

    >>> check_path("")
    Traceback (most recent call last):
    ValueError: path must name a file; got ''
    """
    if not isinstance(path, str | os.PathLike):
        raise TypeError(f"path must be a text or a Path; got {type(path).__name__}")
    if not os.fspath(path):
        raise ValueError(f"path must name a file; got {path!r}")
    return path


def check_sha256(content: bytes, expected: str, path: str | os.PathLike, advice: str) -> None:
    """Refuse the content of a file that is not what it was when its hash was written down.

    >>> check_sha256(b"cut of", hashlib.sha256(b"cut off").hexdigest(), "a.txt", "Copy it again.")
    Traceback (most recent call last):
    ValueError: a.txt must have sha256 117b48570e01...; got ea1e8b3c2145... (6 bytes): it was truncated or changed. \
Copy it again.
    """
    actual = hashlib.sha256(content).hexdigest()
    if actual != expected:
        raise ValueError(
            f"{path} must have sha256 {expected[:12]}...; got {actual[:12]}... ({len(content)} bytes): "
            f"it was truncated or changed. {advice}"
        )


def course_bytes(path: Path, sha256: str, restore: str, shipper: str = "the course") -> bytes:
    """Return the bytes of a file that ships with the course, or with another package, every one of them as it was.

    Raises:
        FileNotFoundError: it is missing. ValueError: it was cut off or changed. Both end with `restore`, what to do.
    """
    if not path.is_file():
        raise FileNotFoundError(f"{path} must exist, because it ships with {shipper}; got no file. {restore}")
    content = path.read_bytes()
    check_sha256(content, sha256, path, restore)
    return content


def _mode_of_old(path):
    """Return who may do what with the file that is to be replaced; None where there is none."""
    if not path.exists():
        return None
    mode = path.stat().st_mode
    if not stat.S_ISREG(mode) and not stat.S_ISDIR(mode):  # of a folder the system itself says what it is
        raise FileExistsError(f"path must be an ordinary file or a new one; got {path}, a device or a pipe")
    if not os.access(path, os.W_OK):
        raise PermissionError(f"path must be a file that may be written; got {path}, which is read-only")
    return stat.S_IMODE(mode)
