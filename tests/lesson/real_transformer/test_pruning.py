"""Lesson 07's rules and cuts, on a small encoder with weights of its own: exact counts, and nothing else changed."""

import pytest
import torch

from pruning_lab import channels, models
from pruning_lab.lesson.real_transformer import activations, parts, structure, weights
from pruning_lab.masks import sparsity_of

TEXTS = ["a cat", "two dogs and a longer text", "x", "cats and dogs"]
VOCABULARY = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "a", "cat", "dogs", "and", "two", "text", "##s"]


@pytest.fixture
def model(monkeypatch):
    """An encoder of two blocks; embed cuts texts with a vocabulary of eleven pieces."""
    monkeypatch.setattr("pruning_lab.models.encoder.wordpiece", lambda: models.WordPiece(VOCABULARY))
    monkeypatch.setattr(models, "wordpiece", lambda: models.WordPiece(VOCABULARY))
    torch.manual_seed(0)
    return models.MiniLM(2, 16, 4, 24, len(VOCABULARY), head_dim=4).eval().requires_grad_(False)


def sparsities(model):
    return {name: sparsity_of(weight != 0) for name, weight in weights.block_weights(model).items()}


@pytest.mark.parametrize("together", ["network", "matrix", "row"])
def test_magnitude_prunes_the_blocks_and_leaves_the_rest(model, together):
    before = {name: weight.clone() for name, weight in model.state_dict().items()}
    pruned = weights.by_magnitude(model, 0.5, together)
    found = sparsities(pruned)
    sizes = {name: weight.numel() for name, weight in weights.block_weights(model).items()}
    assert sum(found[name] * sizes[name] for name in found) == pytest.approx(0.5 * sum(sizes.values()))
    assert (set(found.values()) == {0.5}) == (together != "network")
    assert all(torch.equal(weight, model.state_dict()[name]) for name, weight in before.items())
    assert torch.equal(pruned.words.weight, model.words.weight)


def test_in_rows_each_row_loses_as_many(model):
    pruned = weights.by_wanda(model, 0.25, texts=TEXTS)
    for weight in weights.block_weights(pruned).values():
        assert (weight == 0).sum(1).unique().tolist() == [weight.shape[1] // 4]


def test_wanda_keeps_the_weights_it_keeps(model):
    pruned = weights.by_wanda(model, 0.5, texts=TEXTS)
    for name, weight in weights.block_weights(pruned).items():
        before = weights.block_weights(model)[name]
        assert torch.equal(weight[weight != 0], before[weight != 0])


@pytest.mark.parametrize("rule", [weights.n_of_m_by_magnitude, weights.n_of_m_by_wanda])
def test_a_pattern_is_exact(model, rule):
    pruned = rule(model, 2, 4) if rule is weights.n_of_m_by_magnitude else rule(model, 2, 4, TEXTS)
    for weight in weights.block_weights(pruned).values():
        assert ((weight != 0).reshape(-1, 4).sum(1) == 2).all()


def test_sparsegpt_changes_outputs_less_than_its_mask_alone(model):
    pruned = weights.by_sparsegpt(model, TEXTS, sparsity=0.5)
    keep = {name: weight != 0 for name, weight in weights.block_weights(pruned).items()}
    inputs = weights.inputs_of(model.blocks[0], weights.states(model, TEXTS))
    for name in ("q", "k", "v"):  # these are fed what they were fed before
        before = model.blocks[0].get_submodule(name).weight
        masked = before * keep[f"blocks.0.{name}.weight"]
        changed = pruned.blocks[0].get_submodule(name).weight
        assert (inputs[name] @ (changed - before).T).norm() <= (inputs[name] @ (masked - before).T).norm()


def test_each_block_is_fed_by_the_pruned_ones_before_it(model):
    seen = []

    def note(weight, inputs):
        seen.append(inputs)
        return torch.zeros_like(weight)

    weights.block_by_block(model, note, TEXTS)
    _, mask = models.WordPiece(VOCABULARY)(TEXTS)
    assert [len(inputs) for inputs in seen] == [int(mask.sum())] * 12
    plain = weights.inputs_of(model.blocks[1], weights.states(model, TEXTS))
    assert not torch.allclose(seen[6], plain["q"])


def test_heads_and_width_are_scored_by_what_they_write(model):
    model.blocks[0].o.weight[:, 4:8] = 0  # head 1 writes nothing
    model.blocks[1].down.weight[:, 7] = 0  # nor does channel 7
    worth = structure.unit_scores(model, TEXTS)
    assert worth["blocks.0.q.weight"].argmin() == 1
    assert worth["blocks.1.up.weight"].argmin() == 7
    assert worth["blocks.0.q.weight"][1] == worth["blocks.1.up.weight"][7] == 0


def test_what_writes_nothing_can_go_and_nothing_changes(model):
    model.blocks[0].o.weight[:, 4:8] = 0
    inputs = models.WordPiece(VOCABULARY)(TEXTS)
    groups = channels.channel_groups(model, inputs)
    worth = structure.unit_scores(model, TEXTS)
    small = structure.without_units(model, {"blocks.0.q.weight": worth["blocks.0.q.weight"]}, groups, heads=0.25)
    assert torch.allclose(small(*inputs), model(*inputs), atol=1e-6)
    assert len(small.blocks[0].q.weight) == 12


def test_a_block_that_changes_nothing_has_no_influence(model):
    for name in ("o", "down"):
        model.blocks[0].get_submodule(name).weight.zero_()
        model.blocks[0].get_submodule(name).bias.zero_()
    first, second = structure.block_influence(model, TEXTS)
    assert first == pytest.approx(0, abs=1e-5)
    assert second > 0.01


def test_blocks_that_go_leave_the_others(model):
    small = structure.without_blocks(model, [0])
    assert len(small.blocks) == 1
    assert torch.equal(small.blocks[0].up.weight, model.blocks[1].up.weight)
    assert len(model.blocks) == 2


def test_made_zeros_are_the_smallest_of_each_place(model):
    changed = activations.with_zeros(model, 0.75)
    seen = []
    changed.blocks[0].down[1].register_forward_pre_hook(lambda _, args: seen.append(args[0]))
    changed(*models.WordPiece(VOCABULARY)(TEXTS))
    assert ((seen[0] != 0).sum(-1) == 6).all()


def test_parts_have_all_weights_and_all_multiplications(model):
    shares = parts.shares(model)
    assert sum(shares["weights"].values()) == sum(weight.numel() for weight in model.parameters())
    assert shares["weights"]["word table"] == 11 * 16
    assert shares["multiplications"]["feed-forward"] == 2 * 2 * 16 * 24 * parts.PIECES
