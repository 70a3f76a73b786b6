"""Who is in the class: a table that the learning management system gives, and whose each submission is.

Any of these is taken as it is: Canvas's exported gradebook, Moodle's grading worksheet or exported grades, Gradescope's
roster, or a table of one's own with a column `student` or `name` and, where there are any, `id` and `email`.
"""

import csv
import io
import re
import unicodedata
from pathlib import Path
from typing import NamedTuple

from pruning_lab.homework.frame.text import file_name, line

NAMES = ("full name", "name", "student")
FIRST, LAST = ("first name", "firstname", "given name"), ("last name", "lastname", "surname", "family name")
IDS = (
    *("id number", "sis user id", "sid", "student id", "id", "username", "sis login id"),
    *("email address", "email", "identifier", "student"),
)
NUMBER = {"canvas": "id", "moodle": "identifier"}  # the column with the number that a system's downloads carry
SEPARATORS = ",;\t"


class Member(NamedTuple):
    """A student of the class: `row` holds what the table says, by the names of its columns."""

    name: str
    row: dict

    def get(self, *columns):
        """Return the first of these columns that says something, named in lower case."""
        found = {(name or "").strip().lower(): value for name, value in self.row.items()}
        return next((found[name] for name in columns if found.get(name)), "")

    @property
    def id(self):
        """What tells this student from all others; the name where the table has nothing better."""
        return self.get(*IDS[:-1]) or self.name


class Roster(NamedTuple):
    """The class, and the table it was read from."""

    path: Path | None
    columns: list
    members: list


NOBODY = Roster(None, [], [])


class Table(NamedTuple):
    """A table: the names of its columns, its rows as dicts by these names, and what stands between two columns."""

    columns: list
    rows: list
    separator: str


def table_of(path: Path) -> Table:
    """Return a table, however a spreadsheet has saved it.

    Args:
        path: a CSV file; between its columns are commas, semicolons or tabs.
    """
    content = Path(path).read_bytes()
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = content.decode("cp1252", "replace")  # what Excel saves where it is not asked for UTF-8
    head = text.partition("\n")[0]
    separator = max(SEPARATORS, key=head.count)
    try:
        rows = list(csv.reader(io.StringIO(text, newline=""), delimiter=separator))
    except csv.Error as error:
        raise ValueError(f"{path} must be a table in CSV; got {error}") from None
    columns = [name.strip() for name in rows[0]] if rows else []
    named = ({name: value.strip() for name, value in zip(columns, row, strict=False)} for row in rows[1:] if any(row))
    return Table(columns, list(named), separator)


def read_roster(path: Path) -> Roster:
    """Read a roster.

    Raises:
        FileNotFoundError: there is no such file.
        ValueError: it has no column with names.
    """
    path = Path(path)
    if not path.is_file():
        raise FileNotFoundError(f"ROSTER must be a table of the class, in CSV; got {path}")
    columns, rows, _ = table_of(path)
    named = {name.lower() for name in columns}
    if not named & {*NAMES, *LAST}:
        raise ValueError(f"ROSTER must have a column named student, name or full name; got {columns} in {path}")
    members = [Member(_name(row), row) for row in rows]
    return Roster(path, columns, [each for each in members if _is_student(each)])


def _name(row):
    member = Member("", row)
    parts = [part for part in (member.get(*FIRST), member.get(*LAST)) if part]
    return line(member.get(*NAMES) or " ".join(parts) or member.get(*IDS))


def _is_student(member):
    """Whether a row is a student: Canvas has one for the points possible and a test student, Gradescope has staff."""
    role = member.get("role").lower()
    return (
        bool(member.name)
        and "Points Possible" not in member.name
        and member.name != "Student, Test"
        and (role in ("", "student"))
    )


class Matched(NamedTuple):
    """Whose each submission is.

    members: {student, as the submission is named: list of their places in `Roster.members`; more in a group}.
    missing: {student, as their row will be named: place}, of those who handed in nothing.
    strangers: students of whom the roster knows nothing.
    """

    members: dict
    missing: dict
    strangers: list


def match(roster: Roster, students: list[str], origins: dict) -> Matched:
    """Find out whose each submission is: by number or id, else by a name that only one member has.

    Args:
        roster: the class.
        students: as `read_submissions` names them.
        origins: {student: `downloads.Origin`} of those of whom the download says more.
    """
    known, names = _known(roster), _names(roster)
    found = {}
    for student in students:
        wanted = _wanted(student, origins.get(student))
        places = [_found(keys, name, known, names) for keys, name in wanted]
        found[student] = [place for place in places if place is not None]
    taken = {place for places in found.values() for place in places}
    missing = {}
    for place, member in enumerate(roster.members):
        if place not in taken:
            missing[_row_name(member, {*students, *missing})] = place
    return Matched(found, missing, [student for student, places in found.items() if not places] if roster.path else [])


def _row_name(member, taken):
    name = file_name(member.name)
    return name if name not in taken else file_name(f"{member.name} {member.id} {len(taken)}")


def _known(roster):
    """Return {(column or "", value): place, None where several members have it}."""
    known = {}
    for place, member in enumerate(roster.members):
        keys = {("", member.get(name).casefold()) for name in IDS}
        keys |= {("", value.partition("@")[0]) for _, value in keys if "@" in value}
        numbers = {(name, re.sub(r"^\D+", "", member.get(name))) for name in NUMBER.values()}
        for key in keys | numbers:
            known[key] = place if known.get(key, place) == place else None
    return {key: place for key, place in known.items() if key[1]}


def _names(roster):
    names = {}
    for place, member in enumerate(roster.members):
        key = plain_name(member.name)
        names[key] = place if key not in names else None
    return names


def _wanted(student, origin):
    """Return [(keys to look for in this order, name)], one for each person behind a submission."""
    if origin and origin.people:
        return [
            ([("", person["sid"].casefold()), ("", person["email"].casefold())], person["name"])
            for person in origin.people
        ]
    if origin and origin.system in NUMBER:
        return [([(NUMBER[origin.system], origin.number)], origin.name)]
    return [([("", student.casefold())], student)]


def _found(keys, name, known, names):
    for key in keys:
        if known.get(key) is not None:
            return known[key]
    return names.get(plain_name(name))


def plain_name(name: str) -> str:
    """Return a name as its letters alone, so that the order of its parts, accents and case do not matter.

    >>> plain_name("Müller, Zoë") == plain_name("zoe MULLER")
    True
    """
    text = unicodedata.normalize("NFKD", name.casefold())
    return " ".join(sorted(re.findall(r"\w+", "".join(letter for letter in text if not unicodedata.combining(letter)))))
