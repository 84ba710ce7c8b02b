"""A query → the cases that are like it, or the word that there are none."""

from collections.abc import Sequence
from pathlib import Path
from typing import Self

import numpy as np

from diagnosis.errors import BadRequest, Missing, UserError
from diagnosis.study import Study
from retrieval.encoder import Encoder
from retrieval.filters import NAMELESS, Filter
from retrieval.found import IDENTICAL, OWN, TWIN, Found, Similar
from retrieval.library import Floor, Manifest, Record
from retrieval.patches import PatchMaps, PatchMatch, need_maps
from retrieval.query import ONLY, WITH, WITHOUT, Query, mix, move
from retrieval.store import CaseStore, LocalStore, Neighbour
from retrieval.types import SYNTHETIC
from retrieval.vote import NEIGHBOURS, NothingSimilar, SecondOpinion, winner

SAME = 0.9999  # cosine from which two images are practically one


class Searcher:
    """Searches a library, and beside it the cases of one user. Threads may share it.

    Args:
        store: of the library that ``manifest`` is of.
        own: the user's cases, None for none.
        maps: patch maps of the library, None where it has none.

    Raises BadRequest where the library was made by another encoder.
    """

    def __init__(
        self,
        encoder: Encoder,
        store: CaseStore,
        manifest: Manifest,
        own: CaseStore | None = None,
        maps: PatchMaps | None = None,
    ) -> None:
        check_encoder(manifest, encoder)
        self.encoder, self.store, self.manifest, self.own, self.maps = encoder, store, manifest, own, maps

    @classmethod
    def open(cls, encoder: Encoder, folder: Path, url: str | None = None) -> Self:
        """The library in a folder, or in the database of a URL. Raises Missing or BadRequest where it can't be used.

        A database holds no patch maps: they are the folder's, where it has the same library.
        """
        if url:
            from retrieval.postgres import PostgresStore

            kept = PostgresStore.open(url)
            try:
                return cls(encoder, kept, kept.manifest, maps=PatchMaps.of_library(folder, kept.manifest))
            except UserError:
                kept.close()
                raise
        store = LocalStore.open(folder)
        if store.manifest is None:
            raise Missing(f"{folder} has no manifest.", "Build it again with `python -m retrieval build`.")
        return cls(encoder, store, store.manifest, maps=PatchMaps.open(folder))

    def with_own(self, own: CaseStore | None) -> "Searcher":
        """The same library beside another user's cases."""
        return Searcher(self.encoder, self.store, self.manifest, own, self.maps)

    def close(self) -> None:
        """Give back what the library holds open."""
        self.store.close()

    def search(self, query: Query, k: int = NEIGHBOURS) -> Found:
        """The ``k`` most similar cases.

        Raises BadRequest for an unknown filter or case, and for a ``k`` under 1.
        """
        if k < 1:
            raise BadRequest(f"{k} results can't be shown.", "Ask for 1 or more.")
        image = self.encoder.embed_images([query.image])[0] if query.image else None
        vector, floor = self.vector(query, image), self.floor(query.share)
        without = (*query.more, *query.less, *query.without)
        neighbours = self._nearest(vector, k, query, without)
        nearest = neighbours[0][0][1] if neighbours else None
        kept = [one for one in neighbours if one[0][1] >= floor]
        message = "" if kept else self._nothing(query, nearest, floor)
        return Found(self._marked(kept, query, image), floor, nearest, message)

    def vector(self, query: Query, image: np.ndarray | None) -> np.ndarray:
        """float32 (D,) of length 1: all of a query in one. ``image`` is its embedded image."""
        words = self.encoder.embed_texts([query.text])[0] if query.text.strip() else None
        start = image if words is None else words
        if image is not None and words is not None:
            start = mix(image, words, query.weight, self.manifest.measured.spread)
        more, less = ([self._known(id) for id in ids] for ids in (query.more, query.less))
        return start if start is not None and not (more or less) else move(start, more, less)

    def floor(self, share: float) -> float:
        """The cosine under which nothing is similar, for a query that is an image by ``share``; −1 if not measured."""
        measured = self._measured_floor(share)
        return measured.cosine if measured else -1.0

    def _measured_floor(self, share: float) -> Floor | None:
        """Of the weights that were measured, the nearest one's."""
        return min(self.manifest.measured.floors, key=lambda one: abs(one.weight - share), default=None)

    def patches(self, image: Study, id: str) -> PatchMatch:
        """Which patch of the image is like which patch of a case of the library. Raises BadRequest without maps."""
        row = self.store.place(id)
        if row is None:
            raise BadRequest(f"The library has no case {id!r}.", "Name one of the results.")
        return need_maps(self.maps).match(self.encoder.embed_patches(image), row)

    def second_opinion(self, image: Study, labels: Sequence[str], k: int = NEIGHBOURS) -> SecondOpinion:
        """What the nearest cases say of an image that a classifier of these labels has read.

        The image itself, and its patient's other images where the library has them, have no vote.

        Synthetic cases have no vote either.

        Raises Missing where no data set of the library has all of these labels, and NothingSimilar, which is one, where
        nothing in it is similar.
        """
        dataset = self.voters(labels)
        known = self.store.with_image(image.digest)
        without = [name for record in known for name in (record.patient or record.id, record.id)]
        vector = self.encoder.embed_images([image])[0]
        filters = (Filter("dataset", dataset.lower()), *(Filter("label", label.lower()) for label in labels))
        voters = self.store.nearest(vector, k, filters, without)
        if not voters:
            raise Missing("The library has no other case that could vote.", "Look at the image by itself.")
        if voters[0][1] < (floor := self.floor(1.0)):
            raise NothingSimilar(voters[0][1], floor, self.manifest.digest)
        names = [_first(record, labels) for record, _ in voters]
        first = winner(names, [cosine for _, cosine in voters])
        votes = {name: names.count(name) for name in sorted(set(names), key=lambda name: (-names.count(name), name))}
        measured = self.manifest.measured
        tested = dataset in measured.test
        score = (measured.test if tested else measured.leave_one_out).get(dataset)
        ids = tuple(record.id for record, _ in voters)
        return SecondOpinion(first, votes, ids, dataset, score, tested, self.manifest.digest)

    def compare(self, image: Study, ids: Sequence[str]) -> tuple[Similar, ...]:
        """Cases of the library beside an image, in this order. Raises BadRequest for an unknown one."""
        vector = self.encoder.embed_images([image])[0]
        records = [record for id in ids if (record := self.store.get(id)) is not None]
        neighbours = [((record, float(vector @ self._known(record.id))), False) for record in records]
        return self._marked(neighbours, Query(image=image), vector)

    def voters(self, labels: Sequence[str]) -> str:
        """The data set of real cases that vote on these labels. Raises Missing where there is none."""
        wanted = {label.lower() for label in labels}
        for dataset in self.manifest.datasets:
            scores = self.manifest.measured.leave_one_out.get(dataset)
            if scores and dataset != SYNTHETIC and wanted <= {label.lower() for label in scores.recall}:
                return dataset
        raise Missing(f"No data set of the library has the labels {', '.join(labels)}.", "Build it with one that has.")

    def _asked(self, query: Query) -> list[tuple[CaseStore, bool, tuple[Filter, ...]]]:
        """The stores that a query is for, whether each is the user's own, and what is filtered there."""
        made = self.manifest.datasets.get(SYNTHETIC)
        stores: list[tuple[CaseStore, bool, tuple[Filter, ...]]] = []
        if made and made.cases and query.synthetic != WITH:
            kind = Filter(NAMELESS, SYNTHETIC, excluded=query.synthetic == WITHOUT)
            stores.append((self.store, False, (*query.filters, kind)))
        elif query.synthetic != ONLY:
            stores.append((self.store, False, query.filters))
        if self.own is not None and query.synthetic != ONLY:
            stores.append((self.own, True, query.filters))
        return stores

    def _nearest(
        self, vector: np.ndarray, k: int, query: Query, without: Sequence[str]
    ) -> list[tuple[Neighbour, bool]]:
        """Of the library and of the user's cases together, best first; and whether each is the user's own."""
        found: list[tuple[Neighbour, bool]] = []
        problem, answered = None, False
        for store, own, filters in self._asked(query):
            try:
                found += [(one, own) for one in store.nearest(vector, k, filters, without)]
                answered = True
            except BadRequest as error:  # a filter that no case here fits may fit cases elsewhere
                problem = problem or error
        if problem and not answered:
            raise problem
        return sorted(found, key=lambda one: -one[0][1])[:k]

    def _marked(
        self, neighbours: Sequence[tuple[Neighbour, bool]], query: Query, image: np.ndarray | None
    ) -> tuple[Similar, ...]:
        """Matches with their marks. A patient is known from the query, or from a case that is the same image."""
        twins = [self._likeness(record, query, image) for (record, _), _ in neighbours]
        known = self._copies(query.image)
        same = [record for (record, _), _ in neighbours]
        patients = {query.patient, *(record.patient for record in known)}
        patients |= {record.patient for record, twin in zip(same, twins, strict=True) if twin}
        patients.discard(None)
        made = []
        for rank, (((record, cosine), own), twin) in enumerate(zip(neighbours, twins, strict=True), 1):
            group = self.manifest.datasets.get(record.case.source)
            marks = [SYNTHETIC] if record.case.synthetic else []
            marks += [twin] if twin else []
            if record.patient in patients and not twin:
                marks.append(f"same {group.group if group else 'patient'}")
            marks += [OWN] if own else []
            made.append(Similar(record.case, cosine, rank, tuple(marks), record.thumbnail))
        return tuple(made)

    def _likeness(self, record: Record, query: Query, image: np.ndarray | None) -> str:
        if query.image is None or image is None:
            return ""
        if record.image == query.image.digest:
            return IDENTICAL
        vector = self._vector(record.id)
        return TWIN if vector is not None and float(vector @ image) > SAME * float(np.linalg.norm(vector)) else ""

    def _copies(self, image: Study | None) -> list[Record]:
        stores = [store for store in (self.store, self.own) if store is not None and image]
        return [record for store in stores if image for record in store.with_image(image.digest)]

    def _vector(self, id: str) -> np.ndarray | None:
        for store in (self.store, self.own):
            if store is not None and (vector := store.vector(id)) is not None:
                return vector
        return None

    def _known(self, id: str) -> np.ndarray:
        vector = self._vector(id)
        if vector is None:
            raise BadRequest(f"There is no case {id!r}.", "Name one of the results.")
        return vector

    def _nothing(self, query: Query, nearest: float | None, floor: float) -> str:
        if nearest is None:
            kind = () if query.synthetic == WITH else (f"synthetic={query.synthetic}",)
            chosen = ", ".join((*map(str, query.filters), *kind))
            return f"Nothing similar: no case fits {chosen}." if chosen else "Nothing similar: there are no cases."
        measured = self._measured_floor(query.share)
        kept = (
            f"; {100 * measured.kept:.0f} % of the queries that the library was measured with reach"
            if measured
            else ", under"
        )
        return f"Nothing similar: the nearest case has a cosine of {nearest:.3f}{kept} {floor:.3f}."


def check_encoder(manifest: Manifest, encoder: Encoder) -> None:
    """Raises BadRequest for a library that was made by another encoder."""
    made = manifest.encoder
    if made.digest != encoder.digest:
        problem = f"The library was made with the encoder {made.name} ({made.digest}), not with {encoder.name} "
        remedy = "Set RETRIEVAL_MODEL to the former, or build the library again with `python -m retrieval build`."
        raise BadRequest(f"{problem}({encoder.digest}).", remedy)


def _first(record: Record, labels: Sequence[str]) -> str:
    """The case's label among these, as they are written."""
    own = {label.lower() for label in record.case.labels}
    return next(label for label in labels if label.lower() in own)
