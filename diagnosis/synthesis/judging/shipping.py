"""Chosen images → the folder of examples and its list."""

import hashlib
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from diagnosis.errors import BadRequest
from diagnosis.synthesis.images import SYNTHETIC, SyntheticImage
from diagnosis.synthesis.judging import SPACES
from diagnosis.synthesis.judging.candidates import ENDINGS, JPEG, Candidate
from diagnosis.synthesis.judging.judge import Judge, Judgement
from diagnosis.synthesis.shipped import FILE, Shipped, load_shipped, save_shipped

Kept = tuple[Candidate, Judgement]


def in_formats(kept: Sequence[Kept], kinds: Sequence[str], judge: Judge) -> list[Kept]:
    """The same images, for each of ``kinds`` one of them in that format instead of JPEG, judged in it.

    Images of a class of which none was taken yet come first. One that is too large or no longer kept in the other
    format stays, and the next one is tried.
    """
    found = list(kept)
    for kind in kinds:
        taken = {one.label for one, _ in found if one.kind != JPEG}
        for at in sorted(range(len(found)), key=lambda at: found[at][0].label in taken):
            if found[at][0].kind == JPEG and (judged := _judged(found[at][0].image, kind, judge)):
                found[at] = judged
                break
    return found


def ship(kept: Sequence[Kept], model: str, examples: Path, tab: str) -> tuple[Shipped, ...]:
    """Write images of a model to ``examples/<tab>`` and into the list, in the place of all it had there.

    A file that browsers cannot show gets a JPEG of the same name beside it. Raises BadRequest where it cannot write.
    """
    before = load_shipped(examples)
    numbers, shipped = Counter[str](), []
    try:
        (examples / tab).mkdir(parents=True, exist_ok=True)
        for candidate, judgement in kept:
            numbers[candidate.label] += 1
            stem = f"{tab}/{SYNTHETIC}-{model}-{candidate.label}-{numbers[candidate.label]}"
            picture = candidate if candidate.kind == JPEG else Candidate.of(candidate.image)
            one = _entry(stem + ENDINGS[candidate.kind], candidate, picture, judgement)
            (examples / one.picture).write_bytes(picture.content)
            (examples / one.file).write_bytes(candidate.content)
            shipped.append(one)
        save_shipped(examples, [*(one for one in before if one.model != model), *shipped])
        new = {name for one in shipped for name in (one.file, one.picture)}
        for old in (name for one in before if one.model == model for name in (one.file, one.picture)):
            if old not in new:
                (examples / old).unlink(missing_ok=True)
    except OSError as error:
        raise BadRequest(f"Cannot write {FILE} and its images: {error.strerror}.", "Name another --out.") from error
    return tuple(shipped)


def _entry(file: str, candidate: Candidate, picture: Candidate, judgement: Judgement) -> Shipped:
    image, measured = candidate.image, zip(SPACES, judgement.distances, judgement.limits, strict=True)
    digest, beside = (hashlib.sha256(one.content).hexdigest() for one in (candidate, picture))
    facts = {
        "file": file,
        "sha256": digest,
        "picture_sha256": None if picture is candidate else beside,
        "model": image.model,
        "label": image.label,
        "title": image.title,
        "seed": image.seed,
        "steps": image.steps,
        "guidance": image.guidance,
        "generator": image.weights,
        "score": round(judgement.score, 6),
        "verdict": judgement.gate,
        "gate_distance": judgement.gate_distance,
        "nearest": {
            space: {"distance": round(distance, 6), "limit": round(limit, 6)} for space, distance, limit in measured
        },
    }
    return Shipped.model_validate(facts)


def _judged(image: SyntheticImage, kind: str, judge: Judge) -> Kept | None:
    """The image in a format; None where it is too large or not kept."""
    try:
        candidate = Candidate.of(image, kind)
    except BadRequest:
        return None
    judgement = judge.judge([candidate.study], [candidate.label])[0]
    return (candidate, judgement) if judgement.kept else None
