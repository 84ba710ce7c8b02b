"""Synthetic images in a library: found, shown and marked, but of nobody, without a vote and in no measurement."""

import shutil
from pathlib import Path

import numpy as np
import pytest

from diagnosis.errors import BadRequest, Missing
from diagnosis.readers import read_study
from retrieval.__main__ import main
from retrieval.build import build
from retrieval.encoder import Encoder
from retrieval.filters import parse_filters
from retrieval.found import Found, told
from retrieval.library import CASES, MANIFEST, PATCHES, VECTORS, map_tensor, read_manifest, read_records
from retrieval.patches import PatchMaps
from retrieval.plan import plan_folder
from retrieval.query import Query
from retrieval.search import Searcher
from retrieval.shared import Cases
from retrieval.store import LocalStore
from retrieval.synthetic import add_synthetic, sampled_images
from retrieval.training.corpus import LABELLED, read_items
from retrieval.types import MADE_BY, PICTURE, SYNTHETIC
from retrieval.ui import pieces
from retrieval.ui.finder import Finder, picture
from retrieval.ui.visit import Visit
from tests.retrieval.made import painted, record, rows
from tests.retrieval.page import BOXES, Tags, last, match
from tests.retrieval.sampled import GENERATOR, WEIGHTS, made, sample, ship

FILES = (CASES, VECTORS, PATCHES, MANIFEST, "README.md")


def library_of(images: Path, encoder: Encoder, folder: Path) -> Path:
    """A library of painted images, of which none is too far to be a result."""
    built = build(plan_folder(images, images / "cases.csv", "painted"), encoder, folder)
    manifest = built.model_copy(update={"measured": built.measured.model_copy(update={"floors": ()})})
    (folder / MANIFEST).write_text(manifest.model_dump_json(indent=2) + "\n", "utf-8")
    return folder


