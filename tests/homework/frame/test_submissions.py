"""What a class has handed in: honest work is found whatever it is called, and nothing strange stops the others."""

import io
import json
import os
import zipfile

import nbformat
import pytest

from pruning_lab.homework.frame import handed_in, notebooks, submissions
from pruning_lab.homework.frame.sandbox import Stopped
from pruning_lab.homework.frame.submissions import opened, read_submissions, written_answers

LATER = 2_000_000_000  # seconds


def notebook(*sources, **more):
    """Return a notebook's bytes; each source is a code cell, a pair says the type of another."""
    cells = [("code", source) if isinstance(source, str) else source for source in sources]
    made = [{"cell_type": kind, "source": source, "metadata": {}, "outputs": []} for kind, source in cells]
    return json.dumps({"cells": made, "metadata": {}, "nbformat": 4, "nbformat_minor": 5, **more}).encode()


def zipped(**files):
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, inside in files.items():
            archive.writestr(name, inside)
    return content.getvalue()


def hand_in(folder, files):
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    return read_submissions(folder)


def test_nobody_is_left_out_in_silence(tmp_path):
    (tmp_path / "hal").mkdir()
    names = ("ann.ipynb", "fay.txt", ".DS_Store", "gus.ipynb", "gus/b.ipynb", "ian/Thumbs.db")
    class_ = hand_in(tmp_path, dict.fromkeys(names, b"{}"))
    found = {student: sorted(files) for student, files in class_.items()}
    assert found == {"ann": ["ann.ipynb"], "fay": ["fay.txt"], "gus": ["gus.ipynb"], "hal": [], "ian": []}
    with pytest.raises(Stopped, match=r"hand in exactly one notebook \(.ipynb\); there is only fay.txt"):
        opened(class_["fay"])
    with pytest.raises(Stopped, match="there are no files"):
        opened(class_["hal"])


HONEST = {
    "a notebook beside others": {"ann.ipynb": notebook("a = 1")},
    "a folder": {"ann/hw1-masks.ipynb": notebook("a = 1")},
    "folders in a folder": {"ann/my work/hw 1/hw1-masks.ipynb": notebook("a = 1")},
    "capitals": {"ann/HW1-MASKS.IPYNB": notebook("a = 1")},
    "a browser's number": {"ann (1).ipynb": notebook("a = 1")},
    "late": {"ann-LATE.ipynb": notebook("a = 1")},
    "macOS leaves a file behind": {"ann/._hw1.ipynb": b"\0\5\x16\7", "ann/hw1.ipynb": notebook("a = 1")},
    "macOS leaves a folder behind": {"ann/__MACOSX/._hw1.ipynb": b"\0", "ann/hw1.ipynb": notebook("a = 1")},
    "Jupyter keeps a copy": {"ann/.ipynb_checkpoints/hw1-checkpoint.ipynb": b"", "ann/hw1.ipynb": notebook("a = 1")},
    "Windows leaves files behind": {"ann/Thumbs.db": b"", "ann/desktop.ini": b"", "ann/a.ipynb": notebook("a = 1")},
    "a zip": {"ann.zip": zipped(**{"hw1/hw1-masks.ipynb": notebook("a = 1")})},
    "a zip in a folder": {"ann/work.zip": zipped(**{"a.ipynb": notebook("a = 1"), "__MACOSX/._a.ipynb": b"\0"})},
    "a byte order mark": {"ann.ipynb": b"\xef\xbb\xbf" + notebook("a = 1")},
    "lines of Windows": {"ann.ipynb": notebook("a = 1").replace(b", ", b",\r\n")},
    "UTF-16 of PowerShell": {"ann.ipynb": notebook("a = 1").decode().encode("utf-16")},
    "Colab": {
        "ann.ipynb": notebook("a = 1", metadata={"colab": {"provenance": [{}], "outputs": []}, "accelerator": "GPU"})
    },
    "VS Code": {"ann.ipynb": notebook("a = 1", metadata={"vscode": {"interpreter": {"hash": "31"}}})},
    "a list of lines": {"ann.ipynb": notebook("a = 1").replace(b'"a = 1"', b'["a = ", "1"]')},
    "cells without a source": {"ann.ipynb": notebook("a = 1", "x").replace(b'"x"', b"null")},
    "another format 4": {"ann.ipynb": notebook("a = 1", nbformat_minor=0)},
    "outputs of 50 MB": {
        "ann.ipynb": notebook("a = 1").replace(b'"outputs": []', b'"outputs": ["%s"]' % (b"x" * 50_000_000))
    },
}


@pytest.mark.parametrize("kind", HONEST)
def test_honest_work_is_found_whatever_it_is_called(tmp_path, kind):
    class_ = hand_in(tmp_path, HONEST[kind])
    assert list(class_) == ["ann"]
    assert opened(class_["ann"]) == (["a = 1"], {}, [])
    assert len(json.dumps(class_)) < 1000


