"""A class of 200 that a grader must survive: `python tests/hostile_class.py [SIZE]` prints how it does.

Each kind of submission has the score it must get and a phrase that its feedback must contain; `attackers` has more of
them. The class is graded with one worker, with two, as an ordinary user, on a local Dask cluster, and by a grader that
is killed five times on the way: the marks must be the same, and the home of a lecturer as it was.

`python tests/hostile_class.py kills` kills the grader of a class of thirty a hundred times.
"""

import csv
import json
import os
import random
import shutil
import socket
import sqlite3
import subprocess
import sys
import tempfile
import time
from contextlib import suppress
from copy import deepcopy
from pathlib import Path
from typing import Any, NamedTuple

import attackers
import nbformat

from pruning_lab.homework.frame import release
from pruning_lab.homework.frame.assignments import SOURCES

NAME = "hw1-masks"
ROOT = Path(__file__).parents[1]
NOBODY = 65534  # the user id of who has nothing
THROUGH = "got through"  # what an attacker's feedback says that has reached something
OUTSIDE = Path(tempfile.gettempdir()) / "written-by-a-submission"
SILENT = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
# These cost their time limit, so they come once.
SLOW = ("stubborn loop", "loop in an answer", "endless loop", "two loops in answers", "memory in many processes")


def add(source):
    """Return an edit that puts a code cell at the end of the notebook."""
    return lambda notebook: notebook.cells.append(nbformat.v4.new_code_cell(source))


def cell_of(notebook, name):
    return next(cell for cell in notebook.cells if cell.cell_type == "code" and f"def {name}(" in cell.source)


def replace(name, source):
    """Return an edit that puts other code in place of the cell that defines a function."""
    return lambda notebook: cell_of(notebook, name).update(source=source)


def remove(name):
    return lambda notebook: notebook.cells.remove(cell_of(notebook, name))


def duplicate(notebook):
    notebook.cells += [deepcopy(cell) for cell in notebook.cells if cell.cell_type == "code"]


def other_kernel(notebook):
    notebook.metadata.kernelspec = {"display_name": "R", "language": "R", "name": "ir"}


def easy_tests(notebook):
    tests = notebook.metadata["otter"]["tests"]
    notebook.metadata["otter"]["tests"] = dict.fromkeys(tests, "points = 1000")
    replace("my_n_of_m", "def my_n_of_m(scores, n, m):\n    return scores > 0")(notebook)


def to_markdown(notebook):
    cell_of(notebook, "my_step").cell_type = "markdown"


EQUAL = """class Yes:
    def __eq__(self, other): return True
    def __array__(self, dtype=None, copy=None): return self
    shape, dtype, size = (6,), bool, 6
def my_n_of_m(scores, n, m): return Yes()"""
READ_TESTS = f"""import glob, pathlib
found = []
for folder in ({str(SOURCES.parents[1])!r}, "/tmp", "/root", "/home"):
    for path in glob.glob(folder + "/**/*.ipynb", recursive=True) + glob.glob(folder + "/**/q*.py", recursive=True):
        found.append(pathlib.Path(path).read_text())
    open(folder + "/notebooks/homework/hw1-masks.ipynb").read()"""
OWN_MARK = """import json
for place in ("results.json", "../results.json", "marks.sqlite"):
    open(place, "w").write(json.dumps({"score": 1000}))
def my_step(*a): raise SystemExit(1000)"""
STUBBORN = """while True:
    try:
        while True: total = sum(range(1000))
    except BaseException: pass"""
ASLEEP = """import signal, time
signal.signal(signal.SIGALRM, signal.SIG_IGN)
while True: time.sleep(600)"""  # takes no time of a processor, so no limit on that ends it
STUBBORN_ANSWER = """while True:
        try:
            while True: pass
        except BaseException: pass"""
LOOP = "def my_step(*a):\n    while True: pass"


def connect(port):
    return f"import socket\nsocket.create_connection(('127.0.0.1', {port}), timeout=5).send(b'answers please')"


class Kind(NamedTuple):
    """What a submission of this kind is, and what it must get.

    `edit` is a function that changes the solved notebook, None for the untouched release, or a word for a submission
    that is not one whole notebook.
    """

    edit: Any
    score: int  # of 20
    phrase: str  # in the feedback


def both(*edits):
    """Return an edit that makes all of `edits`."""
    return lambda notebook: [edit(notebook) for edit in edits]


