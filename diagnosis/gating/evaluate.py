"""The gate, measured: each model's own images against all others, and what becomes of both."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from sklearn.metrics import roc_auc_score

from diagnosis.cards import ModelCard
from diagnosis.gate.card import GateCard, Limit
from diagnosis.gate.look import Look, own_sources
from diagnosis.gate.space import Space
from diagnosis.gate.verdict import judged
from diagnosis.gating.fit import fit_limits, fit_space
from diagnosis.gating.record import Against, ModelRecord, Verdicts
from diagnosis.gating.samples import Part, Rows, Samples, SourceSpec, source_specs

SETS = {
    "chest-xray": "chest_xray",
    "lung-colon": "lung_colon",
    "breast-idc": "breast_idc",
    "colorectal": "colorectal",
    "brain-mri": "brain_mri",
    "chest-ct": "chest_ct",
}
FURTHER = ("covid_cases", "medpix_cases")
OWN_CHANGES = {"chest-film": ("turn", "invert", "halve"), "histology": ("invert", "grey")}  # of other images: invert
TOLD = {"turn": "turned", "invert": "inverted", "halve": "halved", "grey": "in grey"}
STRANGERS = ("photo", "document", "drawing", "blank", "noise", "medical")


@dataclass(frozen=True, eq=False)
class Others:
    """Images that are not a model's own: their name, features (N, F), and which sources of the gate are like them."""

    name: str
    features: np.ndarray
    like: frozenset[str]


@dataclass(frozen=True, eq=False)
class Trial:
    """A gate to be measured, on one part of the data.

    Attributes:
        unseen: whether each group of others is also put to a gate that was fitted without its like.
    """

    card: GateCard
    space: Space
    samples: Samples
    part: Part
    unseen: bool
    _refitted: dict[frozenset[str], tuple[GateCard, Space]] = field(default_factory=dict)

    def records(self, models: Mapping[str, ModelCard]) -> Iterator[ModelRecord]:
        """Of each model in ``SETS`` that has a card."""
        for name in (one for one in SETS if one in models):
            own = self.samples.rows(Rows(set=SETS[name]), self.part)
            against = tuple(self._against(models[name], own, others) for others in self._others(models[name]))
            looks = Look.all_of(self.card, self.space, own)
            yield ModelRecord(model=name, own=_verdicts(looks, models[name]), against=against)

    def _against(self, model: ModelCard, own: np.ndarray, others: Others) -> Against:
        looks = Look.all_of(self.card, self.space, others.features)
        seen = _auroc(self.card, self.space, model, own, others.features)
        unseen = None
        if self.unseen and others.like:
            unseen = _auroc(*self._without(others.like), model, own, others.features)
        return Against(others=others.name, verdicts=_verdicts(looks, model), auroc=seen, unseen_auroc=unseen)

    def _others(self, model: ModelCard) -> Iterator[Others]:
        specs = source_specs()
        own_set = SETS[model.name]
        for name in (*SETS.values(), *FURTHER):
            if name != own_set:
                like = (one.name for one in specs if not one.change and name in {rows.set for rows in one.sets})
                yield Others(name, self.samples.rows(Rows(set=name), self.part), frozenset(like))
        for change in OWN_CHANGES.get(model.anatomy or "", ("invert",)):
            like = (one.name for one in specs if one.change == change and own_set in {rows.set for rows in one.sets})
            features = self.samples.rows(Rows(set=own_set), self.part, change)
            yield Others(f"{own_set}, {TOLD[change]}", features, frozenset(like))
        for kind in STRANGERS:
            like = (one.name for one in specs if kind in one.strangers)
            if len(features := self.samples.strangers(self.part, kind)):
                yield Others(kind, features, frozenset(like))

    def _without(self, names: frozenset[str]) -> tuple[GateCard, Space]:
        """A gate fitted as this one was, but for some sources."""
        if names not in self._refitted:
            kept = [one for one in source_specs() if one.name not in names]
            limits, space = fitted(self.samples, kept)
            update = {"sources": tuple(one.source for one in kept), "limits": limits}
            self._refitted[names] = self.card.model_copy(update=update), space
        return self._refitted[names]


def fitted(samples: Samples, specs: Sequence[SourceSpec]) -> tuple[dict[str, Limit], Space]:
    """The limits and the space of some sources: fitted on ``train``, limited on ``val``."""
    space = fit_space({one.name: samples.of(one, "train") for one in specs})
    return fit_limits(space, {one.name: samples.of(one, "val") for one in specs}), space


def _auroc(card: GateCard, space: Space, model: ModelCard, own: np.ndarray, others: np.ndarray) -> float:
    """How often one of the others lies farther from the model's images than one of these."""
    at = own_sources(card.sources, model)
    near, far = ([look.distance(at) for look in Look.all_of(card, space, rows)] for rows in (own, others))
    return float(roc_auc_score([0] * len(near) + [1] * len(far), near + far))


def _verdicts(looks: Sequence[Look], model: ModelCard) -> Verdicts:
    found = [judged(look, model).verdict for look in looks]
    passed, cautioned, refused = (found.count(verdict) for verdict in ("pass", "caution", "refuse"))
    return Verdicts(images=len(found), passed=passed, cautioned=cautioned, refused=refused)
