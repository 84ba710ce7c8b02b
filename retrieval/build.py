"""A plan → a library: embed every image once, measure, and put the new library in the place of the old one.

What has been embedded is kept beside the library until it is done; a build that was cut off goes on there.
"""

import hashlib
import json
import shutil
import sys
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from time import monotonic

import numpy as np
from safetensors import SafetensorError
from safetensors.numpy import load_file, save_file

from diagnosis.errors import BadImage, BadRequest
from diagnosis.study import Study
from retrieval.card import CARD, make_card
from retrieval.encoder import Encoder
from retrieval.index import make_index, write_index
from retrieval.library import (
    CASES,
    INDEX,
    MANIFEST,
    TABLE,
    VECTORS,
    EncoderStamp,
    IndexStamp,
    Manifest,
    Origin,
    Record,
    stamp_of,
    write_records,
)
from retrieval.measure import Embedded, measure
from retrieval.metadata import Metadata
from retrieval.patches import PatchMaps, check_patches, embed_with_patches
from retrieval.plan import TEST, Entry, Plan
from retrieval.store import LocalStore

PART = 256  # images that are embedded between two writes
_BATCH = 16
_TOLD = 5.0  # seconds between two lines of progress
Progress = Callable[[str], None]


@dataclass(frozen=True, eq=False)
class Part:
    """What became of a part's entries: a digest or a reason for each, and the rows of those that could be read."""

    digests: list[str | None]
    reasons: list[str | None]
    vectors: np.ndarray  # float16 (n, D)
    maps: np.ndarray | None  # float16 (n, h, w, D)


def build(
    plan: Plan, encoder: Encoder, folder: Path, progress: Progress = lambda line: None, patches: bool = True
) -> Manifest:
    """Write the library of a plan into ``folder``; an older one there is replaced at the very end.

    Images that can't be read, and repetitions of an image, are passed over and named in the manifest.

    Raises BadRequest where no image can be read.
    """
    work = folder.with_name(folder.name + ".building")
    digest = _plan_digest(plan, encoder, patches)
    if not (work / digest).is_dir():
        shutil.rmtree(work, ignore_errors=True)
        (work / digest).mkdir(parents=True)
    parts = _embed(plan.entries, encoder, work / digest, progress, patches)
    chosen, refused = _chosen(plan.entries, parts)
    if not any(entry.split != TEST for entry, _ in chosen.values()):
        raise BadRequest(f"None of the {len(plan.entries)} images can be in the library.", "; ".join(refused[:1]) + ".")
    made = _write(plan, encoder, chosen, parts, (*plan.refused, *refused), work / "new", progress)
    swap(work / "new", folder)
    shutil.rmtree(work)
    return made


def _plan_digest(plan: Plan, encoder: Encoder, patches: bool) -> str:
    said = json.dumps([encoder.digest, patches, PART, plan.inputs, [entry.record.id for entry in plan.entries]])
    return hashlib.sha256(said.encode()).hexdigest()[:16]


def _embed(entries: Sequence[Entry], encoder: Encoder, work: Path, progress: Progress, patches: bool) -> list[Part]:
    """All parts, those that a former build left behind included."""
    started, told, fresh, parts = monotonic(), 0.0, 0, []
    checked: bool | None = None if patches else False
    for number, start in enumerate(range(0, len(entries), PART)):
        path, some = work / f"{number:05}.safetensors", entries[start : start + PART]
        part = _read_part(path)
        if part is None:
            part, checked = _embed_part(some, encoder, checked)
            _write_part(path, part)
            fresh += len(some)
        parts.append(part)
        if monotonic() - told > _TOLD or start + PART >= len(entries):
            told, done = monotonic(), start + len(some)
            rate = fresh / max(monotonic() - started, 1e-9)
            left = f", {(len(entries) - done) / rate:.0f} s left" if rate else ""
            progress(f"embedded {done:,} of {len(entries):,}{left}")
    return parts


def _embed_part(entries: Sequence[Entry], encoder: Encoder, checked: bool | None) -> tuple[Part, bool | None]:
    with ThreadPoolExecutor(2) as pool:
        read = list(pool.map(_try, entries))
    studies = [study for study, _ in read if study]
    vectors, maps, checked = embed_studies(studies, encoder, checked)
    digests = [study.digest if study else None for study, _ in read]
    return Part(digests, [why for _, why in read], vectors, maps), checked


def embed_studies(
    studies: Sequence[Study], encoder: Encoder, patches: bool | None
) -> tuple[np.ndarray, np.ndarray | None, bool | None]:
    """Embeddings, float16 (N, D); whole patch maps, float16 (N, h, w, D), or None; and whether there are such maps.

    Args:
        patches: whether maps are wanted; None for maps if :func:`check_patches` finds that the encoder has them.
    """
    vectors, maps = [np.empty((0, encoder.dimensions), np.float32)], []
    for start in range(0, len(studies), _BATCH):
        squares = encoder.squares(studies[start : start + _BATCH])
        patches = check_patches(encoder, squares) if patches is None else patches
        rows, found = embed_with_patches(encoder, squares) if patches else (encoder.embed_squares(squares), None)
        vectors.append(rows)
        maps += [] if found is None else [found.astype(np.float16)]
    return np.concatenate(vectors).astype(np.float16), np.concatenate(maps) if maps else None, patches


def _try(entry: Entry) -> tuple[Study | None, str | None]:
    try:
        return entry.read(), None
    except BadImage as error:
        return None, error.problem