def kinds(port, home="/nowhere"):
    """Return {kind: Kind}; some of them try to connect to `port` of this machine, or to reach into `home`."""
    table = {
        "right": (lambda n: None, 20, "All passed."),
        "untouched": (None, 0, "replace the ..."),
        "wrong: a threshold": (
            replace("my_mask", "def my_mask(s, p):\n    return s > np.quantile(s, p)"),
            10,  # of the questions that build on it, one has ties and the last asks for exact counts as well
            "A threshold cannot split equal scores",
        ),
        "wrong: the other way round": (
            replace("my_n_of_m", "def my_n_of_m(s, n, m):\n    return np.zeros(s.shape, bool)"),
            16,
            "each run of 4 along a row keeps 2",
        ),
        "wrong: raises": (replace("my_step", "def my_step(*a):\n    return 1 / 0"), 18, "ZeroDivisionError"),
        "syntax error": (replace("my_n_of_m", "def my_n_of_m(s, n, m)\n    return s"), 16, "SyntaxError"),
        "endless loop": (add("while True:\n    pass"), 20, "is there a loop that never ends?"),
        "loop in an answer": (
            replace("my_step", "def my_step(*a):\n    while True: pass"),
            18,
            "is there a loop that never ends?",
        ),
        "two loops in answers": (
            both(replace("my_n_of_m", attackers.N_OF_M + STUBBORN_ANSWER), replace("my_step", LOOP)),
            14,
            "is there a loop that never ends?",
        ),
        "stubborn loop": (add(STUBBORN), 0, "stopped after 120 s"),
        "fork of processes": (add("import os\nwhile True:\n    os.fork()"), 20, "Resource temporarily unavailable"),
        "10 GB allocation": (add("a = np.ones(1_250_000_000)"), 20, "more memory than a submission may use"),
        "endless printing": (add("while True:\n    print('x' * 10_000)"), 20, "printed or wrote more than 10 MB"),
        "os._exit": (add("import os\nos._exit(0)"), 0, "ended its own Python process"),
        "sys.exit": (add("import sys\nsys.exit(0)"), 20, "SystemExit"),
        "deleted cell": (remove("my_n_of_m"), 16, "my_n_of_m is not defined"),
        "duplicated cells": (duplicate, 20, "All passed."),
        "reordered cells": (lambda n: n.cells.reverse(), 20, "All passed."),
        "cell turned into markdown": (to_markdown, 18, "my_step is not defined"),
        "edited tests": (easy_tests, 16, "each run of 4 along a row keeps 2"),
        "missing notebook": ("nothing", 0, "hand in exactly one notebook"),
        "two notebooks": ("two", 20, "Of 2 notebooks the newest was graded"),
        "renamed notebook": ("renamed", 20, "All passed."),
        "half a notebook": ("torn", 0, "is not a whole notebook"),
        "another kernel's name": (other_kernel, 20, "All passed."),
        "an __eq__ that is always true": (replace("my_n_of_m", EQUAL), 16, "got Yes"),
        "the package called": (
            replace("my_n_of_m", "def my_n_of_m(s, n, m):\n    from pruning_lab import masks\n    return masks"),
            16,
            "closed in this homework",
        ),
        "reads the hidden tests": (add(READ_TESTS), 20, "No such file"),
        "writes outside its folder": (add(f"open({str(OUTSIDE)!r}, 'w').write('x')"), 20, "All passed."),
        "writes into a folder of the system": (add("open('/usr/lib/x', 'w').write('x')"), 20, "Read-only file system"),
        "opens a socket": (add(connect(port)), 20, "Operation not permitted"),
        "writes its own mark": (replace("my_step", OWN_MARK), 18, "SystemExit: 1000"),
        "kills the grader": (add("import os\nos.kill(os.getppid(), 9)\nos.kill(-1, 9)"), 20, "No such process"),
    }
    table |= {name: (add(source), *row) for name, (source, *row) in attackers.ENDS.items()}
    table |= {name: (replace(asked, source), *row) for name, (asked, source, *row) in attackers.ANSWERS.items()}
    table |= {name: (tries(home, port, [name]), 20, "All passed.") for name in attackers.CELLS}
    return {name: Kind(*row) for name, row in table.items()}


def tries(home, port, names=tuple(attackers.CELLS)):
    """Return an edit that adds cells which try to get out."""
    return both(*map(add, attackers.notebook_cells(home, port, names)))


class Expected(NamedTuple):
    """What one student must get."""

    kind: str
    score: int
    phrase: str


