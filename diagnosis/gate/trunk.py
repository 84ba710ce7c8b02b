"""Image → numbers that say what kind of image it is: the encoder's ResNet-18, read at three depths.

The encoder of the case library learned from the training parts of all sets of images, so that films, slices and
stained tissue lie far apart in what it computes. Its file is read here as it is; the text tower is left in the file.
"""

import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Self

import torch
from safetensors import safe_open
from torch import nn

from diagnosis.cards import InputSpec, file_digest
from diagnosis.errors import BadRequest, Missing
from diagnosis.preprocess import normalise, to_square
from diagnosis.study import Study

FILE = Path("encoder") / "open_clip_model.safetensors"  # in the folder of weights
PREFIX = "visual.trunk."
INPUT = InputSpec(size=128, channels=3, resize="squash", mean=(0.5,) * 3, std=(0.25,) * 3, modalities=())
DEPTHS = ("layer2", "layer3", "layer4")
LENGTH = 128 + 256 + 512
REMEDY = "Put the files of weights/encoder and weights/gate back from the project."


class Trunk:
    """The network in evaluation mode with frozen parameters. Safe to share between threads.

    Args:
        digest: sha256 of the file that its weights came from.
    """

    def __init__(self, network: nn.Module, digest: str) -> None:
        self.digest = digest
        self._network = network.eval().requires_grad_(False).to(memory_format=torch.channels_last)
        self._lock = threading.Lock()
        self._means: list[torch.Tensor] = []
        for depth in DEPTHS:
            network.get_submodule(depth).register_forward_hook(self._keep)

    @classmethod
    def load(cls, weights: Path) -> Self:
        """The trunk in a folder of weights. Raises Missing or BadRequest."""
        from torchvision.models import resnet18  # a second that the page need not wait for

        digest, path = encoder_digest(weights), weights / FILE
        network = resnet18(weights=None)
        network.fc = nn.Identity()
        try:
            network.load_state_dict(_tensors(path))
        except RuntimeError as error:
            raise BadRequest(f"The image tower in {path.name} is no ResNet-18.", REMEDY) from error
        return cls(network, digest)

    def features(self, squares: torch.Tensor) -> torch.Tensor:
        """float32 (N, 3, 128, 128), 0..1 → (N, LENGTH): the mean over the image of every channel at each depth."""
        batch = normalise(squares, INPUT).contiguous(memory_format=torch.channels_last)
        with self._lock, torch.inference_mode():
            self._means.clear()
            self._network(batch)
            return torch.cat(self._means, dim=1)

    def of(self, studies: Sequence[Study]) -> torch.Tensor:
        """(N, LENGTH) features of studies."""
        return self.features(torch.stack([to_square(study, INPUT) for study in studies]))

    def _keep(self, _module: nn.Module, _inputs: object, output: torch.Tensor) -> None:
        self._means.append(output.mean(dim=(2, 3)))


def encoder_digest(weights: Path) -> str:
    """sha256 of the encoder's file in a folder of weights. Raises Missing where it is not there."""
    if not (weights / FILE).is_file():
        raise Missing(f"The encoder's file {FILE} is not among the weights.", REMEDY)
    return file_digest(weights / FILE)


def _tensors(path: Path) -> dict[str, torch.Tensor]:
    """The trunk's tensors alone, as float32 where they are fractions."""
    with safe_open(path, "pt") as file:
        own = {key.removeprefix(PREFIX): file.get_tensor(key) for key in file.keys() if key.startswith(PREFIX)}  # noqa: SIM118
    return {key: tensor.float() if tensor.is_floating_point() else tensor for key, tensor in own.items()}
