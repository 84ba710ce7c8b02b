"""Fonts for paper: Noto Sans in every script that a report needs, cut down to the characters that it uses.

Latin, Greek, Cyrillic, Arabic, Hebrew, the scripts of India, South-East Asia, Armenia, Ethiopia and Georgia, Chinese,
Japanese and Korean are covered. Chinese, Japanese and Korean have one weight.
"""

import logging
import unicodedata
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import NamedTuple

from fontTools import subset
from fontTools.ttLib import TTFont
from fontTools.varLib import instancer

WEIGHTS = {"": 400, "B": 650}
SCRIPTS = (
    "Arabic",
    "Hebrew",
    "Devanagari",
    "Bengali",
    "Gujarati",
    "Gurmukhi",
    "Kannada",
    "Malayalam",
    "Oriya",
    "Sinhala",
    "Tamil",
    "Telugu",
    "Thai",
    "Lao",
    "Khmer",
    "Myanmar",
    "Armenian",
    "Georgian",
    "Ethiopic",
    "Symbols",
)
EAST_ASIAN = {"zh": ("zh_cn", "SC"), "ja": ("jp", "JP"), "ko": ("ko", "KR")}  # language → package and name
UNKNOWN = "�"  # what stands for a character that no font has


class Cut(NamedTuple):
    """A font file with the few characters that are needed."""

    family: str
    style: str
    path: Path


class Fonts(NamedTuple):
    """Fonts for a text: the first family is the main one. ``missing``: characters that no font has."""

    cuts: tuple[Cut, ...]
    missing: frozenset[str]

    @property
    def others(self) -> list[str]:
        """The families beside the main one."""
        return list(dict.fromkeys(cut.family for cut in self.cuts if cut.family != "main"))


def cut_fonts(text: str, language: str, folder: Path) -> Fonts:
    """Write the fonts that ``text`` needs into ``folder``. The language decides between Chinese and Japanese forms."""
    logging.getLogger("fontTools").setLevel(logging.ERROR)
    needed = {*map(chr, range(32, 127)), UNKNOWN, *(one for one in text if unicodedata.category(one)[0] != "C")}
    left, cuts = set(needed), []
    for family, path in _sources(language):
        if not left:
            break
        with TTFont(path, lazy=True) as font:
            covered = {one for one in left if ord(one) in font.getBestCmap()}
        if not covered:
            continue
        left -= covered

        wanted = covered if family == "main" else covered | set(" .,:;%()0123456789-–\u200c\u200d")
        cuts += [Cut(family, style, _cut(path, style, wanted, folder / f"{family}{style}")) for style in _styles(path)]
    return Fonts(tuple(cuts), frozenset(left))


def _sources(language: str) -> Iterator[tuple[str, Path]]:
    """Family and file, in the order in which they are tried."""
    noto = _folder("manimgx_fonts")
    yield "main", noto / "NotoSans[wght].ttf"
    for script in SCRIPTS:
        yield script.lower(), noto / f"NotoSans{script}[wght].ttf"
    spoken = language.lower().partition("-")[0]
    for code in sorted(EAST_ASIAN, key=lambda code: (code != spoken, list(EAST_ASIAN).index(code))):
        package, name = EAST_ASIAN[code]
        yield f"noto{code}", _folder(f"pylopdf_fonts_{package}") / f"NotoSans{name}-Regular.otf"


def _folder(package: str) -> Path:
    spec = find_spec(package)
    if spec is None or spec.origin is None:
        raise ModuleNotFoundError(f"{package} is not installed", name=package)
    return Path(spec.origin).parent


def _styles(path: Path) -> tuple[str, ...]:
    return tuple(WEIGHTS) if "[wght]" in path.name else ("",)


def _cut(path: Path, style: str, characters: set[str], target: Path) -> Path:
    """The font with these characters alone, in one weight. Made the same from run to run."""
    font = TTFont(path, recalcTimestamp=False)
    options = subset.Options(layout_features=["*"], notdef_outline=True, recalc_timestamp=False)
    subsetter = subset.Subsetter(options)
    subsetter.populate(unicodes=sorted(map(ord, characters)))
    subsetter.subset(font)
    if "fvar" in font:
        font = instancer.instantiateVariableFont(font, {"wght": WEIGHTS[style]}, inplace=True)
    target = target.with_suffix(path.suffix)
    font.save(target)
    return target
