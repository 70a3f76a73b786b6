"""What lateness costs."""

from datetime import UTC, datetime, timedelta

import pytest

from pruning_lab.homework.frame.downloads import Origin
from pruning_lab.homework.frame.late import Late, read_policy

TABLE = """due = 2026-11-20T12:00:00Z
[late]
1 = 0.1
3 = 0.5
7 = 1
[granted]
"Ann Lee" = 2
[days]
s7 = 3
bo = 0
"""
DUE = datetime(2026, 11, 20, 12, tzinfo=UTC)


@pytest.fixture
def policy(tmp_path):
    """A function that reads a table as a policy."""

    def read(text=TABLE):
        (tmp_path / "policy.toml").write_text(text)
        return read_policy(tmp_path / "policy.toml")

    return read


@pytest.mark.parametrize(
    ("names", "origin", "late"),
    [
        (["x"], None, None),
        (["x"], Origin(handed_in=DUE), None),
        (["x"], Origin(handed_in=DUE + timedelta(seconds=1)), Late(1, 0, 0.1)),
        (["x"], Origin(handed_in=DUE + timedelta(days=1)), Late(1, 0, 0.1)),
        (["x"], Origin(handed_in=DUE + timedelta(days=2.5)), Late(3, 0, 0.5)),
        (["x"], Origin(handed_in=DUE + timedelta(days=90)), Late(90, 0, 1)),
        (["x", "ann lee"], Origin(handed_in=DUE + timedelta(days=2)), Late(2, 2, 0)),
        (["x", "Ann Lee"], Origin(handed_in=DUE + timedelta(days=3)), Late(3, 2, 0.1)),
        (["x"], Origin(handed_in=datetime(2026, 11, 20, 13)), Late(1, 0, 0.1)),  # a clock without a zone
        (["x"], Origin(late=True), Late(None)),
        (["S7"], Origin(late=True), Late(3, 0, 0.5)),
        (["bo"], Origin(late=True), None),  # what a person says holds
    ],
)
def test_days_share_and_extension(policy, names, origin, late):
    assert policy().late(names, origin) == late


def test_it_is_said_to_the_student():
    assert str(Late(3, 2, 0.1)) == "3 days late, 2 of them granted: 10 % of the points go."
    assert str(Late(1, 0, 0)) == "1 day late."
    assert str(Late(None)) == "Handed in late."


def test_without_a_table_nothing_is_taken(policy):
    assert policy("").late(["x"], Origin(handed_in=DUE)) is None
    assert policy("").late(["x"], Origin(late=True)) == Late(None)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[late]\n1 = 10", r"1 must be a number in \[0, 1\]; got 10"),
        ("[late]\nmany = 0.1", r"days must be a number in \[1, 1000\]; got 'many'"),
        ("[granted]\nann = 'two'", r"ann must be a number in \[0, 1000\]; got 'two'"),
        (
            "[penalty]\n1 = 0.1",
            r"POLICY must have nothing but due, \[late\], \[granted\] and \[days\]; got \['penalty'\]",
        ),
        ("due = 2026-11-20", "due must be a day and a time"),
        ("late", "POLICY must be a table in TOML"),
        ("[late]\n1 = true", r"1 must be a number"),
        ("late = 3", r"POLICY must have \[late\] as a table"),
    ],
)
def test_a_table_that_cannot_be_is_refused(policy, text, message):
    with pytest.raises(ValueError, match=message):
        policy(text)
