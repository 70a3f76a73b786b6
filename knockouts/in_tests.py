"""Tests and the checks of homework are asked: pytest collects them once, and is forked for each sabotage."""

import os
import re
from contextlib import chdir, contextmanager
from functools import partial
from itertools import pairwise
from tempfile import TemporaryDirectory
from time import perf_counter

import pytest

from knockouts.children import Failed, Job, at_once, progress
from knockouts.results import Row, first_line, told
from knockouts.sabotages import NOTHING
from knockouts.swap import public_functions, recorded, swapped
from knockouts.table import pairs

# Not asked: what runs in a browser or in a process of its own, where no sabotage is; what looks at files alone.
LEFT_OUT = (
    *("tests/browser", "tests/command", "tests/test_wheel.py", "tests/test_course.py", "tests/test_house.py"),
    *("tests/test_types.py", "tests/test_new_lesson.py", "tests/test_readme.py", "tests/test_knockouts.py"),
    "tests/test_knockouts_in_lessons.py",
    *(
        "tests/lesson/frame",
        "tests/test_benchmarks.py",
        "tests/test_architecture.py",
        "tests/homework/frame",
        "tests/homework/test_commands.py",
    ),
)
PLACES = ("pruning_lab", "tests")
KINDS = ("tests", "homework")
HOMEWORK = re.compile(r"tests/homework/test_hw(\d)\.py::")
LONGEST = 120  # seconds of tests that a sabotage is shown to, as long as they take without one
FILE_LIMIT = 1800  # seconds for the first run of a file


def kind_of(test):
    """Return "homework" for a test of an assignment's checks, "tests" for others.

    >>> kind_of("tests/homework/test_hw2.py::test_a[q3-5]"), kind_of("tests/test_masks.py::test_a")
    ('homework', 'tests')
    """
    return "homework" if HOMEWORK.match(test) else "tests"


class Collected:
    """A plugin for pytest: what is collected goes to `then(items)`, which forks; nothing runs in this process."""

    def __init__(self, then):
        self.then = then

    def pytest_configure(self):
        from hypothesis import Phase, settings  # not before pytest has had a look at it

        settings.register_profile("once", phases=[Phase.explicit, Phase.generate], database=None, deadline=None)
        settings.load_profile("once")

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtestloop(self, session):
        self.then({item.nodeid: item for item in session.items})
        return True


def collect(then, places=PLACES):
    """Collect the tests of these places and call `then` with them, {id: item}."""
    left_out = [f"--ignore={path}" for path in LEFT_OUT]
    options = [
        "-qq",
        "-s",
        "--tb=native",
        "-p",
        "no:nbval",
        "-p",
        "no:cacheprovider",
        "-p",
        "no:xdist",
        "-o",
        "addopts=",
    ]
    os.environ["PRUNING_LAB_TRAINED"] = ""  # what was trained without a sabotage would hide it: see tests/train_once.py
    pytest.main([*options, "--doctest-modules", "--strict-markers", *left_out, *places], plugins=[Collected(then)])


class Reports:
    """A plugin that notes how each test ended."""

    def __init__(self):
        self.outcome, self.why = "passed", ""

    def pytest_runtest_logreport(self, report):
        if report.outcome != "passed" and self.outcome == "passed":
            crash = getattr(report.longrepr, "reprcrash", None)
            self.outcome, self.why = report.outcome, (crash.message if crash else str(report.longrepr)).strip()


def run(items, until_failure=False):
    """Run tests here; yield (id, outcome, why, seconds) of each."""
    session = items[0].session
    manager = session.config.pluginmanager
    if manager.has_plugin("terminalreporter"):
        manager.unregister(name="terminalreporter")
    for item, following in pairwise([*items, None]):
        reports = Reports()
        manager.register(reports)
        start = perf_counter()
        item.ihook.pytest_runtest_protocol(item=item, nextitem=following)
        manager.unregister(reports)
        yield item.nodeid, reports.outcome, reports.why, perf_counter() - start
        if until_failure and reports.outcome == "failed":
            return


@contextmanager
def elsewhere():
    """Inside the `with`, another folder is the current one: a sabotaged test may write files where it stands."""
    with TemporaryDirectory() as folder, chdir(folder):
        yield


def make_homework(items):
    """Run a test of each assignment, so that what takes long is made already where this process is forked."""
    made = [item for item in items if kind_of(item.nodeid) == "homework" and "make" in item.fixturenames]
    for item in {item.path: item for item in made}.values():
        item.ihook.pytest_runtest_protocol(item=item, nextitem=item.session)  # so the session's fixtures stay


def calls_of(items):
    """Run tests; return {id: [seconds, the public functions that it calls]} of those that pass."""
    found = {}
    with elsewhere(), recorded() as calls:
        for name, outcome, _, seconds in run(items):
            if outcome == "passed" and calls:
                found[name] = [round(seconds, 3), sorted(calls)]
            calls.clear()
    return found


