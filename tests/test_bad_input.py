"""The tables of bad input, taken together: enough of them, each case once, each message in the house's form."""

import re

import pytest
from bad_input import every_case

CASES = every_case()


def test_there_are_at_least_sixty():
    assert sum(map(len, CASES.values())) >= 60


def test_tables_are_found_in_every_folder():
    assert {"test_masks", "lesson.frame.test_curves", "lesson.why_prune.test_explorer"} <= CASES.keys()


@pytest.mark.parametrize("module", CASES)
def test_each_case_is_named_once(module):
    names = [case[0] for case in CASES[module]]
    assert sorted(set(names)) == sorted(names)


@pytest.mark.parametrize("module", CASES)
def test_each_message_says_what_must_hold_and_what_came(module):
    rule = re.compile(r"[^;]+ must .+; got .+", re.DOTALL)
    about_arguments = [message for *_, kind, message in CASES[module] if kind in (TypeError, ValueError)]
    assert [message for message in about_arguments if not rule.fullmatch(message)] == []
