"""System calls that the kernel refuses inside: those that reach past the walls, or take memory that nobody counts.

Namespaces leave a few doors open: the keys of whoever is logged in, sockets between a virtual machine and its host, the
kernel's messages, other processes' memory. And there is memory that no process shows: files without a name, what
processes share without one, large buffers, long lists in the kernel. No notebook needs any of it. The filter is what
bubblewrap's --seccomp takes: instructions of classic BPF (Documentation/userspace-api/seccomp_filter.rst of the Linux
kernel). Container engines have filters of their own, which differ: podman's let sockets to the machine around through
until 2026. So in a container the process takes this one too, before it reads a line of a submission.
"""

import ctypes
import platform
import struct
from typing import NamedTuple

FAMILIES = (1, 16)  # of sockets: Unix and netlink; there is no network to be asked, and some have no namespaces
SEND_BUFFER, SHARED, UNNAMED = 7, 0x01, 0x20  # of setsockopt(2); of mmap(2)
LOAD, EQUAL, AT_LEAST, ANY_OF, RETURN = 0x20, 0x15, 0x35, 0x45, 0x06
ALLOW, REFUSE = 0x7FFF0000, 0x00050001  # the second is "Operation not permitted"
NUMBER, MACHINE, FIRST, THIRD, FOURTH = 0, 4, 16, 32, 40  # where they stand: the call, the machine's kind, arguments
NO_NEW_RIGHTS, FILTER_CALLS, BY_PROGRAM = 38, 22, 2  # of prctl(2)
X32 = 0x40000000  # from here on the numbers of another set of calls


class Numbers(NamedTuple):
    """What the kernel calls this machine, and the numbers of system calls on it."""

    machine: int
    socket: int
    setsockopt: int
    mmap: int
    refused: dict


GENERIC = {  # on all kinds of machines that Linux took up since 2012
    **{"add_key": 217, "request_key": 218, "keyctl": 219, "syslog": 116, "shmget": 194, "msgget": 186},
    **{"ptrace": 117, "process_vm_readv": 270, "process_vm_writev": 271, "pidfd_getfd": 438, "io_uring_setup": 425},
    **{"bpf": 280, "perf_event_open": 241, "userfaultfd": 282},
    **{"memfd_create": 279, "memfd_secret": 447, "unshare": 97, "semget": 190, "vmsplice": 75, "inotify_init1": 26},
    **{"fanotify_init": 262, "landlock_create_ruleset": 444, "landlock_add_rule": 445},
}
OF_X86_64 = {
    **{"add_key": 248, "request_key": 249, "keyctl": 250, "syslog": 103, "shmget": 29, "msgget": 68},
    **{"ptrace": 101, "process_vm_readv": 310, "process_vm_writev": 311, "pidfd_getfd": 438, "io_uring_setup": 425},
    **{"bpf": 321, "perf_event_open": 298, "userfaultfd": 323},
    **{"memfd_create": 319, "memfd_secret": 447, "unshare": 272, "semget": 64, "vmsplice": 278, "inotify_init1": 294},
    **{"inotify_init": 253, "fanotify_init": 300, "landlock_create_ruleset": 444, "landlock_add_rule": 445},
}
NUMBERS = {
    "x86_64": Numbers(0xC000003E, 41, 54, 9, OF_X86_64),
    "aarch64": Numbers(0xC00000B7, 198, 208, 222, GENERIC),
    "riscv64": Numbers(0xC00000F3, 198, 208, 222, GENERIC),
}


def program(machine=None):
    """Return the filter as bytes; none for a kind of machine that is not in `NUMBERS`: the probe tells what that opens.

    Args:
        machine: as `platform.machine` calls it; None is this one.
    """
    numbers = NUMBERS.get(machine or platform.machine())
    if numbers is None:
        return b""
    lines = [(LOAD, 0, 0, MACHINE), (EQUAL, 1, 0, numbers.machine), (RETURN, 0, 0, REFUSE)]
    lines += [(LOAD, 0, 0, NUMBER), (AT_LEAST, 0, 1, X32), (RETURN, 0, 0, REFUSE)]
    for number in numbers.refused.values():
        lines += [(EQUAL, 0, 1, number), (RETURN, 0, 0, REFUSE)]
    # The first two numbers of a line are jumps: so many lines where it holds, and where it does not.
    lines += [(EQUAL, 0, 5, numbers.mmap), (LOAD, 0, 0, FOURTH), (ANY_OF, 0, 2, SHARED), (ANY_OF, 0, 1, UNNAMED)]
    lines += [(RETURN, 0, 0, REFUSE), (RETURN, 0, 0, ALLOW)]
    lines += [(EQUAL, 0, 4, numbers.setsockopt), (LOAD, 0, 0, THIRD), (EQUAL, 0, 1, SEND_BUFFER)]
    lines += [(RETURN, 0, 0, REFUSE), (RETURN, 0, 0, ALLOW)]
    lines += [(EQUAL, 1, 0, numbers.socket), (RETURN, 0, 0, ALLOW), (LOAD, 0, 0, FIRST)]
    for family in FAMILIES:
        lines += [(EQUAL, 0, 1, family), (RETURN, 0, 0, ALLOW)]
    return b"".join(struct.pack("HBBI", *line) for line in [*lines, (RETURN, 0, 0, REFUSE)])


class _Program(ctypes.Structure):
    """A filter as the kernel takes it: how many instructions, and where they are."""

    _fields_ = (("length", ctypes.c_ushort), ("instructions", ctypes.c_void_p))


def refuse():
    """Take the filter for this process and all that it begins; there is no way back.

    Raises:
        OSError: the kernel does not take it.
    """
    content = program()
    if not content:
        return
    libc, held = ctypes.CDLL(None, use_errno=True), ctypes.create_string_buffer(content, len(content))
    given = _Program(len(content) // struct.calcsize("HBBI"), ctypes.addressof(held))
    if libc.prctl(NO_NEW_RIGHTS, 1, 0, 0, 0) or libc.prctl(FILTER_CALLS, BY_PROGRAM, ctypes.byref(given), 0, 0):
        raise OSError(ctypes.get_errno(), "system calls cannot be filtered here")
