"""What assignments share that grade a network from a file, under a budget."""

import pytest
import torch

from pruning_lab import data
from pruning_lab.homework.frame import budget


def test_accuracy_is_read_on_images_that_students_do_not_have_where_there_are_any():
    (images, labels), name = budget.images_of("test")
    shipped = {image.tobytes() for image in data.fashion_mnist("test")[0].numpy()}
    seen = sum(image.tobytes() in shipped for image in images.numpy())
    assert (name, seen) in [("test, not shipped", 0), ("test, as shipped", 5000)]
    assert len(labels) == len(images) >= 4990


@pytest.mark.parametrize(
    ("files", "message"),
    [(None, "files is not defined"), ({}, "net is missing: not written yet"), ({"net": b"1234"}, "net takes 4 bytes")],
)
def test_a_file_is_there_and_within_the_budget_or_the_student_is_told(files, message):
    with pytest.raises(AssertionError, match=message):
        budget.check_bytes(files, "net", 3)
    budget.check_bytes({"net": b"123"}, "net", 3)


def refused():
    raise AssertionError("too large")


def test_accuracy_counts_only_within_all_limits():
    network = torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(784, 10))
    torch.nn.init.zeros_(network[1].weight)
    torch.nn.init.constant_(network[1].bias, 0)
    budget.check_accuracy(network, [lambda: None], 0.1, "validation")
    with pytest.raises(AssertionError, match="accuracy counts only within both limits: too large"):
        budget.check_accuracy(network, [lambda: None, refused], 0.1, "validation")
    with pytest.raises(AssertionError, match=r"accuracy 0\.1000 on validation; 0\.11 is required"):
        budget.check_accuracy(network, [], 0.11, "validation")
    assert budget.on_test(network)["accuracy"] == pytest.approx(0.1, abs=0.01)


def test_networks_within_both_limits_come_first_then_the_most_accurate():
    marks = [{"within": False, "accuracy": 0.9}, {"within": True, "accuracy": 0.8}, {"within": True, "accuracy": 0.85}]
    assert [each["accuracy"] for each in sorted(marks, key=budget.rank)] == [0.85, 0.8, 0.9]
