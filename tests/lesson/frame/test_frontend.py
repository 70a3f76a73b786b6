"""A lesson where notebooks are hosted: what a kernel notices there, and what a learner is told and shown."""

import base64
import re
import sys
from types import ModuleType, SimpleNamespace

import ipywidgets
import pytest
import torch

from pruning_lab import lesson
from pruning_lab.lesson.frame import doctor, download, frontend, guess, inquiry, journal, practice, predict, view
from pruning_lab.lesson.sparse_storage import explorer as storage
from pruning_lab.lesson.why_prune import explorer as patterns

VARIABLES = (
    ("KAGGLE_KERNEL_RUN_TYPE", "Kaggle"),
    ("BINDER_LAUNCH_HOST", "Binder"),
    ("CODESPACES", "GitHub Codespaces"),
    ("VSCODE_PID", "VS Code"),
    ("JUPYTERHUB_USER", "JupyterHub"),
)


@pytest.fixture(autouse=True)
def somebody(monkeypatch, tmp_path):
    """Somebody is there, with a journal of their own, at a computer that says nothing of its programs."""
    for name in ("PRUNING_LAB_UNATTENDED", "PRUNING_LAB_WIDGETS", "BINDER_SERVICE_HOST", "VSCODE_CWD"):
        monkeypatch.delenv(name, raising=False)
    for name, _ in VARIABLES:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("PRUNING_LAB_JOURNAL", str(tmp_path / "journal.json"))
    monkeypatch.setattr(doctor, "QUICK", ())


@pytest.fixture
def colab(monkeypatch):
    """A stand-in for what Colab's machines have; returns the list of what was switched on."""
    on = []
    google, module = ModuleType("google"), ModuleType("google.colab")
    google.__path__, module.__spec__ = [], SimpleNamespace(name="google.colab")
    google.__spec__ = SimpleNamespace(name="google", submodule_search_locations=[])
    output = SimpleNamespace(enable_custom_widget_manager=lambda: on.append("widgets"))
    monkeypatch.setitem(sys.modules, "google.colab.output", output)
    monkeypatch.setitem(sys.modules, "google", google)
    monkeypatch.setitem(sys.modules, "google.colab", module)
    return on


@pytest.fixture
def shown(monkeypatch):
    """The data of all that is displayed."""
    found = []

    def display(*objects, raw=False, **_metadata):
        found.extend(each if raw else {"text/html": getattr(each, "data", "")} for each in objects)

    for module in (view, guess, inquiry, predict, download):
        monkeypatch.setattr(module, "display", display)
    return found


def test_a_computer_that_says_nothing_has_controls():
    assert frontend.frontend().controls
    assert frontend.has_controls()


@pytest.mark.parametrize(("variable", "name"), VARIABLES)
def test_programs_that_say_who_they_are(monkeypatch, variable, name):
    monkeypatch.setenv(variable, "1")
    assert frontend.frontend().name == name
    assert doctor.shown_by().found == name


def test_colab_gets_its_custom_widgets_and_is_told_that_its_disk_goes(colab, capsys, shown):
    lesson.start("01")
    assert set(colab) == {"widgets"}  # anywidget asks for it as well
    said = capsys.readouterr().out
    assert "Google Colab: your journal is in " in said
    assert "call lesson.export_journal() before you leave" in said


def test_elsewhere_nothing_is_said(capsys, shown):
    lesson.start("01")
    assert len(capsys.readouterr().out.splitlines()) == 3


def test_a_terminal_shows_no_controls(monkeypatch):
    class TerminalInteractiveShell:
        pass

    monkeypatch.setattr("IPython.get_ipython", TerminalInteractiveShell)
    assert frontend.frontend().name == "IPython in a terminal"
    assert not frontend.has_controls()


class TestWithoutControls:
    """What a learner gets where no slider moves: the figure, the folded answer, the hints; never nothing."""

    @pytest.fixture(autouse=True)
    def none(self, monkeypatch):
        monkeypatch.setenv("PRUNING_LAB_WIDGETS", "0")

    def test_it_is_said_once_at_the_start(self, capsys, shown):
        lesson.start("01")
        assert capsys.readouterr().out.splitlines()[-1] == frontend.NO_CONTROLS

    def test_a_widget_is_its_twin_with_a_sentence(self, shown):
        view.show_widget(ipywidgets.HTML(), "what it is about", "<p>the twin</p>")
        (data,) = shown
        assert view.VIEW not in data
        assert "<p>the twin</p>" in data["text/html"]
        assert frontend.NO_CONTROLS in data["text/html"]
        assert data["text/plain"] == "what it is about"

    def test_an_explorer_is_its_plain_figure(self, monkeypatch):
        figures = []
        monkeypatch.setattr("pruning_lab.plots.show", lambda figure, alt: figures.append(alt))
        shown = patterns.explore_patterns(torch.eye(8))
        shown._ipython_display_()
        assert figures == [shown.alt]

    def test_a_guess_is_folded_and_saves_nothing(self, shown):
        with lesson.guess("Which?", ["a", "b"], topic="letters") as found:
            found.answer = "a"
        (data,) = shown
        assert "<details><summary>Guess first." in data["text/html"]
        assert journal.read() == []

    def test_a_prediction_is_folded(self, shown):
        lesson.predict("Which?", ["a", "b"], lambda: ("a", ["<p>seen</p>"]), topic="letters")
        assert "<details><summary>Answer first." in shown[0]["text/html"]
        assert "<p>seen</p>" in shown[0]["text/html"]

    def test_questions_about_a_picture_are_folded(self, shown):
        lesson.inquiry("01")
        assert "<details><summary>Look first." in shown[0]["text/html"]

    def test_a_reply_begins_as_a_sentence_does(self, shown):
        folded = inquiry._folded("Where?", "at the edge", {"at the edge": "Look."})
        assert folded.endswith("<summary>Look first. Then unfold.</summary>At the edge. Look.</details>")

    def test_hints_are_folded_one_by_one(self, shown):
        practice._offer(["look", "think", "write"])
        assert re.findall(r"<summary>(Hint \d)</summary>(\w+)", shown[0]["text/html"]) == [
            ("Hint 1", "look"),
            ("Hint 2", "think"),
            ("Hint 3", "write"),
        ]

    def test_the_doctor_says_so(self):
        assert doctor.shown_by().found.endswith("no controls work there")


def test_the_journal_is_a_link_that_holds_it(shown, tmp_path):
    journal.append("note", question="Why <b> & \ud83d?")
    written = lesson.export_journal(tmp_path / "mine & yours.md")
    ((name, data),) = re.findall(r'<a download="(.+?)" href="data:text/markdown;base64,(.+?)">', shown[0]["text/html"])
    assert name == "mine &amp; yours.md"
    assert base64.b64decode(data) == written.read_bytes()


def test_old_widgets_are_shown_as_well_as_new_ones(shown, monkeypatch):
    monkeypatch.delattr(ipywidgets.Widget, "_repr_mimebundle_", raising=False)  # ipywidgets 7 has none
    storage.explore_bytes((8, 8))._ipython_display_()
    assert set(shown[0][view.VIEW]) == {"version_major", "version_minor", "model_id"}