@pytest.fixture(scope="module")
def real(encoder: Encoder, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A library of real cases, of which none is too far to be a result."""
    folder = tmp_path_factory.mktemp("real")
    painted(folder / "images", 32)
    return library_of(folder / "images", encoder, folder / "cases")


@pytest.fixture(scope="module")
def images(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Six synthetic images, of the labels of the real cases."""
    return sample(tmp_path_factory.mktemp("sampled"))


@pytest.fixture(scope="module")
def mixed(real: Path, encoder: Encoder, images: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The library with them."""
    folder = Path(shutil.copytree(real, tmp_path_factory.mktemp("mixed") / "cases"))
    add_synthetic(folder, encoder, sampled_images(images, WEIGHTS))
    return folder


@pytest.fixture
def library(mixed: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(mixed, tmp_path / "cases"))


def shown(found: Found) -> set[bool]:
    """Which kinds of case were found: synthetic ones, real ones, both."""
    return {one.case.synthetic for one in found.matches}


def query(images: Path, **more: str) -> Query:
    """The first synthetic image."""
    return Query(image=read_study(next(iter(sorted(images.rglob("*.png"))))), **more)


def test_they_join_the_cases_as_a_set_of_their_own(mixed: Path, real: Path, encoder: Encoder, images: Path) -> None:
    manifest, before = read_manifest(mixed), read_manifest(real)
    cases, vectors = list(read_records(mixed, manifest)), map_tensor(mixed / VECTORS, "vectors")
    added = [one for one in cases if one.case.synthetic]
    assert (manifest.cases, manifest.datasets[SYNTHETIC].cases, len(added)) == (30, 6, 6)
    assert cases[:24] == list(read_records(real, before))
    assert np.array_equal(vectors[:24], map_tensor(real / VECTORS, "vectors"))
    study = read_study(images / "brain-mri" / "waves" / f"synthetic-brain-mri-waves-1000-{GENERATOR[:8]}.png")
    one = next(one for one in added if one.image == study.digest)
    assert (one.case.labels, one.case.licence, one.case.url, one.patient) == (("waves",), "Apache-2.0", None, None)
    assert dict(one.case.facts) == {
        "kind": "synthetic", "modality": "MRI", "region": "head", MADE_BY: "Lightbox generator ab12ab12, seed 1000"
    }  # fmt: skip
    assert np.allclose(vectors[cases.index(one)], encoder.embed_images([study])[0], atol=2e-3)


def test_their_patches_can_be_matched_in_the_directions_of_the_real_ones(
    mixed: Path, real: Path, encoder: Encoder, images: Path
) -> None:
    old, new = PatchMaps.open(real), PatchMaps.open(mixed)
    assert old is not None and new is not None and np.array_equal(new.basis, old.basis)
    assert np.array_equal(new.maps[:24], old.maps) and len(new.maps) == 30
    asked = query(images)
    assert asked.image is not None
    found = Searcher.open(encoder, mixed)
    first = found.search(asked, 1).matches[0]
    matched = found.patches(asked.image, first.case.id)
    assert first.marks == ("synthetic", "same image")
    assert all(matched.values[at][at] > 0.9 for at in np.ndindex(2, 2))


def test_a_second_time_replaces_them_and_changes_nothing(library: Path, encoder: Encoder, images: Path) -> None:
    before = {name: (library / name).read_bytes() for name in FILES}
    add_synthetic(library, encoder, [*sampled_images(images, WEIGHTS), *sampled_images(images, WEIGHTS)])
    assert {name: (library / name).read_bytes() for name in FILES} == before
    add_synthetic(library, encoder, sampled_images(images, WEIGHTS)[:2])
    assert len(LocalStore.open(library)) == 26 and read_manifest(library).datasets[SYNTHETIC].cases == 2
    assert [path.name for path in library.parent.iterdir()] == ["cases"]


def test_nothing_that_was_measured_counts_them(mixed: Path, real: Path) -> None:
    manifest = read_manifest(mixed)
    assert manifest.measured == read_manifest(real).measured
    assert SYNTHETIC not in {*manifest.measured.leave_one_out, *manifest.measured.test}
    card = (mixed / "README.md").read_text("utf-8")
    assert "24 public images and 6 synthetic ones" in card and "no vote" in card
    assert "synthetic" not in (real / "README.md").read_text("utf-8")


def test_the_benchmark_of_the_encoder_counts_none(tmp_path: Path) -> None:
    data = sample(painted(tmp_path / "breast_idc").parent, model="breast_idc")
    table = data / "breast_idc" / "manifest.csv"
    table.write_text("path,label,group,split\nimages/0.png,idc_positive,g,test\n", "utf-8")
    assert [item.path.name for item in read_items(data, ["breast_idc"])] == ["0.png"] and SYNTHETIC not in LABELLED


def test_they_never_vote_however_near_they_are(mixed: Path, encoder: Encoder, images: Path) -> None:
    library, asked = Searcher.open(encoder, mixed), query(images)
    assert asked.image is not None
    assert library.search(asked, 6).matches[0].case.synthetic
    opinion = library.second_opinion(asked.image, ["waves", "rows"], 24)
    voters = [library.store.get(id) for id in opinion.cases]
    assert opinion.voters == 24 and not any(one is None or one.case.synthetic for one in voters)
    scores = library.manifest.measured.leave_one_out
    claimed = library.manifest.measured.model_copy(update={"leave_one_out": {SYNTHETIC: scores["painted"]}})
    library.manifest = library.manifest.model_copy(update={"measured": claimed})
    with pytest.raises(Missing, match="No data set"):
        library.second_opinion(asked.image, ["waves", "rows"])


def test_they_are_filtered_before_the_ranking(mixed: Path, real: Path, encoder: Encoder, images: Path) -> None:
    library = Searcher.open(encoder, mixed)
    everything = library.search(query(images), 30)
    assert shown(everything) == {True, False} and len(everything.matches) == 30
    for choice, kind, count in (("without", False, 24), ("only", True, 6)):
        found = library.search(query(images, synthetic=choice), 30)
        assert shown(found) == {kind} and len(found.matches) == count
    waves = library.search(Query(text="a", filters=parse_filters(["label=waves", "dataset=painted"])), 30)
    assert shown(waves) == {False}
    narrowed = Query(text="a", filters=parse_filters(["label=waves"]), synthetic="only")
    assert [one.case.labels for one in library.search(narrowed, 30).matches] == [("waves",)] * 3
    with pytest.raises(BadRequest, match="with, without, only"):
        query(images, synthetic="perhaps")
    plain = Searcher.open(encoder, real)
    assert len(plain.search(query(images, synthetic="without"), 30).matches) == 24
    assert "no case fits synthetic=only" in plain.search(query(images, synthetic="only")).message


def test_a_column_called_kind_is_a_fact_like_any_other(
    encoder: Encoder, images: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("kinds")
    painted(folder, 4)
    lines = (folder / "cases.csv").read_text("utf-8").splitlines()
    kinds = ["kind", "ct", "synthetic", "ct", "synthetic"]
    (folder / "cases.csv").write_text(
        "\n".join(f"{line},{kind}" for line, kind in zip(lines, kinds, strict=True)), "utf-8"
    )
    add_synthetic(library_of(folder, encoder, folder / "library"), encoder, sampled_images(images, WEIGHTS))
    library = Searcher.open(encoder, folder / "library")

    def found(synthetic: str, *filters: str) -> list[bool]:
        query = Query(text="a", filters=parse_filters(filters), synthetic=synthetic)
        return [one.case.synthetic for one in library.search(query, 30).matches]

    assert found("without") == [False] * 4 and found("only") == [True] * 6
    assert found("only", "kind=ct") == []
    assert found("without", "kind=synthetic") == [False] * 2
    assert sorted(found("with", "kind=synthetic")) == [False] * 2 + [True] * 6
    with pytest.raises(BadRequest, match=r"Use one of: [a-z]") as told:
        found("with", "color=red")
    assert ", ," not in str(told.value)


def test_ones_own_cases_are_none_of_them(mixed: Path, encoder: Encoder, images: Path) -> None:
    own = LocalStore.of([record(7, "b")], rows(1, encoder.dimensions))
    library = Searcher.open(encoder, mixed).with_own(own)
    for choice, there in (("with", True), ("without", True), ("only", False)):
        found = library.search(query(images, synthetic=choice), 40)
        assert ("b:7" in {one.case.id for one in found.matches}) == there


def test_a_copy_of_a_real_image_is_refused_and_the_library_stays(
    library: Path, encoder: Encoder, images: Path, real: Path, tmp_path: Path
) -> None:
    source = real.parent / "images" / "images" / "0.png"
    copied = sampled_images(images, WEIGHTS)[0]
    shutil.copy(source, tmp_path / "copy.png")
    before = (library / MANIFEST).read_bytes()
    with pytest.raises(BadRequest, match=r"copy.png has the same pixels as the real case painted:"):
        add_synthetic(library, encoder, [type(copied)(**{**vars(copied), "path": tmp_path / "copy.png"})])
    assert (library / MANIFEST).read_bytes() == before and len(LocalStore.open(library)) == 30


def test_a_card_marks_them_and_shows_their_picture(mixed: Path, encoder: Encoder, images: Path) -> None:
    library = Searcher.open(encoder, mixed)
    found = library.search(query(images, synthetic="only"))
    listed = pieces.cards(found.matches, library.manifest.datasets, lambda one: picture(one, Visit(), live=False))
    tags = Tags(pieces.results(found, listed, True))
    assert len(tags.named("img")) == 6
    for one in tags.named("img"):
        assert (one["src"] or "").startswith(PICTURE) and "(synthetic)" in (one["alt"] or "")
    for words in ("Waves (synthetic)", "Lightbox generator ab12ab12, seed 10", "Apache-2.0", "show nobody"):
        assert words in tags.text
    assert told(found)["matches"][0]["marks"][0] == "synthetic" and PICTURE not in str(told(found))
    stranger = match(source="synthetic", thumbnail="https://example.org/p.png")
    assert picture(stranger, Visit(), live=True) is None
    assert picture(match(thumbnail=PICTURE), Visit(), live=True) is None  # of a real case nothing is drawn from here


def test_the_tab_offers_the_choice_where_there_are_some(mixed: Path, real: Path, encoder: Encoder) -> None:
    for folder, offered in ((mixed, True), (real, False)):
        finder = Finder(Cases(encoder.name, folder, folder.parent / "own"))
        assert last(finder.choices(Visit(), None))[-1].visible is offered
    finder = Finder(Cases(encoder.name, mixed, mixed.parent / "own"))
    page = last(finder.search(Visit(), None, "waves", *BOXES[1:-3], "only", *BOXES[-2:]))[2]
    assert page.count('class="lb-case"') == page.count("(synthetic)</h4>") == 6


def test_the_commands_add_and_leave_out(
    real: Path, images: Path, encoder: Encoder, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    library, model = Path(shutil.copytree(real, tmp_path / "cases")), ["--model", encoder.name]
    ship(tmp_path / "examples", made(1000, "waves"))
    added = ["add-synthetic", "--index", str(library), "--examples", str(tmp_path / "examples"), *model]
    assert main(added) == 0 and "25 cases, of which 1 are synthetic" in capsys.readouterr().out
    assert main([*added, "--synthetic", str(images)]) == 0
    assert "30 cases, of which 6 are synthetic" in capsys.readouterr().out  # the shipped one is among the six
    asked = ["search", "--index", str(library), "--text", "waves", *model]
    assert main([*asked, "--synthetic", "only"]) == 0 and capsys.readouterr().out.count("[synthetic]") == 6
    assert main([*asked, "--synthetic", "without", "-k", "30"]) == 0 and "synthetic" not in capsys.readouterr().out
    assert main(["add-synthetic", "--index", str(library), "--examples", str(tmp_path / "none"), *model]) == 3
    source = real.parent / "images"
    built = ["build", "--folder", str(source), "--synthetic", str(images), "--out", str(tmp_path / "new"), *model]
    assert main(built) == 0 and "30 cases of 2 data sets" in capsys.readouterr().out
    assert main([*built, "--name", "Synthetic"]) == 2 and "what synthetic cases are called" in capsys.readouterr().err
