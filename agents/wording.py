"""What findings sound like to each reader. A kind that is not here is told in its own statement."""

import tomllib
from functools import cache
from pathlib import Path

from agents.types import Reader
from diagnosis.attribution import METHODS
from diagnosis.findings import Finding, Topic
from diagnosis.intervals import spread
from diagnosis.notices import LIKENESS_NOTICE, MAPS_NOTICE, NOTICE

HEADINGS: dict[Topic, str] = {
    "says": "What the model says",
    "looked": "Where it looked",
    "trust": "How far to trust this",
}
INTRODUCTION = "Two methods, Grad-CAM and SHAP, were asked which parts of the image spoke for this class."
ONE_METHOD = "One method was asked which parts of the image spoke for this class."
SEVERAL_METHODS = "Several methods were asked which parts of the image spoke for this class."

CLINICIAN = {
    "score": "{Title}: score {value:.1f} %, {order} of {count} classes.",
    "margin": "Next: {other} with {other_value:.1f} %, {value:.1f} percentage points lower.",
    "narrow_margin": "Next: {other} with {other_value:.1f} %, only {value:.1f} percentage points lower; the model hardly separates the two.",
    "behind": "Highest score: {other} with {other_value:.1f} %, {value:.1f} percentage points higher.",
    "confidence_tier": "Confidence {tier}: highest score {score:.1f} % ({title}); of {images} images that the model had not learned from and gave a highest score {span}, it was right for {value:.1f} % ({spread}).",
    "confidence_unmeasured": "Confidence {tier}: highest score {score:.1f} % ({title}); how often the model is right there is unknown, since none of {count} images that it had not learned from had a highest score {span}.",
    "conformal_set": "Set of classes that leaves out the true one for about {error:.0f} % of such images: {names} ({value:.0f} of {count}, from a score of {floor:.1f} %).",
    "conformal_empty": "Set of classes that leaves out the true one for about {error:.0f} % of such images: empty, none of {count} has a score of {floor:.1f} % or more.",
    "conformal_tested": "Coverage of such sets on {images} test images: {value:.1f} % ({spread}), mean size {size:.1f} classes.",
    "performance_mixed": "Balanced accuracy on the {images} of these images from {groups} {group} with every class: {value:.1f} % ({spread}).",
    "above_threshold": "{Title}: score {value:.1f} %, {gap:.1f} percentage points above its operating threshold of {threshold:.1f} %.",
    "below_threshold": "{Title}: score {value:.1f} %, {gap:.1f} percentage points below its operating threshold of {threshold:.1f} %.",
    "reached": "Operating threshold reached by {value:.0f} of {count} findings: {names}.",
    "none_reached": "Operating threshold reached by none of {count} findings.",
    "independent": "Each of the {count} findings is scored by itself: none excludes another, and the scores do not add up to 100 %.",
    "place": "{method}: {value:.1f} % of the weight for {title} in the {region} of the image.",
    "concentration": "{method}: half of the weight in {value:.1f} % of the image; an even map would need 50 %.",
    "flat": "{method} for {title}: flat, no place spoke for it more than another.",
    "agreement": "Rank correlation of {method} and {other}: {value:.2f}.",
    "overlap": "Overlap of the top tenths: {value:.1f} % (unrelated maps: {chance:.0f} %). {verdict}",
    "performance": "Balanced accuracy {value:.1f} % ({spread}) on {images} test images of {groups} {group} that it was not trained on.",
    "recall": "Recall for {title}: {value:.1f} % ({spread}).",
    "resolution": "Network input: {size} × {size} pixels, {value:.1f} times coarser than the file.",
    "unseen": "Not seen by the network: {value:.1f} % of the image, at its edges.",
    "modality": "Modality of the file: {modality}; the model was made for {expected}.",
    "vote": "{value:.0f} of the {count} nearest cases are called {title}, in agreement with the model's highest score, {own_value:.1f} %.",
    "vote_conflict": "Conflict: {value:.0f} of the {count} nearest cases are called {title}, the model's highest score is {other} with {other_value:.1f} %; {other} got {other_votes} of the votes.",
    "vote_reached": "{value:.0f} of the {count} nearest cases are called {title}, which the model scores {own_value:.1f} %, above its operating threshold.",
    "vote_missed": "{value:.0f} of the {count} nearest cases are called {title}, which the model scores {own_value:.1f} %, below its operating threshold.",
    "no_vote": "No vote of nearest cases: the nearest has a cosine of {value:.3f}, and {floor:.3f} is needed.",
    "vote_tested": "Accuracy of such a vote: {value:.1f} % ({spread}) on {images} test images, {count} classes; the commonest class alone: {majority:.1f} %.",
    "vote_left_out": "Leave-one-out accuracy of such a vote: {value:.1f} % ({spread}) on {images} images of the library, {count} classes; the commonest class alone: {majority:.1f} %.",
    "vote_balanced": "Mean of that accuracy over the classes: {value:.1f} %.",
    "zone": "{method}: {value:.1f} % of the weight for {title} on the {region} (even map: {even:.1f} %), of {count} zones the furthest above even.",
    "zone_across": "{method}: {value:.1f} % on the {region} (even map: {even:.1f} %).",
    "off_anatomy": "{method}: {value:.1f} % {where} (even map: {even:.1f} %).",
    "badge": "{method} map for {title}, tested on this image, is {badge}{reasons}; it beats {value:.0f} % of {count} random maps (95 % interval {low:.0f} to {high:.0f} %).",
    "methods_rank": "Mean rank correlation of the {count} methods: {value:.2f}.",
    "methods_overlap": "Mean overlap of the top tenths of the {count} maps: {value:.1f} % (unrelated maps: {chance:.0f} %). {verdict}",
    "erased": "Without {what}: score for {title} {value:+z.1f} percentage points, to {after:.1f} %; patches of the same shape elsewhere {low:+z.1f} to {high:+z.1f}, {beaten} of {count} of them less.",
    "turned": "Without {what}: highest score {other}, {value:.1f} %.",
    "crossed": "Without {what}: score for {title} {falls} its operating threshold of {value:.1f} %.",
}
PATIENT = {
    "confidence_tier": "The model's confidence is {tier}: with a highest score {span}, it was right for {value:.1f} % of {images} images that it had not learned from.",
    "confidence_unmeasured": "The model's confidence is {tier}: how often it is right with a highest score {span} is unknown.",
    "conformal_set": "If the true class may be left out for about {error:.0f} % of such images, the model must name {value:.0f} {classes} here: {names}.",
    "conformal_empty": "The model has no class to name here: none has a score so high as the true class has for all but about {error:.0f} % of such images.",
    "margin": "Next comes {other} with {other_value:.1f} %, which is {value:.1f} percentage points lower.",
    "narrow_margin": "Next comes {other} with {other_value:.1f} %, only {value:.1f} percentage points lower: the model hardly separates the two.",
    "place": "The {method} map for {title} has the largest share of its weight, {value:.1f} %, in the {region} of the image.",
    "flat": "The {method} map for {title} is flat: no place spoke for it more than another.",
    "overlap": "{verdict} The top tenths of the two maps share {value:.1f} % of their area; unrelated maps would share {chance:.0f} %.",
    "performance": "The model was tested on {images} images of {groups} {group} that it was not trained on: its balanced accuracy was {value:.1f} % ({spread}).",
    "recall": "Of the test images that truly were {title}, the model recognised {value:.1f} % ({spread}).",
    "vote": "Similar pictures agree with the model: {value:.0f} of the {count} most similar cases of the data set with the model's classes are called {title} too. The model's highest score is {own_value:.1f} %.",
    "vote_conflict": "Similar pictures contradict the model: {value:.0f} of the {count} most similar cases of the data set with the model's classes are called {title}, and the model's highest score is {other} with {other_value:.1f} %; {other} got {other_votes} of the votes.",
    "zone": "Of {count} zones, the {method} map for {title} stands out most on the {region}: {value:.1f} % of its weight, where an even map would put {even:.1f} %.",
    "badge": "Tested on this image, the {method} map for {title} is {badge}{reasons}.",
    "shortcut": "Caution, this looks like a shortcut: off the anatomy lies {value:.1f} percentage points more of the {method} weight for {title} than an even map would put there.",
    "methods_overlap": "{verdict} The top tenths of the {count} maps share {value:.1f} % of their area; unrelated maps would share {chance:.0f} %.",
    "erased": "Without {what} the score for {title} changes by {value:+z.1f} percentage points, to {after:.1f} %; {beaten} of {count} patches of the same shape elsewhere change it less.",
}
WORDING: dict[Reader, dict[str, str]] = {"clinician": CLINICIAN, "student": {}, "patient": PATIENT}