STRANGE = {
    "nothing": (b"", "ann.ipynb is empty"),
    "spaces": (b" \n", "is empty"),
    "no JSON": (b"def my_mask(): pass", "is not a whole notebook"),
    "half a notebook": (notebook("a = 1")[:-30], "is not a whole notebook"),
    "half an output": (
        notebook("a = 1").replace(b'"outputs": []', b'"outputs": [{"a": "')[:70],
        "is not a whole notebook",
    ),
    "other JSON": (b'{"a": 1}', "is not a whole notebook"),
    "a list": (b"[1]", "is not a whole notebook"),
    "a list for cells": (b'{"cells": {}}', "is not a whole notebook"),
    "a page": (b"<!DOCTYPE html><html>log in</html>", "is a web page, not a notebook"),
    "a conflict": (b"<<<<<<< HEAD\n{}\n=======\n{}\n>>>>>>> b", "two versions that git could not join"),
    "an old format": (b'{"worksheets": [{"cells": []}], "nbformat": 3}', "is in the old format 3"),
    "depth": (b'{"cells": ' + b"[" * 100_000 + b"]" * 100_000 + b"}", "is nested too deep"),
    "a number without end": (b'{"cells": [], "a": ' + b"1" * 100_000 + b"}", "is not a whole notebook"),
    "too much code": (notebook("x" * 21_000_000), "more than 20 MB without its outputs"),
    "a pickle": (b"\x80\x04K\x01.", "is not a whole notebook"),
    "quotes without end": (b'{"cells": "' + b'\\"' * 3_000_000, "is not a whole notebook"),
}


@pytest.mark.parametrize("kind", STRANGE)
def test_what_is_no_notebook_is_refused_in_a_sentence_and_costs_nobody_else_anything(tmp_path, kind):
    content, reason = STRANGE[kind]
    class_ = hand_in(tmp_path, {"ann.ipynb": content, "bob.ipynb": notebook("b = 1")})
    with pytest.raises(Stopped, match=reason):
        opened(class_["ann"])
    assert written_answers(class_["ann"]) == {}
    assert opened(class_["bob"]).cells == ["b = 1"]


def test_depth_and_size_of_outputs_do_not_matter(tmp_path):
    deep = b'"outputs": [' + b"[" * 100_000 + b"]" * 100_000 + b"]"
    assert opened(hand_in(tmp_path, {"a.ipynb": notebook("a = 1").replace(b'"outputs": []', deep)})["a"]).cells == [
        "a = 1"
    ]


def test_a_text_that_looks_like_an_output_stays(tmp_path):
    source = 'print(\'"outputs": [1]\')  # "metadata": {'
    assert opened(hand_in(tmp_path, {"a.ipynb": notebook(source)})["a"]).cells == [source]


def test_of_several_notebooks_the_newest_counts_and_the_student_is_told(tmp_path):
    for name, time in (("new/hw1.ipynb", LATER), ("hw1.ipynb", LATER - 100), ("old/hw1.ipynb", LATER - 50)):
        path = tmp_path / "ann" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(notebook(f"a = {name!r}"))
        os.utime(path, (time, time))
    cells, files, notes = opened(read_submissions(tmp_path)["ann"])
    assert (cells, files) == (["a = 'new/hw1.ipynb'"], {})
    assert notes == ["Of 3 notebooks the newest was graded, ann/new/hw1.ipynb, not ann/old/hw1.ipynb, ann/hw1.ipynb."]


@pytest.mark.parametrize(
    ("names", "chosen"),
    [
        (["hw1.ipynb", "hw1 (1).ipynb"], "hw1 (1).ipynb"),
        (["hw1 (2).ipynb", "hw1 (10).ipynb"], "hw1 (10).ipynb"),
        (["old/hw1 (1).ipynb", "hw1.ipynb"], "hw1.ipynb"),
        (["hw1-2.ipynb", "hw1.ipynb"], "hw1-2.ipynb"),
    ],
)
def test_of_notebooks_copied_together_the_later_name_counts(tmp_path, names, chosen):
    for number, name in enumerate(names):
        path = tmp_path / "ann" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(notebook(repr(name)))
        os.utime(path, (LATER, LATER - number))
    assert opened(read_submissions(tmp_path)["ann"]).cells == [repr(chosen)]


def test_a_notebook_of_the_course_counts_before_a_newer_scratch_and_a_whole_one_before_half_of_one(tmp_path):
    files = {"ann/hw1.ipynb": notebook("grader = otter.Notebook()"), "ann/scratch.ipynb": notebook("1")}
    files |= {"bob/hw1.ipynb": notebook("b = 1"), "bob/hw1 (1).ipynb": b'{"cells"'}
    class_ = hand_in(tmp_path, files)
    assert opened(class_["ann"]).cells == ["grader = otter.Notebook()"]
    assert opened(class_["bob"]).cells == ["b = 1"]


