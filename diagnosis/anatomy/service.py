"""Anatomy as it is served: what a study shows → its zones, with the segmenter loaded when it is first needed."""

import threading
from dataclasses import replace
from pathlib import Path

import cv2

from diagnosis.anatomy.alarm import Alarm, load_alarm
from diagnosis.anatomy.brain import brain_zones
from diagnosis.anatomy.cards import FOLDER
from diagnosis.anatomy.chest_ct import chest_ct_zones
from diagnosis.anatomy.chest_film import chest_film_zones
from diagnosis.anatomy.histology import histology_zones
from diagnosis.anatomy.pspnet import REFERENCE, PSPNetLungs, available, load_pspnet
from diagnosis.anatomy.segmenter import Segmenter
from diagnosis.anatomy.zones import Kind, Zones
from diagnosis.errors import UserError
from diagnosis.study import Study

LONGEST = 640  # pixels of the longer side


class Anatomy:
    """Names places on studies. One serves all visitors.

    Args:
        weights: the folder of the models; the segmenter lies in its folder ``anatomy``.
    """

    def __init__(self, weights: Path) -> None:
        self._folder = weights / FOLDER
        self._loading = threading.Lock()
        self._segmenter: Segmenter | None = None
        self._pspnet: PSPNetLungs | None = None

    def zones(self, study: Study, kind: Kind) -> Zones:
        """The zones of a study. Without the segmenter's weights a chest film has none, and the doubt says why.

        A study of more than ``LONGEST`` pixels a side is measured at that size: outlines need no finer grid.
        """
        if max(study.size) > LONGEST:
            return self._zones(_reduced(study), kind).at(study.size)
        return self._zones(study, kind)

    def _zones(self, study: Study, kind: Kind) -> Zones:
        if kind == "histology":
            return histology_zones(study)
        if kind == "brain":
            return brain_zones(study)
        if kind == "chest-ct":
            return chest_ct_zones(study)
        if available(self._folder):
            return chest_film_zones(study, self._foreign().lungs(study), REFERENCE)
        try:
            segmenter = self.segmenter()
        except UserError as error:
            return Zones("chest-film", (), (error.problem.removesuffix("."),))
        found = f"segmenter {segmenter.card.reference}"
        return chest_film_zones(study, segmenter.lungs(study), found, segmenter.card.threshold)

    def segmenter(self) -> Segmenter:
        """Raises Missing or BadRequest as :meth:`Segmenter.load` does."""
        with self._loading:
            if self._segmenter is None:
                self._segmenter = Segmenter.load(self._folder)
            return self._segmenter

    def _foreign(self) -> PSPNetLungs:
        with self._loading:
            if self._pspnet is None:
                self._pspnet = load_pspnet(self._folder)
            return self._pspnet

    def alarm(self) -> Alarm | None:
        """The measured shortcut alarm; None where it was not measured with what finds the lungs here."""
        if available(self._folder):
            return None
        try:
            return load_alarm(self._folder, self.segmenter().card)
        except UserError:
            return None


def _reduced(study: Study) -> Study:
    """The study with ``LONGEST`` pixels on its longer side, each the mean of those that it stands for."""
    factor = LONGEST / max(study.size)
    height, width = (max(1, round(side * factor)) for side in study.size)
    pixels = cv2.resize(study.pixels, (width, height), interpolation=cv2.INTER_AREA).reshape(height, width, -1)
    return replace(study, pixels=pixels.clip(0, 1))
