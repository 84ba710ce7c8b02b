"""A file of torch → safetensors, as a program of its own: ``python -I convert.py FORMAT SOURCE TARGET RENAME DROP``.

What somebody pickled may ask for any function to be called. Here nothing of a file is called: a class that its pickle
names becomes an empty shell that only keeps what it is given, and the tensors are picked out of the shells. Around
that, the process has no network, can start no other, and can write to one file, as far as the system lets a process
give these up. RENAME and DROP are JSON: pairs of text, and names.

Exit code 0: TARGET is written. 3: it is not, and the last line on stdout says why in words.
"""

import ctypes
import json
import os
import sys
import types
from collections import OrderedDict
from pathlib import Path
from typing import Any, NoReturn

REFUSED = 3  # exit code
MEMORY = 12 << 30  # bytes of addresses, of which torch's libraries take several GiB
SECONDS = 300  # of computing
ROOTS = ("__main__", "numpy", "timm", "torch", "torchvision", "torchxrayvision")  # whose classes become shells
FORBIDDEN = ("ctypes.dlopen", "os.", "shutil.", "socket.", "subprocess.", "urllib.")  # audit events
WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC


class Refused(Exception):
    """Why a file is not converted, in words that end without a full stop."""


def main(kind: str, source: str, target: str, rename: str, drop: str) -> None:
    _cut_off_network()
    import torch
    from safetensors.torch import save_file

    _limit(Path(source).stat().st_size)
    sys.addaudithook(_guard(str(Path(target).resolve())))
    try:
        tensors = _renamed(tensors_of(_load(torch, kind, source)), json.loads(rename), json.loads(drop))
        # copies: tensors that share memory cannot be told apart in the file
        save_file({name: one.detach().clone().contiguous() for name, one in tensors.items()}, target)
    except Refused as error:
        _refuse(str(error))
    except MemoryError:
        _refuse("it needs more memory than is allowed for it")
    except PermissionError as error:
        _refuse(f"it asked for what is not allowed here ({error})")
    except Exception as error:  # noqa: BLE001 - this process ends here, and a damaged file makes the libraries raise anything
        _refuse(f"it cannot be read ({type(error).__name__})")


def _refuse(reason: str) -> NoReturn:
    sys.stdout.write(reason + "\n")
    sys.stdout.flush()
    os._exit(REFUSED)


def _load(torch: types.ModuleType, kind: str, source: str) -> Any:
    import pickle

    from safetensors.torch import load_file

    if kind == "safetensors":
        return load_file(source)
    if kind == "pickle":
        return torch.load(source, "cpu", pickle_module=shells(torch), weights_only=False)
    try:
        return torch.load(source, "cpu", weights_only=True)
    except pickle.UnpicklingError as error:
        raise Refused("it holds more than tensors, and its card says that it does not") from error


class Shell:
    """Stands for an object of a class that is not loaded: keeps its state, and does nothing."""

    def __init__(self, *_: Any, **__: Any) -> None:
        pass

    def __new__(cls, *_: Any, **__: Any) -> "Shell":
        return super().__new__(cls)

    def __setstate__(self, state: Any) -> None:
        parts = state if isinstance(state, tuple) else (state,)
        for part in parts:
            if isinstance(part, dict):
                self.__dict__.update({str(name): value for name, value in part.items()})

    def __setitem__(self, name: Any, value: Any) -> None:
        pass

    def append(self, value: Any) -> None:
        pass

    extend = add = append


