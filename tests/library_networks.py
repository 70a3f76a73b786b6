"""Networks of torchvision, timm and transformers, small and with random weights; nothing is fetched."""

import os
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import torch
from torch import nn
from torch.utils._pytree import tree_map_only

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


def small(class_name: str, size: int = 64, **settings: Any) -> Network:
    """A network of torchvision or timm, built smaller than any that has a name there."""

    def make():
        of = torchvision.models if hasattr(torchvision.models, class_name) else timm.models
        return getattr(of, class_name)(num_classes=5, **settings), _pixels(size)

    return make


def _words(count: int = 6) -> torch.Tensor:
    return torch.arange(3, 3 + count).unsqueeze(0)


def vision(name: str, size: int = 64, **settings: Any) -> Network:
    """A network of torchvision."""
    return lambda: (torchvision.models.get_model(name, weights=None, **settings), _pixels(size))


def of_timm(name: str, size: int = 64, **settings: Any) -> Network:
    """A network of timm."""
    return lambda: (timm.create_model(name, num_classes=5, **settings), _pixels(size))


def language(kind: str, end: str = "Model", **settings: Any) -> Network:
    """A network of transformers that reads words, two layers deep."""

    def make():
        config = getattr(transformers, f"{kind}Config")(vocab_size=32, **settings)
        config._attn_implementation = config._experts_implementation = "eager"
        return getattr(transformers, f"{kind}{end}")(config), {"input_ids": _words()}

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
WITH_A_HEAD: dict[str, dict] = {  # what their RMS norms read is no output: it may shrink
    "Llama": {"tie_word_embeddings": True},
    "Gemma2": {"head_dim": 6, "pad_token_id": 0},
    "Qwen3": {"head_dim": 6},
    "Olmo2": {"pad_token_id": 0},
}
BART = {
    "d_model": 24, "encoder_layers": 2, "decoder_layers": 2, "encoder_attention_heads": 4, "decoder_attention_heads": 4,
    "encoder_ffn_dim": 40, "decoder_ffn_dim": 40, "max_position_embeddings": 32,
}  # fmt: skip
WHISPER = {name: size for name, size in BART.items() if name != "max_position_embeddings"} | {
    "num_mel_bins": 8, "max_source_positions": 20, "max_target_positions": 32, "begin_suppress_tokens": None,
    "decoder_start_token_id": 1, "bos_token_id": 1, "eos_token_id": 2,
}  # fmt: skip
FUNNEL = {"d_model": 24, "n_head": 4, "d_head": 6, "d_inner": 40, "block_sizes": [1, 1], "num_decoder_layers": 1}
TORCH_VIT = {
    "image_size": 32, "patch_size": 8, "num_layers": 2, "num_heads": 4, "hidden_dim": 32, "mlp_dim": 48,
}  # fmt: skip
MAXVIT = {
    "input_size": (64, 64), "stem_channels": 16, "partition_size": 2, "block_channels": [16, 32],
    "block_layers": [1, 1], "head_dim": 8, "stochastic_depth_prob": 0.0,
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


def listening(kind: str, **settings: Any) -> Network:
    """A network of transformers that hears sound as a picture of its frequencies, and writes words."""

    def make():
        config = getattr(transformers, f"{kind}Config")(vocab_size=32, pad_token_id=0, **settings)
        config._attn_implementation = "eager"
        sound = torch.randn(1, 8, 40, generator=torch.Generator().manual_seed(0))
        return getattr(transformers, f"{kind}Model")(config), {"input_features": sound, "decoder_input_ids": _words(4)}

    return make


def hearing(kind: str, **settings: Any) -> Network:
    """A network of transformers that hears 2,000 samples of sound."""

    def make():
        config = getattr(transformers, f"{kind}Config")(**settings)
        config._attn_implementation = "eager"
        return getattr(transformers, f"{kind}Model")(config), {"input_values": torch.linspace(-1, 1, 2000)[None].sin()}

    return make


def two(network: Network) -> Network:
    """A batch of two: see `test_torch_mixes_up_gradients_of_a_batch_of_one`, and copies of keys in a batch."""

    def make():
        model, inputs = network()
        return model, tree_map_only(torch.Tensor, lambda x: torch.cat([x, x.flip(-1)]), inputs)

    return make


# name: (network, how many groups of heads)
NETWORKS: dict[str, tuple[Network, int]] = {
    **{
        name: (vision(name), 0)
        for name in (
            "resnet18", "mobilenet_v2", "mobilenet_v3_small", "shufflenet_v2_x0_5", "efficientnet_b0", "regnet_y_400mf",
            "mnasnet0_5", "squeezenet1_1", "densenet121", "googlenet",
        )
    },
    "deeplabv3": (vision("deeplabv3_mobilenet_v3_large", weights_backbone=None), 0),
    "vit": (small("VisionTransformer", 32, **TORCH_VIT), 2),
    "maxvit": (small("MaxVit", **MAXVIT), 4),
    "swin_t": (vision("swin_t"), 12),
    **{
        name: (of_timm(name), heads)
        for name, heads in {
            "pvt_v2_b0": 6, "edgenext_xx_small": 3, "mobilevit_xxs": 9, "tiny_vit_5m_224": 10, "efficientvit_b0": 0,
            "ghostnet_050": 0, "skresnet18": 0, "repvgg_a0": 0, "hrnet_w18_small": 0, "selecsls42": 0,
            "dla34": 0, "mixnet_s": 0,
        }.items()
    },
    "levit_128s": (two(of_timm("levit_128s", img_size=64)), 11),
    "vit_tiny": (of_timm("vit_tiny_patch16_224", img_size=64, depth=2), 2),
    "beit": (of_timm("beit_base_patch16_224", img_size=64, depth=2, embed_dim=96, num_heads=4), 2),
    "xcit_nano": (of_timm("xcit_nano_12_p16_224", img_size=64, depth=2), 4),
    "cait_xxs24": (of_timm("cait_xxs24_224", img_size=64, depth=2), 4),
    "coat_lite_tiny": (of_timm("coat_lite_tiny", img_size=64), 12),
    "volo": (small("VOLO", img_size=64, layers=(1, 1), embed_dims=(48, 96), num_heads=(2, 4)), 4),
    "mvit": (small("MultiScaleVit", cfg=timm.models.mvitv2.MultiScaleVitCfg(depths=(1, 1)), img_size=64), 1),
    "eva02_tiny": (of_timm("eva02_tiny_patch14_224", 56, img_size=56, depth=2), 2),
    **{name: (language(name, **BERT), heads) for name, heads in {"Bert": 2, "Roberta": 2, "MPNet": 1}.items()},
    "Albert": (language("Albert", **BERT, embedding_size=16), 1),
    "DebertaV2": (language("DebertaV2", **BERT, relative_attention=True, pos_att_type=["c2p", "p2c"]), 2),
    "GPT2": (language("GPT2", n_embd=24, n_layer=2, n_head=4, n_positions=32), 2),
    "GPTNeoX": (language("GPTNeoX", **BERT), 2),
    "Bloom": (language("Bloom", hidden_size=24, n_layer=2, n_head=4), 2),
    **{name: (language(name, **LLAMA), 2) for name in ("Llama", "Mistral", "Qwen2")},
    "Gemma": (language("Gemma", **LLAMA, head_dim=6), 2),
    **{
        f"{name}ForCausalLM": (language(name, "ForCausalLM", **LLAMA, **settings), 2)
        for name, settings in WITH_A_HEAD.items()
    },
    "DistilBert": (language("DistilBert", dim=24, n_layers=2, n_heads=4, hidden_dim=40), 2),
    "OPT": (language("OPT", **BERT, ffn_dim=40, max_position_embeddings=32, word_embed_proj_dim=24), 2),
    "GPTJ": (language("GPTJ", n_embd=32, n_layer=2, n_head=4, n_positions=32, rotary_dim=4, n_inner=40), 2),
    "Phi3": (language("Phi3", **LLAMA, pad_token_id=0), 2),
    "Mixtral": (language("Mixtral", **LLAMA, num_local_experts=3, num_experts_per_tok=2), 2),
    "Falcon": (two(language("Falcon", **BERT)), 2),
    "Falcon, keys shared by some": (language("Falcon", **BERT, new_decoder_architecture=True, num_kv_heads=2), 2),
    "Funnel": (language("Funnel", **FUNNEL), 3),
    "Mamba": (language("Mamba", hidden_size=24, num_hidden_layers=2), 0),
    "T5": (translating("T5", **T5), 3),
    "Bart": (translating("Bart", **BART), 6),
    **{name: (seeing(name, **VIT), 2) for name in ("ViT", "CLIPVision", "SiglipVision")},
    "Swin": (seeing("Swin", **SWIN), 2),
    "Segformer": (seeing("Segformer", **SEGFORMER), 2),
    "Whisper": (listening("Whisper", **WHISPER), 6),
    "Wav2Vec2": (hearing("Wav2Vec2", **SOUND), 2),
}  # fmt: skip
