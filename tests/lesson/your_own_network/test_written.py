"""Lesson 10's networks to choose from are cut as they say, and a claim needs its number and its limits."""

import pytest
import torch

from pruning_lab import measure, models
from pruning_lab.lesson.your_own_network import experiments
from pruning_lab.lesson.your_own_network.written import Claim, write_claim

CLAIM = Claim("It is 2 times as fast.", "compare, 30 rounds, one machine", "Nothing about other machines.")


def test_a_claim_is_printed_in_the_form_of_the_course(capsys):
    write_claim(CLAIM)
    assert capsys.readouterr().out.splitlines()[:2] == ["[[claim]]", 'statement = "It is 2 times as fast."']


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"statement": "It is much faster than it was."}, "statement must hold a number"),
        ({"limits": "none"}, "limits must say something, in 4 words or more; got 'none'"),
        ({"evidence": ""}, "evidence must say something"),
    ],
)
def test_a_claim_that_says_too_little_is_refused(change, words):
    with pytest.raises(ValueError, match=words):
        write_claim(CLAIM._replace(**change))


def test_candidates_have_the_channels_and_the_work_that_they_say():
    pictures, network = experiments.fashion("train", 100), models.lenet5()
    [half] = experiments.smaller_networks(network, [0.5], pictures, pictures)
    assert half.network.conv1.out_channels == 10
    assert half.work == measure.macs(half.network, pictures[0][:1]) / measure.macs(network, pictures[0][:1])


def test_the_network_to_begin_with_is_the_same_each_time():
    pictures = experiments.fashion("train", 100)
    one, other = (experiments.trained_lenet(pictures, epochs=1) for _ in range(2))
    assert torch.equal(one.fc1.weight, other.fc1.weight)
