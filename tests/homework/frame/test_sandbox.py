"""Submissions are cut off, as root and as an ordinary user; where they are not, nothing is graded."""

import json
import math
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from types import SimpleNamespace

import attackers
import hostile_class
import numpy as np
import psutil
import pytest
from homework_tests import fenced, soon, source_of

from pruning_lab.homework.frame import grading, release, sandbox
from pruning_lab.homework.frame.sandbox import container, measure, process, proof, session, view, watch, ways


@fenced
@pytest.mark.parametrize("user", [list, hostile_class.as_nobody], ids=["who runs this", "an ordinary user"])
def test_nothing_of_the_machine_is_reached(user, make, tmp_path):
    """One submission tries all ways out at once; the lecturer's home is as before, byte for byte."""
    home, class_, out = tmp_path / "home", tmp_path / hostile_class.NAME, tmp_path / "out"
    for folder in (tmp_path, *tmp_path.parents[:3]):
        folder.chmod(folder.stat().st_mode | 0o055)
    for folder in (home, class_, out):
        folder.mkdir()
    out.chmod(0o777)
    with attackers.canary_home(home), socket.create_server(("127.0.0.1", 0)) as server:
        notebook = json.loads(release.solved(make(hostile_class.NAME)).read_text(encoding="utf-8"))
        hostile = hostile_class.nbformat.from_dict(notebook)
        hostile_class.tries(str(home), server.getsockname()[1])(hostile)
        (class_ / "ann.ipynb").write_text(json.dumps(hostile), encoding="utf-8")
        before = attackers.state(home)
        command = user([*hostile_class.command(class_, out), "--workers", "1"])
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
        assert "Submissions are cut off by bubblewrap" in done.stdout
        assert attackers.state(home) == before
    page = (out / "feedback" / "ann.html").read_text(encoding="utf-8")
    assert hostile_class.THROUGH not in page
    assert hostile_class.scores(out) == {"ann": 20}
    assert hostile_class.left_over() == []


@fenced
def test_an_attempt_that_works_is_seen():
    """What the test above relies on: the cells know it when they get through."""
    cells = [attackers.PRELUDE.format(home="/", port=1, grader=1), "attempt('x', lambda: read('/proc/self/status'))"]
    with sandbox.Sandbox(["my_mask = 1", *cells, attackers.LAST]) as box:
        assert box.failed == [(4, "RuntimeError: got through: ['x']")]


def test_without_isolation_nothing_is_graded_unless_that_is_said(monkeypatch, tmp_path):
    monkeypatch.setattr(ways.shutil, "which", lambda name: None)
    monkeypatch.setattr(container, "engine", lambda: None)
    proof.isolation.cache_clear()
    try:
        with pytest.raises(sandbox.Unsafe, match="apt install bubblewrap"):
            sandbox.cut_off()
        assert "if you grade" in sandbox.described()
        assert "NOT cut off" in sandbox.told(trust=True)
        with sandbox.Sandbox(["def f(x): return x + 1"], trust=True) as box:
            assert box.get("f")(2) == 3
    finally:
        proof.isolation.cache_clear()


@pytest.mark.skipif(os.name == "nt", reason="nothing is graded on Windows")
@pytest.mark.parametrize("script", ["exit 1", 'while [ "$1" != -- ]; do shift; done; shift; exec "$@"'])
def test_a_bubblewrap_that_fails_or_cuts_nothing_off_is_found_out(script, monkeypatch, tmp_path):
    """A stand-in in its place, which runs the command as it is, is refused by the probe; nothing fails open."""
    (tmp_path / "bwrap").write_text(f"#!/bin/sh\n{script}\n")
    (tmp_path / "bwrap").chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    monkeypatch.setattr(view, "PLACE", str(view.INSIDE.parent))  # where the stand-in finds what the real one shows
    assert proof.prove(next(ways.candidates()))


