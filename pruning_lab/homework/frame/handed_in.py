"""The files that a class has handed in, in folders and zips: what each is called, how large it is, and how to read it.

Links are never followed: one could lead to another student's work. Of a zip only what its headers allow is unpacked.
"""

import io
import os
import zipfile
import zlib
from collections.abc import Callable
from datetime import datetime
from functools import partial
from pathlib import Path, PurePosixPath
from typing import NamedTuple
from unicodedata import category

LARGEST_ZIPS = 300_000_000  # bytes of all zips of one student
DEEPEST_ZIP = 3  # zips in zips
MOST_PARTS = 500  # files of one student that are looked at, notebooks first
MOST_IN_ZIP = 20_000  # whoever packs a clone with its history packs thousands that are hidden
DEEPEST = 20  # folders in folders
LEAVINGS = {"__MACOSX", "__pycache__", "thumbs.db", "desktop.ini"}  # that systems leave behind, as are hidden files
BAD_ZIP = (zipfile.BadZipFile, zlib.error, RuntimeError, NotImplementedError, EOFError, ValueError, OSError)


class Part(NamedTuple):
    """One file that was handed in."""

    path: PurePosixPath  # below the folder of the class; the first part of it names the student
    time: float  # when it was changed, in seconds
    size: int  # bytes
    open: Callable  # returns a binary file, to be read once


def parts_of(folder):
    """Return a `Part` for each file in the folder of a class, those that cannot be read included.

    Raises:
        FileNotFoundError: there is no such folder.
    """
    folder = Path(folder)
    if not folder.is_dir():
        raise FileNotFoundError(f"SUBMISSIONS must be a folder with what a class handed in; got {folder}")
    return sorted(_in_folder(folder, PurePosixPath()), key=lambda part: part.path)


def unpacked(parts):
    """Return parts of one student with the content of zips in place of these, and sentences on zips that failed."""
    found, problems, room = [], [], LARGEST_ZIPS
    waiting = [(part, 0) for part in parts]
    for part, inside in waiting:  # what is in a zip joins the end
        if part.path.suffix.lower() != ".zip" or inside == DEEPEST_ZIP or len(waiting) > MOST_IN_ZIP:
            found.append(part)
            continue
        try:
            content = content_of(part, room)
            room -= len(content)
            waiting += [(each, inside + 1) for each in _in_zip(_small_zip(content), part.path.with_suffix(""))]
        except BAD_ZIP as error:
            problems.append(f"{part.path.name} cannot be unpacked: {error}")
    found.sort(key=lambda part: ".ipynb" not in part.path.name.lower())
    if len(found) > MOST_PARTS:
        problems.append(f"of {len(found)} files only the first {MOST_PARTS} were looked at")
    return found[:MOST_PARTS], problems


def _small_zip(content):
    if content.count(b"PK\x01\x02") > MOST_IN_ZIP:  # what begins the header of each file
        raise ValueError(f"it has more than {MOST_IN_ZIP:,} files")
    return io.BytesIO(content)


def content_of(part, most):
    """Return the bytes of a part.

    Raises:
        OSError: it cannot be read, or has more than `most` bytes.
    """
    try:
        with part.open() as file:
            content = file.read(most + 1)
    except BAD_ZIP as error:
        raise OSError(str(error)) from error
    if len(content) > most:
        raise OSError(f"it has more than {most // 1_000_000} MB")
    return content


def _in_folder(folder, path):
    entries = [entry for entry in _entries(folder, path) if not _is_leaving(entry.name)]
    if not entries and len(path.parts) == 1:  # a student with an empty folder is still there
        yield Part(path / "nothing", 0.0, 0, _not_a_file)
    for entry in entries:
        inside = path / clean(entry.name)
        if entry.is_dir(follow_symlinks=False):
            yield from _in_folder(entry.path, inside)
            continue
        status = entry.stat(follow_symlinks=False)
        own = entry.is_file(follow_symlinks=False)
        opens = partial(open, entry.path, "rb") if own else _not_a_file
        yield Part(inside, status.st_mtime, status.st_size if own else 0, opens)


def _entries(folder, path):
    if len(path.parts) > DEEPEST:
        return []
    try:
        return list(os.scandir(folder))
    except OSError:
        if path.parts:  # of one student: the others can be read
            return []
        raise


def _not_a_file():
    raise OSError("it is a link, or no file at all")


def _in_zip(file, path):
    archive = zipfile.ZipFile(file)
    for info in archive.infolist():
        parts = [clean(part) for part in PurePosixPath(info.filename).parts if part not in ("/", "..")]
        if info.is_dir() or not parts or any(map(_is_leaving, parts)):
            continue
        yield Part(path.joinpath(*parts), _seconds(info.date_time), info.file_size, partial(archive.open, info))


def _seconds(date_time):
    try:
        return datetime(*date_time).timestamp()
    except (ValueError, OverflowError):  # a zip may hold the 30th of February
        return 0.0


def _is_leaving(name):
    return name.startswith(".") or name in LEAVINGS or name.lower() in LEAVINGS


def clean(name):
    """Return a name that can be printed and saved: bytes that are no text, and control characters, are spelled out.

    >>> clean("M\\udcfcller\\n.ipynb")
    'M\\\\xfcller\\\\x0a.ipynb'
    """
    text = os.fsencode(name).decode("utf-8", "backslashreplace")
    return "".join(f"\\x{ord(letter):02x}" if category(letter) == "Cc" else letter for letter in text)
