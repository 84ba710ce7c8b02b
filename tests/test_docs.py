"""The documents say what is there."""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks.helping.record import HEAD, lines, load_record
from benchmarks.timing import table
from diagnosis.synthesis.cards import load_any
from diagnosis.synthesis.judging.chart import chart
from diagnosis.synthesis.judging.record import load_judging
from diagnosis.synthesis.judging.tables import summary
from diagnosis.synthesis.training.evaluate import Metrics
from retrieval.encoder import OURS, Encoder

ROOT = Path(__file__).resolve().parent.parent
DOCUMENTS = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/*.md")])


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_links_lead_somewhere(document: Path) -> None:
    for target in re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", document.read_text("utf-8")):
        if "://" not in target:
            assert (document.parent / target).exists(), f"{document.name} links to {target}"


def test_the_tree_in_the_readme_is_the_tree() -> None:
    block = re.search(r"## The tree\n\n```\n(.*?)```", (ROOT / "README.md").read_text("utf-8"), re.DOTALL).group(1)
    named, parents = set(), []
    for line in block.splitlines():
        indent, name = len(line) - len(line.lstrip()), line.split()[0]
        parents = [*parents[: indent // 2], name]
        assert Path(ROOT, *parents).exists(), f"README names {name}"
        named.add(parents[0].rstrip("/"))
    tracked = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=False).stdout
    folders = {line.split("/")[0] for line in tracked.splitlines() if "/" in line and not line.startswith(".")}
    assert folders <= named


def test_figures_of_synthetic_images_are_those_of_the_records() -> None:
    told = (ROOT / "docs" / "synthesis.md").read_text("utf-8")
    records = sorted((ROOT / "weights" / "synthesis" / "judged").glob("*.json"))
    assert records and summary(map(load_judging, records)) in told
    for record in records:
        drawn = ROOT / "docs" / "images" / f"synthetic-{record.stem}.svg"
        assert chart(load_judging(record)) == drawn.read_text("utf-8") and f"images/{drawn.name}" in told


def test_what_synthetic_images_help_is_told_as_it_was_measured() -> None:
    told = (ROOT / "docs" / "synthesis.md").read_text("utf-8")
    records = sorted((ROOT / "benchmarks" / "helping").glob("*.json"))
    assert records
    for record in records:
        for label, one in load_record(record).items():
            assert table(HEAD, lines(label, one)) in told


def test_figures_of_generators_and_autoencoders_are_those_of_their_metrics() -> None:
    told = (ROOT / "docs" / "synthesis.md").read_text("utf-8")
    files = sorted((ROOT / "weights" / "synthesis").glob("*.metrics.json"))
    assert len(files) >= 5
    for file in files:
        record, name = Metrics.model_validate_json(file.read_bytes()), file.name.removesuffix(".metrics.json")
        assert record.weights == load_any(file.with_name(f"{name}.toml")).weights.sha256
        if record.told:
            row = " | ".join(f"{one.loss:.4f} ({one.images})" for one in record.told.values())
            assert [*record.told] == ["train", "val", "test"] and f"| `{name}` | {row} |" in told
        for model, one in (record.restored or {}).items():
            assert f"| `{name}` | {model} | {one.psnr:.2f} | {one.worst:.2f} | {one.images} |" in told


def test_model_figures_are_those_of_the_metrics_files() -> None:
    """docs/models.md is made by a script, so no figure in it is typed in."""
    script = [sys.executable, "scripts/model_cards.py", "--check"]
    checked = subprocess.run(script, cwd=ROOT, capture_output=True, text=True, check=False)
    assert checked.returncode == 0, checked.stderr


def test_the_encoders_figures_are_those_of_its_metrics_and_of_the_weights_that_ship() -> None:
    metrics = json.loads((ROOT / "weights/encoder/metrics.json").read_text("utf-8"))
    ours, text = metrics["scores"]["encoder"], (ROOT / "docs/encoder.md").read_text("utf-8")
    for what in ("image_to_image", "text_to_image", "caption_recall"):
        assert " | ".join(f"{one[what]:.3f}" for one in metrics["scores"].values()) in text
    for name, value in ours["image_by_set"].items():
        assert f"| `{name}` | {value:.3f} | {ours['text_by_set'][name]:.3f} |" in text
    library = json.loads((ROOT / "index/cases/manifest.json").read_text("utf-8"))
    assert metrics["digest"] == Encoder.load(OURS).digest == library["encoder"]["digest"]


def test_every_setting_and_command_of_the_readme_exists() -> None:
    readme = (ROOT / "README.md").read_text("utf-8")
    for module in set(re.findall(r"-m ([a-z_.]+)", readme)):
        path = ROOT / module.replace(".", "/")
        assert path.with_suffix(".py").is_file() or (path / "__main__.py").is_file(), module
    example = (ROOT / ".env.example").read_text("utf-8")
    for setting in set(re.findall(r"LIGHTBOX_[A-Z_]+", readme)):
        assert setting in example


def test_anatomy_figures_are_those_of_its_records() -> None:
    script = [sys.executable, "scripts/anatomy_figures.py", "--check"]
    checked = subprocess.run(script, cwd=ROOT, capture_output=True, text=True, check=False)
    assert checked.returncode == 0, checked.stderr
