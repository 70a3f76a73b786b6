"""What a submission could reach: every way out is tried, from inside, and what was found is reported."""

import ctypes
import importlib.util
import mmap
import os
import platform
import socket
import sys
import threading

from .wire import pipes, receive, send

NEW_USER = 0x10000000  # of Linux's unshare(2): a namespace in which one is root, to mount what one likes
KEYCTL = 250 if platform.machine() == "x86_64" else 219
SESSION_KEYS = (0, -3, 0)  # asks for the number of the session's ring of keys
VSOCK, ATTACH = 40, 16  # a family of sockets; a request of ptrace(2)
OWN_PROCESSES = 3  # itself, and what begins and ends a sandbox
SKIPPED = ("/proc", "/dev")
HIDDEN = (lambda: os.close(os.memfd_create("x")), lambda: mmap.mmap(-1, 1), lambda: open("/dev/zero").close())


def main():
    """Try all ways out; send which of them are open, and why an honest submission would not work in here, if so."""
    requests, replies = pipes()
    canary, ports, sockets, closed = receive(requests)
    found = {
        "kept rights of its own": _has_rights(),  # before it may make a namespace, in which it would have them
        "read a file of this machine": os.path.lexists(canary),
        "opened a connection": any(_connects(socket.AF_INET, ("127.0.0.1", number)) for number in ports),
        "opened a socket of this machine": any(_connects(socket.AF_UNIX, name) for name in sockets),
        "saw other processes": sum(name.isdigit() for name in os.listdir("/proc")) > OWN_PROCESSES,
        "wrote outside /tmp": any(
            map(_can_write, ("/", "/usr/lib", "/etc", "/dev", "/grader", f"{sys.prefix}/lib", "/var/tmp"))
        ),
        "made a namespace": sys.platform == "linux" and _libc().unshare(NEW_USER) == 0,
        "inherited an environment": any(map(_is_foreign, ("self", *filter(str.isdigit, os.listdir("/proc"))))),
        "found the keys of who is logged in": _calls(KEYCTL, SESSION_KEYS) >= 0 or _reads("/proc/keys"),
        "opened a socket to the machine around this one": _opens(VSOCK),
        "stopped the process that ends it": sys.platform == "linux" and _libc().ptrace(ATTACH, 1, 0, 0) == 0,
        "found the package that solves the assignment": _finds(closed),
        "kept memory that nobody counts": sys.platform == "linux" and any(map(_succeeds, HIDDEN)),
        "filled a folder without end": os.statvfs(".").f_blocks * os.statvfs(".").f_frsize > 2**30,
    }
    send(replies, [[what for what, worked in found.items() if worked], _works()])
    requests.read()  # until the grader has looked at this process from outside


def _connects(family, address):
    if not _opens(family):
        return False
    with socket.socket(family, socket.SOCK_STREAM) as client:
        client.settimeout(2)
        return client.connect_ex(address) == 0


def _libc():
    return ctypes.CDLL(None, use_errno=True)


def _calls(number, arguments):
    return _libc().syscall(number, *arguments) if sys.platform == "linux" else -1


def _opens(family):
    return _succeeds(lambda: socket.socket(family, socket.SOCK_STREAM).close())


def _succeeds(attempt):
    try:
        attempt()
    except OSError:
        return False
    return True


def _reads(path):
    try:
        with open(path, "rb") as file:
            return bool(file.read(1))
    except OSError:
        return False


def _is_foreign(process):
    """Whether the environment of a process can be read, and is not the one that all of them have in here."""
    try:
        with open(f"/proc/{process}/environ", "rb") as file:
            words = file.read()
    except OSError:
        return False
    return bool(words) and b"USER=student\0" not in words


def _can_write(folder):
    path = os.path.join(folder, "submission-canary")
    try:
        open(path, "x").close()
        os.unlink(path)  # where nothing is cut off, nothing is left behind
    except OSError:
        return False
    return True


def _finds(name):
    """Whether something of a package is there, by import or anywhere in the files."""
    if importlib.util.find_spec(name) is not None:
        return True
    names = (name, name.replace("_", "-"))
    for folder, folders, files in os.walk("/"):
        if folder in SKIPPED:
            folders.clear()
        for entry in (*folders, *files):
            if any(name in entry for name in names) and _holds_something(os.path.join(folder, entry)):
                return True
    return False


def _holds_something(path):
    return bool(os.listdir(path)) if os.path.isdir(path) else os.path.isfile(path) and os.path.getsize(path) > 0


def _has_rights():
    if sys.platform != "linux":
        return False
    with open("/proc/self/status") as file:
        words = dict(line.split(":", 1) for line in file)
    return os.getuid() == 0 or any(int(words[name], 16) for name in ("CapEff", "CapPrm", "CapInh", "CapAmb"))


def _works():
    """Return why an honest submission would not work here; an empty text where it would."""
    try:
        __import__("numpy"), __import__("IPython")
        thread = threading.Thread(target=int)
        thread.start()
        thread.join()
        with open("canary", "x") as file:
            file.write("room")
    except Exception as error:
        return f"{type(error).__name__}: {error}"
    return ""
