"""Nearness: known by hand, the same as scikit-image's, and blind to poses, shifts and images of the same group."""

import numpy as np
import pytest
from skimage.metrics import structural_similarity as reference

from diagnosis.synthesis.judging.nearest import nearest
from diagnosis.synthesis.judging.poses import Pose, poses_of
from diagnosis.synthesis.judging.structure import structural_similarity
from diagnosis.synthesis.judging.views import Views

RANDOM = np.random.default_rng(5)
SLICE, TISSUE = poses_of("brain"), poses_of("histology")


def smooth(count: int, side: int) -> np.ndarray:
    """(N, side, side) in 0..1, of large blobs."""
    coarse = RANDOM.random((count, 9, 9))
    return np.kron(coarse, np.ones((-(-side // 8),) * 2))[:, :side, :side]


def views(images: np.ndarray, poses: int) -> Views:
    """Of (N, 128, 128) in 0..1; embeddings are random: the first pose of each image alone is the image's own."""
    grey = np.round(images * 255).astype(np.uint8)
    pixels = np.round(images.reshape(-1, 1, 64, 2, 64, 2).mean(axis=(3, 5)) * 255).astype(np.uint8)
    vectors = RANDOM.standard_normal((len(images), poses, 16)).astype(np.float32)
    return Views(pixels, grey, vectors[:, 0], vectors / np.linalg.norm(vectors, axis=2, keepdims=True))


def test_structural_similarity_is_scikit_images() -> None:
    first = RANDOM.random((5, 40, 33)).astype(np.float32)
    second = (first + 0.2 * RANDOM.standard_normal(first.shape)).clip(0, 1).astype(np.float32)
    expected = [reference(a, b, data_range=1) for a, b in zip(first, second, strict=True)]
    assert structural_similarity(first, second) == pytest.approx(expected, abs=1e-4)


def test_slices_are_mirrored_and_tissue_is_turned_too() -> None:
    assert len(SLICE) == 2 and len(TISSUE) == 8
    image = RANDOM.random((4, 4))
    assert len({pose.of(image).tobytes() for pose in TISSUE}) == 8
    assert np.array_equal(SLICE[0].of(image), image) and np.array_equal(SLICE[1].of(image), image[:, ::-1])


@pytest.mark.parametrize("pose", TISSUE, ids=str)
def test_a_copy_in_any_pose_and_shift_is_at_no_distance(pose: Pose) -> None:
    images = smooth(60, 128)
    real = views(images, 1)
    moved = np.roll(pose.of(images[:3]), (4, -2), axis=(1, 2))
    found = nearest(views(moved, 8), real, TISSUE)
    assert found[:, :2] == pytest.approx(0, abs=2e-3)
    assert (found[:, 2] > 0.05).all()


def test_a_turned_copy_of_a_slice_is_another_image() -> None:
    images = smooth(30, 128)
    real = views(images, 1)
    turned = nearest(views(np.rot90(images[:3], 1, (1, 2)), 2), real, SLICE)
    assert (turned[:, 0] > 0.05).all() and (turned[:, 1] > 0.05).all()


def test_the_distance_of_a_brighter_copy_is_how_much_brighter_it_is() -> None:
    images = 0.7 * smooth(20, 128)
    found = nearest(views(images[:2] + 0.2, 2), views(images, 1), SLICE)
    assert found[:, 0] == pytest.approx(0.2, abs=0.01)


def test_the_encoder_looks_at_all_poses_of_the_query_and_at_real_images_as_they_are() -> None:
    real, queries = views(smooth(30, 128), 2), views(smooth(3, 128), 2)
    queries.embeddings[:, 1] = real.embeddings[[4, 9, 2], 0]
    assert nearest(queries, real, SLICE)[:, 2] == pytest.approx(0, abs=1e-6)
    queries.embeddings[:, 1] = real.embeddings[[4, 9, 2], 1]
    assert (nearest(queries, real, SLICE)[:, 2] > 0.05).all()


def test_images_of_the_same_group_are_passed_over() -> None:
    images = smooth(40, 128)
    images[1], images[2] = images[0], np.clip(images[0] + 0.1, 0, 1)
    real = views(images, 2)
    groups = np.arange(40)
    alone = nearest(real, real, SLICE, (groups, groups))
    assert alone[0, 0] == pytest.approx(0, abs=2e-3)
    groups[1] = 0
    without_twin = nearest(real, real, SLICE, (groups, groups))
    assert without_twin[0, 0] == pytest.approx(np.sqrt(((images[0] - images[2]) ** 2).mean()), abs=0.01)
    groups[2] = 0
    assert nearest(real, real, SLICE, (groups, groups))[0, 0] > 2 * without_twin[0, 0]
    assert nearest(real.take(groups == 7), real, SLICE)[0] == pytest.approx(0, abs=2e-3)


def test_with_no_image_of_another_group_the_distance_is_infinite() -> None:
    real = views(smooth(5, 128), 2)
    groups = np.zeros(5)
    assert np.isinf(nearest(real, real, SLICE, (groups, groups))).all()
