"""Run each question's tests against the submissions of a class: `make grade SUBMISSIONS=folder`.

The tests run here, in the grader; the functions they call run in the submission's own process (`sandbox`). So a
submission meets inputs only: no test, no expected answer, no mark.
"""

import inspect
import json
import os
import time
from contextlib import closing, nullcontext
from functools import cache, partial
from types import SimpleNamespace

from pruning_lab import progress, sweep
from pruning_lab.homework.frame.sandbox import Sandbox, Stopped
from pruning_lab.homework.frame.submissions import opened

CLOSED = ["pruning_lab"]  # a question asks for the mechanism, not for a call
NOT_GRADED = "not graded"


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
    bar = progress.bar(total=len(submissions), initial=len(submissions) - len(waiting), unit="student")
    with bar, closing(sweep.outcomes(call, waiting, executor)) as ended:
        for student, outcome in ended:
            if "error" in outcome:  # of the grader or a worker, not of the submission: no mark, and a later run retries
                bar.write(f"{student} could not be graded: {outcome['error'].strip().splitlines()[-1]}")
            else:
                ledger.save(student, submissions[student], outcome["result"])
            bar.update()
    return {student: _added_up(questions) for student, questions in ledger.all(submissions).items()}


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
    questions = {name: parse_tests(source) for name, source in tests.items()}
    try:
        cells, files = opened(submission)
        with _asked(cells, files, questions) as box:
            notes = [f"Code cell {number} of the notebook stopped: {error}" for number, error in box.failed]
            return _added_up(
                {name: {**score_question(question, box), "notes": notes} for name, question in questions.items()}
            )
    except Stopped as error:
        none = {"score": 0, "messages": [NOT_GRADED], "notes": [f"Nothing could be graded: {error}."]}
        return _added_up({name: {**none, "points": _points(question)} for name, question in questions.items()})


def _asked(cells, files, questions):
    """Return what the tests ask: the notebook's own process, or the files alone where they want nothing else."""
    asked = {name for question in questions.values() for case in question.test_cases for name in _arguments(case)}
    if asked == {"files"}:
        return nullcontext(SimpleNamespace(get={"files": files}.get, failed=[]))
    return Sandbox(cells, files, CLOSED)


@cache
def parse_tests(source):
    """Return the tests of a question as otter reads them from their source."""
    from otter.test_files import ExceptionTestFile  # takes four seconds, once for each process that grades

    return ExceptionTestFile.from_string(source)


def score_question(question, box):
    """Run the tests of one question; what they ask for by name comes from the submission.

    Args:
        question: as `parse_tests` returns it.
        box: a `Sandbox`, or anything else whose `get` returns what a name stands for.

    Returns:
        dict with "score", "points", "messages", "figures" and "seconds".
    """
    begun, total, messages, figures = time.monotonic(), 0, [], {}
    for case in question.test_cases:
        reason, measured = _outcome(case, box)
        if reason is None:
            total += case.points
            figures |= measured or {}
        elif reason not in messages:
            messages.append(reason)
    seconds = round(time.monotonic() - begun, 2)
    return {"score": total, "points": _points(question), "messages": messages, "figures": figures, "seconds": seconds}


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


def _added_up(questions):
    """Return the marks of all questions; notes on the notebook, which every question carries, are told once."""
    total, points = (sum(question[part] for question in questions.values()) for part in ("score", "points"))
    notes = list(dict.fromkeys(note for question in questions.values() for note in question["notes"]))
    return {"score": total, "points": points, "notes": notes, "questions": questions}


def ungraded(marks):
    """Return the students of whose submission nothing could be graded."""
    return [
        student
        for student, mark in marks.items()
        if all(question["messages"] == [NOT_GRADED] for question in mark["questions"].values())
    ]
