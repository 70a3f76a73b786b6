"""Measuring again replaces what is named and keeps what is not, and goes on where it was stopped; a network that no
file suits is written down so.
"""

import json

import pytest

from pruning_lab.lesson.deep_compression import experiments, measure_again

OLD = {"rows": [{"network": "other", "bytes": 1}], "test": [{"network": "other", "line": None, "seeds": []}]}


def rows_of(network, seed, validation):
    row = {"network": network, "seed": seed, "sparsity": 0.9, "bits": 2, "bytes": 10, "validation": validation}
    dense = row | {"method": measure_again.AGAINST, "sparsity": 0.0, "bits": 32, "bytes": 1000, "validation": 0.9}
    return [dense, *(row | {"method": method} for method in measure_again.METHODS)]


@pytest.fixture
def written(tmp_path, monkeypatch):
    """The file of what was measured, in a folder of its own; test says what validation said."""
    path = tmp_path / "measured.json"
    path.write_text(json.dumps(OLD))
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(experiments, "MEASURED", path)
    monkeypatch.setattr(experiments, "_test_of", lambda row, folder: row["validation"])
    return path


@pytest.mark.parametrize(("validation", "seeds"), [(0.9, 3), (0.8, 0)])
def test_one_network_is_measured_and_the_others_stay(written, monkeypatch, validation, seeds):
    monkeypatch.setattr(experiments, "compress_network", lambda net, seed, folder: rows_of(net, seed, validation))
    measure_again.measure_again(["net"])
    found = json.loads(written.read_text())
    assert [row["network"] for row in found["rows"]] == ["other"] + ["net"] * 9
    assert [(read["network"], len(read["seeds"])) for read in found["test"]] == [
        ("other", 0),
        ("net", seeds),
        ("net", seeds),
    ]
    assert (found["test"][1]["line"] is None) == (seeds == 0)


def test_what_was_stopped_goes_on_after_the_last_whole_seed(written, monkeypatch):
    begun = []

    def compress_network(network, seed, folder):
        begun.append(seed)
        if begun == [0, 1]:
            raise KeyboardInterrupt
        return rows_of(network, seed, 0.9)

    monkeypatch.setattr(experiments, "compress_network", compress_network)
    with pytest.raises(KeyboardInterrupt):
        measure_again.measure_again(["net"])
    assert json.loads(written.read_text()) == OLD
    measure_again.measure_again(["net"])
    assert begun == [0, 1, 1, 2]
    assert [row["seed"] for row in json.loads(written.read_text())["rows"][1:]] == [0] * 3 + [1] * 3 + [2] * 3
    assert not (measure_again.UNFINISHED / "net").exists()
