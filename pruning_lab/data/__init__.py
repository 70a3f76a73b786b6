"""The data that the lessons use: each shipped with its licence, and checked before it is read."""

from pruning_lab.data.fashion import CLASS_NAMES, SPLITS, fashion_mnist
from pruning_lab.data.wordnet import Definitions, definitions

__all__ = ["CLASS_NAMES", "SPLITS", "Definitions", "definitions", "fashion_mnist"]
