"""Precision and recall, on vectors whose neighbours can be told by hand."""

import numpy as np
import pytest

from retrieval.training.measure import macro, precision_at, recall_at


def rows(*degrees: float) -> np.ndarray:
    angles = np.deg2rad(degrees)
    return np.stack([np.cos(angles), np.sin(angles)], axis=1).astype(np.float32)


def test_precision_counts_the_nearest_of_another_group() -> None:
    gallery, labels = rows(0, 1, 2, 90, 91, 92), ["a", "b", "a", "b", "b", "b"]
    groups = ["one", "two", "three", "four", "five", "six"]
    shares = precision_at(rows(0, 90), ["a", "b"], ["one", ""], gallery, labels, groups, k=2)
    assert shares.tolist() == [0.5, 1.0]
    assert precision_at(rows(0), ["a"], [""], gallery, labels, groups, k=3).tolist() == pytest.approx([2 / 3])


def test_macro_weighs_every_name_alike() -> None:
    assert macro(np.array([1.0, 1.0, 1.0, 0.0]), ["b", "b", "b", "a"]) == {"a": 0.0, "b": 1.0}


def test_recall_is_the_share_of_texts_whose_own_image_comes_early() -> None:
    images = rows(0, 10, 20, 30)
    assert recall_at(images, images, k=1) == 1
    assert recall_at(images[::-1], images, k=1) == 0
    assert recall_at(rows(0, 0, 0, 0), images, k=2) == 0.5
