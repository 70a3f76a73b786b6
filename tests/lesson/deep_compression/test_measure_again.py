"""Measuring again replaces what is named and keeps what is not; a network that no file suits is written down so."""

import json

import pytest

from pruning_lab.lesson.deep_compression import experiments, measure_again

OLD = {"rows": [{"network": "other", "bytes": 1}], "test": [{"network": "other", "line": None, "seeds": []}]}


def rows_of(network, seed, validation):
    row = {"network": network, "seed": seed, "sparsity": 0.9, "bits": 2, "bytes": 10, "validation": validation}
    dense = row | {"method": measure_again.AGAINST, "sparsity": 0.0, "bits": 32, "bytes": 1000, "validation": 0.9}
    return [dense, *(row | {"method": method} for method in measure_again.METHODS)]


@pytest.mark.parametrize(("validation", "seeds"), [(0.9, 3), (0.8, 0)])
def test_one_network_is_measured_and_the_others_stay(tmp_path, monkeypatch, validation, seeds):
    path = tmp_path / "measured.json"
    path.write_text(json.dumps(OLD))
    monkeypatch.setattr(experiments, "MEASURED", path)
    monkeypatch.setattr(experiments, "compress_network", lambda net, seed, folder: rows_of(net, seed, validation))
    monkeypatch.setattr(experiments, "_test_of", lambda row, folder: row["validation"])
    measure_again.measure_again(["net"])
    found = json.loads(path.read_text())
    assert [row["network"] for row in found["rows"]] == ["other"] + ["net"] * 9
    assert [(read["network"], len(read["seeds"])) for read in found["test"]] == [
        ("other", 0),
        ("net", seeds),
        ("net", seeds),
    ]
    assert (found["test"][1]["line"] is None) == (seeds == 0)
