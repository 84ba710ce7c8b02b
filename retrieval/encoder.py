"""Images and words → one space: any open_clip model behind two methods.

A model is named as open_clip names it: ``local-dir:FOLDER`` (``open_clip_config.json`` beside safetensors),
``hf-hub:OWNER/MODEL``, or a name from open_clip's list with a tag, ``ViT-B-32:laion2b_s34b_b79k`` (without a tag, the
first that open_clip lists).
"""

import hashlib
import json
import logging
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from copy import deepcopy
from dataclasses import asdict
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import numpy as np
import torch
from torch.nn import functional

from diagnosis.errors import BadRequest, Missing
from diagnosis.study import Study
from retrieval.preprocess import normalise, squarer

if TYPE_CHECKING:
    from open_clip.transform import PreprocessCfg

LOCAL = "local-dir:"
HUB = "hf-hub:"
OURS = f"{LOCAL}weights/encoder"
CONFIG = "open_clip_config.json"
WEIGHTS = "open_clip_model.safetensors"
_BATCH = 16
_REMEDY = "Put its files back, train it with `python -m retrieval.training train`, or set RETRIEVAL_MODEL to another."

Tokenizer = Callable[[list[str]], torch.Tensor]
OpenClipModel = Any  # open_clip's classes share methods, not a base class


class Encoder:
    """An image tower and a text tower whose unit vectors are compared by their dot product.

    Args:
        name: how the model was asked for.
        model: an open_clip model.
        tokenizer: words → int64 (N, context).
        settings: what an image becomes before the image tower sees it.
    """

    def __init__(self, name: str, model: OpenClipModel, tokenizer: Tokenizer, settings: "PreprocessCfg") -> None:
        self.name, self.model, self.settings = name, model.eval(), settings
        self._tokenizer = tokenizer
        self._square = squarer(settings)

    @classmethod
    def load(cls, name: str = OURS) -> Self:
        """The model called ``name``, on the CPU in float32.

        Raises:
            Missing: the model's files are not here and could not be fetched.
            BadRequest: open_clip knows no such model, or its files don't fit each other.
        """
        return cls(name, *load_model(name))

    @cached_property
    def digest(self) -> str:
        """First 16 hex digits of the sha256 over every weight and the preprocessing: what an index remembers."""
        digest = hashlib.sha256(json.dumps(asdict(self.settings), sort_keys=True).encode())
        for key, tensor in sorted(self.model.state_dict().items()):
            digest.update(f"{key}{tuple(tensor.shape)}{tensor.dtype}".encode())
            digest.update(tensor.contiguous().reshape(-1).view(torch.uint8).numpy().data)
        return digest.hexdigest()[:16]

    @cached_property
    def dimensions(self) -> int:
        """Length of an embedding."""
        return self.embed_texts(["a"]).shape[1]

    def squares(self, images: Sequence[Study | np.ndarray]) -> torch.Tensor:
        """uint8 (N, S, S, 3). An array is taken for a study's pixels: (H, W, 1) or (H, W, 3), 0..1."""
        studies = [image if isinstance(image, Study) else Study(image) for image in images]
        return torch.from_numpy(np.stack([self._square(study) for study in studies]))

    def embed_images(self, images: Sequence[Study | np.ndarray]) -> np.ndarray:
        """float32 (N, D), rows of length 1."""
        if not len(images):
            return np.empty((0, self.dimensions), np.float32)
        chunks = (images[start : start + _BATCH] for start in range(0, len(images), _BATCH))
        return np.concatenate([self.embed_squares(self.squares(chunk)) for chunk in chunks])

    @torch.inference_mode()
    def embed_squares(self, squares: torch.Tensor) -> np.ndarray:
        """Images that are squares already, uint8 (N, S, S, 3) → float32 (N, D), rows of length 1."""
        rows = [self.model.encode_image(self._input(chunk)) for chunk in squares.split(_BATCH)]
        return functional.normalize(torch.cat(rows).float(), dim=-1).numpy()

    @torch.inference_mode()
    def embed_texts(self, texts: Sequence[str]) -> np.ndarray:
        """float32 (N, D), rows of length 1. Words beyond the model's context are not read."""
        if not len(texts):
            return np.empty((0, self.dimensions), np.float32)
        rows = [
            self.model.encode_text(self._tokenizer(list(texts[start : start + _BATCH])))
            for start in range(0, len(texts), _BATCH)
        ]
        return functional.normalize(torch.cat(rows).float(), dim=-1).numpy()

    @torch.inference_mode()
    def embed_patches(self, image: Study | np.ndarray) -> np.ndarray:
        """float32 (h, w, D): what each patch of the square adds to the image's embedding, rows of length 1.

        Only for image towers that average a feature map and project it linearly, such as the project's own.
        Raises BadRequest for any other.
        """
        tower = self.model.visual
        head = getattr(getattr(tower, "head", None), "proj", None)
        if not isinstance(head, torch.nn.Linear) or not hasattr(tower, "trunk"):
            raise BadRequest(f"{self.name} has no patch map.", f"Use {OURS}.")
        features = tower.trunk.forward_features(self._input(self.squares([image])))  # (1, C, h, w)
        return functional.normalize(head(features[0].permute(1, 2, 0)), dim=-1).numpy()

    def _input(self, squares: torch.Tensor) -> torch.Tensor:
        return normalise(squares, self.settings).contiguous(memory_format=torch.channels_last)


