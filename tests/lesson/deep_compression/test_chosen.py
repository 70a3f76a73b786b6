"""What was chosen is told with the numbers that were read; where nothing was, it is told how far one came."""

from pruning_lab.lesson.deep_compression import chosen


def row(method, bits, size, validation):
    about = {"network": "net", "seed": 0, "method": method, "sparsity": 0.9}
    return about | {"bits": bits, "bytes": size, "validation": validation}


ROWS = [
    row("dense", 32, 1000, 0.8),
    row("dense, trained as long", 32, 1000, 0.9),
    row("pipeline", 2, 20, 0.79),
    row("pipeline", 3, 25, 0.80),
    row("pipeline", 4, 40, 0.81),
]


def test_a_chosen_file_is_told_with_its_losses_on_test():
    line = {"sparsity": 0.9, "bits": 3, "ratio": 40.0, "change": -0.25}
    seeds = [{"dense": 0.8, "longer": 0.81, "compressed": 0.805}, {"dense": 0.8, "longer": 0.8, "compressed": 0.79}]
    read = {"network": "net", "method": "pipeline", "line": line, "seeds": seeds}
    assert chosen.in_words(read, ROWS) == [
        "net, pipeline: 90 % pruned, 3 bits, 40.0 times smaller",
        "   validation -0.25 points on average",
        "   test, against the dense one trained as long: -0.50 -1.00",
        "   test, against the dense one it came from: +0.50 -1.00",
    ]


def test_where_none_would_do_both_dense_networks_are_named():
    read = {"network": "net", "method": "pipeline", "line": None, "seeds": []}
    assert chosen.in_words(read, ROWS) == [
        "net, pipeline: no file would do",
        "   within half a point of the dense one trained as long: 0 of 3",
        "   within half a point of the dense one it came from: 2 of 3, up to 40.0 times smaller",
    ]
