"""What the model's record, and what it made of the file, let a sentence say."""

from agents.grounding.facts import Allowed, Fact, bounded, groups, interval, names, tested_on
from diagnosis.findings import Finding
from diagnosis.reading import Reading


def performance(finding: Finding, reading: Reading) -> Allowed:
    """How often the model is right, on how many images of how many groups."""
    facts = (
        Fact(finding.value or 0.0, "%", "accuracy"),
        Fact(float(finding.facts["images"]), "", "images"),
        groups(finding),
        *interval(finding),
    )
    return Allowed(facts, claims={**bounded(finding), "trained": False})


def recall(finding: Finding, reading: Reading) -> Allowed:
    """How many images of a class the model recognises."""
    value, label = finding.value or 0.0, finding.label
    facts = (
        Fact(value, "%", "recall", label),
        Fact(100 - value, "%", "missed", label),
        *tested_on(finding),
    )
    return Allowed(
        facts,
        names(label),
        claims={**bounded(finding), "recognised": True, "trained": False, "all_recognised": False},
    )


def unmeasured(finding: Finding, reading: Reading) -> Allowed:
    """That nothing was measured."""
    return Allowed(claims={"measured": False})


def resolution(finding: Finding, reading: Reading) -> Allowed:
    """How much coarser than the file the model's input is."""
    facts = (
        Fact(finding.value or 0.0, "times", "coarser"),
        *(Fact(float(finding.facts["size"]) ** power, "pixels", "size") for power in (1, 2)),
        Fact(finding.value or 0.0, "pixels", "coarser"),
        Fact(100 / (finding.value or 1), "%", "fraction"),
    )
    return Allowed(facts, claims={"detail_lost": True, "coarser": True, "gives": True})


def unseen(finding: Finding, reading: Reading) -> Allowed:
    """How much of the image the model did not see."""
    share = finding.value or 0.0
    facts = (Fact(share, "%", "unseen"), Fact(100 - share, "%", "seen"))
    return Allowed(facts, claims={"saw": False})


def modality(finding: Finding, reading: Reading) -> Allowed:
    """What kind of image the file is, and what kind the model was made for."""
    codes = {str(finding.facts["modality"]): "file"}
    codes.update(dict.fromkeys(str(finding.facts["expected"]).split(" or "), "model"))
    return Allowed(modalities=codes, claims={"fits": False, "trained": True})


def colourless(finding: Finding, reading: Reading) -> Allowed:
    """That a model made for colour was given none."""
    return Allowed(claims={"colour": False, "made_for_colour": True})
