"""The sentences that stand wherever a reading stands."""

NOTICE = "For research and teaching, not for diagnosis."
MAPS_NOTICE = "A map shows what the model used, not where disease is."
SYNTHETIC_MARK = "made by a model: it shows nobody."  # by this a file of a synthetic image, or of its map, is known
MADE_NOTICE = f"A synthetic image, {SYNTHETIC_MARK}"  # of one that was made here
SYNTHETIC_NOTICE = f"Its file says that it is synthetic, {SYNTHETIC_MARK}"  # of one that was put in
LIKENESS_NOTICE = "Likeness to a case is not the probability of the same disease."
