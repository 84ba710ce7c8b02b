"""The visitor's own cases: adding, editing, deleting, and all of them as files."""

import re
import shutil
import tempfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import gradio as gr

from diagnosis.errors import BadRequest, UserError
from diagnosis.ui import QUIET
from diagnosis.ui.pieces import fault, problem
from retrieval.exchange import export, import_archive, read_table, write_table
from retrieval.library import Record
from retrieval.mine import Changes, MyCases
from retrieval.shared import Cases, is_key, new_key
from retrieval.ui import pieces
from retrieval.ui.listing import changed, listing
from retrieval.ui.visit import Visit

ABOUT = (
    "Kept on this server in a file of your own, until you delete them. Only this browser holds the key to it: nobody "
    "else finds these cases, and without the key neither do you. Export them before you clear the browser's storage. "
    "Pictures are kept at 512 pixels at most; a patient's number is kept as a hash."
)
STRUCTURED = ("modality", "age", "sex")
STORED = "lightbox-own-cases"  # where the browser keeps the key
CLICKS = """element.addEventListener("click", (event) => {
  const button = event.target.closest("button[data-act]");
  if (button) trigger("select", {...button.dataset});
});"""
"""Tells Python which button of a case was clicked."""
FORGET = f"(key) => {{ if (!key) localStorage.removeItem('{STORED}'); }}"


@dataclass(frozen=True)
class Form:
    """What the boxes say of a case."""

    labels: tuple[str, ...]
    facts: dict[str, str]
    rest: dict[str, Any]  # patient, link, licence

    @classmethod
    def of(cls, boxes: Sequence[Any]) -> "Form":
        """From the values of the boxes. Raises BadRequest for an age, a fact or a link that is none."""
        labels, modality, age, sex, others, patient, url, licence = boxes
        facts = {"modality": modality or "", "age": _years((age or "").strip()), "sex": sex or ""}
        for line in (others or "").splitlines():
            key, sign, value = line.partition(":")
            if line.strip() and not (sign and key.strip() and value.strip()):
                raise BadRequest(f"The fact {line.strip()!r} has no value.", "Write one a line, as view: PA.")
            facts[key.strip().lower()] = value.strip()
        url = (url or "").strip()
        if url and not url.startswith(("https://", "http://")):
            raise BadRequest(f"{url!r} is no link.", "A link starts with https:// or http://.")
        named = tuple(dict.fromkeys(one.strip() for one in (labels or "").splitlines() if one.strip()))
        rest = {"patient": (patient or "").strip() or None, "url": url, "licence": (licence or "").strip() or "private"}
        return cls(named, facts, rest)


def _years(age: str) -> str:
    if age and not re.fullmatch(r"\d{1,3}(\.\d+)?", age):
        raise BadRequest(f"The age {age!r} is not a number of years.", "Write 64, or 0.5.")
    return age


EMPTY = ("", None, "", None, "", "", "", "private")


def boxes_of(record: Record) -> tuple[Any, ...]:
    """What the boxes say when a case is edited; a patient's number is not kept, so that box stays empty."""
    case = record.case
    others = "\n".join(f"{key}: {value}" for key, value in case.facts.items() if key not in STRUCTURED)
    known = (case.facts.get("modality"), case.facts.get("age", ""), case.facts.get("sex"), others)
    return "\n".join(case.labels), *known, "", case.url or "", case.licence


