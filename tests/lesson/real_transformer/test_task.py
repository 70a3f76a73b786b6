"""Lesson 07's four measures, on embeddings whose answers can be done in one's head."""

import pytest
import torch
import torch.nn.functional as F

from pruning_lab.lesson.real_transformer import task
from pruning_lab.lesson.real_transformer.results import differences


def made(seed=0, count=30, dim=8, noise=0.0):
    torch.manual_seed(seed)
    words = F.normalize(torch.randn(count, dim), dim=1)
    return task.Embeddings(F.normalize(words + noise * torch.randn(count, dim), dim=1), words)


def test_a_word_is_found_if_no_other_is_nearer():
    corners = torch.eye(3)
    assert task.found(task.Embeddings(corners, corners)).tolist() == [1, 1, 1]
    assert task.found(task.Embeddings(corners, corners[[1, 0, 2]])).tolist() == [0, 0, 1]


def test_neighbours_leave_out_the_row_itself_and_do_not_mind_a_turn_of_the_space():
    rows = made().glosses
    turn = torch.linalg.qr(torch.randn(8, 8)).Q
    assert task.neighbours_kept(rows @ turn, rows).tolist() == [1.0] * 30
    assert (task.nearest(rows, 3) != torch.arange(30)[:, None]).all()
    three = torch.tensor([[1.0, 0, 0], [0.8, 0.6, 0], [0, 0.6, 0.8]])  # the middle one is nearest to the first
    assert task.neighbours_kept(three, three[[2, 1, 0]], k=1).tolist() == [1.0, 0.0, 1.0]


def test_a_classifier_never_reads_what_it_has_learned():
    """With as many dimensions as rows it could learn every row by heart; classes dealt at random stay at chance."""
    torch.manual_seed(1)
    rows, classes = F.normalize(torch.randn(400, 300), dim=1), torch.randint(4, (400,))
    assert task.classified(rows, rows, classes).mean() < 0.4


def test_the_old_classifier_loses_what_a_new_one_keeps_when_the_space_turns():
    torch.manual_seed(2)
    classes = torch.arange(200) % 4
    rows = F.normalize(torch.eye(8)[classes] + 0.3 * torch.randn(200, 8), dim=1)
    turned = rows @ torch.linalg.qr(torch.randn(8, 8)).Q
    assert task.classified(turned, turned, classes).mean() > 0.9
    assert task.classified(rows, turned, classes).mean() < 0.6


def test_an_interval_holds_the_mean_and_is_as_wide_as_the_textbook_says():
    values = (torch.arange(1500) % 4 == 0).float()
    low, high = task.interval(values)
    assert low < 0.25 < high
    assert high - low == pytest.approx(2 * 1.96 * (0.25 * 0.75 / 1500) ** 0.5, rel=0.1)


def test_differences_are_taken_noun_by_noun():
    before = task.Scores(*[torch.tensor([1.0, 0, 1, 0] * 25)] * 4)
    for mean, low, high in differences(before, before).values():
        assert (mean, low, high) == (0, 0, 0)


def test_one_of_each_kind_is_the_first_of_its_kind():
    words = torch.eye(4)
    whole = task.Embeddings(words[[1, 1, 2, 3]], words)  # 0 is lost by both
    thinned = task.Embeddings(words[[1, 1, 0, 3]], words)  # and 2 by this one
    assert task.one_of_each(whole, thinned) == [1, 2, 0]
