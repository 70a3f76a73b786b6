"""What Canvas, Moodle and Gradescope hand out, as folders and as zips, and what else lies in them."""

import os
import zipfile
from datetime import UTC, datetime

import pytest

from pruning_lab.homework.frame import downloads
from pruning_lab.homework.frame.downloads import opened_class

CANVAS = {
    "doejane_1234_98765_hw1-masks.ipynb": "1",
    "leeann_LATE_77_555_hw4 (1).ipynb": "2",
    "leeann_LATE_77_556_network.safetensors": "3",
    "müllerzoë_5_6_a_b_7_8_c.ipynb": "4",
    "anon_a1B2c_9_x.ipynb": "5",
    "LATE_anon_zz_10_x.ipynb": "6",
}
MOODLE = {
    "Jane Doe_657737_assignsubmission_file_/hw1.ipynb": "1",
    "Zoë_B Müller_12_assignsubmission_file/part/hw1.ipynb": "2",
    "Group 1-Bo Li_13_assignsubmission_file_/hw1.ipynb": "3",
}
METADATA = """submission_5:
  :submitters:
  - :name: Solo S
    :sid: '007'
    :email: solo@uni.edu
  :created_at: 2026-11-20 10:00:00.000000000 Z
submission_6:
  :submitters:
  - :name: P One
    :sid: '200'
    :email: one@uni.edu
  - :name: P Two
    :email: two@uni.edu
"""
GRADESCOPE = {
    "assignment_1_export/submission_metadata.yml": METADATA,
    "assignment_1_export/submission_5/hw1.ipynb": "1",
    "assignment_1_export/submission_6/hw1.ipynb": "2",
}
JUNK = {"__MACOSX/._x.ipynb": "j", "Thumbs.db": "j", ".DS_Store": "j", "desktop.ini": "j"}


def folder_of(files, place):
    for name, content in files.items():
        (place / name).parent.mkdir(parents=True, exist_ok=True)
        (place / name).write_text(content)
    return place


def zip_of(files, path):
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return path


@pytest.fixture(params=["folder", "zip"])
def lay(request, tmp_path):
    """A function that puts files into a folder, or into a zip."""
    if request.param == "folder":
        return lambda files: folder_of(files, tmp_path / "class")
    return lambda files: zip_of(files, tmp_path / "class.zip")


def read(path):
    """Return {student: {file: content}} and the origins."""
    with opened_class(path) as class_:
        files = [each for each in class_.folder.rglob("*") if each.is_file() and not each.name.startswith(".")]
        found = {}
        for each in files:
            student, *rest = each.relative_to(class_.folder).parts
            found.setdefault(student, {})["/".join(rest)] = each.read_text()
        return found, class_.origins


def test_nobody_can_name_a_file_so_that_it_is_another_students(lay):
    flat = {"Eve_13_assignsubmission_file__12_assignsubmission_file_hw1.ipynb": "1"}
    found, origins = read(lay({**flat, "Ann_12_assignsubmission_file_hw1.ipynb": "2"}))
    assert sorted(found) == ["Ann_12", "Eve_13"]
    assert origins["Eve_13"].number == "13"


def test_a_name_of_a_system_between_others_is_said(lay, tmp_path):
    given = {"ann.ipynb": "1", "bob/hw1.ipynb": "2", "cy_2.ipynb": "3", "doejane_1234_98765_hw1-masks.ipynb": "4"}
    with opened_class(lay(given)) as class_:
        (hint,) = class_.hints
    assert hint.startswith("Named as Canvas or Moodle names a file, among others that are not")
    assert hint.endswith(": doejane_1234_98765_hw1-masks.ipynb")
    for number, whole in enumerate((CANVAS, MOODLE, GRADESCOPE)):
        with opened_class(folder_of(whole, tmp_path / str(number))) as class_:
            assert class_.hints == ()


def test_canvas(lay):
    found, origins = read(lay(CANVAS | JUNK))
    assert found == {
        "doejane_1234": {"hw1-masks.ipynb": "1"},
        "leeann_77": {"hw4 (1).ipynb": "2", "network.safetensors": "3"},
        "müllerzoë_5": {"a_b_7_8_c.ipynb": "4"},
        "anon_a1B2c": {"x.ipynb": "5"},
        "anon_zz": {"x.ipynb": "6"},
    }
    assert {student for student, origin in origins.items() if origin.late} == {"leeann_77", "anon_zz"}
    assert (origins["doejane_1234"].number, origins["doejane_1234"].file) == ("1234", "98765")


def test_moodle(lay):
    found, origins = read(lay(MOODLE | JUNK))
    assert found == {
        "Jane Doe_657737": {"hw1.ipynb": "1"},
        "Zoë_B Müller_12": {"part/hw1.ipynb": "2"},
        "Group 1-Bo Li_13": {"hw1.ipynb": "3"},
    }
    assert {origin.number for origin in origins.values()} == {"657737", "12", "13"}


def test_moodle_without_folders(lay):
    found, _ = read(
        lay({"Jane Doe_657737_assignsubmission_file_hw1.ipynb": "1", "Al_2_assignsubmission_file_x_y.ipynb": "2"})
    )
    assert found == {"Jane Doe_657737": {"hw1.ipynb": "1"}, "Al_2": {"x_y.ipynb": "2"}}


