"""The sizes that torch's own layers print and use, read off their weights."""

from torch import nn
from torch.nn.modules.batchnorm import _NormBase
from torch.nn.modules.conv import _ConvNd

from .attention import OpenAttention


def _linear(module):
    module.out_features, module.in_features = module.weight.shape


def _convolution(module):
    first, second = module.weight.shape[:2]
    if module.groups > 1:
        module.groups = first * module.groups // (module.in_channels if module.transposed else module.out_channels)
    sizes = (first, second * module.groups)
    module.in_channels, module.out_channels = sizes if module.transposed else sizes[::-1]


def _batch_norm(module):
    vector = module.weight if module.weight is not None else module.running_mean
    if vector is not None:
        module.num_features = len(vector)


def _group_norm(module):
    if module.weight is not None:
        module.num_groups = len(module.weight) * module.num_groups // module.num_channels
        module.num_channels = len(module.weight)


def _layer_norm(module):
    if module.weight is not None:
        module.normalized_shape = tuple(module.weight.shape)


def _embedding(module):
    module.num_embeddings, module.embedding_dim = module.weight.shape


def _bilinear(module):
    module.out_features, module.in1_features, module.in2_features = module.weight.shape


def _prelu(module):
    module.num_parameters = module.weight.numel()


def _recurrent(module):
    gates = {"LSTM": 4, "GRU": 3}.get(module.mode, 1)
    rows, module.input_size = module.weight_ih_l0.shape
    module.hidden_size = rows // gates
    if module.proj_size:
        module.proj_size = module.weight_hr_l0.shape[0]


def _recurrent_cell(module):
    module.input_size, module.hidden_size = module.weight_ih.shape[1], module.weight_hh.shape[1]


def _attention(module):
    rows = module.out_proj.weight.shape[1]
    module.embed_dim = module.out_proj.weight.shape[0]
    module.num_heads = rows // module.head_dim
    if module.in_proj_weight is None:
        module.kdim, module.vdim = module.k_proj_weight.shape[1], module.v_proj_weight.shape[1]
    else:
        module.kdim = module.vdim = module.embed_dim


REFRESH = {
    OpenAttention: _attention,
    nn.Linear: _linear,
    _ConvNd: _convolution,
    _NormBase: _batch_norm,
    nn.GroupNorm: _group_norm,
    nn.LayerNorm: _layer_norm,
    nn.RMSNorm: _layer_norm,
    nn.Embedding: _embedding,
    nn.EmbeddingBag: _embedding,
    nn.Bilinear: _bilinear,
    nn.PReLU: _prelu,
    nn.RNNBase: _recurrent,
    nn.RNNCellBase: _recurrent_cell,
}
TORCH_LAYERS = tuple(REFRESH)


def refresh_(model: nn.Module) -> None:
    """Have every layer of torch's own show and use the sizes of its weights.

    >>> layer = nn.Linear(4, 3)
    >>> layer.weight.data = layer.weight.data[:2]
    >>> refresh_(layer)
    >>> layer
    Linear(in_features=4, out_features=2, bias=True)
    """
    for module in model.modules():
        kind = next((kind for kind in REFRESH if isinstance(module, kind)), None)
        if kind:
            REFRESH[kind](module)
