"""A tiny encoder with random weights in open_clip's format, with the word pieces of a few sentences."""

import json
from pathlib import Path

import torch

from retrieval.encoder import CONFIG, LOCAL, load_model
from retrieval.training.start import save_weights

WORDS = ["a", "brain", "cancer", "child", "colon", "healthy", "lung", "mri", "no", "on", "tumour", "with", "in", "the"]


def write_tiny(folder: Path, words: list[str] = WORDS, seed: int = 0) -> str:
    """Write the encoder and return the name that it is loaded by."""
    folder.mkdir(parents=True, exist_ok=True)
    pieces = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *dict.fromkeys(words)]
    special = {piece: {"id": piece, "ids": [pieces.index(piece)], "tokens": [piece]} for piece in ("[CLS]", "[SEP]")}
    tokens = [
        {
            "id": at,
            "content": piece,
            "special": True,
            "single_word": False,
            "lstrip": False,
            "rstrip": False,
            "normalized": False,
        }
        for at, piece in enumerate(pieces[:5])
    ]
    single = [
        {"SpecialToken": {"id": "[CLS]", "type_id": 0}},
        {"Sequence": {"id": "A", "type_id": 0}},
        {"SpecialToken": {"id": "[SEP]", "type_id": 0}},
    ]
    tokenizer = {
        "version": "1.0",
        "truncation": None,
        "padding": None,
        "added_tokens": tokens,
        "normalizer": {
            "type": "BertNormalizer",
            "clean_text": True,
            "handle_chinese_chars": True,
            "strip_accents": None,
            "lowercase": True,
        },
        "pre_tokenizer": {"type": "BertPreTokenizer"},
        "post_processor": {"type": "TemplateProcessing", "single": single, "pair": single, "special_tokens": special},
        "decoder": {"type": "WordPiece", "prefix": "##", "cleanup": True},
        "model": {
            "type": "WordPiece",
            "unk_token": "[UNK]",
            "continuing_subword_prefix": "##",
            "max_input_chars_per_word": 100,
            "vocab": {piece: at for at, piece in enumerate(pieces)},
        },
    }
    bert = {
        "model_type": "bert",
        "architectures": ["BertModel"],
        "vocab_size": len(pieces),
        "hidden_size": 16,
        "num_hidden_layers": 1,
        "num_attention_heads": 2,
        "intermediate_size": 32,
        "max_position_embeddings": 16,
        "type_vocab_size": 2,
        "pad_token_id": 0,
    }
    config = {
        "model_cfg": {
            "embed_dim": 8,
            "vision_cfg": {
                "timm_model_name": "resnet10t",
                "timm_model_pretrained": False,
                "timm_pool": "avg",
                "timm_proj": "linear",
                "image_size": 64,
            },
            "text_cfg": {
                "hf_model_name": "nobody/nothing",
                "hf_tokenizer_name": "nobody/nothing",
                "hf_pooler_type": "mean_pooler",
                "hf_proj_type": "mlp",
                "context_length": 16,
            },
        },
        "preprocess_cfg": {"mean": [0.5] * 3, "std": [0.25] * 3, "interpolation": "bilinear", "resize_mode": "squash"},
    }
    files = {
        CONFIG: config,
        "config.json": bert,
        "tokenizer.json": tokenizer,
        "tokenizer_config.json": {
            "tokenizer_class": "PreTrainedTokenizerFast",
            "pad_token": "[PAD]",
            "unk_token": "[UNK]",
            "cls_token": "[CLS]",
            "sep_token": "[SEP]",
        },
    }
    for name, content in files.items():
        (folder / name).write_text(json.dumps(content), "utf-8")
    name = f"{LOCAL}{folder}"
    torch.manual_seed(seed)
    save_weights(load_model(name, weights=False)[0], folder)
    return name
