"""Lesson 08's heads: which go by each rule, and that none of them is read any more; on a small network."""

import pytest
import torch

from pruning_lab.lesson.beyond_magnitude import heads
from pruning_lab.models import MiniLM

SIZE, HEADS = 4, 6


@pytest.fixture
def model(monkeypatch):
    torch.manual_seed(0)
    ids = torch.randint(0, 50, (5, 7))
    mask = torch.arange(7) < torch.tensor([[7], [3], [5], [1], [4]])
    monkeypatch.setattr(heads, "wordpiece", lambda: lambda texts: (ids, mask))
    made = MiniLM(blocks=2, dim=16, heads=HEADS, width=32, vocabulary=50, head_dim=SIZE)
    return made.eval().requires_grad_(False)


def part(number):
    return slice(number * SIZE, (number + 1) * SIZE)


def test_the_weight_norm_is_of_all_that_a_head_owns(model):
    block = model.blocks[1]
    scores, alone = (heads.scores_of(model, rule, 1) for rule in ("all weights", "weights of o"))
    for head in range(HEADS):
        rows = [layer.weight[part(head)] for layer in (block.q, block.k, block.v)]
        owned = torch.cat([tensor.flatten() for tensor in (*rows, block.o.weight[:, part(head)])])
        assert scores[head] == pytest.approx(owned.norm().item())
        assert alone[head] == pytest.approx(block.o.weight[:, part(head)].norm().item())


def test_the_activation_is_what_a_head_adds_where_there_is_a_text(model):
    block = model.blocks[0]
    read = heads.read_by_o(model, 0)
    assert read.shape == (7 + 3 + 5 + 1 + 4, HEADS * SIZE)
    scores = heads.scores_of(model, "activation", 0)
    for head in range(HEADS):
        added = read[:, part(head)] @ block.o.weight[:, part(head)].T
        assert scores[head] == pytest.approx(added.square().sum(1).mean().sqrt().item(), rel=1e-5)


@pytest.mark.parametrize("rule", heads.RULES)
def test_the_lowest_heads_of_every_block_are_read_no_more(model, rule):
    before = [block.o.weight.clone() for block in model.blocks]
    thinned = heads.without_heads(model, rule, 1 / 3)
    for number, block in enumerate(thinned.blocks):
        silent = torch.tensor([not block.o.weight[:, part(head)].any() for head in range(HEADS)])
        scores = heads.scores_of(model, rule, number)
        assert int(silent.sum()) == 2
        assert scores[silent].max() <= scores[~silent].min()
        assert torch.equal(model.blocks[number].o.weight, before[number])


def test_neighbours_kept_by_hand():
    whole = torch.eye(4)[[0, 0, 1, 1]] + 0.1 * torch.eye(4)
    made = torch.eye(4)[[0, 1, 0, 1]] + 0.1 * torch.eye(4)
    rows = [torch.nn.functional.normalize(each, dim=1) for each in (made, whole)]
    assert heads.neighbours_kept(*rows, k=1).tolist() == [0, 0, 0, 0]
    assert heads.neighbours_kept(rows[1], rows[1], k=1).tolist() == [1, 1, 1, 1]
    assert heads.neighbours_kept(*rows, k=3).tolist() == [1, 1, 1, 1]


def test_an_unknown_rule_is_refused(model):
    with pytest.raises(
        ValueError, match="rule must be weights of o, all weights, activation, or dice and a number; got 'luck'"
    ):
        heads.scores_of(model, "luck", 0)


def test_dice_are_thrown_anew_for_each_block_and_seed(model):
    thrown = [heads.scores_of(model, rule, number) for rule in ("dice 0", "dice 1") for number in (0, 1)]
    assert len({tuple(each.tolist()) for each in thrown}) == 4
    assert torch.stack(thrown).isfinite().all()
