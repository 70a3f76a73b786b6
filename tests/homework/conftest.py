"""What the tests of homework share: assignments made once, and one draw of hidden instances."""

import os
import socket
from functools import cache
from typing import NamedTuple

import hostile_class
import pytest

from pruning_lab.homework.frame import assignments, release, submissions
from pruning_lab.homework.frame.questions import Questions


@pytest.fixture(autouse=True)
def one_draw(monkeypatch):
    """Hidden instances as a class would meet them; `PRUNING_LAB_INSTANCES=7 pytest tests/homework` draws others."""
    monkeypatch.setenv("PRUNING_LAB_INSTANCES", os.environ.get("PRUNING_LAB_INSTANCES", "1"))


@pytest.fixture(scope="session")
def make(tmp_path_factory):
    """A function that makes an assignment by its name, once."""
    folder = tmp_path_factory.mktemp("made")
    return cache(lambda name: release.make(name, folder))


@pytest.fixture(params=list(assignments.sources()))
def made(request, make):
    """Each assignment in turn."""
    return make(request.param)


class HostileClass(NamedTuple):
    tests: dict
    submissions: dict
    expected: dict
    questions: Questions


@pytest.fixture(scope="session")
def hostile(tmp_path_factory, make):
    """A class with one submission of each kind."""
    folder, made = tmp_path_factory.mktemp("class"), make(hostile_class.NAME)
    with socket.create_server(("127.0.0.1", 0)) as server:
        expected = hostile_class.write_class(folder, made, server.getsockname()[1])
        handed_in = submissions.read_submissions(folder)
        yield HostileClass(release.tests_of(made), handed_in, expected, Questions(release.solved(made)))
