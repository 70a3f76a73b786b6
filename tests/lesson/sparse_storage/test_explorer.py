"""Lesson 03's explorer: a curve for each format, as large as the format says at every density."""

from explorer_tests import explorer_tests

from pruning_lab.lesson.sparse_storage import explore_bytes
from pruning_lab.lesson.sparse_storage.experiments import DENSITIES, FORMATS, share_of_dense

SHAPE = (100, 300)

test_drawing, test_attended, test_unattended, test_html, test_text = explorer_tests(
    {"bytes": lambda: explore_bytes(SHAPE)}
)


def test_each_curve_is_what_its_format_takes():
    curves = {curve["name"]: curve["points"] for curve in explore_bytes(SHAPE).facts["curves"]}
    assert list(curves) == list(FORMATS)
    for name, points in curves.items():
        assert points == [(density, share_of_dense(name, SHAPE, density)) for density in DENSITIES]


def test_the_slider_runs_over_densities_and_dense_is_the_line():
    shown = explore_bytes(SHAPE)
    (slider,) = shown.controls
    assert slider.name == "Density (kept)"
    assert slider.options == tuple(f"{density:g}" for density in DENSITIES)
    assert shown.facts["line"] == 1.0


def test_the_numbers_read_out_by_hand():
    """At one half, CSR with int32 columns stores 8 bytes for each of 15,000 weights, and 101 row pointers of 4."""
    row = dict(explore_bytes(SHAPE).facts["rows"][DENSITIES.index(0.5)])
    assert row["density"] == "0.5"
    assert row["CSR, int32 columns"] == f"{(8 * 15_000 + 4 * 101) / 120_000:.3f}"
    assert row["bitmask"] == f"{(4 * 15_000 + 30_000 / 8) / 120_000:.3f}"