def test_files_beside_the_notebook_come_along_and_what_is_too_large_is_named(tmp_path, monkeypatch):
    monkeypatch.setattr(submissions, "LARGEST", 1000)
    given = {"hw1.ipynb": notebook("a = 1"), "helper.py": b"x = 1", "data.bin": bytes(2000), "old/helper.py": b"x = 0"}
    found = opened(hand_in(tmp_path, {f"ann/{name}": content for name, content in given.items()})["ann"])
    assert found.files == {"helper.py": b"x = 1", "old/helper.py": b"x = 0"}
    (note,) = found.notes
    assert "ann/data.bin" in note


def test_files_stand_where_the_notebook_expects_them(tmp_path):
    given = {"ann/work/hw1.ipynb": notebook("a = 1"), "ann/work/tools/masks.py": b"x = 1"}
    found = opened(hand_in(tmp_path, {**given, "ann/data/masks.csv": b"2"})["ann"])
    assert found.files == {"tools/masks.py": b"x = 1", "masks.csv": b"2"}


@pytest.mark.parametrize("ending", [".ipynb.txt", ".ipynb.json", ".IPYNB.TXT"])
def test_an_ending_that_a_browser_adds_is_no_other_kind_of_file(tmp_path, ending):
    class_ = hand_in(tmp_path, {f"ann{ending}": notebook("a = 1"), f"bob/hw1{ending}": notebook("b = 1")})
    assert [opened(class_[name]).cells for name in ("ann", "bob")] == [["a = 1"], ["b = 1"]]


def test_a_letter_of_an_old_editor_costs_nothing_but_itself(tmp_path):
    content = notebook("a = 'x'").replace(b"x", "é".encode("latin-1"))
    assert opened(hand_in(tmp_path, {"ann.ipynb": content})["ann"]).cells == ["a = '\ufffd'"]


def test_a_zip_in_a_zip_is_unpacked_up_to_a_depth_and_a_size(tmp_path, monkeypatch):
    def in_zips(often):
        name, content = "hw1.ipynb", notebook("a = 1")
        for _ in range(often):
            file = io.BytesIO()
            with zipfile.ZipFile(file, "w") as archive:
                archive.writestr(name, content)
            name, content = "all.zip", file.getvalue()
        return content

    class_ = hand_in(tmp_path / "a", {"ann.zip": in_zips(1), "bob.zip": in_zips(3), "cy.zip": in_zips(4)})
    assert [opened(class_[name]).cells for name in ("ann", "bob")] == [["a = 1"], ["a = 1"]]
    with pytest.raises(Stopped, match="exactly one notebook"):
        opened(class_["cy"])
    monkeypatch.setattr(submissions.handed_in, "LARGEST_ZIPS", len(in_zips(3)) + 10)
    with pytest.raises(Stopped, match="cannot be unpacked: it has more than"):
        opened(hand_in(tmp_path / "b", {"ann.zip": in_zips(3)})["ann"])


def test_what_is_told_of_texts_that_should_be_code_is_bounded(tmp_path):
    many = [("markdown", f"def my_{number}(x):") for number in range(1000)]
    notes = opened(hand_in(tmp_path, {"ann.ipynb": notebook("a = 1", *many)})["ann"]).notes
    assert len(notes) == submissions.MOST_TOLD
    assert opened(hand_in(tmp_path, {"bob.ipynb": notebook(("markdown", f"def my_{'x' * 99}(x):"))})["bob"]).notes == []


def test_code_that_became_text_is_pointed_out(tmp_path):
    class_ = hand_in(tmp_path, {"ann.ipynb": notebook("a = 1", ("markdown", "def my_mask(s, p):\n    return s"))})
    assert opened(class_["ann"]).notes == ["Cell 2 defines my_mask, but is text, not code: turn it back into code."]


def test_half_of_a_character_becomes_a_sign_that_can_be_written(tmp_path):
    question = "<!-- BEGIN QUESTION -->\n### 6. Why (2 points"
    given = notebook("a = '\ud83d'", ("markdown", question), ("markdown", "because \ud83d"))
    (ann,) = hand_in(tmp_path, {"ann.ipynb": given}).values()
    assert opened(ann).cells == ["a = '\ufffd'"]
    assert written_answers(ann)["q6"].text == "because \ufffd"