FINE = frozenset({"additivity", "gain", "centred", "shuffled", "steady", "gap"})
LEFT_OUT: dict[Reader, frozenset[str]] = {  # kinds for the list of findings, too fine for this reader's words
    "clinician": FINE,
    "student": FINE,
    "patient": FINE
    | {
        "concentration",
        "agreement",
        "vote_balanced",
        "conformal_tested",
        "zone_across",
        "off_anatomy",
        "methods_rank",
        "furthest",
    }
    | {"contrast", "erased_area"},
}
FULL_ONLY = frozenset(
    {
        "concentration",
        "agreement",
        "recall",
        "resolution",
        "unseen",
        "model_fact",
        "conformal_tested",
        "vote_balanced",
        "zone_across",
        "off_anatomy",
    }
    | {"shortcut_record", "methods_rank", "furthest", "erased_area"}
)

NOTES: dict[Topic, str] = {  # what a student may not know
    "says": "A score is the model's preference among the classes that it knows; it knows of no other.",
    "looked": "Grad-CAM weighs the last feature maps of the network by how much they raise the class. "
    "SHAP covers parts of the image and averages how the model's output changes.",
    "trust": "Balanced accuracy is the recall of each class, averaged over the classes.",
}


INDEPENDENT_NOTES: dict[Topic, str] = {  # the same of a model whose findings do not exclude each other
    "says": "Each score is for one finding alone, beside that finding's own threshold; the model knows of no other findings.",
    "looked": NOTES["looked"],
}


