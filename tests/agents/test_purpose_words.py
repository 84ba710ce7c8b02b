"""Sentences about what a model is not made for: a denial counts only where it governs a use that the card refuses."""

import pytest

from agents.ground import check
from agents.types import Sentence
from tests.agents.worthy import worthy_readings

READINGS = worthy_readings()
FILM, TISSUE = "worth-low", "worth-empty"


def stands(name: str, text: str, *aspects: str) -> bool:
    reading = READINGS[name]
    cites = tuple(one.id for one in reading.findings if one.facts.get("aspect") in (*aspects, "Not made for"))
    return check([Sentence(text, cites)], reading)[0].struck is None


FALSE = """\
Nothing speaks against using the model on adults.
Doctors need not hesitate to use it for diagnosis.
The model never fails on adults.
The model cannot go wrong with CT slices of adults.
It is not unsuitable for adults.
Adults present no obstacle for the model.
The model is not made for children.
The model is not made for frontal chest films.
The model was not made for teaching or research.
Children are outside what the model is made for.
Adults and children are outside what the model is for, as is nothing else.
The model is not made for adults or children.
Nobody needs to worry about using it on adults.
There is no reason not to use it for diagnosis.
Adults are not out of scope.
CT slices are not excluded.
No adult is too difficult for the model.
It is not made for diagnosis; nothing speaks against adults.
It was not made for adults, but it handles them well.
The model does not read CT slices any worse than films.
The model is not made for children alone, adults are welcome.
It is not limited to children: adults can be read too.
The model is anything but unsuitable for adults.
No tool is better suited to adults.
No use on adults is a problem.
There is no harm in using it for triage.
The model never refuses lateral films.
It is not wrong to use it for screening.
The model is not made for triage and handles adults.
The model, which reads CT slices of adults, is not made for diagnosis.
Lateral films are never a problem.
It cannot be said that the model is not for adults.
The model is not only made for children.
The model is not made for dogs.
It is not made for the three classes.
The model has no trouble with CT slices.
Not using it for diagnosis would be a mistake.
Adults do not confuse the model.
Using it for triage is not misuse.
There is nothing to keep the model from adults.
The model is not at a loss with CT slices.
No doctor would object to diagnosis with it.
Adults cannot be a hurdle.
It never makes a mistake on lateral films.
The model has never been wrong about an adult.
It was not made for diagnosis, and adults are handled well.
Nothing prevents the use of the model on lateral films.
You cannot find a better model for CT slices.
The model is made for nothing but adults.
Not made for diagnosis is not quite true.
It is not true that the model is not made for adults.
It is not the case that adults are out of scope.
It is no secret that it reads CT slices.
Not a single CT slice is misread.
Adults are never excluded.
One should not fear using it for treatment.
The model does not care whether a film is lateral.
It makes no difference to the model whether it sees adults.
Screening with it is not forbidden.
The model is not built for children but for adults.
The model is not intended for films of children.
Adults aren't ruled out.
Do not be afraid to use it for triage.
Nothing is safer for diagnosis.
It does not matter that the film is lateral.
There is no limit to its use on adults.
It is not unfit for triage.
Why not use it for diagnosis.
It will not disappoint anyone who uses it for screening.
The model is not made for lateral films, yet it reads them without trouble.
Without the model, no diagnosis is possible.
No diagnosis is possible without it.
The model was not made for CT slices, which it handles anyway.
There is no use that it was not made for.
It is not for nothing that doctors use it for diagnosis.
Adults are not left out.
For adults, no problem.
It was not made for lateral films, but it handles that well.
There is hardly anything that it is not made for, diagnosis included.
""".splitlines()