def load_model(name: str, weights: bool = True) -> tuple[OpenClipModel, Tokenizer, "PreprocessCfg"]:
    """The parts of an :class:`Encoder`; see :meth:`Encoder.load`. Without ``weights`` they are random."""
    import open_clip
    from open_clip.transform import PreprocessCfg

    bare, tag = _split_tag(name)
    if weights and bare.startswith(LOCAL) and not (Path(bare.removeprefix(LOCAL)) / WEIGHTS).is_file():
        raise Missing(f"The encoder {name} is not here: it has no {WEIGHTS}.", _REMEDY)
    try:
        with _quiet():
            model = open_clip.create_model(
                bare, pretrained=tag, load_weights=weights, pretrained_text=False, **_overrides(bare)
            )
            tokenizer = open_clip.get_tokenizer(bare)
    except FileNotFoundError as error:
        raise Missing(f"The encoder {name} is not here: {_first_line(error)}.", _REMEDY) from error
    except (RuntimeError, OSError, ValueError) as error:
        kind = Missing if bare.startswith(HUB) or tag else BadRequest
        raise kind(f"The encoder {name} can't be loaded: {_first_line(error)}.", _REMEDY) from error
    return model, tokenizer, PreprocessCfg(**open_clip.get_model_preprocess_cfg(model))


def _split_tag(name: str) -> tuple[str, str | None]:
    """``ViT-B-32:tag`` → its parts; a plain name gets the first tag that open_clip lists."""
    if name.startswith((LOCAL, HUB)):
        return name, None
    import open_clip

    bare, _, tag = name.partition(":")
    if bare not in open_clip.list_models():
        raise BadRequest(f"open_clip knows no model {bare!r}.", "Name one of its models, local-dir:… or hf-hub:….")
    tags = open_clip.list_pretrained_tags_by_model(bare)
    if not tags or (tag and tag not in tags):
        raise BadRequest(f"open_clip has no weights {tag!r} for {bare}.", f"Use one of: {', '.join(tags) or 'none'}.")
    return bare, tag or tags[0]


def _overrides(name: str) -> dict[str, Any]:
    """The text tower's settings with its folder in the place of a name on the hub.

    open_clip looks for the settings of a Hugging Face text tower where ``hf_model_name`` says, even when they lie in
    the model's own folder; away from the network that fails.
    """
    if not name.startswith(LOCAL):
        return {}
    folder = Path(name.removeprefix(LOCAL))
    text = deepcopy(json.loads((folder / CONFIG).read_text("utf-8"))["model_cfg"]["text_cfg"])
    if "hf_model_name" not in text or not (folder / "config.json").is_file():
        return {}
    return {"text_cfg": {**text, "hf_model_name": str(folder), "hf_model_pretrained": False}}


@contextmanager
def _quiet() -> Iterator[None]:
    """Silences open_clip's log, whose warnings on parts of a model are not about the model that is loaded."""
    level = logging.root.manager.disable
    logging.disable(logging.WARNING)
    try:
        yield
    finally:
        logging.disable(level)


def _first_line(error: BaseException) -> str:
    return str(error).strip().splitlines()[0].rstrip(".") if str(error).strip() else type(error).__name__
