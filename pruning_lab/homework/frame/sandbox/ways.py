"""The commands that cut a process off from this machine, each as a `Way`."""

import os
import shutil
import sys
from collections.abc import Callable
from functools import partial
from typing import NamedTuple

from pruning_lab.homework.frame.sandbox import container, view
from pruning_lab.homework.frame.sandbox.inside import syscalls

TMP_BYTES = 100_000_000  # of all files of a submission; of one of them see inside.child
HOME = "/tmp"
TMP = ("--size", str(TMP_BYTES), "--tmpfs", HOME)  # before all else: Python itself may lie below /tmp
FIRST_USER, USERS = 60_578, 600  # user ids that nothing on a Linux system gives to anybody
ENVIRONMENT = {  # all of it, but for HOME and TMPDIR
    **{"PATH": os.defpath, "LANG": "C.UTF-8", "USER": "student", "LOGNAME": "student"},
    **{"MPLBACKEND": "agg", "TQDM_DISABLE": "1"},
    **dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS"), "1"),
}
KEYS = ("/proc/keys", "/proc/key-users")  # what the kernel keeps for whoever is logged in
DEVICES = ("null", "full", "random", "urandom")  # not "zero": processes can share it, and keep what nobody counts


class Way(NamedTuple):
    """How processes are cut off.

    `begin(module, package)` returns a `Begun`; `watched` says whether what is in there can be seen from here.
    """

    name: str
    begin: Callable
    watched: bool = False


class Begun(NamedTuple):
    """The command of one process, the files it inherits, and a function that ends what killing the command leaves.

    `environment` is the command's own, None for all that there is here.
    """

    command: list
    kill: Callable = lambda: None
    files: tuple = ()
    environment: dict | None = None


def candidates():
    """Yield the ways that this machine may have, the best first."""
    if shutil.which("bwrap"):
        yield Way("bubblewrap", bubblewrap, watched=True)
    if engine := container.engine():
        yield Way(engine, partial(contained, engine))


def trusting():
    """Return the way that cuts nothing off: limits and a folder alone, for submissions that are trusted."""
    here = [
        "sh",
        "-c",
        'exec env -i HOME="$PWD" TMPDIR="$PWD" "$@"',
        "sh",
        *_words(ENVIRONMENT, "{0}={1}"),
        sys.executable,
    ]
    return Way("nothing", lambda module, package=False: Begun([*here, *_python(module, package)]))


def contained(engine, module, package=False):
    """Begin a module as `bubblewrap` does, in a container."""
    name, python = container.new_name(), _python(module, package, view.PLACE, refusing=not package)
    given = ENVIRONMENT | {"PATH": container.PATH, "HOME": HOME, "TMPDIR": HOME, "NUMBA_CACHE_DIR": HOME}
    command = container.command(engine, name, python, given, package)
    return Begun(command, partial(container.kill, engine, name))


def bubblewrap(module, package=False):
    """Begin a module of `inside`, or with `package` one of this package, cut off.

    As root there are two layers: the outer one shows an unprivileged user what only root may look into, an interpreter
    below /root for instance; the inner one is what everybody else's is.
    """
    environment = ENVIRONMENT | {
        "HOME": HOME,
        "TMPDIR": HOME,
        "NUMBA_CACHE_DIR": HOME,  # kernels look for a place to write when they are imported; nothing else is writable
        "XDG_CACHE_HOME": str(view.CACHE.parent) if package else HOME,
    }
    inside = f"{view.PLACE}/inside" if os.geteuid() == 0 else view.INSIDE
    words = [*TMP, *view.arguments(package, inside), *_cut_off(), *_words(environment, "--setenv {0} {1}")]
    refused = [_unseen(syscalls.program())] if syscalls.program() else []
    words += [word for file in refused for word in ("--seccomp", str(file))]
    told = _unseen(b"".join(os.fsencode(word) + b"\0" for word in words))
    own = {"files": (told, *refused), "environment": {"PATH": os.environ.get("PATH", os.defpath)}}
    inner = ["bwrap", "--args", str(told), "--", sys.executable]
    inner += _python(module, package, str(view.PACKAGE.parent) if package else view.PLACE)
    if os.geteuid():
        return Begun(inner, **own)
    user = FIRST_USER + os.getpid() % USERS
    become = ["setpriv", f"--reuid={user}", f"--regid={user}", "--clear-groups", "--pdeathsig=KILL"]
    outer = ["bwrap", "--perms", "1777", "--tmpfs", "/tmp", *view.arguments(package), "--bind", "/proc", "/proc"]
    outer += ["--dev-bind", "/dev", "/dev", "--cap-drop", "ALL", "--cap-add", "CAP_SETUID", "--cap-add", "CAP_SETGID"]
    # With process ids of its own: they end with it, though it has no right to signal another user.
    return Begun([*outer, "--unshare-pid", "--die-with-parent", "--", *become, *inner], **own)


def _unseen(content):
    """Return a file without a name, for bubblewrap: a command line, which tells folders, can be read inside."""
    file = os.memfd_create("arguments")
    os.write(file, content)
    os.lseek(file, 0, os.SEEK_SET)
    return file


def _cut_off():
    """Return bubblewrap's arguments for all but files: namespaces, devices, a private /tmp, an empty environment."""
    devices = [word for name in DEVICES for word in ("--dev-bind", f"/dev/{name}", f"/dev/{name}")]
    return [
        *("--unshare-all", "--unshare-user", "--disable-userns", "--die-with-parent", "--new-session"),
        *("--cap-drop", "ALL", "--hostname", "student", "--proc", "/proc"),
        # The first process is bubblewrap's own, of the same user: it has this process's pipes, and ends the others.
        *("--tmpfs", "/proc/1", "--remount-ro", "/proc/1"),
        *(word for path in KEYS if os.path.exists(path) for word in ("--dev-bind", "/dev/null", path)),
        *("--tmpfs", "/dev", *devices, "--symlink", HOME, "/dev/shm", "--symlink", "/proc/self/fd", "/dev/fd"),
        *("--chdir", HOME, "--remount-ro", "/dev", "--remount-ro", "/", "--clearenv"),
    ]


def _words(environment, form):
    return [part.format(name, value) for name, value in environment.items() for part in form.split()]


def _python(module, package, place=None, refusing=False):
    """Return Python's arguments to run a module's `main`; `place` holds `inside`, or this package.

    With `refusing` the process takes the filter of system calls itself, first of all.
    """
    place = place or str((view.PACKAGE if package else view.INSIDE).parent)
    name = f"pruning_lab.homework.frame.sandbox.{module}" if package else f"inside.{module}"
    first = "from inside.syscalls import refuse; refuse(); " if refusing else ""
    boot = (
        f"import sys; sys.path.insert(0, {place!r}); {first}from {name} import main; sys.path.remove({place!r}); main()"
    )
    return ["-I", "-B", "-c", boot]
