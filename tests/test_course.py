"""`course.py`: it sets up what a command needs, once, and says in one sentence why it cannot."""

import errno
import importlib.util
import json
import os
import re
import shutil
import socket
import subprocess
import sys
import threading
import tomllib
from collections import namedtuple
from types import SimpleNamespace

import pytest
import yaml

from pruning_lab.places import ROOT

Usage = namedtuple("Usage", "total used free")
Done = namedtuple("Done", "returncode stdout stderr")
EXTRAS = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["optional-dependencies"]


# A file of checks that knows what ran before it in its process, and one of homework's, which know each other.
REMEMBERS = """
import pytest
ran = []
@pytest.mark.parametrize("turn", range(9))
def test(turn):
    assert len(ran) == turn
    ran.append(turn)
"""
TOGETHER = """
import sys, time
def test():
    time.sleep(0.1)
    sys.ran = [*getattr(sys, "ran", []), 1]
def test_last():
    assert len(sys.ran) >= {turn}
"""


def module_of(file):
    spec = importlib.util.spec_from_file_location("course_copy", file)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def course(tmp_path, monkeypatch, request):
    """course.py as a module, on a copy without .venv; it calls nothing, `calls` lists what it would have called."""
    for name in ("course.py", "pyproject.toml", "constraints.txt"):
        shutil.copy(ROOT / name, tmp_path)
    module = module_of(tmp_path / "course.py")
    module.calls, module.failing, module.found = [], {}, "3 11\n"

    def run(command, **_options):
        command = [str(part) for part in command]
        if command[1:3] == ["-m", "venv"]:
            module.PYTHON.parent.mkdir(parents=True, exist_ok=True)
            module.PYTHON.touch()
        elif not os.path.exists(command[0]):
            raise FileNotFoundError(command[0])
        words = " ".join(command[2:] if command[1] == "-m" else command[1:])
        if command[1] == "-c":
            return Done(0, module.found, "")
        module.calls.append(words)
        said = next((said for start, said in module.failing.items() if words.startswith(start)), None)
        return Done(int(said is not None), "", said or "")

    monkeypatch.setattr(module.subprocess, "run", run)
    monkeypatch.setattr(module.subprocess, "call", lambda command, **options: run(command, **options).returncode)
    monkeypatch.setattr(module, "answers", lambda url: True)
    monkeypatch.setattr(module.platform, "system", lambda: "Linux")
    monkeypatch.setattr(module.shutil, "disk_usage", lambda path: Usage(10**12, 0, 10**12))
    return module


def installs(course):
    return [call for call in course.calls if "install -q" in call]


def refused(course, capsys, *arguments):
    """Return the one sentence with which a call ends; nothing half made may be left."""
    assert course.main(list(arguments)) == 2
    said = capsys.readouterr().err
    assert said.count("\n") == 1
    assert not course.VENV.exists()
    return said


def test_the_first_call_sets_up_and_later_ones_only_run(course):
    assert course.main(["lab", "--check"]) == 0
    assert course.calls[0].startswith("venv --clear")
    packages, weights = installs(course)
    assert packages.endswith(".[engines,lab,models]")
    assert weights.endswith(f"--no-deps {course.WEIGHTS}")
    assert course.calls[-1] == "pruning_lab lab notebooks --check"
    course.calls.clear()
    assert course.main(["lab"]) == 0
    assert course.calls == ["pruning_lab lab notebooks"]


def test_every_install_is_held_to_the_versions_that_are_tested(course):
    course.main(["test"])
    assert [call for call in installs(course) if "--constraint constraints.txt" not in call] == []


def test_another_command_adds_what_it_needs(course):
    course.main(["grade"])
    course.main(["homework"])
    assert installs(course)[-1].endswith(".[cluster,homework]")
    course.main(["slides"])
    assert installs(course)[-2].endswith(".[cluster,homework,models,slides]")
    course.main(["test"])
    course.calls.clear()
    for name in course.COMMANDS:
        course.main([name])
    assert installs(course) == []


