"""`python -m pruning_lab.homework make` and `python -m pruning_lab.homework grade FOLDER`: see the Makefile."""

import argparse
import multiprocessing
import os
import sys
import tempfile
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

from pruning_lab.homework.frame import assignments, grading, marks, release, sandbox, submissions
from pruning_lab.homework.frame.ledger import Ledger, one_grader


def main(arguments=None):
    """Run one of the two commands; return the exit status."""
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
    grade = commands.add_parser("grade", help="grade a folder of submissions")
    grade.add_argument("submissions", type=Path, help="a notebook or a folder for each student")
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
    return parser


def _make():
    for name in assignments.sources():
        print(f"{release.make(name, release.BUILD)}: student, autograder, solution.html")
    return 0


def _grade(given):
    if os.name == "nt":
        raise ValueError("grading needs Linux, or macOS with podman or docker; on Windows run it inside WSL")
    assignment = given.assignment or given.submissions.resolve().name
    if assignment not in assignments.sources():
        raise ValueError(
            f"{assignment!r} is not an assignment: name the folder after one, or add ASSIGNMENT=NAME "
            f"(--assignment NAME), one of {list(assignments.sources())}"
        )
    handed_in = submissions.read_submissions(given.submissions)
    out = given.out or Path("build") / "marks" / assignment
    out.mkdir(parents=True, exist_ok=True)
    with one_grader(out), tempfile.TemporaryDirectory() as folder:
        return _grade_by(release.make(assignment, folder), handed_in, out, given)


def _grade_by(made, handed_in, out, given):
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
    notes = marks.write_marks(graded, out, solution, handed_in) if graded else []
    print(f"{len(graded)} of {len(handed_in)} submissions have marks: {out / 'marks.csv'}")
    if nothing := grading.ungraded(graded):
        names = marks.listed(nothing)
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
