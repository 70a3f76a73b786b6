"""One way to hold every table of bad input: the exact exception and the exact sentence.

`python tests/bad_input.py` prints the tables of all test modules as one.
"""

import re
from importlib import import_module
from pathlib import Path

import pytest

TESTS = Path(__file__).parent


def bad_input_test(cases):
    """Return a test over rows of (id, callable without arguments, exception, its full message)."""

    @pytest.mark.parametrize(("call", "kind", "message"), [case[1:] for case in cases], ids=[case[0] for case in cases])
    def test_bad_input(call, kind, message):
        with pytest.raises(kind) as caught:
            call()
        assert caught.type is kind  # pytest.raises would take a subclass as well
        assert str(caught.value) == message

    return test_bad_input


def every_case():
    """Return {test module: its BAD_INPUT}, of all test modules that have one, in whichever folder."""
    paths = [path for path in sorted(TESTS.rglob("test_*.py")) if has_table(path.read_text(encoding="utf-8"))]
    names = [".".join(path.relative_to(TESTS).with_suffix("").parts) for path in paths]
    return {name: import_module(name).BAD_INPUT for name in names}


def has_table(source):
    """Tell it from the source: importing every module, those of the browser too, would take long."""
    return re.search(r"^BAD_INPUT = ", source, re.MULTILINE) is not None


if __name__ == "__main__":
    for name, cases in every_case().items():
        print(f"{name}: {len(cases)}")
        for case, _, kind, message in cases:
            print(f"    {case}\n        {kind.__name__}: {message}")
    print(f"{sum(map(len, every_case().values()))} cases")
