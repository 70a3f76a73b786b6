"""Whether submissions are cut off here: tried from inside, once in each process that grades, before the first."""

import contextlib
import os
import secrets
import socket
import tempfile
from functools import cache
from pathlib import Path
from typing import NamedTuple

from pruning_lab.homework.frame.sandbox import ways
from pruning_lab.homework.frame.sandbox.process import NotBegun, Process, Stopped
from pruning_lab.homework.frame.sandbox.view import PACKAGE
from pruning_lab.homework.frame.sandbox.watch import root_of

# A container counts the memory in a namespace as its own, and is ended from outside whatever becomes of its processes.
INSIDE_A_CONTAINER = ("made a namespace", "stopped the process that ends it", "kept memory that nobody counts")
SECONDS = 120  # a cold disk is slow to be searched
INSTALL = (
    "Install bubblewrap 0.8 or newer (Debian and Ubuntu: apt install bubblewrap; Fedora: dnf install bubblewrap; Arch: "
    "pacman -S bubblewrap), or start podman or docker (macOS)"
)
UBUNTU = "Ubuntu 24.04 needs `sudo sysctl kernel.apparmor_restrict_unprivileged_userns=0` for that"


TRUSTED = (
    "Submissions are NOT cut off: each can read, change and send all that you can. You have said that you trust them."
)


class Unsafe(ValueError):
    """Nothing here cuts a submission off, and nobody has said that submissions are trusted."""


class Isolation(NamedTuple):
    """Which way holds here, None where none does; and what was wrong with the others, in sentences."""

    way: ways.Way | None
    faults: list


@cache
def isolation():
    """Try the ways that this machine may have; return the first that holds. Each process tries for itself, once."""
    faults = []
    for way in ways.candidates():
        found = prove(way) and prove(way)  # twice: once may be a moment in which this machine had no room
        if not found:
            return Isolation(way, faults)
        faults.append(f"{way.name}: {found}")
    return Isolation(None, faults)


def cut_off(trust=False):
    """Return the way to begin a submission's process.

    Args:
        trust: True takes no isolation where there is none.

    Raises:
        Unsafe: there is none. The message says what to install.
    """
    way, faults = isolation()
    if way is None and not trust:
        found = f" ({'; '.join(faults)})" if faults else ""
        raise Unsafe(
            f"Nothing on this machine cuts submissions off from your files{found}. {INSTALL}; or grade submissions "
            "that you trust with --trust-submissions"
        )
    return way or ways.trusting()


def told(trust=False):
    """Return a sentence on how submissions are cut off here; `Unsafe` as `cut_off`."""
    cut_off(trust)
    return f"S{described()[1:]}." if isolation().way else TRUSTED


def described():
    """Return how submissions are cut off here, or what to install."""
    if os.name == "nt":
        return "needs Linux, or macOS with podman or docker; on Windows, work inside WSL"
    way, faults = isolation()
    if way:
        return f"submissions are cut off by {way.name}: a try from inside reached nothing"
    return "; ".join([*faults, f"submissions cannot be cut off here. {INSTALL}, if you grade"])


def prove(way):
    """Run the probe; return what it could reach, or why an honest submission would not work: empty where all holds."""
    try:
        with _canaries() as asked, Process(way, "probe") as process:
            return _tried(process, asked, way)
    except OSError as error:
        return str(error)


def _tried(process, asked, way):
    try:
        reached, broken = process.ask(asked, SECONDS, "it took too long")
    except (NotBegun, Stopped, ValueError) as error:
        return _explained(process.said() or str(error))
    reached = [what for what in reached if way.watched or what not in INSIDE_A_CONTAINER]
    blind = ["it cannot be watched"] if way.watched and root_of(process.process.pid) is None else []
    return ", ".join([*reached, *blind]) or broken


def _explained(said):
    return f"{said}. {UBUNTU}" if "uid map" in said or "Operation not permitted" in said else said


@contextlib.contextmanager
def _canaries():
    """Yield what the probe tries to reach: a file, ports, sockets by name, a package."""
    with contextlib.ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="canary-")))
        (folder / "canary").write_text("not to be read", encoding="utf-8")
        port = stack.enter_context(socket.create_server(("127.0.0.1", 0))).getsockname()[1]
        names = [str(folder / "socket"), *([f"\0{secrets.token_hex(8)}"] if hasattr(os, "getresuid") else [])]
        for name in names:
            server = stack.enter_context(socket.socket(socket.AF_UNIX))
            server.bind(name)
            server.listen()
        yield [str(folder / "canary"), [port], names, PACKAGE.name]
