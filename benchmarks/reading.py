"""``python -m benchmarks.reading``: a reading beside the bare network, and beside the libraries used plainly."""

import argparse
import json
import sys
import tempfile
from functools import partial
from pathlib import Path
from typing import NamedTuple

import numpy as np
import shap
import torch
from pytorch_grad_cam import GradCAM
from pytorch_grad_cam.utils.model_targets import ClassifierOutputTarget
from torch import nn

from benchmarks.subjects import Subject, model_names, subject
from benchmarks.timing import Case, Times, machine, table, take_turns
from diagnosis.attribution import METHODS
from diagnosis.errors import UserError
from diagnosis.phantoms.export import write_raster
from diagnosis.preprocess import preprocess, to_square
from diagnosis.readers import read_study

EVALUATIONS = 500
LAYOUTS = {"contiguous": torch.contiguous_format, "channels_last": torch.channels_last}
BATCHES = (1, 2, 4, 8, 16, 32)
SWEEP_IMAGES = 64  # forwards a batch size and layout, a multiple of every batch size
CAM_TARGET, SHAP_TARGET = 1.25, 1.3
HEADER = ("what", "median (least to most)", "÷ bare", "÷ bare, processor's time", "target")
PACKAGES = ("torch", "torchvision", "grad-cam", "shap", "numpy")


class Line(NamedTuple):
    """One line of the table, beside the bare network's time; ``target`` is the largest ratio that is wanted."""

    what: str
    times: Times
    bare: Times | None = None
    target: float | None = None

    @property
    def ratio(self) -> float | None:
        return self.times.ratio(self.bare) if self.bare else None

    @property
    def processor_ratio(self) -> float | None:
        return self.times.processor_ratio(self.bare) if self.bare else None


def main() -> int:
    """Returns the exit code: 0 when every ratio keeps its target, 1 when one does not, 2 or 3 as a UserError says."""
    options = _parser().parse_args()
    if options.threads:
        torch.set_num_threads(options.threads)
    about = machine(PACKAGES)
    results: dict[str, list[Line]] = {}
    try:
        for name in options.model or model_names(options.weights):
            one = subject(name, options.weights)
            print(f"timing {one.weights} …", file=sys.stderr)
            results[one.weights] = [*cam_lines(one, options.fast_rounds), *shap_lines(one, options.rounds)]
    except UserError as error:
        print(f"error: {error}", file=sys.stderr)
        return error.exit_code
    print(_as_json(about, results) if options.json else _as_text(about, results))
    kept = (line.ratio <= line.target for lines in results.values() for line in lines if line.ratio and line.target)
    return 0 if all(kept) else 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.reading", description=__doc__)
    parser.add_argument("--model", nargs="+", help="names of cards; default: all")
    parser.add_argument("--weights", type=Path, default=Path("weights"), help="folder of cards and weights")
    parser.add_argument("--threads", type=int, help="threads of the network's arithmetic; default: PyTorch's")
    parser.add_argument("--rounds", type=int, default=3, help="rounds of SHAP and its rivals")
    parser.add_argument("--fast-rounds", type=int, default=25, help="rounds of everything else")
    parser.add_argument("--json", action="store_true", help="print JSON and nothing else")
    return parser


