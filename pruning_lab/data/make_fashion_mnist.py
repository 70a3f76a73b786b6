"""Draw the small Fashion-MNIST that the lessons ship: 10,000 training, 2,000 validation and 5,000 test images.

Run `python -m pruning_lab.data.make_fashion_mnist` where the full data set is installed (`apt install
dataset-fashion-mnist` on Debian and Ubuntu). It writes fashion_mnist.npz beside itself, the same bytes each time, and
prints the checksum that pruning_lab/data/fashion.py expects.
"""

import hashlib
from pathlib import Path

import numpy as np

from pruning_lab.data import fashion

SEED = 20170825  # the day the paper was submitted
PER_CLASS = {"train": 1000, "validation": 200, "test": 500}
FULL_VALIDATION_PER_CLASS = 500


def shuffled_by_class(labels, generator):
    """Return (classes, images per class): the indices of each class, in random order."""
    return np.stack([generator.permutation(np.flatnonzero(labels == label)) for label in range(10)])


def draw(train_labels, test_labels):
    """Return the sorted source indices of each split. The full validation set contains the small one and none of the
    small training set: small and full splits nest, so an image used to choose is never trained on, in either size."""
    generator = np.random.default_rng(SEED)
    train, test = (
        shuffled_by_class(train_labels, generator),
        shuffled_by_class(test_labels, generator),
    )
    after = FULL_VALIDATION_PER_CLASS
    drawn = {
        "train": train[:, after : after + PER_CLASS["train"]],
        "validation": train[:, : PER_CLASS["validation"]],
        "test": test[:, : PER_CLASS["test"]],
        "full_validation": train[:, :after],
    }
    return {split: np.sort(indices, axis=None).astype(np.uint16) for split, indices in drawn.items()}


def make():
    """Return the arrays of the file: images, labels and source indices of each split."""
    train, test = fashion.read_full("train"), fashion.read_full("test")
    source = {"train": train, "validation": train, "test": test}
    arrays = {}
    for split, indices in draw(train[1], test[1]).items():
        arrays[f"{split}_indices"] = indices
        if split in source:
            arrays[f"{split}_images"], arrays[f"{split}_labels"] = (array[indices] for array in source[split])
    return arrays


if __name__ == "__main__":
    path = Path(__file__).with_name("fashion_mnist.npz")
    np.savez_compressed(path, **make())
    print(f"{path.name}: {path.stat().st_size / 1e6:.2f} MB, sha256 {hashlib.sha256(path.read_bytes()).hexdigest()}")
