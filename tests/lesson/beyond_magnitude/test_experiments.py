"""Lesson 08's experiments: what is measured is what it says, on networks whose answers are known otherwise."""

import pytest
import torch

from pruning_lab.lesson.beyond_magnitude import experiments, heads, lite0, measure_again, reveal, tiny
from pruning_lab.lesson.beyond_magnitude.experiments import Layer, Removal

pytestmark = pytest.mark.filterwarnings("ignore:.*torch.jit:DeprecationWarning")  # torch's own, on its first Hessian
CURVED = torch.tensor([[3.0, 1.0, 0.0, 0.5], [1.0, 2.0, 0.5, 0.0], [0.0, 0.5, 1.0, 0.2], [0.5, 0.0, 0.2, 4.0]]).double()
LOWEST = torch.tensor([[1.0, -2.0], [0.5, 0.1]], dtype=torch.float64)


@pytest.fixture
def bowl():
    """A layer whose loss is a parabola, so that the second order is all there is."""

    def loss(w):
        away = (w - LOWEST).flatten()
        return 1 + away @ CURVED @ away / 2

    return Layer(LOWEST, loss, lambda w: float(w.count_nonzero()) / 4, torch.ones(3, 2, dtype=torch.float64))


def test_the_exact_hessian_of_a_parabola_is_its_own(bowl):
    assert torch.allclose(experiments.exact_hessian(bowl), CURVED)


def test_one_weight_at_a_time_costs_what_obd_says_of_a_parabola(bowl):
    gained = experiments.removed_one_by_one(bowl)
    assert torch.allclose(gained, CURVED.diagonal().view(2, 2) * LOWEST**2 / 2)
    assert experiments.rank_agreement(experiments.scores_by_rule(bowl, CURVED)["OBD"], gained) == 1
    assert torch.equal(bowl.weight, LOWEST)


def test_removals_measure_what_is_left_and_repairs_end_where_they_predict(bowl):
    found = experiments.removals(bowl, CURVED, sparsities=(0.25, 0.5), repaired=("magnitude", "OBD"))
    assert len(found) == 2 * (len(experiments.RULES) + 2 + 1)
    for one in found:
        assert one.gained == pytest.approx(float(bowl.loss(one.weight)) - 1)
        assert int((one.weight == 0).sum()) == round(4 * one.sparsity)
        if one.method == "OBS" or one.method.endswith(experiments.REPAIRED):
            assert one.gained == pytest.approx(one.predicted)
    alone, repaired = (
        experiments.at(found, method, 0.5) for method in ("magnitude", "magnitude" + experiments.REPAIRED)
    )
    assert torch.equal(alone.weight == 0, repaired.weight == 0)
    assert repaired.gained < alone.gained
    assert experiments.at(found, "magnitude", 0.25).predicted is None


def test_dice_are_thrown_anew_and_repaired(bowl):
    thrown = experiments.adjusted_by_dice(bowl, CURVED, 0.5, draws=4)
    assert thrown == experiments.adjusted_by_dice(bowl, CURVED, 0.5, draws=4)
    assert len(set(thrown)) > 1


def test_a_line_for_each_method_a_column_for_each_sparsity():
    found = [Removal(name, s, s, None, 0.5, None) for name in ("OBD", "OBS") for s in (0.3, 0.7)]
    lines = experiments.removals_text(found, (0.3, 0.7)).splitlines()
    assert [line.split()[0] for line in lines] == ["removed", "OBD", "OBS"]
    assert lines[1].split()[1:] == ["+0.300", "0.500", "+0.700", "0.500"]


def test_gauss_newton_is_the_hessian_where_the_network_already_says_what_it_should():
    """With its own probabilities as labels nothing is left to correct, and with that what Gauss-Newton leaves out."""
    x = tiny.pictures("train")[0][:60]
    network = tiny.hidden_network(units=3)
    labels = tiny.logits_of_hidden(network, x).softmax(1)

    def loss(first):
        logits = tiny.logits_of_hidden(network._replace(first=first), x)
        return torch.nn.functional.cross_entropy(logits, labels) + tiny.DECAY * first.square().sum()

    exact = torch.func.hessian(loss)(network.first).reshape(147, 147)
    assert torch.allclose(experiments.gauss_newton(network, x), exact, rtol=1e-9, atol=1e-12)
    assert torch.linalg.eigvalsh(exact)[0] >= 2 * tiny.DECAY - 1e-9


def test_the_softmax_regression_is_at_its_minimum():
    layer = experiments.softmax_layer()
    assert torch.func.grad(layer.loss)(layer.weight).abs().max() < 1e-6
    assert layer.accuracy(layer.weight) > 0.75


def test_calibrations_fit_what_they_saw_and_prune_what_they_say():
    generator = torch.Generator().manual_seed(0)
    inputs = torch.randn(300, 5, generator=generator) @ torch.randn(5, 20, generator=generator)
    inputs += 0.1 * torch.randn(300, 20, generator=generator)
    weight = torch.randn(6, 20, generator=generator)
    found = experiments.calibrations(weight, inputs[:200], inputs[200:], sparsity=0.5, sizes=(4, 200))
    assert [(one.method, one.samples) for one in found][:3] == [
        ("Wanda", 4),
        ("SparseGPT", 4),
        ("least squares, damped", 4),
    ]
    by_size = {size: {one.method: one for one in found if one.samples == size} for size in (4, 200)}
    assert by_size[4]["SparseGPT"].outside > 10 * by_size[4]["SparseGPT"].inside
    assert by_size[200]["SparseGPT"].outside < by_size[200]["Wanda"].outside
    assert by_size[200]["SparseGPT"].outside < by_size[4]["SparseGPT"].outside


def test_what_was_measured_beforehand_is_whole():
    found = experiments.measured()
    assert [row["seed"] for row in found["one-shot"]] == list(measure_again.SEEDS)
    assert [(row["seed"], row["sparsity"]) for row in found["iterative"]] == [
        (seed, sparsity) for seed in measure_again.SEEDS for sparsity in measure_again.IN_ROUNDS
    ]
    assert [row["rule"] for row in found["heads"]] == list(heads.RULES)
    assert [(row["rule"], row["fraction"], row["mean kept"]) for row in found["lite0"]["rows"]] == lite0.variants()
    assert {len(row["same"]) for row in found["lite0"]["rows"]} == {len(found["lite0"]["photographs"])} == {8}
    every = [
        accuracy for part in ("one-shot", "iterative") for row in found[part] for accuracy in row["accuracy"].values()
    ]
    assert all(0 < accuracy < 1 for accuracy in every)


def test_what_the_prediction_counts(bowl):
    found = experiments.removals(bowl, CURVED, sparsities=(0.5,))
    obd = experiments.at(found, "OBD", 0.5).gained
    wins = sum(gained < obd for gained in experiments.adjusted_by_dice(bowl, CURVED, 0.5, 5))
    options = {"none": (0, 1), "some": (1, 5), "all": (5, 6)}
    answer, (words, table) = reveal.dice_reveal(bowl, CURVED, found, options, sparsity=0.5)()
    assert answer == ("none" if wins == 0 else "all" if wins == 5 else "some")
    assert f"Of 5 throws of the dice, {wins} lose less" in words
    assert table.count("<tr>") == 1 + 1 + 5