@pytest.mark.parametrize("name", ["lab", "test", "bench", "notebooks", "slides", "site"])
def test_what_shows_lesson_07_brings_the_weights_of_minilm(course, name):
    course.main([name])
    assert installs(course)[-1].endswith(f"--no-deps {course.WEIGHTS}")


def test_new_lists_of_packages_are_installed(course):
    course.main(["homework"])
    (course.HERE / "constraints.txt").write_text("numpy==1\n")
    course.calls.clear()
    course.main(["homework"])
    assert len(installs(course)) == 1


@pytest.mark.parametrize("left", [None, "", "{}", "7", "no json"])
def test_a_venv_that_others_have_made_is_used_as_it_is(course, left):
    course.PYTHON.parent.mkdir(parents=True)
    course.PYTHON.touch()
    if left is not None:
        course.STAMP.write_text(left)
    assert course.main(["homework"]) == 0
    assert [call for call in course.calls if call.startswith("venv")] == []
    assert len(installs(course)) == 1


def gone(course):
    course.PYTHON.unlink()
    course.PYTHON.parent.rmdir()


def moved(course):
    stamp = json.loads(course.STAMP.read_text(encoding="utf-8"))
    course.STAMP.write_text(json.dumps({**stamp, "place": str(course.HERE.parent / "old" / ".venv")}))


def half_cleared(course):  # what is left is the Python that it was made with
    course.found = ""


def cut_off(course):
    course.write_stamp()


@pytest.mark.parametrize("broken", [gone, moved, half_cleared, cut_off])
def test_a_venv_that_does_not_work_is_made_again(course, broken):
    course.main(["homework"])
    broken(course)
    course.calls.clear()
    assert course.main(["homework"]) == 0
    assert course.calls[0].startswith("venv --clear")
    course.calls.clear()
    course.found = "3 11\n"
    assert course.main(["homework"]) == 0
    assert installs(course) == []


def test_half_a_venv_is_none(tmp_path):
    """What a set-up that was killed has left can be the Python alone: pip would install into the computer's own."""
    shutil.copy(ROOT / "course.py", tmp_path)
    itself = module_of(tmp_path / "course.py")
    subprocess.run([sys.executable, "-m", "venv", itself.VENV], check=True)
    assert itself.works(None, finished=False)
    (itself.VENV / "pyvenv.cfg").unlink()
    assert not itself.works(None, finished=False)


@pytest.mark.parametrize("version", ["3.10", "3.15"])
def test_a_venv_of_another_python_is_left_to_its_owner(course, capsys, version):
    course.main(["homework"])
    course.found = version.replace(".", " ")
    assert course.main(["homework"]) == 2
    said = capsys.readouterr().err
    assert said == f"{course.VENV} has Python {version}, too old or too new. Delete it and call again.\n"
    assert course.VENV.is_dir()


@pytest.fixture
def interrupted(course, monkeypatch):
    """Have pip's install end as with Ctrl-C, while `interrupted.now`."""
    run = course.subprocess.run

    def stopped(command, **options):
        if interrupted.now and "install" in command:
            raise KeyboardInterrupt
        return run(command, **options)

    interrupted = SimpleNamespace(now=True)
    monkeypatch.setattr(course.subprocess, "run", stopped)
    return interrupted


def test_ctrl_c_leaves_nothing_half_made(course, capsys, interrupted):
    assert course.main(["homework"]) == 130
    assert capsys.readouterr().err == "Stopped. The same command begins again.\n"
    assert not course.VENV.exists()
    interrupted.now = False
    assert course.main(["homework"]) == 0


def test_two_set_ups_take_turns(course, capsys, monkeypatch):
    monkeypatch.setattr(course, "WAIT", 0.01)
    with open(course.__file__, "rb") as other:
        assert course.locked(other)
        second = threading.Thread(target=course.main, args=[["homework"]])
        second.start()
        second.join(0.2)
        assert (second.is_alive(), course.calls) == (True, [])
    second.join()
    assert len(installs(course)) == 1
    assert capsys.readouterr().out.startswith("Another set-up of this clone is at work: waiting for it.\n")


