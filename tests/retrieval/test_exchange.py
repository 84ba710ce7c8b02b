"""A user's own cases in and out: by table, and by archives that may be damaged or come from elsewhere."""

import csv
import hashlib
import io
import json
from pathlib import Path
from zipfile import ZIP_DEFLATED, ZipFile

import numpy as np
import pytest
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from diagnosis.errors import BadImage, BadRequest
from diagnosis.readers import read_study
from retrieval import mine as module
from retrieval.encoder import Encoder
from retrieval.exchange import export, import_archive, read_table, write_table
from retrieval.mine import MyCases
from tests.retrieval.made import CHANCE, paint, picture


def test_a_table_adds_edits_and_deletes_and_names_what_it_cannot_use(mine: MyCases, tmp_path: Path) -> None:
    for number in range(3):
        paint(tmp_path / f"{number}.png", number)
    (tmp_path / "bad.png").write_bytes(b"nothing")
    mine.add(picture(), ("old",), id="e")
    mine.add(picture(), id="d")
    table = tmp_path / "mine.csv"
    table.write_text(
        "\ufeffID,Path,Label,Age,Patient,Delete\n"
        "a,0.png,cyst|tumour,40,p1,\n,1.png,normal,,,\ne,,new,50,,\nd,,,,,yes\n"
        ",bad.png,x,,,\n,none.png,x,,,\n,../0.png,x,,,\n,0.png,x,,,\nnobody,,,,,yes\n,,x,,,\n",
        "utf-8",
    )
    changes = read_table(mine, table)
    assert changes.edited == ("e",) and changes.deleted == ("d",) and len(changes.added) == 2
    assert [line.split(":")[0] for line in changes.refused] == [f"line {n}" for n in range(6, 12)]
    assert mine.get("a").case.labels == ("cyst", "tumour") and dict(mine.get("a").case.facts) == {"age": "40"}
    assert mine.get("e").case.labels == ("new",) and len(mine) == 3


@pytest.mark.parametrize(
    ("content", "words"),
    [(b"id,path\n", "no column 'label'"), (b"label,age\n", "no column 'path'"), (b"\xff\xfe", "not a CSV")],
)
def test_a_table_that_is_none_is_refused(mine: MyCases, tmp_path: Path, content: bytes, words: str) -> None:
    (tmp_path / "bad.csv").write_bytes(content)
    with pytest.raises(BadRequest, match=words):
        read_table(mine, tmp_path / "bad.csv")


def test_a_written_table_can_be_read_again(mine: MyCases, tmp_path: Path) -> None:
    mine.add(picture(), ("=1+1",), {"age": "7"}, id="one", patient="p1")
    mine.add(picture(), ("b", "c"), {"sex": "male"}, id="two")
    write_table(mine, tmp_path / "out.csv")
    with (tmp_path / "out.csv").open(encoding="utf-8", newline="") as stream:
        lines = list(csv.DictReader(stream))
    assert (
        lines[0]["label"] == "'=1+1"
        and lines[1]["label"] == "b|c"
        and "p1" not in (tmp_path / "out.csv").read_text("utf-8")
    )
    before = mine.get("two")
    assert read_table(mine, tmp_path / "out.csv").edited == ("one", "two") and mine.get("two") == before


def test_an_archive_holds_everything(mine: MyCases, tmp_path: Path, encoder: Encoder) -> None:
    one = mine.add(picture(), ("cyst",), {"age": "7"}, id="one", patient="p1")
    mine.add(picture(), id="two")
    export(mine, tmp_path / "mine.zip")
    other = MyCases(tmp_path / "users", "bob", encoder)
    assert import_archive(other, tmp_path / "mine.zip").added == ("one", "two")
    assert other.get("one") == one and other.picture("one") == mine.picture("one")
    twice = import_archive(other, (tmp_path / "mine.zip").read_bytes())
    assert twice.added == () and len(twice.refused) == 2 and len(other) == 2


def changed(path: Path, name: str, data: bytes) -> bytes:
    """The archive with another file in the place of one."""
    stream = io.BytesIO()
    with ZipFile(path) as old, ZipFile(stream, "w") as new:
        for entry in old.namelist():
            new.writestr(entry, data if entry == name else old.read(entry))
    return stream.getvalue()


