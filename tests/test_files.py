"""What `replacing` leaves behind, and what it refuses to replace. Crashes and full disks: tests of what saves by it."""

import os
import stat

import numpy as np
import pytest
import torch

from pruning_lab import prune, sparse
from pruning_lab.files import check_path, replacing

MASKS = {"weight": torch.tensor([True, False])}
SAVERS = {
    "masks": lambda path: prune.save_masks(MASKS, path),
    "formats": lambda path: sparse.save(path, sparse.CSR.from_dense(np.eye(2))),
}
each_saver = pytest.mark.parametrize("save", SAVERS.values(), ids=SAVERS)


@each_saver
def test_a_device_or_a_pipe_is_never_replaced_by_a_file(tmp_path, save):
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    (tmp_path / "link").symlink_to(pipe)
    for path in (pipe, tmp_path / "link"):
        with pytest.raises(FileExistsError, match=r"^path must be an ordinary file or a new one; got .*pipe, a device"):
            save(path)
    assert stat.S_ISFIFO(pipe.stat().st_mode)
    assert sorted(os.listdir(tmp_path)) == ["link", "pipe"]


@each_saver
def test_a_read_only_file_stays_as_it_is(tmp_path, save, monkeypatch):
    path = tmp_path / "handed in"
    path.write_bytes(b"mine")
    monkeypatch.setattr(os, "access", lambda path, mode: mode != os.W_OK)  # the tests may run as root, who may all
    with pytest.raises(PermissionError, match=r"^path must be a file that may be written; got .*, which is read-only"):
        save(path)
    assert path.read_bytes() == b"mine"


@each_saver
def test_who_may_read_a_file_may_read_the_next_and_nobody_else(tmp_path, save):
    path = tmp_path / "file"
    for mode in (0o600, 0o640, 0o666):
        path.write_bytes(b"old")
        path.chmod(mode)
        save(path)
        assert (stat.S_IMODE(path.stat().st_mode), path.read_bytes() != b"old") == (mode, True)


def test_a_private_file_is_private_whatever_it_replaces(tmp_path):
    path = tmp_path / "file"
    path.write_bytes(b"old")
    path.chmod(0o644)
    with replacing(path, private=True) as file:
        file.write(b"new")
    assert (stat.S_IMODE(path.stat().st_mode), path.read_bytes()) == (0o600, b"new")


def test_an_empty_path_is_refused_everywhere():
    for use in (*SAVERS.values(), prune.load_masks, sparse.load, check_path):
        with pytest.raises(ValueError, match=r"^path must name a file; got ''$"):
            use("")


def test_formats_are_not_read_from_the_number_of_an_open_file():
    with pytest.raises(TypeError, match=r"^path must be a text or a Path; got int$"):
        sparse.load(0)


@each_saver
def test_a_name_as_long_as_a_system_allows_will_do(tmp_path, save):
    path = tmp_path / ("é" * 127)
    save(path)
    assert path.exists()
