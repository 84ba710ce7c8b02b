"""TorchXRayVision's PSPNet (Lian et al. 2021, arXiv 2104.10326) as the finder of the lungs, where it is installed.

Neither the package nor its weights come with this project. Put ``pspnet_chestxray_best_model_4.pth`` beside the
segmenter's card, install ``torchxrayvision``, and it is used. The weights are read as tensors only, never unpickled.
"""

import threading
import warnings
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import torch
from torch import nn
from torch.nn import functional

from diagnosis.errors import BadRequest
from diagnosis.study import Study

FILE = "pspnet_chestxray_best_model_4.pth"
PACKAGE = "torchxrayvision"
REFERENCE = "torchxrayvision PSPNet"
TARGETS = 14
RIGHT_LUNG, LEFT_LUNG = 5, 4  # channels; the patient's sides
SIDE = 512
_MEAN, _STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)


class PSPNetLungs:
    """The lungs by a network (N, 3, 512, 512), ImageNet-normalised → logits (N, 14, h, w). Safe between threads."""

    def __init__(self, network: nn.Module) -> None:
        self._network = network.eval().requires_grad_(False)
        self._lock = threading.Lock()

    @torch.no_grad()
    def lungs(self, study: Study) -> np.ndarray:
        """float32 (2, H, W), 0..1: the probability of the patient's right and left lung."""
        grey = torch.from_numpy(study.pixels.mean(axis=2))[None, None]
        square = functional.interpolate(grey, (SIDE, SIDE), mode="bilinear", align_corners=False).expand(-1, 3, -1, -1)
        mean, std = (torch.tensor(values).view(3, 1, 1) for values in (_MEAN, _STD))
        with self._lock:
            logits = self._network((square - mean) / std)
        found = functional.interpolate(logits[:, [RIGHT_LUNG, LEFT_LUNG]], study.size, mode="bilinear")
        return found[0].sigmoid().numpy()


def available(folder: Path) -> bool:
    """Whether both the weights and the package are there."""
    return (folder / FILE).is_file() and find_spec(PACKAGE) is not None


def load_pspnet(folder: Path) -> PSPNetLungs:
    """Raises BadRequest for a file that is not PSPNet's weights."""
    with warnings.catch_warnings():  # the package silences every warning of the process when it is imported
        module = import_module(f"{PACKAGE}.baseline_models.chestx_det.ptsemseg.pspnet")
        network = module.pspnet(TARGETS)
    try:
        state = torch.load(folder / FILE, map_location="cpu", weights_only=True)
        network.load_state_dict({name.removeprefix("module."): value for name, value in state.items()})
    except Exception as error:  # torch raises whatever a foreign file makes it stumble over
        raise BadRequest(f"{FILE} does not hold PSPNet's weights.", "Fetch it again, or remove it.") from error
    return PSPNetLungs(network)
