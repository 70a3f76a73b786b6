"""Run each question's tests against the submissions of a class: `make grade SUBMISSIONS=folder`.

The tests run here, in the grader; the functions they call run in the submission's own process (`sandbox`). So a
submission meets inputs only: no test, no expected answer, no mark. Questions whose tests ask for files alone run
nothing of a submission; they are measured in a process of their own, for its limits.
"""

import inspect
import json
import multiprocessing
import os
import re
import shutil
import signal
import tempfile
import threading
import time
from contextlib import closing
from functools import cache, partial
from importlib import import_module

from pruning_lab import progress, sweep
from pruning_lab.homework.frame.sandbox import Sandbox, Stopped, Unsafe, isolation
from pruning_lab.homework.frame.sandbox.inside.child import CLOSED_SAID
from pruning_lab.homework.frame.sandbox.measure import measured
from pruning_lab.homework.frame.sandbox.process import NotBegun, kill_all
from pruning_lab.homework.frame.submissions import opened

CLOSED = ["pruning_lab"]  # a question asks for the mechanism, not for a call
LONGEST_REASON = 2000  # letters: an answer may hold a book, and be part of the reason
NOT_GRADED = "not graded"
LOSES_NOTHING = "Write answers out without it; a question that is graded from a file loses nothing by that."


def grade_all(submissions, tests, ledger, executor=None, trust=False):
    """Grade what `ledger` does not know yet; each mark is kept before the next one is waited for.

    Each process that grades, on whatever machine, proves its isolation before its first submission.

    Args:
        submissions: as `read_submissions` returns them.
        tests: {question: source}, as `release.tests_of` returns them.
        ledger: a `ledger.Ledger`.
        executor: any `concurrent.futures.Executor`, as in `sweep.run`; None grades in this process, one by one.
        trust: True grades without isolation where there is none.

    Returns:
        {student: marks}, each as `grade` returns it.

    Raises:
        Unsafe: a process that grades has no isolation. What is graded until then is kept.
    """
    asked = ledger.waiting(submissions)
    waiting = {student: (submissions[student], questions) for student, questions in asked.items()}
    trust = trust and isolation().way is None  # no process that grades is to be less safe than what has been told
    call = partial(_graded, tests, ledger.instances, trust)
    bar = progress.bar(total=len(submissions), initial=len(submissions) - len(waiting), unit="student")
    with bar, closing(sweep.outcomes(call, waiting, executor)) as ended:
        for student, outcome in ended:
            if "error" in outcome:  # of the grader or a worker, not of the submission: no mark, and a later run retries
                bar.write(f"{student} could not be graded: {outcome['error'].strip().splitlines()[-1]}")
            elif "unsafe" in outcome:
                raise Unsafe(outcome["unsafe"])
            else:
                ledger.save(student, submissions[student], outcome["result"])
            bar.update()
    return {student: _added_up(questions) for student, questions in ledger.all(submissions).items()}


def end_with_parent(folder):
    """Let a process that grades end when the one that began it is killed: it would wait for work for ever.

    Whoever ends it ends what it has begun, too. A terminal that is closed tells all of them; it is then the first that
    ends, and the others after it.

    Args:
        folder: all that the run keeps for a while is in there; it is taken away then.
    """
    tempfile.tempdir = folder
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, lambda *_: _end())
    threading.Thread(target=_end_after_parent, args=[folder], daemon=True).start()


def _end_after_parent(folder):
    multiprocessing.parent_process().join()
    shutil.rmtree(folder, ignore_errors=True)
    _end()


def _end():
    kill_all()
    os._exit(1)


def _graded(tests, instances, trust, waiting):
    submission, questions = waiting
    asked = {name: source for name, source in tests.items() if name in questions}
    try:
        return json.dumps({"result": grade(submission, asked, instances, trust)})
    except Unsafe as error:
        return json.dumps({"unsafe": str(error)})


def grade(submission, tests, instances, trust=False):
    """Return the marks of one submission, whatever is in it.

    Returns:
        dict with "score", "points", "notes" on the notebook as a whole, and "questions", {name: dict with "score",
        "points", "messages" and "figures", what a test measured}.
    """
    try:
        given = opened(submission)
    except Stopped as error:
        return _added_up(_none(tests, f"Nothing could be graded: {error}."))
    from_files = {name: source for name, source in tests.items() if asks_for_files(source)}
    from_notebook = {name: source for name, source in tests.items() if name not in from_files}
    found = {}
    for part, run in ((from_notebook, _called), (from_files, _measured)):
        found |= _graded_part(part, run, given, instances, trust, len(tests)) if part else {}
    return _added_up({name: {**found[name], "notes": [*given.notes, *found[name]["notes"]]} for name in tests})


