"""Lesson 04's published numbers: layers, times and energy as Deep Compression prints them."""

import pytest

from pruning_lab.lesson.sparse_kernels.published import (
    MACHINES,
    PUBLISHED,
    WATTS,
    geometric_mean,
    published_energy_ratios,
    published_speed_ups,
)
from pruning_lab.sparse.published import DEEP_COMPRESSION_LAYERS


@pytest.mark.parametrize(("batch", "means"), [(1, (3.33, 3.54, 4.75)), (64, (0.27, 0.27, 0.78))])
def test_geometric_means_of_the_published_table(batch, means):
    assert tuple(round(geometric_mean(published_speed_ups(machine, batch)), 2) for machine in MACHINES) == means


def test_energy_ratios_of_the_published_table():
    assert [round(geometric_mean(published_energy_ratios(machine)), 2) for machine in MACHINES] == [6.68, 3.27, 4.23]


def test_six_layers_as_published():
    assert [shape for shape, _ in DEEP_COMPRESSION_LAYERS.values()] == [
        (4096, 9216),
        (4096, 4096),
        (1000, 4096),
        (4096, 25088),
        (4096, 4096),
        (1000, 4096),
    ]


def test_every_machine_has_a_number_for_every_layer():
    printed = [numbers for pair in (*PUBLISHED.values(), *WATTS.values()) for numbers in pair]
    assert {len(numbers) for numbers in printed} == {len(DEEP_COMPRESSION_LAYERS)}
    assert {machine for machine, _ in PUBLISHED} == set(MACHINES)
