"""Fashion-MNIST: a small part that the course ships, and the full set where it is installed.

70,000 greyscale images of clothes, 28 x 28 pixels, ten classes of equal size, made as a harder stand-in for handwritten
digits. Choices are made on the validation split; the test split is read once.

Source: Xiao, Rasul and Vollgraf 2017, "Fashion-MNIST: a Novel Image Dataset for Benchmarking Machine Learning
Algorithms", arXiv 1708.07747. The images are MIT-licensed, (c) 2017 Zalando SE.
"""

import functools
import gzip
import io
import zlib
from pathlib import Path

import numpy as np
import platformdirs
import torch

from pruning_lab.files import check_sha256, course_bytes

SPLITS = ("train", "validation", "test")
CLASS_NAMES = (
    *("T-shirt/top", "Trouser", "Pullover", "Dress", "Coat"),
    *("Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot"),
)

SUBSET_PATH = Path(__file__).with_name("fashion_mnist.npz")
SUBSET_SHA256 = "5f769d0da7373237db18c784f81da9f47235a216fdd99b808ebad567897d0f10"
RESTORE = (
    "Restore it with `git checkout -- pruning_lab/data/fashion_mnist.npz`, or rebuild it with "
    "`python -m pruning_lab.data.make_fashion_mnist`."
)

DEBIAN_FOLDER = Path("/usr/share/datasets/fashion-mnist")
CACHE_FOLDER = platformdirs.user_cache_path("pruning_lab") / "fashion-mnist"
# Hashes of the unpacked bytes: distributors pack the same files with different gzip headers.
FULL_SHA256 = {
    "train-images-idx3-ubyte.gz": "c59f468a2f672dc815687fe0f83887768d799fd8a3f3276145d20f83aa44d888",
    "train-labels-idx1-ubyte.gz": "bad3541b69d912435c50bb6ba87bec294ff4f6a2e1246121d8633921760443d9",
    "t10k-images-idx3-ubyte.gz": "5b4141f0afbad91edebe8549f8fcffe087ea10ca49f1dbef5c9a5cd8815ce37b",
    "t10k-labels-idx1-ubyte.gz": "0402a96d92fd2663957122ceb108a494c5af83dab82d92729df917d7dec38c34",
}


def fashion_mnist(split: str, full: bool = False) -> tuple[torch.Tensor, torch.Tensor]:
    """Return the images and labels of one split. Every call makes new tensors.

    The small and the full splits nest: small train is part of full train, small validation of full validation. Each
    of the ten classes is equally frequent in every split.

    Args:
        split: "train" (10,000 images; full 55,000), "validation" (2,000; full 5,000) or "test" (5,000; full 10,000).
        full: take all 70,000 images, from Debian's package dataset-fashion-mnist or from a cache folder.

    Returns:
        Images, float32 in [0, 1] (0 is background), shape (n, 1, 28, 28); labels, int64 in [0, 10), shape (n,).

    Raises:
        ValueError: for another split, or a file that was truncated or changed.
        FileNotFoundError: where the data are missing; the message says where they belong and how to get them.

    Source: Xiao et al. 2017, arXiv 1708.07747, section 2.

    >>> images, labels = fashion_mnist("validation")
    >>> images.shape, labels.bincount().unique()
    (torch.Size([2000, 1, 28, 28]), tensor([200]))
    """
    if split not in SPLITS:
        raise ValueError(f"split must be one of {', '.join(SPLITS)}; got {split!r}")
    images, labels = _full_split(split) if full else _subset_split(split)
    # Dividing and converting make new arrays: a caller who writes to them leaves the cached ones unchanged.
    return torch.from_numpy(images[:, None] / np.float32(255)), torch.from_numpy(labels.astype(np.int64))


def _subset_split(split):
    arrays = _read_subset(SUBSET_PATH)
    return arrays[f"{split}_images"], arrays[f"{split}_labels"]


def _full_split(split):
    images, labels = read_full("test" if split == "test" else "train")
    if split == "test":
        return images, labels
    chosen = np.zeros(len(labels), dtype=bool)
    chosen[_read_subset(SUBSET_PATH)["full_validation_indices"]] = True
    chosen = chosen if split == "validation" else ~chosen
    return images[chosen], labels[chosen]


@functools.cache
def _read_subset(path):
    """Return the arrays of the shipped file by name."""
    with np.load(io.BytesIO(course_bytes(path, SUBSET_SHA256, RESTORE))) as archive:
        return dict(archive)


def read_full(part: str) -> tuple[np.ndarray, np.ndarray]:
    """Return the uint8 images (n, 28, 28) and labels (n,) of one part as published: "train" 60,000 or "test" 10,000."""
    if part not in ("train", "test"):
        raise ValueError(f"part must be train or test; got {part!r}")
    prefix, folder = {"train": "train", "test": "t10k"}[part], _full_folder()
    images = _read_packed(folder / f"{prefix}-images-idx3-ubyte.gz")
    labels = _read_packed(folder / f"{prefix}-labels-idx1-ubyte.gz")
    # IDX files begin with a header of 4 bytes and 4 more for each axis.
    return np.frombuffer(images, np.uint8, offset=16).reshape(-1, 28, 28), np.frombuffer(labels, np.uint8, offset=8)


def _full_folder():
    folders = (DEBIAN_FOLDER, CACHE_FOLDER)
    for folder in folders:
        if all((folder / name).is_file() for name in FULL_SHA256):
            return folder
    raise FileNotFoundError(
        f"the full Fashion-MNIST must be in {DEBIAN_FOLDER} or in {CACHE_FOLDER}; got neither. On Debian and Ubuntu "
        f"run `apt install dataset-fashion-mnist`; elsewhere put {', '.join(FULL_SHA256)} from "
        "github.com/zalandoresearch/fashion-mnist into the second folder."
    )


@functools.cache
def _read_packed(path):
    """Return the unpacked bytes of one published file, after checking them."""
    advice = "Install or copy it again."
    try:
        content = gzip.decompress(path.read_bytes())
    except (EOFError, gzip.BadGzipFile, zlib.error) as error:
        raise ValueError(f"{path} must be a complete gzip file; got a truncated or changed one. {advice}") from error
    check_sha256(content, FULL_SHA256[path.name], path, advice)
    return content
