"""A user's own cases: theirs alone, and whole after a kill."""

import os
import signal
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from diagnosis.errors import BadRequest
from retrieval.encoder import Encoder
from retrieval.mine import MyCases
from tests.conftest import ROOT
from tests.retrieval.made import picture
from tests.retrieval.tiny import write_tiny


def test_cases_are_added_edited_deleted_and_still_there_after_a_restart(mine: MyCases, tmp_path: Path) -> None:
    study = picture()
    one = mine.add(
        study, ("cyst",), {"Age": "40", "note": " two\nlines "}, patient="12345", url="https://example.org/1"
    )
    two = mine.add(picture(), ("normal",))
    assert dict(one.case.facts) == {"age": "40", "note": "two lines"} and one.case.licence == "private"
    mine.edit(two.id, ("tumour", "cyst"), {"sex": "female"})
    again = MyCases(tmp_path / "users", "ann@example.org", mine.encoder)
    assert again.get(one.id) == one and again.get(two.id).case.labels == ("tumour", "cyst")
    assert again.store().nearest(mine.encoder.embed_images([study])[0], 1)[0][0].id == one.id
    again.delete(one.id)
    assert len(mine) == 1 and [record.id for record, _ in mine.store().nearest(np.ones(8, np.float32), 9)] == [two.id]
    with pytest.raises(BadRequest, match="no case"):
        mine.get(one.id)


def test_a_user_sees_no_other_users_cases(mine: MyCases, tmp_path: Path, encoder: Encoder) -> None:
    mine.add(picture(), ("secret",))
    for name in ("bob", "ann@example.or", "../ann@example.org", "ANN@EXAMPLE.ORG"):
        assert len(MyCases(tmp_path / "users", name, encoder)) == 0
    assert len(list((tmp_path / "users").iterdir())) == 5
    assert not [path for path in (tmp_path / "users").iterdir() if "ann" in path.name or "bob" in path.name]
    assert mine.path.stat().st_mode & 0o077 == 0
    with pytest.raises(BadRequest, match="need a user"):
        MyCases(tmp_path / "users", "", encoder)


def test_a_patient_is_kept_as_a_hash_that_differs_between_files(
    mine: MyCases, tmp_path: Path, encoder: Encoder
) -> None:
    one, two = mine.add(picture(), patient="MRN-998877"), mine.add(picture(), patient="MRN-998877")
    assert one.patient == two.patient and b"998877" not in mine.path.read_bytes()
    assert MyCases(tmp_path / "users", "bob", encoder).hashed("MRN-998877") != one.patient


def test_duplicates_and_strangers_are_refused(mine: MyCases) -> None:
    study = picture()
    first = mine.add(study, id="one")
    for again in (lambda: mine.add(study), lambda: mine.add(picture(), id="one")):
        with pytest.raises(BadRequest, match="one"):
            again()
    for gone in (lambda: mine.edit("two"), lambda: mine.delete("two"), lambda: mine.picture("two")):
        with pytest.raises(BadRequest, match="no case 'two'"):
            gone()
    assert [record.id for record in mine.records()] == [first.id]


def test_what_a_deleted_case_held_is_not_left_in_the_file(mine: MyCases) -> None:
    mine.add(picture(), ("unmistakable-label",), id="one")
    assert b"unmistakable-label" in mine.path.read_bytes()
    mine.delete("one")
    assert b"unmistakable-label" not in mine.path.read_bytes()


def test_another_encoder_embeds_the_kept_pictures_again(mine: MyCases, tmp_path: Path) -> None:
    large = picture(900)
    one = mine.add(large)
    other = Encoder.load(write_tiny(tmp_path / "other", seed=1))
    again = MyCases(tmp_path / "users", "ann@example.org", other)
    assert again.picture(one.id).size == (512, 512)
    vector = again.store().vector(one.id)
    assert vector is not None and np.allclose(vector, other.embed_images([again.picture(one.id)])[0], atol=1e-5)


def test_two_openings_of_one_file_see_each_others_changes(mine: MyCases, tmp_path: Path) -> None:
    other = MyCases(tmp_path / "users", "ann@example.org", mine.encoder)
    assert len(other.store()) == 0
    mine.add(picture(), id="one")
    assert other.store().get("one") is not None
    assert other.store() is other.store()


def test_a_killed_writer_loses_nothing_that_was_confirmed(mine: MyCases, tmp_path: Path, encoder: Encoder) -> None:
    """A process writes as fast as it can and is killed, three times; every confirmed case must be whole.

    The three are forked from one, which loads the encoder once.
    """
    code = (
        "import os, numpy as np; from pathlib import Path\n"
        "from diagnosis.study import Study; from retrieval.encoder import Encoder; from retrieval.mine import MyCases\n"
        f"mine = MyCases(Path({str(tmp_path / 'users')!r}), 'ann@example.org', Encoder.load({encoder.name!r}))\n"
        "for turn in range(3):\n"
        "    child = os.fork()\n"
        "    chance = np.random.default_rng(turn)\n"
        "    print(child, flush=True) if child else None\n"
        "    while not child:\n"
        "        record = mine.add(Study(chance.random((200, 200, 3))), ('x' * 2000,))\n"
        "        print(record.id, flush=True)\n"
        "    print(-os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)\n"
        "    input()\n"
    )
    alone = {**os.environ, "OMP_NUM_THREADS": "1"}  # threads do not survive a fork
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    process = subprocess.Popen([sys.executable, "-c", code], cwd=ROOT, env=alone, **pipes)
    assert process.stdin and process.stdout
    confirmed: list[str] = []
    for turn in range(3):
        first = [process.stdout.readline().strip() for _ in range(2)]  # the number of the writer, and what it confirms
        (writer,) = (int(line) for line in first if line.isdigit())
        confirmed += [line for line in first if not line.isdigit()]
        time.sleep(0.1 + 0.117 * turn)
        os.kill(writer, signal.SIGKILL)
        while (line := process.stdout.readline().strip()) != str(int(signal.SIGKILL)):
            assert line, "the writer ended by itself"
            confirmed.append(line)
        after = MyCases(tmp_path / "users", "ann@example.org", encoder)
        assert len(confirmed) <= len(after) <= len(confirmed) + turn + 1
        assert {*confirmed} <= {record.id for record in after.records()} and len(after.store()) == len(after)
        with sqlite3.connect(mine.path) as base:
            assert base.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        print(file=process.stdin, flush=True)
    process.communicate()
    assert len(confirmed) > 3 and process.returncode == 0


def test_a_damaged_file_is_told(mine: MyCases, tmp_path: Path, encoder: Encoder) -> None:
    mine.path.write_bytes(b"not a database" * 500)
    with pytest.raises(BadRequest, match="is damaged"):
        MyCases(tmp_path / "users", "ann@example.org", encoder)