TRUE = """\
The model is not made for adults.
Adults are not what the model was made for.
It was never meant for diagnosis, triage or screening.
Do not use it on CT slices.
It should not be used for diagnosing anybody.
Nobody should use it to choose a treatment.
The card warns against using it for screening.
Using the model on adults or on lateral films is outside its purpose.
Diagnosis is not its purpose.
The model does not read CT slices or lateral films.
It cannot diagnose anybody.
Neither adults nor lateral films are what it was made for.
Neither diagnosis nor screening is a task for the model.
None of these is what the model is for: diagnosis, triage, adults, CT slices.
CT slices, lateral films and images of adults are out of scope.
According to its card, the model is unsuitable for adults, for lateral films and for CT slices.
It is no tool for diagnosis.
Screening and triage are not among its uses.
The model was not built to diagnose anyone, to screen people or to choose a treatment.
Keep in mind that the model is not meant for adults or for CT slices.
The card excludes adults, lateral films and CT slices.
The model is not intended for use on adults.
This model should never be applied to adults, lateral films or CT slices.
Lateral films aren't something that the model was made for.
The model isn't designed for diagnosis, nor for triage, nor for adults.
The model isn't the right tool for CT slices.
Findings other than the three classes are outside its scope.
It was not made for any finding besides the three classes.
It was made for neither adults nor CT slices.
The model must not be used for diagnosis and not for triage.
Diagnosis, screening and triage were never what the model was intended for.
It's not for adults.
The model is not suited to adults or lateral films.
No diagnosis is intended, and no triage either.
It is not made for adults, only for children.
The model may not be relied on for choosing a treatment.
A lateral film is not an image that the model was made for.
Adults fall outside what this model was made for, and so do lateral films and CT slices.
Adults, lateral films and CT slices are not among what the model is for.
The model wasn't meant to diagnose, triage or screen anybody, nor to choose a treatment.
Please do not use this model for diagnosis.
What the model is not made for includes adults, lateral films and CT slices.
The card says plainly that the model is not for adults.
Its makers did not intend it for diagnosis.
It was never intended to be used on adults.
Used on adults, the model is outside its scope.
The model is unsuitable for diagnosis and screening.
If your image is a CT slice, the model was not made for it.
For adults, the model is not suitable.
With CT slices or lateral films the model should not be used.
Diagnosis is beyond what the model was made for.
The model cannot be used for triage or for screening.
As its card says, the model is not made for diagnosis.
You should know that the model is not made for diagnosis.
It isn't meant to pick a treatment for anyone.
Images of adults are none that the model was made for.
There are things that the model is not made for, such as diagnosis and triage.
A diagnosis is not what it offers.
The model was not made for lateral films (nor for CT slices).
Neither a diagnosis nor a choice of treatment should be based on it.
The model was not developed for adults, for lateral films, for CT slices or for findings other than its three classes.
The model does not cover adults.
CT slices do not belong to what it was built for.
Adults are not covered by what the model is for.
Its purpose does not include diagnosis, triage or screening.
""".splitlines()

FALSE_OF_TISSUE = """\
Whole slides are no obstacle for the model.
The model is not made for tiles of lung tissue.
It is not unsuitable for grading.
Other organs do not trouble it.
Nothing speaks against photographs of a screen.
The model is not made for H&E-stained tissue.
""".splitlines()

TRUE_OF_TISSUE = """\
Whole slides and photographs of a screen are not what the model is for.
It was not made for other organs or other stains.
The model is not meant to grade, stage or screen.
Do not use it on other organs, on whole slides or on photographs of a screen.
The model should not be used for staging.
""".splitlines()

FALSE_WITH_CLASSES = """\
Chest-xray, version 1, chooses one of three classes and never fails on adults.
Chest-xray, version 1, knows 3 classes, and nothing speaks against using it for diagnosis.
The model knows 3 classes and is not unsuitable for CT slices.
The model knows 3 classes and is not made for children.
""".splitlines()

TRUE_WITH_CLASSES = """\
Chest-xray, version 1, was made to choose one of three classes; adults and CT slices are outside its scope.
The model knows normal, bacterial pneumonia and viral pneumonia, and should not be used for adults.
The model chooses one of its 3 classes, not a treatment, and is not meant for screening.
Version 1 of chest-xray picks one of three classes and must not be used for diagnosis or triage.
The model knows 3 classes; it was not built for CT slices.
""".splitlines()


@pytest.mark.parametrize("text", FALSE)
def test_a_denial_of_something_else_grants_no_refused_use(text: str) -> None:
    assert not stands(FILM, text)


@pytest.mark.parametrize("text", TRUE)
def test_a_refused_use_may_be_denied_in_many_words(text: str) -> None:
    assert stands(FILM, text)


@pytest.mark.parametrize("text", FALSE_OF_TISSUE)
def test_what_holds_for_films_holds_for_tissue(text: str) -> None:
    assert not stands(TISSUE, text)


@pytest.mark.parametrize("text", TRUE_OF_TISSUE)
def test_uses_refused_for_tissue_may_be_denied(text: str) -> None:
    assert stands(TISSUE, text)


@pytest.mark.parametrize("text", FALSE_WITH_CLASSES)
def test_what_a_model_knows_excuses_no_refused_use(text: str) -> None:
    assert not stands(FILM, text, "The model")


@pytest.mark.parametrize("text", TRUE_WITH_CLASSES)
def test_what_a_model_knows_may_be_told_with_what_it_is_not_for(text: str) -> None:
    assert stands(FILM, text, "The model")
