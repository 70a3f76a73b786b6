"""What a learning management system hands out, read as it is: a folder, or the zip before anybody unpacks it.

Canvas      one file for each attachment. doejane_LATE_1234_98765_hw1-masks.ipynb: the letters of "Doe, Jane", LATE
            where it was, the number of the user, that of the file, and what the student called it. Source:
            `get_filename` and `add_upload_submission` in lib/content_zipper.rb of github.com/instructure/canvas-lms.
Moodle      one folder for each participant, "Jane Doe_657737_assignsubmission_file_", or files whose names begin so.
            The number is the one that the grading worksheet calls "Participant 657737". Source: what
            mod/assign/feedback/file/importziplib.php of github.com/moodle/moodle expects back.
Gradescope  one folder for each submission, submission_555, beside submission_metadata.yml, which says whose it is and
            when it came ("Export Submissions").
otherwise   one notebook, zip or folder for each student, named after them.
"""

import os
import re
import shutil
import tempfile
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import datetime
from pathlib import Path, PurePosixPath
from typing import NamedTuple

import yaml

from pruning_lab.homework.frame.text import file_name, line, listed

LARGEST = 300_000_000  # bytes of one file in a zip of the class
CANVAS = re.compile(
    r"(?:(?!LATE_)(?P<name>\w+?)_)?(?P<late>LATE_)?(?P<number>\d+|anon_[^\W_]+)_(?P<file>\d+_.+|text\.html|link\.html)",
    re.DOTALL,
)
MOODLE = re.compile(r"(?P<name>.+?)_(?P<number>\d+)_assignsubmission_[a-z]+(?:_(?P<file>.*))?", re.DOTALL)
METADATA = "submission_metadata.yml"
RUBBISH = {"thumbs.db", "desktop.ini", METADATA}  # of systems that show folders, in lower case; and Gradescope's list


class Origin(NamedTuple):
    """Who handed something in, as the download says it; what it does not say is empty.

    `number` is the user's in Canvas, the participant's in Moodle; `file` that of an attachment in Canvas. `people`
    holds a dict with "name", "sid" and "email" for each student of a group in Gradescope. `notes` are for the student.
    """

    system: str = ""
    name: str = ""
    number: str = ""
    file: str = ""
    people: tuple = ()
    late: bool = False
    handed_in: datetime | None = None
    notes: tuple = ()


class Class(NamedTuple):
    """A folder with one file or folder for each student, {student: Origin} for those of whom more is known, and hints.

    A hint is a sentence for the instructor.
    """

    folder: Path
    origins: dict
    hints: tuple = ()


@contextmanager
def opened_class(path: Path) -> Iterator[Class]:
    """Yield a `Class` of what was downloaded; a folder that needs no change is yielded as it is.

    Args:
        path: a folder or a zip.

    Raises:
        FileNotFoundError: there is neither, or nothing in it.
        ValueError: a zip that cannot be read.
    """
    path = Path(path)
    if not path.is_dir() and not path.is_file():
        raise _missing(path)
    with tempfile.TemporaryDirectory(prefix="class-") as temporary:
        cut = set()
        root = path if path.is_dir() else _unpacked(path, Path(temporary) / "zip", cut)
        root = _inner(root, zipped=root != path)
        parts = _parts(root)
        if not parts:
            raise _missing(path)
        if not cut and all(part.is_plain for part in parts) and len(parts) == len(_visible(root)):
            class_ = Class(root, {})
        else:
            class_ = _laid_out(parts, Path(temporary) / "class", cut)
        yield class_._replace(hints=_hints(parts))


def _hints(parts):
    strange = [part.path.name for part in parts if not part.origin.system and _pattern_of(part.path.name)]
    told = "Named as Canvas or Moodle names a file, among others that are not; taken for the name of a student"
    return (f"{told}: {listed(strange)}",) if strange else ()


def _pattern_of(name):
    return MOODLE.fullmatch(name) or CANVAS.fullmatch(name)


def _missing(path):
    return FileNotFoundError(
        f"SUBMISSIONS must be a folder or a zip with a notebook or a folder for each student; got {path}"
    )


def _visible(root):
    return [each for each in sorted(root.iterdir(), key=os.fsencode) if not each.name.startswith(".")]


def _is_rubbish(path):
    """Whether nobody handed this in: what macOS and Windows leave in folders; not a student who is called like it."""
    if path.is_dir() and not path.is_symlink():
        inside = [each for each in path.rglob("*") if each.is_file()]
        return path.name == "__MACOSX" and all(each.name.startswith((".", "._")) for each in inside)
    return path.name.lower() in RUBBISH


def _inner(root, zipped):
    """Return the folder with the students: a zip, or what Gradescope exports, may hold it as its only one."""
    shown = [each for each in _visible(root) if not _is_rubbish(each)]
    if len(shown) != 1 or not shown[0].is_dir() or shown[0].is_symlink():
        return root
    notebooks = [each.parent for each in shown[0].rglob("*.[iI][pP][yY][nN][bB]") if not each.name.startswith(".")]
    one_student = notebooks == [shown[0]] or MOODLE.fullmatch(shown[0].name)
    return shown[0] if (shown[0] / METADATA).exists() or (zipped and not one_student) else root


class _Part(NamedTuple):
    """One file or folder of a class: whose it is, and where it stands among what that student handed in."""

    path: Path
    key: str
    inside: str  # "" lays a folder's content out; of a student's only file the key is its name
    origin: Origin = Origin()

    @property
    def is_plain(self):
        return not self.origin.system and self.key == self.path.name and not self.path.is_symlink()


