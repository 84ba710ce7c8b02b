import pytest
import torch

from diagnosis.training.augment import QuarterTurns, StainJitter, augmenter
from diagnosis.training.recipe import RECIPES, Augmentation, load_recipe


def image(channels: int, seed: int = 0) -> torch.Tensor:
    return torch.randint(0, 256, (channels, 48, 48), dtype=torch.uint8, generator=torch.Generator().manual_seed(seed))


@pytest.mark.parametrize(("model", "channels"), [("chest-xray", 1), ("lung-colon", 3)])
def test_recipes_change_pixels_but_not_their_kind(model: str, channels: int) -> None:
    change, before = augmenter(load_recipe(model, RECIPES).augmentation), image(channels)
    torch.manual_seed(0)
    changed = [change(before) for _ in range(20)]
    assert {(after.shape, after.dtype) for after in changed} == {(before.shape, torch.uint8)}
    assert any(not torch.equal(after, before) for after in changed)
    assert torch.equal(before, image(channels))  # the original is not written to


def test_no_augmentation_changes_nothing() -> None:
    assert torch.equal(augmenter(Augmentation())(image(3)), image(3))


def test_stain_jitter_of_no_strength_changes_nothing_but_rounding() -> None:
    before = image(3)
    after = StainJitter(0)(before)
    assert after.dtype == torch.uint8
    assert (after.int() - before.int()).abs().max() <= 1


def test_stain_jitter_keeps_the_order_of_grey_levels() -> None:
    """All three stains absorb more where there is more of them, so a darker copy stays the darker one."""
    torch.manual_seed(1)
    light, dark = torch.full((3, 8, 8), 200, dtype=torch.uint8), torch.full((3, 8, 8), 90, dtype=torch.uint8)
    both = StainJitter(0.25)(torch.cat([light, dark], dim=2))
    assert (both[..., :8].int() > both[..., 8:].int()).all()


def test_quarter_turns_only_move_pixels() -> None:
    torch.manual_seed(0)
    before = image(3)
    turns = {
        int(k) for _ in range(40) for k in range(4) if torch.equal(QuarterTurns()(before), before.rot90(k, (1, 2)))
    }
    assert turns == {0, 1, 2, 3}
