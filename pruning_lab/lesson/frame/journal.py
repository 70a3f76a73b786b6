"""A learner's notes and predictions: one readable JSON file that a crash cannot harm.

Each save writes a complete new file beside the old one and then renames it over the old one, so that a reader or a
killed kernel meets either the old journal or the new one, never half of one. A lock file makes two notebooks take
turns: each reads what the other saved before it adds its own.
"""

import json
import os
from datetime import UTC, datetime
from itertools import count
from pathlib import Path

from filelock import FileLock
from platformdirs import user_data_path

from pruning_lab.files import replacing

VERSION = 1


class JournalError(Exception):
    """The journal cannot be read or written; nothing that was saved has been touched."""


def journal_path():
    """Return the journal's path: PRUNING_LAB_JOURNAL where that is set, else the system's place for user data.

    `~` stands for the home folder, as in a shell.

    >>> journal_path().suffix
    '.json'
    """
    override = os.environ.get("PRUNING_LAB_JOURNAL")
    return (
        Path(os.path.expanduser(override))
        if override
        else user_data_path("pruning_lab", appauthor=False) / "journal.json"
    )


def read():
    """Return the entries saved so far, oldest first; an empty list where there is no journal yet.

    A journal that is not valid JSON is left where it is and read as empty: `append` keeps it aside before it writes.

    Raises:
        JournalError: the file cannot be opened, or a newer version of the course wrote it.
    """
    entries, _ = _load(_file())
    return entries


def append(kind, **fields):
    """Save one entry, such as `append("note", question="...")`, and return a sentence that says where.

    Args:
        kind: what the entry is: "prediction", "observation", "reason", "answer" or "note".
        fields: its content, anything that JSON can hold.

    Raises:
        JournalError: the journal cannot be written, a newer version of the course wrote it, JSON cannot hold the
            fields, or the text that the kind is named after is empty. Nothing was changed.
    """
    path = _file()
    entry = {"kind": kind, "saved": datetime.now(UTC).isoformat(timespec="seconds"), **fields}
    if isinstance(fields.get(kind), str) and not fields[kind].strip():
        raise JournalError(f"The {kind} is empty. Write it first; then save.")
    try:
        _as_json([entry])
    except (TypeError, ValueError, RecursionError) as error:
        raise JournalError(f"The entry holds what a journal cannot keep ({error}). Write it as text.") from error
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with FileLock(f"{path}.lock", timeout=10):
            entries, broken = _load(path)
            kept_aside = _set_aside(path) if broken else None
            _write(path, [*entries, entry])
    except OSError as error:  # a lock that cannot be had (filelock's Timeout) is an OSError too
        raise JournalError(
            f"{path} could not be written ({error}). Nothing saved was lost. "
            "Set PRUNING_LAB_JOURNAL to a file that you may write, and restart the kernel."
        ) from error
    if kept_aside:
        return (
            f"Saved in a new journal, {journal_path()}. The old one could not be read; it is kept as {kept_aside.name}."
        )
    return f"Saved in {journal_path()}."


def export(path=None):
    """Write the journal as Markdown, for reading, printing or sending; return the new file's path.

    Args:
        path: the file to write; None takes the journal's name with `.md`, or a number where that is taken.

    Raises:
        FileExistsError: `path` is there already. Nothing is ever overwritten.
        JournalError: the journal cannot be read.
    """
    text = as_markdown(read())
    if path is not None:
        return _write_new(Path(os.path.expanduser(path)), text)
    path = journal_path()
    path.parent.mkdir(parents=True, exist_ok=True)
    for number in count(1):
        try:
            return _write_new(path.with_name(f"{path.stem}{f'-{number}' if number > 1 else ''}.md"), text)
        except FileExistsError:
            continue


def as_markdown(entries):
    """Return entries as Markdown, one heading each, oldest first.

    >>> print(as_markdown([{"kind": "note", "saved": "2026-01-31T10:00:00+00:00", "question": "Why?"}]))
    # My journal of the pruning course
    <BLANKLINE>
    ## note, 2026-01-31
    <BLANKLINE>
    - **question**: Why?
    <BLANKLINE>
    """
    lines = ["# My journal of the pruning course", ""]
    for entry in entries:
        lines += [f"## {entry['kind']}, {str(entry.get('saved') or '')[:10]}", ""]
        for name, value in entry.items():
            if name not in ("kind", "saved") and value not in ("", None, []):
                shown = "; ".join(map(str, value)) if isinstance(value, list) else str(value)
                lines.append(f"- **{name.replace('_', ' ')}**: {' '.join(shown.split())}")
        lines.append("")
    return "\n".join(lines)


def _write_new(path, text):
    content = text.encode("utf-8", "replace")  # half a character is shown as ?
    with open(path, "xb") as file:
        file.write(content)
    return path


def _file():
    """Return the file that the journal's path leads to: a link, as into a synced folder, stays a link."""
    path = Path(os.path.realpath(journal_path()))
    if path.exists() and not (path.is_file() or path.is_dir()):  # a rename would put a file into the place of /dev/null
        raise JournalError(f"{path} is a device or a pipe. Set PRUNING_LAB_JOURNAL to a file that you may write.")
    return path


def _load(path):
    """Return the entries in the file and whether the file is broken."""
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return [], False
    except (ValueError, RecursionError):  # not JSON, not UTF-8, or brackets within brackets without end
        return [], True
    except OSError as error:
        raise JournalError(f"{path} could not be read ({error}). It was left as it is.") from error
    version = content.get("version") if isinstance(content, dict) else None
    if isinstance(version, int) and version > VERSION:
        raise JournalError(
            f"{path} was written by a newer version of this course (journal version {version}; this one knows "
            f"{VERSION}). It was left as it is: update the course, or set PRUNING_LAB_JOURNAL to another file."
        )
    if version != VERSION or not _are_entries(content.get("entries")):
        return [], True
    return content["entries"], False


def _are_entries(entries):
    return isinstance(entries, list) and all(isinstance(entry, dict) and "kind" in entry for entry in entries)


def _set_aside(path):
    """Rename a broken journal to a free name beside it, and return that."""
    stamp = datetime.now(UTC).strftime("%Y%m%dT%H%M%S%f")
    aside = path.with_name(f"{path.stem}.broken-{stamp}{path.suffix}")
    os.rename(path, aside)
    return aside


def _write(path, entries):
    if path.exists() and not os.access(path, os.W_OK):
        raise PermissionError(f"{path.name} is read-only")  # a rename would go through and defeat its owner's wish
    with replacing(path, private=True) as file:
        file.write(_as_json(entries))


def _as_json(entries):
    """Return entries as the bytes of a journal; half an emoji, a lone surrogate, as JSON writes it: \\ud83d."""
    text = json.dumps({"version": VERSION, "entries": entries}, indent=1, ensure_ascii=False)
    return text.encode("utf-8", "backslashreplace")