def write_class(folder, made, port, size=None, home="/nowhere"):
    """Write submissions of every kind, `size` in all if that is given; return {student: Expected}."""
    table, class_ = kinds(port, home), {}
    solved = nbformat.read(made / "autograder" / f"{NAME}.ipynb", as_version=4)
    released = (made / "student" / f"{NAME}.ipynb").read_text(encoding="utf-8")
    often = [name for name in table if name not in SLOW]
    names = [often[i % len(often)] for i in range((size or len(table)) - len(SLOW))] + list(SLOW)
    for number, name in enumerate(names):
        kind, student = table[name], f"s{number:03}"
        _write_submission(folder / student, kind.edit, solved, released)
        class_[student] = Expected(name, kind.score, kind.phrase)
    return class_


def _write_submission(place, edit, solved, released):
    place.mkdir(parents=True)
    notebook = deepcopy(solved)
    if callable(edit):
        edit(notebook)
    text = released if edit is None else json.dumps(notebook)
    if edit == "torn":
        text = text[: len(text) // 2]
    if edit == "nothing":
        (place / "readme.txt").write_text("I sent it by mail.")
    else:
        (place / ("final (2).ipynb" if edit == "renamed" else f"{NAME}.ipynb")).write_text(text, encoding="utf-8")
    if edit == "two":
        (place / "old.ipynb").write_text(text, encoding="utf-8")


def command(folder, out, *options):
    grade = [sys.executable, "-m", "pruning_lab.homework", "grade", str(folder), "--assignment", NAME]
    return [*grade, "--out", str(out), *options]


def as_nobody(command):
    """Return the command that runs another one as an ordinary user; as root that user is shown Python first."""
    if os.geteuid():
        return command
    shown = []
    for path in dict.fromkeys((sys.base_prefix, sys.prefix, str(ROOT))):
        above = [*reversed(Path(path).parents)][1:]
        closed = [number for number, folder in enumerate(above) if not folder.stat().st_mode & 0o001]
        if closed:
            shown += ["--perms", "0755", "--tmpfs", str(above[closed[0]])]
            shown += [word for folder in above[closed[0] + 1 :] for word in ("--perms", "0755", "--dir", str(folder))]
            shown += ["--ro-bind", path, path]
    caps = ["--cap-drop", "ALL", "--cap-add", "CAP_SETUID", "--cap-add", "CAP_SETGID", "--die-with-parent"]
    become = ["setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups", "--pdeathsig=KILL"]
    return ["bwrap", "--dev-bind", "/", "/", *shown, *caps, "--setenv", "HOME", "/tmp", "--", *become, *command]


def scores(out):
    with open(out / "marks.csv", encoding="utf-8") as file:
        return {row["student"]: float(row["score"]) for row in csv.DictReader(file)}


def graded(folder, out, *options, user=list):
    """Grade a class in silence; return the scores."""
    subprocess.run(user(command(folder, out, *options)), check=True, **SILENT)
    return scores(out)


def killed_often(folder, out, often):
    """Grade with two workers, the grader alone killed over and over; return how many marks each kill left.

    It gets as far as its next mark, and up to a second further. A class that is marked to the end is begun again.
    """
    kept, chance, size = [], random.Random(0), len(list(folder.iterdir()))
    for _ in range(often):
        if marks_kept(out) == size:
            shutil.rmtree(out)
        before = marks_kept(out)
        run = subprocess.Popen(command(folder, out, "--workers", "2"), start_new_session=True, **SILENT)
        while run.poll() is None and marks_kept(out) == before:
            time.sleep(0.05)
        time.sleep(chance.uniform(0, 1))
        run.kill()
        run.wait()
        kept.append(marks_kept(out))
    return kept


def marks_kept(out):
    if not (out / "marks.sqlite").exists():
        return 0
    with sqlite3.connect(out / "marks.sqlite") as database, suppress(sqlite3.OperationalError):  # no table yet
        return database.execute("SELECT count(DISTINCT student) FROM questions").fetchone()[0]
    return 0


class GradedManyWays(NamedTuple):
    scores: dict  # {way: {student: score}}
    seconds: dict  # {way: how long it took}
    kept: list  # how many marks each kill left


def graded_as_two_users(folder, root):
    """Grade a class with two workers as who runs this, and as an ordinary user, each into a folder in `root`."""
    found, seconds = {}, {}
    for way, user in (("2 workers", list), ("nobody", as_nobody)):
        begun, out = time.monotonic(), root / way
        out.mkdir()
        out.chmod(0o777)
        found[way] = graded(folder, out, "--workers", "2", user=user)
        seconds[way] = time.monotonic() - begun
    return GradedManyWays(found, seconds, [])


def graded_many_ways(folder, root):
    """Grade a class as two users, with one worker, killed on the way, and on Dask, each into a folder in `root`."""
    from distributed import LocalCluster

    found, seconds, _ = graded_as_two_users(folder, root)
    begun = time.monotonic()
    found["1 worker"] = graded(folder, root / "1", "--workers", "1")
    seconds["1 worker"] = time.monotonic() - begun
    kept = killed_often(folder, root / "killed", 5)
    found["killed"] = graded(folder, root / "killed", "--workers", "2")
    with LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None) as cluster:
        found["dask"] = graded(folder, root / "dask", "--scheduler", cluster.scheduler_address)
    return GradedManyWays(found, seconds, kept)


