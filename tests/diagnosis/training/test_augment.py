import pytest
import torch

from diagnosis.training.augment import augment, quarter_turns, stain_jitter
from diagnosis.training.recipe import RECIPES, Augmentation, load_recipe


def images(channels: int, count: int = 20) -> torch.Tensor:
    one = torch.rand(1, channels, 48, 48, generator=torch.Generator().manual_seed(0))
    return one.repeat(count, 1, 1, 1)


@pytest.mark.parametrize(("model", "channels"), [("chest-xray", 1), ("lung-colon", 3), ("colorectal", 3)])
def test_recipes_change_pixels_but_not_their_kind(model: str, channels: int) -> None:
    torch.manual_seed(0)
    before = images(channels)
    after = augment(before, load_recipe(model, RECIPES).augmentation)
    assert (after.shape, after.dtype) == (before.shape, torch.float32)
    assert after.min() >= 0 and after.max() <= 1
    assert len({image.sum().item() for image in after}) > 10  # each image its own change
    assert torch.equal(before, images(channels))  # the original is not written to


def test_no_augmentation_changes_nothing() -> None:
    assert torch.equal(augment(images(3), Augmentation()), images(3))


def test_moving_shows_no_false_edge() -> None:
    """A bright image stays bright up to its corners when it is turned and shifted."""
    torch.manual_seed(0)
    moved = augment(torch.ones(8, 1, 32, 32), Augmentation(degrees=20, translate=0.2, scale=(0.7, 1.3)))
    assert moved.min() > 0.999


def test_erasing_blackens_a_rectangle_of_some() -> None:
    torch.manual_seed(0)
    black = (augment(torch.ones(200, 1, 40, 40), Augmentation(erase=0.5)) == 0).float().mean(dim=(1, 2, 3))
    assert 70 < (black > 0).sum() < 130
    assert black[black > 0].min() > 0.01 and black.max() < 0.2


def test_greyscale_makes_channels_equal() -> None:
    grey = augment(images(3), Augmentation(greyscale=1))
    assert torch.allclose(grey[:, 0], grey[:, 2])


def test_stain_jitter_of_no_strength_changes_nothing() -> None:
    assert torch.allclose(stain_jitter(images(3), 0), images(3), atol=1e-4)


def test_stain_jitter_keeps_the_order_of_grey_levels() -> None:
    """All three stains absorb more where there is more of them, so a darker copy stays the darker one."""
    torch.manual_seed(1)
    both = stain_jitter(torch.cat([torch.full((9, 3, 8, 8), 0.8), torch.full((9, 3, 8, 8), 0.35)], dim=3), 0.25)
    assert (both[..., :8] > both[..., 8:]).all()


def test_quarter_turns_only_move_pixels() -> None:
    torch.manual_seed(0)
    before = images(3, 40)
    turned = quarter_turns(before)
    ways = [{k for k in range(4) if torch.equal(after, before[0].rot90(k, (1, 2)))} for after in turned]
    assert all(len(way) == 1 for way in ways)
    assert set.union(*ways) == {0, 1, 2, 3}