def test_gradescope(lay):
    found, origins = read(lay(GRADESCOPE | JUNK))
    assert found == {"submission_5": {"hw1.ipynb": "1"}, "submission_6": {"hw1.ipynb": "2"}}
    assert [person["email"] for person in origins["submission_6"].people] == ["one@uni.edu", "two@uni.edu"]
    assert origins["submission_5"].people[0]["sid"] == "007"
    assert origins["submission_5"].handed_in == datetime(2026, 11, 20, 10, tzinfo=UTC)


@pytest.mark.parametrize(
    "metadata", ["a: [", "- 1", "submission_5: 3", "submission_5:\n  :submitters: [3]\n", "&a [*a]"]
)
def test_a_damaged_list_of_gradescope_is_said_or_does_without(lay, metadata):
    path = lay(GRADESCOPE | {"assignment_1_export/submission_metadata.yml": metadata})
    if metadata == "a: [":
        with pytest.raises(ValueError, match=r"submission_metadata.yml must be the list that Gradescope exports"):
            read(path)
    else:
        assert [origin.people for origin in read(path)[1].values()] == [(), ()]


def test_a_folder_of_ones_own_is_taken_as_it_is(tmp_path):
    path = folder_of({"ann.ipynb": "1", "bob/hw1.ipynb": "2", "Zoë.ipynb": "3"}, tmp_path / "class")
    with opened_class(path) as class_:
        assert class_ == (path, {}, ())


def test_a_zip_of_a_folder_of_ones_own(tmp_path):
    path = zip_of({"hw1-masks/ann.ipynb": "1", "hw1-masks/bob/x.ipynb": "2"}, tmp_path / "hw1-masks.zip")
    assert read(path)[0] == {"ann.ipynb": {"": "1"}, "bob": {"x.ipynb": "2"}}


def test_a_zip_with_one_student_is_not_taken_for_the_class(tmp_path):
    assert set(read(zip_of({"ann/hw1.ipynb": "1"}, tmp_path / "x.zip"))[0]) == {"ann"}


def test_rubbish_is_nobody_and_a_student_called_like_it_is_somebody(tmp_path):
    files = {"__MACOSX/hw1.ipynb": "1", "Thumbs/hw1.ipynb": "2", "Thumbs.db": "x", "ann/hw1.ipynb": "3"}
    assert set(read(folder_of(files, tmp_path / "class"))[0]) == {"__MACOSX", "Thumbs", "ann"}


@pytest.mark.skipif(os.name == "nt", reason="names are text there")
@pytest.mark.parametrize(
    "name", [b"M\xfcller.ipynb", "张".encode() * 80 + b".ipynb", b"\x1b[31mred.ipynb", b"a\nb.ipynb", b" "], ids=repr
)
def test_a_name_that_cannot_stay_is_changed_and_nobody_elses_is(tmp_path, name):
    path = folder_of({"ann.ipynb": "1"}, tmp_path / "class")
    with open(os.path.join(os.fsencode(path), name), "w") as file:
        file.write("2")
    with opened_class(path) as class_:
        got = sorted(each.name for each in class_.folder.iterdir())
    assert len(got) == 2
    assert "ann.ipynb" in got
    assert all(each.encode("utf-8") and each.isprintable() and len(each.encode()) < 200 for each in got)


def test_a_link_to_anothers_work_is_nothing_handed_in(tmp_path):
    path = folder_of({"ann/hw1.ipynb": "1", "bob/hw2.ipynb": "2"}, tmp_path / "class")
    (path / "eve").symlink_to(path / "ann")
    (path / "bob" / "hw1.ipynb").symlink_to(path / "ann" / "hw1.ipynb")
    found, origins = read(path)
    assert found == {"ann": {"hw1.ipynb": "1"}, "bob": {"hw2.ipynb": "2"}}
    assert origins["eve"].notes == ("A link was handed in instead of files.",)


def test_a_zip_stays_inside_and_within_bounds(tmp_path, monkeypatch):
    monkeypatch.setattr(downloads, "LARGEST", 1000)
    files = {
        "../../evil.ipynb": "1",
        "/etc/evil.ipynb": "2",
        "big/hw1.ipynb": "x" * 5000,
        "ann/hw1.ipynb": "3",
        "ann": "4",
    }
    found, origins = read(zip_of(files, tmp_path / "class.zip"))
    assert not list(tmp_path.rglob("evil.ipynb"))
    assert found["ann"] == {"hw1.ipynb": "3"}
    assert origins["big"].notes == ("hw1.ipynb is larger than 0 MB, and was left out.",)


def test_names_of_a_zip_that_does_not_say_they_are_utf8(tmp_path):
    path = zip_of({"Zoë/hw1.ipynb": "1", "ann/hw1.ipynb": "2"}, tmp_path / "class.zip")
    content = bytearray(path.read_bytes())
    for mark, place in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        start = content.find(mark)
        while start >= 0:
            content[start + place + 1] &= ~0x08
            start = content.find(mark, start + 4)
    path.write_bytes(content)
    assert set(read(path)[0]) == {"Zoë", "ann"}


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04 torn", b"no zip at all"])
def test_what_is_no_class_is_refused(tmp_path, content):
    (tmp_path / "class.zip").write_bytes(content)
    with pytest.raises(ValueError, match="SUBMISSIONS must be a zip that can be read; got"):
        read(tmp_path / "class.zip")
    (tmp_path / "empty").mkdir()
    for path in (tmp_path / "empty", tmp_path / "nowhere"):
        with pytest.raises(FileNotFoundError, match="SUBMISSIONS must be a folder or a zip"):
            read(path)
