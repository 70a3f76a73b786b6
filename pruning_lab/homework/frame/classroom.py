"""Who is behind the submissions of one run: the roster, whose each submission is, and how late it came."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import NamedTuple

from pruning_lab.homework.frame import grading
from pruning_lab.homework.frame import roster as rosters
from pruning_lab.homework.frame.downloads import Origin
from pruning_lab.homework.frame.late import Policy
from pruning_lab.homework.frame.roster import NOBODY, Matched, Roster
from pruning_lab.homework.frame.submissions import opened
from pruning_lab.homework.frame.text import line, listed

NOTHING = "Nothing was handed in."
NO_ONE: Mapping = MappingProxyType({})


class Classroom(NamedTuple):
    """One run's class.

    Attributes:
        roster: the `Roster`, or NOBODY.
        matched: as `roster.match` returns it.
        origins: {student: `downloads.Origin`} of those of whom the download says more.
        lates: {student: `late.Late`, None where nothing is late}.
        unused: names in the policy's [granted] and [days] that are nobody's.
        policy: the `late.Policy`, or None.
        hints: sentences on how the submissions are named.
    """

    roster: Roster = NOBODY
    matched: Matched = Matched(NO_ONE, NO_ONE, [])
    origins: Mapping = NO_ONE
    lates: Mapping = NO_ONE
    unused: tuple = ()
    policy: Policy | None = None
    hints: tuple = ()

    def places(self, student):
        """Return the places in the roster of whoever is behind a row: several in a group, none of a stranger."""
        if student in self.matched.missing:
            return [self.matched.missing[student]]
        return self.matched.members.get(student, [])

    def members(self, student):
        """Return the roster's `Member`s behind a row."""
        return [self.roster.members[place] for place in self.places(student)]

    def name(self, student):
        """Return the name, or names, of who is behind a row."""
        origin = self.origins.get(student) or Origin()
        return " and ".join(member.name for member in self.members(student)) or origin.name

    def id(self, student):
        """Return the id, or ids, of who is behind a row."""
        return " and ".join(member.id for member in self.members(student))

    def known_as(self, student):
        """Return all that who is behind a row goes by: in files, in the download, in the roster."""
        origin = self.origins.get(student) or Origin()
        known = [student, origin.name, origin.number]
        return known + [text for each in self.members(student) for text in (each.name, *each.row.values())]

    def said(self, number):
        """Say how many of the class have handed in something; `number` is that of the submissions."""
        if not self.roster.path:
            return f"{number} handed in."
        there = len(self.roster.members) - len(self.matched.missing)
        return f"{there} of the {len(self.roster.members)} in the class handed in; {len(self.matched.missing)} did not."

    def sentences(self, number):
        """Return what the instructor should know of who has handed in; `number` is that of the submissions."""
        said = [self.said(number), *self.left_out(), *self.hints]
        if self.matched.strangers:
            said.append(f"Not in the roster: {listed(self.matched.strangers)}")
        if self.unused:
            said.append(
                f"Nobody goes by these names in the policy, so nothing is granted or taken: {listed(self.unused)}"
            )
        if self.matched.missing:
            said.append(f"Handed in nothing: {listed(list(self.matched.missing))}")
        if unknown := [self.name(each) or each for each, late in self.lates.items() if late and late.days is None]:
            said.append(f"Late, and [days] in the policy does not say by how much: {listed(unknown)}")
        return said

    def left_out(self):
        """Return a line on what was not given to this run, and so is missing in its tables; none where all was."""
        said = ["Without ROSTER, anyone who handed in nothing has no row."] * (not self.roster.path)
        said += ["Without POLICY, no late days are counted."] * (self.policy is None)
        return [" ".join(said)] if said else []

    def late_lines(self):
        """Return a line for each submission that is late."""
        return [f"{self.name(student) or student}: {late}" for student, late in self.lates.items() if late]

    def twice(self):
        """Return the names of members with more than one submission: of these the better one counts."""
        counted = [place for places in self.matched.members.values() for place in places]
        return sorted({self.roster.members[place].name for place in counted if counted.count(place) > 1})


def classroom(students, origins=None, roster=NOBODY, policy=None):
    """Return the `Classroom` of a run.

    Args:
        students: as `read_submissions` names them.
        origins, roster: as in `Classroom`.
        policy: a `late.Policy`, or None.
    """
    origins, rules = origins or {}, policy or Policy()
    matched = rosters.match(roster, list(students), origins)
    room = Classroom(roster, matched, origins, policy=policy)
    names = {each: room.known_as(each) for each in [*students, *matched.missing]}
    known = {name.casefold() for own in names.values() for name in own if name}
    return room._replace(
        lates={each: rules.late(own, origins.get(each)) for each, own in names.items()},
        unused=tuple(who for who in {**rules.granted, **rules.days} if who.casefold() not in known),
    )


def with_all(room, graded, tests):
    """Return the marks of a run, with what the download says of a submission, and those of who handed in nothing.

    Args:
        room: a `Classroom`.
        graded: as `grading.grade_all` returns them.
        tests: as `release.tests_of` returns them.
    """
    notes = {student: [*(room.origins.get(student) or Origin()).notes] for student in graded}
    marks = {student: {**mark, "notes": notes[student] + mark["notes"]} for student, mark in graded.items()}
    return marks | {student: _absent(tests) for student in room.matched.missing}


def _absent(tests):
    points = grading.points_of(tests)
    questions = {name: {"score": 0, "points": most, "messages": [NOTHING]} for name, most in points.items()}
    return {"score": 0, "points": sum(points.values()), "notes": [NOTHING], "questions": questions}


def preview(room, handed_in):
    """Return lines on what would be graded: nothing of a submission is run, nothing is written.

    Args:
        room: a `Classroom`.
        handed_in: as `read_submissions` returns it.
    """
    lines = [_previewed(room, student, submission) for student, submission in handed_in.items()]
    lines += [f"{student}: {NOTHING}" for student in room.matched.missing]
    return [*lines, *room.sentences(len(handed_in))]


def _previewed(room, student, submission):
    try:
        cells = f"{len(opened(submission)[0])} code cells"
    except grading.Stopped as error:
        cells = f"NOT GRADED: {error}"
    who, late = room.name(student), room.lates.get(student)
    return line(f"{student}{f' ({who})' if who else ''}: {cells}{f'; {late}' if late else ''}")
