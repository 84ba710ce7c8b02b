"""Whether a sentence tells rightly what kind of image the file is, and what kind the model was made for."""

from collections.abc import Container, Mapping

from agents.grounding.lexicon import Lexicon
from agents.grounding.text import Text

_ROLES = ("model", "file")


def mistaken(text: Text, known: Mapping[str, str], excused: Container[str], lexicon: Lexicon) -> str | None:
    """Why a kind of image does not stand, or None.

    Args:
        known: modality code → ``file`` or ``model``, from the cited findings.
        excused: words that a cited text of its own says, which may be said after it.
    """
    patterns = lexicon.modalities
    roles = [(other.end, role) for role in _ROLES for other in text.find(patterns[role])]
    for code, pattern in patterns.items():
        if code in _ROLES:
            continue
        for span in text.find(pattern):
            if span.value in excused:
                continue
            if code not in known:
                return f"No cited finding speaks of “{span.value}”."
            before = [one for one in roles if one[0] <= span.start]
            if before and text.polarity(span.start, span.end) and max(before)[1] != known[code]:
                return f"“{span.value}” is what the {known[code]} is of, not the other."
    return None