def _parts(root):
    entries = [each for each in _visible(root) if not _is_rubbish(each)]
    if (root / METADATA).is_file():
        return _gradescope(root, entries)
    for system, pattern in (("moodle", MOODLE), ("canvas", CANVAS)):
        found = {each: pattern.fullmatch(each.name) for each in entries}
        if 2 * sum(map(bool, found.values())) > len(entries):
            return [_named(each, match, system) for each, match in found.items()]
    return [_Part(each, file_name(each.name), "") for each in entries]


def _named(path, match, system):
    if match is None:
        return _Part(path, file_name(path.stem if path.is_file() else path.name), path.name if path.is_file() else "")
    name, number = match["name"] or "", match["number"]
    late = bool(match.groupdict().get("late"))
    return _Part(
        path,
        file_name(f"{name}_{number}" if name else number),
        "" if path.is_dir() else _own_name(match["file"] or path.name),
        Origin(system, line(name), number, re.match(r"\d*", match["file"] or "")[0], late=late),
    )


def _own_name(file):
    """Return what a student called a file: Canvas puts a number in front."""
    return re.sub(r"^\d+_(?=.)", "", file)


def _gradescope(root, entries):
    try:
        told = yaml.safe_load((root / METADATA).read_text(encoding="utf-8", errors="replace"))
    except yaml.YAMLError as error:
        raise ValueError(f"{METADATA} must be the list that Gradescope exports; got {line(error)}") from None
    told = told if isinstance(told, dict) else {}
    return [
        _Part(each, file_name(each.name), each.name if each.is_file() else "", _submitters(told.get(each.name)))
        for each in entries
    ]


def _submitters(told):
    told = told if isinstance(told, dict) else {}
    people = tuple(
        {name: line(each.get(f":{name}") or "") for name in ("name", "sid", "email")}
        for each in told.get(":submitters") or ()
        if isinstance(each, dict)
    )
    when = told.get(":created_at")
    named = ", ".join(person["name"] for person in people)
    return Origin("gradescope", named, people=people, handed_in=when if isinstance(when, datetime) else None)


def _laid_out(parts, folder, cut):
    folder.mkdir()
    origins = {}
    for part in parts:
        place = folder / part.key
        for source, name in _files(part):
            target = place.joinpath(*map(file_name, name.parts)) if name.parts else place
            target.parent.mkdir(parents=True, exist_ok=True)
            _copy(source, target)
        if not place.exists():
            place.mkdir()  # nothing in it, and not forgotten for that
        student = part.key if place.is_dir() else place.stem
        before = origins.get(student, part.origin)
        notes = dict.fromkeys([*before.notes, *_notes(part, cut)])
        origins[student] = before._replace(late=before.late or part.origin.late, notes=tuple(notes))
    return Class(folder, {student: origin for student, origin in origins.items() if origin != Origin()})


def _files(part):
    """Yield (path, its name inside the student's folder); links lead to others' files, so they are left out."""
    if part.path.is_symlink():
        return
    if part.path.is_file():
        yield part.path, PurePosixPath(part.inside)
        return
    for here, _, names in os.walk(part.path):
        for name in names:
            path = Path(here, name)
            if path.is_file() and not path.is_symlink():
                yield path, PurePosixPath(part.inside, *path.relative_to(part.path).parts)


def _copy(source, target):
    """Put a file there without copying it, where the file system can; of two of one name keep both."""
    while target.exists():
        target = target.with_name(f"{target.stem} (again){target.suffix}")
    try:
        os.link(source, target)
    except OSError:
        shutil.copy2(source, target)


def _notes(part, cut):
    if part.path.is_symlink():
        yield "A link was handed in instead of files."
    for path in cut:
        if path.is_relative_to(part.path):
            yield f"{line(path.name)} is larger than {LARGEST // 1_000_000} MB, and was left out."


def _unpacked(path, folder, cut):
    """Unpack a zip under names that the file system takes; the paths of what is too large go to `cut`."""
    folder.mkdir()
    try:
        with zipfile.ZipFile(path) as archive:
            for member in archive.infolist():
                parts = [part for part in PurePosixPath(_decoded(member)).parts if part not in ("/", "..", ".")]
                target = folder.joinpath(*map(file_name, parts))
                if member.is_dir():
                    target.mkdir(parents=True, exist_ok=True)
                elif parts and not target.exists():
                    with suppress(FileExistsError, NotADirectoryError):  # below what the zip calls a file as well
                        target.parent.mkdir(parents=True, exist_ok=True)
                        _unpack(archive, member, target, cut)
    except (zipfile.BadZipFile, zipfile.LargeZipFile, NotImplementedError, RuntimeError, EOFError) as error:
        raise ValueError(f"SUBMISSIONS must be a zip that can be read; got {path} ({line(error)})") from None
    return folder


def _decoded(member):
    """Return a member's name; many programs write UTF-8 without saying so."""
    if member.flag_bits & 0x800:
        return member.filename
    try:
        return member.filename.encode("cp437").decode("utf-8")
    except UnicodeError:
        return member.filename


def _unpack(archive, member, target, cut):
    left = LARGEST
    with archive.open(member) as packed, open(target, "wb") as file:
        while left > 0 and (block := packed.read(min(left, 1 << 20))):
            left -= file.write(block)
        too_large = left == 0 and packed.read(1)
    with suppress(ValueError, OverflowError, OSError):  # when it was handed in, as far as the zip knows
        os.utime(target, (datetime(*member.date_time).timestamp(),) * 2)
    if too_large:
        target.unlink()
        cut.add(target)
