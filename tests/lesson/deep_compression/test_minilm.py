"""MiniLM's 36 layers: what ships is what its weights give, and keeps what the lesson says of it."""

import pytest
from with_minilm import needs_minilm

from pruning_lab.lesson.deep_compression import bits, minilm

FREE = "pruned, places for nothing"
NUMBERS = (8, 4, 3, 2)


def test_every_layer_has_a_row_at_every_number_of_bits():
    rows = minilm.measured()
    layers = [f"blocks.{n}.{name}" for n in range(6) for name in ("q", "k", "v", "o", "up", "down")]
    assert [(row["source"], row["bits"]) for row in rows] == [(layer, number) for layer in layers for number in NUMBERS]


def test_integers_lead_in_every_layer_even_where_places_are_free():
    ahead = {number: layers for number, (_, layers) in minilm.tally(minilm.measured(), FREE).items()}
    assert ahead == dict.fromkeys(NUMBERS, 36)


def test_without_a_search_integers_lose_most_layers_at_3_bits():
    """The trap: the same integers, scaled by the largest weight."""
    unclipped = "integers, largest weight as the limit"
    rows = [row | {"integers": row[unclipped]} for row in minilm.measured()]
    ahead = [layers for _, layers in minilm.tally(rows, "pruned, places at the floor").values()]
    assert ahead[-1] == 0 < ahead[2] < 18 < ahead[1] < ahead[0] < 36


@needs_minilm
def test_what_ships_is_what_the_weights_give():
    weights = minilm.layer_weights()
    shipped = {(row["source"], row["bits"]): row for row in minilm.measured()}
    assert weights.keys() == {source for source, _ in shipped}
    for layer in ("blocks.0.k", "blocks.0.down"):  # one of light tails, and the one with the heaviest
        for row in minilm.layer_rows(layer, weights[layer]):
            assert row == pytest.approx(shipped[layer, row["bits"]], abs=0.011)


def test_measuring_again_writes_a_row_a_line(tmp_path, monkeypatch):
    path = tmp_path / "minilm.json"
    monkeypatch.setattr(minilm, "MEASURED", path)
    monkeypatch.setattr(minilm, "layer_weights", lambda: {"a": bits.bell_curves(size=500)["bell curve"]})
    minilm.measure_again()
    assert [row["bits"] for row in minilm.measured()] == list(NUMBERS)
    assert path.read_text().count("\n") == len(NUMBERS) + 2