def test_a_set_up_that_was_killed_holds_nobody_up(course):
    code = f"import course; file = open({course.__file__!r}, 'rb'); print(course.locked(file), flush=True); input()"
    with subprocess.Popen(
        [sys.executable, "-c", code], cwd=course.HERE, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as other:
        assert other.stdout.readline() == "True\n"
        with open(course.__file__, "rb") as file:
            assert not course.locked(file)
        other.kill()
        other.wait()
        with open(course.__file__, "rb") as file:
            assert course.locked(file)


@pytest.mark.parametrize(
    ("system", "arguments", "answers", "expected", "said"),
    [
        ("Linux", [], True, True, "PyTorch's own index"),
        ("Linux", [], False, False, "it comes from where pip is set to look"),
        ("Linux", ["--gpu"], True, False, None),
        ("Windows", [], True, False, None),
        ("Darwin", [], True, False, None),
    ],
)
def test_where_torch_comes_from(course, monkeypatch, capsys, system, arguments, answers, expected, said):
    monkeypatch.setattr(course.platform, "system", lambda: system)
    monkeypatch.setattr(course, "answers", lambda url: answers)
    assert course.main(["slides", *arguments]) == 0
    assert {course.TORCH_CPU in call for call in installs(course)} == {expected}
    printed = capsys.readouterr().out
    assert said in printed if said else "torch:" not in printed
    assert course.calls[-1] == "pruning_lab.lesson.frame.slides"


def test_a_gpu_build_stays_one(course):
    course.main(["slides", "--gpu"])
    course.main(["homework"])
    assert [call for call in installs(course) if course.TORCH_CPU in call] == []


def test_a_server_that_does_not_answer_is_not_waited_for(monkeypatch):
    itself = module_of(ROOT / "course.py")
    monkeypatch.setattr(itself, "WAIT", 0.1)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        assert not itself.answers(f"http://127.0.0.1:{silent.getsockname()[1]}/torch/")


def test_a_server_that_answers_something_else_is_no_index(capfd):
    def answer():
        with server.accept()[0] as asking:
            asking.recv(1000)
            asking.sendall(b"please log in\r\n\r\n")

    with socket.create_server(("127.0.0.1", 0)) as server:
        answering = threading.Thread(target=answer)
        answering.start()
        assert not module_of(ROOT / "course.py").answers(f"http://127.0.0.1:{server.getsockname()[1]}/torch/")
        answering.join()
    assert capfd.readouterr().err == ""


@pytest.mark.parametrize("put", [lambda venv: venv.touch(), lambda venv: venv.symlink_to("nowhere")])
def test_what_is_no_folder_is_not_taken_for_a_venv(course, capsys, put):
    put(course.VENV)
    assert course.main(["doctor"]) == 2
    assert f"{course.VENV} must be a folder" in capsys.readouterr().err


def test_the_folder_that_a_link_leads_to_is_not_emptied(course, tmp_path):
    (tmp_path / "mine").mkdir()
    course.VENV.symlink_to(tmp_path / "mine")
    assert course.main(["doctor"]) == 2
    assert course.calls == []


@pytest.mark.parametrize("missing", ["pyproject.toml", "constraints.txt"])
def test_a_clone_that_is_not_whole(course, capsys, missing):
    (course.HERE / missing).unlink()
    assert refused(course, capsys, "lab") == (
        f"{course.HERE / missing} must be there, and yours to read and write; got: No such file or directory.\n"
    )


def test_a_disk_that_is_full_at_the_last_moment(course, capsys, monkeypatch):
    def full(self, *arguments, **options):
        raise OSError(errno.ENOSPC, "No space left on device", str(self))

    course.main(["homework"])
    monkeypatch.setattr(course.Path, "write_text", full)
    gone(course)
    assert refused(course, capsys, "homework").endswith("got: No space left on device.\n")


@pytest.mark.parametrize(
    ("version", "good"), [((3, 10, 13), False), ((3, 11, 0), True), ((3, 14, 9), True), ((3, 15, 0), False)]
)
def test_pythons(course, capsys, monkeypatch, version, good):
    monkeypatch.setattr(course.sys, "version_info", version)
    if good:
        assert course.main(["slides"]) == 0
    else:
        assert f"needs Python 3.11 to 3.14; this is {'.'.join(map(str, version))}" in refused(course, capsys, "lab")


def test_an_unknown_command(course, capsys):
    assert refused(course, capsys, "lap").startswith("The command must be one of lab, doctor, test,")


@pytest.mark.parametrize(("arguments", "status"), [([], 2), (["--help"], 0), (["lab", "--help"], 0)])
def test_help_lists_every_command_and_sets_nothing_up(course, capsys, arguments, status):
    assert course.main(arguments) == status
    said = capsys.readouterr().out
    assert [name for name in course.COMMANDS if f"\n  {name} " not in said] == []
    assert course.calls == []


@pytest.mark.parametrize(("answers", "free", "needed"), [(True, 3, 4), (False, 8, 9)])
def test_a_full_disk_is_said_before_anything_is_written(course, capsys, monkeypatch, answers, free, needed):
    monkeypatch.setattr(course, "answers", lambda url: answers)
    monkeypatch.setattr(course.shutil, "disk_usage", lambda path: Usage(10**12, 0, free * 10**9))
    assert (
        refused(course, capsys, "lab")
        == f"The set-up needs {needed} GB free in {course.HERE}; there are {free}.0 GB.\n"
    )
    assert course.calls == []


@pytest.mark.parametrize(
    ("fails", "words", "said"),
    [
        ("pip", "ERROR: Could not install: [Errno 28] No space left on device", "pip unpacks, is full"),
        ("pip", "OSError: [Errno 122] Disk quota exceeded: '/home/ann/x'", "pip unpacks, is full"),
        ("pip", "ERROR: [Errno 13] Permission denied: '/x'\nConsider using the `--user` option", "that you may write"),
        ("venv", "Error: [Errno 30] Read-only file system: '/x'", "that you may write"),
        ("pip", "WARNING: Retrying: SSLError([SSL: CERTIFICATE_VERIFY_FAILED])\nMax retries exceeded", "set PIP_CERT"),
        (
            "pip",
            "WARNING: Retrying: NewConnectionError('...')\nERROR: No matching distribution",
            "reaches no package index",
        ),
        (
            "pip",
            "ERROR: no\nERROR: No distribution of numba\nnote",
            "The set-up failed: ERROR: No distribution of numba\n",
        ),
        ("pip", "ERROR: no such file\nHINT: ... Windows Long Path support", "too long a path for Windows"),
        (
            "pip",
            "  error: subprocess-exited-with-error\n      ERROR: No matching distribution found for flit_core\n"
            "      [end of output]\n  note: This error originates from a subprocess.",
            "The set-up failed: ERROR: No matching distribution found for flit_core\n",
        ),
        (
            "venv",
            "The virtual environment was not created because ensurepip is not available.",
            "apt install python3-venv",
        ),
        ("venv", "", "it gave no reason"),
    ],
)
def test_why_a_set_up_failed(course, capsys, fails, words, said):
    course.failing = {"venv --clear" if fails == "venv" else "pip --require-virtualenv": words}
    assert said in refused(course, capsys, "lab")


def test_a_set_up_that_fails_later_leaves_what_was_there(course, capsys):
    course.main(["homework"])
    course.failing = {"pip --require": "ERROR: no"}
    assert course.main(["slides"]) == 2
    assert json.loads(course.STAMP.read_text(encoding="utf-8"))["extras"] == ["homework"]
    course.failing = {}
    assert course.main(["slides"]) == 0


def test_a_bad_status_is_handed_on_and_ends_what_would_follow(course):
    course.failing = {"pruning_lab.lesson.frame.slides": "no"}
    assert course.main(["site"]) == 1
    assert not course.calls[-1].startswith("sphinx")


def test_a_file_of_checks_and_all_of_homework_stay_on_one_core(tmp_path):
    (tmp_path / "tests" / "homework").mkdir(parents=True)
    shutil.copy(ROOT / "conftest.py", tmp_path)
    for turn in (1, 2, 3):
        (tmp_path / f"test_{turn}.py").write_text(REMEMBERS)
        (tmp_path / "tests" / "homework" / f"test_together_{turn}.py").write_text(TOGETHER.format(turn=turn))
    command = [sys.executable, "-m", *module_of(ROOT / "course.py").TWO_CORES, "--rootdir", tmp_path, "-c", os.devnull]
    run = subprocess.run(
        [*command, tmp_path],
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": str(ROOT / "tests")},
        capture_output=True,
        text=True,
        check=False,
    )
    assert "33 passed" in run.stdout, run.stdout + run.stderr


def test_options_go_to_the_command(course):
    course.main(["grade", "hw1-masks", "--workers", "2"])
    assert course.calls[-1] == "pruning_lab.homework grade hw1-masks --workers 2"


def test_what_the_commands_need_is_declared(course):
    assert {extra for _, extras, _ in course.COMMANDS.values() for extra in extras} <= EXTRAS.keys()


def test_it_needs_nothing_but_python():
    lines = (ROOT / "course.py").read_text(encoding="utf-8").splitlines()
    imported = {match[1] for line in lines if (match := re.match(r"\s*(?:import|from) (\w+)", line))}
    assert imported <= sys.stdlib_module_names


def test_the_makefile_names_the_same_commands(course):
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    targets = re.search(r"^\.PHONY: (.+)$", makefile, re.MULTILINE)[1].split()
    assert set(targets) == set(course.COMMANDS)
    recipes = [line for line in makefile.replace("\\\n", " ").splitlines() if line.startswith("\t")]
    assert [recipe.split()[:2] for recipe in recipes] == [["$(PYTHON)", "course.py"]] * 2


def test_the_development_container_is_set_up_by_it(course):
    made = json.loads((ROOT / ".devcontainer" / "devcontainer.json").read_text(encoding="utf-8"))
    program, name = made["postCreateCommand"].split()[1:]
    assert (program, name in course.COMMANDS) == ("course.py", True)
    assert made["customizations"]["vscode"]["settings"]["python.defaultInterpreterPath"].endswith("/.venv/bin/python")


def test_the_public_checks_try_the_oldest_and_the_newest_python(course):
    matrix = yaml.safe_load((ROOT / ".github" / "workflows" / "test.yml").read_text(encoding="utf-8"))
    tried = matrix["jobs"]["test"]["strategy"]["matrix"]["python"]
    assert tried == [".".join(map(str, version)) for version in course.PYTHONS]


@pytest.mark.skipif(shutil.which("make") is None, reason="make is not installed")
def test_the_makefiles_grade_hands_everything_on():
    given = {
        "SUBMISSIONS": "a class.zip",
        "ASSIGNMENT": "hw1-masks",
        "WORKERS": "2",
        "SCHEDULER": "tcp://host:8786",
        "REGRADE": "q3",
        "REASON": "asked by Ann: why",
        "ROSTER": "r.csv",
        "POLICY": "p.toml",
        "COLUMN": "Homework 1 (4711)",
    }
    call = [
        "make",
        "--no-print-directory",
        "grade",
        "DRY_RUN=1",
        "TRUST=1",
        *(f"{name}={value}" for name, value in given.items()),
    ]
    echo = f"PYTHON={sys.executable} -c 'import sys; print(sys.argv[1:])'"
    said = subprocess.run([*call, echo, "--silent"], cwd=ROOT, capture_output=True, text=True).stdout
    assert said.strip() == str(
        [
            "course.py",
            "grade",
            "a class.zip",
            "--assignment",
            "hw1-masks",
            "--workers",
            "2",
            "--scheduler",
            "tcp://host:8786",
            "--regrade",
            "q3",
            "--trust-submissions",
            "--roster",
            "r.csv",
            "--policy",
            "p.toml",
            "--column",
            "Homework 1 (4711)",
            "--reason",
            "asked by Ann: why",
            "--dry-run",
        ]
    )