def told(finding: Finding, reader: Reader) -> str:
    """A finding in this reader's words."""
    template = WORDING[reader].get(finding.kind)
    if template is None:
        return finding.statement
    title = str(finding.facts.get("title", ""))
    method = METHODS[finding.method].title if finding.method else ""
    named = {"Title": title[:1].upper() + title[1:], "method": method, "region": finding.region}
    ends = spread(finding.interval, finding.facts)
    return template.format(value=finding.value, spread=ends, **named, **finding.facts)


@cache
def phrases(language: str) -> dict[str, str]:
    """Headings and notices in a language, by name: ``says``, ``looked``, ``trust``, ``notice`` and more.

    English where there are none in that language.
    """
    notices = {"notice": NOTICE, "maps_notice": MAPS_NOTICE, "likeness_notice": LIKENESS_NOTICE}
    english = {**notices, **{str(topic): text for topic, text in HEADINGS.items()}}
    return english | _translations().get(language.lower().partition("-")[0], {})


def fixed() -> frozenset[str]:
    """Every sentence that the program adds to words of its own accord, in every language. They cite nothing."""
    ours = [phrases(language) for language in ("en", *_translations())]
    notices = {text[name] for text in ours for name in ("notice", "maps_notice", "likeness_notice")}
    return frozenset(
        {INTRODUCTION, ONE_METHOD, SEVERAL_METHODS, *NOTES.values(), *INDEPENDENT_NOTES.values(), *notices}
    )


@cache
def _translations() -> dict[str, dict[str, str]]:
    return tomllib.loads((Path(__file__).parent / "phrases.toml").read_text("utf-8"))
