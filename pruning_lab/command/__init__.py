"""The command `pruning-lab`, also `python -m pruning_lab`: what a learner does outside of a notebook."""

import argparse
import sys
from pathlib import Path

FOLDER = "pruning-course"


class _Parser(argparse.ArgumentParser):
    """A parser that answers a mistake in one sentence."""

    def error(self, message):
        self.exit(2, f"{self.prog}: {message}. `{self.prog} --help` shows how it is called.\n")


def main(arguments=None):
    """Run one subcommand; return the exit status: 0, 1 where something needs attention, 2 where nothing could be done.

    Args:
        arguments: list of strings; None takes those of the command line.
    """
    given = _parser().parse_args(arguments)
    try:
        return given.run(given) or 0
    except (OSError, RuntimeError) as error:
        print(error, file=sys.stderr)
        return 2


def _parser():
    parser = _Parser(prog="pruning-lab", description="A course on neural-network pruning.")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    lab = _add(commands, "lab", _lab, "write the lessons into a folder and open them in JupyterLab", "lab my-course")
    _add_folder(lab, nargs="?", default=FOLDER)
    lab.add_argument("--check", action="store_true", help="start JupyterLab, wait until it answers, end it")
    notebooks = _add(commands, "notebooks", _notebooks, "write the lessons into a folder", "notebooks my-course")
    _add_folder(notebooks)
    _add(commands, "doctor", _doctor, "is this computer ready for the course?", "doctor")
    journal = _add(commands, "journal", _journal, "write your journal as Markdown", "journal export notes.md")
    journal.add_argument("action", choices=["export"])
    journal.add_argument("file", nargs="?", help="a new file; default: next to the journal")
    told = "what each kind of pruning would pay in a network of yours, on this machine"
    audit = _add(commands, "audit", _audit, told, "audit mine:network --html page.html")
    audit.add_argument("network", help="module:function, where function() returns (model, example_inputs)")
    audit.add_argument("--evaluate", help="module:function of a model that returns a number")
    audit.add_argument("--html", help="write one page to this file")
    audit.add_argument("--json", help="write every number to this file")
    audit.add_argument("--seconds", type=float, default=60, help="what the measurements may take (60)")
    audit.add_argument("--resume", help="file from which calls of --evaluate that were interrupted go on")
    told = "how often your predictions were right, and how sure you were"
    calibration = _add(commands, "calibration", _calibration, told, "calibration mine.png")
    calibration.add_argument("picture", nargs="?", type=Path, help="a PNG to draw it in, beside the words")
    told = "run the lessons' claims on this machine, and say which hold"
    verify = _add(commands, "verify", _verify, told, "verify 04 --html page.html")
    verify.add_argument("lesson", nargs="?", help="its number; default: all, some minutes each")
    verify.add_argument("--runs", type=int, default=1, help="how often, for a spread of what is measured (1)")
    verify.add_argument("--html", type=Path, help="write one page to this file")
    return parser


def _add(commands, name, run, told, example):
    command = commands.add_parser(name, help=told, description=told, epilog=f"Example: pruning-lab {example}")
    command.set_defaults(run=run)
    return command


def _add_folder(command, **options):
    told = f"where; what you have changed there stays (default: {FOLDER})" if options else "where"
    command.add_argument("folder", type=Path, help=told, **options)


# Each imports what it needs itself: `--help` and `notebooks` need not wait for torch.


def _write(folder):
    """Write the lessons, unless the folder is where they come from."""
    from pruning_lab.command import copies

    if folder.resolve() == copies.NOTEBOOKS.resolve():
        return
    try:
        said = copies.write(folder)
    except OSError as error:  # a full disk names no file
        place = error.filename or folder
        raise RuntimeError(f"{place} must be a place that can be written; got: {error.strerror or error}.") from error
    print("\n".join([*said, f"The lessons are in {folder}."]), flush=True)


def _notebooks(given):
    _write(given.folder)


def _lab(given):
    from pruning_lab.command import lab

    _write(given.folder)
    return lab.check(given.folder) if given.check else lab.run(given.folder)


def _doctor(given):
    from pruning_lab.homework.frame import sandbox
    from pruning_lab.lesson.frame import doctor
    from pruning_lab.places import CLONE

    def grading():  # no fault where submissions cannot be cut off: only who grades needs it
        return doctor.Finding("grading homework", sandbox.described() if CLONE else "done in a clone of the course")

    return min(doctor.main(grading), 1)


def _audit(given):
    from pruning_lab.command import audit

    return audit.run(given)


def _journal(given):
    from pruning_lab.lesson.frame import journal

    try:
        print(f"Written to {journal.export(given.file)}.")
    except FileExistsError as error:
        raise RuntimeError(f"{error.filename} must be a new file; got one that is there already.") from error
    except journal.JournalError as error:
        raise RuntimeError(str(error)) from error


def _calibration(given):
    from pruning_lab.files import replacing
    from pruning_lab.lesson.frame import calibration, journal
    from pruning_lab.plots.canvas import png

    try:
        entries = journal.read()
        predictions = calibration.first_predictions(entries)
    except journal.JournalError as error:
        raise RuntimeError(str(error)) from error
    if not predictions:
        raise RuntimeError("No prediction is in your journal yet. Commit one in a lesson, and come back.")
    parts = calibration.parts(predictions)
    print("\n".join(calibration.in_words(*parts)))
    for question, answer, seen in calibration.observations(entries):
        print(f"{question} Measured: {answer}. You saw: {seen}")
    if given.picture:
        with replacing(given.picture) as file:
            file.write(png(calibration.calibration_figure(*parts)))
        print(f"Drawn in {given.picture}.")


def _verify(given):
    from pruning_lab.command import verify

    return verify.run(given)
