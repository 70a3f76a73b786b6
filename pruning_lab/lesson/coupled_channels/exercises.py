"""Lesson 06: columns after a concatenation, units before a group norm, the rows of some heads."""

import numpy as np

from pruning_lab.lesson.frame.answers import indices, likely_slip, require


def concatenated_columns(answer):
    """`my_columns(left, right, width)`: the inputs that stay after a concatenation of two parts that were cut."""
    cases = [([0, 2], [1], 4), ([1], [0, 3], 2), ([3], [2], 5), ([0, 1, 4], [0], 6)]
    cases += [([0, 2], [], 3), ([], [1], 3), ([0], [7], 300)]
    for left, right, width in cases:
        got = indices(answer(np.array(left, int), np.array(right, int), width), "the result").tolist()
        wanted = left + [width + channel for channel in right]
        where = f"left keeps {left} of {width}, right keeps {right}"
        slips = {
            f"right begins after all {width} channels that left *had*, kept or not": [
                *left,
                *(len(left) + channel for channel in right),
            ],
            "channel 0 of right is not the reader's input 0": left + right,
            "the reader has columns for both parts; those are left's columns alone": left,
        }
        require(got == wanted or sorted(got) != wanted, f"{where}: the result must be in ascending order")
        reason = likely_slip(got.__eq__, slips, f"the reader keeps {wanted}; got {got}")
        require(got == wanted, f"{where}: {reason}")


def units_of_a_group_norm(answer):
    """`my_units(channels, groups)`: the number of the unit of each channel before a group norm."""
    for channels, groups in [(8, 4), (6, 2), (12, 3), (5, 5), (4, 1)]:
        got = indices(answer(channels, groups), "the result").tolist()
        where = f"{channels} channels in {groups} groups"
        require(len(got) == channels, f"{where}: one number for each channel; got {len(got)}")
        size = channels // groups
        right = [channel // size for channel in range(channels)]
        slips = {
            "a group is made of neighbours: the first channels, then the next ones": [
                c % groups for c in range(channels)
            ],
            f"a group has channels / groups members, here {size}; yours have {groups}": [
                c // groups for c in range(channels)
            ],
            "one mean is taken over a whole group, so its channels are one unit": list(range(channels)),
            "groups do not see each other: each is a unit of its own": [0] * channels,
        }
        reason = likely_slip(got.__eq__, slips, f"units {right}; got {got}")
        require(got == right, f"{where}: {reason}")


def rows_of_heads(answer):
    """`my_rows(keep, heads, size)`: the rows of a fused query-key-value weight that stay with these heads."""
    for keep, heads, size in [([1], 3, 2), ([0, 2], 3, 4), ([0, 1], 2, 3), ([2], 4, 1), ([11], 12, 8)]:
        got = indices(answer(np.array(keep), heads, size), "the result").tolist()
        where = f"{heads} heads of {size}, keep {keep}"
        query = [head * size + place for head in keep for place in range(size)]
        right = [part * heads * size + row for part in range(3) for row in query]
        beside = [head * 3 * size + place for head in keep for place in range(3 * size)]
        slips = {
            "those are the queries' rows; keys and values of a head go with it": query,
            "all queries come first, then all keys, then all values: a head has three places": beside,
            "a head is `size` rows, not one": [part * heads + head for part in range(3) for head in keep],
        }
        require(got == right or sorted(got) != right, f"{where}: the result must be in ascending order")
        reason = likely_slip(got.__eq__, slips, f"rows {right}; got {got}")
        require(got == right, f"{where}: {reason}")
