"""Marks for a folder of submissions: `make grade SUBMISSIONS=folder`.

The tests run here, in the grader; the functions they call run in the submission's own process (`sandbox`). So a
submission meets inputs only: no test, no expected answer, no mark.
"""

import base64
import csv
import inspect
import json
import os
from contextlib import closing, nullcontext
from functools import cache, partial
from pathlib import Path
from types import SimpleNamespace

from tqdm.auto import tqdm

from pruning_lab import sweep
from pruning_lab.homework import pages
from pruning_lab.homework.sandbox import Sandbox, Stopped

CLOSED = ["pruning_lab"]  # a question asks for the mechanism, not for a call
LARGEST = 20_000_000  # bytes of all files of a submission
NOT_GRADED = "not graded"


def read_submissions(folder):
    """Return {student: {file name: content in base64}}: one notebook, or one folder, for each student.

    Any other file counts as what the student of its name handed in, so that nobody is left out in silence; hidden files
    are no submissions.

    Raises:
        FileNotFoundError: there is no such folder, or nothing in it.
    """
    folder = Path(folder)
    if not folder.is_dir() or not any(folder.iterdir()):
        raise FileNotFoundError(
            f"SUBMISSIONS must be a folder with a notebook or a folder for each student; got {folder}"
        )
    submissions = {}
    for path in sorted(folder.iterdir()):
        if not path.name.startswith("."):
            submissions.setdefault(path.stem if path.is_file() else path.name, {}).update(_files(path))
    return submissions


def _files(path):
    paths = [path] if path.is_file() else sorted(part for part in path.rglob("*") if part.is_file())
    paths = [part for part in paths if ".ipynb_checkpoints" not in part.parts and not part.is_symlink()]
    if sum(part.stat().st_size for part in paths) > LARGEST:
        return {}
    return {part.name: base64.b64encode(part.read_bytes()).decode("ascii") for part in paths}


def grade_all(submissions, tests, ledger, executor=None):
    """Grade what `ledger` does not know yet; each mark is kept before the next one is waited for.

    Args:
        submissions: as `read_submissions` returns them.
        tests: {question: source}, as `release.tests_of` returns them.
        ledger: a `ledger.Ledger`.
        executor: any `concurrent.futures.Executor`, as in `sweep.run`; None grades in this process, one by one.

    Returns:
        {student: marks}, each as `grade` returns it.
    """
    asked = ledger.waiting(submissions)
    waiting = {student: (submissions[student], questions) for student, questions in asked.items()}
    call = partial(_graded, tests, ledger.instances)
    bar = tqdm(total=len(submissions), initial=len(submissions) - len(waiting), unit="student")
    with bar, closing(sweep.outcomes(call, waiting, executor)) as ended:
        for student, outcome in ended:
            if "error" in outcome:  # of the grader or a worker, not of the submission: no mark, and a later run retries
                tqdm.write(f"{student} could not be graded: {outcome['error'].strip().splitlines()[-1]}")
            else:
                ledger.save(student, submissions[student], outcome["result"])
            bar.update()
    return {student: _marks(questions) for student, questions in ledger.all(submissions).items()}


def _graded(tests, instances, waiting):
    submission, questions = waiting
    asked = {name: source for name, source in tests.items() if name in questions}
    return json.dumps({"result": grade(submission, asked, instances)})


def grade(submission, tests, instances):
    """Return the marks of one submission, whatever is in it.

    Returns:
        dict with "score", "points", "notes" on the notebook as a whole, and "questions", {name: dict with "score",
        "points", "messages" and "figures", what a test measured}.
    """
    os.environ["PRUNING_LAB_INSTANCES"] = str(instances)
    questions = {name: _parsed(source) for name, source in tests.items()}
    try:
        cells, files = _read(submission)
        with _opened(cells, files, questions) as box:
            notes = [f"Code cell {number} of the notebook stopped: {error}" for number, error in box.failed]
            return _marks({name: {**_score(question, box), "notes": notes} for name, question in questions.items()})
    except Stopped as error:
        none = {"score": 0, "messages": [NOT_GRADED], "notes": [f"Nothing could be graded: {error}."]}
        return _marks({name: {**none, "points": _points(question)} for name, question in questions.items()})


def _opened(cells, files, questions):
    """Return what the tests ask: the notebook's own process, or the files alone where they want nothing else."""
    asked = {name for question in questions.values() for case in question.test_cases for name in _arguments(case)}
    if asked == {"files"}:
        return nullcontext(SimpleNamespace(get={"files": files}.get, failed=[]))
    return Sandbox(cells, files, CLOSED)


def _read(submission):
    notebooks = [name for name in submission if name.endswith(".ipynb")]
    if not submission:
        raise Stopped(f"there are no files, or more than {LARGEST // 1_000_000} MB of them")
    if len(notebooks) != 1:
        raise Stopped(f"hand in exactly one notebook (.ipynb); there are {len(notebooks)}")
    files = {name: base64.b64decode(content) for name, content in submission.items()}
    try:
        cells = json.loads(files.pop(notebooks[0]))["cells"]
        sources = ["".join(cell["source"]) for cell in cells if cell["cell_type"] == "code"]
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise Stopped(f"{notebooks[0]} is not a whole notebook; open it in Jupyter and save it again") from error
    return sources, files


@cache
def _parsed(source):
    from otter.test_files import ExceptionTestFile  # four seconds, once for each process that grades

    return ExceptionTestFile.from_string(source)


def _score(question, box):
    """Run the tests of one question; what they ask for by name comes from the submission."""
    score, messages, figures = 0, [], {}
    for case in question.test_cases:
        reason, measured = _outcome(case, box)
        if reason is None:
            score += case.points
            figures |= measured or {}
        elif reason not in messages:
            messages.append(reason)
    return {"score": score, "points": _points(question), "messages": messages, "figures": figures}


