"""open_clip's contrastive loss where a batch holds many images that the same sentence is true of."""

import torch
from open_clip.loss import ClipLoss
from torch.nn import functional


class ManyTrueLoss(ClipLoss):
    """ClipLoss over a bank of sentences, several of which may be true of an image and some of unknown truth.

    The target of an image is spread evenly over its true sentences, and that of a sentence over the images in the batch
    that it is true of (Yang et al. 2022, UniCL, arXiv 2204.03610). With one true sentence an image it is ClipLoss.

    Args:
        text_to_image: weight of sentences looking for images, beside 1 for images looking for sentences.
    """

    def __init__(self, text_to_image: float = 1.0) -> None:
        super().__init__()
        self.text_to_image = text_to_image

    def forward(
        self,
        image_features: torch.Tensor,
        text_features: torch.Tensor,
        logit_scale: torch.Tensor,
        true: torch.Tensor,
        unknown: torch.Tensor,
    ) -> torch.Tensor:
        """The mean loss.

        Args:
            image_features: (N, D), rows of length 1.
            text_features: (M, D), rows of length 1.
            logit_scale: what cosines are multiplied by.
            true: bool (N, M), or how true from 0 as float32, with something true in every row.
            unknown: bool (N, M): pairs that, where not true, count neither as true nor as false.
        """
        by_image, by_text = self.get_logits(image_features, text_features, logit_scale)
        true = true.float()
        asked = true.sum(dim=0) > 0
        loss = _spread_cross_entropy(by_image, true, unknown)
        return loss + self.text_to_image * _spread_cross_entropy(by_text[asked], true.T[asked], unknown.T[asked])


def _spread_cross_entropy(logits: torch.Tensor, true: torch.Tensor, unknown: torch.Tensor) -> torch.Tensor:
    target = true / true.sum(dim=1, keepdim=True)
    shares = functional.log_softmax(logits.masked_fill(unknown & (true == 0), -1e4), dim=1)
    return -(target * shares).sum(dim=1).mean()
