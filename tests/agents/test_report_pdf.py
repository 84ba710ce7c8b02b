"""The report on paper: what it says, its fonts, its tags, and that it fits."""

import io
import re
from dataclasses import replace
from itertools import product
from typing import Any, get_args

import pytest
from pypdf import PageObject, PdfReader

from agents.narrate import narrate
from agents.report.pdf import as_pdf
from agents.report.pictures import Pictures
from agents.report.record import Report
from agents.types import Explanation, Paragraph, Reader, Sentence
from diagnosis.reading import Reading
from tests.agents.readings import example_readings, made_up_reading
from tests.agents.test_report import MADE, READINGS, written_about

A4 = (595.28, 841.89)


def printed(reading: Reading, explanation: Explanation | None = None) -> bytes:
    report = Report.of(reading, explanation or narrate(reading), MADE)
    return as_pdf(report, Pictures.of(reading))


def opened(data: bytes) -> PdfReader:
    return PdfReader(io.BytesIO(data))


def text_of(data: bytes, pages: slice = slice(None)) -> str:
    """All text, with single spaces."""
    return " ".join(" ".join(page.extract_text() for page in opened(data).pages[pages]).split())


def said(*sentences: str, language: str = "en") -> Explanation:
    paragraph = Paragraph("What the model says", tuple(Sentence(one, ("F1",)) for one in sentences))
    return Explanation((paragraph,), written_by="some-model", language=language)


@pytest.mark.parametrize("name", READINGS)
def test_first_page_says_what_stands_and_the_annex_the_rest(name: str) -> None:
    reading, explanation = READINGS[name], written_about(name)
    data = printed(reading, explanation)
    first, everything = text_of(data, slice(0, 1)), text_of(data)
    for part in explanation.paragraphs:
        for one in part.sentences:
            assert (one.text in first) == (one.struck is None)
    assert "Nonsense" not in everything
    assert "For research and teaching, not for diagnosis." in first
    for score in reading.prediction.scores:
        assert f"{100 * score:.1f} %" in first
    for finding in reading.findings:
        assert finding.statement in everything
    for fact in (reading.card.out_of_scope, *reading.card.limitations, reading.study.digest):
        assert fact in everything
    assert len(opened(data).pages) in (2, 3)


def test_recall_stands_with_its_interval_or_not_at_all() -> None:
    assert "84.3 % (77.2 to 88.9)" in text_of(printed(READINGS["narrow-viral"]), slice(0, 1))
    first = text_of(printed(READINGS["unmeasured-benign"]), slice(0, 1))
    assert "not measured" in first
    assert not re.search(r"% \(\d", first)


def test_the_same_report_makes_the_same_bytes() -> None:
    reading = READINGS["lung-close"]
    first = printed(reading)
    assert first == printed(example_readings()["lung-close"])
    assert first != printed(reading, written_about("lung-close"))


def test_every_font_is_embedded() -> None:
    reading = READINGS["narrow-viral"]
    fonts = _fonts(printed(reading, said("Modèle, μοντέλο, модель, نموذج, מודל, मॉडल, 模型, モデル, 모델.")))
    assert len(fonts) >= 6
    for font in fonts:
        descriptor = font["/DescendantFonts"][0].get_object()["/FontDescriptor"].get_object()
        assert {"/FontFile2", "/FontFile3"} & set(descriptor)
        assert re.match(r"/[A-Z]{6}\+", str(font["/BaseFont"]))


def _fonts(data: bytes) -> list[Any]:
    found = {}
    for page in opened(data).pages:
        resources: Any = page["/Resources"]
        for font in resources["/Font"].values():
            found[str(font.get_object()["/BaseFont"])] = font.get_object()
    return list(found.values())


@pytest.mark.parametrize(
    ("language", "sentence"),
    [
        ("fr", "Le modèle donne à l'œdème présumé un score élevé : naïveté, garçon, où."),
        ("de", "Größe, Übermaß, weißer Fleck."),
        ("pl", "Zażółć gęślą jaźń."),
        ("vi", "Mô hình cho điểm viêm phổi."),
        ("el", "Το μοντέλο δίνει βαθμολογία ἀρχή."),  # noqa: RUF001
        ("ru", "Модель даёт оценку."),
    ],
)
def test_accents_and_scripts_survive(language: str, sentence: str) -> None:
    assert sentence in text_of(printed(READINGS["narrow-viral"], said(sentence, language=language)), slice(0, 1))


@pytest.mark.parametrize(
    ("language", "sentence", "font"),
    [
        ("zh", "模型给出的评分。", "NotoSansSC"),
        ("ja", "モデルのスコア。", "NotoSansJP"),
        ("ko", "모델이준점수", "NotoSansKR"),
        ("ar", "النموذج يعطي درجة 82.3 %.", "NotoSansArabic"),
        ("he", "המודל נותן ציון.", "NotoSansHebrew"),
        ("hi", "मॉडल स्कोर देता है।", "NotoSansDevanagari"),
        ("th", "แบบนี้ให้คะแนน", "NotoSansThai"),
    ],
)
def test_other_scripts_have_their_font_and_every_letter(language: str, sentence: str, font: str) -> None:
    data = printed(READINGS["narrow-viral"], said(sentence, language=language))
    (own,) = [one for one in _fonts(data) if font in str(one["/BaseFont"])]
    mapped = own["/ToUnicode"].get_data().decode("latin-1").upper()
    letters = {one for one in sentence if not one.isascii()}
    assert not [one for one in letters if f"{ord(one):04X}" not in mapped]
    assert "no font here has" not in text_of(data)


