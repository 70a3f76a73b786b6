"""One way to hold every exercise: the right answer passes, the stub is not started, each wrong answer is told why."""

import re

import pytest

from pruning_lab import lesson

HINTS = ("a nudge", "a push", "nearly the answer")


def exercise_tests(right, wrong):
    """Return three tests over rows of (checker, right answer) and of (checker, wrong answer, part of the message)."""

    @pytest.mark.parametrize(("checker", "answer"), right, ids=[checker.__name__ for checker, _ in right])
    def test_right(checker, answer, capsys):
        lesson.practice(checker, answer, *HINTS)
        assert f"{answer.__name__}: correct on every case tried." in capsys.readouterr().out

    @pytest.mark.parametrize("checker", [checker for checker, _ in right], ids=lambda checker: checker.__name__)
    def test_untouched(checker, capsys):
        def stub(*_arguments):
            return ...

        lesson.practice(checker, stub, *HINTS)
        assert "not started yet" in capsys.readouterr().out

    @pytest.mark.parametrize(("checker", "answer", "reason"), wrong, ids=[reason for _, _, reason in wrong])
    def test_wrong(checker, answer, reason):
        with pytest.raises(AssertionError, match=re.escape(reason)):
            lesson.practice(checker, answer, *HINTS)

    return test_right, test_untouched, test_wrong