def test_another_process_proves_for_itself(monkeypatch):
    """A worker, on whatever machine, that has no isolation stops the run; it does not grade in silence."""
    monkeypatch.setattr(grading, "grade", lambda *given: (_ for _ in ()).throw(sandbox.Unsafe("no isolation here")))
    monkeypatch.setattr(grading.sweep, "_outcome", grading.sweep._outcome)
    assert json.loads(grading._graded({}, 1, False, ({}, []))) == {"unsafe": "no isolation here"}


@pytest.mark.parametrize(("way", "trusts"), [("some way", False), (None, True)])
def test_no_process_is_less_safe_than_what_has_been_told(monkeypatch, way, trusts):
    """One that cannot prove its isolation, where the first one could, stops the run, whoever is trusted."""
    calls = []
    monkeypatch.setattr(grading, "isolation", lambda: proof.Isolation(way, []))
    monkeypatch.setattr(grading.sweep, "outcomes", lambda call, *_: calls.append(call) or (each for each in ()))
    nobody = SimpleNamespace(waiting=lambda _: {}, all=lambda _: {}, instances=1)
    grading.grade_all({}, {}, nobody, trust=True)
    assert [call.args[-1] for call in calls] == [trusts]


def test_a_way_that_has_failed_once_is_tried_again(monkeypatch):
    found = iter(["bwrap: No space left on device", ""])
    monkeypatch.setattr(proof, "prove", lambda way: next(found))
    monkeypatch.setattr(ways, "candidates", lambda: iter(["the way"]))
    assert proof.isolation.__wrapped__() == ("the way", [])


@fenced
def test_the_proof_holds_however_late_it_looks(monkeypatch):
    monkeypatch.setattr(proof, "root_of", lambda pid: time.sleep(0.5) or watch.root_of(pid))
    assert proof.prove(next(ways.candidates())) == ""


def test_what_a_function_does_to_its_arguments_is_seen_also_in_a_dict():
    cells = ["def f(array, net):\n    array[0] = 5\n    net['a'][1] = 7\n    net['b'] = net['b'][:1]\n    del net['c']"]
    array, net = np.zeros(2), {name: np.zeros(2) for name in "abc"}
    with sandbox.Sandbox(cells, trust=True) as box:
        assert box.get("f")(array, net) is None
    assert array.tolist() == [5, 0]
    assert {name: part.tolist() for name, part in net.items()} == {"a": [0, 7], "b": [0]}


def test_a_slow_beginning_costs_a_notebook_no_time(monkeypatch):
    begin = ["sh", "-c", 'sleep 2; exec "$@"', "sh"]
    trusting = ways.trusting()
    slow = trusting._replace(begin=lambda *given: ways.Begun([*begin, *trusting.begin(*given).command]))
    monkeypatch.setattr(session, "cut_off", lambda trust: slow)
    with sandbox.Sandbox(["import time; time.sleep(0.5); x = 3"], seconds=2, trust=True) as box:
        assert box.get("x") == 3


def test_what_never_began_again_is_no_mark(monkeypatch):
    """An answer has ended its process, and there is no room for another one: nothing of the next question's."""

    class NoRoom:
        def get(self, name):
            raise process.NotBegun("No space left on device")

    with pytest.raises(process.NotBegun):
        grading.score_question(grading.parse_tests(source_of("    assert files")), NoRoom())


@fenced
@pytest.mark.parametrize("cell", [hostile_class.STUBBORN, "import time; time.sleep(1000)"])
def test_a_notebook_that_never_ends_is_stopped(cell):
    begun = time.monotonic()
    with pytest.raises(sandbox.Stopped, match="stopped after 3 s"), sandbox.Sandbox([cell], seconds=3):
        pass
    assert time.monotonic() - begun < 20
    assert hostile_class.left_over() == []


HOLDS = """import os
from pruning_lab.homework.frame import sandbox
sandbox.cut_off()
print(os.getpid(), flush=True)
with sandbox.Sandbox([{cell!r}]):
    pass"""


