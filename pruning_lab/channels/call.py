"""One operation as the run saw it: its name, its arguments by name, and what came out."""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor
from torch.utils._pytree import tree_leaves

aten = torch.ops.aten


class Call:
    """An operation of PyTorch's core that has just run.

    Attributes:
        name: such as "add"; without the namespace and the trailing "_" of an operation in place.
        function: the operation itself.
        output: what it returned.
    """

    def __init__(self, function: Any, args: tuple, kwargs: dict, output: Any) -> None:
        self.function, self.args, self.kwargs, self.output = function, args, kwargs, output
        self.name = function._schema.name.removeprefix("aten::").rstrip("_")

    def __getitem__(self, argument: str) -> Any:
        """Return an argument by its name in the schema, or its default; None where there is no such argument."""
        for place, known in enumerate(self.function._schema.arguments):
            if known.name == argument:
                if place < len(self.args):
                    return self.args[place]
                return self.kwargs.get(argument, known.default_value if known.has_default_value() else None)
        return None

    def dim(self, argument: str = "dim", ndim: int | None = None) -> int:
        """Return an axis counted from the front."""
        return self[argument] % (self.args[0].ndim if ndim is None else ndim)

    @property
    def tensors(self) -> list[Tensor]:
        """All tensors among the arguments."""
        return [leaf for leaf in tree_leaves((self.args, self.kwargs)) if isinstance(leaf, Tensor)]

    @property
    def outputs(self) -> list[Tensor]:
        """All tensors of the result."""
        return [leaf for leaf in tree_leaves(self.output) if isinstance(leaf, Tensor)]

    def again(self, tensor: Tensor) -> Any:
        """Do to another tensor what was done to the first argument; where that was a view, a copy will do."""
        function: Callable = aten.reshape if "view" in self.name else self.function
        return function(tensor, *self.args[1:], **self.kwargs)


def is_pointwise(name: str) -> bool:
    """Return whether PyTorch says that an operation works entry by entry.

    >>> is_pointwise("relu"), is_pointwise("mm")
    (True, False)
    """
    packet = getattr(aten, name, None)
    return packet is not None and any(torch.Tag.pointwise in getattr(packet, o).tags for o in packet.overloads())
