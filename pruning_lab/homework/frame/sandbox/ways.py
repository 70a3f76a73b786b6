"""The commands that cut a process off from this machine, each as a `Way`."""

import os
import shutil
import sys
from collections.abc import Callable
from typing import NamedTuple

from pruning_lab.homework.frame.sandbox import container, view

TMP_BYTES = 100_000_000  # of all files of a submission; of one of them see inside.child
HOME = "/tmp"
FIRST_USER, USERS = 60_578, 600  # user ids that nothing on a Linux system gives to anybody
ENVIRONMENT = {  # all of it, but for HOME and TMPDIR
    **{"PATH": os.defpath, "LANG": "C.UTF-8", "USER": "student", "LOGNAME": "student"},
    **{"MPLBACKEND": "agg", "TQDM_DISABLE": "1"},
    **dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS"), "1"),
}
DEVICES = ("null", "zero", "full", "random", "urandom")


class Way(NamedTuple):
    """How a process is cut off.

    `command(module, package)` is the whole command; `kill()` ends what killing the command does not; `watched` says
    whether its files and processes can be seen from here.
    """

    name: str
    command: Callable
    kill: Callable = lambda: None
    watched: bool = False


def candidates():
    """Return the ways that this machine may have, the best first."""
    found = [Way("bubblewrap", bubblewrap, watched=True)] if shutil.which("bwrap") else []
    engine = container.engine()
    return [*found, Way(engine, lambda *given: container.command(engine, *given))] if engine else found


def trusting():
    """Return the way that cuts nothing off: limits and a folder alone, for submissions that are trusted."""
    here = ["sh", "-c", 'exec env -i HOME="$PWD" TMPDIR="$PWD" "$@"', "sh", *_words(ENVIRONMENT, "{0}={1}")]
    return Way("nothing", lambda module, package: [*here, *_python(module, package)])


def bubblewrap(module, package=False):
    """Return the command that runs a module of `inside`, or with `package` one of this package, cut off.

    As root there are two layers: the outer one shows an unprivileged user what only root may look into, an interpreter
    below /root for instance; the inner one is what everybody else's is.
    """
    environment = ENVIRONMENT | {"HOME": HOME, "TMPDIR": HOME, "XDG_CACHE_HOME": str(view.CACHE.parent) if package else HOME}
    inside = f"{view.PLACE}/inside" if os.geteuid() == 0 else view.INSIDE
    inner = ["bwrap", *view.arguments(package, inside), *_cut_off(), *_words(environment, "--setenv {0} {1}"), "--"]
    inner += _python(module, package, view.PLACE)
    if os.geteuid():
        return inner
    user = FIRST_USER + os.getpid() % USERS
    become = ["setpriv", f"--reuid={user}", f"--regid={user}", "--clear-groups", "--pdeathsig=KILL"]
    outer = ["bwrap", *view.arguments(package), "--bind", "/proc", "/proc", "--dev-bind", "/dev", "/dev"]
    outer += ["--perms", "1777", "--tmpfs", "/tmp", "--cap-drop", "ALL", "--cap-add", "CAP_SETUID"]
    return [*outer, "--cap-add", "CAP_SETGID", "--die-with-parent", "--", *become, *inner]


def _cut_off():
    """Return bubblewrap's arguments for all but files: namespaces, devices, a private /tmp, an empty environment."""
    devices = [word for name in DEVICES for word in ("--dev-bind", f"/dev/{name}", f"/dev/{name}")]
    return [
        *("--unshare-all", "--unshare-user", "--disable-userns", "--die-with-parent", "--new-session"),
        *("--cap-drop", "ALL", "--hostname", "student", "--proc", "/proc"),
        *("--tmpfs", "/dev", *devices, "--symlink", HOME, "/dev/shm", "--symlink", "/proc/self/fd", "/dev/fd"),
        *("--size", str(TMP_BYTES), "--tmpfs", HOME, "--chdir", HOME),
        *("--remount-ro", "/dev", "--remount-ro", "/", "--clearenv"),
    ]


def _words(environment, form):
    return [part.format(name, value) for name, value in environment.items() for part in form.split()]


def _python(module, package, place=str(view.INSIDE.parent)):
    """Return the command that runs a module's `main`: of `inside`, which stands at `place`, or of this package."""
    if package:
        place, module = str(view.PACKAGE.parent), f"pruning_lab.homework.frame.sandbox.{module}"
    else:
        module = f"inside.{module}"
    boot = f"import sys; sys.path.insert(0, {place!r}); from {module} import main; sys.path.remove({place!r}); main()"
    return [sys.executable, "-I", "-B", "-c", boot]
