"""Lesson 08's layers of MiniLM: what a layer reads, and that few texts are fitted better than met again."""

import pytest
import torch

from pruning_lab.lesson.beyond_magnitude import glosses
from pruning_lab.lesson.beyond_magnitude.experiments import measured
from pruning_lab.models import MiniLM


def test_what_a_layer_reads_comes_text_by_text(monkeypatch):
    torch.manual_seed(0)
    ids = torch.randint(0, 50, (3, 4))
    mask = torch.arange(4) < torch.tensor([[4], [1], [2]])
    monkeypatch.setattr(glosses, "wordpiece", lambda: lambda texts: (ids, mask))
    model = MiniLM(blocks=2, dim=16, heads=4, width=32, vocabulary=50, head_dim=4).eval().requires_grad_(False)
    inputs, pieces = glosses.read_by(model, "blocks.0.q", ["a", "b", "c"])
    assert pieces.tolist() == [4, 1, 2]
    assert (inputs.shape, inputs.dtype) == ((7, 16), torch.float64)
    second = model.norm(model.words(ids[1:2, :1]) + model.places.weight[:1] + model.kinds.weight[0])
    torch.testing.assert_close(inputs[4], second[0, 0].double(), rtol=1e-5, atol=1e-6)


def test_few_texts_are_fitted_and_many_are_met_again():
    generator = torch.Generator().manual_seed(0)
    mix = torch.randn(24, 24, dtype=torch.float64, generator=generator)
    inputs, others = (torch.randn(n, 24, dtype=torch.float64, generator=generator) @ mix for n in (2000, 500))
    weight = torch.randn(6, 24, dtype=torch.float64, generator=generator)
    magnitude, *rest = glosses.by_glosses(weight, inputs, others, {2: 12, 300: 2000})
    assert [(one.method, one.samples) for one in rest] == [
        ("Wanda", 2),
        ("SparseGPT", 2),
        ("Wanda", 300),
        ("SparseGPT", 300),
    ]
    few, many = rest[1], rest[3]
    assert few.inside < 0.5 * few.outside
    assert many.inside == pytest.approx(many.outside, rel=0.2)
    assert many.outside < few.outside
    assert many.outside < magnitude.outside


def test_what_was_measured_has_every_layer_at_every_size():
    rows = measured()["glosses"]
    assert {row["layer"] for row in rows} == set(glosses.LAYERS)
    assert len(rows) == len(glosses.LAYERS) * (1 + 2 * len(glosses.SIZES))
