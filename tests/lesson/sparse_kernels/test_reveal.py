"""Lesson 04's reveals: tables with a control, and options that follow what was measured."""

import numpy as np
import pytest

from pruning_lab.lesson.sparse_kernels import experiments, reveal

SMALL = {"AlexNet FC6": ((64, 96), 0.09), "VGG-16 FC8": ((32, 48), 0.23)}


def test_a_race_on_small_layers_has_a_control_and_a_table():
    races = {name: experiments.race_layer(*layer, batch=1, repeats=2) for name, layer in SMALL.items()}
    assert [row.name for row in races["AlexNet FC6"].rows[1:]] == ["sparse", "sparse again"]
    table = reveal.race_table(races, 1)
    assert table.count("<tr>") == 1 + len(SMALL) + 1
    assert "2.45" in table  # 7516.2 / 3066.5, the paper's Core i7 on FC6
    axes = reveal.race_picture(races, 1)
    assert [" ".join(text.get_text().split()) for text in axes.get_xticklabels()] == [
        "AlexNet FC6 9% kept",
        "VGG-16 FC8 23% kept",
    ]


@pytest.mark.parametrize(("mean", "answer"), [(0.5, "slower"), (2.0, "faster")])
def test_the_race_reveal_answers_with_the_range_of_the_mean(monkeypatch, mean, answer):
    races = {name: experiments.race_layer(*layer, batch=4, repeats=1) for name, layer in SMALL.items()}
    monkeypatch.setattr(reveal, "race_layers", lambda batch: races)
    monkeypatch.setattr(reveal, "speed_up", lambda _races: mean)
    found, (picture, table) = reveal.race_reveal(64, {"slower": (0, 1), "faster": (1, np.inf)})()
    assert found == answer
    assert picture.startswith("<img alt=")
    assert table.startswith("<table>")


@pytest.mark.parametrize(
    ("slow", "answer"), [((), "none"), (("sparse",), "sparse only"), (("dense", "sparse"), "another")]
)
def test_the_zeros_reveal_finds_who_got_faster(slow, answer):
    """`slow` names the products that take ten times as long with all weights."""

    def work(loops):
        return lambda: sum(range(loops))

    def calls(name):
        return work(30_000 if name in slow else 3_000), work(30_000 if name in slow else 3_000), work(3_000)

    options = {"none": [], "sparse only": ["sparse"], "another": None}
    ask = reveal.zeros_reveal({name: calls(name) for name in ("dense", "sparse")}, options, repeats=9)
    assert ask()[0] == answer
