"""Networks that are graded from a file and under a budget: what such assignments share.

What the file holds, how it is read, and what the budget is are the assignment's own.
"""

from functools import lru_cache

from safetensors import SafetensorError

from pruning_lab import data, train

FORMATS = {"accuracy": "{:.4f}"}  # of the leaderboard's columns


def content_of(files, name):
    """Return the bytes of a file that was handed in.

    Raises:
        AssertionError: it is not there, for the student.
    """
    assert isinstance(files, dict), "files is not defined: run the cell that writes the file and reads it back"
    assert name in files, f"{name} is missing: not written yet (replace the ...), or not handed in with the notebook"
    return files[name]


def tensors_of(content, name, load):
    """Return what a file holds, {name: tensor}, as safetensors' `load`, NumPy's or torch's, reads it.

    Raises:
        AssertionError: it is no such file, for the student.
    """
    try:
        return load(content)
    except (SafetensorError, KeyError, ValueError, TypeError, OverflowError) as error:
        raise AssertionError(f"{name} cannot be read as safetensors: {error}") from None


def check_bytes(files, name, budget):
    """The file, every byte of it, is within the budget."""
    size = len(content_of(files, name))
    assert size <= budget, f"{name} takes {size:,} bytes; the budget is {budget:,}"


def check_accuracy(network, limits, least, split):
    """Within all limits, at least this share of the images is classified correctly.

    Args:
        network: as it was read from the file.
        limits: functions without arguments, each a check.
        least: in [0, 1].
        split: "validation" or "test".
    """
    for limit in limits:
        try:
            limit()
        except AssertionError as error:
            raise AssertionError(f"accuracy counts only within both limits: {error}") from None
    got = _accuracy(network, split)
    assert got >= least, f"accuracy {got:.4f} on {split}; {least} is required"


def on_test(network):
    """Return what the leaderboard shows of every network: its accuracy on test, and on which images that was."""
    _, name = images_of("test")
    return {"accuracy": _accuracy(network, "test"), "images": name}


def rank(figures):
    """Return what the leaderboard sorts by: networks within both limits first, then the highest accuracy."""
    return not figures["within"], -figures["accuracy"]


@lru_cache(8)
def _accuracy(network, split):
    """Return the accuracy of a network, which several tests ask for, and none changes."""
    images, _ = images_of(split)
    try:
        return train.evaluate(network, images)
    except ValueError as error:  # finite weights may still give outputs that are not
        raise AssertionError(f"the network names no class for some images of {split}: {error}") from None


@lru_cache(2)
def images_of(split):
    """Return (images, labels) and their name. The test is on images that nobody has seen, where all are installed.

    The course ships half of the test images, so students have them. The grader takes the other half where all of
    Fashion-MNIST is installed (`data.fashion_mnist`).
    """
    if split == "validation":
        return data.fashion_mnist("validation"), "validation"
    images, labels = data.fashion_mnist("test")
    try:
        all_images, all_labels = data.fashion_mnist("test", full=True)
    except FileNotFoundError:
        return (images, labels), "test, as shipped"
    shipped = {image.tobytes() for image in images.numpy()}
    unseen = [number for number, image in enumerate(all_images.numpy()) if image.tobytes() not in shipped]
    return (all_images[unseen], all_labels[unseen]), "test, not shipped"
