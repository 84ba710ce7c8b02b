"""What a server says of a page, made harmless: plain text, addresses that may be followed, days that may be true."""

import html
import re
import unicodedata
from datetime import date, timedelta
from urllib.parse import urlsplit

from chatbot.words import sentences

LONGEST_ADDRESS = 2000  # characters
_HIDDEN = re.compile(r"<!--.*?(?:-->|\Z)|<(script|style)\b[^<>]{0,2000}>.*?(?:</\1\s*>|\Z)", re.DOTALL | re.IGNORECASE)
_NAMED = r"[\w:@.-]+\s*=\s*(?:\"[^\"<>]*\"|'[^'<>]*'|[^\s\"'<>]+)"
_VALUES = rf"(?:[\s/]+{_NAMED}(?:\s+{_NAMED})*)"
_INLINE = "a|abbr|b|big|cite|code|em|font|i|kbd|mark|s|small|span|strong|tt|u|var|wbr"
_BLOCK = (
    "article|aside|blockquote|body|br|button|caption|center|dd|div|dl|dt|embed|fieldset|figcaption|figure|footer|form"
    "|h[1-6]|head|header|hr|html|iframe|img|input|li|link|main|meta|nav|noscript|object|ol|p|picture|pre|script"
    "|section|select|style|sub|sup|svg|table|tbody|td|template|textarea|tfoot|th|thead|title|tr|ul|video"
)
_RAISED = re.compile(r"<(sup|sub)>\s*([0-9+−-]{1,6})\s*</\1>", re.IGNORECASE)
_INLINE_TAG = re.compile(rf"</?(?:{_INLINE}){_VALUES}?\s*/?>", re.IGNORECASE)
_TAG = re.compile(rf"</?(?:(?:{_BLOCK}){_VALUES}?|[a-z][\w:-]*{_VALUES})\s*/?>", re.IGNORECASE)
_LINK = re.compile(r"(!?)\[([^\[\]]{0,300})\]\((?:https?:|mailto:|javascript:|data:|[/#.])[^()\s]{0,2000}\)")
_DIGITS = {
    "sup": str.maketrans("0123456789+−-", "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁻"),
    "sub": str.maketrans("0123456789+−-", "₀₁₂₃₄₅₆₇₈₉₊₋₋"),
}
_JOINERS = "\u200c\u200d"  # some scripts are not spelt without them


def plain(text: str) -> str:
    """The text without markup, control characters and characters that cannot be seen.

    Only what is certainly a tag goes: "p <0.05 and FEV1 <LLN" stays as it is, and "10<sup>6</sup>" becomes "10⁶".
    """
    text = html.unescape(text)
    text = _HIDDEN.sub(" ", text)
    text = _RAISED.sub(lambda one: one[2].translate(_DIGITS[one[1].lower()]), text)
    text = _TAG.sub(" ", _INLINE_TAG.sub("", text))
    text = _LINK.sub(_link, text)
    text = re.sub(r"\r\n?|[\u0085\u2028\u2029]", "\n", text)
    text = "".join(_seen(one) for one in text)
    return re.sub(r"\n{3,}", "\n\n", re.sub(r"[ \t]*\n[ \t]*", "\n", re.sub(r"[ \t]{2,}", " ", text))).strip()


def _link(match: re.Match[str]) -> str:
    picture, words = match[1], match[2]
    if picture:
        return " "
    return words if re.search(r"[^\W\d_]", words) else f"[{words}]"  # "5 mm[2](#ref2)" must not become "5 mm2"


def _seen(character: str) -> str:
    if character in "\n\t" or character in _JOINERS:
        return character
    match unicodedata.category(character):
        case "Cc":
            return " "
        case "Cf" | "Cs" | "Co" | "Cn":
            return ""
    return character


def line(text: str, longest: int) -> str:
    """Plain text on one line, cut between words."""
    whole = " ".join(plain(text).split())
    return whole if len(whole) <= longest else f"{whole[: longest - 1].rsplit(' ', 1)[0]}…"


def passage(text: str, longest: int) -> str:
    """The text, cut after a whole sentence where it is too long, or between words where its first is too long."""
    if len(text) <= longest:
        return text
    whole = sentences(text[:longest])[:-1]  # the last one is cut
    return text[: whole[-1].end] if whole else text[:longest].rsplit(" ", 1)[0]


def address(url: object) -> tuple[str, str] | None:
    """The address of a page and its host in lower case; None for what no one should be sent to.

    Only http and https, without a name, a password or another port, and in characters that all programs read alike.
    """
    if not isinstance(url, str) or len(url) > LONGEST_ADDRESS or not re.fullmatch(r"[!-~]+", url):
        return None
    if re.search(r"[\\<>\"`{}|^]", url):
        return None
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return None
    host = (parts.hostname or "").removesuffix(".")
    if parts.scheme not in ("http", "https") or "@" in parts.netloc or port not in (None, 80, 443):
        return None
    return (url, host) if re.fullmatch(r"[a-z0-9-]+(\.[a-z0-9-]+)+", host) else None


def day(value: object, today: date) -> date | None:
    """The day of an ISO date or time; None for what is none, and for days that cannot be those of a page."""
    if not isinstance(value, str) or not (found := re.match(r"(\d{4}-\d{2}-\d{2})(?:$|[T ])", value)):
        return None
    try:
        read = date.fromisoformat(found[1])
    except ValueError:
        return None
    return read if date(1800, 1, 1) <= read <= today + timedelta(days=1) else None
