"""Synthetic images, judged against real ones: are they copies, plausible, and as varied as real ones are?

Nearness is measured in three spaces (:mod:`.nearest`) and told by a yardstick: how near real images of different
patients, slides or clusters lie to one another (:mod:`.real`).
"""

SPACES = ("pixels", "structure", "encoder")
