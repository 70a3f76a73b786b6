"""How the lowest scores are found fast, without sorting or copying them: a radix select over float32 on the CPU.

The bits of a float32, read as an integer, sort as the float does once the sign is taken care of. So two histograms
find the score of any rank exactly: one over the upper 16 bits, to find the bucket that holds the rank, and one over
the lower 16 bits of the scores in that bucket. A last pass compares each score with the one found.
"""

from collections.abc import Sequence

import numpy as np
import torch
from numba import njit
from torch import Tensor

CHUNK = 64  # scores that one vectorised look can dismiss; few enough that most chunks hold none of the bucket


def mask_lowest(tensors: Sequence[Tensor], pruned: int, by_magnitude: bool) -> list[Tensor]:
    """Return one mask for each tensor: False for the `pruned` lowest scores of all tensors together.

    Equal scores go in the order of the tensors, then in row-major order. Arguments are not checked here.

    Args:
        tensors: float32 on the CPU, each of any shape, without NaN. Only a tensor that is not contiguous is copied.
        pruned: at least 1, at most the number of all scores.
        by_magnitude: rank |score| instead of the score.

    Returns:
        Contiguous bool tensors of the same shapes, True keeps.

    >>> mask_lowest([torch.tensor([3.0, -1.0]), torch.tensor([[-2.0]])], 2, by_magnitude=True)
    [tensor([ True, False]), tensor([[False]])]
    """
    flats = [np.ascontiguousarray(scores.reshape(-1).numpy(force=True)) for scores in tensors]
    masks = [torch.empty(scores.shape, dtype=torch.bool) for scores in tensors]
    threshold, ties = _select(flats, pruned - 1, by_magnitude)
    for flat, mask in zip(flats, masks, strict=True):
        ties -= _fill_mask(flat, threshold, ties, by_magnitude, mask.view(-1).numpy())
    return masks


def _select(flats, rank, by_magnitude):
    """Return the score at `rank` in ascending order (0 is the lowest), and how many equal to it go, itself included."""
    upper_counts = np.zeros((4, 1 << 16), np.int64)
    for flat in flats:
        _count_upper_bits(flat, by_magnitude, upper_counts)
    bucket, rank = _bucket_of(upper_counts.sum(axis=0), rank)
    low, high = max(bucket << 16, 0x007FFFFF), min(bucket << 16 | 0xFFFF, 0xFF800000)  # beyond -inf and inf lies NaN
    lower_counts = np.zeros(1 << 16, np.int64)
    for flat in flats:
        _count_lower_bits(flat, bucket, _score_of(low), _score_of(high), by_magnitude, lower_counts)
    lower, rank = _bucket_of(lower_counts, rank)
    return _score_of(bucket << 16 | lower), rank + 1


def _bucket_of(counts, rank):
    """Return the bucket that holds the entry at `rank`, and the entry's rank within it."""
    ends = counts.cumsum()
    bucket = int(ends.searchsorted(rank, side="right"))
    return bucket, int(rank - (ends[bucket] - counts[bucket]))


def _score_of(key):
    """Undo `_key`: the float32 of a key."""
    return np.uint32(key ^ 0x80000000 if key >> 31 else key ^ 0xFFFFFFFF).view(np.float32)


@njit(cache=True)
def _key(score, by_magnitude):
    """Map a float32 to a uint32 that sorts as the float does."""
    score = abs(score) if by_magnitude else score + np.float32(0)  # + 0 makes -0.0 the 0.0 that it equals
    bits = np.float32(score).view(np.uint32)
    return np.uint32(bits ^ np.uint32(0xFFFFFFFF if bits >> 31 else 0x80000000))


@njit(cache=True)
def _count_upper_bits(flat, by_magnitude, counts):
    # Four histograms in turn: a run of equal scores need not wait for its own last count.
    if by_magnitude:  # `_key` without its branches: the sign's bit is set, whatever it was
        bits = flat.view(np.uint32)
        for i in range(flat.size):
            counts[i & 3, np.uint32(bits[i] | np.uint32(0x80000000)) >> np.uint32(16)] += 1
    else:
        for i in range(flat.size):
            counts[i & 3, _key(flat[i], by_magnitude) >> 16] += 1


@njit(cache=True)
def _count_between(part, low, high, by_magnitude):
    """Return how many scores lie in [low, high]; written so that it vectorises."""
    count = np.uint32(0)
    for i in range(part.size):
        score = abs(part[i]) if by_magnitude else part[i]
        count = np.uint32(count + np.uint32((score >= low) & (score <= high)))
    return count


@njit(cache=True)
def _count_lower_bits(flat, bucket, low, high, by_magnitude, counts):
    for start in range(0, flat.size, CHUNK):
        part = flat[start : start + CHUNK]
        if _count_between(part, low, high, by_magnitude):
            for i in range(part.size):
                key = _key(part[i], by_magnitude)
                if key >> 16 == bucket:
                    counts[key & 0xFFFF] += 1


@njit(cache=True)
def _fill_mask(flat, threshold, ties, by_magnitude, mask):
    """Write `score >= threshold`, then clear the first `ties` that equal it; return how many were cleared."""
    for i in range(flat.size):
        mask[i] = (abs(flat[i]) if by_magnitude else flat[i]) >= threshold
    cleared = 0
    for start in range(0, flat.size, CHUNK):
        part = flat[start : start + CHUNK]
        if cleared < ties and _count_between(part, threshold, threshold, by_magnitude):
            for i in range(part.size):
                if cleared < ties and (abs(part[i]) if by_magnitude else part[i]) == threshold:
                    mask[start + i] = False
                    cleared += 1
    return cleared
