"""The loss against open_clip's own, and against values worked out by hand."""

import math

import pytest
import torch
from open_clip.loss import ClipLoss

from retrieval.training.loss import ManyTrueLoss

NONE = torch.zeros(2, 3, dtype=torch.bool)


def test_with_one_true_sentence_an_image_it_is_clip_loss() -> None:
    torch.manual_seed(0)
    images, texts = (torch.nn.functional.normalize(torch.randn(5, 4), dim=-1) for _ in range(2))
    scale, own = torch.tensor(7.0), torch.eye(5, dtype=torch.bool)
    ours = ManyTrueLoss()(images, texts, scale, own, torch.zeros_like(own))
    assert ours.item() == pytest.approx(2 * ClipLoss()(images, texts, scale).item(), rel=1e-5)


def test_several_true_sentences_share_the_target() -> None:
    images, texts = torch.eye(2), torch.tensor([[1.0, 0.0], [1.0, 0.0], [0.0, 1.0]])
    true = torch.tensor([[True, True, False], [False, False, True]])
    loss = ManyTrueLoss(text_to_image=0.0)(images, texts, torch.tensor(2.0), true, NONE)
    first = math.log(2 * math.exp(2) + 1) - 2
    second = math.log(2 + math.exp(2)) - 2
    assert loss.item() == pytest.approx((first + second) / 2, rel=1e-5)


def test_what_nobody_knows_neither_pulls_nor_pushes() -> None:
    images = torch.eye(2)
    true = torch.tensor([[True, False, False], [False, False, True]])
    unknown = torch.tensor([[False, True, False], [False, False, False]])
    losses = [
        ManyTrueLoss(text_to_image=0.0)(
            images[:1], torch.stack([images[0], other, images[1]]), torch.tensor(2.0), true[:1], unknown[:1]
        ).item()
        for other in (images[0], images[1])
    ]
    assert losses[0] == pytest.approx(losses[1], abs=1e-6)
    assert losses[0] == pytest.approx(math.log(math.exp(2) + 1) - 2, rel=1e-4)