def test_a_damaged_archive_is_refused_or_its_damaged_part_is(mine: MyCases, tmp_path: Path, encoder: Encoder) -> None:
    for id in ("one", "two"):
        mine.add(picture(), id=id)
    export(mine, tmp_path / "mine.zip")
    other = MyCases(tmp_path / "users", "bob", encoder)
    told = import_archive(other, changed(tmp_path / "mine.zip", "pictures/00000.png", b"x"))
    assert told.added == ("two",) and "damaged" in told.refused[0]
    whole = (tmp_path / "mine.zip").read_bytes()
    for bad in (
        b"nothing",
        whole[: len(whole) // 2],
        changed(tmp_path / "mine.zip", "manifest.json", b"[]"),
        changed(tmp_path / "mine.zip", "manifest.json", json.dumps({"format": 9, "files": {}}).encode()),
        changed(tmp_path / "mine.zip", "cases.jsonl", b"{}\n"),
    ):
        with pytest.raises(Exception, match="archive") as caught:
            import_archive(MyCases(tmp_path / "users", "eve", encoder), bad)
        assert type(caught.value).__module__ == "diagnosis.errors"
    assert read_study(mine.rows()[0][1], "one").size == (40, 40)


def archive(cases: list[dict], pictures: dict[int, bytes]) -> bytes:
    """An archive of these cases, as another program might write it."""
    files = {"cases.jsonl": "".join(json.dumps(case) + "\n" for case in cases).encode()}
    files |= {f"pictures/{number:05}.png": data for number, data in pictures.items()}
    digests = {name: hashlib.sha256(data).hexdigest() for name, data in files.items()}
    stream = io.BytesIO()
    with ZipFile(stream, "w", ZIP_DEFLATED) as made:
        made.writestr("manifest.json", json.dumps({"format": 1, "files": digests}))
        for name, data in files.items():
            made.writestr(name, data)
    return stream.getvalue()


def case(number: int, **said: object) -> dict:
    return {"id": f"c{number}", "dataset": "own", "image": f"i{number}", "licence": "private", **said}


def png(side: int = 40, **words: str) -> bytes:
    info, stream = PngInfo(), io.BytesIO()
    for name, value in words.items():
        info.add_text(name, value)
    Image.fromarray(CHANCE.integers(0, 256, (side, side, 3), np.uint8)).save(stream, "PNG", pnginfo=info)
    return stream.getvalue()


def test_a_picture_that_cannot_be_had_costs_its_own_case_alone(mine: MyCases) -> None:
    """One is missing, one is not what a packer writes, one has a password."""
    whole = bytearray(archive([case(n) for n in range(5)], {n: png() for n in (0, 2, 3, 4)}))
    with ZipFile(io.BytesIO(whole)) as made:
        broken = made.getinfo("pictures/00002.png")
    whole[broken.header_offset + 30 + len(broken.filename)] = 0xFF
    whole[whole.rindex(b"pictures/00003.png") - 46 + 8] |= 1
    told = import_archive(mine, bytes(whole))
    assert told.added == ("c0", "c4") and [record.id for record in mine.records()] == ["c0", "c4"]
    assert [line.split(":")[0] for line in told.refused] == ["case 2", "case 3", "case 4"]
    assert "missing" in told.refused[0] and all("damaged" in line for line in told.refused[1:])


def test_a_manifest_that_unpacks_without_end_is_refused_unread(mine: MyCases) -> None:
    stream = io.BytesIO()
    with ZipFile(stream, "w", ZIP_DEFLATED) as made:
        made.writestr("manifest.json", b" " * 8_000_000 + b"{}")
    assert len(stream.getvalue()) < 20_000
    with pytest.raises(BadImage, match=r"manifest\.json of the archive is too large"):
        import_archive(mine, stream.getvalue())


def test_an_archive_brings_no_more_than_a_case_that_was_added_has(mine: MyCases, tmp_path: Path) -> None:
    line = case(0, patient="MRN-998877", thumbnail="http://tracker.example/x.png", facts={"Age": "64"})
    assert import_archive(mine, archive([line], {0: png(900, owner="Jane Roe")})).added == ("c0",)
    kept = mine.get("c0")
    assert mine.picture("c0").size == (512, 512) and b"Jane Roe" not in mine.path.read_bytes()
    assert kept.patient == mine.hashed("MRN-998877") and b"998877" not in mine.path.read_bytes()
    assert kept.thumbnail is None and dict(kept.case.facts) == {"age": "64"}


@pytest.mark.parametrize(
    "said",
    [{"facts": {"age": 64}}, {"labels": [5]}, {"labels": ["a", None]}, {"patient": 7}, {"url": ["x"]}, {"id": 3}],
)
def test_what_is_no_text_is_refused_and_searches_go_on(mine: MyCases, said: dict[str, object]) -> None:
    told = import_archive(mine, archive([case(0, **said), case(1, facts={"age": "64"})], {0: png(), 1: png()}))
    assert told.added == ("c1",) and "not text" in told.refused[0]
    assert mine.store().values("age") == {"64": 1}


def test_an_archive_cannot_bring_more_cases_than_there_can_be(mine: MyCases, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MOST", 2)
    mine.add(picture())
    told = import_archive(mine, archive([case(n) for n in range(3)], {n: png() for n in range(3)}))
    assert told.added == ("c0",) and len(mine) == 2 and len(told.refused) == 2 and "the most" in told.refused[0]
