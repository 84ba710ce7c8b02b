"""The sentences that stand wherever a reading stands."""

NOTICE = "For research and teaching, not for diagnosis."
MAPS_NOTICE = "A map shows what the model used, not where disease is."
SYNTHETIC_NOTICE = "A synthetic image, made by a model: it shows nobody."  # also the mark in the files of such images
LIKENESS_NOTICE = "Likeness to a case is not the probability of the same disease."