def cam_lines(one: Subject, rounds: int) -> list[Line]:
    """Prediction and Grad-CAM of every class, the bare passes in both layouts, and the library used plainly."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "image.png"
        write_raster(one.study.pixels, path)
        bare = {
            f"bare forward + backward, batch 1, {name}": _forward_backward(one, layout)
            for name, layout in LAYOUTS.items()
        }
        ours, plain, file = "prediction + Grad-CAM, every class", "pytorch-grad-cam plainly, one class", "reading a PNG"
        cases: dict[str, Case] = {
            **bare,
            ours: partial(_predict_and_map, one),
            plain: _plain_cam(one),
            file: partial(read_study, path),
        }
        times = take_turns(cases, rounds)
    fastest = min((times[name] for name in bare), key=lambda taken: taken.median)
    size = " × ".join(str(side) for side in one.study.size)
    return [
        *(Line(name, times[name]) for name in bare),
        Line(ours, times[ours], fastest, CAM_TARGET),
        Line(plain, times[plain], fastest),
        Line(f"{file} of {size}", times[file]),
    ]


def _forward_backward(one: Subject, layout: torch.memory_format) -> Case:
    network = one.bare_network(gradients=True, layout=layout)
    batch = preprocess(one.study, one.classifier.card.input)[None].contiguous(memory_format=layout)

    def run() -> None:
        network.zero_grad(set_to_none=True)
        network(batch)[0].max().backward()

    return run


def _predict_and_map(one: Subject) -> None:
    one.classifier.predict(one.study)
    METHODS["grad-cam"].maps(one.classifier, one.study)


def _plain_cam(one: Subject) -> Case:
    network = one.bare_network(gradients=True, layout=torch.contiguous_format)
    layer = network.get_submodule(one.classifier.card.cam_layer)

    def run() -> None:
        batch = preprocess(one.study, one.classifier.card.input)[None]
        with GradCAM(network, [layer]) as cam:
            cam(batch, [ClassifierOutputTarget(0)])

    return run


def shap_lines(one: Subject, rounds: int) -> list[Line]:
    """SHAP of every class, as many bare forwards at the best batch size of this run, and the library used plainly."""
    networks = {name: one.bare_network(gradients=False, layout=layout) for name, layout in LAYOUTS.items()}
    sweep = {
        (name, size): partial(_forwards, one, networks[name], LAYOUTS[name], size, SWEEP_IMAGES)
        for name in LAYOUTS
        for size in BATCHES
    }
    swept = take_turns({f"{name}, batch {size}": case for (name, size), case in sweep.items()}, max(rounds, 2))
    name, size = min(sweep, key=lambda key: swept[f"{key[0]}, batch {key[1]}"].median)
    bare = f"{EVALUATIONS} bare forwards, {name}, batch {size}"
    ours, plain = f"SHAP, every class, {EVALUATIONS} evaluations", f"shap plainly, {EVALUATIONS} evaluations"
    METHODS["shap"].maps(one.classifier, one.study, evaluations=50)
    _plain_shap(one, networks["contiguous"], 50)
    cases: dict[str, Case] = {
        bare: partial(_forwards, one, networks[name], LAYOUTS[name], size, EVALUATIONS),
        ours: partial(METHODS["shap"].maps, one.classifier, one.study, evaluations=EVALUATIONS),
        plain: partial(_plain_shap, one, networks["contiguous"], EVALUATIONS),
    }
    times = take_turns(cases, rounds, warm_up=False)
    return [
        *(Line(f"{SWEEP_IMAGES} bare forwards, {what}", taken) for what, taken in swept.items()),
        Line(bare, times[bare]),
        Line(ours, times[ours], times[bare], SHAP_TARGET),
        Line(plain, times[plain], times[bare]),
    ]


@torch.no_grad()
def _forwards(one: Subject, network: nn.Module, layout: torch.memory_format, size: int, images: int) -> None:
    """Exactly ``images`` forward passes in batches of ``size``; the last batch may be smaller."""
    image = preprocess(one.study, one.classifier.card.input)
    batch = image.repeat(size, 1, 1, 1).contiguous(memory_format=layout)
    for done in range(0, images, size):
        network(batch[: images - done])


def _plain_shap(one: Subject, network: nn.Module, evaluations: int) -> None:
    """As in shap's own image examples: a switch per pixel and channel, blur, batches of 50."""
    spec = one.classifier.card.input
    mean, std = (torch.tensor(values) for values in (spec.mean, spec.std))

    @torch.no_grad()
    def logits(images: np.ndarray) -> np.ndarray:
        batch = (torch.from_numpy(images) - mean) / std
        return network(batch.permute(0, 3, 1, 2)).numpy()

    image = to_square(one.study, spec).permute(1, 2, 0).numpy()
    masker = shap.maskers.Image("blur(32,32)", image.shape)
    shap.Explainer(logits, masker)(image[None], max_evals=evaluations, batch_size=50, silent=True)


def _as_text(about: dict[str, str], results: dict[str, list[Line]]) -> str:
    parts = ["\n".join(f"{name}: {value}" for name, value in about.items())]
    for title, lines in results.items():
        rows = [
            (
                line.what,
                str(line.times),
                f"{line.ratio:.2f}" if line.ratio else "",
                f"{line.processor_ratio:.2f}" if line.processor_ratio else "",
                f"≤ {line.target:g}" if line.target else "",
            )
            for line in lines
        ]
        parts.append(f"{title}\n\n{table(HEADER, rows)}")
    return "\n\n".join(parts)


def _as_json(about: dict[str, str], results: dict[str, list[Line]]) -> str:
    lines = {title: [_line_as_data(line) for line in lines] for title, lines in results.items()}
    return json.dumps({"machine": about, "models": lines}, indent=2)


def _line_as_data(line: Line) -> dict[str, object]:
    return {
        "what": line.what,
        "seconds": line.times.seconds,
        "processor_seconds": line.times.processor,
        "ratio": line.ratio,
        "processor_ratio": line.processor_ratio,
        "target": line.target,
    }


if __name__ == "__main__":
    sys.exit(main())
