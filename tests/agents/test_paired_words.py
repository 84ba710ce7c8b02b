"""Rules of the checker's newest kinds of findings, each by a true sentence and by a false one that is worded alike."""

import pytest

from agents.ground import check
from agents.types import Sentence
from tests.agents.readings import voted_readings
from tests.agents.trusted import trusted_readings
from tests.agents.worthy import worthy_readings

READINGS = voted_readings() | trusted_readings() | worthy_readings()


def struck(name: str, kinds: str, text: str) -> str | None:
    """Why a sentence is struck that cites the last finding of each kind, or None."""
    latest = {one.kind: one.id for one in READINGS[name].findings}
    [found] = check([Sentence(text, tuple(latest[kind] for kind in kinds.split()))], READINGS[name])
    return found.struck


PAIRS = [
    (
        "voted-conflict",
        "vote_conflict",
        "Viral pneumonia got 4 of the 10 votes.",
        "Viral pneumonia got 6 of the 10 votes.",
    ),
    (
        "voted-colon",
        "vote_conflict",
        "Not one of the 10 most similar cases voted for colon adenocarcinoma.",
        "One of the 10 most similar cases voted for colon adenocarcinoma.",
    ),
    (
        "voted-agree",
        "vote",
        "Of the 10 cases, 7 are called bacterial pneumonia.",
        "Of the 10 cases, 6 are called bacterial pneumonia.",
    ),
    ("voted-agree", "vote", "The similar cases support the model.", "The similar cases do not support the model."),
    (
        "voted-conflict",
        "vote_conflict",
        "The vote differs from the model's highest score, 47.4 %, for viral pneumonia.",
        "The vote differs from the model's lowest score, 47.4 %, for viral pneumonia.",
    ),
    (
        "voted-agree",
        "vote_tested vote_balanced",
        "The commonest class alone is right for 48.5 %, and the mean over the classes is 74.3 %.",
        "The commonest class alone is right for 48.5 %, which is over the 78.2 % of the vote.",
    ),
    (
        "voted-agree",
        "vote_tested",
        "Always naming the commonest class would be right for 48.5 %.",
        "The vote was always right, for 78.2 % of the images.",
    ),
    ("voted-unlike", "no_vote", "A cosine of 0.547 is needed.", "A cosine of 0.312 is needed."),
    (
        "voted-unlike",
        "no_vote",
        "To vote, a case must reach a cosine of 0.547.",
        "The nearest case has a cosine of 0.547.",
    ),
    (
        "voted-conflict",
        "vote_left_out",
        "Without cases of the same patient the vote was right for 78.2 %.",
        "The same patient has pneumonia, and the vote was right for 78.2 %.",
    ),
    (
        "worth-few",
        "performance_mixed",
        "1 patient is too few for an interval.",
        "The patient is ill, and 1 patient is too few.",
    ),
    (
        "trusted-zones",
        "off_anatomy",
        "Off the anatomy lies 8.9 % of the SHAP weight (even map 35.9 %).",
        "Off the anatomy lies 8.9 % of the SHAP weight, and the map is even throughout.",
    ),
    (
        "trusted-shortcut",
        "shortcut_record",
        "The alarm rang for 95.0 % of 20 films with a planted mark and for 2.9 % of 104 without.",
        "The alarm rang for 2.9 % of 20 films with a planted mark and for 95.0 % of 104 without.",
    ),
    (
        "trusted-shortcut",
        "shortcut_record",
        "False alarms rang for 2.9 % of 104 films.",
        "False alarms rang for 95.0 % of the films.",
    ),
    (
        "trusted-colon",
        "erased",
        "Without the stroma the score changes by -4.2 percentage points.",
        "Without the stroma the score changes by +4.2 percentage points.",
    ),
    (
        "trusted-colon",
        "erased",
        "Of 20 patches, 14 change the score for colon adenocarcinoma less than erasing the stroma does.",
        "Of 20 patches, 17 change the score for colon adenocarcinoma less than erasing the stroma does.",
    ),
    (
        "trusted-zones",
        "gain",
        "Showing what SHAP ranks highest and hiding the rest, rather than the reverse, gives 0.35 logits.",
        "Showing what SHAP ranks highest and hiding the rest, and the reverse, gives 0.35 logits.",
    ),
    ("trusted-zones", "steady", "The SHAP map is not steady.", "The SHAP map hardly changes under faint noise."),
    ("trusted-zones", "badge", "SHAP weak for bacterial pneumonia.", "SHAP faithful for bacterial pneumonia."),
    (
        "worth-high",
        "confidence_tier",
        "High confidence: the score is 93.4 %.",
        "Absolute confidence: the score is 93.4 %.",
    ),
    (
        "worth-empty",
        "confidence_unmeasured",
        "Of 337 images, none had a highest score under 90 %.",
        "Of 337 images, none had a lowest score under 90 %.",
    ),
    (
        "worth-low",
        "confidence_tier",
        "It was right for 57.6 % of images with a highest score under 70 %.",
        "It was right for 57.6 % of images with a highest score under 60 %.",
    ),
    (
        "worth-low",
        "confidence_tier",
        "It was right for 57.6 % of 118 images that it had not learned from.",
        "It was right for 57.6 % of 118 images that it had learned from.",
    ),
    ("worth-low", "conformal_set", "Viral pneumonia is in the set.", "Viral pneumonia is not in the set."),
    ("worth-low", "conformal_set", "Normal is not in the set.", "Normal is in the set."),
    ("worth-low", "conformal_set", "2 of 3 classes are in the set.", "2 of 5 classes are in the set."),
    (
        "worth-outside",
        "vote_conflict vote_outside_set",
        "The vote for normal is discordant with the model and not in the set.",
        "The vote for normal is discordant with the model and in the set.",
    ),
    (
        "worth-outside",
        "vote_outside_set",
        "What most of the similar cases are called, normal, is not in the set.",
        "What most of the similar cases are called, normal, is in the set.",
    ),
    (
        "worth-empty",
        "conformal_empty",
        "All 5 scores are under the required 55.5 %.",
        "All 5 scores are under the required 37.7 %.",
    ),
    ("worth-empty", "conformal_empty", "None of the five reaches 55.5 %.", "Each of the five reaches 55.5 %."),
    ("worth-few", "model_fact", "It is not made for adults.", "It is made for adults."),
    (
        "worth-few",
        "model_fact",
        "The model was built for neither adults nor CT slices.",
        "The model can be used for CT slices.",
    ),
    (
        "worth-few",
        "model_fact",
        "The model is not meant for choice of treatment.",
        "The model is not meant for choice of treatment, so no treatment is needed.",
    ),
    (
        "worth-few",
        "model_fact",
        "It is not made for diagnosis.",
        "It is not made for diagnosis, so the diagnosis is normal.",
    ),
    (
        "worth-few",
        "model_fact",
        "It is not made for adults.",
        "It is not made for adults with absolute certainty.",
    ),
    (
        "worth-gated",
        "gate model_fact",
        "This may be another kind of image than the model was made for.",
        "A lateral film is something that the model was made for.",
    ),
]


@pytest.mark.parametrize(("name", "kinds", "true", "false"), PAIRS)
def test_the_true_sentence_stands_and_the_false_one_does_not(name: str, kinds: str, true: str, false: str) -> None:
    assert struck(name, kinds, true) is None
    assert struck(name, kinds, false)


@pytest.mark.parametrize("version", ["1", "one"])
def test_the_version_is_the_card_s(version: str) -> None:
    [first] = [one for one in READINGS["worth-few"].findings if one.facts.get("aspect") == "The model"]

    def stands(text: str) -> bool:
        return check([Sentence(text, (first.id,))], READINGS["worth-few"])[0].struck is None

    assert stands(f"The model is chest-xray in version {version}.")
    assert not stands("The model is chest-xray in version 2.")
    assert not stands("The model is chest-xray in version three.")