def _outcome(case, box):
    """Return why a test case does not pass, None where it does; and what it returned."""
    try:
        return None, case.body.test_func(**{name: box.get(name) for name in _arguments(case)})
    except (AssertionError, Stopped) as error:
        return str(error), None
    except Exception as error:  # a check that trips over a strange answer has not been passed
        return f"the answer could not be checked ({type(error).__name__}: {error})", None


def _arguments(case):
    return inspect.signature(case.body.test_func).parameters


def _points(question):
    return sum(case.points for case in question.test_cases)


def _marks(questions):
    """Add up; notes on the notebook, which every question carries, are told once."""
    score, points = (sum(question[part] for question in questions.values()) for part in ("score", "points"))
    notes = list(dict.fromkeys(note for question in questions.values() for note in question["notes"]))
    return {"score": score, "points": points, "notes": notes, "questions": questions}


def ungraded(marks):
    """Return the students of whose submission nothing could be graded."""
    return [
        student
        for student, mark in marks.items()
        if all(question["messages"] == [NOT_GRADED] for question in mark["questions"].values())
    ]


def listed(names, most=10):
    """Return names for a line of a terminal; of a large class the first ones.

    >>> listed(["ann", "bob", "cy"], most=2)
    'ann, bob and 1 more'
    """
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return ", ".join(names[:most]) + more


def write_marks(marks, folder, solution, submissions):
    """Write marks.csv, for each student feedback as a page and as the JSON that Gradescope reads, and what people read.

    Args:
        marks: as `grade_all` returns them.
        folder: path; it is made where there is none.
        solution: path of the solved notebook: the questions' titles, and which of them a person reads (written.html,
            written.csv).
        submissions: as `read_submissions` returns them.

    Returns:
        What the instructor should know about written answers: a list of sentences.
    """
    folder = Path(folder)
    for part in ("feedback", "gradescope"):
        (folder / part).mkdir(parents=True, exist_ok=True)
    asked = pages.Asked(Path(solution))
    answers = {student: _written(submissions[student]) for student in marks}
    written = pages.written_points(folder / "written.csv", asked.written, answers)
    again = pages.to_read_again(folder / "written.csv", answers)
    if asked.written:
        (folder / "written.html").write_text(pages.written_page(asked, answers, again), encoding="utf-8")
    _write_marks_table(folder / "marks.csv", marks, written)
    for student, mark in marks.items():
        page = pages.feedback_page(student, mark, asked, written[student])
        (folder / "feedback" / f"{student}.html").write_text(page, encoding="utf-8")
        content = json.dumps(gradescope(mark, asked, written[student]), indent=1)
        (folder / "gradescope" / f"{student}.json").write_text(content, encoding="utf-8")
    if rows := pages.leaderboard(marks):
        (folder / "leaderboard.html").write_text(pages.leaderboard_page(rows), encoding="utf-8")
        _write_table(folder / "leaderboard.csv", *pages.leaderboard_table(rows))
    waits = [student for student, points in written.items() if None in points.values() and student not in again]
    return [
        f"{said}: {listed(names)}"
        for said, names in {
            f"{folder / 'written.csv'} waits for points of {len(waits)} written answers": waits,
            "The written answer has changed since it was read, and waits again": again,
            f"{folder / 'written.csv'} has names that nobody in the class has": pages.strangers(
                folder / "written.csv", submissions
            ),
        }.items()
        if names
    ]


def check_written(folder, solution):
    """Raise ValueError where written.csv holds points that cannot be, before anything is graded."""
    pages.read_points(Path(folder) / "written.csv", pages.Asked(Path(solution)).written)


def _write_marks_table(path, marks, written):
    names = list(next(iter(marks.values()))["questions"])
    rows = []
    for student, mark in marks.items():
        scores = [*(mark["questions"][name]["score"] for name in names), mark["score"], mark["points"]]
        if points := written[student]:
            given = None if None in points.values() else sum(points.values())
            scores += ["", ""] if given is None else [given, mark["score"] + given]
        rows.append([student, *scores, " ".join(mark["notes"])])
    by_hand = ["written", "total"] if any(written.values()) else []
    _write_table(path, ["student", *names, "score", "points", *by_hand, "notes"], rows)


def _written(submission):
    try:
        (notebook,) = (content for name, content in submission.items() if name.endswith(".ipynb"))
        return pages.written_questions(json.loads(base64.b64decode(notebook))["cells"])
    except (ValueError, KeyError, TypeError, AttributeError):
        return {}


def _write_table(path, names, rows):
    with open(path, "w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([names, *([_harmless(student), *rest] for student, *rest in rows)])


def _harmless(text):
    """Return a file's name so that a spreadsheet does not take it for a formula."""
    return f"'{text}" if text[:1] in "=+-@" else text


def gradescope(mark, asked, written):
    """Return marks in the form of Gradescope's results.json.

    Args:
        mark: as `grade` returns it.
        asked: `pages.Asked`, for titles and for what a person reads.
        written: {question: points a person gave, or None}.
    """
    tests = [
        {
            "name": asked.title(name),
            "score": q["score"],
            "max_score": q["points"],
            "output": "\n".join(q["messages"] or ["All passed."]),
        }
        for name, q in mark["questions"].items()
    ]
    for name, points in written.items():
        said = pages.READ_LATER if points is None else pages.READ
        most = asked.written[name][0]
        tests.append({"name": asked.title(name), "score": points or 0, "max_score": most, "output": said})
    return {"score": sum(test["score"] for test in tests), "output": "\n".join(mark["notes"]), "tests": tests}