def _write_part(path: Path, part: Part) -> None:
    """Whole or not at all: a part that can be read is complete."""
    arrays = {"vectors": part.vectors} | ({} if part.maps is None else {"maps": part.maps})
    partial = path.with_suffix(".partial")
    save_file(arrays, partial, {"digests": json.dumps(part.digests), "reasons": json.dumps(part.reasons)})
    partial.replace(path)


def _read_part(path: Path) -> Part | None:
    from safetensors import safe_open

    if not path.is_file():
        return None
    try:
        arrays = load_file(path)
        with safe_open(path, "np") as stream:
            said = stream.metadata()
    except (SafetensorError, OSError):
        return None
    return Part(json.loads(said["digests"]), json.loads(said["reasons"]), arrays["vectors"], arrays.get("maps"))


def _chosen(entries: Sequence[Entry], parts: Sequence[Part]) -> tuple[dict[int, tuple[Entry, str]], list[str]]:
    """By row of the parts' vectors, one after another: what is used, with its digest; and what isn't, and why.

    Of a repeated image the first is used, a library's before a test image.
    """
    refused, row, readable = [], 0, []
    told = [one for part in parts for one in zip(part.digests, part.reasons, strict=True)]
    for entry, (digest, reason) in zip(entries, told, strict=True):
        if digest is None:
            refused.append(reason or f"{entry.name} can't be read.")
            continue
        readable.append((row, entry, digest))
        row += 1
    seen: dict[str, str] = {}
    chosen = {}
    for row, entry, digest in sorted(readable, key=lambda one: one[1].split == TEST):
        if digest in seen:
            refused.append(f"{entry.name} is the same image as {seen[digest]}.")
            continue
        seen[digest] = entry.name
        chosen[row] = entry, digest
    return dict(sorted(chosen.items())), refused


def _write(
    plan: Plan,
    encoder: Encoder,
    chosen: dict[int, tuple[Entry, str]],
    parts: Sequence[Part],
    refused: Sequence[str],
    folder: Path,
    progress: Progress,
) -> Manifest:
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    whole = np.concatenate([part.vectors for part in parts])
    kept = [row for row, (entry, _) in chosen.items() if entry.split != TEST]
    records = {row: replace(entry.record, image=digest) for row, (entry, digest) in chosen.items()}
    origins = _counted(plan, [records[row] for row in kept])
    maps = None
    if parts[0].maps is not None:
        maps = PatchMaps.of(np.concatenate([part.maps for part in parts if part.maps is not None])[kept])
    index = write_files(folder, [records[row] for row in kept], origins, whole[kept], maps, progress)
    progress("measuring")
    splits = [[row for row, (entry, _) in chosen.items() if entry.split == split] for split in ("val", TEST)]
    parts_of = [Embedded([records[row] for row in rows], _float(whole[rows])) for rows in (kept, *splits)]
    manifest = Manifest(
        encoder=EncoderStamp(name=encoder.name, digest=encoder.digest, dimensions=encoder.dimensions),
        cases=len(kept),
        datasets=origins,
        index=index,
        measured=measure(encoder, *parts_of),
        refused=tuple(refused),
        inputs=plan.inputs,
        files={},
    )
    return seal(folder, manifest)


def seal(folder: Path, manifest: Manifest) -> Manifest:
    """Write the manifest of a library whose files are there, with a digest of each, and its data card."""
    files = {path.name: stamp_of(path) for path in sorted(folder.iterdir())}
    manifest = manifest.model_copy(update={"files": files})
    (folder / MANIFEST).write_text(manifest.model_dump_json(indent=2) + "\n", "utf-8")
    (folder / CARD).write_text(make_card(LocalStore.open(folder), manifest), "utf-8")
    return manifest


def write_files(
    folder: Path,
    records: Sequence[Record],
    origins: Mapping[str, Origin],
    vectors: np.ndarray,
    maps: PatchMaps | None,
    progress: Progress,
) -> IndexStamp:
    """Every file of a library but its manifest and card: float16 vectors (N, D), patch maps, and records."""
    save_file({"vectors": np.ascontiguousarray(vectors)}, folder / VECTORS)
    write_records(folder / CASES, records, origins)
    if maps is not None:
        maps.save(folder)
    progress(f"indexing {len(vectors):,} cases")
    index = make_index(vectors, folder.parent, progress)
    if index.stamp.kind != "flat":
        write_index(index, folder / INDEX)
        table = Metadata(folder / TABLE)
        table.add(records)
        table.close()
    for path in folder.iterdir():
        path.chmod(0o644)
    return index.stamp


def _float(rows: np.ndarray) -> np.ndarray:
    return rows.astype(np.float32)


def _counted(plan: Plan, records: Sequence[Record]) -> dict[str, Origin]:
    counts = dict.fromkeys(plan.origins, 0)
    for record in records:
        counts[record.case.source] += 1
    return {name: origin.model_copy(update={"cases": counts[name]}) for name, origin in plan.origins.items()}


def swap(new: Path, folder: Path) -> None:
    """Put a new library in the place of an old one, which stays whole until the new one is."""
    old = folder.with_name(folder.name + ".old")
    shutil.rmtree(old, ignore_errors=True)
    folder.parent.mkdir(parents=True, exist_ok=True)
    if folder.exists():
        folder.rename(old)
    new.rename(folder)
    shutil.rmtree(old, ignore_errors=True)


if __name__ == "__main__":  # ``python -m retrieval.build`` is ``python -m retrieval build``
    from retrieval.__main__ import main

    sys.exit(main(["build", *sys.argv[1:]]))
