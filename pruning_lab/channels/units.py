"""From colours that met to units, the smallest things that can go, and to groups, one for each choice."""

import numpy as np
import torch
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components
from torch import Tensor

from .paint import FIXED, Canvas, along, thin


def unit_of_each_colour(canvas: Canvas) -> Tensor:
    """Return the unit of each colour: connected colours are one unit.

    Partial meetings are settled before boxes: a rotary table that is the same for every head would tie heads together.
    """
    edges = [torch.zeros(2, 1, dtype=torch.int64), *canvas.edges]
    boxes = list({(box.shape, box.numpy().tobytes()): box for box in canvas.boxes}.values())
    unit = _components(edges, canvas.colours)
    for settle, deferred in ((_settled, canvas.partial), (_counted, canvas.picked)):
        if deferred:
            edges += [settle(unit, *meeting) for meeting in deferred]
            unit = _components(edges, canvas.colours)
    while more := [edge for box in boxes if (edge := _rows_only(unit[box], box)) is not None]:
        edges += more
        unit = _components(edges, canvas.colours)
    return unit


def tied_colours(canvas: Canvas) -> Tensor:
    """Return a number for each colour, the same for colours that meet on a way that does not pass by what stays.

    All that stays is one unit. This tells apart what it stays for.
    """
    edges = torch.cat([torch.zeros(2, 1, dtype=torch.int64), *canvas.edges], dim=1)
    return _components([edges[:, (edges != FIXED).all(dim=0)]], canvas.colours)


def _components(edges, colours):
    one, other = torch.cat(edges, dim=1).numpy()
    graph = coo_array((np.ones(len(one), dtype=bool), (one, other)), shape=(colours, colours))
    return torch.from_numpy(connected_components(graph, directed=False)[1].astype("int64"))


def _rows_only(unit, colours):
    """A tensor stays a box: only whole rows along one of its axes go. If not so yet, tie along the shortest axis."""
    free = along(thin(unit))
    if len(free) <= 1:
        return None
    shortest = min(sorted(free), key=lambda dim: colours.shape[dim])
    first = colours.narrow(shortest, 0, 1).expand_as(colours)
    return torch.stack([colours.reshape(-1), first.reshape(-1)])


def _settled(unit, larger, smaller):
    """(heads, places) met (places): either the places are cut, or heads are, and what has only places stays."""
    places_differ = along(thin(unit[larger])) & along(smaller)
    one, other = torch.broadcast_tensors(*((larger, smaller) if places_differ else (smaller, torch.tensor(FIXED))))
    return torch.stack([one.reshape(-1), other.reshape(-1)])


def _counted(unit, layer, dim, places):
    """What numbers count over along an axis stays. Where other axes may be cut, as heads may, the axis stays whole."""
    free = along(thin(unit[layer]))
    if dim not in free:
        return torch.zeros(2, 1, dtype=torch.int64)
    if len(free) > 1:
        one, other = torch.broadcast_tensors(layer, layer.narrow(dim, 0, 1))
    else:
        one, other = torch.broadcast_tensors(layer.movedim(dim, 0)[places], torch.tensor(FIXED))
    return torch.stack([one.reshape(-1), other.reshape(-1)])


def choices(canvas: Canvas, unit: Tensor) -> list[dict[tuple[str, int], Tensor]]:
    """Return one choice for each set of units that touch the same axes with equally many indices.

    Returns:
        list of dicts (parameter, axis) -> int64 (size,): the number of the unit of each index, -1 for none.
    """
    names, colours = list(canvas.axes), list(canvas.axes.values())
    if not names:
        return []
    axis = np.repeat(np.arange(len(names)), [len(c) for c in colours])
    owner = unit[torch.cat(colours)].numpy()
    pairs, counts = np.unique(np.stack([owner, axis]), axis=1, return_counts=True)
    starts = np.flatnonzero(np.diff(pairs[0], prepend=-1))
    members: dict[bytes, list[int]] = {}
    touched: dict[bytes, np.ndarray] = {}
    for start, stop in zip(starts, [*starts[1:], pairs.shape[1]], strict=True):
        if stop - start > 1 and pairs[0, start] != unit[FIXED]:
            key = pairs[1, start:stop].tobytes() + counts[start:stop].tobytes()
            members.setdefault(key, []).append(int(pairs[0, start]))
            touched[key] = pairs[1, start:stop]
    return [
        _numbered(unit, units, {names[i]: colours[i] for i in touched[key]})
        for key, units in members.items()
        if len(units) > 1
    ]


def _numbered(unit, units, axes):
    """Number units in the order in which they stand on the first axis."""
    first = unit[next(iter(axes.values()))]
    mine = first[torch.isin(first, torch.tensor(units))]
    order = list(dict.fromkeys(mine.tolist()))
    number = torch.full((int(unit.max()) + 1,), -1)
    number[torch.tensor(order)] = torch.arange(len(order))
    return {axis: number[unit[colours]] for axis, colours in axes.items()}
