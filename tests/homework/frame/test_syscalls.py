"""The filter of system calls: read by a small machine of our own, instruction by instruction."""

import struct

import pytest

from pruning_lab.homework.frame.sandbox import syscalls

LISTED = [(machine, name) for machine, numbers in syscalls.NUMBERS.items() for name in numbers.refused]


def decided(machine, number, first=0, kind=None):
    """Return what the filter of a machine says of a system call."""
    data = struct.pack("=iIQ6Q", number, kind or syscalls.NUMBERS[machine].machine, 0, first, *[0] * 5)
    lines, at, held = list(struct.iter_unpack("HBBI", syscalls.program(machine))), 0, None
    while True:
        code, then, otherwise, value = lines[at]
        at += 1
        if code == syscalls.RETURN:
            return value
        if code == syscalls.LOAD:
            (held,) = struct.unpack_from("=I", data, value)
        else:
            at += then if {syscalls.EQUAL: held == value, syscalls.AT_LEAST: held >= value}[code] else otherwise


@pytest.mark.parametrize(("machine", "name"), LISTED)
def test_each_call_in_the_list_is_refused(machine, name):
    assert decided(machine, syscalls.NUMBERS[machine].refused[name]) == syscalls.REFUSE


@pytest.mark.parametrize("machine", syscalls.NUMBERS)
def test_only_sockets_of_families_with_namespaces_are_made(machine):
    socket = syscalls.NUMBERS[machine].socket
    assert {family for family in range(60) if decided(machine, socket, family) == syscalls.ALLOW} == {1, 2, 10, 16}


@pytest.mark.parametrize("machine", syscalls.NUMBERS)
def test_other_calls_are_allowed_and_those_of_another_machine_are_not(machine):
    refused = set(syscalls.NUMBERS[machine].refused.values())
    others = set(range(450)) - refused - {syscalls.NUMBERS[machine].socket}
    assert {decided(machine, number) for number in others} == {syscalls.ALLOW}
    assert decided(machine, 0, kind=0x40000003) == syscalls.REFUSE  # 32 bits
    assert decided(machine, syscalls.X32 + 1) == syscalls.REFUSE


def test_an_unknown_machine_has_no_filter():
    assert syscalls.program("s390x") == b""
