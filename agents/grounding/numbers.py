"""Numbers in words and figures: their unit, how they are rounded, and what they count."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace

from agents.grounding.lexicon import Lexicon
from agents.grounding.text import Text

_VERSION = re.compile(r"(?<!\w)vers\w+ $")
_NONE = re.compile(r"(?<!\w)not (?:even |a single )?$")
_OF_ONE = re.compile(r" of (?:an?|one) ")
COUNTED = frozenset(
    {
        "classes",
        "parts",
        "methods",
        "images",
        "groups",
        "slides",
        "pages",
        "rank",
        "total",
        "votes",
        "voters",
        "version",
    }
)
WHOLES = frozenset({3, 4, 5, 6, 7, 8, 9, 10, 20, 100, 1000})  # what a share may be counted of: "eight in ten"
OPPOSITE = {"over": "under", "under": "over"}
_FEW, _MANY = frozenset({"classes", "parts", "methods", "pages"}), 24


@dataclass(frozen=True)
class Quantity:
    """A number as a sentence tells it.

    Attributes:
        step: the size of its last digit, e.g. 0.1 for 82.3.
        unit: a key of the lexicon's units, or empty where none is named.
        mode: ``exact``, ``about``, ``over``, ``under``, ``nearly`` (just under) or ``beyond`` (just over).
        role: what it counts or measures, where the sentence says so.
        spelt: whether it is written in letters.
        whole: what it is a part of, where it is told as "eight in ten".
    """

    start: int
    end: int
    value: float
    step: float = 1.0
    unit: str = ""
    mode: str = "exact"
    role: str = ""
    spelt: bool = False
    whole: float = 0.0


def quantities(text: Text, lexicon: Lexicon) -> list[Quantity]:
    """All numbers of a sentence, from left to right."""
    found = [*_figures(text.low, lexicon)]
    taken = [(one.start, one.end) for one in found]
    for one in _spelt(text.low, lexicon):
        if all(one.end <= start or one.start >= end for start, end in taken):
            found.append(one)
            taken.append((one.start, one.end))
    found = [_with_mode(_with_unit(one, text.low, lexicon), text, lexicon) for one in found]
    found.sort(key=lambda one: one.start)
    return _ranges(_of_wholes(found, text.low, lexicon), text.low, lexicon)


def _figures(low: str, lexicon: Lexicon) -> Iterator[Quantity]:
    for match in lexicon.figure.finditer(low):
        whole, power = match.group("number"), match.group("power")
        plain = lexicon.plain(whole)
        if plain is None:
            continue
        digits = plain.partition("e")[0].partition(".")[2]
        exponent = int(plain.partition("e")[2] or 0) + int(power or 0)
        scale = 10.0 ** max(-300, min(300, exponent))
        value = float(plain.partition("e")[0]) * scale
        start = match.start()
        if value < 0 and re.search(r"[\d%] $", low[:start]):  # "91.3 minus 4.6"
            start, value = start + len("minus "), -value
        yield Quantity(start, match.end(), value, scale * 10.0 ** -len(digits))


def _spelt(low: str, lexicon: Lexicon) -> Iterator[Quantity]:
    for match in lexicon.part_run.finditer(low):
        count = lexicon.number_words.get(match["count"] or "", 1.0)
        part = lexicon.part_words[match["many"] or match["one"] or match["half"]]
        if count == part:
            continue  # "cut into four quarters"
        if unit := _OF_ONE.match(low, match.end()):
            if named := lexicon.unit.match(low, unit.end() - 1):  # "a tenth of a percentage point"
                yield Quantity(
                    match.start(), named.end(), count / part, 1 / part, lexicon.unit_named(named), spelt=True
                )
                continue
        yield Quantity(match.start(), match.end(), 100 * count / part, 10.0, "%", "about", spelt=True)
    for match in lexicon.tiny.finditer(low):
        count = lexicon.number_words.get(match["count"], 1.0)
        value = count * lexicon.tiny_words[match["tiny"].replace("-", " ").removesuffix("s")]
        yield Quantity(match.start(), match.end(), value, value / count, spelt=True)
    for match in lexicon.multiple.finditer(low):
        yield Quantity(match.start(), match.end(), lexicon.multiples[match.group()], 1.0, "times", spelt=True)
    for match in lexicon.ordinal.finditer(low):
        yield Quantity(match.start(), match.end(), lexicon.ordinals[match.group()], role="rank", spelt=True)
    for match in lexicon.most.finditer(low):
        group = match.lastgroup or ""
        mode = "under" if group.startswith("small") else "over"
        yield Quantity(match.start(), match.end(), lexicon.most_shares[group], 1.0, "%", mode, spelt=True)
    for match in lexicon.number_run.finditer(low):
        value, step = _in_letters(match.group(), lexicon)
        yield Quantity(match.start(), match.end(), value, step, spelt=True)


def _in_letters(run: str, lexicon: Lexicon) -> tuple[float, float]:
    """Value of words like "eight hundred and sixty-one" or "two point three", and the size of the last digit."""
    whole, _, after = run.partition(f" {lexicon.point} ")
    total = value = 0.0
    for word in re.split(r"[\s\-]+", whole):
        number = lexicon.number_words.get(word, 0.0)
        if number == 1000:
            total, value = (total + max(value, 1)) * 1000, 0.0
        elif number == 100:
            value = max(value, 1) * 100
        else:
            value += number
    digits = "".join(str(int(lexicon.number_words.get(word, 0))) for word in re.split(r"[\s\-]+", after) if word)
    value = total + value + (float(f"0.{digits}") if digits else 0.0)
    return (-value if run.startswith("minus") else value), 10.0 ** -len(digits)


def _with_unit(one: Quantity, low: str, lexicon: Lexicon) -> Quantity:
    if one.unit:
        return one
    match, of = lexicon.unit.match(low, one.end), lexicon.of.match(low, one.end)
    if match and of and of.end() > match.end() + 1 and one.step >= 1 and match.group().strip() in of.group():
        match = None  # "four times out of five" counts times
    if match and not (one.spelt and one.value == 1 and match.group().endswith("s")):  # "one points to the left"
        unit = lexicon.unit_named(match)
        return replace(one, end=match.end(), unit=unit)
    if one.step < 1:
        return one
    if _VERSION.search(low, 0, one.start):
        return replace(one, role="version")
    nouns = [(match.end(), role) for role, pattern in lexicon.nouns.items() if (match := pattern.match(low, one.end))]
    role = max(nouns, key=lambda pair: pair[0])[1] if nouns else ""
    if not role:
        return one
    return one if role in _FEW and one.value > _MANY else replace(one, role=role)  # "861 pieces of tissue" are images


def _with_mode(one: Quantity, text: Text, lexicon: Lexicon) -> Quantity:
    low = text.low
    before = low[max(0, one.start - 40) : one.start]
    if lexicon.mark.match(low, one.end):  # "below the 50 % mark"
        before = before.removesuffix("the ")
    start, mode = one.start, one.mode
    for name, pattern in lexicon.modes.items():
        if match := pattern.search(before):
            began = one.start - len(before) + match.start()
            if began < start:
                start, mode = began, name
    if mode == one.mode == "exact" and lexicon.about_after.match(low, one.end):
        mode = "about"
    if mode == "reach":
        mode = "under" if text.negated(start) else one.mode
    elif mode in OPPOSITE and text.negated(start):
        mode = OPPOSITE[mode]
    return replace(one, start=start, mode=mode)


def _of_wholes(found: list[Quantity], low: str, lexicon: Lexicon) -> list[Quantity]:
    """ "Eight in ten" and "82 out of 100" become percent; "number 2 of 3 classes" a rank and a count."""
    kept: list[Quantity] = []
    whole = 0.0  # of a "100" that was announced: "out of 100 images, 81 …"
    for one in found:
        last = kept[-1] if kept else None
        announced = lexicon.out_of.search(low[max(0, one.start - 12) : one.start])
        imagined = one.mode == "exact" and lexicon.imagined.search(low, 0, one.start)
        if not one.unit and one.value in (10, 20, 50, 100, 1000) and (announced or imagined):
            if last is None or lexicon.of.fullmatch(low[last.end : one.start]) is None:
                whole = one.value
                continue
        if whole and not one.unit and one.role in ("", "images", "groups", "slides", "pages") and 0 < one.value < whole:
            kept.append(replace(one, value=100 * one.value / whole, step=100 / whole, unit="%", role="", whole=whole))
            continue
        if one.unit == "points" and one.value in (10, 100) and last and lexicon.of.fullmatch(low[last.end : one.start]):
            one = replace(one, unit="")  # "four in ten points"
        if last and last.unit == "points" and one.value == 100 and lexicon.of.fullmatch(low[last.end : one.start]):
            kept[-1] = replace(last, unit="%")  # "82.3 points out of 100"
            continue
        joined = last is not None and lexicon.of.fullmatch(low[last.end : one.start]) is not None
        if not joined and last is not None and last.value < one.value <= 20 and last.step == one.step == 1:
            joined = lexicon.of_loosely.fullmatch(low[last.end : one.start]) is not None
        if last is None or not joined or last.unit or one.unit or one.mode != "exact":
            kept.append(one)
        elif (
            (one.role in ("", "images", "groups", "slides", "votes") or _in_so_many(one, last, low))
            and one.value in WHOLES
            and (
                0 <= last.value < one.value
                and not last.role
                and not (one.value < 6 and lexicon.ranked.search(low, 0, last.start))
            )
        ):
            loose = last.mode if last.mode != "exact" else "exact" if one.value >= 100 else "about"
            share = 0.0 if last.value == 1 and _NONE.search(low, 0, last.start) else 100 * last.value / one.value
            kept[-1] = Quantity(last.start, one.end, share, 100 / one.value, "%", loose, "", last.spelt, one.value)
        elif last.role in COUNTED - {"rank"} and not one.role:
            kept.append(replace(one, role=last.role))  # "one page of three"
        elif one.value <= _MANY:
            kept[-1] = replace(last, role=last.role or "rank")
            kept.append(replace(one, role="total" if one.role == "votes" else one.role or "total"))
        else:
            kept.append(one)
    return kept


def _in_so_many(one: Quantity, last: Quantity, low: str) -> bool:
    """Whether a share of maps is meant: "four in five maps of the middle"."""
    return one.role == "methods" and low[last.end : one.start].strip() == "in"


def _ranges(found: list[Quantity], low: str, lexicon: Lexicon) -> list[Quantity]:
    for at in range(len(found) - 1):
        first, second = found[at], found[at + 1]
        between = low[first.end : second.start]
        joined = lexicon.to.fullmatch(between) or (
            lexicon.conjunction.fullmatch(between)
            and lexicon.span_opens.search(low, max(0, first.start - 25), first.start)
        )
        if first.unit in ("", second.unit) and joined:
            found[at] = replace(first, unit=second.unit, role=first.role or "low")
            found[at + 1] = replace(second, role=second.role or "high")
        elif not first.unit and not first.role and second.unit and lexicon.times_sign.fullmatch(between):
            found[at] = replace(first, unit=second.unit)
        elif not second.unit and joined:
            found[at] = replace(first, role=first.role or "low")
            found[at + 1] = replace(second, unit=first.unit, role=second.role or "high")
    return found
