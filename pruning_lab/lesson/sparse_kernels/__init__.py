"""Lesson 04, sparse kernels. The names that its notebook uses."""

from pruning_lab.lesson.sparse_kernels import exercises
from pruning_lab.lesson.sparse_kernels.drawings import crossover_maps, gather_frames, tiles_picture, two_walks
from pruning_lab.lesson.sparse_kernels.engine import engine_product, layer_model
from pruning_lab.lesson.sparse_kernels.experiments import (
    crossing,
    crossover,
    least_time,
    race_layers,
    random_inputs,
    random_layer,
    sparse_product,
    speed_up,
    vector_loads,
)
from pruning_lab.lesson.sparse_kernels.explorer import explore_crossover
from pruning_lab.lesson.sparse_kernels.published import (
    MACHINES,
    geometric_mean,
    published_energy_ratios,
    published_speed_ups,
)
from pruning_lab.lesson.sparse_kernels.reveal import race_picture, race_reveal, race_table, zeros_reveal
from pruning_lab.measure.rivals import best_dense, numpy_product, torch_product

__all__ = [
    "MACHINES",
    "best_dense",
    "crossing",
    "crossover",
    "crossover_maps",
    "engine_product",
    "exercises",
    "explore_crossover",
    "gather_frames",
    "geometric_mean",
    "layer_model",
    "least_time",
    "numpy_product",
    "published_energy_ratios",
    "published_speed_ups",
    "race_layers",
    "race_picture",
    "race_reveal",
    "race_table",
    "random_inputs",
    "random_layer",
    "sparse_product",
    "speed_up",
    "tiles_picture",
    "torch_product",
    "two_walks",
    "vector_loads",
    "zeros_reveal",
]
