"""The limits that every explanation tells, and what counts as telling one."""

from dataclasses import replace

from agents.limits import untold
from agents.types import Sentence
from diagnosis.reading import Reading
from tests.agents.readings import made_up_reading


def test_a_citation_in_passing_tells_no_limit(reading: Reading) -> None:
    ids = {finding.kind: finding.id for finding in reading.findings}
    passing = Sentence("The score is 47.4 %.", (ids["score"], ids["overlap"], ids["performance"], ids["narrow_margin"]))
    assert [one.kind for one in untold(reading, [passing])] == ["narrow_margin", "overlap", "performance"]
    vague = Sentence("The model was tested.", (ids["performance"],))
    exact = Sentence("Die Genauigkeit war 81,4 %.", (ids["performance"],))
    assert "performance" in {one.kind for one in untold(reading, [vague])}
    assert "performance" not in {one.kind for one in untold(reading, [exact])}
    assert "performance" in {one.kind for one in untold(reading, [replace(exact, struck="wrong")])}


def test_each_caution_is_a_limit_of_its_own() -> None:
    scores = {"normal": 0.1, "bacterial_pneumonia": 0.7, "viral_pneumonia": 0.2}
    reading = made_up_reading("chest-xray", scores, modality="CT", cautions=("First caution.", "Second caution."))
    left = untold(reading, [])
    assert [one.kind for one in left] == ["margin", "overlap", "modality", "caution", "caution", "performance"]
    told = Sentence("First caution.", (left[3].id,))
    assert [one.statement for one in untold(reading, [told]) if one.kind == "caution"] == ["Second caution."]