@fenced
@pytest.mark.parametrize("user", [list, hostile_class.as_nobody], ids=["who runs this", "an ordinary user"])
def test_a_submission_ends_with_the_process_that_has_begun_it(user):
    """Killed, that can end nothing itself; asleep, a submission is ended by no limit on time of a processor."""
    cell = f"import os\nos.fork()\n{hostile_class.ASLEEP}"  # a second process, ended at once: by then the cell runs
    command = user([sys.executable, "-c", HOLDS.format(cell=cell)])
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as run:
        begins = psutil.Process(int(run.stdout.readline()))
        assert soon(lambda: len(_pythons_below(begins)) == 2)
        inside = _pythons_below(begins)
        begins.kill()
    assert soon(lambda: not any(each.is_running() for each in inside), seconds=10)


def _pythons_below(process):
    return [each for each in process.children(recursive=True) if each.name().startswith("python")]


def test_what_nothing_cuts_off_is_killed_with_all_others():
    with process.Process(ways.trusting(), "child") as begun:
        assert begun.process.poll() is None
        process.kill_all()
        assert begun.process.wait(10) == -signal.SIGKILL


def test_nothing_is_asked_of_a_process_that_has_not_begun(monkeypatch, tmp_path):
    """A grader that is killed meanwhile leaves a process that finds nothing to run."""
    monkeypatch.setattr(process, "BEGINS", 0.5)
    asked = tmp_path / "asked"
    mute = ways.Way("mute", lambda module, package: ways.Begun(["sh", "-c", f"cat > {asked}"]))
    with pytest.raises(process.NotBegun, match="did not begin"), process.Process(mute, "child") as begun:
        begun.ask(["a notebook"], 100, "too late")
    assert asked.read_bytes() == b""


@fenced
@pytest.mark.parametrize("said", [True, {"a": 1}, np.array(1), [[math.inf, "x"]], [["one", "x"]]], ids=str)
def test_a_strange_answer_to_the_cells_ends_their_process_and_nothing_else(monkeypatch, said):
    monkeypatch.setattr(process.Process, "ask", lambda *_: said)
    box = sandbox.Sandbox(["x = 1"])
    with pytest.raises(sandbox.Stopped, match="ended its own Python process"):
        box.__enter__()
    assert box.process is None
    assert hostile_class.left_over() == []


# Memory that no process shows, and no file with a name: it would be counted nowhere.
UNSEEN = {
    "a file without a name": "import os; os.memfd_create('x')",
    "shared without a name": "import mmap; mmap.mmap(-1, 4096)",
    "shared by way of a device": "import mmap; mmap.mmap(open('/dev/zero', 'r+b').fileno(), 4096)",
    "handles of one thread": "import ctypes\nif ctypes.CDLL(None).unshare(0x400): raise OSError('refused')",
    "semaphores": "import ctypes\nif ctypes.CDLL(None).semget(0, 1, 0o600) < 0: raise OSError('refused')",
    "a queue of events": "import ctypes\nif ctypes.CDLL(None).inotify_init() < 0: raise OSError('refused')",
    "a large buffer": "import socket as s; s.socketpair()[0].setsockopt(s.SOL_SOCKET, s.SO_SNDBUF, 1 << 30)",
    "buffers of a network": "import socket; socket.create_server(('127.0.0.1', 0))",
}


@fenced
def test_memory_that_nobody_would_count_is_refused():
    with sandbox.Sandbox(list(UNSEEN.values())) as box:
        assert [number for number, _ in box.failed] == list(range(1, len(UNSEEN) + 1))
        assert all("Error" in error.split(":")[0] for _, error in box.failed)


TAKES = """import ctypes, os, threading, time
def take():
    {first}
    kept = b"x" * 300_000_000
    time.sleep(9)
{then}"""
HERE, IN_A_THREAD = "take()", "threading.Thread(target=take).start(); ctypes.CDLL(None).syscall(60, 0)"
NAMED = "ctypes.CDLL(None).prctl(15, {})"


