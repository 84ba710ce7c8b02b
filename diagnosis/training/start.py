"""Training that starts from weights of the project's own instead of random ones."""

import logging
from collections.abc import Iterable

import numpy as np
import torch
from safetensors.torch import load_file
from sklearn.linear_model import LogisticRegression
from torch import nn

from diagnosis.errors import BadRequest, Missing
from diagnosis.training.recipe import Start

log = logging.getLogger(__name__)

_NEVER = -10.0  # logit of a class without images
_STRENGTH = 0.5  # of the head's likelihood against its penalty, per image: the less, the smoother


def start_from(network: nn.Module, start: Start) -> int:
    """Copy every tensor of ``start`` whose name and shape the network knows; returns how many.

    A first layer that reads three channels is summed over them for a network that reads one.

    Raises:
        Missing: there is no such file.
        BadRequest: none of its tensors fits.
    """
    if not start.file.is_file():
        raise Missing(
            f"There is no {start.file} to start from.", "Run from the project's folder; see docs/training.md."
        )
    stored = load_file(start.file)
    own = network.state_dict()
    fitting = {}
    for name in own:
        tensor = stored.get(start.prefix + name)
        if tensor is not None and tensor.ndim == 4 and tensor.shape[1] == 3 and own[name].shape[1] == 1:
            tensor = tensor.sum(dim=1, keepdim=True)
        if tensor is not None and tensor.shape == own[name].shape:
            fitting[name] = tensor.to(own[name].dtype)
    if not fitting:
        raise BadRequest(f"No tensor of {start.file} fits the network.", "Start from the same architecture.")
    with torch.no_grad():
        network.load_state_dict(fitting, strict=False)
    log.info("%d of %d tensors from %s", len(fitting), len(own), start.file)
    return len(fitting)


def fit_head(network: nn.Module, batches: Iterable[torch.Tensor], targets: torch.Tensor) -> None:
    """Set the last linear layer to a logistic regression on what the rest of the network makes of the images.

    A random head would first pull the layers below it out of shape, which costs most on images unlike the training
    ones (Kumar et al. 2022, arXiv 2202.10054). Classes weigh alike, and features are standardised.

    Args:
        network: its last ``nn.Linear`` answers, for L classes.
        batches: preprocessed images, (n, C, S, S) each.
        targets: int64 (N,), N the images of all batches, of two classes at least; a class without images is never
            the answer.
    """
    head = [module for module in network.modules() if isinstance(module, nn.Linear)][-1]
    seen: list[np.ndarray] = []
    hook = head.register_forward_pre_hook(lambda _, inputs: seen.append(inputs[0].float().cpu().numpy()))
    training = network.training
    try:
        with torch.inference_mode():
            for batch in batches:
                network.eval()(batch)
    finally:
        hook.remove()
        network.train(training)
    features = np.concatenate(seen)  # (N, F)
    middle, spread = features.mean(axis=0), features.std(axis=0) + 1e-6
    strength = _STRENGTH / len(features)
    fitted = LogisticRegression(C=strength, max_iter=1000, class_weight="balanced")
    fitted.fit((features - middle) / spread, targets.numpy())
    weights, offset = fitted.coef_ / spread, fitted.intercept_
    if len(weights) == 1:  # two classes: scikit-learn keeps their difference
        weights, offset = np.concatenate([-weights, weights]) / 2, np.concatenate([-offset, offset]) / 2
    with torch.no_grad():
        head.weight.zero_()
        head.bias.fill_(_NEVER)
        head.weight[fitted.classes_] = torch.from_numpy(weights).float()
        head.bias[fitted.classes_] = torch.from_numpy(offset - weights @ middle).float()
