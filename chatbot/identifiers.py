"""Where a text holds names, dates of birth, addresses, numbers and the like."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from ipaddress import ip_address

from chatbot.names import lists, names

_DATE = (
    r"(?:\d{{1,2}}\s?[./-]\s?\d{{1,2}}\s?[./-]\s?(?:\d{{4}}|\d{{2}})(?!\d)|\d{{4}}-\d{{2}}-\d{{2}}"
    r"|\d{{1,2}}(?:st|nd|rd|th|er|\.|º|°)?\s(?:of\s|de\s)?(?:{months})\.?,?\s(?:of\s|de\s|del\s)?\d{{4}}"
    r"|(?:{months})\.?\s\d{{1,2}}(?:st|nd|rd|th)?,?\s\d{{4}})"
)
_CAP = r"[A-ZÀ-ÖØ-Þ][\w'\u2019.-]{0,40}"
_ID = r"[A-Z]{0,3}[ -]?\d[\dA-Z]*(?:[ \-./](?:\d[\dA-Z]*|[A-Z](?![\w']))){0,12}"


@dataclass(frozen=True, order=True)
class Finding:
    """An identifying detail, from ``start`` to ``end`` in characters."""

    start: int
    end: int
    kind: str


@dataclass(frozen=True)
class Pattern:
    """What one kind of detail looks like: the group ``it``, or the whole match."""

    kind: str
    regex: re.Pattern[str]
    holds: Callable[[str], bool] = bool


def findings(text: str) -> list[Finding]:
    """What identifies a person, in order, none overlapping another."""
    covered = bytearray(len(text))
    for match in _harmless().finditer(text):
        if not _personal_address(match.group()):
            covered[match.start() : match.end()] = b"\1" * len(match.group())
    taken = []
    for one in _details(text):
        if one.end > one.start and not any(covered[one.start : one.end]):
            covered[one.start : one.end] = b"\1" * (one.end - one.start)
            taken.append(one)
    return sorted(taken)


def _details(text: str) -> Iterator[Finding]:
    for pattern in _patterns():
        for match in pattern.regex.finditer(text):
            group = "it" if "it" in match.groupdict() else 0
            if pattern.holds(match.group(group)):
                yield Finding(match.start(group), match.end(group), pattern.kind)
    yield from _addresses(text)
    yield from (Finding(start, end, "name") for start, end in names(text))


def _addresses(text: str) -> Iterator[Finding]:
    """Streets, and postcodes with their towns where a street or a word such as "live" shows what they are."""
    street, postcode, home = _postal()
    found = [match.span() for match in street.finditer(text) if not _bodily(match.group())]
    yield from (Finding(start, end, "address") for start, end in found)
    if found or home.search(text):
        yield from (Finding(*match.span(), "address") for match in postcode.finditer(text))


@lru_cache(maxsize=1)
def _postal() -> tuple[re.Pattern[str], re.Pattern[str], re.Pattern[str]]:
    said = lists()
    flat = r"(?:,? (?:Apt|Flat|Unit|Suite|No)\.? ?\w+)?"
    street = (
        rf"\b\d{{1,5}}[A-Za-z]?,?\s(?:{_CAP}\s){{1,4}}(?:{said['street_behind']})\b\.?{flat}"
        rf"|\b[A-ZÄÖÜ][\w-]{{0,40}}(?:{said['street_suffix']})\s\d{{1,4}}(?:\s?[a-z])?\b"
        rf"|\b\d{{1,4}}(?:\s?(?:bis|ter))?,?\s(?i:{said['street_front']})\s(?:(?:de|du|des|la|le|les|l'|d')\s?){{0,3}}{_CAP}(?:\s{_CAP}){{0,3}}"
        rf"|\b(?i:{said['street_front']})\s?(?:(?:de|del|di|da|do|dos|das|la|las|los|el|dei|della)\s){{0,3}}{_CAP}(?:\s(?:de\s)?{_CAP}){{0,3}},?\s(?:n[º°.]?\s?)?\d{{1,4}}\b(?!\s?(?:mg|mm|ml|cm))"
        r"|\b(?i:p\.? ?o\.? box|postfach|apartado|casella postale|postbus)\s\d{2,6}\b"
        rf"|\b(?:{_CAP}\s)?[A-Z]{{1,2}}\d[A-Z\d]?\s\d[A-Z]{{2}}\b"
    )
    town = rf"(?:[ ,]+{_CAP}(?: {_CAP})?)?"
    postcode = (
        rf"\b(?:{_CAP}, )?[A-Z]{{2}} \d{{5}}(?:-\d{{4}})?\b|\b\d{{4}} ?[A-Z]{{2}}\b{town}|\b\d{{4}}-\d{{3}}\b{town}"
        rf"|\b\d{{5}}(?:-\d{{3}})?\b{town}|\b(?:CH|A|B)-\d{{4}}\b{town}"
    )
    return re.compile(street), re.compile(postcode), re.compile(rf"\b(?:{said['home']})\b", re.IGNORECASE)


def _bodily(street: str) -> bool:
    return re.match(rf"(?:{lists()['street_not']})", street, re.IGNORECASE) is not None


@lru_cache(maxsize=1)
def _harmless() -> re.Pattern[str]:
    """Addresses of pages, and numbers of papers and trials."""
    return re.compile(
        r"https?://[^\s<>\"')\]]+|\bdoi:?\s?10\.\S+|\b10\.\d{4,9}/\S+|\bNCT\d{8}\b|\bPMID:?\s?\d+", re.IGNORECASE
    )


def _personal_address(link: str) -> bool:
    said = lists()
    return re.match(rf"https?://(?:\w+\.)*(?:{said['social']})\.\w+/\w", link, re.IGNORECASE) is not None or bool(
        re.search(
            rf"[?&;#](?:\w*[_-])?(?:{said['secret']})=|//[^/\s]+@|/(?:users?|patients?|profile|people|~)/?\w+",
            link,
            re.IGNORECASE,
        )
    )


@lru_cache(maxsize=1)
def _patterns() -> tuple[Pattern, ...]:
    """From the surest to the least sure."""
    said = lists()
    date = _DATE.format(months=said["months"])
    filler = rf"(?:\s*[:#=]\s*|\s+|\s*\.\s*)(?:(?:{said['filler']})\.?\s*[:#=]?\s*){{0,4}}"
    any_case = re.IGNORECASE
    return (
        Pattern("address", re.compile(r"https?://[^\s<>\"')\]]+", any_case), _personal_address),
        Pattern(
            "e-mail", re.compile(r"(?<![\w.+'-])[\w.+'-]{1,64}\s?(?:@|\(at\)|\[at\])\s?[\w-]{1,63}(?:\.[\w-]{1,63})+\b")
        ),
        Pattern(
            "date of birth",
            re.compile(rf"(?<!\w)(?:{said['birth']})(?!\w)(?:[^\n.\d]|\.(?=\s?\d)){{0,25}}?(?P<it>{date})", any_case),
        ),
        Pattern(
            "date of birth", re.compile(rf"(?P<it>{date}),?\s(?:geboren|born|nacid[oa]|nat[oa]|nascid[oa])\b", any_case)
        ),
        Pattern("number", re.compile(r"\b[A-Z]{2}\d{2}(?: ?[A-Z0-9]{4}){2,7}(?: ?[A-Z0-9]{1,4})?\b"), _iban),
        Pattern("number", re.compile(r"\b(?:\d[ -]?){12,18}\d\b"), _luhn),
        Pattern("number", re.compile(r"(?<![\w.])\d{3}-\d{2}-\d{4}(?![\w-])")),
        Pattern("number", re.compile(r"\b[A-Z]{6}\d{2}[A-Z]\d{2}[A-Z]\d{3}[A-Z]\b|\b\d{3}\.\d{3}\.\d{3}-\d{2}\b")),
        Pattern("number", re.compile(rf"(?<![\w-])(?i:{said['record']})(?i:{filler})(?P<it>{_ID})"), _long_enough),
        Pattern(
            "phone",
            re.compile(
                rf"(?<!\w)(?:{said['call']})\b\.?(?:\W{{0,3}}(?:{said['asked']})\b){{0,3}}[^\w+(]{{0,4}}"
                r"(?P<it>[+(]?\d[\d ()./-]{5,24}\d)",
                any_case,
            ),
        ),
        Pattern("phone", re.compile(r"(?<![\w.])\+\d{1,3}[ .-]?(?:\(?\d{1,4}\)?[ .-]?){2,5}\d{2,4}(?!\w)")),
        Pattern(
            "phone", re.compile(r"\(\d{3,5}\)\s?\d{3,4}[-. ]?\d{3,4}\b|(?<![\w.-])\d{3}[-.]\d{3}[-.]\d{4}(?![\w-])")
        ),
        Pattern(
            "phone", re.compile(r"(?<![\w.])0\d{1,4}[ /-]\d{3,4}[ -]?\d{3,8}(?!\w)|(?<![\w.])0\d(?:[ .]\d\d){4}(?!\w)")
        ),
        Pattern("number", re.compile(r"(?<![\w.])(?<!version )(?<!v)\d{1,3}(?:\.\d{1,3}){3}(?![\w.]\d)"), _internet),
        Pattern("number", re.compile(r"(?<![\w:])[0-9a-f]{1,4}(?::[0-9a-f]{0,4}){3,7}(?![\w:])", any_case), _internet),
        Pattern("number", re.compile(r"(?<![\w.])\d{1,20}(?:\.\d{1,20}){5,40}(?![\w.])")),
        Pattern("number", re.compile(r"(?<![\w.,/-])\d{9,}(?![\w,/-]|\.\d)")),
    )


def _long_enough(number: str) -> bool:
    return sum(one.isalnum() for one in number) >= 4 and not re.fullmatch(r"(?:19|20)\d\d", number)


def _luhn(number: str) -> bool:
    digits = [int(one) for one in number if one.isdigit()]
    doubled = [sum(divmod(2 * one, 10)) if at % 2 else one for at, one in enumerate(reversed(digits))]
    return len(digits) >= 13 and sum(doubled) % 10 == 0


def _iban(number: str) -> bool:
    bare = number.replace(" ", "")
    turned = "".join(str(int(one, 36)) for one in bare[4:] + bare[:4])
    return 15 <= len(bare) <= 34 and int(turned) % 97 == 1


def _internet(number: str) -> bool:
    try:
        return ip_address(number) is not None
    except ValueError:
        return False