def ask(function, sabotage, items):
    """Show a sabotage to tests, until one fails; return (how many were asked, who noticed, how)."""
    asked = 0
    with elsewhere(), swapped(public_functions()[function], sabotage.apply):
        for name, outcome, why, _ in run(items, until_failure=True):
            asked += 1
            if outcome == "failed":
                return asked, name, first_line(why)
    return asked, "", ""


def _first(file):
    """Sort the package's own tests before those of lessons and homework."""
    return not file.startswith("tests/test_"), file


class Trace:
    """Which test calls what: kept in `known`, a `Calls`, and found out for the files that are missing there."""

    def __init__(self, known, workers):
        self.known, self.workers, self.files = known, workers, {}

    def complete(self, items):
        """Run each file of tests once, unless that is known."""
        for name in items:
            self.files.setdefault(name.partition("::")[0], []).append(items[name])
        missing = [file for file in sorted(self.files, key=_first) if self.known.of(file) is None]
        jobs = [Job(file, partial(calls_of, self.files[file]), FILE_LIMIT) for file in missing]
        with progress(len(jobs), "which test calls what", "file") as bar:
            for file, found in at_once(jobs, self.workers):
                self.known.add(file, {} if isinstance(found, Failed) else found)
                bar.update()

    def callers(self, function, kind, items):
        """Return [(seconds, item)] of the tests that call a function, the quickest first."""
        tests = ((name, *told) for file in self.files for name, told in self.known.of(file).items())
        found = [(took, items[name]) for name, took, calls in tests if function in calls and name in items]
        return sorted(((s, item) for s, item in found if kind_of(item.nodeid) == kind), key=lambda pair: pair[0])


def ask_all(wanted, trace, results, workers, kinds=KINDS, places=PLACES):
    """Collect; show each of `wanted`, (function, sabotage), to the tests that call the function; add to `results`."""

    def then(items):
        trace.complete(items)
        make_homework(items.values())
        jobs = []
        for function, sabotages in _by_function(wanted).items():
            for kind in kinds:
                callers = trace.callers(function, kind, items)
                waiting = [each for each in sabotages if not results.knows(function, each, kind, of=len(callers))]
                jobs += [job_of(function, sabotage, kind, callers) for sabotage in waiting if callers]
        with progress(len(jobs), "tests and homework", "sabotage") as bar:
            for (function, sabotage, kind, of), answer in at_once(jobs, workers):
                results.add(row_of(function, sabotage, kind, of, answer))
                bar.update()

    collect(then, places)


def _by_function(wanted):
    found = {}
    for function, sabotage in wanted:
        found.setdefault(function, []).append(sabotage)
    return found


def job_of(function, sabotage, kind, callers):
    """Return the job that shows a sabotage to one kind of tests, [(seconds, item)]."""
    chosen, seconds = [], 0
    for took, item in callers:
        seconds += took
        if chosen and seconds > LONGEST:
            break
        chosen.append(item)
    limit = 30 + 5 * min(seconds, LONGEST)
    return Job((function, sabotage.name, kind, len(callers)), partial(ask, function, sabotage, chosen), limit)


def check(results, workers):
    """Show each sabotage to the very test that has noticed it, and nothing wrong as well; return what is not so.

    Returns:
        A sentence for each test that does not notice the sabotage, or that fails without one, called alone.
    """
    rows = [row for row in results.rows if row.kind in KINDS and "::" in row.noticed]
    sabotages = {(function, sabotage.name): sabotage for function, sabotage in pairs()}
    told = []

    def then(items):
        def job(row, sabotage):
            return Job((row, sabotage), partial(ask, row.function, sabotage, [items[row.noticed]]), 120)

        make_homework(items.values())
        jobs = [job(row, sabotages[row.function, row.sabotage]) for row in rows]
        jobs += [job(row, NOTHING) for row in {row.noticed: row for row in rows}.values()]
        with progress(len(jobs), "as the table says?", "test") as bar:
            for (row, sabotage), answer in at_once(jobs, workers):
                failed = isinstance(answer, Failed) or bool(answer[1])
                if failed == (sabotage is NOTHING):
                    told.append(f"{row.function}, {sabotage.name}: {'' if failed else 'not '}noticed by {row.noticed}")
                bar.update()

    collect(then, sorted({row.noticed for row in rows}))
    return told


def row_of(function, sabotage, kind, of, answer):
    """Return a row of results."""
    asked, who, how = (1, *told(answer)) if isinstance(answer, Failed) else answer
    return Row(function, sabotage, kind, asked, of, who, how if kind == "tests" else "")  # no answers of homework
