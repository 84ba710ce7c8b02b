"""LoRA for a Stable Diffusion pipeline of one's own, on images of one's own (Hu et al. 2021, arXiv 2106.09685).

For people who have such weights and a GPU. Nothing is fetched: the pipeline is a folder, as diffusers writes it.
"""

import importlib.util
import json
import logging
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from torch.nn import functional
from tqdm import tqdm

from diagnosis.cards import InputSpec
from diagnosis.errors import BadImage, BadRequest, Missing
from diagnosis.precision import autocast
from diagnosis.preprocess import to_square
from diagnosis.readers import read_study

if TYPE_CHECKING:
    from diffusers import StableDiffusionPipeline

log = logging.getLogger(__name__)
LABEL = "{label}"
FILE = "pytorch_lora_weights.safetensors"
_TARGETS = ["to_q", "to_k", "to_v", "to_out.0"]  # the projections of the U-Net's attention


@dataclass(frozen=True)
class Tuning:
    """How to fine-tune.

    Attributes:
        template: the prompt of an image, in which ``{label}`` stands for the name of its class's folder.
        rank: of the matrices that are added.
        updates, batch, learning_rate, seed: of the optimiser.
    """

    template: str
    rank: int = 8
    updates: int = 1000
    batch: int = 1
    learning_rate: float = 1e-4
    seed: int = 1

    def __post_init__(self) -> None:
        if LABEL not in self.template:
            problem = f"The prompt template {self.template!r} has no {LABEL}."
            raise BadRequest(problem, f"Write it where the class belongs, e.g. 'a chest film of {LABEL}'.")


