"""Files of weights → tensors by name → a network, and what does not fit, by name."""

import pickle
import zipfile
from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import nn

from diagnosis.errors import BadRequest

Tensors = dict[str, torch.Tensor]


def read_tensors(path: Path) -> Tensors:
    """The tensors of a safetensors file, or of a file of torch that holds nothing else, as float32.

    A file of torch may keep its tensors one level down (``state_dict``, ``net`` …), beside other plain values.

    Raises BadRequest for a file of another kind; nothing in a file is ever run.
    """
    try:
        found = load_file(path) if path.suffix == ".safetensors" else torch.load(path, "cpu", weights_only=True)
    except (SafetensorError, pickle.UnpicklingError, RuntimeError, EOFError, zipfile.BadZipFile) as error:
        kind = "a safetensors file" if path.suffix == ".safetensors" else "a file of tensors alone"
        raise BadRequest(f"{path.name} is not {kind}.", "Save the network's state_dict as safetensors.") from error
    tensors = _state_in(found)
    if not tensors:
        raise BadRequest(f"{path.name} holds no tensors by name.", "Save the network's state_dict as safetensors.")
    return {name: tensor.float() if tensor.is_floating_point() else tensor for name, tensor in tensors.items()}


def fit(network: nn.Module, tensors: Tensors, whose: str) -> None:
    """Put the tensors into the network, all of them and in all places.

    Args:
        whose: what the tensors and the network are, to tell it by: "The weights of x do not fit a resnet18".

    Raises BadRequest that names a tensor of another shape, or one that is missing or left over.
    """
    own = network.state_dict()
    counts = {name: tensor for name, tensor in own.items() if name.endswith("num_batches_tracked")}  # not used to read
    given = counts | tensors
    wrong = [f"{name} is {_shape(given[name])}, not {_shape(own[name])}" for name in own if _differ(given, own, name)]
    wrong += [f"{name} is missing" for name in own if name not in given]
    wrong += [f"{name} is not one of its tensors" for name in given if name not in own]
    if wrong:
        more = f" (and {len(wrong) - 1} more)" if len(wrong) > 1 else ""
        raise BadRequest(f"{whose}: {wrong[0]}{more}.", "Put back the card and the weights that belong together.")
    network.load_state_dict(given)


def _differ(given: Tensors, own: Tensors, name: str) -> bool:
    return name in given and given[name].shape != own[name].shape


def _shape(tensor: torch.Tensor) -> str:
    return " × ".join(map(str, tensor.shape)) or "a single number"


def _state_in(found: object) -> Tensors:
    """The dict itself where it is one of tensors, or else the only one among its values."""
    if not isinstance(found, dict):
        return {}
    if found and all(isinstance(value, torch.Tensor) for value in found.values()):
        return {str(name): tensor for name, tensor in found.items()}
    within = [state for state in map(_state_in, found.values()) if state]
    return within[0] if len(within) == 1 else {}
