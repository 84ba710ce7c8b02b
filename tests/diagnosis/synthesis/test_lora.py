"""LoRA on a Stable Diffusion pipeline that is made here, with a vocabulary of its own and random weights."""

import json
import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
import torch
from PIL import Image
from torch.nn import functional

from diagnosis.errors import BadRequest, Missing
from diagnosis.synthesis import lora
from diagnosis.synthesis.__main__ import main
from diagnosis.synthesis.lora import FILE, Tuning, tune
from tests.diagnosis.synthesis.discs import draw_disc

if TYPE_CHECKING:
    from diffusers import StableDiffusionPipeline

pytest.importorskip("peft", reason="peft is optional: requirements-training.txt brings it")
PROMPT = "a disc on left"


def write_pipeline(folder: Path) -> Path:
    from diffusers import AutoencoderKL, DDIMScheduler, StableDiffusionPipeline, UNet2DConditionModel
    from transformers import CLIPTextConfig, CLIPTextModel, CLIPTokenizer

    torch.manual_seed(0)
    words = folder / "words"
    words.mkdir(parents=True)
    letters = [chr(one) for one in range(ord("a"), ord("z") + 1)]
    tokens = ["<|startoftext|>", "<|endoftext|>", *letters, *(f"{one}</w>" for one in letters)]
    (words / "vocab.json").write_text(json.dumps({token: at for at, token in enumerate(tokens)}), "utf-8")
    (words / "merges.txt").write_text("#version: 0.2\n", "utf-8")
    tokenizer = CLIPTokenizer(str(words / "vocab.json"), str(words / "merges.txt"), model_max_length=16)
    text = CLIPTextConfig(
        vocab_size=len(tokens), hidden_size=16, intermediate_size=32, num_hidden_layers=1, num_attention_heads=2,
        max_position_embeddings=16, bos_token_id=0, eos_token_id=1, pad_token_id=1,
    )  # fmt: skip
    unet = UNet2DConditionModel(
        sample_size=8, in_channels=4, out_channels=4, layers_per_block=1, block_out_channels=(16, 32),
        down_block_types=("DownBlock2D", "CrossAttnDownBlock2D"), up_block_types=("CrossAttnUpBlock2D", "UpBlock2D"),
        cross_attention_dim=16, attention_head_dim=8, norm_num_groups=8,
    )  # fmt: skip
    vae = AutoencoderKL(
        block_out_channels=(8, 16), norm_num_groups=8,
        down_block_types=("DownEncoderBlock2D",) * 2, up_block_types=("UpDecoderBlock2D",) * 2,
    )  # fmt: skip
    schedule = DDIMScheduler(steps_offset=1, clip_sample=False)
    pipe = StableDiffusionPipeline(
        vae, CLIPTextModel(text), tokenizer, unet, schedule, None, None, requires_safety_checker=False
    )
    pipe.save_pretrained(folder / "pipeline")
    return folder / "pipeline"


def write_folders(folder: Path) -> Path:
    random = np.random.default_rng(0)
    for label in ("on_left", "on_right"):
        (folder / label).mkdir(parents=True)
        for number in range(3):
            Image.fromarray(draw_disc(random, label)).save(folder / label / f"{number}.png")
    (folder / "on_left" / "notes.txt").write_text("no image", "utf-8")
    return folder


