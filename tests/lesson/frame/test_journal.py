"""The learner's journal: what was saved stays saved, whatever happens to the kernel, the file or the disk."""

import json
import os
import random
import subprocess
import sys
import time
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import pytest

from pruning_lab.lesson.frame import journal, view


@pytest.fixture
def path(tmp_path, monkeypatch):
    path = tmp_path / "notes" / "journal.json"
    monkeypatch.setenv("PRUNING_LAB_JOURNAL", str(path))
    return path


def test_what_was_saved_is_read_back_in_order(path):
    assert journal.read() == []
    assert journal.append("note", question="Why?") == f"Saved in {path}."
    journal.append("note", question="Warum? ⊙ 為什麼")
    assert [entry["question"] for entry in journal.read()] == ["Why?", "Warum? ⊙ 為什麼"]
    assert json.loads(path.read_text(encoding="utf-8"))["version"] == 1


def test_a_device_or_a_pipe_is_not_set_aside_for_a_new_journal(path):
    """PRUNING_LAB_JOURNAL=/dev/null, and the superuser: the device itself would have been renamed."""
    path.parent.mkdir()
    os.mkfifo(path)
    for use in (lambda: journal.append("note", question="Why?"), journal.read, journal.export):
        with pytest.raises(journal.JournalError, match=r"is a device or a pipe. Set PRUNING_LAB_JOURNAL to a file"):
            use()
    assert os.listdir(path.parent) == [path.name]
    assert path.is_fifo()


def test_an_entry_whose_date_was_edited_away_is_exported_all_the_same():
    assert "## note, \n" in journal.as_markdown([{"kind": "note", "saved": None}])


def test_without_the_variable_it_lies_in_the_platforms_folder(monkeypatch):
    monkeypatch.delenv("PRUNING_LAB_JOURNAL", raising=False)
    assert journal.journal_path().parts[-2:] == ("pruning_lab", "journal.json")


@pytest.mark.parametrize(
    "broken",
    [
        b'{"version": 1, "entr',
        b"",
        b"\xff\xfe\x00",
        b"[]",
        b'{"version": 1}',
        b'{"version": 1, "entries": [3]}',
        b"null",
        b"[" * 100_000,
    ],
)
def test_a_broken_journal_is_kept_aside_and_a_new_one_begun(path, broken):
    path.parent.mkdir()
    path.write_bytes(broken)
    assert journal.read() == []
    assert path.read_bytes() == broken
    said = journal.append("note", question="Why?")
    (aside,) = path.parent.glob("journal.broken-*.json")
    assert aside.read_bytes() == broken
    assert said == f"Saved in a new journal, {path}. The old one could not be read; it is kept as {aside.name}."
    assert [entry["question"] for entry in journal.read()] == ["Why?"]


def test_a_newer_journal_is_left_alone(path):
    path.parent.mkdir()
    path.write_text('{"version": 2, "entries": {"a": "new shape"}}', encoding="utf-8")
    before = path.read_bytes()
    for use in (journal.read, lambda: journal.append("note")):
        with pytest.raises(journal.JournalError) as caught:
            use()
        assert str(caught.value) == (
            f"{path} was written by a newer version of this course (journal version 2; this one knows 1). It was left "
            "as it is: update the course, or set PRUNING_LAB_JOURNAL to another file."
        )
    assert path.read_bytes() == before


def test_a_read_only_journal_is_left_alone(path, monkeypatch):
    journal.append("note", question="Why?")
    before = path.read_bytes()
    monkeypatch.setattr(os, "access", lambda *_: False)  # what everybody but root is told of a read-only file
    with pytest.raises(journal.JournalError, match="is read-only"):
        journal.append("note", question="And now?")
    assert path.read_bytes() == before


def test_a_link_stays_a_link_and_its_target_gets_the_notes(path):
    target = path.parent.parent / "synced" / "mine.json"
    path.parent.mkdir()
    path.symlink_to(target)  # to a file that is not there yet, in a folder that is not either
    assert journal.append("note", question="Why?") == f"Saved in {path}."
    journal.append("note", question="And now?")
    assert path.is_symlink()
    assert [entry["question"] for entry in json.loads(target.read_text())["entries"]] == ["Why?", "And now?"]
    assert len(journal.read()) == 2
    target.write_text("broken")
    journal.append("note", question="Again?")
    assert path.is_symlink()
    assert len(list(target.parent.glob("mine.broken-*.json"))) == 1
    assert [entry["question"] for entry in journal.read()] == ["Again?"]


def test_a_linked_folder_is_followed_too(path):
    target = path.parent.parent / "synced"
    target.mkdir()
    path.parent.symlink_to(target)
    journal.append("note", question="Why?")
    assert (target / "journal.json").is_file()


