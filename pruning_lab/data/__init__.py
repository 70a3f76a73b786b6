"""The data that the lessons use: each shipped with its licence, and checked before it is read."""

from pruning_lab.data.fashion import CLASS_NAMES, SPLITS, fashion_mnist

__all__ = ["CLASS_NAMES", "SPLITS", "fashion_mnist"]
