"""`python -m pruning_lab.homework make` and `python -m pruning_lab.homework grade FOLDER`: see the Makefile."""

import argparse
import contextlib
import multiprocessing
import os
import signal
import sys
import tempfile
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

from pruning_lab.homework.frame import (
    assignments,
    by_hand,
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

ENDS = {signal.SIGTERM, getattr(signal, "SIGHUP", signal.SIGTERM)}  # Windows, where homework is made, has no SIGHUP


def main(arguments=None):
    """Run one of the two commands; return the exit status."""
    if not assignments.sources():
        print("Homework is made and graded in a clone of the course: an installed one has no sources.", file=sys.stderr)
        return 2
    given = _parser().parse_args(arguments)
    if given.command == "make":
        return _make()
    try:
        with _own_folder() as folder:
            return _grade(given, folder)
    except (OSError, ValueError) as error:
        print(error, file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("Stopped. What has been graded is kept; the same command goes on from there.", file=sys.stderr)
        return 130  # as a shell says it of a command that Ctrl-C has ended


@contextlib.contextmanager
def _own_folder():
    """Yield the one folder for all that this run keeps for a while: the solved notebook is in it, and unpacked zips.

    Who ends this process, or closes its terminal, stops it as Ctrl-C does. Should it be killed, those that grade for it
    take the folder away.
    """
    for end in ENDS:
        if signal.getsignal(end) == signal.SIG_DFL:  # nohup has it ignored
            signal.signal(end, signal.default_int_handler)
    with tempfile.TemporaryDirectory(prefix="grading-") as folder:
        before, tempfile.tempdir = tempfile.tempdir, folder
        try:
            yield folder
        finally:
            tempfile.tempdir = before


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


def _grade(given, folder):
    if os.name == "nt":
        raise ValueError("grading needs Linux, or macOS with podman or docker; on Windows run it inside WSL")
    assignment = given.assignment or given.submissions.resolve().name.removesuffix(".zip")
    if assignment not in assignments.sources():
        raise ValueError(
            f"{assignment!r} is not an assignment: name the folder after one, or add ASSIGNMENT=NAME "
            f"(--assignment NAME), one of {list(assignments.sources())}"
        )
    with opened_class(given.submissions) as class_:
        handed_in = submissions.read_submissions(class_.folder)
    room = classroom.classroom(handed_in, class_.origins, *_told(given))._replace(hints=class_.hints)
    if given.dry_run:
        print("\n".join(classroom.preview(room, handed_in)))
        return 0
    out = given.out or Path("build") / "marks" / assignment
    out.mkdir(parents=True, exist_ok=True)
    with one_grader(out):
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
    known = {student: room.known_as(student) for student in [*handed_in, *room.matched.missing]}
    set_ = by_hand.read_by_hand(out / "by-hand.csv", grading.points_of(tests), known)
    if not given.scheduler:  # elsewhere each worker tells of itself
        print(sandbox.told(given.trust_submissions))
    graded = _graded(handed_in, tests, out, given)
    everybody = classroom.with_all(room, graded, tests)
    reasons = changes.Reasons(given.reason, given.regrade, set_.reasons)
    told = marks.Told(given.column, reasons, release.given_code(made))
    final = by_hand.with_by_hand(everybody, set_)
    notes = marks.write_marks(final, out, solution, handed_in, room, told) if final else []
    said = [*room.sentences(len(handed_in)), *_said(graded, handed_in, out), *notes]
    print("\n".join([*said, *by_hand.sentences(everybody, set_, out / "by-hand.csv")]))
    return 0 if len(graded) == len(handed_in) else 1


def _said(graded, handed_in, out):
    yield f"{len(graded)} of {len(handed_in)} submissions have marks: {out / 'marks.csv'}"
    if nothing := grading.ungraded(graded):
        names = listed(nothing)
        yield f"In {len(nothing)} of them nothing could be graded; their feedback says why: {names}"


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


@contextlib.contextmanager
def _executor(scheduler, workers):
    if scheduler:
        from distributed import Client  # of the extra `cluster`; a class on one machine does without

        with Client(scheduler).get_executor() as pool:
            yield pool
        return
    context, folder = multiprocessing.get_context("spawn"), tempfile.gettempdir()
    with ProcessPoolExecutor(workers, context, grading.end_with_parent, [folder]) as pool:
        _begin(pool, workers)
        try:
            yield pool
        except BaseException:
            for worker in multiprocessing.active_children():  # what is half graded is graded again
                worker.terminate()
            raise


def _begin(pool, workers):
    """Begin all workers now, deaf to Ctrl-C, which a terminal sends to them too: it is the grader that ends them."""
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        for _ in range(workers):
            pool.submit(int)
    finally:
        signal.signal(signal.SIGINT, before)


if __name__ == "__main__":
    sys.exit(main())