def test_the_tilde_is_the_home_folder(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PRUNING_LAB_JOURNAL", "~/notes/journal.json")
    assert journal.append("note", question="Why?") == f"Saved in {tmp_path / 'notes' / 'journal.json'}."
    assert not (tmp_path / "~").exists()
    assert journal.export("~/mine.md") == tmp_path / "mine.md"


@pytest.mark.parametrize(
    "text", ["half an emoji \ud83d", "\ude00 the other half", "both halves \ud83d\ude00", "\x00 and \u2028"]
)
def test_every_note_is_kept_whatever_its_characters(path, text):
    journal.append("note", question="before")
    assert journal.append("note", question=text) == f"Saved in {path}."
    journal.append("note", question="after")
    before, kept, after = (entry["question"] for entry in journal.read())
    assert (before, after) == ("before", "after")
    assert kept == text.encode("utf-16", "surrogatepass").decode("utf-16", "surrogatepass")  # halves that meet are one
    assert "before" in journal.export().read_text(encoding="utf-8")
    assert path.read_bytes().decode("utf-8")


@pytest.mark.parametrize("empty", ["", "  \n"])
def test_an_empty_reason_is_not_saved_as_one(path, empty):
    for kind in ("reason", "answer"):
        said = view.noted(kind, question="Why?", **{kind: empty})
        assert f">Not saved: The {kind} is empty. Write it first; then save.<" in said
        assert "data-saved" not in said  # so the browser keeps what is written
    assert journal.read() == []


def test_what_json_cannot_hold_is_said_and_changes_nothing(path):
    journal.append("note", question="Why?")
    before = path.read_bytes()
    with pytest.raises(
        journal.JournalError, match=r"^The entry holds what a journal cannot keep \(Object of type object"
    ):
        journal.append("note", question=object())
    assert path.read_bytes() == before


def test_a_folder_that_cannot_be_made_is_a_clear_error(tmp_path, monkeypatch):
    (tmp_path / "file").write_text("in the way", encoding="utf-8")
    monkeypatch.setenv("PRUNING_LAB_JOURNAL", str(tmp_path / "file" / "journal.json"))
    with pytest.raises(journal.JournalError, match=r"could not be written .* Nothing saved was lost"):
        journal.append("note", question="Why?")
    assert ">Not saved: " in view.noted("note")


def test_a_crash_before_the_rename_leaves_the_old_journal(path, monkeypatch):
    journal.append("note", question="first")

    def crash(*_paths):
        raise KeyboardInterrupt

    with monkeypatch.context() as crashing:
        crashing.setattr(os, "replace", crash)
        with pytest.raises(KeyboardInterrupt):
            journal.append("note", question="second")
    assert [entry["question"] for entry in journal.read()] == ["first"]
    assert {file.name for file in path.parent.iterdir()} <= {"journal.json", "journal.json.lock"}


# Imported by its path: the package around it would load torch, which takes seconds and is not needed here.
WRITER = f"""
import sys
from itertools import count
sys.path.insert(0, {str(Path(journal.__file__).parent)!r})
import journal
for n in count():
    journal.append("note", n=n)
    print(n, flush=True)
"""


def test_a_killed_writer_never_loses_a_confirmed_note(path):
    moment = random.Random(0)
    confirmed = 0
    for _ in range(20):
        writer = subprocess.Popen([sys.executable, "-c", WRITER], stdout=subprocess.PIPE, text=True)
        writer.stdout.readline()
        time.sleep(moment.uniform(0, 0.05))
        writer.kill()
        confirmed += 1 + len(writer.communicate()[0].splitlines())
        assert len(journal.read()) >= confirmed
    assert not list(path.parent.glob("*broken*"))


def _save_many(notebook):
    for number in range(20):
        journal.append("note", notebook=notebook, number=number)


def test_two_notebooks_at_once_lose_nothing(path):
    with ProcessPoolExecutor(2) as pool:
        list(pool.map(_save_many, ["left", "right"]))
    saved = {(entry["notebook"], entry["number"]) for entry in journal.read()}
    assert saved == {(notebook, number) for notebook in ("left", "right") for number in range(20)}


def test_the_export_is_readable_and_never_overwrites(path):
    journal.append("note", question="Why\n0.885?", evidence="", options=["a", "b"])
    first, second = journal.export(), journal.export()
    assert (first.name, second.name) == ("journal.md", "journal-2.md")
    text = first.read_text(encoding="utf-8")
    assert "- **question**: Why 0.885?\n- **options**: a; b\n" in text
    assert "evidence" not in text
    with pytest.raises(FileExistsError):
        journal.export(first)
    assert first.read_text(encoding="utf-8") == text