@dataclass(frozen=True)
class Keeper:
    """What happens among the visitor's own cases. It keeps nothing of a visitor but what they put into their file."""

    cases: Cases

    def show(self, visit: Visit, key: str | None) -> str:
        """The list."""
        try:
            return listing(visit, visit.own(self.cases, key))
        except UserError as error:
            return problem(error)

    def keep(self, visit: Visit, key: str | None, editing: str | None, *boxes: Any) -> tuple[Any, ...]:
        """(key, list, case that is edited, title of the button, message, boxes): add the image, or save an edit."""
        try:
            if editing:
                self._there(visit, key).get(editing)
        except UserError as error:  # deleted in another window
            return gr.skip(), self.show(visit, key), *leave(problem(error))
        try:
            form = Form.of(boxes)
            if editing:
                mine = self._there(visit, key)
                mine.edit(editing, form.labels, form.facts, **form.rest)
                told = "Saved."
            elif visit.study is None:
                raise BadRequest("There is no image to keep.", "Put one in above first.")
            else:
                mine, key = self._made(visit, key)
                mine.add(visit.study, form.labels, form.facts, **form.rest)
                told = "Added. It is found by your searches alone."
        except UserError as error:
            return key or gr.skip(), gr.skip(), *stay(problem(error))
        return key, listing(visit, mine), *leave(pieces.note(told))

    def _there(self, visit: Visit, key: str | None) -> MyCases:
        mine = visit.own(self.cases, key)
        if mine is None:
            raise BadRequest("There are no cases of yours.", "Add an image first.")
        return mine

    def _made(self, visit: Visit, key: str | None) -> tuple[MyCases, str]:
        """The visitor's file, made with a fresh key where there is none."""
        mine = visit.own(self.cases, key)
        if mine is not None and visit.key:
            return mine, visit.key
        fresh = str(key) if is_key(key) else new_key()
        mine = self.cases.kept(fresh)
        visit.key, visit.mine = fresh, mine
        return mine, fresh

    def act(self, event: gr.EventData, visit: Visit, key: str | None, editing: str | None = None) -> tuple[Any, ...]:
        """As :meth:`keep`, less the key: what a button of a case does."""
        try:
            mine = self._there(visit, key)
            if event.act == "edit":
                record = mine.get(event.case)
                return gr.skip(), record.id, gr.Button("Save the changes"), "", *boxes_of(record)
            mine.delete(event.case)
            told = pieces.note("Deleted.")
        except UserError as error:
            told = problem(error)
        return self.show(visit, key), *(leave(told) if editing == event.case else stay(told))

    def take_in(self, visit: Visit, key: str | None, files: list[str] | None) -> tuple[Any, ...]:
        """(key, empty file box, list, message): an archive, or a CSV and its images."""
        try:
            paths = [Path(file) for file in files or []]
            if not paths:
                raise BadRequest("There is no file.", "Choose an archive, or a CSV and its images.")
            mine, key = self._made(visit, key)
            changes = _read(mine, paths)
        except UserError as error:
            return key or gr.skip(), None, gr.skip(), problem(error)
        return key, None, listing(visit, mine), changed(changes)

    def give_out(self, visit: Visit, key: str | None) -> tuple[Any, Any, str]:
        """(files, folder to delete, message)."""
        folder = Path(tempfile.mkdtemp(prefix="lightbox-export-"))
        try:
            mine = self._there(visit, key)
            archive, table = folder / "lightbox-cases.zip", folder / "lightbox-cases.csv"
            export(mine, archive)
            write_table(mine, table)
        except UserError as error:
            return gr.skip(), str(folder), problem(error)
        told = "The archive holds everything and can be imported; edit the table and import it to change many cases."
        return gr.update(value=[str(archive), str(table)], visible=True), str(folder), pieces.note(told)

    def erase(self, visit: Visit, key: str | None) -> tuple[Any, ...]:
        """(key, row of the question, list, case that is edited, title of the button, message, boxes)."""
        try:
            mine = visit.own(self.cases, key)
            if mine is not None:
                mine.erase()
        except UserError as error:
            return gr.skip(), gr.Row(visible=False), gr.skip(), *stay(problem(error))
        visit.key = visit.mine = None
        told = pieces.note("All your cases and their file are deleted.")
        return None, gr.Row(visible=False), listing(visit, None), *leave(told)


def leave(told: str = "") -> tuple[Any, ...]:
    """(case that is edited, title of the button, message, boxes) where nothing is edited any more."""
    return None, gr.Button("Add the image"), told, *EMPTY


def stay(told: str) -> tuple[Any, ...]:
    """As :func:`leave`, where all but the message stays as it is."""
    return gr.skip(), gr.skip(), told, *(gr.skip() for _ in EMPTY)


def _read(mine: MyCases, paths: Sequence[Path]) -> Changes:
    """Raises BadRequest where the files are neither an archive nor a CSV with its images."""
    archives = [path for path in paths if path.suffix.lower() == ".zip"]
    tables = [path for path in paths if path.suffix.lower() == ".csv"]
    if len(archives) + len(tables) != 1:
        raise BadRequest(f"{len(archives)} archives and {len(tables)} tables came.", "Import one archive, or one CSV.")
    if archives:
        return import_archive(mine, archives[0])
    with tempfile.TemporaryDirectory(prefix="lightbox-import-") as folder:
        for path in paths:
            shutil.copyfile(path, Path(folder) / path.name)
        return read_table(mine, Path(folder) / tables[0].name)


