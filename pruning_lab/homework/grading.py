"""Marks for a folder of submissions: `make grade SUBMISSIONS=folder`.

The tests run here, in the grader; the functions they call run in the submission's own process (`sandbox`). So a
submission meets inputs only: no test, no expected answer, no mark.
"""

import base64
import csv
import inspect
import json
import os
from contextlib import closing
from functools import cache, partial
from html import escape
from pathlib import Path

from tqdm.auto import tqdm

from pruning_lab import sweep
from pruning_lab.homework.sandbox import Sandbox, Stopped

CLOSED = ["pruning_lab"]  # a question asks for the mechanism, not for a call
LARGEST = 20_000_000  # bytes of all files of a submission


def read_submissions(folder):
    """Return {student: {file name: content in base64}}: one notebook, or one folder, for each student.

    Raises:
        FileNotFoundError: there is no such folder, or nothing in it.
    """
    folder = Path(folder)
    if not folder.is_dir() or not any(folder.iterdir()):
        raise FileNotFoundError(
            f"SUBMISSIONS must be a folder with a notebook or a folder for each student; got {folder}"
        )
    entries = sorted(path for path in folder.iterdir() if path.is_dir() or path.suffix == ".ipynb")
    return {path.stem if path.is_file() else path.name: _files(path) for path in entries}


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
        {student: marks}: "score", "points", "notes" and "questions", {name: {"score", "points", "messages"}}.
    """
    waiting = ledger.waiting(submissions)
    call = partial(_graded, tests, ledger.instances)
    bar = tqdm(total=len(submissions), initial=len(submissions) - len(waiting), unit="student")
    with bar, closing(sweep.outcomes(call, waiting, executor)) as ended:
        for student, outcome in ended:
            if "error" in outcome:  # of the grader or a worker, not of the submission: no mark, and a later run retries
                tqdm.write(f"{student} could not be graded: {outcome['error'].strip().splitlines()[-1]}")
            else:
                ledger.save(student, submissions[student], outcome["result"])
            bar.update()
    return ledger.all(submissions)


def _graded(tests, instances, submission):
    return json.dumps({"result": grade(submission, tests, instances)})


def grade(submission, tests, instances):
    """Return the marks of one submission, whatever is in it."""
    os.environ["PRUNING_LAB_INSTANCES"] = str(instances)
    questions = {name: _parsed(source) for name, source in tests.items()}
    try:
        cells, files = _read(submission)
        with Sandbox(cells, files, CLOSED) as box:
            notes = [f"Code cell {number} of the notebook stopped: {error}" for number, error in box.failed]
            return _marks({name: _score(question, box) for name, question in questions.items()}, notes)
    except Stopped as error:
        none = {name: {"score": 0, "points": _points(q), "messages": ["not graded"]} for name, q in questions.items()}
        return _marks(none, [f"Nothing could be graded: {error}."])


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
    """Run the tests of one question; what they ask for by name comes from the submission's process."""
    score, messages = 0, []
    for case in question.test_cases:
        reason = _failed(case, box)
        if reason is None:
            score += case.points
        elif reason not in messages:
            messages.append(reason)
    return {"score": score, "points": _points(question), "messages": messages}


def _failed(case, box):
    """Return why a test case does not pass, None where it does."""
    try:
        arguments = inspect.signature(case.body.test_func).parameters
        case.body.test_func(**{name: box.get(name) for name in arguments})
    except (AssertionError, Stopped) as error:
        return str(error)
    except Exception as error:  # a check that trips over a strange answer has not been passed
        return f"the answer could not be checked ({type(error).__name__}: {error})"
    return None


def _points(question):
    return sum(case.points for case in question.test_cases)


def _marks(questions, notes):
    score, points = (sum(question[part] for question in questions.values()) for part in ("score", "points"))
    return {"score": score, "points": points, "notes": notes, "questions": questions}


def write_marks(marks, folder):
    """Write marks.csv, and for each student feedback as a page and as the JSON that Gradescope reads.

    Args:
        marks: as `grade_all` returns them.
        folder: path; it is made where there is none.
    """
    folder = Path(folder)
    for part in ("feedback", "gradescope"):
        (folder / part).mkdir(parents=True, exist_ok=True)
    names = list(next(iter(marks.values()))["questions"])
    with open(folder / "marks.csv", "w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["student", *names, "score", "points"])
        for student, mark in marks.items():
            each = [mark["questions"][name]["score"] for name in names]
            writer.writerow([_harmless(student), *each, mark["score"], mark["points"]])
    for student, mark in marks.items():
        (folder / "feedback" / f"{student}.html").write_text(feedback_page(student, mark), encoding="utf-8")
        content = json.dumps(gradescope(mark), indent=1)
        (folder / "gradescope" / f"{student}.json").write_text(content, encoding="utf-8")


def _harmless(text):
    """Return a file's name so that a spreadsheet does not take it for a formula."""
    return f"'{text}" if text[:1] in "=+-@" else text


def gradescope(mark):
    """Return marks in the form of Gradescope's results.json."""
    tests = [
        {
            "name": name,
            "score": q["score"],
            "max_score": q["points"],
            "output": "\n".join(q["messages"] or ["All passed."]),
        }
        for name, q in mark["questions"].items()
    ]
    return {"score": mark["score"], "output": "\n".join(mark["notes"]), "tests": tests}


def feedback_page(student, mark):
    """Return the page that a student gets: marks and messages, no test."""
    notes = "".join(f"<li>{escape(note)}</li>" for note in mark["notes"])
    rows = "".join(
        f"<tr><th scope=row>{escape(name)}</th><td>{q['score']:g} of {q['points']:g}</td>"
        f"<td>{'<br>'.join(map(escape, q['messages'])) or 'All passed.'}</td></tr>"
        for name, q in mark["questions"].items()
    )
    style = "body{font:16px/1.5 sans-serif;max-width:50em;margin:2em auto;padding:0 1em}td,th{padding:.4em 1em .4em 0;"
    style += "text-align:left;vertical-align:top;border-top:1px solid #999}"
    return (
        f'<!doctype html><html lang="en"><meta charset="utf-8"><title>Feedback for {escape(student)}</title>'
        f"<style>{style}</style><h1>{escape(student)}</h1><p>{mark['score']:g} of {mark['points']:g} points.</p>"
        f"<ul>{notes}</ul><table><tr><th>question</th><th>points</th><th>what was seen</th></tr>{rows}</table></html>"
    )
