"""What a submission sees of this machine's files: Python, its packages and the system's libraries, read-only.

The package that solves an assignment is left out, wherever it is installed: nothing of it is there to be imported, read
or found in memory.
"""

import sys
from functools import cache
from pathlib import Path

import platformdirs

import pruning_lab

PACKAGE = Path(pruning_lab.__file__).parent
INSIDE = Path(__file__).with_name("inside")
PLACE = "/grader"  # where INSIDE stands in there
PYTHON = ("bin", "lib", "lib64", "pyvenv.cfg")  # what is Python's own in the folder that it is installed in
SYSTEM = (
    *("/usr/bin", "/usr/sbin", "/usr/lib", "/usr/lib32", "/usr/lib64", "/usr/libexec"),
    *("/usr/share/zoneinfo", "/usr/share/fonts", "/usr/share/fontconfig"),
    *("/etc/ld.so.cache", "/etc/alternatives", "/etc/localtime", "/etc/fonts"),
)
LINKS = ("/bin", "/sbin", "/lib", "/lib32", "/lib64")  # into /usr on most systems
CACHE = platformdirs.user_cache_path("pruning_lab")
IMAGES = Path("/usr/share/datasets")  # what hw4 and hw5 measure with, where Debian's package is installed


def arguments(package=False, inside=INSIDE):
    """Return bubblewrap's arguments for all files that a process sees, apart from /proc, /dev and /tmp.

    Args:
        package: whether this package and its data are among them.
        inside: where the files of the folder `inside` are found.
    """
    shown = _shown()
    if package:
        more = [PACKAGE, IMAGES, CACHE]
        return [*_bound([*shown, *(path for path in more if path.exists())]), *_links()]
    return [*_bound(shown), *_links(), *_folders(PLACE), "--ro-bind", str(inside), f"{PLACE}/inside", *_hidden(shown)]


@cache
def _shown():
    """Return the paths that are shown: each once, and none that lies in another one."""
    prefixes = dict.fromkeys((sys.prefix, sys.base_prefix))
    prefixes |= dict.fromkeys(str(Path(prefix).resolve()) for prefix in prefixes)
    paths = [Path(prefix, part) for prefix in prefixes for part in PYTHON] + [Path(path) for path in SYSTEM]
    there = [path for path in dict.fromkeys(paths) if path.exists()]
    return [path for path in there if not any(other in path.parents for other in there)]


def _bound(paths):
    return [word for path in paths for word in (*_folders(path.parent), "--ro-bind", str(path), str(path))]


def _folders(path):
    """Return what makes a folder and those above it, open to all: a bind alone makes them as closed as the original."""
    above = [folder for folder in [*reversed(Path(path).parents), Path(path)] if folder.name]
    return [word for folder in above for word in ("--perms", "0755", "--dir", str(folder))]


def _links():
    links = [(path, Path(path)) for path in LINKS]
    shown = [word for path, link in links if link.is_symlink() for word in ("--symlink", str(link.readlink()), path)]
    return [*shown, *_bound([link for _, link in links if link.is_dir() and not link.is_symlink()])]


def _hidden(shown):
    """Return what lays something empty over this package wherever it lies in a folder that is shown."""
    words = []
    for path in sorted({*_installed(shown), *_checkout(shown)}):
        words += (
            ["--tmpfs", str(path), "--remount-ro", str(path)]
            if path.is_dir()
            else ["--dev-bind", "/dev/null", str(path)]
        )
    return words


def _installed(shown):
    """Yield what pip has left of this package: it, what describes it, its command, what leads to a checkout."""
    folders = [folder for path in shown if path.is_dir() for folder in path.glob("python3*/*-packages")]
    for folder in (*folders, *(path for path in shown if path.name == "bin")):
        for name in (PACKAGE.name, PACKAGE.name.replace("_", "-")):
            yield from folder.glob(f"*{name}*")


def _checkout(shown):
    """Yield the folder of a checkout that lies in a folder that is shown."""
    if not PACKAGE.parent.name.endswith("-packages") and any(path in PACKAGE.parents for path in shown):
        yield PACKAGE.parent
