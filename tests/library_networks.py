"""Networks of torchvision, timm and transformers, small and with random weights; nothing is fetched."""

import os
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import torch
from torch import nn

os.environ["HF_HUB_OFFLINE"] = "1"  # read when the libraries are imported
LIBRARY = torch.library.Library("torchvision", "FRAGMENT")
for operation in ("nms", "qnms"):  # a torchvision built for another torch asks at import for what it could not load
    with suppress(RuntimeError):
        LIBRARY.define(f"{operation}(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")

import timm  # noqa: E402
import torchvision.models  # noqa: E402
import transformers  # noqa: E402

Network = Callable[[], tuple[nn.Module, Any]]


def _pixels(size: int = 64) -> torch.Tensor:
    return torch.randn(1, 3, size, size, generator=torch.Generator().manual_seed(0))


def _words(count: int = 6) -> torch.Tensor:
    return torch.arange(3, 3 + count).unsqueeze(0)


def vision(name: str, size: int = 64, **settings: Any) -> Network:
    """A network of torchvision."""
    return lambda: (torchvision.models.get_model(name, weights=None, **settings), _pixels(size))


def of_timm(name: str, size: int = 64, **settings: Any) -> Network:
    """A network of timm."""
    return lambda: (timm.create_model(name, num_classes=5, **settings), _pixels(size))


def language(kind: str, **settings: Any) -> Network:
    """A network of transformers that reads words, two layers deep."""

    def make():
        config = getattr(transformers, f"{kind}Config")(vocab_size=32, **settings)
        config._attn_implementation = "eager"
        return getattr(transformers, f"{kind}Model")(config), {"input_ids": _words()}

    return make


def seeing(kind: str, size: int = 32, **settings: Any) -> Network:
    """A network of transformers that sees pictures."""

    def make():
        config = getattr(transformers, f"{kind}Config")(**settings)
        config._attn_implementation = "eager"
        return getattr(transformers, f"{kind}Model")(config), {"pixel_values": _pixels(size)}

    return make


BERT = {"hidden_size": 24, "num_hidden_layers": 2, "num_attention_heads": 4, "intermediate_size": 40}
LLAMA = BERT | {"num_key_value_heads": 2, "max_position_embeddings": 32}
BART = {
    "d_model": 24, "encoder_layers": 2, "decoder_layers": 2, "encoder_attention_heads": 4, "decoder_attention_heads": 4,
    "encoder_ffn_dim": 40, "decoder_ffn_dim": 40, "max_position_embeddings": 32,
}  # fmt: skip
VIT = BERT | {"image_size": 32, "patch_size": 8}
SWIN = {"image_size": 32, "patch_size": 4, "embed_dim": 24, "depths": [1, 1], "num_heads": [2, 4], "window_size": 4}
SEGFORMER = {
    "hidden_sizes": [16, 16], "depths": [1, 1], "num_attention_heads": [2, 4], "num_encoder_blocks": 2,
    "sr_ratios": [2, 1], "patch_sizes": [7, 3], "strides": [4, 2], "mlp_ratios": [2, 2],
}  # fmt: skip
SOUND = BERT | {
    "conv_dim": (16, 16), "conv_stride": (5, 4), "conv_kernel": (10, 4), "num_feat_extract_layers": 2,
    "num_conv_pos_embeddings": 8, "num_conv_pos_embedding_groups": 2,
}  # fmt: skip
T5 = {"d_model": 24, "d_kv": 6, "num_layers": 2, "num_heads": 4, "d_ff": 40}


def translating(kind: str, **settings: Any) -> Network:
    """A network of transformers with an encoder and a decoder."""
    make = language(kind, **settings)
    return lambda: (make()[0], {"input_ids": _words(), "decoder_input_ids": _words(4)})


def hearing(kind: str, **settings: Any) -> Network:
    """A network of transformers that hears 2,000 samples of sound."""

    def make():
        config = getattr(transformers, f"{kind}Config")(**settings)
        config._attn_implementation = "eager"
        return getattr(transformers, f"{kind}Model")(config), {"input_values": torch.linspace(-1, 1, 2000)[None].sin()}

    return make


def _two_pictures(network: Network) -> Network:
    """A batch of two: see `test_torch_mixes_up_gradients_of_a_batch_of_one`."""

    def make():
        model, x = network()
        return model, torch.cat([x, 1 - x])

    return make


# name: (network, how many groups of heads)
NETWORKS: dict[str, tuple[Network, int]] = {
    **{
        name: (vision(name), 0)
        for name in (
            "resnet18", "mobilenet_v2", "mobilenet_v3_small", "shufflenet_v2_x0_5", "efficientnet_b0", "regnet_y_400mf",
            "mnasnet0_5", "squeezenet1_1", "densenet121",
        )
    },
    "swin_t": (vision("swin_t"), 12),
    **{
        name: (of_timm(name), heads)
        for name, heads in {
            "pvt_v2_b0": 6, "edgenext_xx_small": 3, "mobilevit_xxs": 9, "tiny_vit_5m_224": 10, "efficientvit_b0": 0,
            "ghostnet_050": 0, "skresnet18": 0, "repvgg_a0": 0, "hrnet_w18_small": 0, "selecsls42": 0,
        }.items()
    },
    "levit_128s": (_two_pictures(of_timm("levit_128s", img_size=64)), 11),
    "vit_tiny": (of_timm("vit_tiny_patch16_224", img_size=64, depth=2), 2),
    "beit": (of_timm("beit_base_patch16_224", img_size=64, depth=2, embed_dim=96, num_heads=4), 2),
    "xcit_nano": (of_timm("xcit_nano_12_p16_224", img_size=64, depth=2), 4),
    "cait_xxs24": (of_timm("cait_xxs24_224", img_size=64, depth=2), 4),
    "eva02_tiny": (of_timm("eva02_tiny_patch14_224", 56, img_size=56, depth=2), 2),
    **{name: (language(name, **BERT), heads) for name, heads in {"Bert": 2, "Roberta": 2, "MPNet": 1}.items()},
    "Albert": (language("Albert", **BERT, embedding_size=16), 1),
    "DebertaV2": (language("DebertaV2", **BERT, relative_attention=True, pos_att_type=["c2p", "p2c"]), 2),
    "GPT2": (language("GPT2", n_embd=24, n_layer=2, n_head=4, n_positions=32), 2),
    "GPTNeoX": (language("GPTNeoX", **BERT), 2),
    "Bloom": (language("Bloom", hidden_size=24, n_layer=2, n_head=4), 2),
    **{name: (language(name, **LLAMA), 2) for name in ("Llama", "Mistral", "Qwen2")},
    "Gemma": (language("Gemma", **LLAMA, head_dim=6), 2),
    "Mamba": (language("Mamba", hidden_size=24, num_hidden_layers=2), 0),
    "T5": (translating("T5", **T5), 3),
    "Bart": (translating("Bart", **BART), 6),
    **{name: (seeing(name, **VIT), 2) for name in ("ViT", "CLIPVision", "SiglipVision")},
    "Swin": (seeing("Swin", **SWIN), 2),
    "Segformer": (seeing("Segformer", **SEGFORMER), 2),
    "Wav2Vec2": (hearing("Wav2Vec2", **SOUND), 2),
}  # fmt: skip
