"""One way to hold every table of bad input: the exact exception and the exact sentence."""

import pytest


def bad_input_test(cases):
    """Return a test over rows of (id, callable without arguments, exception, its full message)."""

    @pytest.mark.parametrize(("call", "kind", "message"), [case[1:] for case in cases], ids=[case[0] for case in cases])
    def test_bad_input(call, kind, message):
        with pytest.raises(kind) as caught:
            call()
        assert caught.type is kind  # pytest.raises would take a subclass as well
        assert str(caught.value) == message

    return test_bad_input