def test_text_from_right_to_left_is_read_aloud_in_its_order() -> None:
    sentence = "המודל נותן ציון."
    data = printed(READINGS["narrow-viral"], said(sentence, language="he"))
    (spoken,) = [one["/Alt"] for one in _elements(data) if one["/S"] == "/P" and "/Alt" in one]
    assert spoken.replace("\u00a0", " ") == f"{sentence} [F1]"


def _contents(page: PageObject) -> bytes:
    contents = page.get_contents()
    assert contents is not None
    return contents.get_data()


def _elements(data: bytes) -> list[Any]:
    root: Any = opened(data).trailer["/Root"]
    document = root["/StructTreeRoot"]["/K"][0].get_object()
    return [one.get_object() for one in document["/K"]]


def test_a_character_without_a_font_is_told() -> None:
    text = text_of(printed(READINGS["narrow-viral"], said("A \U0001f9e0 sign.")))
    assert "A � sign." in text
    assert "the JSON holds them: U+1F9E0" in text


def test_screen_readers_are_told_title_language_headings_and_pictures() -> None:
    data = printed(READINGS["clear-bacterial"], replace(narrate(READINGS["clear-bacterial"]), language="fr"))
    reader = opened(data)
    root: Any = reader.trailer["/Root"]
    assert reader.metadata is not None and reader.metadata.title == "Chest X-ray: reading by a model"
    assert reader.metadata.creation_date == MADE
    assert root["/Lang"] == "en-GB"
    assert root["/MarkInfo"]["/Marked"]
    assert root["/ViewerPreferences"]["/DisplayDocTitle"]
    elements = _elements(data)
    kinds = [one["/S"] for one in elements]
    assert kinds[0] == "/H1" and kinds.count("/Figure") == 3 and kinds.count("/H2") >= 8
    described = [one["/Alt"] for one in elements if one["/S"] == "/Figure"]
    assert described[0] == "The image that was read, 512 × 512 pixels."
    assert "57.2 % of its weight" in described[1] and described[2].startswith("SHAP map")
    assert b"/Lang (fr)" in b"".join(_contents(page) for page in reader.pages)
    bookmarks = [one.title for one in reader.outline if not isinstance(one, list)]
    assert bookmarks == ["Chest X-ray: reading by a model", "Annex"]


def test_marked_content_is_closed_on_every_page() -> None:
    for page in opened(printed(_crowded(), _long())).pages:
        contents = _contents(page)
        assert len(re.findall(rb"\b(?:BDC|BMC)\b", contents)) == len(re.findall(rb"\bEMC\b", contents))


@pytest.mark.parametrize("size", [(512, 512), (1600, 500), (300, 2000), (64, 64)])
def test_nothing_leaves_the_paper(size: tuple[int, int]) -> None:
    reading = _crowded(size)
    data = printed(reading, _long())
    for page in opened(data).pages:
        assert (float(page.mediabox.width), float(page.mediabox.height)) == pytest.approx(A4, abs=0.1)
        places: list[tuple[float, float]] = []

        def visit(text: str, cm: list[float], tm: list[float], *_: object, found: list = places) -> None:
            if text.strip():
                found.append((tm[4] * cm[0] + cm[4], tm[5] * cm[3] + cm[5]))

        page.extract_text(visitor_text=visit)
        assert places
        assert all(30 < x < A4[0] - 40 and 20 < y < A4[1] - 20 for x, y in places)
    everything = text_of(data)
    assert "Sentence number 79" in everything
    assert "caution number 11" in everything


def test_usual_words_fit_the_first_page() -> None:
    """Of every reading the longest there are, and once those for every reader."""
    readers: tuple[Reader, ...] = get_args(Reader)
    longest = {name: max(readers, key=lambda one: len(narrate(READINGS[name], one).text)) for name in READINGS}
    for name, reader in sorted({*longest.items(), *product([next(iter(READINGS))], readers)}):
        data = printed(READINGS[name], narrate(READINGS[name], reader))
        annex = [at for at, page in enumerate(opened(data).pages) if page.extract_text().startswith("Annex")]
        assert annex == [1], (name, reader)


def _crowded(size: tuple[int, int] = (512, 512)) -> Reading:
    cautions = tuple(f"This is caution number {at}, of a file with much to say." for at in range(12))
    scores = {"normal": 0.1, "bacterial_pneumonia": 0.5, "viral_pneumonia": 0.4}
    return made_up_reading("chest-xray", scores, size=size, cautions=cautions)


def _long() -> Explanation:
    word = "Pneumonoultramicroscopicsilicovolcanoconiosis" * 4
    return said(word, *(f"Sentence number {at} says what others said before it." for at in range(80)))
