"""What happens on the tab of similar cases: images in, searches, and what the buttons of a case do."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import gradio as gr
from PIL import Image

from diagnosis.errors import BadRequest, UserError
from diagnosis.readers import read_study
from diagnosis.render import data_uri, film, picture_size
from diagnosis.ui.pieces import problem
from retrieval.found import OWN, Found, Similar
from retrieval.patches import match_images
from retrieval.query import Query
from retrieval.search import Searcher
from retrieval.shared import Cases
from retrieval.types import PICTURE, SYNTHETIC
from retrieval.ui import pieces
from retrieval.ui.match import matched
from retrieval.ui.visit import CHOSEN, Visit, Wish

INVITATION = "Drop an image here, paste one, or click an example. Words alone will do as well."
LOADING = "Loading the encoder and the case library"
ACTS = (("more", "More like this"), ("less", "Less like this"))
MATCH = ("match", "What matches")
THUMB = 320  # pixels of the longer side of the picture of one's own case
Outcome = tuple[Any, ...]
NOTHING_YET = pieces.note(pieces.START)
CLEARED = ("", "", NOTHING_YET, "")  # message, leaning, results, match: nothing of one image stands beside another


@dataclass(frozen=True)
class Finder:
    """It keeps nothing of a visitor: whatever is theirs comes in and goes out."""

    cases: Cases

    def open_upload(self, visit: Visit, path: str | None) -> Outcome:
        """(empty file box, stage, remove button, message, leaning, results, match); a refusal is a message alone."""
        if path is None:
            return _refused(BadRequest("There is no image.", "Choose one first."))
        return self.open(Path(path), visit)

    def open(self, path: Path, visit: Visit) -> Outcome:
        try:
            visit.put(read_study(path))
        except UserError as error:
            return _refused(error)
        return None, stage(visit), gr.Button(visible=True), *CLEARED

    def remove(self, visit: Visit) -> Outcome:
        visit.put(None)
        return None, stage(visit), gr.Button(visible=False), *CLEARED

    def weigh(self, visit: Visit, words: str) -> Any:
        """The slider, where there are an image and words to weigh."""
        return gr.Slider(visible=visit.study is not None and bool(words.strip()))

    def choices(self, visit: Visit, key: str | None) -> Iterator[Outcome]:
        """(message, choices for each filter, that of synthetic cases): the library loads when the tab is opened."""
        if not self.cases.ready:
            yield pieces.doing(LOADING), *(gr.skip() for _ in CHOSEN), gr.skip()
        try:
            searcher = self.cases.searcher()
            own = visit.own(self.cases, key)
        except UserError as error:
            yield problem(error), *(gr.skip() for _ in CHOSEN), gr.skip()
            return
        lists = [gr.Dropdown(choices=_choices(searcher, name, own is not None)) for name in CHOSEN]
        yield "", *lists, gr.Radio(visible=SYNTHETIC in searcher.manifest.datasets)

    def search(self, visit: Visit, key: str | None, *boxes: Any) -> Iterator[Outcome]:
        """(doing and message, leaning, results, match), until another search begins."""
        turn, wish = visit.begin(), Wish.of(boxes)
        blank = pieces.leaning(visit.more, visit.less)
        try:
            query = visit.query(wish)
            ready = self.cases.ready
            yield (
                pieces.doing("Searching" if ready else "Loading the encoder and the case library"),
                blank,
                gr.skip(),
                "",
            )
            searcher = self._searcher(visit, key)
            found = searcher.search(query, wish.count)
        except UserError as error:
            if visit.show(turn, None):
                yield problem(error), blank, NOTHING_YET, ""
            return
        if visit.show(turn, found):
            yield "", blank, self._results(visit, searcher, found, query, wish), ""

    def search_new(self, visit: Visit, key: str | None, *boxes: Any) -> Iterator[Outcome]:
        """As :meth:`search`, if an image was put in: all stays after a file that was refused, or an image removed."""
        if not visit.waiting:
            yield (gr.skip(),) * len(CLEARED)  # Gradio empties the outputs of a generator that yields nothing
            return
        yield from self.search(visit, key, *boxes)

    def _searcher(self, visit: Visit, key: str | None) -> Searcher:
        searcher, own = self.cases.searcher(), visit.own(self.cases, key)
        return searcher.with_own(own.store()) if own is not None else searcher

    def _results(self, visit: Visit, searcher: Searcher, found: Found, query: Query, wish: Wish) -> str:
        acts = (*ACTS, MATCH) if visit.study is not None else ACTS
        pictures = {one.case.id: picture(one, visit, wish.pictures) for one in found.matches}
        listed = pieces.cards(
            found.matches, searcher.manifest.datasets, lambda one: pictures[one.case.id], words=query.text, acts=acts
        )
        return pieces.results(found, listed, visit.study is not None)

    def act(self, event: gr.EventData, visit: Visit, key: str | None, *boxes: Any) -> Iterator[Outcome]:
        """What a button of a case does; as :meth:`search`."""
        name, id = event.act, event.case if event.act != "close" else ""
        if name == "close":
            visit.pair = None
            yield "", gr.skip(), gr.skip(), ""
            return
        if name == "match":
            yield from self._match(visit, id, Wish.of(boxes))
            return
        visit.more.pop(id, None)
        visit.less.pop(id, None)
        if name in {"more", "less"} and (one := visit.result(id)) is not None:
            (visit.more if name == "more" else visit.less)[id] = pieces.called(one.case)
        if visit.study is None and not visit.more and not Wish.of(boxes).words.strip():
            visit.show(visit.begin(), None)
            yield "", pieces.leaning(visit.more, visit.less), NOTHING_YET, ""
            return
        yield from self.search(visit, key, *boxes)

    def _match(self, visit: Visit, id: str, wish: Wish) -> Iterator[Outcome]:
        """The patches of the image beside those of a case."""
        one, study = visit.result(id), visit.study
        if one is None or study is None:
            yield problem(BadRequest("These results are no longer kept.", "Search again.")), gr.skip(), gr.skip(), ""
            return
        visit.pair = one
        yield pieces.doing("Comparing patches"), gr.skip(), gr.skip(), gr.skip()
        try:
            searcher = self.cases.searcher()
            mine = visit.mine if OWN in one.marks else None
            own = mine.picture(id) if mine else None
            match = match_images(searcher.encoder, study, own) if own else searcher.patches(study, id)
            square = Image.fromarray(searcher.encoder.squares([study])[0].numpy())
            shown = matched(
                match, one, data_uri(square), picture(one, visit, wish.pictures), searcher.encoder.settings.resize_mode
            )
            outcome = "", gr.skip(), gr.skip(), shown
        except UserError as error:
            outcome = problem(error), gr.skip(), gr.skip(), ""
        if visit.pair is one:
            yield outcome


def _refused(error: UserError) -> Outcome:
    """As :meth:`Finder.open_upload`: why a file was not taken; all else stays."""
    return None, gr.skip(), gr.skip(), problem(error), *(gr.skip() for _ in CLEARED[1:])


def stage(visit: Visit) -> str:
    """The image that is looked for, on black; an invitation where there is none."""
    if visit.study is None:
        return f'<div class="lb-stage lb-empty"><p>{INVITATION}</p></div>'
    height, width = picture_size(visit.study)
    size = "{1} × {0} pixels".format(*visit.study.size)
    name = "A synthetic image, which shows nobody" if visit.study.synthetic else "Your image"
    return (
        f'<figure class="lb-figure"><div class="lb-stage"><div class="lb-picture" style="--w:{width};--h:{height}">'
        f'<img alt="{name}, {size}" src="{data_uri(film(visit.study))}"></div></div>'
        f'<figcaption><p class="lb-note">{name}, {size}. It stays in memory, and is forgotten within the hour.</p>'
        "</figcaption></figure>"
    )


def picture(match: Similar, visit: Visit, live: bool) -> str | None:
    """Where the picture of a case is: kept here for one's own and for synthetic ones, else at its source, if the
    visitor lets it load."""
    if OWN in match.marks:
        return own_picture(visit, match.case.id)
    if match.case.synthetic:
        return kept_picture(match)
    return source_picture(match) if live else None


def source_picture(match: Similar) -> str | None:
    """Where the picture of a case is at its source; None for an address that is not https."""
    return match.thumbnail if (match.thumbnail or "").startswith("https://") else None


def kept_picture(match: Similar) -> str | None:
    """The small picture that the library holds of a synthetic case; None for anything else that stands in its place."""
    return match.thumbnail if (match.thumbnail or "").startswith(PICTURE) else None


def own_picture(visit: Visit, id: str) -> str | None:
    """The small picture of one's own case, as an address that holds it."""
    if visit.mine is None:
        return None
    try:
        return data_uri(film(visit.mine.picture(id), THUMB))
    except UserError:  # it was deleted in another window
        return None


def _choices(searcher: Searcher, key: str, own: bool) -> list[tuple[str, str]]:
    """(title with count, value) of a filter, the commonest first."""
    titles = {name.lower(): origin.title.split(" (")[0] for name, origin in searcher.manifest.datasets.items()}
    named = [
        (f"{titles.get(value) or pieces.term(value)} ({count:,})", value)
        for value, count in searcher.store.values(key).items()
    ]
    return [*([("Your own cases", "own")] if own and key == "dataset" else []), *named]
