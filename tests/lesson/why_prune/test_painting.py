"""The painter of masks: its rivals fit their budgets, the optimum is one, and a token is its mask."""

from itertools import chain, combinations

import numpy as np
import pytest
import torch
from bad_input import bad_input_test
from explorer_tests import explorer_tests

from pruning_lab import masks
from pruning_lab.lesson.frame.lessons import lesson
from pruning_lab.lesson.frame.slides.explorers import redrawn
from pruning_lab.lesson.frame.slides.outputs import Outputs
from pruning_lab.lesson.why_prune import budgets, explore_painting, painted_mask, trained_block
from pruning_lab.lesson.why_prune.budgets import GAMES, SHARES, energy, rivals, rows_and_columns
from pruning_lab.lesson.why_prune.painting import token_of

BLOCK = trained_block(12).numpy()
BY_KEY = {(game.unit, game.key): game for game in GAMES}
LEFT = BY_KEY["multiplications", "left"]

test_drawing, test_attended, test_unattended, test_html, test_text = explorer_tests(
    {"painting": lambda: explore_painting(trained_block(12)), "begun": lambda: explore_painting(*begun())}
)


def begun():
    weight = trained_block(64)[:16, :24]
    return weight, token_of(weight.abs() > 0.05)


each_round = pytest.mark.parametrize(
    ("game", "share"),
    [pytest.param(game, share, id=f"{game.name}-{share.denominator}") for game in GAMES for share in SHARES],
)


@each_round
def test_every_rival_fits_and_none_keeps_more_than_the_optimum(game, share):
    limit = game.limit(BLOCK.shape, share)
    found = rivals(BLOCK, game, limit)
    kept = {name: energy(BLOCK, rival.mask) for name, rival in found.items()}
    assert all(game.cost(BLOCK * rival.mask) <= limit for rival in found.values())
    assert 0 < kept["magnitude"] <= kept["best"]
    assert 0 < kept["structured"] <= kept["best"]
    assert found["best"].rule == "the optimum"


@each_round
def test_magnitude_has_no_room_for_its_next_weight(game, share):
    limit = game.limit(BLOCK.shape, share)
    mask = rivals(BLOCK, game, limit)["magnitude"].mask.copy()
    mask.flat[np.where(mask, -1, np.abs(BLOCK)).argmax()] = True
    assert game.cost(BLOCK * mask) > limit


def small_masks():
    """Return all masks of 4 x 4 weights, few enough to search through."""
    bits = np.arange(2**16)[:, None] >> np.arange(16) & 1
    return bits.astype(bool).reshape(-1, 4, 4)


@pytest.mark.parametrize("game", [game for game in GAMES if game.unit == "multiplications"], ids=lambda game: game.name)
def test_the_optimum_is_the_best_of_all_masks(game):
    weight = np.random.default_rng(1).standard_normal((4, 4)).astype(np.float32)
    squares = weight.astype(np.float64) ** 2
    by_energy = sorted(small_masks(), key=lambda mask: -squares[mask].sum())
    for limit in (8, 9):
        first = next(mask for mask in by_energy if game.cost(weight * mask) <= limit)
        best = rivals(weight, game, limit)["best"].mask
        assert energy(weight, best) == pytest.approx(energy(weight, first), abs=1e-12)


def subsets(count):
    return list(map(list, chain.from_iterable(combinations(range(count), many) for many in range(count + 1))))


def test_the_best_rows_and_columns_are_those_of_a_plain_search():
    weight = np.random.default_rng(2).standard_normal((6, 5)).astype(np.float32)
    for limit in (0, 1, 7, 12, 29, 30):
        choices = [
            (rows, columns) for rows in subsets(6) for columns in subsets(5) if len(rows) * len(columns) <= limit
        ]
        best = max((weight[rows][:, columns].astype(np.float64) ** 2).sum() for rows, columns in choices)
        mask = rows_and_columns(weight, limit)
        assert LEFT.cost(weight * mask) <= limit
        assert (weight[mask].astype(np.float64) ** 2).sum() == pytest.approx(best, abs=1e-12)


def test_a_search_is_not_called_an_optimum():
    block = trained_block(20).numpy()
    limit = LEFT.limit(block.shape, SHARES[0])
    found = rivals(block, LEFT, limit)
    assert found["best"].rule == "the best found"
    assert LEFT.cost(block * found["best"].mask) <= limit
    assert energy(block, found["best"].mask) >= energy(block, found["structured"].mask)