@fenced
@pytest.mark.parametrize(
    ("first", "then"),
    [
        ("pass", HERE),
        (NAMED.format(b"RssAnon:"), HERE),
        (NAMED.format(b"RssAnon:\t0 kB"), HERE),
        (NAMED.format(b"a\nRssAnon:\t0 kB"), HERE),
        (NAMED.format(b"\xff"), HERE),
        ("ctypes.CDLL(None).prctl(4, 0)", HERE),  # its files in /proc are root's then
        ("time.sleep(0.5)", IN_A_THREAD),  # whose process has no first thread any more
    ],
)
def test_no_process_hides_its_memory(first, then):
    """Asked as an ordinary user, who may read less of it."""
    program = (
        f"import subprocess, sys\nsubprocess.run([sys.executable, '-c', {TAKES.format(first=first, then=then)!r}])"
    )
    code = f"""from pruning_lab.homework.frame import sandbox
from pruning_lab.homework.frame.sandbox import process
process.MEMORY = 200_000_000
try:
    with sandbox.Sandbox([{program!r}]):
        print("not stopped")
except sandbox.Stopped as stopped:
    print(stopped)"""
    done = subprocess.run(
        hostile_class.as_nobody([sys.executable, "-c", code]), capture_output=True, text=True, check=True
    )
    assert done.stdout == f"{watch.TOO_MUCH_MEMORY}\n", done.stderr


SHARED = """import os, subprocess, sys, time
many = "import os, time; kept = b'x' * 150_000_000; [os.fork() for _ in range(2)]; time.sleep(3)"
subprocess.Popen([sys.executable, "-c", many])
time.sleep(1.5)
x = 3"""


@fenced
def test_memory_that_is_shared_is_counted_once(monkeypatch):
    monkeypatch.setattr(process, "MEMORY", 500_000_000)
    monkeypatch.setattr(watch, "_is_full", lambda: False)
    with sandbox.Sandbox([SHARED]) as box:
        every = watch._processes(watch.root_of(box.process.process.pid))
        assert sum(map(watch._resident, every)) > 600_000_000
        assert 150_000_000 < sum(map(watch._share, every)) < 300_000_000
        assert box.get("x") == 3


@fenced
def test_where_the_machine_is_full_only_those_are_stopped_who_take_much(monkeypatch):
    monkeypatch.setattr(watch, "_is_full", lambda: True)
    with sandbox.Sandbox(["import time\ntime.sleep(1)\nx = 3"]) as box:
        assert box.get("x") == 3
    with (
        pytest.raises(sandbox.Stopped, match="took more memory"),
        sandbox.Sandbox(["import time\na = bytearray(1_500_000_000)\ntime.sleep(9)"]),
    ):
        pass


@fenced
def test_a_question_that_ends_the_process_costs_no_other_question():
    cells = ["import os\ndef end(): os._exit(0)\ndef loop():\n    while True: pass\ndef right(): return 1"]
    with sandbox.Sandbox(cells) as box:
        with pytest.raises(sandbox.Stopped, match="ended its own"):
            box.get("end")()
        with pytest.raises(sandbox.Stopped, match="ended its own"):
            box.get("right")
        box.begin_question()
        box.question_ends = time.monotonic() + 2
        with pytest.raises(AssertionError, match="took longer than"):
            box.get("loop")()
        box.begin_question()
        assert box.get("right")() == 1


@fenced
def test_files_beside_the_notebook_are_there_and_can_be_imported():
    files = {"helper.py": b"number = 7", "data.txt": "ä".encode(), "../up.txt": b"x", "n" * 300: b""}
    cells = [
        "import helper, os\nnumber = helper.number",
        "text = open('data.txt').read()",
        "names = sorted(os.listdir())",
    ]
    with sandbox.Sandbox(cells, files) as box:
        assert (box.get("number"), box.get("text")) == (7, "ä")
        assert {"data.txt", "helper.py", "up.txt"} <= set(box.get("names"))