@pytest.fixture(scope="module")
def pipeline(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_pipeline(tmp_path_factory.mktemp("pipeline"))


@pytest.fixture(scope="module")
def images(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_folders(tmp_path_factory.mktemp("images") / "set")


def made_by(pipe: "StableDiffusionPipeline") -> np.ndarray:
    pipe.set_progress_bar_config(disable=True)
    random = torch.Generator().manual_seed(0)
    return pipe(PROMPT, num_inference_steps=2, generator=random, output_type="np").images[0]


def test_what_is_learned_is_loaded_by_diffusers_and_changes_what_is_made(
    pipeline: Path, images: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    from diffusers import StableDiffusionPipeline

    words = ["--prompt-template", "a disc {label}", "--rank", "4", "--updates", "12", "--learning-rate", "0.05"]
    folders = ["--pipeline", str(pipeline), "--images", str(images), "--out", str(tmp_path)]
    assert main(["lora", *folders, *words]) == 0
    assert capsys.readouterr().out.strip() == str(tmp_path / FILE)
    pipe = StableDiffusionPipeline.from_pretrained(pipeline)
    before = made_by(pipe)
    assert np.array_equal(before, made_by(pipe))
    pipe.load_lora_weights(tmp_path, weight_name=FILE)
    assert np.abs(made_by(pipe) - before).max() > 0.01


def predicting(pipeline: Path, kind: str, folder: Path) -> Path:
    """The same pipeline, whose network is asked for the noise (``epsilon``) or for the ``v_prediction``."""
    shutil.copytree(pipeline, folder)
    path = folder / "scheduler/scheduler_config.json"
    path.write_text(json.dumps(json.loads(path.read_text("utf-8")) | {"prediction_type": kind}), "utf-8")
    return folder


@torch.no_grad()
def error(pipe: "StableDiffusionPipeline", images: Path) -> float:
    """Mean squared error of the answer for one fixed batch: each image at eight levels of fixed noise."""
    from diffusers import DDPMScheduler

    squares = [np.asarray(Image.open(path).convert("RGB").resize((16, 16))) for path in sorted(images.glob("*/*.png"))]
    pixels = torch.from_numpy(np.stack(squares)).movedim(-1, 1).float() / 127.5 - 1
    clean = (pipe.vae.encode(pixels).latent_dist.mean * pipe.vae.config.scaling_factor).repeat(8, 1, 1, 1)
    noise = torch.randn(clean.shape, generator=torch.Generator().manual_seed(1))
    times = torch.linspace(50, 950, len(clean)).long()
    states = [
        pipe.encode_prompt(f"a disc on {side}", "cpu", 1, False)[0].expand(3, -1, -1) for side in ("left", "right")
    ]
    schedule = DDPMScheduler.from_config(pipe.scheduler.config)
    answer = pipe.unet(schedule.add_noise(clean, noise, times), times, torch.cat(states).repeat(8, 1, 1)).sample
    velocity = schedule.config.prediction_type == "v_prediction"
    return functional.mse_loss(answer, schedule.get_velocity(clean, noise, times) if velocity else noise).item()


@pytest.mark.parametrize("kind", ["epsilon", "v_prediction"])
def test_what_is_learned_is_what_the_pipeline_is_asked_for(
    pipeline: Path, images: Path, tmp_path: Path, kind: str
) -> None:
    """All of the network learns here: a small one with random weights has too little for low ranks to turn."""
    pipe = lora._pipeline(predicting(pipeline, kind, tmp_path / "pipeline"))
    before = error(pipe, images)
    pixels, prompts = lora._examples(images, "a disc {label}", 16)
    drawn = lora._encoded(pipe, pixels), lora._told(pipe, prompts)
    optimiser = torch.optim.AdamW(pipe.unet.requires_grad_(True).parameters(), 3e-3)
    torch.manual_seed(0)
    for _ in range(40):
        lora._update(pipe.unet, lora._noising(pipe), optimiser, drawn)
    assert error(pipe, images) < 0.6 * before  # 0.17 and 0.38 of it; 0.92 and 1.24 for another target


def test_what_cannot_be_tuned_is_told(pipeline: Path, images: Path, tmp_path: Path) -> None:
    tuning = Tuning("a disc {label}", updates=1)
    with pytest.raises(BadRequest, match=r"has no \{label\}"):
        Tuning("a disc")
    with pytest.raises(Missing, match=r"no model_index.json"):
        tune(images, images, tuning, tmp_path)
    with pytest.raises(Missing, match="no images"):
        tune(pipeline, tmp_path, tuning, tmp_path)
    other = tmp_path / "other"
    other.mkdir()
    for kind, told in (("FluxPipeline", "of the kind FluxPipeline"), ("StableDiffusionPipeline", "cannot be loaded")):
        (other / "model_index.json").write_text(json.dumps({"_class_name": kind, "unet": ["a", "b"]}), "utf-8")
        with pytest.raises(BadRequest, match=told):
            tune(other, images, tuning, tmp_path)


def test_without_peft_it_says_how_to_get_it(
    pipeline: Path, images: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.path", [])
    monkeypatch.delitem(sys.modules, "peft")
    with pytest.raises(Missing, match=r"uv pip install -r requirements-training.txt"):
        tune(pipeline, images, Tuning("a disc {label}"), tmp_path)