def test_a_search_finds_nearly_what_all_choices_give(monkeypatch):
    """On 16 rows both can be done."""

    squares = trained_block(16).numpy().astype(np.float64) ** 2
    tried = budgets._good_choices(squares, 128)
    best = energy(trained_block(16).numpy(), rows_and_columns(trained_block(16).numpy(), 128))
    found = max(np.sort(rows @ squares)[::-1][: 128 // rows.sum()].sum() for rows in tried) / squares.sum()
    assert 0.97 * best < found <= best + 1e-12


def test_a_limit_is_a_share_of_the_dense_matrix():
    assert [LEFT.limit((12, 12), share) for share in SHARES] == [72, 48, 36]
    assert [BY_KEY["bytes", "CSR"].limit((64, 64), share) for share in SHARES] == [8192, 5461, 4096]


def test_energy_by_hand():
    weight = np.array([[3.0, 4.0]], np.float32)
    assert energy(weight, np.array([[True, False]])) == 9 / 25


@pytest.mark.parametrize("shape", [(12, 12), (16, 64), (64, 12), (5, 3), (1, 1)])
def test_a_token_is_its_mask(shape):
    mask = torch.rand(shape, generator=torch.Generator().manual_seed(3)) > 0.5
    assert torch.equal(painted_mask(token_of(mask)), mask)
    assert torch.equal(painted_mask(f" {token_of(mask)}\n"), mask)


def test_the_rivals_reach_the_browser_as_tokens_of_their_masks():
    facts = explore_painting(trained_block(12)).facts
    assert [game["key"] for game in facts["games"]] == [game.key for game in GAMES]
    for game, sent in zip(GAMES, facts["games"], strict=True):
        for share, round_ in zip(SHARES, sent["rounds"], strict=True):
            found = rivals(BLOCK, game, round_["limit"])
            assert round_["limit"] == game.limit(BLOCK.shape, share)
            for name, rival in found.items():
                assert np.array_equal(painted_mask(round_[name]["token"]).numpy(), rival.mask)
                assert round_[name]["energy"] == energy(BLOCK, rival.mask)


def test_magnitude_is_the_rule_of_the_package():
    game = BY_KEY["multiplications", "CSR"]
    mask = rivals(BLOCK, game, 72)["magnitude"].mask
    assert np.array_equal(mask, masks.mask_unstructured(trained_block(12).abs(), 0.5).numpy())


def test_the_plain_table_tells_what_the_rivals_keep_in_half():
    shown = explore_painting(trained_block(12))
    _, *rows = shown.table
    assert [row[0] for row in rows] == [f"{game.unit}: {game.name}" for game in GAMES]
    for game, row in zip(GAMES, rows, strict=True):
        found = rivals(BLOCK, game, game.limit(BLOCK.shape, SHARES[0]))
        assert row[2] == f"{energy(BLOCK, found['magnitude'].mask):.3f}"
        assert row[4] == f"{energy(BLOCK, found['best'].mask):.3f}"
    assert "(the best found)" in explore_painting(trained_block(20)).table[1][4]


def test_pages_show_the_block_that_the_lesson_trains():
    """On another processor training ends a little elsewhere."""
    outputs = Outputs(lesson("01").notebook)
    shown = redrawn(outputs, "explore-painting")
    _, (head, *rows) = outputs.table("explore-painting")
    assert shown.table[0] == head
    for ours, theirs in zip(shown.table[1:], rows, strict=True):
        assert ours[:2] == theirs[:2]
        assert float(ours[2]) == pytest.approx(float(theirs[2]), abs=0.02)


def test_a_mask_may_be_there_from_the_start():
    weight, token = begun()
    assert explore_painting(weight, token).facts["start"] == token
    assert explore_painting(weight).facts["start"] == ""


def test_the_state_stays_small():
    state = explore_painting(trained_block(64)).state()
    assert len(state["numbers"]) + len(str(state["facts"])) < 100_000


NOT_A_TOKEN = "token must be rows x columns, a dash and a letter for every six weights; got"
SIDES = "weight must have 2 axes, multiples of 4 from 12 to 64; got shape"
BAD_INPUT = [
    ("array", lambda: explore_painting(BLOCK), TypeError, "weight must be a float32 tensor; got ndarray"),
    (
        "dtype",
        lambda: explore_painting(torch.zeros(12, 12, dtype=torch.float64)),
        TypeError,
        "weight must be a float32 tensor; got torch.float64",
    ),
    ("small", lambda: explore_painting(torch.ones(8, 12)), ValueError, f"{SIDES} (8, 12)"),
    ("large", lambda: explore_painting(torch.ones(12, 68)), ValueError, f"{SIDES} (12, 68)"),
    ("uneven", lambda: explore_painting(torch.ones(12, 14)), ValueError, f"{SIDES} (12, 14)"),
    ("axes", lambda: explore_painting(torch.ones(144)), ValueError, f"{SIDES} (144,)"),
    (
        "zeros",
        lambda: explore_painting(torch.zeros(12, 12)),
        ValueError,
        "weight must be finite and somewhere not zero; got only zeros",
    ),
    (
        "NaN",
        lambda: explore_painting(torch.full((12, 12), torch.nan)),
        ValueError,
        "weight must be finite and somewhere not zero; got nan or inf",
    ),
    ("damaged token", lambda: painted_mask("12x12-AAA"), ValueError, f"{NOT_A_TOKEN} '12x12-AAA'"),
    ("no token", lambda: painted_mask(12), ValueError, f"{NOT_A_TOKEN} 12"),
    (
        "token of another shape",
        lambda: explore_painting(trained_block(12), "1x8-AA"),
        ValueError,
        "token must be of a mask of shape (12, 12); got (1, 8)",
    ),
    ("size", lambda: trained_block(13), ValueError, "size must be a multiple of 4 from 12 to 64; got 13"),
]
test_bad_input = bad_input_test(BAD_INPUT)
