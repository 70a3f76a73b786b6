"""Only plain values cross from a submission to the grader."""

import io
import json
import re
from collections import OrderedDict, defaultdict
from typing import NamedTuple

import hostile_class
import numpy as np
import pytest

from pruning_lab.homework.frame import answers
from pruning_lab.homework.frame.sandbox.inside import wire


def test_an_answer_crosses_as_plain_values():
    value = {"a": [1, 2.5, None, "x", (True,)], 3: np.arange(4, dtype=np.uint16), "z": np.float32(2)}
    back = answers.plain(value)
    assert back["a"] == [1, 2.5, None, "x", (True,)]
    assert back[3].dtype == np.uint16
    assert back["z"] == 2.0


@pytest.mark.parametrize("value", [object(), lambda: 0, np.array([object()]), {1: {2}}, hostile_class.add("")])
def test_nothing_else_crosses(value):
    with pytest.raises(TypeError, match="an answer must be made of"):
        answers.plain(value)


class Pair(NamedTuple):
    first: float
    second: float


class Endless(list):
    def __iter__(self):
        while True:
            yield 1


class Growing(dict):
    def items(self):
        while True:
            yield 1, 1


@pytest.mark.parametrize(
    ("value", "crosses"),
    [
        (Pair(1.0, 2.0), (1.0, 2.0)),
        (OrderedDict(a=1), {"a": 1}),
        (defaultdict(list, a=[1]), {"a": [1]}),
        (Endless([1, 2]), [1, 2]),
        (Growing(a=1), {"a": 1}),
    ],
)
def test_what_is_made_from_a_list_or_a_dict_crosses_as_what_it_holds(value, crosses):
    got = answers.plain(value)
    assert (type(got), got) == (type(crosses), crosses)


def test_instances_are_the_same_for_a_class_and_different_elsewhere(monkeypatch):
    monkeypatch.delenv("PRUNING_LAB_INSTANCES", raising=False)
    assert answers.instances().random() != answers.instances().random()
    monkeypatch.setenv("PRUNING_LAB_INSTANCES", "5")
    assert answers.instances().random() == np.random.default_rng(5).random()
    assert answers.instances(3).random() == np.random.default_rng(3).random()


def hostile_list():
    value = []
    value.append(value)
    return value


class Number(int):
    __eq__ = lambda self, other: True  # noqa: E731
    __hash__ = int.__hash__


class Array(np.ndarray):
    def __eq__(self, other):
        return np.ones(self.shape, bool)


@pytest.mark.parametrize(
    ("value", "phrase"),
    [
        (hostile_list(), "does a list hold itself?"),
        pytest.param(10**10_000, "at most 64 bits", id="long"),
        ([0] * 10**6, "less than 200,000 parts"),
        (range(10**15), "less than 200,000 parts"),
        (np.broadcast_to(np.zeros(1), (10**9,)), "less than 64 MB"),
        ([np.zeros(10**7, bool)] * 300, "less than 64 MB"),
        ("x" * 10**7, "less than 64 MB"),
        (Number(3), "got Number"),
        (np.zeros(3).view(Array), "got Array"),
        (np.zeros(3, "datetime64[s]"), "got datetime64"),
        (np.array(["a"]), "got <U1"),
        (..., "replace the ..."),
    ],
)
def test_an_answer_that_would_harm_the_grader_is_refused_in_a_sentence(value, phrase):
    with pytest.raises(TypeError, match=re.escape(phrase)):
        wire.pack(value)


def test_half_of_an_emoji_becomes_a_sign():
    assert answers.plain(["a\ud83d", {"\udfff": 1}]) == ["a?", {"?": 1}]


def told(tree, shapes=(), content=b""):
    text = (tree if isinstance(tree, str) else json.dumps([tree, list(shapes)])).encode()
    return len(text).to_bytes(4, "big") + text + content


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\xff" * 100,
        told("[" * 100_000),
        told('[["scalar", ' + "9" * 10_000 + "], []]"),
        told(["scalar", 2**64]),
        told(["scalar", [1]]),
        told(["array", False], [["<f8", [10**9]]]),
        told(["array", False], [["<f8", [-1]]]),
        told(["array", False], [["<f8", [2**40, 0]]]),
        told(["array", False], [["|O8", [1]]], bytes(8)),
        told(["array", False], [["|V8", [1]]], bytes(8)),
        told(["array", False], [[",0ui", [1]]], bytes(8)),
        told(["array", False], [[8, [1]]], bytes(8)),
        told(["list", [["array", False]] * 2], [["|b1", [1]]], bytes(1)),
        told(["dict", [[["list", []], ["scalar", 1]]]]),
        told(["object", []]),
        told([["list"], []]),
        told(["array", False], [["<f8", [1] * 40]], bytes(8)),
    ],
)
def test_a_forged_message_is_refused_before_anything_is_made_of_it(content):
    with pytest.raises(ValueError):  # noqa: PT011
        wire.unpack(content)


def test_a_message_that_says_it_is_large_is_not_read():
    with pytest.raises(ValueError, match="less than 64000000 bytes"):
        wire.receive(io.BytesIO((10**13).to_bytes(8, "big")))
    with pytest.raises(EOFError):
        wire.receive(io.BytesIO(b"123"))


def test_an_array_crosses_with_its_bytes_and_its_order():
    value = {"t": np.arange(12).reshape(3, 4).T, "e": np.zeros((0, 3)), "big": np.array([1, 2], ">i2"), "n": np.True_}
    back = answers.plain(value)
    assert all(np.array_equal(value[name], back[name]) for name in ("t", "e", "big"))
    assert back["big"].dtype == ">i2"
    assert back["n"] is True
    back["t"][0] = 9  # it is a copy, and can be written