@fenced
@pytest.mark.parametrize(
    ("cell", "name"),
    [
        ("%%time\nx = 3", "x"),
        ("%%capture\nx = 3", "x"),
        ("%matplotlib inline\nx = 3\n!ls", "x"),
        ("import asyncio\nawait asyncio.sleep(0)\nx = 3", "x"),
        ("display(1)\nx = 3", "x"),
        ("breakpoint()\nimport pdb; pdb.set_trace()\nx = 3", "x"),
        ("x = 3 if input('?') == '' else 0", "x"),
        ("import matplotlib.pyplot as plt\nplt.plot([1]); plt.show()\nx = 3", "x"),
    ],
)
def test_what_a_notebook_may_say_runs(cell, name):
    with sandbox.Sandbox([cell]) as box:
        assert (box.failed, box.get(name)) == ([], 3)


@fenced
def test_measuring_a_file_has_limits_of_its_own(monkeypatch):
    tests = {"q1": source_of("    return {'bytes': len(files['a'])}"), "q2": source_of("    assert False, 'too wide'")}
    marks = measure.measured(tests, {"a": b"12345"}, 1)
    assert marks["q1"]["figures"] == {"bytes": 5}
    assert marks["q2"]["messages"] == ["too wide"]
    monkeypatch.setattr(measure, "SECONDS", 2)
    with pytest.raises(sandbox.Stopped, match="took too long"):
        measure.measured({"q1": source_of("    while True: pass")}, {"a": b""}, 1)
    monkeypatch.undo()
    greedy = {"q1": source_of("    import numpy\n    numpy.ones(10**10)")}
    assert "Unable to allocate" in measure.measured(greedy, {"a": b""}, 1)["q1"]["messages"][0]


def test_a_container_has_nothing_of_the_package_and_all_limits():
    assert "pruning" not in container.recipe()
    assert "numpy==" + np.__version__ in container.recipe()
    names = container.tarfile.open(fileobj=container.io.BytesIO(container._context(False))).getnames()
    assert "inside/inside/child.py" in names
    assert [name for name in names if name.startswith("package") or "masks" in name] == []
    command = container.LIMITS + container.ALONE
    assert {"--network=none", "--read-only", "--cap-drop=ALL", "--memory=4g", "--pids-limit=64"} <= set(command)


def test_each_engine_gets_a_command_that_it_takes(monkeypatch):
    """Podman 4.3 does not count files and opens more folders; Python's image has Python in /usr/local."""
    monkeypatch.setattr(container, "image", lambda name, package: "image")
    podman, docker = (ways.contained(name, "child").command for name in ("podman", "docker"))
    assert "nr_inodes" in " ".join(docker)
    assert "nr_inodes" not in " ".join(podman)
    assert "--read-only-tmpfs=false" in podman
    assert "--read-only-tmpfs=false" not in docker
    assert all("--env=PATH=/usr/local/bin:/usr/bin:/bin" in command for command in (podman, docker))


@pytest.mark.skipif(os.name == "nt", reason="nothing is graded on Windows")
def test_an_engine_that_does_not_answer_is_none_and_one_that_isolates_nothing_is_found_out(monkeypatch, tmp_path):
    script = 'case "$1" in info|image|kill) exit 0;; esac\nwhile [ "$1" != python ]; do shift; done; shift\n'
    (tmp_path / "docker").write_text(f'#!/bin/sh\n{script}cd {tmp_path}; exec {sys.executable} "$@"\n')
    (tmp_path / "docker").chmod(0o755)
    monkeypatch.setattr(view, "PLACE", str(view.INSIDE.parent))
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    assert "read a file of this machine" in proof.prove(ways.Way("docker", ways.partial(ways.contained, "docker")))
    (tmp_path / "docker").write_text("#!/bin/sh\nexit 1\n")
    assert not container._answers("docker")
    assert shutil.which("docker") == str(tmp_path / "docker")


def test_the_command_that_pip_made_is_hidden_as_the_package_is(tmp_path):
    for name in ("bin/pruning-lab", "bin/python", "lib/python3.11/site-packages/pruning_lab.pth"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("something")
    hidden = {path.name for path in view._installed([tmp_path / "bin", tmp_path / "lib"])}
    assert hidden == {"pruning-lab", "pruning_lab.pth"}
