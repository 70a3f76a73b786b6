"""The game of the painted mask: budgets of bytes or multiplications, and how much rules and search keep in them."""

from dataclasses import dataclass
from fractions import Fraction

import numpy as np
import torch

from pruning_lab import masks, sparse

SHARES = (Fraction(1, 2), Fraction(1, 3), Fraction(1, 4))  # of what the dense matrix takes
LARGEST_SEARCHED = 16  # all 65,536 choices among 16 rows are tried; beyond, the best found need not be the optimum


@dataclass(frozen=True)
class Game:
    """What a mask must be cheap in.

    Args:
        name: what happens to the pruned weight.
        unit: what is counted.
        key: under which name the browser counts the same; counts.js has it.
        cost: function of the pruned weight, (rows, columns) float32, that returns what it costs.
    """

    name: str
    unit: str
    key: str
    cost: object

    def limit(self, shape, share):
        """Return the largest cost allowed: a share of what the dense matrix of the shape takes, rounded down."""
        return int(share * shape[0] * shape[1] * (4 if self.unit == "bytes" else 1))


def left_products(pruned):
    """Return the multiplications of a dense product without the empty rows and columns."""
    return int(pruned.any(axis=1).sum()) * int(pruned.any(axis=0).sum())


def group_products(pruned):
    """Return the multiplications of the N:4 kernel, which does as many in every four as the fullest four needs."""
    fullest = np.count_nonzero(pruned.reshape(-1, 4), axis=1).max()
    return pruned.size // 4 * int(fullest)


GAMES = (
    Game("dense, empty rows and columns cut", "multiplications", "left", left_products),
    Game("4x1 kernel", "multiplications", "BlockCSR", lambda pruned: sparse.BlockCSR.from_dense(pruned, (4, 1)).stored),
    Game("N:4 kernel", "multiplications", "NOfM", group_products),
    Game("CSR kernel", "multiplications", "CSR", lambda pruned: sparse.CSR.from_dense(pruned).stored),
    Game("stored as CSR", "bytes", "CSR", lambda pruned: sparse.CSR.from_dense(pruned).nbytes),
    Game("stored as a bitmask", "bytes", "Bitmask", lambda pruned: sparse.Bitmask.from_dense(pruned).nbytes),
)


def energy(weight, mask):
    """Return the share of the sum of squares that a mask keeps, in [0, 1]."""
    squares = weight.astype(np.float64) ** 2
    return float(squares[mask].sum() / squares.sum())


@dataclass(frozen=True)
class Rival:
    """A mask to beat, and the rule that chose it."""

    rule: str
    mask: np.ndarray


def rivals(weight, game, limit):
    """Return the masks to beat within a limit: {"magnitude": Rival, "structured": Rival, "best": Rival}.

    The first keeps the largest magnitudes, as many as fit. The second is the regular pattern that keeps most energy,
    and is as full as fits. The third is the optimum, or, where none can be computed, the best that a search finds.
    """
    ladders = {name: _fullest(weight, game, limit, steps) for name, steps in _regular(weight).items()}
    structured = max(ladders, key=lambda name: energy(weight, ladders[name]))
    magnitude = _fullest(weight, game, limit, _magnitude(weight))
    searched = [rows_and_columns(weight, limit)] if game.key == "left" else []
    # By what a game counts, one of these keeps most: where only weights count, the largest magnitudes; where blocks or
    # groups count, the best of them; where the shape counts, the best rows and columns.
    best = max(magnitude, *ladders.values(), *searched, key=lambda mask: energy(weight, mask))
    known = not searched or min(weight.shape) <= LARGEST_SEARCHED
    return {
        "magnitude": Rival("magnitude", magnitude),
        "structured": Rival(structured, ladders[structured]),
        "best": Rival("the optimum" if known else "the best found", best),
    }


def rows_and_columns(weight, limit):
    """Return the mask of those rows and columns, at most `limit` places, that hold most of the sum of squares.

    Of a small matrix every choice of rows is tried (or of columns, if they are fewer): the best columns for it are
    those with the largest sums. Of a larger one rows and columns are chosen in turn, from many starts.
    """
    if weight.shape[0] > weight.shape[1]:
        return rows_and_columns(weight.T, limit).T
    squares = weight.astype(np.float64) ** 2
    choices = _all_choices(len(weight)) if len(weight) <= LARGEST_SEARCHED else _good_choices(squares, limit)
    sums = np.where(choices.any(axis=1)[:, None], choices @ squares, 0)
    room = np.minimum(limit // np.maximum(choices.sum(axis=1), 1), weight.shape[1])
    held = np.cumsum(-np.sort(-sums, axis=1), axis=1)
    totals = np.where(room > 0, np.take_along_axis(held, np.maximum(room - 1, 0)[:, None], axis=1)[:, 0], 0)
    best = int(totals.argmax())
    columns = np.argsort(-sums[best], kind="stable")[: room[best]]
    mask = np.zeros(weight.shape, bool)
    mask[np.ix_(choices[best], columns)] = True
    return mask


def _all_choices(count):
    """Return every choice among `count` things, (2**count, count) bool."""
    return (np.arange(2**count)[:, None] >> np.arange(count) & 1).astype(bool)


def _good_choices(squares, limit):
    """Return rows to try: for each number of them, those that suit the columns that suit them, in turn."""
    rows, columns = squares.shape
    found = []
    for many in range(1, rows + 1):
        wide = min(limit // many, columns)
        if not wide:
            break
        chosen = np.argsort(-squares.sum(axis=1), kind="stable")[:many]
        for _ in range(20):
            across = np.argsort(-squares[chosen].sum(axis=0), kind="stable")[:wide]
            chosen = np.argsort(-squares[:, across].sum(axis=1), kind="stable")[:many]
        found.append(np.isin(np.arange(rows), chosen))
    return np.array(found)


def _magnitude(weight):
    """Return how many masks magnitude has, and the function that gives the one that keeps `kept` weights."""
    magnitudes = torch.from_numpy(np.abs(weight))
    return weight.size, lambda kept: masks.mask_unstructured(magnitudes, 1 - kept / weight.size).numpy()


def _regular(weight):
    """Return for each regular pattern how many masks it has, and the function that gives the one of a size."""
    squares = torch.from_numpy(weight.astype(np.float64) ** 2)
    rows, columns = weight.shape
    blocks = weight.size // 4

    def whole(count, sums, axis):
        kept = masks.mask_unstructured(sums, 1 - count / len(sums)).numpy()
        return np.broadcast_to(np.expand_dims(kept, 1 - axis), weight.shape)

    return {
        "whole rows": (rows, lambda count: whole(count, squares.sum(dim=1), axis=0)),
        "whole columns": (columns, lambda count: whole(count, squares.sum(dim=0), axis=1)),
        "4x1 vectors": (blocks, lambda count: masks.mask_blocks(squares, (4, 1), 1 - count / blocks).numpy()),
        "N:4": (4, lambda n: masks.mask_n_of_m(squares, n, 4).numpy()),
    }


def _fullest(weight, game, limit, steps):
    """Return the last mask, of ever fuller ones, that stays within the limit. The first, of size 0, always does."""
    most, mask_of = steps
    low, high = 0, most + 1  # low fits, high does not
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if game.cost(weight * mask_of(middle)) <= limit else (low, middle)
    return np.ascontiguousarray(mask_of(low))
