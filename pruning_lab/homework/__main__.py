"""`python -m pruning_lab.homework make` and `python -m pruning_lab.homework grade FOLDER`: see the Makefile."""

import argparse
import multiprocessing
import os
import sys
import tempfile
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

from pruning_lab.homework.frame import (
    assignments,
    changes,
    classroom,
    grading,
    late,
    marks,
    release,
    roster,
    sandbox,
    submissions,
)
from pruning_lab.homework.frame.downloads import opened_class
from pruning_lab.homework.frame.ledger import Ledger, one_grader
from pruning_lab.homework.frame.text import listed


def main(arguments=None):
    """Run one of the two commands; return the exit status."""
    if not assignments.sources():
        print("Homework is made and graded in a clone of the course: an installed one has no sources.", file=sys.stderr)
        return 2
    given = _parser().parse_args(arguments)
    if given.command == "make":
        return _make()
    try:
        return _grade(given)
    except (OSError, ValueError) as error:
        print(error, file=sys.stderr)
        return 2


def _parser():
    parser = argparse.ArgumentParser(prog="python -m pruning_lab.homework")
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("make", help="make all assignments in build/homework")
    grade = commands.add_parser("grade", help="grade a class: a folder of submissions, or what a system has handed out")
    grade.add_argument("submissions", type=Path, help="folder or zip: Canvas's, Moodle's, Gradescope's, or your own")
    grade.add_argument("--assignment", choices=list(assignments.sources()), help="default: the name of the folder")
    grade.add_argument("--out", type=Path, help="default: build/marks/ASSIGNMENT")
    grade.add_argument("--workers", type=int, default=os.cpu_count(), help="processes that grade at once")
    grade.add_argument("--scheduler", help="address of a Dask scheduler, for a class that outgrows this machine")
    grade.add_argument(
        "--trust-submissions",
        action="store_true",
        help="grade even where nothing cuts submissions off from this machine's files and network",
    )
    grade.add_argument("--regrade", metavar="QUESTION", help="forget the marks of this question and grade it again")
    _add_class(grade)
    return parser


def _add_class(grade):
    """Add what an instructor may say of the class."""
    grade.add_argument("--roster", type=Path, help="table of the class, as exported by Canvas, Moodle or Gradescope")
    grade.add_argument("--policy", type=Path, help="table of what lateness costs, and of extensions, in TOML")
    grade.add_argument("--column", help="the assignment's column in the gradebook, where the roster does not show it")
    grade.add_argument("--reason", default="", help="why marks change, for changes.csv")
    grade.add_argument("--dry-run", action="store_true", help="say what would be graded; run and write nothing")


def _make():
    for name in assignments.sources():
        print(f"{release.make(name, release.BUILD)}: student, autograder, solution.html")
    return 0


def _grade(given):
    if os.name == "nt":
        raise ValueError("grading needs Linux, or macOS with podman or docker; on Windows run it inside WSL")
    assignment = given.assignment or given.submissions.resolve().name.removesuffix(".zip")
    if assignment not in assignments.sources():
        raise ValueError(
            f"{assignment!r} is not an assignment: name the folder after one, or add ASSIGNMENT=NAME "
            f"(--assignment NAME), one of {list(assignments.sources())}"
        )
    with opened_class(given.submissions) as class_:
        handed_in, origins = submissions.read_submissions(class_.folder), class_.origins
    room = classroom.classroom(handed_in, origins, *_told(given))
    if given.dry_run:
        print("\n".join(classroom.preview(room, handed_in)))
        return 0
    out = given.out or Path("build") / "marks" / assignment
    out.mkdir(parents=True, exist_ok=True)
    with one_grader(out), tempfile.TemporaryDirectory() as folder:
        return _grade_by(release.make(assignment, folder), handed_in, room, out, given)


def _told(given):
    """Return the roster and the policy that were named."""
    class_ = roster.read_roster(given.roster) if given.roster else roster.NOBODY
    return class_, late.read_policy(given.policy) if given.policy else None


def _grade_by(made, handed_in, room, out, given):
    tests, solution = release.tests_of(made), release.solved(made)
    if given.regrade and given.regrade not in tests:
        raise ValueError(
            f"the question to grade again must be one of {list(tests)}, "
            f"which are graded by checks; got {given.regrade!r}"
        )
    marks.check_written(out, solution)
    if not given.scheduler:  # elsewhere each worker tells of itself
        print(sandbox.told(given.trust_submissions))
    graded = _graded(handed_in, tests, out, given)
    everybody = classroom.with_all(room, graded, tests)
    told = marks.Told(given.column, changes.Reasons(given.reason, given.regrade), release.given_code(made))
    notes = marks.write_marks(everybody, out, solution, handed_in, room, told) if everybody else []
    print("\n".join(room.sentences(len(handed_in))))
    print(f"{len(graded)} of {len(handed_in)} submissions have marks: {out / 'marks.csv'}")
    if nothing := grading.ungraded(graded):
        names = listed(nothing)
        print(f"In {len(nothing)} of them nothing could be graded; their feedback says why: {names}")
    print("\n".join(notes))
    return 0 if len(graded) == len(handed_in) else 1


def _graded(handed_in, tests, out, given):
    ledger = Ledger(out / "marks.sqlite", tests)
    if ledger.set_aside:
        print(ledger.set_aside)
    if given.regrade:
        print(f"{ledger.forget(given.regrade)} submissions will be graded again.")
    with _executor(given.scheduler, given.workers) as executor:
        graded = grading.grade_all(handed_in, tests, ledger, executor, given.trust_submissions)
    ledger.close()
    return graded


def _executor(scheduler, workers):
    if scheduler:
        from distributed import Client  # of the extra `cluster`; a class on one machine does without

        return Client(scheduler).get_executor()
    return ProcessPoolExecutor(
        workers, mp_context=multiprocessing.get_context("spawn"), initializer=grading.end_with_parent
    )


if __name__ == "__main__":
    sys.exit(main())
