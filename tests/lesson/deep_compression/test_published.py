"""Lesson 09's table of Deep Compression after Huffman coding: rebuilt from its own columns, and what is left over."""

import pytest

from pruning_lab.lesson.deep_compression import published
from pruning_lab.sparse import filler_factor

VERDICTS = ["yes", "too small", "too small", *["yes"] * 5, "too large", "too large", "yes"]


def test_seven_of_eleven_follow_from_their_columns():
    assert [row.verdict for row in published.huffman_rows()] == VERDICTS


def test_the_formula_by_hand():
    expected = 100 * (0.25 * filler_factor(0.25, 4) * (4 + 3.2) / 32 + 32 / 4_096_000)
    assert published.percent_after_huffman(4_096_000, 0.25, 5, 4, 4.0, 3.2) == pytest.approx(expected)


def test_the_two_that_are_too_large_lie_between_no_filler_and_random_ones():
    for row in published.huffman_rows():
        if row.verdict == "too large":
            assert row.without_fillers < row.printed < row.low


def test_the_range_holds_the_formula_and_widens_with_the_columns():
    for row in published.huffman_rows():
        assert row.low < row.formula < row.high
        assert row.without_fillers <= row.formula


def test_the_table_has_a_row_for_each_layer_and_says_what_is_explained():
    table = published.huffman_table(published.huffman_rows())
    assert table.count("<tr>") == 1 + 11
    assert table.count(">yes<") == 7


def test_the_headlines_follow_from_their_kilobytes():
    for _, before, after, printed, computed in published.headline_rows():
        assert computed == before / after
        assert round(computed) == printed
