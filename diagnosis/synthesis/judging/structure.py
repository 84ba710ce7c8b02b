"""The structural similarity of many pairs of images at once (Wang et al. 2004, doi 10.1109/TIP.2003.819861)."""

import cv2
import numpy as np

_WINDOW = 7  # px; even weights and unbiased variances, as scikit-image has them
_UNBIASED = _WINDOW**2 / (_WINDOW**2 - 1)
_C1, _C2 = 0.01**2, 0.03**2  # of values in 0..1


def structural_similarity(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """(N,) in -1..1, of N pairs float32 (N, H, W) with values in 0..1; at most 128 pairs, OpenCV's most channels.

    What ``skimage.metrics.structural_similarity(a, b, data_range=1)`` gives for each pair, within 1e-4; test_nearest
    holds it to that.
    """
    x, y = (np.ascontiguousarray(images.transpose(1, 2, 0)) for images in (first, second))
    mean_x, mean_y, mean_squares, mean_products = map(_means, (x, y, x * x + y * y, x * y))
    squares, products = mean_x * mean_x + mean_y * mean_y, mean_x * mean_y
    variances = _UNBIASED * (mean_squares - squares)
    covariance = _UNBIASED * (mean_products - products)
    similar = (2 * products + _C1) * (2 * covariance + _C2) / ((squares + _C1) * (variances + _C2))
    edge = _WINDOW // 2
    return np.asarray(similar[edge:-edge, edge:-edge].mean(axis=(0, 1)))


def _means(images: np.ndarray) -> np.ndarray:
    """(H, W, N) → the mean of the window around each pixel."""
    return cv2.boxFilter(images, -1, (_WINDOW, _WINDOW)).reshape(images.shape)