def asks_for_files(source):
    """Whether all that a question's tests ask for is `files`: then nothing of the notebook is run for it."""
    return {name for case in parse_tests(source).test_cases for name in _arguments(case)} == {"files"}


def _graded_part(part, run, given, instances, trust, every):
    """Return {question: mark} of questions graded in one way; where that is stopped, those of the other way go on."""
    try:
        marks, notes = run(part, given, instances, trust)
    except Stopped as error:
        which = "Nothing" if len(part) == every else f"Of {', '.join(part)} nothing"
        return _none(part, f"{which} could be graded: {error}.")
    return {name: {**mark, "notes": notes} for name, mark in marks.items()}


def _called(tests, given, instances, trust):
    with Sandbox(given.cells, given.files, CLOSED, trust=trust) as box:
        return scored(tests, box, instances), list(_stopped_cells(given.cells, box.failed))


def _measured(tests, given, instances, trust):
    return measured(tests, given.files, instances, trust), []


def _none(tests, note):
    mark = {"score": 0, "messages": [NOT_GRADED], "notes": [note]}
    return {name: {**mark, "points": _points(parse_tests(source))} for name, source in tests.items()}


def _stopped_cells(cells, failed):
    """Yield a sentence for each cell that stopped; those that need the course's package, and what builds on them, once.

    Args:
        cells: sources.
        failed: list of (cell number, error as text).
    """
    closed, words = [], set()
    for number, error in failed:
        missed = re.match(r"NameError: name '(\w+)'", error)
        if CLOSED_SAID in error or (missed and missed[1] in words):
            closed.append(str(number))
            words.update(re.findall(r"\w+", "".join(cells[number - 1 : number])))  # a submission may say any number
        else:
            yield f"Code cell {number} of the notebook stopped: {error}"
    if closed:
        which = f"cells {', '.join(closed)}" if len(closed) > 1 else f"cell {closed[0]}"
        yield f"Code {which} of the notebook stopped: {CLOSED[0]} {CLOSED_SAID}. {LOSES_NOTHING}"


def scored(tests, box, instances):
    """Return {question: as `score_question` returns it}; each question has time of its own.

    Args:
        tests: {question: source}.
        box: a `Sandbox`, or `Files`.
        instances: the seed of the hidden instances.
    """
    os.environ["PRUNING_LAB_INSTANCES"] = str(instances)
    marks = {}
    for name, source in tests.items():
        box.begin_question()
        marks[name] = score_question(parse_tests(source), box)
    return marks


class Files:
    """Stands for a sandbox where tests ask for files alone."""

    def __init__(self, files):
        upper_last = sorted(files.items(), key=lambda item: -item[0].count("/"))  # of one name, the upper one counts
        self.get = {"files": {name.rpartition("/")[2]: content for name, content in upper_last}}.get

    def begin_question(self):
        """Nothing of one question can be in the way of the next."""


@cache
def parse_tests(source):
    """Return the tests of a question as otter reads them from their source; what they need is imported with them.

    That takes seconds, once for each process that grades: none of them is a question's own.
    """
    import_module("pruning_lab.measure")  # and torch, which all tests stand on
    from otter.test_files import ExceptionTestFile

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
        elif (reason := reason[:LONGEST_REASON]) not in messages:
            messages.append(reason)
    seconds = round(time.monotonic() - begun, 2)
    return {"score": total, "points": _points(question), "messages": messages, "figures": figures, "seconds": seconds}


def _outcome(case, box):
    """Return why a test case does not pass, None where it does; and what it returned."""
    try:
        return None, case.body.test_func(**{name: box.get(name) for name in _arguments(case)})
    except (AssertionError, Stopped) as error:
        return str(error), None
    except NotBegun:  # nothing of the student's: there is no mark, and a later run tries again
        raise
    except Exception as error:  # a check that trips over a strange answer has not been passed
        return f"the answer could not be checked ({type(error).__name__}: {error})", None


def _arguments(case):
    return inspect.signature(case.body.test_func).parameters


def _points(question):
    return sum(case.points for case in question.test_cases)


def points_of(tests):
    """Return {question: the points that its tests give}."""
    return {name: _points(parse_tests(source)) for name, source in tests.items()}


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