def test_links_and_pipes_are_not_followed(tmp_path):
    class_ = tmp_path / "class"
    hand_in(class_, {"bob/hw1.ipynb": notebook("b = 1")})
    (class_ / "ann").symlink_to(class_ / "bob")
    (class_ / "cy").mkdir()
    (class_ / "cy" / "hw1.ipynb").symlink_to(class_ / "bob" / "hw1.ipynb")
    os.mkfifo(class_ / "dan.ipynb")
    found = read_submissions(class_)
    assert list(found) == ["ann", "bob", "cy", "dan"]
    for student in ("ann", "cy", "dan"):
        with pytest.raises(Stopped):
            opened(found[student])
    with pytest.raises(Stopped, match=r"hw1\.ipynb cannot be read: it is a link, or no file at all"):
        opened(found["cy"])


def test_names_that_are_no_text_are_spelled_out(tmp_path):
    for name in (b"M\xfcller.ipynb", b"an\x1b[31mn\n.ipynb"):
        with open(os.path.join(os.fsencode(tmp_path), name), "wb") as file:
            file.write(notebook("a = 1"))
    assert list(read_submissions(tmp_path)) == ["M\\xfcller", "an\\x1b[31mn\\x0a"]


def encrypted():
    """A zip whose first file says that it needs a password."""
    content = bytearray(zipped(**{"a.ipynb": notebook("a = 1")}))
    for mark, place in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        content[content.index(mark) + place] |= 1
    return bytes(content)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"PK\x03\x04 torn", "ann.zip cannot be unpacked: File is not a zip file"),
        (encrypted(), "a.ipynb cannot be read: .*password"),
        (zipped(**{f"{number}.txt": b"" for number in range(20_001)}), "more than 20,000 files"),
        (zipped(**{"a.txt": b""}), "hand in exactly one notebook"),
    ],
)
def test_a_zip_that_is_none_or_too_much_is_refused_in_a_sentence(tmp_path, content, reason):
    with pytest.raises(Stopped, match=reason):
        opened(hand_in(tmp_path, {"ann.zip": content})["ann"])


def test_a_notebook_without_end_is_refused_before_it_is_unpacked(tmp_path, monkeypatch):
    monkeypatch.setattr(notebooks, "LARGEST", 2_000_000)
    for name, content in (("ann.zip", zipped(**{"a.ipynb": bytes(3_000_000)})), ("ann.ipynb", bytes(3_000_000))):
        with pytest.raises(Stopped, match=r"a.*\.ipynb cannot be read: it has more than 2 MB"):
            opened(hand_in(tmp_path / name, {name: content})["ann"])


def test_a_zip_writes_nowhere(tmp_path):
    given = zipped(**{"../../x.ipynb": notebook("a = 1"), "/etc/y.txt": b"1"})
    found = opened(hand_in(tmp_path / "class", {"ann.zip": given})["ann"])
    assert (found.cells, found.files) == (["a = 1"], {"etc/y.txt": b"1"})
    assert [path.name for path in tmp_path.iterdir()] == ["class"]


def test_of_very_many_files_only_some_are_looked_at(tmp_path, monkeypatch):
    monkeypatch.setattr(handed_in, "MOST_PARTS", 3)
    given = {f"ann/{number}.txt": b"" for number in range(5)} | {"ann/.hidden": b"", "ann/z.ipynb": notebook("a = 1")}
    assert opened(hand_in(tmp_path, given)["ann"]).notes == ["of 6 files only the first 3 were looked at."]


def test_who_packs_a_clone_with_its_history_keeps_their_points(tmp_path):
    files = {f".git/objects/{number}": b"" for number in range(3000)} | {f"data/{number}": b"" for number in range(600)}
    (submission,) = hand_in(tmp_path, {"ann.zip": zipped(**files, **{"hw1/z.ipynb": notebook("a = 1")})}).values()
    assert opened(submission).cells == ["a = 1"]


def test_zips_in_zips_without_end_are_left_packed(tmp_path, monkeypatch):
    monkeypatch.setattr(handed_in, "MOST_IN_ZIP", 10)
    inner = zipped(**{f"{number}.txt": b"" for number in range(5)})
    (part,) = handed_in.parts_of(folder_with(tmp_path, zipped(**{f"{number}.zip": inner for number in range(8)})))
    found, _ = handed_in.unpacked([part])
    assert len(found) < 8 + 10


def folder_with(folder, content):
    (folder / "ann.zip").write_bytes(content)
    return folder


def test_an_empty_class_is_refused(tmp_path):
    for folder in (tmp_path, tmp_path / "none"):
        with pytest.raises(FileNotFoundError, match="SUBMISSIONS must be a folder"):
            read_submissions(folder)


def test_a_made_notebook_is_read_as_its_cells_are(made):
    path = made / "student" / f"{made.name}.ipynb"
    cells = nbformat.read(path, as_version=4).cells
    (submission,) = read_submissions(path.parent).values()
    assert opened(submission).cells == [cell.source for cell in cells if cell.cell_type == "code"]
    assert len(written_answers(submission)) == 1
