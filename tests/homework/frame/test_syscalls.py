"""The filter of system calls: read by a small machine of our own, instruction by instruction."""

import platform
import struct
import subprocess
import sys

import pytest

from pruning_lab.homework.frame.sandbox import ways
from pruning_lab.homework.frame.sandbox.inside import syscalls

LISTED = [(machine, name) for machine, numbers in syscalls.NUMBERS.items() for name in numbers.refused]


def decided(machine, number, *arguments, kind=None):
    """Return what the filter of a machine says of a system call."""
    given = [*arguments, *[0] * 6][:6]
    data = struct.pack("=iIQ6Q", number, kind or syscalls.NUMBERS[machine].machine, 0, *given)
    lines, at, held = list(struct.iter_unpack("HBBI", syscalls.program(machine))), 0, None
    while True:
        code, then, otherwise, value = lines[at]
        at += 1
        if code == syscalls.RETURN:
            return value
        if code == syscalls.LOAD:
            (held,) = struct.unpack_from("=I", data, value)
        else:
            holds = {syscalls.EQUAL: held == value, syscalls.AT_LEAST: held >= value, syscalls.ANY_OF: held & value}
            at += then if holds[code] else otherwise


@pytest.mark.parametrize(("machine", "name"), LISTED)
def test_each_call_in_the_list_is_refused(machine, name):
    assert decided(machine, syscalls.NUMBERS[machine].refused[name]) == syscalls.REFUSE


@pytest.mark.parametrize("machine", syscalls.NUMBERS)
def test_only_sockets_between_processes_and_to_the_kernel_are_made(machine):
    socket = syscalls.NUMBERS[machine].socket
    assert {family for family in range(60) if decided(machine, socket, family) == syscalls.ALLOW} == {1, 16}


@pytest.mark.parametrize("machine", syscalls.NUMBERS)
def test_memory_is_shared_in_files_with_a_name_alone(machine):
    private, shared, shared_validated, unnamed, in_no_advance = 0x02, 0x01, 0x03, 0x20, 0x4000
    for flags in (shared | unnamed, shared_validated | unnamed, shared | unnamed | in_no_advance):
        assert decided(machine, syscalls.NUMBERS[machine].mmap, 0, 4096, 3, flags) == syscalls.REFUSE
    for flags in (private | unnamed, shared, private, private | unnamed | in_no_advance):
        assert decided(machine, syscalls.NUMBERS[machine].mmap, 0, 4096, 3, flags) == syscalls.ALLOW


@pytest.mark.parametrize("machine", syscalls.NUMBERS)
def test_a_socket_keeps_the_buffer_that_it_was_made_with(machine):
    asked = {
        option
        for option in range(80)
        if decided(machine, syscalls.NUMBERS[machine].setsockopt, 5, 1, option) == syscalls.REFUSE
    }
    assert asked == {7}


@pytest.mark.parametrize("machine", syscalls.NUMBERS)
def test_other_calls_are_allowed_and_those_of_another_machine_are_not(machine):
    refused = set(syscalls.NUMBERS[machine].refused.values())
    others = set(range(450)) - refused - {syscalls.NUMBERS[machine].socket}
    assert {decided(machine, number) for number in others} == {syscalls.ALLOW}
    assert decided(machine, 0, kind=0x40000003) == syscalls.REFUSE  # 32 bits
    assert decided(machine, syscalls.X32 + 1) == syscalls.REFUSE


def test_an_unknown_machine_has_no_filter():
    assert syscalls.program("s390x") == b""


TRIED = """import ctypes, socket, syscalls
def errors():
    number = syscalls.NUMBERS[syscalls.platform.machine()].refused["keyctl"]
    keys = ctypes.CDLL(None).syscall(number, 0, -3, 0)
    try:
        socket.socket(38).close()
    except OSError as error:
        return keys, error.errno
    return keys, None
syscalls.refuse()
socket.socketpair()
print(errors())"""


@pytest.mark.skipif(platform.system() != "Linux" or not syscalls.program(), reason="Linux alone has this filter")
def test_a_process_can_take_the_filter_itself():
    done = subprocess.run(
        [sys.executable, "-c", TRIED], cwd=syscalls.__file__.rpartition("/")[0], capture_output=True, text=True
    )
    assert done.stdout == "(-1, 1)\n", done.stderr


def test_in_a_container_the_filter_is_taken_before_anything_else(monkeypatch):
    """What `bwrap` is told to do a container's engine does not know; until 2026 podman's own filter had a gap."""
    monkeypatch.setattr(ways.container, "command", lambda name, container, python, *rest: python)
    *_, boot = ways.contained("podman", "child").command
    assert boot.index("refuse()") < boot.index("inside.child")
