"""Where a film shows the body, and where only air beside it or the film's border."""

import numpy as np
from scipy import ndimage

DARK = 0.09  # grey above the film's darkest up to which a region that touches the edge is air or a border
LIFTED = 0.30  # the highest grey that a film's darkest may have and still be air
EVEN = 0.012  # spread of grey within a row or column that is border and nothing else
SMALLEST = 0.002  # share of the film that a region outside the body must take


def body_of(grey: np.ndarray, lungs: np.ndarray | None = None) -> np.ndarray:
    """bool (H, W): the body on a film with grey values 0..1. ``lungs`` (bool) always belong to it."""
    outside = border_of(grey)
    smooth = ndimage.gaussian_filter(grey, max(grey.shape) / 200)
    dark = smooth < DARK + min(float(np.quantile(smooth, 0.01)), LIFTED)
    if lungs is not None:
        dark &= ~ndimage.binary_dilation(lungs, iterations=max(1, round(max(grey.shape) / 60)))
    outside |= reaching_edge(dark | outside)
    pieces, count = ndimage.label(~outside)
    if count > 1:  # the body is in one piece; islands in the dark are letters, tubes and dust
        areas = np.bincount(pieces.ravel())
        areas[0] = 0
        outside = pieces != int(areas.argmax())
        outside &= ~ndimage.binary_fill_holes(~outside)
    return ~outside


def border_of(grey: np.ndarray) -> np.ndarray:
    """bool (H, W): whole rows and columns at the edges that show one even grey: letter boxes and frames."""
    border = np.zeros(grey.shape, dtype=bool)
    for turned, values in ((border, grey), (border.T, grey.T)):
        even = values.std(axis=1) < EVEN
        first = int(np.argmin(even)) if not even.all() else 0
        last = int(np.argmin(even[::-1])) if not even.all() else 0
        turned[:first] = True
        turned[len(even) - last :] = True
    return border


def reaching_edge(mask: np.ndarray) -> np.ndarray:
    """The pieces of a bool (H, W) mask that touch the image's edge and are not tiny."""
    pieces, count = ndimage.label(mask)
    if not count:
        return np.zeros_like(mask)
    edge = np.unique(np.concatenate([pieces[0], pieces[-1], pieces[:, 0], pieces[:, -1]]))
    areas = np.bincount(pieces.ravel(), minlength=count + 1)
    return np.isin(pieces, [piece for piece in edge if piece and areas[piece] >= SMALLEST * mask.size])


def closed(mask: np.ndarray, reach: int) -> np.ndarray:
    """A bool (H, W) mask with gaps of up to ``2 * reach`` pixels closed; beyond the edge it goes on as at the edge."""
    padded = np.pad(mask, reach + 1, mode="edge")
    whole = ndimage.binary_closing(padded, iterations=reach)
    return whole[reach + 1 : -reach - 1, reach + 1 : -reach - 1]