def tune(pipeline: Path, images: Path, tuning: Tuning, out: Path) -> Path:
    """Train LoRA matrices for the U-Net of the pipeline in a folder; returns the file that was written.

    ``StableDiffusionPipeline.load_lora_weights(out)`` loads it.

    Args:
        images: a folder with a folder of images for each class.

    Raises:
        Missing: peft, the pipeline or the images are not there.
        BadRequest: the folder holds another kind of pipeline.
    """
    if importlib.util.find_spec("peft") is None:
        raise Missing("LoRA needs the package peft.", "Run `uv pip install -r requirements-training.txt`.")
    pipe = _pipeline(pipeline)
    torch.manual_seed(tuning.seed)
    _add_matrices(pipe, tuning.rank)
    pixels, prompts = _examples(images, tuning.template, pipe.unet.config.sample_size * pipe.vae_scale_factor)
    latents, words = _encoded(pipe, pixels), _told(pipe, prompts)
    parameters = [one for one in pipe.unet.parameters() if one.requires_grad]
    optimiser = torch.optim.AdamW(parameters, tuning.learning_rate)
    bar = tqdm(range(tuning.updates), "LoRA", leave=False, unit="update", disable=None)
    schedule = _noising(pipe)
    losses = [_update(pipe.unet, schedule, optimiser, _drawn(latents, words, tuning.batch)) for _ in bar]
    tenth = max(1, len(losses) // 10)
    log.info("loss %.4g at first, %.4g at last", _mean(losses[:tenth]), _mean(losses[-tenth:]))
    return _save(pipe, out)


def _pipeline(folder: Path) -> "StableDiffusionPipeline":
    """The pipeline, frozen; only safetensors are read, since nothing that was downloaded is unpickled."""
    from diffusers import StableDiffusionPipeline

    if not (index := folder / "model_index.json").is_file():
        raise Missing(f"There is no pipeline in {folder}: it has no model_index.json.", "Name a folder of diffusers.")
    try:
        kind = json.loads(index.read_text("utf-8")).get("_class_name")
        if kind != StableDiffusionPipeline.__name__:
            remedy = "LoRA is made here for a StableDiffusionPipeline (versions 1 and 2)."
            raise BadRequest(f"{folder} holds a pipeline of the kind {kind}.", remedy)
        pipe = StableDiffusionPipeline.from_pretrained(
            folder, local_files_only=True, use_safetensors=True, safety_checker=None, requires_safety_checker=False
        )
    except (OSError, ValueError) as error:
        problem = f"The pipeline in {folder} cannot be loaded: {error}."
        raise BadRequest(problem, "Save it again with diffusers, as safetensors.") from error
    for part in (pipe.unet, pipe.vae, pipe.text_encoder):
        part.requires_grad_(False)
    return pipe.to("cuda" if torch.cuda.is_available() else "cpu")


def _add_matrices(pipe: "StableDiffusionPipeline", rank: int) -> None:
    from peft import LoraConfig

    pipe.unet.add_adapter(LoraConfig(r=rank, lora_alpha=rank, init_lora_weights="gaussian", target_modules=_TARGETS))
    pipe.unet.train()


def _examples(folder: Path, template: str, side: int) -> tuple[torch.Tensor, list[str]]:
    """Central squares, float32 (N, 3, side, side) in 0..1, and their prompts; what is no image is left out."""
    spec = InputSpec(size=side, channels=3, resize="crop", mean=(0.5,) * 3, std=(0.5,) * 3, modalities=())
    found = list(_readable(folder, spec))
    if not found:
        raise Missing(f"There are no images in {folder}.", "Name a folder with a folder of images for each class.")
    log.info("%d images of %d classes", len(found), len({label for _, label in found}))
    prompts = [template.replace(LABEL, label.replace("_", " ")) for _, label in found]
    return torch.stack([square for square, _ in found]), prompts


def _readable(folder: Path, spec: InputSpec) -> Iterator[tuple[torch.Tensor, str]]:
    for path in sorted(folder.glob("*/*")):
        if path.is_file():
            try:
                yield to_square(read_study(path), spec), path.parent.name
            except BadImage as error:
                log.warning("%s", error)


@torch.no_grad()
def _encoded(pipe: "StableDiffusionPipeline", pixels: torch.Tensor) -> torch.Tensor:
    """(N, 4, h, w), scaled as the U-Net takes them."""
    device, vae = pipe.device, pipe.vae
    means = [vae.encode(2 * one[None].to(device) - 1).latent_dist.mean for one in pixels]
    return torch.cat(means) * vae.config.scaling_factor


@torch.no_grad()
def _told(pipe: "StableDiffusionPipeline", prompts: list[str]) -> torch.Tensor:
    """(N, T, D): the text encoder's states of each prompt; alike prompts are encoded once."""
    states = {prompt: pipe.encode_prompt(prompt, pipe.device, 1, False)[0] for prompt in dict.fromkeys(prompts)}
    return torch.cat([states[prompt] for prompt in prompts])


def _drawn(latents: torch.Tensor, words: torch.Tensor, batch: int) -> tuple[torch.Tensor, torch.Tensor]:
    rows = torch.randint(len(latents), (batch,))
    return latents[rows], words[rows]


def _update(
    unet: torch.nn.Module,
    schedule: Any,
    optimiser: torch.optim.Optimizer,
    drawn: tuple[torch.Tensor, torch.Tensor],
) -> float:
    """One step on latents and what is told of them; returns its loss."""
    clean, told = drawn
    noise = torch.randn(clean.shape).to(clean)
    times = torch.randint(schedule.config.num_train_timesteps, (len(clean),)).to(clean.device)
    with autocast(clean.device.type):
        answer = unet(schedule.add_noise(clean, noise, times), times, told).sample
    velocity = schedule.config.prediction_type == "v_prediction"
    loss = functional.mse_loss(answer.float(), schedule.get_velocity(clean, noise, times) if velocity else noise)
    optimiser.zero_grad(set_to_none=True)
    loss.backward()
    optimiser.step()
    return loss.item()


def _noising(pipe: "StableDiffusionPipeline") -> Any:
    """The pipeline's noise schedule as it was trained with."""
    from diffusers import DDPMScheduler

    return DDPMScheduler.from_config(pipe.scheduler.config)


def _save(pipe: "StableDiffusionPipeline", out: Path) -> Path:
    from diffusers import StableDiffusionPipeline
    from diffusers.utils import convert_state_dict_to_diffusers
    from peft import get_peft_model_state_dict

    layers = convert_state_dict_to_diffusers(get_peft_model_state_dict(pipe.unet))
    try:
        out.mkdir(parents=True, exist_ok=True)
        StableDiffusionPipeline.save_lora_weights(out, unet_lora_layers=layers, weight_name=FILE)
    except OSError as error:
        raise BadRequest(f"Cannot write to {out}: {error.strerror}.", "Name another folder with --out.") from error
    return out / FILE


def _mean(values: list[float]) -> float:
    return sum(values) / len(values)