def print_kinds(class_, found, feedback):
    """Print what each kind got in all ways; return how many kinds got something else than they must."""
    wrong = 0
    print(f"{'kind':38} {'number':>6} {'must':>5} {'got':>5}  what the student reads")
    for name, kind in kinds(0).items():
        students = [student for student, expected in class_.items() if expected.kind == name]
        got = {found[way][student] for way in found for student in students}
        pages = [(feedback / f"{student}.html").read_text(encoding="utf-8") for student in students]
        bad = got != {kind.score} or not all(kind.phrase in page and THROUGH not in page for page in pages)
        wrong += bad
        shown = "/".join(f"{score:g}" for score in sorted(got))
        print(f"{name:38} {len(students):6} {kind.score:5} {shown:>5}  {kind.phrase}" + " WRONG" * bad)
    return wrong


def left_over():
    """Return the processes of sandboxes that nobody has any more, or that this process has forgotten."""
    listed = subprocess.run(["ps", "-ewwo", "ppid=,stat=,args="], capture_output=True, text=True, check=True).stdout
    rows = [line.split(maxsplit=2) for line in listed.splitlines() if "from inside." in line]
    return [words for parent, state, words in rows if int(parent) in (1, os.getpid()) and not state.startswith("Z")]


def main(ways=graded_many_ways, size=None):
    """Grade the class; print what each kind got, how long it took and what was touched; return what is wrong."""
    with (
        tempfile.TemporaryDirectory() as temporary,
        tempfile.TemporaryDirectory() as home,
        socket.create_server(("127.0.0.1", 0)) as server,
        attackers.canary_home(Path(home)),
    ):
        root, port = Path(temporary), server.getsockname()[1]
        root.chmod(0o755)
        class_ = write_class(root / NAME, release.make(NAME, root / "made"), port, size=size, home=home)
        before = attackers.state(Path(home))
        found = ways(root / NAME, root)
        touched = attackers.state(Path(home)) != before or OUTSIDE.exists()
        wrong = print_kinds(class_, found.scores, root / "2 workers" / "feedback")
    one, *others = found.scores.values()
    print(f"kept after each kill: {found.kept} of {len(class_)}")
    print(f"equal marks in {len(others) + 1} ways:", all(other == one for other in others))
    print(", ".join(f"{way}: {time_taken:.0f} s" for way, time_taken in found.seconds.items()))
    print("kinds:", len(kinds(0)), "wrong:", wrong, "touched outside:", touched, "processes left over:", left_over())
    return wrong + touched + len(left_over())


def main_kills(often=100):
    """Kill the grader of a class of thirty; print whether its marks equal those of an undisturbed run."""
    with tempfile.TemporaryDirectory() as temporary:
        root = Path(temporary)
        class_ = write_class(root / "all", release.make(NAME, root / "made"), 9)
        (root / NAME).mkdir()
        for name in [name for name, expected in class_.items() if expected.kind not in SLOW][:30]:
            (root / "all" / name).rename(root / NAME / name)
        kept = killed_often(root / NAME, root / "killed", often)
        equal = graded(root / NAME, root / "killed") == graded(root / NAME, root / "undisturbed")
    print(f"kept after each of {often} kills: {kept}")
    print("marks equal those of an undisturbed run:", equal, "processes left over:", left_over())
    return not equal


if __name__ == "__main__":
    if sys.argv[1:2] == ["kills"]:
        sys.exit(main_kills(*map(int, sys.argv[2:])))
    if sys.argv[1:2] == ["users"]:
        sys.exit(main(graded_as_two_users))
    sys.exit(main(size=int(sys.argv[1]) if sys.argv[1:] else 200))
