"""The page about a model as HTML: figures with intervals and counts, charts that tell their facts, hostile cards."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from diagnosis.errors import BadRequest
from diagnosis.model_facts import ModelFacts, model_facts, percent, plain
from diagnosis.models import Models
from diagnosis.training.measuring import measure
from diagnosis.training.metrics import Interval, ReliabilityBin, Roc
from diagnosis.ui import charts, model_pieces
from diagnosis.ui.models import Shelf
from tests.diagnosis.measured import Measured, measured_model
from tests.diagnosis.ui.test_pieces import HOSTILE, Tags


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Measured:
    return measured_model(tmp_path_factory.mktemp("pieces"))


@pytest.fixture(scope="module")
def facts(made: Measured) -> ModelFacts:
    return model_facts(made.card, made.weights)


def test_each_class_has_its_figures_counts_and_curve(made: Measured, facts: ModelFacts) -> None:
    tags = Tags(model_pieces.page(facts))
    for one in made.evaluation.classes:
        for interval in (one.precision, one.recall, one.f1, one.auc):
            assert ("not defined" if interval.value is None else f"{interval.value:.3f}") in tags.text
        assert f"{one.support} of 18 images" in tags.text
    told = [given["aria-label"] or "" for tag, given in tags.found if tag == "svg"]
    assert [text.split(":")[0] for text in told[:3]] == [
        f"ROC curve of {title} against the rest" for title in ("Red", "Green", "Blue")
    ]
    assert plain(made.evaluation.classes[0].auc) in told[0]
    assert told[3].startswith("Reliability of the highest score.")
    for one in made.evaluation.reliability:
        assert f"right in {percent(one.accuracy, 0)}, {one.images} images" in told[3]


def test_figures_of_too_few_slides_stand_without_interval_bar_or_claim(facts: ModelFacts, made: Measured) -> None:
    """All of them said "77.0 % (77.0 to 77.0)"."""
    targets = np.arange(40) % 3
    scores = np.random.default_rng(0).dirichlet([1, 1, 1], 40) / 2 + np.eye(3)[targets] / 2
    figures = dict(measure(scores, targets, np.arange(40) % 2, made.card))
    tags = Tags(model_pieces.page(replace(facts, measured=made.evaluation.model_copy(update=figures), shortcuts=None)))
    assert "40 images, 2 groups, test split" in tags.text
    assert tags.text.count("No interval: 2 groups are too few.") == 2  # on the label, and below the figures
    assert " to " not in tags.text.partition("Class by class")[2].partition("What a score is worth")[0]
    assert "95 % intervals." not in tags.text and "lb-whisker" not in {given.get("class") for _, given in tags.found}
    bars = [given for _, given in tags.found if "lb-range" in (given.get("class") or "")]
    assert bars and all("--low" not in (bar["style"] or "") for bar in bars)


def test_a_perfect_figure_beside_others_says_that_it_has_no_interval(facts: ModelFacts, made: Measured) -> None:
    targets = np.arange(60) % 3
    scores = np.eye(3)[np.where(np.arange(60) % 9 == 1, 2, targets)]
    figures = dict(measure(scores, targets, np.arange(60), made.card))
    tags = Tags(model_pieces.page(replace(facts, measured=made.evaluation.model_copy(update=figures), shortcuts=None)))
    assert "1.000 no interval" in " ".join(tags.text.split())
    assert "A figure has no interval where fewer than 5 groups are behind it" in tags.text


def test_the_confusion_matrix_holds_the_counts(made: Measured, facts: ModelFacts) -> None:
    tags = Tags(model_pieces.page(facts))
    cells = [given["title"] for tag, given in tags.found if tag == "td" and "taken for" in (given.get("title") or "")]
    counts = [count for row in made.evaluation.confusion.counts for count in row]
    assert [int((cell or "").split()[0]) for cell in cells] == counts
    assert cells[1] == f"{counts[1]} taken for Green, {100 * counts[1] / sum(counts[:3]):.0f} % of the row"


def test_without_figures_there_is_no_chart_and_the_reason_is_told(facts: ModelFacts) -> None:
    refused = BadRequest("squares.metrics.json was measured on other weights.", "Measure again.")
    tags = Tags(model_pieces.page(replace(facts, measured=None, unmeasured=refused)))
    assert not {"svg"} & {tag for tag, _ in tags.found}
    assert "lb-figures" not in {given.get("class") for _, given in tags.found}
    assert tags.text.count("measured on other weights") == 2  # as an alert, and where the figures would be
    assert ("div", {"class": "lb-problem", "role": "alert"}) in tags.found
    assert "What the classes are" in tags.text


def test_what_a_card_says_stays_text(facts: ModelFacts) -> None:
    labels = tuple(one.model_copy(update={"title": HOSTILE, "description": HOSTILE}) for one in facts.card.labels)
    card = facts.card.model_copy(
        update={
            "title": HOSTILE,
            "licence": HOSTILE,
            "references": (HOSTILE,),
            "limitations": (HOSTILE,),
            "labels": labels,
        }
    )
    tags = Tags(model_pieces.page(replace(facts, card=card)))
    assert not {"script", "img"} & {tag for tag, _ in tags.found}
    assert not any(name.startswith("on") for _, given in tags.found for name in given)
    assert HOSTILE in tags.text


def test_a_source_is_a_link_that_tells_nothing_of_the_visitor(facts: ModelFacts) -> None:
    labels = (facts.card.labels[0].model_copy(update={"source": "https://www.example.org/red"}), *facts.card.labels[1:])
    tags = Tags(model_pieces.page(replace(facts, card=facts.card.model_copy(update={"labels": labels}))))
    links = [given for tag, given in tags.found if tag == "a"]
    assert [(one["href"], one["rel"]) for one in links] == [("https://www.example.org/red", "noreferrer noopener")]
    assert "example.org" in tags.text


def test_a_curve_is_drawn_where_its_rates_are() -> None:
    drawn = charts.roc_chart(Roc(false_positive_rate=(0, 0.5, 1), true_positive_rate=(0, 1, 1)), 'A "curve"')
    square = charts.Square(150)
    assert (
        f'points="{square.x(0.0)},{square.y(0.0)} {square.x(0.5)},{square.y(1.0)} {square.x(1.0)},{square.y(1.0)}"'
        in drawn
    )
    assert (square.x(1) - square.x(0), square.y(0) - square.y(1)) == (150, 150)
    assert 'aria-label="A &quot;curve&quot;"' in drawn and "False positives, %" in drawn


def test_reliability_has_a_dot_an_interval_and_a_count_for_each_bin() -> None:
    sure = ReliabilityBin(low=0.8, high=1.0, images=30, score=0.9, accuracy=Interval(value=0.75, low=0.5, high=0.8))
    bare = ReliabilityBin(low=0.4, high=0.6, images=1, score=0.5, accuracy=Interval(value=1.0, low=None, high=None))
    drawn, square = charts.reliability_chart((bare, sure), "told"), charts.Square(240)
    assert drawn.count("<circle") == 2 and drawn.count("lb-whisker") == 1 and drawn.count("<rect") == 2
    assert f'cx="{square.x(0.9)}" cy="{square.y(0.75)}"' in drawn
    assert (
        f"M{square.x(0.9)} {square.y(0.5)}V{square.y(0.8)}" in drawn
        and "30 images: mean score 90 %, right 75 %" in drawn
    )


def test_opening_the_tab_loads_no_network(made: Measured) -> None:
    (made.weights / "broken.toml").write_text("name = 3", encoding="utf-8")
    models = Models(made.weights)
    chosen, page, wrong = Shelf(models, local=True).open(None)
    assert chosen.value == "squares" and "Model facts" in page and "broken.toml" in wrong
    assert not models._classifiers
    (made.weights / "broken.toml").unlink()


def test_a_folder_is_measured_on_this_machine_alone(made: Measured) -> None:
    models = Models(made.weights)
    *_, here = Shelf(models, local=True).measure("squares", None, str(made.data), "test")
    assert "The same images, and the same figures" in here
    (elsewhere,) = Shelf(models, local=False).measure("squares", None, str(made.data), "test")
    assert "No images are named." in elsewhere
    (gone,) = Shelf(models, local=True).measure("squares", str(Path("/nowhere/upload.zip")), "", "test")
    assert "The archive was deleted" in gone
