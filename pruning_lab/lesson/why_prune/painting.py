"""Lesson 01's painter: a mask painted by hand on a block of trained weights, and what it costs and keeps at once."""

import base64
import re
from pathlib import Path

import numpy as np
import torch

from pruning_lab.checks import check_mask
from pruning_lab.lesson.frame.explorer import Explorer, Steps
from pruning_lab.lesson.why_prune.budgets import GAMES, SHARES, energy, rivals
from pruning_lab.lesson.why_prune.drawings import full_square, painted_figure

SHARE_NAMES = ("half of dense", "a third of dense", "a quarter of dense")
BLOCK = Path(__file__).with_name("block.npy")


def explore_painting(weight, token=""):
    """Paint a mask by hand: keep as much of the sum of squares as a budget of bytes or multiplications allows.

    The browser counts at every stroke what `pruning_lab.sparse` and the kernels would count.

    Args:
        weight: (rows, columns) float32 tensor, both multiples of 4 from 12 to 64: a block of a layer.
        token: a mask of that shape to begin with, as the painter writes it; "" begins with all weights kept.

    Returns:
        an Explorer.

    Raises:
        TypeError, ValueError: the weight or the token is not as above.
    """
    weight = _checked_block(weight)
    start = painted_mask(token) if token else None
    if start is not None and tuple(start.shape) != weight.shape:
        raise ValueError(f"token must be of a mask of shape {weight.shape}; got {tuple(start.shape)}")
    played = [[_round(weight, game, share) for share in SHARES] for game in GAMES]
    facts = {
        "rows": weight.shape[0],
        "columns": weight.shape[1],
        "start": token,
        "full": full_square(weight),
        "shares": SHARE_NAMES,
        "games": [
            {"name": game.name, "unit": game.unit, "key": game.key, "rounds": [_sent(*each) for each in rounds]}
            for game, rounds in zip(GAMES, played, strict=True)
        ],
    }
    knobs = [
        Steps("What is limited", tuple(f"{game.unit}: {game.name}" for game in GAMES), "choice", listed=True),
        Steps("Budget", SHARE_NAMES, "level"),
    ]
    first = played[0][0]
    figure, alt = _figure(weight, *first[1:]), _alt(weight, GAMES[0], *first)
    return Explorer("painting", knobs, facts, figure, _table([rounds[0] for rounds in played]), alt, weight)


def without_kernel():
    """Return the painter as pages show it on which no network was trained."""
    return explore_painting(trained_block(12))


def trained_block(size=64):
    """Return the top left of the second layer of lesson 01's network, trained as its cell `train` trains it.

    Args:
        size: rows and columns, a multiple of 4 from 12 to 64.

    Returns:
        (size, size) float32 tensor.

    >>> trained_block(12).shape
    torch.Size([12, 12])
    """
    if size not in range(12, 65, 4):
        raise ValueError(f"size must be a multiple of 4 from 12 to 64; got {size!r}")
    return torch.from_numpy(np.load(BLOCK)[:size, :size].copy())


def token_of(mask):
    """Return a mask as text that can be sent: its shape, and one bit for each weight, six to a letter.

    Args:
        mask: (rows, columns) bool tensor, True keeps.

    >>> token_of(torch.eye(4, dtype=torch.bool))
    '4x4-hCE'
    """
    check_mask(mask)
    letters = base64.urlsafe_b64encode(np.packbits(mask.numpy())).decode().rstrip("=")
    return f"{mask.shape[0]}x{mask.shape[1]}-{letters}"


def painted_mask(token):
    """Return the mask that a token of the painter carries, to go on with in code.

    Returns:
        (rows, columns) bool tensor, True keeps.

    Raises:
        ValueError: the token is damaged.

    >>> painted_mask("4x4-hCE").int().sum().item()
    4
    """
    found = re.fullmatch(r"(\d{1,3})x(\d{1,3})-([\w-]+)", str(token).strip(), re.ASCII)
    rows, columns = (int(found[1]), int(found[2])) if found else (0, 0)
    letters = -(-8 * -(-rows * columns // 8) // 6)  # of whole bytes
    if not found or len(found[3]) != letters:
        raise ValueError(f"token must be rows x columns, a dash and a letter for every six weights; got {token!r}")
    packed = np.frombuffer(base64.urlsafe_b64decode(found[3] + "=" * (-letters % 4)), np.uint8)
    return torch.from_numpy(np.unpackbits(packed, count=rows * columns).astype(bool).reshape(rows, columns))


def _round(weight, game, share):
    """Return (limit, rivals by name, what each of them keeps)."""
    limit = game.limit(weight.shape, share)
    played = rivals(weight, game, limit)
    return limit, played, {name: energy(weight, rival.mask) for name, rival in played.items()}


def _sent(limit, played, kept):
    """Return a round as the browser reads it."""
    masks = {
        name: {"rule": rival.rule, "energy": kept[name], "token": token_of(torch.from_numpy(rival.mask))}
        for name, rival in played.items()
    }
    return {"limit": limit, **masks}


def _table(rounds):
    """Return what the rivals keep in half of what the dense matrix takes."""
    rows = [["budget", "limit", "magnitude keeps", "best structured keeps", "the optimum keeps"]]
    for game, (limit, played, kept) in zip(GAMES, rounds, strict=True):
        best = f"{kept['best']:.3f}" + ("" if played["best"].rule == "the optimum" else " (the best found)")
        structured = f"{kept['structured']:.3f} ({played['structured'].rule})"
        rows.append([f"{game.unit}: {game.name}", f"{limit:,}", f"{kept['magnitude']:.3f}", structured, best])
    return rows


def _figure(weight, played, kept):
    """Draw the block, and the masks of the three rivals on it."""
    panels = [("all weights", np.ones(weight.shape, bool))]
    panels += [(f"{rival.rule}: {kept[name]:.3f}", rival.mask) for name, rival in played.items()]
    return painted_figure(weight, dict(panels))


def _alt(weight, game, limit, played, kept):
    names = ", ".join(f"{rival.rule} keeps {kept[name]:.3f}" for name, rival in played.items())
    rows, columns = weight.shape
    return (
        f"A {rows} x {columns} block of weights, each a square with the area of its energy, and three masks on it. "
        f"Of the energy, with at most {limit:,} {game.unit} ({game.name}): {names}."
    )


def _checked_block(weight):
    """Return the weight as an array if it can be painted."""
    if not isinstance(weight, torch.Tensor) or weight.dtype != torch.float32:
        got = weight.dtype if isinstance(weight, torch.Tensor) else type(weight).__name__
        raise TypeError(f"weight must be a float32 tensor; got {got}")
    if weight.ndim != 2 or not all(12 <= side <= 64 and side % 4 == 0 for side in weight.shape):
        raise ValueError(f"weight must have 2 axes, multiples of 4 from 12 to 64; got shape {tuple(weight.shape)}")
    if not weight.isfinite().all() or not weight.any():
        got = "only zeros" if weight.isfinite().all() else "nan or inf"
        raise ValueError(f"weight must be finite and somewhere not zero; got {got}")
    return np.ascontiguousarray(weight.detach().numpy())
