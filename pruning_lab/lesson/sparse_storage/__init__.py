"""Lesson 03, sparse storage. The names that its notebook uses."""

from pruning_lab.lesson.sparse_storage import exercises
from pruning_lab.lesson.sparse_storage.drawings import arrays_picture, relative_rows, storage_frames
from pruning_lab.lesson.sparse_storage.experiments import FORMATS, encode, file_sizes
from pruning_lab.lesson.sparse_storage.explorer import explore_bytes
from pruning_lab.lesson.sparse_storage.published import storage_rows, storage_table
from pruning_lab.lesson.sparse_storage.reveal import smaller_reveal

__all__ = [
    "FORMATS",
    "arrays_picture",
    "encode",
    "exercises",
    "explore_bytes",
    "file_sizes",
    "relative_rows",
    "smaller_reveal",
    "storage_frames",
    "storage_rows",
    "storage_table",
]