def clean(folder: str | None) -> None:
    """Delete what an export wrote: Gradio keeps a copy of its own for a few minutes."""
    if folder and Path(folder).name.startswith("lightbox-export-"):
        shutil.rmtree(folder, ignore_errors=True)


def own_section(cases: Cases, visit: gr.State, key: gr.BrowserState) -> None:
    """Build it inside the current Blocks, behind a click."""
    keeper, editing = Keeper(cases), gr.State(None)
    with gr.Accordion("Your own cases", open=False, elem_classes="lb-9") as fold:
        gr.HTML(pieces.note(ABOUT))
        boxes = _form()
        with gr.Row(elem_classes="lb-questions"):
            add = gr.Button("Add the image", size="sm", min_width=0, variant="primary")
            cancel = gr.Button("Cancel", size="sm", min_width=0, visible=False)
        message = gr.HTML()
        listed = gr.HTML(pieces.note("You keep no cases here."), js_on_load=CLICKS)
        box = gr.File(label="Import: an archive, or a CSV and its images", file_count="multiple", height=150)
        with gr.Row(elem_classes="lb-questions"):
            save = gr.Button("Export", size="sm", min_width=0)
            remove = gr.Button("Delete all", size="sm", min_width=0)
        with gr.Row(visible=False, elem_classes="lb-questions") as sure:
            yes = gr.Button("Yes, delete all my cases", size="sm", min_width=0, variant="stop")
            no = gr.Button("Keep them", size="sm", min_width=0)
        files, folder = gr.File(label="Your cases as files", visible=False, interactive=False), gr.State(None)
    edited = [listed, editing, add, message, *boxes]
    events = [
        fold.expand(keeper.show, [visit, key], listed, **QUIET),
        add.click(keeper.keep, [visit, key, editing, *boxes], [key, *edited], **_BUSY),
        listed.select(keeper.act, [visit, key, editing], edited, **QUIET),
        box.upload(keeper.take_in, [visit, key, box], [key, box, listed, message], **_BUSY),
        yes.click(keeper.erase, [visit, key], [key, sure, *edited], **QUIET),
    ]
    saved = save.click(keeper.give_out, [visit, key], [files, folder, message], **_BUSY)
    saved.then(clean, folder, None, **QUIET)
    for event in (*events, saved):
        event.failure(partial(fault, "That", "Try again"), None, message, **QUIET)
    editing.change(lambda id: gr.Button(visible=id is not None), editing, cancel, **QUIET)
    cancel.click(leave, None, edited[1:], **QUIET)
    remove.click(lambda: gr.Row(visible=True), None, sure, **QUIET)
    yes.click(lambda: gr.File(None, visible=False), None, files, **QUIET)
    events[-1].then(None, key, None, js=FORGET)
    no.click(lambda: gr.Row(visible=False), None, sure, **QUIET)


_BUSY: dict[str, Any] = {**QUIET, "show_progress": "minimal", "concurrency_id": "own-cases"}


def _form() -> Iterable[Any]:
    """The boxes that say what is known of a case, in the order of :class:`Form`."""
    with gr.Row():
        labels = gr.Textbox(label="Labels, one a line", lines=2, min_width=200)
        others = gr.Textbox(label="Other facts, one a line", lines=2, placeholder="view: PA", min_width=200)
    with gr.Row():
        kinds = ["X-ray", "CT", "MRI", "histology"]
        modality = gr.Dropdown(kinds, value=None, label="Modality", allow_custom_value=True, min_width=110)
        age = gr.Textbox(label="Age, years", min_width=90)
        sex = gr.Dropdown(["female", "male"], value=None, label="Sex", min_width=90)
    with gr.Row():
        patient = gr.Textbox(label="Patient number", placeholder="kept as a hash", min_width=120)
        url = gr.Textbox(label="Link", placeholder="https://", min_width=120)
        licence = gr.Textbox("private", label="Licence", min_width=100)
    return [labels, modality, age, sex, others, patient, url, licence]
