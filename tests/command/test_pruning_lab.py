"""The command `pruning-lab`: what it does, and what it says where it cannot."""

import subprocess
import sys

import pytest

from pruning_lab import command
from pruning_lab.command import copies, lab
from pruning_lab.lesson.frame import journal
from pruning_lab.places import NOTEBOOKS

COMMANDS = ("lab", "notebooks", "doctor", "journal", "audit", "calibration", "verify")


def called(capsys, *arguments):
    """Return the exit status, and what was printed to the one and to the other."""
    try:
        status = command.main(list(map(str, arguments)))
    except SystemExit as ended:
        status = ended.code
    printed = capsys.readouterr()
    return status, printed.out, printed.err


@pytest.fixture
def own_journal(monkeypatch, tmp_path):
    monkeypatch.setenv("PRUNING_LAB_JOURNAL", str(tmp_path / "journal.json"))
    return tmp_path / "journal.json"


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_has_help_with_an_example(capsys, name):
    status, said, _ = called(capsys, name, "--help")
    assert status == 0
    assert f"Example: pruning-lab {name}" in said


def test_help_lists_every_command(capsys):
    assert [name for name in COMMANDS if name not in called(capsys, "--help")[1]] == []


@pytest.mark.parametrize("arguments", [[], ["lap"], ["notebooks"], ["journal", "import"], ["doctor", "me"]])
def test_a_mistake_is_said_in_one_sentence(capsys, arguments):
    status, out, err = called(capsys, *arguments)
    assert (status, out, err.count("\n")) == (2, "", 1)
    assert "--help` shows how it is called" in err


def test_notebooks_are_written(capsys, tmp_path):
    assert called(capsys, "notebooks", tmp_path / "x") == (0, f"The lessons are in {tmp_path / 'x'}.\n", "")
    assert {path.name for path in NOTEBOOKS.glob("*.ipynb")} <= {path.name for path in (tmp_path / "x").glob("*")}


def test_a_folder_that_is_a_file(capsys, tmp_path):
    (tmp_path / "x").write_text("")
    status, out, err = called(capsys, "notebooks", tmp_path / "x")
    assert (status, out) == (2, "")
    assert err.startswith(f"{tmp_path / 'x'} must be a place that can be written; got: ")


def test_a_full_disk_leaves_no_half_notebook(capsys, tmp_path, monkeypatch):
    def full(_descriptor):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("pruning_lab.files.os.fsync", full)
    status, _, err = called(capsys, "notebooks", tmp_path)
    assert (status, err) == (2, f"{tmp_path} must be a place that can be written; got: No space left on device.\n")
    assert list(tmp_path.iterdir()) == []


def test_lab_on_the_clones_own_notebooks_writes_nothing(capsys, monkeypatch):
    monkeypatch.setattr(lab, "run", lambda folder: 0)
    assert called(capsys, "lab", NOTEBOOKS) == (0, "", "")
    assert not (NOTEBOOKS / copies.RECORD).exists()


def test_without_jupyterlab_the_lessons_are_there_all_the_same(capsys, tmp_path, monkeypatch):
    monkeypatch.setattr(lab, "find_spec", lambda name: None)
    status, _, err = called(capsys, "lab", tmp_path / "x")
    assert (status, err.count("\n")) == (2, 1)
    assert 'pip install "pruning-lab[lab]"' in err
    assert (tmp_path / "x" / "01-why-prune.ipynb").exists()


def test_lab_answers(capsys, tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    status, out, err = called(capsys, "lab", tmp_path / "x", "--check")
    assert (status, err) == (0, "")
    assert "JupyterLab answered after" in out


def test_a_lab_that_ends_says_its_last_words(capsys, tmp_path, monkeypatch):
    monkeypatch.setattr(lab, "command", lambda folder: [sys.executable, "-c", "raise SystemExit('no port')"])
    status, _, err = called(capsys, "lab", tmp_path, "--check")
    assert (status, err) == (2, "JupyterLab did not answer. Its last words: no port\n")


def test_the_journal_is_written_as_markdown_once(capsys, own_journal, tmp_path):
    journal.append("note", question="Why?")
    assert called(capsys, "journal", "export", tmp_path / "n.md") == (0, f"Written to {tmp_path / 'n.md'}.\n", "")
    assert "Why?" in (tmp_path / "n.md").read_text(encoding="utf-8")
    status, _, err = called(capsys, "journal", "export", tmp_path / "n.md")
    assert (status, err) == (2, f"{tmp_path / 'n.md'} must be a new file; got one that is there already.\n")


def test_a_journal_that_cannot_be_read(capsys, own_journal):
    own_journal.write_text('{"version": 99, "entries": []}')
    for arguments in (["journal", "export"], ["calibration"]):
        status, _, err = called(capsys, *arguments)
        assert (status, err.count("\n")) == (2, 1)
        assert "newer version" in err


def test_calibration_in_words_and_as_a_picture(capsys, own_journal, tmp_path):
    assert called(capsys, "calibration")[0] == 2
    journal.append("prediction", question="q", choice="a", answer="a", topic="time", confidence="sure")
    journal.append("observation", question="q?", answer="a", observation="it moved")
    status, out, _ = called(capsys, "calibration", tmp_path / "mine.png")
    assert status == 0
    assert "time: 1 of 1 right" in out
    assert "q? Measured: a. You saw: it moved\n" in out
    assert (tmp_path / "mine.png").read_bytes()[1:4] == b"PNG"


def test_the_package_is_called_as_well():
    done = subprocess.run([sys.executable, "-m", "pruning_lab", "lap"], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (2, "")
    assert "invalid choice: 'lap'" in done.stderr