def shells(torch: types.ModuleType) -> types.ModuleType:
    """A module that stands in for ``pickle`` and calls nothing but what puts tensors together."""
    import pickle

    known = {
        ("collections", "OrderedDict"): OrderedDict,
        ("builtins", "set"): set,
        ("__builtin__", "set"): set,
        ("builtins", "object"): object,
        ("__builtin__", "object"): object,
        ("torch", "Size"): torch.Size,
        ("torch._utils", "_rebuild_tensor"): torch._utils._rebuild_tensor,
        ("torch._utils", "_rebuild_tensor_v2"): torch._utils._rebuild_tensor_v2,
        ("torch._utils", "_rebuild_parameter"): torch._utils._rebuild_parameter,
    }
    known |= {(module, "_reconstructor"): _reconstructed for module in ("copyreg", "copy_reg")}

    class Unpickler(pickle.Unpickler):
        def find_class(self, module: str, name: str) -> Any:
            if (module, name) in known:
                return known[module, name]
            if module == "torch" and isinstance(getattr(torch, name, None), torch.dtype):
                return getattr(torch, name)
            if module.partition(".")[0] in ROOTS:
                return type(name.rpartition(".")[2], (Shell,), {"__module__": module})
            raise Refused(f"it asks for {module}.{name}, which no network needs")

    def load(stream: Any, **options: Any) -> Any:
        return Unpickler(stream, **options).load()

    module = types.ModuleType("shells")
    module.__dict__.update(Unpickler=Unpickler, load=load, UnpicklingError=pickle.UnpicklingError)
    return module


def _reconstructed(cls: Any, base: Any, state: Any) -> Any:
    return cls.__new__(cls)


def tensors_of(found: Any) -> dict[str, Any]:
    """Tensors by name: of a network's shell, of a dict of tensors, or of the only such thing in a dict.

    Raises Refused where there is none, or more than one.
    """
    state = _state_in(found)
    if not state:
        raise Refused("it holds no network, and no tensors by name")
    return state


def _state_in(found: Any) -> dict[str, Any]:
    import torch

    if isinstance(found, Shell):
        return dict(_walk(found, "")) if "_modules" in found.__dict__ else {}
    if not isinstance(found, dict):
        return {}
    if found and all(isinstance(value, torch.Tensor) for value in found.values()):
        return {str(name): value for name, value in found.items()}
    states = [state for state in map(_state_in, found.values()) if state]
    if len(states) > 1:
        raise Refused(f"it holds {len(states)} sets of tensors, in {', '.join(map(str, found))}")
    return states[0] if states else {}


def _walk(module: Any, prefix: str) -> Any:
    """(name, tensor) of a network's shell, as its state_dict would have them."""
    import torch

    kept = getattr(module, "__dict__", {})
    passing = kept.get("_non_persistent_buffers_set") or ()
    for table in ("_parameters", "_buffers"):
        for name, tensor in (kept.get(table) or {}).items():
            if isinstance(tensor, torch.Tensor) and name not in passing:
                yield prefix + name, tensor
    for name, child in (kept.get("_modules") or {}).items():
        yield from _walk(child, f"{prefix}{name}.")


def _renamed(tensors: dict[str, Any], rename: list[list[str]], drop: list[str]) -> dict[str, Any]:
    named = {}
    for name, tensor in tensors.items():
        if name not in drop:
            for old, new in rename:
                name = name.replace(old, new)
            named[name.removeprefix("module.")] = tensor  # what torch's DataParallel puts in front
    return named


def _cut_off_network() -> None:
    """A network of its own without any interface, where the system allows it; the audit hook is there in any case."""
    new_user, new_network = 0x10000000, 0x40000000
    try:
        ctypes.CDLL(None).unshare(new_user | new_network)
    except (AttributeError, OSError, TypeError):
        return  # no Linux


def _limit(size: int) -> None:
    try:
        import resource
    except ImportError:
        return  # no Unix
    for what, most in (
        (resource.RLIMIT_AS, MEMORY),
        (resource.RLIMIT_CPU, SECONDS),
        (resource.RLIMIT_FSIZE, 2 * size + (1 << 20)),
        (resource.RLIMIT_CORE, 0),
    ):
        hard = resource.getrlimit(what)[1]
        resource.setrlimit(what, (most if hard == resource.RLIM_INFINITY else min(most, hard), hard))


def _guard(target: str) -> Any:
    """Refuses, for the rest of the process, whatever reading tensors does not need."""

    def watch(event: str, about: tuple[Any, ...]) -> None:
        if event == "open":
            path, _mode, flags = about
            writes = isinstance(flags, int) and flags & WRITING
            if writes and str(path) != target:
                raise PermissionError("to write a file")
        elif event.startswith(FORBIDDEN) and event not in ("os.listdir", "os.scandir"):
            raise PermissionError(event)

    return watch


if __name__ == "__main__":
    main(*sys.argv[1:])
