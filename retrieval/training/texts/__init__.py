"""The sentences that images are paired with: class sentences made from ``classes.toml``, case sentences from rows."""

import random
import re
import tomllib
from collections.abc import Mapping
from itertools import product
from pathlib import Path

from retrieval.training.corpus import Item

FOLDER = Path(__file__).parent
_PERSONS = {"M": "man", "F": "woman", "male": "man", "female": "woman"}
_SENTENCE = re.compile(r"(?<=[.!?])\s+")


def class_sentences(limit: int = 400, seed: int = 0) -> dict[str, tuple[str, ...]]:
    """For every ``set/class``, up to ``limit`` different sentences; the same for the same seed."""
    sets = tomllib.loads((FOLDER / "classes.toml").read_text("utf-8"))
    leads = {name: table["leads"] for name, table in sets.items() if "." not in name}
    frames = {name: table["frames"] for name, table in sets.items() if "." not in name}
    chance = random.Random(seed)
    sentences = {}
    for name, table in sets.items():
        dataset, _, label = name.partition(".")
        if label:
            made = list(_sentences(leads[dataset], frames[dataset], table))
            sentences[f"{dataset}/{label}"] = tuple(sorted(chance.sample(made, min(limit, len(made)))))
    return sentences


def _sentences(leads: list[str], frames: list[str], table: dict[str, list[str]]) -> dict[str, None]:
    """All sentences of a class, each once, in a fixed order."""
    named = (frame.format(lead=lead, name=name) for frame, lead, name in product(frames, leads, table["names"]))
    orders = ("{lead}: {sign}", "{sign}, {lead}", "{lead}, {sign}")
    signed = (order.format(lead=lead, sign=sign) for order, lead, sign in product(orders, leads, table["signs"]))
    both = (
        f"{lead}: {name}. {sign[0].upper()}{sign[1:]}."
        for lead, name, sign in product(leads, table["names"], table["signs"])
    )
    bare = (sign for sign in table["signs"] if len(sign.split()) > 4)
    named_all, signed_all = list(dict.fromkeys(named)), list(dict.fromkeys(signed))
    some_both = random.Random(1).sample(list(both), k=len(signed_all) // 2)
    return dict.fromkeys([*named_all[:: max(1, len(named_all) // 400)], *signed_all, *some_both, *bare])


def held_out(path: Path, kind: str = "texts") -> dict[str, tuple[str, ...]]:
    """Descriptions of one ``kind`` by ``set/class`` from a file such as ``val.toml``."""
    return {label: tuple(table[kind]) for label, table in tomllib.loads(path.read_text("utf-8")).items()}


def case_sentences(item: Item) -> tuple[str, ...]:
    """What is known of a case's image, as sentences; the caption of a MedPix image comes first."""
    made = _medpix(item.facts) if item.dataset == "medpix_cases" else _covid(item.facts)
    lines = (" ".join(words.split()) for words in made)
    return tuple(dict.fromkeys(line for line in lines if len(line) > 3))


def _medpix(row: Mapping[str, str]) -> list[str]:
    plane = row["plane"] if row["plane"] in {"Axial", "Coronal", "Sagittal"} else ""
    scan = f"{plane} {row['modality']}".strip()
    place = row["location"]
    person = " ".join(filter(None, (row["sex"], row["age"])))
    made = [
        row["caption"],
        f"{scan}, {place}, {row['diagnosis']}",
        f"{scan} of the {row['region'].lower()}: {row['diagnosis']}",
        f"{row['caption']} {scan}, {place}",
        f"{scan}, {place}",
        f"{row['diagnosis']}, {place}",
        f"{person}, {row['diagnosis']}, {scan}",
        row["findings"][:400],
        f"{scan}. {row['findings'][:300]}",
        *_SENTENCE.split(row["caption"]),
        *_SENTENCE.split(row["findings"])[:4],
    ]
    return made if row["caption"].strip() else made[1:]


def _covid(row: Mapping[str, str]) -> list[str]:
    finding = {"todo": "", "No Finding": "no finding", "Unknown": ""}.get(row["finding"], row["finding"])
    person = _PERSONS.get(row["sex"], "adult")
    aged = f"{row['age']}-year-old {person}" if row["age"] else person
    film = f"{row['view']} chest X-ray".strip()
    known = f"{finding} pneumonia" if finding in {"COVID-19", "SARS"} else finding
    made = (
        f"{film} of a {aged}: {known}",
        f"{known} in an adult, {film}",
        f"{known}, {aged}",
        f"adult chest radiograph, {known}",
    )
    notes = row["clinical_notes"]
    return [*(made if known else ()), f"{film} of a {aged}", notes[:400], *_SENTENCE.split(notes)[:6]]
