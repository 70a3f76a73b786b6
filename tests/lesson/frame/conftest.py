"""A journal of its own for every test that asks for one, a person at the keyboard, and what a call displays."""

import pytest

from pruning_lab.lesson.frame import explorer, guess, inquiry, practice, predict, research, storyboard


@pytest.fixture
def path(tmp_path, monkeypatch):
    """Where the journal is."""
    path = tmp_path / "journal.json"
    monkeypatch.setenv("PRUNING_LAB_JOURNAL", str(path))
    return path


@pytest.fixture
def attended(monkeypatch):
    monkeypatch.delenv("PRUNING_LAB_UNATTENDED", raising=False)


@pytest.fixture
def shown(monkeypatch):
    """The (widget, text) pairs that a call displays."""
    pairs = []
    for module in (explorer, guess, inquiry, practice, predict, research, storyboard):
        monkeypatch.setattr(module, "show_widget", lambda widget, text, *_twin, **_about: pairs.append((widget, text)))
    return pairs
